"""Fits the curve that turns Tesseract's confidence of a word into the probability that it is right.

    cargo run --release --features full --example accuracy -- CORPUS OUT --words --only scan
    python3 scripts/calibrate.py SHOWN CORPUS OUT [CORPUS OUT]...

Words are aligned with the truth (truth.txt or truth.md of each case); a word is right where it is
the truth's, to the last mark. SHOWN is a folder with <case>.txt: all text that the pages show, as
far as the truth leaves some out (page numbers, running headers); it may be empty. Documents are split in two halves by name: the weights of
src/recognition/calibration.rs are fitted on one, and the tables of docs/confidence.md come from the
other. Prints both. Needs NumPy.
"""

import hashlib
import html
import json
import re
import sys
import unicodedata
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np

EDGE = 0.005
BINS = [0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0001]
# Documents that are not read at all say nothing about words.
LEAST_RIGHT = 0.2


def truth_words(case):
    path = case / "truth.txt"
    if not path.exists():
        path = case / "truth.md"
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        text = html.unescape(re.sub(r"<[^>]+>", " ", text))
        text = re.sub(r"(?m)^\s*(#+|[-*+]|\d+\.)\s+", "", text)
        text = re.sub(r"[|`$\\]|\*\*|!\[[^]]*\]\([^)]*\)", " ", text)
    return [folded(w) for w in text.split()]


def folded(word):
    """Quotes and dashes of all kinds alike: the truth does not keep to what is printed."""
    word = unicodedata.normalize("NFKC", word)
    word = re.sub("[‘’‚‛′]", "'", re.sub("[“”„‟″]", '"', word))
    return re.sub("[‐‑‒–—−]", "-", word)


def right_words(words, truth, shown):
    """Marks the words that are the truth's: in order first, then those that stand elsewhere."""
    words = [folded(w) for w in words]
    right = [False] * len(words)
    left = {}
    for word in truth:
        left[word] = left.get(word, 0) + 1
    for block in SequenceMatcher(None, words, truth, autojunk=False).get_matching_blocks():
        for i in range(block.a, block.a + block.size):
            right[i] = True
            left[words[i]] -= 1
    for i, word in enumerate(words):
        # A long word is no chance meeting: columns may be in another order.
        if not right[i] and len(word) > 3 and left.get(word, 0) > 0:
            right[i] = True
            left[word] -= 1
        elif not right[i] and word in shown and word not in truth:
            right[i] = True
    return right


def logit(p):
    p = np.clip(p, EDGE, 1 - EDGE)
    return np.log(p / (1 - p))


def features(texts, raw):
    return np.column_stack([
        np.ones(len(texts)),
        logit(raw),
        np.log([len(t) for t in texts]),
        [any(c.isnumeric() for c in t) for t in texts],
        [not any(c.isalnum() for c in t) for t in texts],
    ])


def fit(x, y, ridge=1.0):
    """Logistic regression by Newton's method."""
    weights = np.zeros(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ weights))
        gradient = x.T @ (y - p) - ridge * weights
        hessian = (x * (p * (1 - p))[:, None]).T @ x + ridge * np.eye(x.shape[1])
        step = np.linalg.solve(hessian, gradient)
        weights += step
        if np.abs(step).max() < 1e-8:
            break
    return weights


def error(p, y):
    """Expected calibration error over the bins."""
    where = np.digitize(p, BINS)
    parts = [(where == b).sum() * abs(p[where == b].mean() - y[where == b].mean()) for b in set(where)]
    return sum(parts) / len(p)


def area(p, y):
    """Chance that a right word has the higher figure than a wrong one (area under the curve)."""
    order = np.argsort(p, kind="stable")
    ranks = np.empty(len(p))
    ranks[order] = np.arange(1, len(p) + 1)
    good = y.sum()
    return (ranks[y == 1].sum() - good * (good + 1) / 2) / (good * (len(y) - good))


def main():
    sets = {0: [], 1: []}
    for corpus, out in zip(sys.argv[2::2], sys.argv[3::2]):
        for path in sorted(Path(out).glob("*.words.jsonl")):
            case = path.name.removesuffix(".words.jsonl")
            rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            if not rows:
                continue
            # Scans of one document in several conditions stay together.
            document = re.sub(r"^scan-(clean300|faint|fax-g4|gray200|low150|noisy-skew|photo|rot\d+)-", "", case)
            more = Path(sys.argv[1]) / f"{case}.txt"
            shown = more.read_text(encoding="utf-8").split() if more.exists() else []
            truth = truth_words(Path(corpus) / case)
            right = right_words([r["text"] for r in rows], truth, {folded(w) for w in shown})
            if sum(right) < LEAST_RIGHT * len(right):
                print("left out:", case, file=sys.stderr)
                continue
            half = int(hashlib.sha256(document.encode()).hexdigest(), 16) % 2
            for page in sorted({r["page"] for r in rows}):
                own = [i for i, r in enumerate(rows) if r["page"] == page]
                raw = np.array([rows[i]["confidence"] for i in own])
                x = features([rows[i]["text"] for i in own], raw)
                sets[half].append((x, raw, np.array([right[i] for i in own], float)))
    (x, _, y), (tx, traw, ty) = (
        [np.concatenate(parts) for parts in zip(*sets[half])] for half in (0, 1)
    )
    weights = fit(x, y)
    p = 1 / (1 + np.exp(-tx @ weights))
    print("weights:", ", ".join(f"{w:.3f}" for w in weights))
    print(f"fitted on {len(y)} words, tested on {len(ty)} ({100 * ty.mean():.1f} % right)")
    for name, values in [("raw", traw), ("calibrated", p)]:
        brier = ((values - ty) ** 2).mean()
        print(f"{name}: expected calibration error {error(values, ty):.4f}, "
              f"Brier {brier:.4f}, area under curve {area(values, ty):.3f}")
    print("| confidence | words (raw) | right (raw) | words | right |\n|---|--:|--:|--:|--:|")
    for low, high in zip(BINS, BINS[1:]):
        cells = []
        for values in (traw, p):
            inside = (values >= low) & (values < high)
            share = f"{100 * ty[inside].mean():.1f} %" if inside.any() else "–"
            cells += [str(inside.sum()), share]
        print(f"| {low:g}–{min(high, 1):g} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
