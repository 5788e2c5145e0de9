"""Files that were damaged or made to harm. The same seed and number give the same file."""

import pathlib
import random
import re
import struct
import zlib

import made

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Larger files take longer to read and show nothing else.
MOST_SEED_BYTES = 16_000
KINDS = ["pdf", "tif", "jpg", "png", "webp", "gif", "bmp"]
EXTREME = ["0", "-1", "1", "65536", "2147483647", "-2147483648", "4294967296", "1e38", "0.00000001", "999999999999"]
MAGIC = [
    b"%PDF-1.7\n", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"II*\0", b"MM\0*", b"II+\0", b"RIFF\xff\xff\xff\xffWEBP",
    b"GIF89a", b"BM",
]  # fmt: skip


def seeds():
    """Of each kind small, good files."""
    files = [*sorted((ROOT / "testdata/pages").iterdir()), *sorted((ROOT / "testdata/ocr").iterdir())]
    files += [*sorted((ROOT / "testdata/broken").iterdir()), *sorted((ROOT / "fuzz/seeds/image").iterdir())]
    found = {kind: [] for kind in KINDS}
    for file in files:
        kind = file.suffix[1:]
        if kind in found and 0 < file.stat().st_size <= MOST_SEED_BYTES:
            found[kind].append(file.read_bytes())
    jpeg = next(data for data in found["jpg"])
    found["pdf"] += [
        made.prose("rain"),
        made.prose("rain", pages=3),
        with_image(jpeg, "/Filter /DCTDecode"),
        with_image(zlib.compress(b"\xf0" * 160), "/Filter /FlateDecode"),
        forms(3),
    ]
    assert all(found.values()), found.keys()
    return found


def with_image(data, entries, size="/Width 64 /Height 20"):
    image = f"/Type /XObject /Subtype /Image {size} /ColorSpace /DeviceGray /BitsPerComponent 8 {entries}"
    return made.document(b"q 400 0 0 100 72 600 cm /X Do Q", resources="/XObject <</X 6 0 R>>",
                         further=[made.stream(data, image)])  # fmt: skip


def forms(depth, loop=None):
    """Forms that draw each other; the last draws the one with the number `loop`."""
    further = []
    for n in range(depth):
        following = 7 + n if n + 1 < depth else loop
        inner = f"/XObject <</X {following} 0 R>>" if following else ""
        content = made.text_of([f"form {n}"]) + (b"/X Do /X Do" if following else b"")
        entries = f"/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources <</Font <</F1 5 0 R>> {inner}>>"
        further.append(made.stream(content, entries))
    return made.document(b"/X Do", resources="/XObject <</X 6 0 R>>", further=further)


# Damage to good files.


def cut(data, rng, _):
    return data[: rng.randrange(len(data))]


def flipped(data, rng, _):
    out = bytearray(data)
    for _ in range(rng.choice([1, 1, 4, 16, 64])):
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def replaced(data, rng, _):
    out = bytearray(data)
    at = rng.randrange(len(out))
    end = min(len(out), at + rng.choice([1, 2, 4, 64, 512]))
    out[at:end] = rng.choice([bytes(end - at), b"\xff" * (end - at), rng.randbytes(end - at), b"", out[at:end] * 40])
    return bytes(out)


def spliced(data, rng, others):
    other = rng.choice(others[rng.choice(KINDS)])
    return data[: rng.randrange(len(data))] + other[rng.randrange(len(other)) :]


def with_extreme_numbers(data, rng, _):
    """Numbers in text; in binary files words of 16 and 32 bits."""
    places = [found.span() for found in re.finditer(rb"(?<![\w.])\d+(?![\w.])", data)]
    out = bytearray(data)
    if places and data[:4] == b"%PDF":
        for start, end in sorted(rng.sample(places, min(len(places), rng.choice([1, 2, 5]))), reverse=True):
            out[start:end] = rng.choice(EXTREME).encode()
    else:
        for _ in range(rng.choice([1, 2, 4])):
            at = rng.randrange(min(len(out), 200))
            number = rng.choice([0, 1, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF])
            form = rng.choice(["<H", ">H", "<I", ">I"])
            piece = struct.pack(form, number & (0xFFFF if form[1] == "H" else 0xFFFFFFFF))
            out[at : at + len(piece)] = piece
    return bytes(out)


def with_other_references(data, rng, _):
    """PDF objects that point elsewhere: loops, things of another kind."""
    count = max(2, data.count(b" obj"))
    return re.sub(rb"\b\d+ 0 R\b", lambda m: m.group() if rng.random() < 0.7 else b"%d 0 R" % rng.randrange(count), data)


def with_other_names(data, rng, _):
    names = sorted(set(re.findall(rb"/[A-Za-z]\w+", data))) or [b"/X"]
    return re.sub(rb"/[A-Za-z]\w+", lambda m: m.group() if rng.random() < 0.95 else rng.choice(names), data)


def with_other_streams(data, rng, _):
    """What is compressed in a PDF, unpacked, damaged and packed again, with its old length or none."""

    def change(found):
        try:
            content = bytearray(zlib.decompress(found.group(2)))
        except zlib.error:
            return found.group()
        for _ in range(rng.choice([1, 4, 16])):
            if content:
                at = rng.randrange(len(content))
                content[at : at + rng.choice([0, 1, 3])] = rng.choice([b"(", b")", b"9999999", b"Q", b"BT ", b"\0", b"["])
        return found.group(1) + zlib.compress(bytes(content)) + found.group(3)

    return re.sub(rb"(stream\r?\n)(.*?)(\r?\nendstream)", change, data, flags=re.S)


def with_broken_table(data, rng, _):
    """A PDF whose table of objects is wrong or missing."""
    how = rng.randrange(4)
    if how == 0:
        return re.sub(rb"\d{10} \d{5} n", lambda m: b"%010d 00000 n" % rng.randrange(len(data) * 2), data)
    if how == 1:
        return re.sub(rb"startxref\s+\d+", b"startxref\n%d" % rng.randrange(len(data) * 2), data)
    if how == 2:
        return re.sub(rb"trailer", b"trailer <</Prev %d>> trailer" % rng.randrange(len(data)), data)
    return data.replace(b"startxref", b"").replace(b"xref", b"")


DAMAGE = [cut, flipped, flipped, replaced, spliced, with_extreme_numbers]
PDF_DAMAGE = [with_other_references, with_other_names, with_other_streams, with_broken_table]


# Files made to harm: functions of a generator of numbers.


def bombs(rng):
    huge = rng.choice([1 << 20, 1 << 24, 1 << 26])
    twice = zlib.compress(made.zeros(huge), 9)
    side = rng.choice([10_000, 30_000, 60_000])
    return rng.choice([
        lambda: made.document(made.stream(made.zeros(huge), "/Filter /FlateDecode")),
        lambda: made.document(made.stream(twice, "/Filter [/FlateDecode /FlateDecode]")),
        lambda: with_image(made.zeros(side * side // 8), "/Filter /FlateDecode", f"/Width {side} /Height {side // 8}"),
        lambda: with_image(b"", "/Filter /FlateDecode", f"/Width {side} /Height {side}"),
        lambda: made.png(side, side // 4, made.zeros((side // 8 + 1) * (side // 4))),
        lambda: made.png(side, side, zlib.compress(bytes(100))),
        lambda: made.png(0x7FFFFFFF, 0x7FFFFFFF, made.zeros(1 << 16)),
        lambda: made.gray_tiff(side, side, 8, data=made.zeros(huge)),
        lambda: made.gray_tiff(side, side, 32773, data=b"\x81\x00" * 4000),
        lambda: made.gray_tiff(side, side, 4, bits=1, data=bytes(2000)),
        lambda: made.gray_tiff(0xFFFFFFFF, 0xFFFFFFFF, rng.choice([1, 5, 7, 8])),
        lambda: made.bmp(side, side), lambda: made.bmp(0x7FFFFFFF, -0x80000000, 1),
        lambda: made.bmp(side, side // 4, 8, b"\xff\0" * 3000, 1),
        lambda: made.gif(65535, 65535), lambda: made.gif(side, side, b"\x02\xff" + b"\x44" * 255 + b"\0"),
    ])()  # fmt: skip


def loops(rng):
    words = made.text_of(["in a circle"])
    outline = ["<</Type /Outlines /First 7 0 R /Last 7 0 R>>", "<</Title (a) /Next 7 0 R /Parent 7 0 R /First 7 0 R>>"]
    tree = ["<</Type /StructTreeRoot /K 7 0 R>>", "<</S /P /P 7 0 R /K [7 0 R 7 0 R 0]>>"]

    def bytes_of(texts):
        return [text.encode() for text in texts]

    return rng.choice([
        lambda: forms(1, loop=6), lambda: forms(rng.choice([2, 5, 9]), loop=6),
        lambda: made.document(words, further=bytes_of(outline), catalog="/Outlines 6 0 R"),
        lambda: made.document(words, further=bytes_of(tree), catalog="/StructTreeRoot 6 0 R /MarkInfo <</Marked true>>"),
        lambda: made.document(words, page="/Parent 3 0 R"),
        lambda: made.document(words).replace(b"/Kids [3 0 R]", b"/Kids [2 0 R 2 0 R 3 0 R]"),
        lambda: made.document(words).replace(b"/Contents 4 0 R", b"/Contents [4 0 R 3 0 R [4 0 R]]"),
        lambda: made.document(words).replace(b"/Length %d" % len(words), b"/Length 4 0 R"),
        lambda: made.document(words, resources="/Font 3 0 R /XObject 3 0 R"),
        lambda: made.pdf([b"1 0 R", b"3 0 R", b"2 0 R"]),
        lambda: made.document(words).replace(b"trailer\n<<", b"trailer\n<</Prev 15 "),
        lambda: made.gray_tiff(8, 8, data=bytes(64), following=8),
    ])()  # fmt: skip


def deep(rng):
    depth = rng.choice([50, 500, 5000])
    kids = [f"<</Type /Pages /Kids [{n + 3} 0 R] /Count 1 /Parent {n + 1} 0 R>>".encode() for n in range(depth)]
    page = b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 200 200]>>"
    marked = b"/Span <</MCID 0>> BDC " * depth + made.text_of(["deep"])
    return rng.choice([
        lambda: made.pdf([b"<</Type /Catalog /Pages 2 0 R>>", *kids, page]),
        lambda: made.document(made.text_of(["deep"]), page="/X " + "[" * depth + "]" * depth),
        lambda: made.document(made.text_of(["deep"]), page="/X " + "<</X " * depth + ">>" * depth),
        lambda: made.document(b"q " * depth + made.text_of(["deep"]) + b"Q " * depth),
        lambda: made.document(b"[" * depth + made.text_of(["deep"])),
        lambda: made.document(b"(" * depth + made.text_of(["deep"]) + b")" * depth),
        lambda: made.document(marked), lambda: forms(rng.choice([8, 12])),
        lambda: made.document(made.stream(made.text_of(["deep"]), "/Filter [" + "/ASCIIHexDecode " * depth + "]")),
    ])()  # fmt: skip


def large(rng):
    """Pages that are huge, tiny or no pages, and things that are many."""
    number = rng.choice(EXTREME)
    words = made.text_of(["a page of an odd size"])
    many = rng.choice([100, 2000, 20000])
    return rng.choice([
        lambda: made.document(words, box=f"0 0 {number} {rng.choice(EXTREME)}"),
        lambda: made.document(words, box="0 0 14400 14400"), lambda: made.document(words, box=f"{number} 0 100"),
        lambda: made.document(words, page=f"/UserUnit {number}"), lambda: made.document(words, page=f"/Rotate {number}"),
        lambda: made.document(words.replace(b"72 720 Td", f"{number} 0 0 {number} {number} 0 Tm".encode())),
        lambda: made.document(words.replace(b"/F1 12", f"/F1 {number}".encode())),
        lambda: made.document(b"0 0 m 100 100 l S " * many), lambda: made.document(b"10 10 1 500 re f " * many),
        lambda: made.document(made.text_of(["word " * 20] * (many // 20))),
        lambda: made.prose("many pages", pages=rng.choice([20, 60])),
        lambda: made.document(words).replace(b"/Count 1", f"/Count {number}".encode()),
    ])()  # fmt: skip


def wrong_streams(rng):
    data = rng.choice([rng.randbytes(300), bytes(300), zlib.compress(rng.randbytes(200))[:-20], b""])
    name = rng.choice(["DCTDecode", "JPXDecode", "JBIG2Decode", "CCITTFaxDecode", "LZWDecode", "RunLengthDecode",
                       "ASCII85Decode", "ASCIIHexDecode", "FlateDecode", "Crypt", "NoSuchDecode"])  # fmt: skip
    parameters = rng.choice([
        "", "/DecodeParms <</K -1 /Columns 999999999 /Rows 999999999>>",
        "/DecodeParms <</Predictor 15 /Colors 99 /BitsPerComponent 32 /Columns 999999999>>",
        "/DecodeParms <</JBIG2Globals 6 0 R /EarlyChange 7>>", "/SMask 6 0 R", "/Decode [1e38 -1e38]",
    ])  # fmt: skip
    return rng.choice([
        lambda: with_image(data, f"/Filter /{name} {parameters}"),
        lambda: made.document(made.stream(data, f"/Filter /{name} {parameters}")),
        lambda: made.document(made.stream(made.text_of(["a wrong length"]), length=rng.choice(EXTREME))),
        lambda: with_image(data, f"/Filter /{name} /ImageMask true /BitsPerComponent 1"),
        lambda: made.document(made.text_of(["a font"]), further=[made.stream(data, "/Length1 99999")]).replace(
            made.FONT, made.FONT[:-2] + b" /FontDescriptor <</FontFile2 6 0 R /FontFile 6 0 R>>>>"),
        lambda: made.document(made.text_of(["a map"]), further=[made.stream(
            b"1 begincodespacerange <00> <ffffffffff> endcodespacerange 9999 beginbfrange <00> <ff> [<d800> <>] endbfrange")],
        ).replace(made.FONT, made.FONT[:-2] + b" /ToUnicode 6 0 R>>"),
    ])()  # fmt: skip


def pretenders(rng):
    return rng.choice([
        lambda: rng.choice(MAGIC) + rng.randbytes(rng.choice([0, 1, 20, 2000])),
        lambda: rng.randbytes(rng.choice([1, 100, 3000])), lambda: b"",
        lambda: rng.choice(MAGIC) + made.prose("behind another file's head"),
        lambda: made.prose("encrypted").replace(b"trailer\n<<", b"trailer\n<</Encrypt <</Filter /Standard /V 5 /R 6 "
                                                b"/O (x) /U (y) /P -1>> /ID [(a) (b)] "),
        lambda: b"<html><script>alert(1)</script>", lambda: b"PK\x03\x04" + rng.randbytes(300),
    ])()  # fmt: skip


MADE = [bombs, loops, deep, large, wrong_streams, pretenders]


def file(seed, number, good):
    """The file of this number: its name, what was done, and its bytes."""
    rng = random.Random(f"{seed} {number}")
    if number % 5 == 4:
        make = MADE[number // 5 % len(MADE)]
        return f"{number}.bin", make.__name__, make(rng)
    # Half of the damaged files are PDFs: they have most to get wrong.
    kind = KINDS[number // 2 % len(KINDS)] if number % 2 else "pdf"
    data = rng.choice(good[kind])
    done = []
    for _ in range(rng.choice([1, 1, 2])):
        change = rng.choice(DAMAGE + PDF_DAMAGE * 2 if kind == "pdf" else DAMAGE)
        if data:
            data = change(data, rng, good)
            done.append(change.__name__)
    return f"{number}.{kind}", f"{kind} " + "+".join(done), data
