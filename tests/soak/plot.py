"""Rows of numbers as CSV, and as a small SVG: a panel for each column over the first."""

import csv

WIDTH, HEIGHT, LEFT, GAP = 720, 110, 90, 34


def write_csv(path, rows):
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def write_svg(path, rows, title):
    columns = list(rows[0])
    over, *shown = columns
    last = max(row[over] for row in rows) or 1
    height = 30 + len(shown) * (HEIGHT + GAP)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 20}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{LEFT}" y="16" font-size="14">{title}</text>',
    ]
    for at, name in enumerate(shown):
        top = 30 + at * (HEIGHT + GAP)
        most = max(row[name] for row in rows) or 1
        points = " ".join(
            f"{LEFT + WIDTH * row[over] / last:.1f},{top + HEIGHT * (1 - row[name] / most):.1f}" for row in rows
        )
        out += [
            f'<rect x="{LEFT}" y="{top}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#bbb"/>',
            f'<polyline points="{points}" fill="none" stroke="#06c" stroke-width="1.5"/>',
            f'<text x="{LEFT - 6}" y="{top + 10}" text-anchor="end">{most:g}</text>',
            f'<text x="{LEFT - 6}" y="{top + HEIGHT}" text-anchor="end">0</text>',
            f'<text x="{LEFT}" y="{top + HEIGHT + 14}">{name} over {over}, 0 to {last:g}</text>',
        ]
    out.append("</svg>")
    with open(path, "w") as file:
        file.write("\n".join(out) + "\n")
