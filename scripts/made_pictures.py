"""Draws charts and flow charts, for `scripts/picture_model.py`: FOLDER/CLASS/STYLE/NUMBER.png.

    python3 scripts/made_pictures.py FOLDER [COUNT]

Data, sizes, colours, legends and grids are by chance, in four styles of matplotlib and two like those of
office programs. Needs matplotlib.
"""

import random
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyBboxPatch, Polygon, Rectangle

WORDS = "alpha beta sales cost north south total mean rate index users time year price load error model depth".split()
STYLES = {"plain": "default", "ggplot": "ggplot", "white": "seaborn-v0_8-whitegrid", "gray": "grayscale", "office": "default", "office-2": "default"}
PALETTES = [
    ["#4472c4", "#ed7d31", "#a5a5a5", "#ffc000", "#5b9bd5", "#70ad47"], ["#0b5394", "#3d85c6", "#9fc5e8", "#666666"],
    ["#c0392b", "#7f1d1d", "#d35400", "#8e7c5a"], ["#6aa84f", "#38761d", "#b6d7a8"], ["#555555", "#aaaaaa", "#dddddd"],
    ["#e67e22", "#f5b041"], ["#1f7a8c", "#bfdbf7", "#022b3a"], ["#556b2f", "#8fbc8f"], ["#ee3333", "#1166bb"],
]


def office(ax, rng):
    """As office programs draw: no frame, faint lines across, large labels, the legend below."""
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.spines["bottom"].set_color("#bbbbbb")
    ax.tick_params(length=0, labelcolor="#555555", labelsize=rng.uniform(6, 11))
    ax.set_axisbelow(True)
    if rng.random() < 0.7:
        ax.grid(axis="y", color="#dddddd", lw=0.7)
    if rng.random() < 0.3:
        ax.set_yticks([])
    if rng.random() < 0.3:
        ax.set_facecolor(rng.choice(["#f5ecd7", "#dff5fa", "#eeeeee"]))
        ax.figure.set_facecolor(rng.choice(["white", "#f5ecd7", "#eef7fa"]))


def axes(rng):
    if rng.office:
        fig, ax = plt.subplots(figsize=(rng.uniform(3, 7), rng.uniform(1.4, 3.5)), dpi=rng.choice([80, 110, 150, 200]))
        ax.set_prop_cycle(color=rng.choice(PALETTES))
        office(ax, rng)
        return fig, ax
    fig, ax = plt.subplots(figsize=(rng.uniform(2.2, 6), rng.uniform(1.8, 4)), dpi=rng.choice([80, 110, 150]))
    if rng.random() < 0.6:
        ax.set_title(" ".join(rng.sample(WORDS, 2)), fontsize=rng.uniform(6, 12))
    if rng.random() < 0.4:
        for side in ("top", "right"):
            ax.spines[side].set_visible(False)
    ax.tick_params(labelsize=rng.uniform(5, 10))
    if rng.random() < 0.6:
        ax.set_xlabel(rng.choice(WORDS))
        ax.set_ylabel(rng.choice(WORDS))
    return fig, ax


def bar_chart(rng):
    fig, ax = axes(rng)
    n, series = rng.randint(2, 12), rng.choice([1, 1, 1, 2, 3])
    lying = rng.random() < 0.25
    stacked = rng.random() < 0.3
    base = np.zeros(n)
    for s in range(series):
        values = np.array([rng.uniform(0.1, 1) for _ in range(n)])
        width = 0.8 if stacked else rng.uniform(0.5, 0.9) / series
        at = np.arange(n) + (0 if stacked else s * width)
        edge = rng.choice([None, "black"])
        draw = ax.barh if lying else ax.bar
        place = {"left" if lying else "bottom": base} if stacked else {}
        drawn = draw(at, values, width, edgecolor=edge, label=rng.choice(WORDS), **place)
        if rng.office and rng.random() < 0.6:
            ax.bar_label(drawn, fmt="%.1f", fontsize=rng.uniform(5, 9), color="#444444", label_type="center" if stacked else "edge")
        base = base + values
    if rng.random() < 0.5:
        ax.legend(fontsize=6, **({"loc": "upper center", "bbox_to_anchor": (0.5, -0.12), "ncol": 3, "frameon": False} if rng.office else {}))
    return fig


def line_chart(rng):
    fig, ax = axes(rng)
    n = rng.choice([6, 12, 40, 200])
    for _ in range(rng.randint(1, 5)):
        y = np.cumsum([rng.gauss(0, 1) for _ in range(n)]) if rng.random() < 0.6 else np.sin(np.linspace(0, rng.uniform(2, 12), n)) * rng.uniform(0.5, 3)
        ax.plot(y, rng.choice(["-", "--", "-", "-."]), marker=rng.choice(["", "", "o", "s"]) if n < 50 else "", lw=rng.uniform(0.7, 2), label=rng.choice(WORDS), markersize=3)
    if rng.random() < 0.5:
        ax.legend(fontsize=6)
    if rng.random() < 0.4:
        ax.grid(True)
    return fig


def scatter_plot(rng):
    fig, ax = axes(rng)
    for _ in range(rng.randint(1, 3)):
        n = rng.choice([15, 40, 150, 500])
        x = np.array([rng.gauss(rng.uniform(-2, 2), 1) for _ in range(n)])
        y = x * rng.uniform(-1, 1) + np.array([rng.gauss(0, 1) for _ in range(n)])
        ax.scatter(x, y, s=rng.uniform(3, 30), marker=rng.choice("oosx^"), alpha=rng.choice([1, 1, 0.5]))
    if rng.random() < 0.3:
        ax.grid(True)
    return fig


def pie_chart(rng):
    fig, ax = plt.subplots(figsize=(rng.uniform(2, 5), rng.uniform(2, 4)), dpi=rng.choice([80, 110, 150]))
    n = rng.randint(2, 8)
    ring = {"width": 0.4} if rng.random() < 0.25 else {}
    if rng.office:
        ax.set_prop_cycle(color=rng.choice(PALETTES))
        fig.set_size_inches(rng.uniform(3.5, 6), rng.uniform(1.8, 3))
    ax.pie(
        [rng.uniform(0.1, 1) for _ in range(n)], labels=[rng.choice(WORDS) for _ in range(n)] if rng.random() < 0.7 else None,
        autopct="%1.0f%%" if rng.random() < 0.5 else None, startangle=rng.uniform(0, 360), textprops={"fontsize": 7},
        wedgeprops={"edgecolor": "white", **ring} if rng.random() < 0.7 else ring,
    )
    if rng.random() < 0.4:
        ax.set_title(rng.choice(WORDS))
    if rng.random() < (0.8 if rng.office else 0.3):
        ax.legend(rng.sample(WORDS, n), fontsize=6, frameon=not rng.office, loc="center left", bbox_to_anchor=(1, 0.5))
    return fig


def flow_chart(rng):
    fig, ax = plt.subplots(figsize=(rng.uniform(2.5, 6), rng.uniform(2, 5)), dpi=rng.choice([80, 110, 150]))
    ax.axis("off")
    columns, rows = rng.randint(1, 4), rng.randint(2, 5)
    color = rng.choice(["white", "white", "#dae8fc", "#d5e8d4", "#eeeeee", "#ffe6cc"])
    places = [(c, r) for c in range(columns) for r in range(rows) if rng.random() < 0.85] or [(0, 0)]
    for c, r in places:
        x, y, w, h = c * 2, -r * 1.5, 1.4, 0.8
        shape = rng.random()
        if shape < 0.55:
            patch = Rectangle((x, y), w, h, fc=color, ec="black")
        elif shape < 0.8:
            patch = FancyBboxPatch((x + 0.1, y + 0.1), w - 0.2, h - 0.2, boxstyle="round,pad=0.1", fc=color, ec="black")
        else:
            patch = Polygon([(x, y + h / 2), (x + w / 2, y + h), (x + w, y + h / 2), (x + w / 2, y)], fc=color, ec="black")
        ax.add_patch(patch)
        ax.text(x + w / 2, y + h / 2, rng.choice(WORDS), ha="center", va="center", fontsize=rng.uniform(5, 9))
        for c2, r2, start, end in [(c, r + 1, (x + w / 2, y), (x + w / 2, y - 0.7)), (c + 1, r, (x + w, y + h / 2), (x + 2, y + h / 2))]:
            if (c2, r2) in places and rng.random() < 0.85:
                ax.annotate("", xy=end, xytext=start, arrowprops={"arrowstyle": rng.choice(["->", "-|>"]), "lw": 1})
    ax.set_xlim(-0.2, columns * 2)
    ax.set_ylim(-rows * 1.5 + 1, 1)
    return fig


def other(rng):
    """What is no chart: tables, text, formulas."""
    fig, ax = plt.subplots(figsize=(rng.uniform(2.5, 6), rng.uniform(1, 4)), dpi=rng.choice([80, 110, 150]))
    ax.axis("off")
    kind = rng.random()
    if kind < 0.5:
        rows, columns = rng.randint(3, 14), rng.randint(2, 6)
        cells = [[rng.choice(WORDS) if c == 0 else f"{rng.uniform(0, 999):.1f}" for c in range(columns)] for _ in range(rows)]
        head = rng.sample(WORDS, columns)
        shade = rng.choice(["white", "#dddddd", "#f4b183", "#bdd7ee", "#c0504d"])
        stripes = rng.choice(["white", "white", "#eef3fa", "#fbe5d6"])
        colors = [["white" if r % 2 else stripes] * columns for r in range(rows)]
        table = ax.table(cells, cellColours=colors, colLabels=head, colColours=[shade] * columns, loc="center", edges=rng.choice(["closed", "horizontal", "open", "closed"]))
        table.auto_set_font_size(False)
        table.set_fontsize(rng.uniform(5, 9))
    elif kind < 0.85:
        lines = [" ".join(rng.choice(WORDS) for _ in range(rng.randint(4, 9))) for _ in range(rng.randint(3, 16))]
        fig.set_facecolor(rng.choice(["white", "#eeeeee", "#dbe9f4", "#fff2cc"]))
        ax.text(0, 1, "\n".join(lines), fontsize=rng.uniform(5, 10), va="top", family=rng.choice(["serif", "sans-serif", "monospace"]))
    else:
        ax.text(0.1, 0.5, rng.choice([r"$\int_0^1 x^2\,dx = \frac{1}{3}$", r"$E = mc^2$", r"$\sum_{i=1}^n a_i \leq \sqrt{n}$"]), fontsize=rng.uniform(10, 22))
    return fig


def main():
    root, count = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 60
    for draw in (bar_chart, line_chart, scatter_plot, pie_chart, flow_chart, other):
        for style, name in STYLES.items():
            folder = root / draw.__name__ / f"made-{style}"
            folder.mkdir(parents=True, exist_ok=True)
            for number in range(count):
                rng = random.Random(f"{draw.__name__} {style} {number}")
                rng.office = style.startswith("office")
                np.random.seed(number)
                with plt.style.context(name):
                    fig = draw(rng)
                    fig.savefig(folder / f"{number}.png", bbox_inches="tight", pad_inches=rng.uniform(0.01, 0.1))
                    plt.close(fig)


if __name__ == "__main__":
    main()
