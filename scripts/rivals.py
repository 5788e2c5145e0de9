"""Fits what `auto` judges two readings by: src/recognition/twice.rs and merge.rs.

    cargo run --release --features full --example accuracy -- CORPUS FIRST --words --engine tesseract
    cargo run --release --features full --example accuracy -- CORPUS SECOND --words --engine rapidocr
    python3 scripts/rivals.py CORPUS FIRST SECOND [CORPUS FIRST SECOND]...

Words of both readings that stand on each other are rivals, as in merge.rs; right is what the truth has, as in
calibrate.py. Prints the weights of three curves: the probability that a word of the second reading is right; that
the second of two rivals is the right one, if one of them is; and the same for a word that only the second has.
Documents are split in two halves by name; figures are those of the half that was not fitted on. Needs NumPy.
"""

import hashlib
import json
import re
import sys
from pathlib import Path

import numpy as np

from calibrate import LEAST_RIGHT, area, error, features, fit, right_words, truth_words

SHARED_WIDTH, SHARED_HEIGHT = 0.3, 0.5
# Of src/recognition/calibration.rs.
FIRST = np.array([-0.871, 1.240, 0.592, -1.222, -1.911])
LEAST_KNOWN = 3


def probability(weights, texts, raw):
    return 1 / (1 + np.exp(-features(texts, np.array(raw)) @ weights))


def key(text):
    return re.sub(r"^[\W_]+|[\W_]+$", "", text).lower()


def places(first, second):
    """Indices of words that stand on each other."""
    group = list(range(len(first) + len(second)))

    def root(at):
        while group[at] != at:
            group[at] = group[group[at]]
            at = group[at]
        return at

    for a, word in enumerate(first):
        ax0, ay0, ax1, ay1 = word["rect"]
        for b, other in enumerate(second):
            bx0, by0, bx1, by1 = other["rect"]
            x, y = min(ax1, bx1) - max(ax0, bx0), min(ay1, by1) - max(ay0, by0)
            if x > SHARED_WIDTH * min(ax1 - ax0, bx1 - bx0) and y > SHARED_HEIGHT * min(ay1 - ay0, by1 - by0):
                x, y = root(a), root(len(first) + b)
                group[max(x, y)] = min(x, y)
    found = {}
    for at in range(len(group)):
        place = found.setdefault(root(at), ([], []))
        place[at >= len(first)].append(at - len(first) * (at >= len(first)))
    return list(found.values())


def rows(folder, case):
    path = Path(folder) / f"{case}.words.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def logit(p):
    p = np.clip(p, 0.005, 0.995)
    return np.log(p / (1 - p))


def report(name, x, y, tx, ty, weights):
    p = 1 / (1 + np.exp(-tx @ weights))
    print(f"{name}: weights {', '.join(f'{w:.3f}' for w in weights)}; {len(y)} fitted, {len(ty)} tested, "
          f"{100 * ty.mean():.1f} % right, calibration error {error(p, ty):.4f}, area {area(p, ty):.3f}, "
          f"decided right {100 * ((p > 0.5) == (ty > 0.5)).mean():.1f} %")


def main():
    cases = []
    for corpus, one, two in zip(sys.argv[1::3], sys.argv[2::3], sys.argv[3::3]):
        for path in sorted(Path(two).glob("*.words.jsonl")):
            case = path.name.removesuffix(".words.jsonl")
            a, b = rows(one, case), rows(two, case)
            if not a or not b:
                continue
            truth = truth_words(Path(corpus) / case)
            right = [right_words([r["text"] for r in words], truth, set()) for words in (a, b)]
            if max(sum(right[0]), sum(right[1])) < LEAST_RIGHT * len(a):
                print("left out:", case, file=sys.stderr)
                continue
            document = re.sub(r"^scan-[a-z0-9]+(-g4|-skew)?-", "", case)
            half = int(hashlib.sha256(document.encode()).hexdigest(), 16) % 2
            cases.append((half, a, b, right))

    def stack(parts):
        return [np.concatenate([p[i] for p in parts]) for i in (0, 1)]

    # The second reading's own curve.
    sets = [[], []]
    for half, _, b, (_, right) in cases:
        sets[half].append((features([r["text"] for r in b], np.array([r["confidence"] for r in b])), np.array(right, float)))
    (x, y), (tx, ty) = stack(sets[0]), stack(sets[1])
    second = fit(x, y)
    report("words", x, y, tx, ty, second)

    sets, alone = [[], []], [[], []]
    for half, a, b, right in cases:
        for page in {r["page"] for r in a + b}:
            mine = [i for i, r in enumerate(a) if r["page"] == page]
            theirs = [i for i, r in enumerate(b) if r["page"] == page]
            if not mine or not theirs:
                continue
            pa = probability(FIRST, [a[i]["text"] for i in mine], [a[i]["confidence"] for i in mine])
            pb = probability(second, [b[i]["text"] for i in theirs], [b[i]["confidence"] for i in theirs])
            found = places([a[i] for i in mine], [b[i] for i in theirs])
            same = {key(a[mine[p[0][0]]]["text"]) for p in found
                    if len(p[0]) == len(p[1]) == 1 and a[mine[p[0][0]]]["text"] == b[theirs[p[1][0]]]["text"]}
            same = {word for word in same if len(word) >= LEAST_KNOWN}

            def claim(words, at, p, of):
                texts = [words[at[i]]["text"] for i in of]
                letters = sum(map(len, texts))
                known = sum(len(t) for t in texts if key(t) in same)
                return "".join(texts), float(np.prod([p[i] for i in of])), len(of), known / max(letters, 1)

            for first, other in found:
                if first and other:
                    ta, qa, na, ka = claim(a, mine, pa, first)
                    tb, qb, nb, kb = claim(b, theirs, pb, other)
                    if ta == tb:
                        continue
                    ra, rb = (all(right[0][mine[i]] for i in first), all(right[1][theirs[i]] for i in other))
                    if ra != rb:
                        # Of what differs in number of words or letters, the one with more has lost less.
                        x = [1.0, logit(qa), logit(qb), kb - ka, np.clip(np.log(len(tb) / len(ta)), -1, 1), float(nb - na)]
                        sets[half].append((np.array([x]), np.array([float(rb)])))
                elif other:
                    i = other[0]
                    text = b[theirs[i]]["text"]
                    if any(c.isalnum() for c in text):
                        alone[half].append((pb[i], right[1][theirs[i]]))
    (x, y), (tx, ty) = stack(sets[0]), stack(sets[1])
    report("rivals", x, y, tx, ty, fit(x, y))
    both = np.array(alone[0] + alone[1], float)
    for low in (0.5, 0.6, 0.7, 0.8, 0.9, 0.95):
        some = both[both[:, 0] >= low]
        print(f"alone from {low}: {len(some)} words, {100 * some[:, 1].mean():.1f} % right")


if __name__ == "__main__":
    main()
