"""Small files made by hand: PDF, PNG, TIFF, BMP and GIF, right and wrong ones."""

import functools
import struct
import zlib


def pdf(objects, root=1, more=""):
    """A PDF of these objects (bytes, numbered from 1), with a table of where they are."""
    out, places = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for place in places:
        out += b"%010d 00000 n \n" % place
    out += b"trailer\n<</Size %d /Root %d 0 R %s>>\n" % (len(objects) + 1, root, more.encode())
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


def stream(content, entries="", length=None):
    length = len(content) if length is None else length
    return f"<</Length {length} {entries}>>\nstream\n".encode() + content + b"\nendstream"


FONT = b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding>>"


def text_of(lines, size=12):
    shown = "".join(f"({line}) Tj T*\n" for line in lines)
    return f"BT /F1 {size} Tf 72 720 Td 14 TL\n{shown}ET\n".encode()


def document(content, page="", resources="", further=(), catalog="", box="0 0 595 842"):
    """One page with this content: a stream object, or bytes of operators. `further` objects are from 6 on."""
    content = content if b"endstream" in content else stream(content)
    return pdf(
        [
            f"<</Type /Catalog /Pages 2 0 R {catalog}>>".encode(),
            b"<</Type /Pages /Kids [3 0 R] /Count 1>>",
            f"<</Type /Page /Parent 2 0 R /MediaBox [{box}] /Contents 4 0 R "
            f"/Resources <</Font <</F1 5 0 R>> {resources}>> {page}>>".encode(),
            content,
            FONT,
            *further,
        ]
    )


def prose(words, pages=1):
    """A good document: some lines of text on each page."""
    kids = " ".join(f"{4 + 2 * page} 0 R" for page in range(pages))
    objects = [
        b"<</Type /Catalog /Pages 2 0 R>>",
        f"<</Type /Pages /Kids [{kids}] /Count {pages}>>".encode(),
        FONT,
    ]
    for page in range(pages):
        lines = [f"Page {page + 1} says {words} {line} times over" for line in range(6)]
        objects.append(
            f"<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + 2 * page} 0 R "
            "/Resources <</Font <</F1 3 0 R>>>>>>".encode()
        )
        objects.append(stream(text_of(lines)))
    return pdf(objects)


def png(width, height, rows, depth=1, color=0):
    """A PNG whose size may be a lie; `rows` is what is compressed."""

    def part(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    body = rows if isinstance(rows, bytes) else zlib.compress(b"".join(rows), 9)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", body) + part(b"IEND", b"")


@functools.lru_cache
def zeros(count):
    """So many zero bytes, compressed."""
    packer, out, piece = zlib.compressobj(9), [], bytes(1 << 20)
    while count > 0:
        out.append(packer.compress(piece[: min(count, len(piece))]))
        count -= len(piece)
    return b"".join(out) + packer.flush()


def tiff(entries, data=b"", following=0):
    """A TIFF of one directory: entries are (tag, type, count, value)."""
    out = struct.pack("<2sHI", b"II", 42, 8) + struct.pack("<H", len(entries))
    for tag, kind, count, value in entries:
        out += struct.pack("<HHII", tag, kind, count & 0xFFFFFFFF, value & 0xFFFFFFFF)
    return out + struct.pack("<I", following) + data


def gray_tiff(width, height, compression=1, strip=None, bits=8, data=b"\xff" * 64, following=0):
    entries = [
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, bits), (259, 3, 1, compression), (262, 3, 1, 1),
        (273, 4, 1, 8 + 2 + 8 * 12 + 4), (278, 4, 1, height), (279, 4, 1, len(data) if strip is None else strip),
    ]  # fmt: skip
    return tiff(entries, data, following)


def bmp(width, height, bits=24, data=b"\xff" * 64, compression=0):
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, len(data), 2835, 2835, 0, 0)
    return struct.pack("<2sIHHI", b"BM", 54 + len(data), 0, 0, 54) + head + data


def gif(width, height, data=b"\x02\x02\x4c\x01\x00"):
    head = struct.pack("<6sHHBBB", b"GIF89a", width, height, 0x80, 0, 0) + b"\x00\x00\x00\xff\xff\xff"
    return head + b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + data + b";"
