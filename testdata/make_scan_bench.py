#!/usr/bin/env python3
"""Makes the larger documents that speed and memory are measured on.

    .venv/bin/python make_scan_bench.py FOLDER [--pages N ...]

writes to FOLDER:

- scan10.pdf, scan30.pdf, scan300.pdf: A4 pages of dense text scanned in gray at 300 dpi, one JPEG
  each, no text layer. Each of the first ten pages is different; longer documents repeat them.
- scan10/page-01.png …: the same ten pages as images, as other programs want them.
- scan10.txt: the text of the ten pages.
- digital50.pdf: 50 pages with a text layer.

The text is put together from sentence patterns: it is not worth reading, but its words, sentence
lengths and punctuation are those of ordinary English, which is what recognition time depends on.
"""

import argparse
import io
import random
from pathlib import Path

import img2pdf
import pypdfium2
from PIL import Image

from make import gray_pages, jpeg, scanned, set_page

PEOPLE = [
    "the harbour master", "a retired teacher", "the surveyor", "one of the older boatmen",
    "the librarian", "our neighbour", "the council", "a young engineer", "the miller's widow",
    "the stationmaster", "an apprentice", "the parish clerk", "two visitors from the city",
    "the gardener", "nobody in the village", "the new doctor", "a travelling clockmaker",
]
VERBS = [
    "remembered", "described", "repaired", "measured", "had never trusted", "soon forgot",
    "carefully copied", "spoke highly of", "refused to sell", "drew a plan of", "paid for",
    "wrote a long letter about", "quietly replaced", "inherited", "could not find",
]
THINGS = [
    "the stone bridge below the weir", "the northern gate", "a drawer full of maps",
    "the bell that hangs in the tower", "the old drainage ditch", "a set of brass weights",
    "the reading room", "the orchard behind the school", "the first telephone exchange",
    "an iron stove", "the ferry timetable", "the cellar under the bakery", "the water meter",
    "a barometer with a cracked dial", "the lower footpath", "the accounts for that year",
]
TIMES = [
    "in the winter of 18{y}", "towards the end of August", "when the river had fallen",
    "after nearly {n} years", "early the next morning", "during the flood of 19{y}",
    "on the {n}th of May", "in less than {n} minutes", "before the railway came",
    "every second Thursday", "as late as 19{y}", "for the third time",
]
REASONS = [
    "because the ground was too soft for heavier machines",
    "although it had cost no more than {n} pounds",
    "since everybody agreed that something ought to be done",
    "which explains why the figures differ by almost {n} per cent",
    "so that the path could be used again by Christmas",
    "while the rest of the committee looked on in silence",
    "until the frost made further work impossible",
    "even if the evidence for it is rather thin",
    "as anyone who has lived beside water will understand",
]
PATTERNS = [
    "{P} {v} {t} {w}.", "{W}, {p} {v} {t}.", "{P} {v} {t}, {r}.", "{W} {p} {v} {t}, {r}.",
    "It is said that {p} {v} {t} {w}; the truth is probably simpler.",
    "There were, by one count, {n} families who depended on {t}.",
    "What mattered most was {t}, {r}.", "Neither {t} nor {t} survived the fire of 19{y}.",
    "{P} asked a plain question: who would look after {t}?",
    "\"You may take {t},\" {p} answered, \"but not before the spring.\"",
    "By then {t} (and with it {t}) had changed hands {n} times.",
]
HEADINGS = [
    "The upper valley", "Bridges and fords", "A dispute about water", "The school", "Winter",
    "Roads", "What the accounts show", "The mill", "Fire and flood", "Trade", "The harbour",
    "Letters", "Two families", "The railway", "Later changes", "Weights and measures",
]

CSS = """
@page { size: A4; margin: 22mm 22mm 20mm 22mm;
  @bottom-center { content: counter(page); font: 9pt 'Liberation Serif'; } }
html { font: 10.5pt/1.32 'Liberation Serif'; }
h1 { font-size: 18pt; break-before: page; }
h1:first-of-type { break-before: auto; }
h2 { font-size: 12.5pt; margin: 3.5mm 0 1.5mm; }
p { margin: 0 0 1.8mm; }
th, td { border: .6pt solid #000; padding: 1mm 4mm; }
td:nth-child(n+2) { text-align: right; }
"""


def sentence(rng):
    """One sentence, every slot filled anew."""
    fill = {
        "p": PEOPLE, "P": PEOPLE, "v": VERBS, "t": THINGS, "w": TIMES, "W": TIMES, "r": REASONS,
    }
    out, rest = "", rng.choice(PATTERNS)
    while "{" in rest:
        before, _, rest = rest.partition("{")
        slot, _, rest = rest.partition("}")
        out += before
        if slot == "n":
            out += str(rng.randint(4, 19))
        elif slot == "y":
            out += str(rng.randint(10, 99))
        else:
            words = rng.choice(fill[slot])
            rest = (words[0].upper() + words[1:] if slot.isupper() else words) + rest
    return out + rest


def table(rng):
    rows = "".join(
        f"<tr><td>{name}</td>"
        + "".join(f"<td>{rng.randint(12, 9800):,}</td>" for _ in range(3))
        + "</tr>"
        for name in ["Timber", "Grain", "Slate", "Salt", "Passengers"]
    )
    return f"<table><tr><th>Goods</th><th>1890</th><th>1910</th><th>1930</th></tr>{rows}</table>"


def page(number, rng):
    """About one A4 page of HTML: a heading, four sections, on the third page a table."""
    html = f"<h1>Chapter {number}</h1>"
    for section, heading in enumerate(rng.sample(HEADINGS, 4)):
        html += f"<h2>{heading}</h2>"
        if number == 3 and section == 1:
            html += table(rng)
            continue
        for length in rng.sample([3, 4, 5], 2):
            html += "<p>" + " ".join(sentence(rng) for _ in range(length)) + "</p>"
    return html


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--pages", type=int, nargs="*", default=[10, 30, 300])
    arguments = arguments.parse_args()
    folder = arguments.folder
    (folder / "scan10").mkdir(parents=True, exist_ok=True)

    rng = random.Random(2025)
    chapters = [page(number, rng) for number in range(1, 51)]
    digital = set_page("".join(chapters), CSS, title="A valley and its people")
    document = pypdfium2.PdfDocument(digital)
    assert len(document) == len(chapters), f"{len(document)} pages: a chapter overflows"
    (folder / "digital50.pdf").write_bytes(digital)

    first = pypdfium2.PdfDocument.new()
    first.import_pages(document, pages=range(10))
    buffer = io.BytesIO()
    first.save(buffer)
    scans, text = [], []
    for index, image in enumerate(gray_pages(buffer.getvalue(), 300)):
        data = jpeg(scanned(image, index, skew=0, noise=4), quality=60, dpi=300)
        scans.append(data)
        # The PNG is made from the JPEG: both hold the same pixels.
        png = folder / "scan10" / f"page-{index + 1:02}.png"
        Image.open(io.BytesIO(data)).save(png, dpi=(300, 300))
        text.append(document[index].get_textpage().get_text_range().replace("\r\n", "\n"))
    (folder / "scan10.txt").write_text("\f".join(text), "utf-8")
    for count in arguments.pages:
        # Each page gets its own copy of its image, as a scanner would write it.
        pages = [scans[i % len(scans)] for i in range(count)]
        path = folder / f"scan{count}.pdf"
        path.write_bytes(img2pdf.convert(pages, nodate=True))
        print(f"{path.stat().st_size:12,}  {path}")
    print(f"{len(digital):12,}  {folder / 'digital50.pdf'}")


if __name__ == "__main__":
    main()
