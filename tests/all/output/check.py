"""Checks what recto wrote with what other programs make of it. Exits with 1 and says why."""

import json
import pathlib
import re
import subprocess
import sys
import unicodedata

# Share of recto's words that have to be found in other programs' output.
FOUND = 0.95
# How far a box may be off, as a share of the height of its line.
OFF = 0.5


def fail(message):
    sys.exit(f"check.py: {message}")


def read_json(stem):
    with open(f"{stem}.json", encoding="utf-8") as file:
        return json.load(file)


def plain(text):
    """The text without marks of direction, compatibility forms as their letters."""
    text = unicodedata.normalize("NFKC", text)
    return "".join(c for c in text if unicodedata.category(c) != "Cf")


def words(stem):
    """(page, word) in reading order, recognised ones only."""
    for page in read_json(stem)["pages"]:
        for block in page["blocks"]:
            lists = [line["words"] for line in block.get("lines", [])]
            lists += [cell["words"] for cell in block.get("table", {}).get("cells", [])]
            for indices in lists:
                for index in indices:
                    word = page["words"][index]
                    if word["origin"] == "ocr":
                        yield page, word


def hocr(tool, file):
    """hocr-check finds fault on stderr and exits with 0. Its checks of overlap mix up pages."""
    many = pathlib.Path(file).read_text(encoding="utf-8").count('class="ocr_page"') > 1
    command = [sys.executable, tool] + (["-o"] if many else []) + [file]
    said = subprocess.run(command, capture_output=True, text=True)
    wrong = [line for line in said.stderr.splitlines() if not line.startswith("ok ")]
    if said.returncode or wrong or "ok 1 " not in said.stderr:
        fail("\n".join(wrong) or "hocr-check said nothing")


def alto(schemas, file):
    from lxml import etree

    folder = pathlib.Path(schemas)
    text = (folder / "alto4.xsd").read_text(encoding="utf-8")
    xlink = next(p for p in folder.glob("*.xsd") if "METS XLink" in p.read_text(encoding="utf-8")[:200])
    text = text.replace("http://www.loc.gov/standards/xlink/xlink.xsd", xlink.resolve().as_uri())
    schema = etree.XMLSchema(etree.fromstring(text.encode(), etree.XMLParser(no_network=True)))
    document = etree.parse(file)
    if not schema.validate(document):
        fail(schema.error_log)
    if not document.findall(".//{*}String"):
        fail("it has no words")


def boxes(stem):
    """Boxes of pdftotext -bbox lie where recto's do."""
    said = subprocess.run(["pdftotext", "-bbox", "-cropbox", f"{stem}.pdf", "-"], capture_output=True, text=True, check=True).stdout
    pages = []
    for line in said.splitlines():
        if "<page " in line:
            pages.append([])
        box = re.search(r'<word xMin="(.+?)" yMin="(.+?)" xMax="(.+?)" yMax="(.+?)">(.*)</word>', line)
        if box:
            pages[-1].append([float(v) for v in box.groups()[:4]])
    total = near = 0
    far = []
    for page, word in words(stem):
        left, top, right, bottom = word["rect"]
        turned = page.get("rotation", 0)
        if turned or abs(word["angle"]) > 10 or len(word["text"]) < 2:
            continue
        off = OFF * max(word["style"]["size"], bottom - top)
        x, y = (left + right) / 2, (top + bottom) / 2
        total += 1
        # A word of pdftotext's may be several of recto's (CJK), never less than one.
        hit = any(l - off <= left and right <= r + off and t - off <= y <= b + off for l, t, r, b in pages[page["index"]])
        near += hit
        if not hit:
            far.append(word["text"])
    if total < 15 or near < FOUND * total:
        fail(f"{near} of {total} words have a box; not: {far[:20]}")


def phrases(stem):
    """Runs of words to search for: all lines, and what goes over their ends."""
    run = ""
    for _, word in words(stem):
        run += ("" if word.get("joined") or not run else " ") + plain(word["text"])
    return run


def search(stem):
    """PDFium's search finds words, and phrases over line ends."""
    import pypdfium2 as pdfium

    document = pdfium.PdfDocument(f"{stem}.pdf")
    pages = [page.get_textpage() for page in document]
    # Parts of words in CJK, which has no spaces.
    alone = [plain(w["text"]) for _, w in words(stem)]
    alone = [w for w in alone if len(w) > 1 and all(c.isalnum() for c in w)]
    found = [w for w in alone if any(page.search(w).get_next() for page in pages)]
    if len(alone) < 15 or len(found) < FOUND * len(alone):
        fail(f"{len(found)} of {len(alone)} words are found; not: {sorted(set(alone) - set(found))[:20]}")
    # Two words running, over all lines of paragraphs.
    every = [(p, w) for p, w in words(stem)]
    pairs = [
        (plain(a["text"]), plain(b["text"]))
        for (_, a), (_, b) in zip(every, every[1:])
        if a["line"] != b["line"] or not b.get("joined")
    ]
    pairs = [(a, b) for a, b in pairs if a.isalnum() and b.isalnum()]
    missed = [f"{a} {b}" for a, b in pairs if not any(page.search(f"{a} {b}").get_next() for page in pages)]
    # Columns end, and blocks are not always in the order of the file.
    if len(missed) > 0.1 * len(pairs):
        fail(f"{len(missed)} of {len(pairs)} pairs of words are not found: {missed[:20]}")


def gray(path, password=None):
    import pypdfium2 as pdfium

    return [page.render(scale=1, grayscale=True).to_pil().tobytes() for page in pdfium.PdfDocument(path, password=password)]


def looks(folder):
    """Pages look as before: the layer is invisible."""
    for file in sorted(pathlib.Path(folder).glob("made-*.in.pdf")):
        password = "secret" if "encrypted" in file.name else None
        if gray(file, password) != gray(str(file).replace(".in.pdf", ".pdf"), password):
            fail(f"{file.name} looks different with its text layer")
    rubbish = subprocess.run(["pdftotext", f"{folder}/made-rubbish.pdf", "-"], capture_output=True, text=True).stdout
    if "xkcdq" in rubbish or "fountain pen" not in rubbish:
        fail("the invisible layer of rubbish was not replaced")
    secret = subprocess.run(["pdftotext", "-upw", "secret", f"{folder}/made-encrypted.pdf", "-"], capture_output=True, text=True).stdout
    if "fountain pen" not in secret:
        fail("the encrypted file has no text")


def untouched(pages, folder):
    """A file whose text layer was used comes out byte by byte."""
    for name in ["hidden-layer.pdf", "tables.pdf"]:
        if pathlib.Path(pages, name).read_bytes() != pathlib.Path(folder, name).read_bytes():
            fail(f"{name} was changed although nothing was recognised")
    # And where something was added, the file begins with what it was.
    before, after = pathlib.Path(pages, "scan.pdf").read_bytes(), pathlib.Path(folder, "scan.pdf").read_bytes()
    if not after.startswith(before) or len(after) == len(before):
        fail("scan.pdf was not updated incrementally")


if __name__ == "__main__":
    checks = {f.__name__: f for f in [hocr, alto, boxes, search, looks, untouched]}
    checks[sys.argv[1]](*sys.argv[2:])
