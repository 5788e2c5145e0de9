"""Draws `figures.pdf`: a listing, a QR code, a bar code and a chart on one page.

    pip install pymupdf qrcode python-barcode && python3 testdata/enrichment/make.py
"""

from pathlib import Path

import barcode
import pymupdf
import qrcode

CODE = '''def area(self, radius):
    """The area of a circle."""
    if radius < 0:
        raise ValueError("radius")
    return 3.14 * radius ** 2


for name in names:
    print(name, area(2))'''


def bits(rows, scale, height=1):
    """A gray image of modules, with white around it."""
    margin = 4 * scale
    width = len(rows[0]) * scale + 2 * margin
    lines = [bytes([255]) * width] * margin
    for row in rows:
        line = bytes([255]) * margin + b"".join(bytes([0 if m else 255]) * scale for m in row) + bytes([255]) * margin
        lines += [line] * scale * height
    lines += [bytes([255]) * width] * margin
    data = b"".join(lines)
    return pymupdf.Pixmap(pymupdf.csGRAY, width, len(lines), data, False)


page = (document := pymupdf.open()).new_page(width=595, height=842)
page.insert_text((72, 90), "Codes and charts", fontsize=20, fontname="hebo")
page.insert_text((72, 125), "The function below is written in a language that everybody knows by now.", fontsize=11)
page.insert_text((90, 155), CODE.split("\n"), fontsize=10, fontname="cour")
page.insert_text((72, 300), "The first code leads to a page, the second one stands on a box.", fontsize=11)
code = qrcode.QRCode(border=0)
code.add_data("https://example.org/recto")
code.make()
page.insert_image(pymupdf.Rect(80, 320, 200, 440), pixmap=bits(code.get_matrix(), 4))
bars = [[c == "1" for c in barcode.get("ean13", "400638133393").build()[0]]]
page.insert_image(pymupdf.Rect(300, 330, 500, 430), pixmap=bits(bars, 3, 40))
page.insert_text((72, 480), "Sales went up in the years of which the chart below tells.", fontsize=11)
for n, value in enumerate([60, 85, 70, 110, 130]):
    page.draw_rect(pymupdf.Rect(120 + 60 * n, 680 - value, 155 + 60 * n, 680), fill=(0.27, 0.45, 0.77), color=(0.27, 0.45, 0.77))
page.draw_line((105, 680), (430, 680), width=1)
page.draw_line((105, 530), (105, 680), width=1)
document.set_metadata({})
document.save(Path(__file__).parent / "figures.pdf", garbage=4, deflate=True, no_new_id=True)
