#!/usr/bin/env python3
"""Makes recto's test documents from their expected markdown.

`pages/<name>.expected.md` is written by hand and is both the text of a document and the truth
that recto's output is compared with, so the two cannot drift apart. Usage:

    python3 -m venv .venv && .venv/bin/pip install -r requirements.txt
    .venv/bin/python make.py [name ...]

The fonts come from the Debian packages named in MANIFEST.toml.
"""

import io
import os
import random
import re
import sys
import zipfile
import zlib
from pathlib import Path

os.environ.setdefault("SOURCE_DATE_EPOCH", "1767225600")  # reproducible dates inside the files

import img2pdf
import numpy as np
import pikepdf
import pypdfium2
from markdown_it import MarkdownIt
from PIL import Image, ImageFilter
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas
from weasyprint import HTML

import styles

HERE = Path(__file__).resolve().parent
PAGES = HERE / "pages"
BROKEN = HERE / "broken"
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")


# --- from markdown to PDF and pixels -----------------------------------------------------------


def body(name):
    """The HTML body of a document."""
    html = MARKDOWN.render((PAGES / f"{name}.expected.md").read_text("utf-8"))
    return re.sub(r"<p>((?:Table|Figure) \d+: )", r'<p class="caption">\1', html)


def set_page(html, css, lang="en", title="", **options):
    """Sets HTML as a PDF and gives its bytes."""
    head = f"<title>{title}</title>" if title else ""
    head += options.pop("head", "")
    return HTML(
        string=f'<html lang="{lang}"><head>{head}<style>{styles.BASE}{css}</style></head>'
        f"<body>{html}</body></html>"
    ).write_pdf(pdf_identifier=b"recto-testdata", **options)


def gray_pages(pdf, dpi):
    """The pages of a PDF as gray images."""
    document = pypdfium2.PdfDocument(pdf)
    return [
        page.render(scale=dpi / 72, grayscale=True).to_pil().convert("L") for page in document
    ]


def scanned(image, seed, skew=0.5, noise=9.0):
    """An image as a flatbed scanner sees it: a little skew, blur, paper tone and noise."""
    rng = np.random.default_rng(seed)
    image = image.rotate(skew, resample=Image.Resampling.BICUBIC, fillcolor=255)
    image = image.filter(ImageFilter.GaussianBlur(0.5))
    pixels = np.asarray(image, dtype=np.float32)
    pixels = 24 + pixels * (236 - 24) / 255 + rng.normal(0, noise, pixels.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def jpeg(image, quality=55, dpi=200):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, dpi=(dpi, dpi), optimize=True)
    return buffer.getvalue()


def save(name, data):
    path = HERE / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    print(f"{len(data):9,}  {name}")


def simple(name, css, **options):
    save(f"pages/{name}.pdf", set_page(body(name), css, **options))


# --- pages -------------------------------------------------------------------------------------


def report():
    html = body("report").replace("<!-- image -->", styles.REPORT_FIGURE)
    html = html.replace("<h3>Building", '<h3 id="building">Building')
    save(
        "pages/report.pdf",
        set_page(html, styles.REPORT, title="Rain Gardens on Mill Street"),
    )


def in_columns(html):
    """Everything after the title goes into columns."""
    title, rest = html.split("</h1>", 1)
    return f'{title}</h1><div class="columns">{rest.strip()}</div>'


def two_columns():
    html = body("two-columns").replace("harbour.1 ", "harbour.<sup>1</sup> ")
    html = html.replace("<p>1 The inner", '<p class="footnote"><sup>1</sup> The inner')
    title, rest = html.split("</h1>", 1)
    text, mark, note = rest.partition('<p class="footnote">')
    # A running element has to stand before the text of its page.
    html = f'{mark}{note}{title}</h1><div class="columns">{text.strip()}</div>'
    save("pages/two-columns.pdf", set_page(html, styles.TWO_COLUMNS))


def tables():
    html = body("tables")
    for number in range(1, 5):
        html = html.replace("<table>", f'<table class="t{number}">', 1)
    save("pages/tables.pdf", set_page(html, styles.TABLES))


def lists():
    simple("lists", styles.LISTS)


def rotated_page():
    """/Rotate 90, and a CropBox that does not begin at 0 0 and hides a printer's mark."""
    upright = pikepdf.open(io.BytesIO(set_page(body("rotated-page"), styles.ROTATED)))
    out = pikepdf.new()
    page = out.add_blank_page(page_size=(620, 760))
    form = out.copy_foreign(upright.pages[0].as_form_xobject())
    mark = pikepdf.Dictionary(
        Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
    )
    page.Resources = pikepdf.Dictionary(
        XObject=pikepdf.Dictionary(Page=form), Font=pikepdf.Dictionary(Mark=mark)
    )
    page.Contents = out.make_stream(
        b"q 0 1 -1 0 520 80 cm /Page Do Q\n"
        b"BT /Mark 9 Tf 0 1 -1 0 60 100 Tm (PROOF 3 - NOT FOR POSTING) Tj ET\n"
    )
    page.CropBox = [100, 80, 520, 675]
    page.Rotate = 90
    buffer = io.BytesIO()
    out.save(buffer, deterministic_id=True)
    save("pages/rotated-page.pdf", buffer.getvalue())


def encrypted():
    plain = pikepdf.open(io.BytesIO(set_page(body("encrypted"), styles.SMALL)))
    buffer = io.BytesIO()
    plain.save(
        buffer, encryption=pikepdf.Encryption(user="secret", owner="keeper of the minutes", R=6)
    )
    save("pages/encrypted.pdf", buffer.getvalue())


def scan():
    image = gray_pages(set_page(body("scan"), styles.SMALL), 200)[0]
    pdf = pikepdf.open(io.BytesIO(img2pdf.convert(jpeg(scanned(image, 1)), nodate=True)))
    del pdf.trailer.ID
    buffer = io.BytesIO()
    pdf.save(buffer, deterministic_id=True)
    save("pages/scan.pdf", buffer.getvalue())


def scan_two_columns():
    html = body("scan-two-columns")
    html = in_columns(html).replace("<h2>Work on", '</div><div class="columns"><h2>Work on')
    images = gray_pages(set_page(html, styles.TWO_COLUMNS_SCAN), 200)
    images = [scanned(image, 10 + i, skew=-0.3) for i, image in enumerate(images)]
    images = [image.point(lambda v: 255 if v > 140 else 0).convert("1") for image in images]
    buffer = io.BytesIO()
    images[0].save(
        buffer, "TIFF", compression="group4", save_all=True, append_images=images[1:],
        dpi=(200, 200),
    )
    save("pages/scan-two-columns.tif", buffer.getvalue())


def photo():
    """A sheet on a table, taken with a telephone: perspective, shade, no resolution stated."""
    sheet = gray_pages(set_page(body("photo"), styles.PHOTO), 220)[0]
    width, height = sheet.size
    out = (width + 120, height + 120)
    # Where the corners of the picture lie on the sheet (inverse mapping).
    corners = [(-62, -55), (-35, height + 60), (width + 40, height + 48), (width + 66, -50)]
    image = sheet.transform(
        out, Image.Transform.QUAD, [c for corner in corners for c in corner],
        resample=Image.Resampling.BICUBIC, fillcolor=70,
    )
    pixels = np.asarray(image.filter(ImageFilter.GaussianBlur(0.7)), dtype=np.float32)
    y, x = np.mgrid[0 : out[1], 0 : out[0]]
    shade = 0.95 - 0.30 * x / out[0] - 0.12 * y / out[1]
    noise = np.random.default_rng(3).normal(0, 4, pixels.shape)
    pixels = (12 + pixels * shade * 0.95 + noise).clip(0, 255)
    tint = np.stack([pixels, pixels * 0.97, pixels * 0.9], axis=-1).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(tint).save(buffer, "JPEG", quality=60, optimize=True)
    save("pages/photo.jpg", buffer.getvalue())


def russian():
    simple("russian", styles.RUSSIAN, lang="ru")


def arabic():
    simple("arabic", styles.ARABIC, lang="ar")


def japanese():
    simple("japanese", styles.JAPANESE, lang="ja")


def swedish_scan():
    image = gray_pages(set_page(body("swedish-scan"), styles.SMALL, lang="sv"), 200)[0]
    image = image.crop((0, 0, image.width, 1000))
    image = scanned(image, 4, skew=0.2, noise=0).quantize(16)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", dpi=(200, 200), optimize=True)
    save("pages/swedish-scan.png", buffer.getvalue())


def code():
    simple("code", styles.CODE)


def forms_xobject():
    """Text two forms deep; every level has a matrix of its own."""
    source = pikepdf.open(io.BytesIO(set_page(body("forms-xobject"), styles.SMALL + styles.LEFT)))
    out = pikepdf.new()
    page = out.add_blank_page(page_size=(595, 842))
    inner = out.copy_foreign(source.pages[0].as_form_xobject())
    inner.Matrix = [1.25, 0, 0, 1.25, 0, 0]
    outer = out.make_stream(
        b"q 1 0 0 1 12 20 cm /Inner Do Q",
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Form,
        BBox=[0, 0, 595, 842],
        Matrix=[0.9, 0, 0, 0.9, 15, 30],
        Resources=pikepdf.Dictionary(XObject=pikepdf.Dictionary(Inner=inner)),
    )
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Outer=outer))
    page.Contents = out.make_stream(b"q 1 0 0 1 10 25 cm /Outer Do Q")
    buffer = io.BytesIO()
    out.save(buffer, deterministic_id=True)
    save("pages/forms-xobject.pdf", buffer.getvalue())


def with_unicode(pdf, table):
    """A PDF whose ToUnicode maps are passed through a table; gives its bytes."""
    pdf = pikepdf.open(io.BytesIO(pdf))

    def entry(match):
        text = bytes.fromhex(match[2].decode()).decode("utf-16-be").translate(table)
        return b"<%s> <%s>" % (match[1], text.encode("utf-16-be").hex().encode())

    for item in pdf.objects:
        if isinstance(item, pikepdf.Dictionary) and "/ToUnicode" in item:
            cmap = item.ToUnicode.read_bytes()
            head, entries = cmap.split(b"endcodespacerange", 1)
            entries = re.sub(rb"<([0-9a-fA-F]+)> <([0-9a-fA-F]+)>", entry, entries)
            item.ToUnicode.write(head + b"endcodespacerange" + entries)
    buffer = io.BytesIO()
    pdf.save(buffer, deterministic_id=True)
    return buffer.getvalue()


def shuffled(letters):
    """A table that maps every letter to another one."""
    letters, others = list(letters), list(letters)
    random.Random(5).shuffle(others)
    return str.maketrans(
        "".join(letters) + "".join(letters).upper(), "".join(others) + "".join(others).upper()
    )


def garbage_layer():
    """The glyphs are drawn well, but ToUnicode maps every letter to another one."""
    pdf = set_page(body("garbage-layer"), styles.SMALL)
    save("pages/garbage-layer.pdf", with_unicode(pdf, shuffled("abcdefghijklmnopqrstuvwxyz")))


def cipher_swedish():
    """The same in Swedish."""
    pdf = set_page(body("cipher-swedish"), styles.SMALL + styles.LEFT, lang="sv")
    table = shuffled("abcdefghijklmnopqrstuvwxyzåäö")
    save("pages/cipher-swedish.pdf", with_unicode(pdf, table))


def private_use():
    """ToUnicode maps every character to the private use area."""
    pdf = set_page(body("private-use"), styles.SMALL + styles.LEFT)
    table = {code: 0xE000 + code for code in range(33, 0x2100)}
    save("pages/private-use.pdf", with_unicode(pdf, table))


def glyph_names():
    """Type 3 glyphs named c01, c02 … without any Unicode, as old converters wrote them."""
    import make_garbled

    data, _ = make_garbled.type3([
        (PAGES / "glyph-names.expected.md").read_text("utf-8").replace("\n\n", " ").strip()
    ])
    save("pages/glyph-names.pdf", data)


def over_scan(sheet, digital, layer, image, change=lambda words: words, dy=0):
    """A page of a canvas: an image, and the text of a PDF laid over it invisibly."""
    width, height = pypdfium2.PdfDocument(digital)[0].get_size()
    text = pypdfium2.PdfDocument(layer)[0].get_textpage()
    sheet.setPageSize((width, height))
    sheet.drawImage(ImageReader(io.BytesIO(image)), 0, 0, width, height)
    for index in range(text.count_rects()):
        left, bottom, right, top = text.get_rect(index)
        words = change(text.get_text_bounded(left, bottom, right, top).strip())
        if not words:
            continue
        size = (top - bottom) * 1.05
        line = sheet.beginText(left, bottom + (top - bottom) * 0.2 + dy)
        line.setTextRenderMode(3)
        line.setFont("Helvetica", size)
        natural = sheet.stringWidth(words, "Helvetica", size)
        line.setHorizScale(100 * (right - left) / natural)
        line.textOut(words)
        sheet.drawText(line)
    sheet.showPage()


def hidden_layer():
    """A scan with the words of an earlier OCR laid invisibly over it."""
    digital = set_page(body("hidden-layer"), styles.SMALL + styles.LEFT)
    image = jpeg(scanned(gray_pages(digital, 200)[0], 7, skew=0, noise=6), 45)
    buffer = io.BytesIO()
    sheet = canvas.Canvas(buffer, invariant=1)
    over_scan(sheet, digital, digital, image)
    sheet.save()
    save("pages/hidden-layer.pdf", buffer.getvalue())


def hidden_bad():
    """Scans with bad layers: letters confused, the layer of another page, one too low."""
    html = body("hidden-bad").replace("<h1>", "\0<h1>").split("\0")[1:]
    small = "@page { size: 130mm 60mm; margin: 9mm }"
    pages = [set_page(part, styles.SMALL + styles.LEFT + small) for part in html]
    rng = random.Random(11)
    like = dict(zip("eolianhtsrdumgwcb", "c01juhnf5nclngvvch"))

    def confused(words):
        return "".join(like.get(c, c) if rng.random() < 0.3 else c for c in words)

    buffer = io.BytesIO()
    sheet = canvas.Canvas(buffer, invariant=1)
    for number, (page, layer) in enumerate(zip(pages, [pages[0], pages[0], pages[2]])):
        image = jpeg(scanned(gray_pages(page, 200)[0], 20 + number, skew=0, noise=4), 35)
        change = confused if number == 0 else lambda words: words
        over_scan(sheet, page, layer, image, change, dy=-15 if number == 2 else 0)
    sheet.save()
    save("pages/hidden-bad.pdf", buffer.getvalue())


def bookmarks():
    simple(
        "bookmarks",
        styles.SMALL + styles.LEFT,
        lang="en-GB",
        title="A short guide to dry stone walls",
        head='<meta name="author" content="The Upper Valley Society">'
        '<meta name="description" content="How to read and mend a wall">',
        pdf_tags=True,
    )


def links():
    html = body("links")
    for text, target in [
        ("https://example.com/boats", "https://example.com/boats"),
        ("crew@example.com", "mailto:crew@example.com"),
        ("chapter on bicycles", "#bicycles"),
    ]:
        html = html.replace(text, f'<a href="{target}">{text}</a>', 1)
    html = html.replace("<h2>", '<h2 id="bicycles">')
    css = styles.SMALL + styles.LEFT + "a { color: #0645ad; }"
    save("pages/links.pdf", set_page(html, css))


# --- bad input ---------------------------------------------------------------------------------


def letter():
    simple("letter", styles.LETTER)


def invoice():
    simple("invoice", styles.INVOICE)


def receipt():
    simple("receipt", styles.RECEIPT)


def newspaper():
    save("pages/newspaper.pdf", set_page(in_columns(body("newspaper")), styles.NEWSPAPER))


def contents():
    dots = '<span class="dots"></span>'
    html = re.sub(r"<p>(.*?)(?: \.)* (\d+)</p>", rf"<p>\1{dots}\2</p>", body("contents"))
    save("pages/contents.pdf", set_page(html, styles.CONTENTS))


def index():
    save("pages/index.pdf", set_page(in_columns(body("index")), styles.INDEX))


def slides():
    simple("slides", styles.SLIDES)


def form():
    simple("form", styles.FORM)


def table_break():
    simple("table-break", styles.TABLE_BREAK)


def numbered():
    simple("numbered", styles.NUMBERED)


def footnotes():
    html = re.sub(r"\.([12]) ", r".<sup>\1</sup> ", body("footnotes"))
    text, mark, notes = html.partition("<p>1 ")
    notes = re.sub(r"<p>([12]) ", r"<p><sup>\1</sup> ", mark + notes)
    save("pages/footnotes.pdf", set_page(f'<div class="notes">{notes}</div>{text}', styles.FOOTNOTES))


def sidebar():
    main, mark, side = body("sidebar").partition("<h2>")
    html = f'<div class="main">{main}</div><div class="side">{mark}{side}</div>'
    save("pages/sidebar.pdf", set_page(html, styles.SIDEBAR))


def grouped_table():
    simple("grouped-table", styles.GROUPED)


def chunk(kind, data):
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


def white_png(side):
    """A white 1-bit PNG, written row by row so that no big image is ever in memory."""
    packer = zlib.compressobj(9)
    row = b"\0" + b"\xff" * ((side + 7) // 8)
    data = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = side.to_bytes(4, "big") * 2 + bytes([1, 0, 0, 0, 0])
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def plain_pdf(objects):
    """A PDF with a correct cross-reference table from object bodies; the first is the catalog."""
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, item in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, item)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        start,
    )
    return bytes(out)


def stream(data):
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(data), data)


FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


def broken():
    save("broken/empty.pdf", b"")
    whole = (PAGES / "report.pdf").read_bytes()
    save("broken/truncated.pdf", whole[: len(whole) // 3])

    line = b"BT /F 14 Tf 72 700 Td (The cross-reference table of this file is wrong.) Tj ET"
    good = plain_pdf([
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F 5 0 R >> >> >>",
        stream(line),
        FONT,
    ])
    wrong = re.sub(rb"\d{10} 00000 n", lambda m: b"%010d 00000 n" % (int(m[0][:10]) + 17), good)
    save("broken/broken-xref.pdf", re.sub(rb"startxref\n\d+", b"startxref\n99999", wrong))

    save("broken/text-named.pdf", b"This is a plain text file with the wrong name.\n" * 4)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("note.txt", (2025, 1, 1, 0, 0, 0)), "Not a document.\n")
    save("broken/archive.pdf", buffer.getvalue())

    buffer = io.BytesIO()
    Image.new("L", (1, 1), 255).save(buffer, "PNG")
    save("broken/one-pixel.png", buffer.getvalue())

    specks = np.random.default_rng(12).random((2000, 2000)) >= 0.12
    buffer = io.BytesIO()
    Image.fromarray((specks * 255).astype(np.uint8)).convert("1").save(buffer, "PNG", optimize=True)
    save("broken/salt-noise.png", buffer.getvalue())
    save("broken/huge-white.png", white_png(20_000))

    save("broken/zero-pages.pdf", plain_pdf([
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [] /Count 0 >>",
    ]))

    # Arrays, page tree and form XObjects, each nested far deeper than any real file.
    depth = 20_000
    forms = 300
    nodes = 400
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Odd " + b"[" * depth + b"]" * depth + b" >>",
    ]
    for level in range(nodes):
        kind = b"/Parent %d 0 R " % (level + 1) if level else b""
        objects.append(b"<< /Type /Pages %s/Kids [%d 0 R] /Count 1 >>" % (kind, level + 3))
    page = nodes + 2
    objects.append(
        b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources"
        b" << /XObject << /X %d 0 R >> >> >>" % (page - 1, page + 1, page + 2)
    )
    objects.append(stream(b"/X Do"))
    for level in range(forms):
        here = page + 2 + level
        objects.append(
            b"<< /Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /XObject"
            b" << /X %d 0 R >> >> /Length 5 >>\nstream\n/X Do\nendstream" % (here + 1)
        )
    last = b"BT /F 14 Tf 72 700 Td (A long way down.) Tj ET"
    objects.append(
        b"<< /Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /Font << /F %d 0 R"
        b" >> >> /Length %d >>\nstream\n%s\nendstream" % (page + 3 + forms, len(last), last)
    )
    objects.append(FONT)
    save("broken/deep-nesting.pdf", plain_pdf(objects))

    word = gray_pages(set_page("<p>This is an image in spite of its name.</p>",
        "@page { size: 110mm 30mm; margin: 10mm } p { font-size: 14pt; text-align: left }"), 200)[0]
    buffer = io.BytesIO()
    word.quantize(8).save(buffer, "PNG", dpi=(200, 200), optimize=True)
    save("broken/png-named.pdf", buffer.getvalue())

    picture = (PAGES / "photo.jpg").read_bytes()
    save("broken/truncated.jpg", picture[: len(picture) // 4])
    # A TIFF header whose first directory lies beyond the end of the file.
    save("broken/bad.tif", b"II*\0" + (1 << 20).to_bytes(4, "little") + b"\0" * 64)


MAKERS = [
    report, two_columns, tables, lists, rotated_page, encrypted, scan, scan_two_columns, photo,
    russian, arabic, japanese, swedish_scan, code, forms_xobject, garbage_layer, hidden_layer,
    cipher_swedish, private_use, glyph_names, hidden_bad,
    bookmarks, links, letter, invoice, receipt, newspaper, contents, index, slides, form, table_break,
    numbered, footnotes, sidebar, grouped_table, broken,
]

if __name__ == "__main__":
    wanted = {name.replace("-", "_") for name in sys.argv[1:]}
    unknown = wanted - {maker.__name__ for maker in MAKERS}
    if unknown:
        sys.exit(f"no such document: {', '.join(sorted(unknown))}")
    for maker in MAKERS:
        if not wanted or maker.__name__ in wanted:
            maker()
