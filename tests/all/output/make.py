"""Writes PDF files around the image of a scanned page: make.py SCAN.pdf FOLDER."""

import io
import subprocess
import sys

import pypdfium2 as pdfium

WIDTH, HEIGHT = 595, 842


def pdf(page, content, image):
    """One page; `page` is what its dictionary has besides."""
    jpeg = io.BytesIO()
    image.save(jpeg, "JPEG", quality=90)
    jpeg = jpeg.getvalue()
    size = b"/Width %d /Height %d" % image.size
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 /Resources 4 0 R >>",
        b"<< /Type /Page /Parent 2 0 R /Contents 5 0 R " + page + b" >>",
        b"<< /XObject << /Im 6 0 R >> /Font << /RectoOcr 7 0 R >> >>",
        b"<< /Length %d >>\nstream\n" % len(content) + content + b"\nendstream",
        b"<< /Type /XObject /Subtype /Image " + size
        + b" /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode /Length %d >>\nstream\n" % len(jpeg)
        + jpeg + b"\nendstream",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for offset in offsets:
        out += b"%010d 00000 n \n" % offset
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def main(scan, folder):
    image = pdfium.PdfDocument(scan)[0].render(scale=300 / 72, grayscale=True).to_pil().convert("L")
    plain = b"/MediaBox [0 0 %d %d]" % (WIDTH, HEIGHT)
    whole = b"q %d 0 0 %d 0 0 cm /Im Do Q" % (WIDTH, HEIGHT)
    # Drawn on its side, and turned for display. A state left unbalanced moves nothing.
    on_side = b"q 2 0 0 2 0 0 cm q 0 %f %f 0 %f 0 cm /Im Do Q" % (WIDTH / 2, -HEIGHT / 2, HEIGHT / 2)
    rubbish = b" ".join(b"BT /RectoOcr 9 Tf 3 Tr 72 %d Td (xkcdq wrtgh bvnmk pqrst lkjhg zxcvb) Tj ET" % y for y in range(100, 800, 20))
    made = {
        "rotated": (b"/MediaBox [0 0 %d %d] /Rotate 90" % (HEIGHT, WIDTH), on_side, image),
        "cropped": (
            b"/MediaBox [-100 -50 700 900] /CropBox [-20 -10 %d %d]" % (WIDTH - 20, HEIGHT - 10),
            b"q %d 0 0 %d -20 -10 cm /Im Do Q" % (WIDTH, HEIGHT),
            image,
        ),
        "leaning": (plain, whole, image.rotate(-2.5, fillcolor=255, resample=3)),
        "rubbish": (plain, rubbish + b" " + whole, image),
    }
    for name, parts in made.items():
        with open(f"{folder}/made-{name}.in.pdf", "wb") as file:
            file.write(pdf(*parts))
    subprocess.run(
        ["qpdf", "--encrypt", "secret", "owner", "256", "--", f"{folder}/made-cropped.in.pdf", f"{folder}/made-encrypted.in.pdf"],
        check=True,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
