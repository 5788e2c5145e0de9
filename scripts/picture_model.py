"""Grows the forest that tells what pictures are: `src/enrich/pictures.bin`.

    cargo run --features full --example picture_marks -- FOLDER > marks.tsv
    python3 scripts/picture_model.py marks.tsv src/enrich/pictures.bin [--held HELD.tsv …]

FOLDER has a folder of images for each class, and in it one for each source: `photograph/SOURCE/….jpg`
(docs/enrichment.md says what the forest was grown from; `scripts/made_pictures.py` makes charts). The
example computes the numbers that the forest looks at, so that there is one implementation of them.
Every third source of a class is left out of the learning and measured by; tables after `--held` are
measured by alone. Needs numpy and scikit-learn.
"""

import argparse
import struct
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier

# Too few of these are told by their pixels, or too much else is taken for them.
MERGED = {"logo": "other", "screenshot_from_computer": "other", "flow_chart": "other"}
TREES = 40
DEPTH = 9
LEAF = 255


def table(path):
    labels, sources, rows = [], [], []
    for line in Path(path).read_text().splitlines():
        label, source, _name, *numbers = line.split("\t")
        labels.append(MERGED.get(label, label))
        sources.append(source)
        rows.append([float(n) for n in numbers])
    return np.array(labels), np.array(sources), np.array(rows, dtype=np.float32)


def measure(name, forest, classes, labels, rows, least=0.5):
    shares = forest.predict_proba(rows)
    best = shares.argmax(1)
    said = np.where(shares.max(1) >= least, np.array(classes)[best], "other")
    print(f"== {name}: {len(labels)} pictures; right {100 * (said == labels).mean():.1f} %")
    matrix = defaultdict(Counter)
    for truth, guess in zip(labels, said):
        matrix[truth][guess] += 1
    for truth in sorted(matrix):
        row = matrix[truth]
        print(f"  {truth:26} {sum(row.values()):5}  " + ", ".join(f"{g} {n}" for g, n in row.most_common()))
    named = said != "other"
    for guess in sorted(set(said[named])):
        of = said == guess
        print(f"  said {guess}: {of.sum()}, right {100 * (labels[of] == guess).mean():.0f} %")
    return said


def write(path, classes, forest):
    text = "\n".join(classes).encode()
    out = struct.pack("<I", len(text)) + text
    for tree in (e.tree_ for e in forest.estimators_):
        out += struct.pack("<H", tree.node_count)
        for node in range(tree.node_count):
            if tree.children_left[node] < 0:
                share = tree.value[node][0] / tree.value[node][0].sum()
                out += bytes([LEAF]) + bytes(int(round(255 * s)) for s in share)
            else:
                out += struct.pack("<BfHH", tree.feature[node], tree.threshold[node], tree.children_left[node], tree.children_right[node])
    path.write_bytes(out)
    print(path, len(out), "bytes")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("marks")
    parser.add_argument("out", type=Path)
    parser.add_argument("--held", nargs="*", default=[])
    args = parser.parse_args()
    labels, sources, rows = table(args.marks)
    held = np.zeros(len(labels), dtype=bool)
    for label in sorted(set(labels)):
        mine = sorted(set(sources[labels == label]))
        # Sources are ordered by name; one style of each kind of chart is among those left out.
        for source in mine[2::3] if len(mine) > 2 else mine[1:2]:
            held |= (labels == label) & (sources == source)
            print("measured by", label, source)
    classes = sorted(set(labels))
    forest = ExtraTreesClassifier(
        TREES, max_depth=DEPTH, min_samples_leaf=3, class_weight="balanced", max_features=10, random_state=1
    )
    forest.fit(rows[~held], labels[~held])
    measure("learnt", forest, classes, labels[~held], rows[~held])
    measure("other sources", forest, classes, labels[held], rows[held])
    for path in args.held:
        l, s, r = table(path)
        measure(path, forest, classes, l, r)
    top = sorted(zip(forest.feature_importances_, range(rows.shape[1])), reverse=True)[:12]
    print("most telling:", ", ".join(f"{n} ({v:.2f})" for v, n in top))
    write(args.out, classes, forest)


if __name__ == "__main__":
    main()
