#!/usr/bin/env python3
"""made_tables.py OUT COUNT [SEED] - pages with one made-up table each, and their truth.

OUT/<case>/ gets input.pdf, truth.md (text and an HTML table) and meta.json. Tables differ in rules
(none, booktabs, head only, rows, full), spans in the head and down the first column, wrapped cells,
values and words, alignment, type, size and spacing; some stand between paragraphs. Needs reportlab.
"""
import json
import random
import sys
from html import escape
from pathlib import Path

from reportlab.lib import colors
from reportlab.lib.enums import TA_CENTER, TA_LEFT, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

WORDS = """north river total annual region market share growth rate number of households energy supply
water quality index school children under average income tax paid public private sector service
urban rural women men health expenditure education primary secondary export import price change since
last year first quarter estimated final result group control treatment sample mean deviation model
baseline method accuracy training test set project cost budget actual forecast unit product line""".split()
FAMILIES = [("Helvetica", "Helvetica-Bold"), ("Times-Roman", "Times-Bold"), ("Courier", "Courier-Bold")]


def words(r, low, high):
    return " ".join(r.choice(WORDS) for _ in range(r.randint(low, high))).capitalize()


def value(r, kind):
    if kind == "int":
        return f"{r.randint(1, 99999):,}"
    if kind == "dec":
        return f"{r.uniform(0, 100):.{r.choice([1, 2])}f}"
    if kind == "pct":
        return f"{r.uniform(0, 100):.1f}%"
    if kind == "year":
        return str(r.randint(1950, 2025))
    if kind == "money":
        return f"${r.randint(1, 999)}.{r.randint(0, 99):02}"
    if kind == "code":
        return r.choice("ABCDEF") + str(r.randint(10, 999))
    if kind == "long":
        return words(r, 6, 14)
    return words(r, 1, 3)


def grid(r):
    """Rows of (text, row span, column span) or None where a span covers."""
    columns, body = r.randint(2, 8), r.randint(3, 14)
    kinds = ["text"] + [r.choice(["int", "dec", "pct", "year", "money", "code", "text", "long" if columns < 5 else "dec"])
                        for _ in range(columns - 1)]
    rows = []
    if columns >= 4 and r.random() < 0.35:                    # a head in two rows
        top, low, c = [(words(r, 1, 2), 2, 1)], [None], 1
        while c < columns:
            n = min(r.choice([1, 2, 2, 3]), columns - c)
            if n == 1:
                top.append((words(r, 1, 2), 2, 1))
                low.append(None)
            else:
                top += [(words(r, 1, 3), 1, n)] + [None] * (n - 1)
                low += [(words(r, 1, 2), 1, 1) for _ in range(n)]
            c += n
        rows += [top, low]
    else:
        rows.append([("" if c == 0 and r.random() < 0.3 else words(r, 1, 2), 1, 1) for c in range(columns)])
    head = len(rows)
    stub = columns >= 3 and r.random() < 0.25
    blank = r.choice([0, 0, 0.05, 0.15])
    n = 0
    while n < body:
        if stub:
            deep = min(r.choice([1, 2, 3]), body - n)
            for k in range(deep):
                rows.append([(words(r, 1, 2), deep, 1) if k == 0 else None]
                            + [(value(r, kind), 1, 1) for kind in kinds[1:]])
            n += deep
            continue
        if columns >= 3 and r.random() < 0.05:                # a line across
            rows.append([(words(r, 2, 4), 1, columns)] + [None] * (columns - 1))
        else:
            rows.append([("" if c and r.random() < blank else value(r, kind), 1, 1)
                         for c, kind in enumerate(kinds)])
        n += 1
    return rows, kinds, head


def draw(r, rows, kinds, head):
    family, bold = r.choice(FAMILIES)
    size = r.uniform(6.5, 11) if len(kinds) < 7 else r.uniform(5.5, 8)
    aligns = [TA_LEFT if k in ("text", "long") else r.choice([TA_RIGHT, TA_CENTER, TA_LEFT]) for k in kinds]
    heavy = r.random() < 0.6
    style = lambda name, align: ParagraphStyle("c", fontName=name, fontSize=size, leading=size * 1.18, alignment=align)
    width = A4[0] - 110
    gap = r.uniform(0.6, 2.5) * size
    wide = lambda text: stringWidth(text, bold, size)
    own = [[row[c][0] for row in rows if row[c] and row[c][2] == 1] for c in range(len(kinds))]
    least = [max([size] + [wide(w) for t in texts for w in t.split()]) + gap + 1 for texts in own]
    sides = [max(l, min(max(map(wide, texts), default=0), 0.4 * width) + gap + 1) for l, texts in zip(least, own)]
    spare = sum(sides) - width
    if spare > 0:
        slack = sum(s - l for s, l in zip(sides, least))
        sides = [s - (s - l) * min(1, spare / slack) if slack else s for s, l in zip(sides, least)]
    elif r.random() < 0.3:
        sides = [s * width / sum(sides) for s in sides]
    data, spans = [], []
    for y, row in enumerate(rows):
        line = []
        for x, c in enumerate(row):
            if c is None:
                line.append("")
                continue
            text, rs, cs = c
            align = TA_CENTER if cs > 1 or y < head and r.random() < 0.2 else aligns[x]
            line.append(Paragraph(escape(text), style(bold if y < head and heavy else family, align)))
            if rs > 1 or cs > 1:
                spans.append(("SPAN", (x, y), (x + cs - 1, y + rs - 1)))
        data.append(line)
    rules = r.choice(["none", "none", "none", "book", "book", "head", "rows", "full"])
    look = [("VALIGN", (0, 0), (-1, -1), r.choice(["TOP", "TOP", "MIDDLE"])),
            ("LEFTPADDING", (0, 0), (-1, -1), gap / 2), ("RIGHTPADDING", (0, 0), (-1, -1), gap / 2),
            ("TOPPADDING", (0, 0), (-1, -1), r.uniform(0.5, 4)), ("BOTTOMPADDING", (0, 0), (-1, -1), r.uniform(0.5, 4))] + spans
    if rules == "full":
        look.append(("GRID", (0, 0), (-1, -1), 0.5, colors.black))
    if rules == "rows":
        look.append(("LINEBELOW", (0, 0), (-1, -1), 0.4, colors.black))
    if rules in ("book", "head"):
        look.append(("LINEBELOW", (0, head - 1), (-1, head - 1), 0.6, colors.black))
    if rules == "book":
        look += [("LINEABOVE", (0, 0), (-1, 0), 1, colors.black), ("LINEBELOW", (0, -1), (-1, -1), 1, colors.black)]
    return Table(data, colWidths=sides, style=TableStyle(look)), rules


def truth(rows):
    out = "<table>"
    for row in rows:
        out += "<tr>"
        for text, rs, cs in filter(None, row):
            span = (f' rowspan="{rs}"' if rs > 1 else "") + (f' colspan="{cs}"' if cs > 1 else "")
            out += f"<td{span}>{escape(text)}</td>"
        out += "</tr>"
    return out + "</table>"


def main():
    out, count = Path(sys.argv[1]), int(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    for n in range(count):
        r = random.Random(seed * 100003 + n)
        rows, kinds, head = grid(r)
        table, rules = draw(r, rows, kinds, head)
        body = ParagraphStyle("b", fontName="Times-Roman", fontSize=10, leading=13)
        parts, texts = [], []
        for k in range(2):
            text = ". ".join(words(r, 8, 16) for _ in range(r.randint(2, 5))) + "."
            parts.append(Paragraph(text, body))
            texts.append(text)
        folder = out / f"made-{seed}-{n:03}"
        folder.mkdir(parents=True, exist_ok=True)
        space = r.uniform(8, 20)
        SimpleDocTemplate(str(folder / "input.pdf"), pagesize=A4, leftMargin=50, rightMargin=50).build(
            [parts[0], Spacer(1, space), table, Spacer(1, space), parts[1]])
        (folder / "truth.md").write_text(f"{texts[0]}\n\n{truth(rows)}\n\n{texts[1]}\n")
        (folder / "meta.json").write_text(json.dumps({"language": "en", "kind": "digital", "table_style": rules}))


if __name__ == "__main__":
    main()
