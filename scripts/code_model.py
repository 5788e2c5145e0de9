"""Fits the model that tells the language of program text: `src/enrich/code.bin`.

    python3 scripts/code_model.py PROJECTS src/enrich/code.bin [--report FILE]

PROJECTS is a folder with a folder (or link) for each project: sources of packages with permissive
licences (docs/enrichment.md names those that the model was fitted to). Needs numpy and scipy.

A snippet of 3, 10 or 30 lines is a set of marks: words, runs of signs, pairs of the two, what stands
at the beginning and end of lines. The model is a softmax over them, for the languages that
docling-core has a label for, and one class for everything else (other languages, listings of
consoles, plain text). Projects are split: what is measured comes from projects that nothing was
learnt from. What is written (see `src/enrich/code/model.rs`, which reads it): names of the classes,
marks, and a weight of four bits for each of both.
"""

import argparse
import json
import random
import re
import struct
from collections import Counter, defaultdict
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from scipy import sparse

# docling-core's labels, and how files of them end.
ENDINGS = {
    "Bash": "sh bash", "C": "c", "C#": "cs", "C++": "cpp cc cxx hpp", "CMake": "cmake",
    "CSS": "css scss", "Clojure": "clj cljs cljc", "D": "d", "Erlang": "erl hrl",
    "FORTRAN": "f f90 F90", "Go": "go", "HTML": "html htm", "Haskell": "hs", "Haxe": "hx",
    "Java": "java", "JavaScript": "js mjs", "JSON": "json", "Kotlin": "kt kts", "Latex": "tex sty cls",
    "Lisp": "lisp", "Lua": "lua", "Matlab": "m", "Nim": "nim", "ObjectiveC": "mm", "OCaml": "ml mli",
    "PHP": "php", "Perl": "pm pl t", "Prolog": "plt", "Python": "py", "Racket": "rkt", "Ruby": "rb",
    "Rust": "rs", "SQL": "sql", "Scheme": "scm ss", "Swift": "swift", "TypeScript": "ts tsx mts",
    "XML": "xml xsl xsd svg", "YAML": "yaml yml",
}
# What is none of docling's, or nothing at all.
OTHERS = "mk S s asm toml ini cfg tcl R vim bat am in po gradle proto log conf"
NONE = "unknown"
LABEL = {e: label for label, ends in ENDINGS.items() for e in ends.split()}
LABEL |= {e: NONE for e in OTHERS.split()}
LENGTHS = (3, 10, 30)
# Snippets of one class, and the share of it that one project may have.
MOST = 5000
OF_PROJECT = 0.35
FILES = 1200
MARKS = 2600
# Four bits a weight, by steps of this size.
STEP = 0.2

WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[^\sA-Za-z0-9_]{1,3}|\n")
QUOTES = str.maketrans("“”„‘’‚´–—", "\"\"\"''''--")


def marks(text):
    """The marks of a snippet. `src/enrich/code/marks.rs` has the same rules."""
    out = set()
    for line in text.translate(QUOTES).split("\n"):
        tokens = [(m.group(), m.start(), m.end()) for m in WORD.finditer(line) if m.group().isascii()]
        previous = None
        for n, (token, start, end) in enumerate(tokens):
            kind = "w" if token[0].isalpha() or token[0] == "_" else "0" if token[0].isdigit() else "p"
            if kind != "0":
                out.add(token)
            if n == 0 and kind != "0":
                out.add("^" + token)
            if n + 1 == len(tokens) and kind != "0":
                out.add(token + "$")
            if previous is not None:
                before, before_kind, before_end = previous
                gap = " " if start > before_end else ""
                if (before_kind, kind) == ("w", "w"):
                    out.add(f"{before} a")
                    out.add(f"a {token}")
                    out.add(f"{before} {token}")
                elif (before_kind, kind) == ("w", "p"):
                    out.add(f"{before}{gap}{token}")
                    out.add(f"a{gap}{token}")
                elif (before_kind, kind) == ("p", "w"):
                    out.add(f"{before}{gap}{token}")
                    out.add(f"{before}{gap}a")
            previous = (token, kind, end)
    return {mark for mark in out if len(mark) <= 24}


def label_of(path, project):
    if path.name == "CMakeLists.txt":
        return "CMake"
    if path.name in ("Makefile", "README", "LICENSE", "COPYING", "NEWS"):
        return NONE
    if "." not in path.name:
        return "Bash" if project.startswith(("pyenv", "bats")) else None
    end = path.name.rsplit(".", 1)[1]
    label = LABEL.get(end)
    if end in ("pl", "plt") and project.startswith("swi-prolog"):
        return "Prolog"
    if end == "m" and not project.startswith("matpower"):
        return "ObjectiveC" if "react-native" in project or "expo" in project else None
    if end == "t" and not project.endswith("-perl"):
        return None
    if end in ("am", "in") and not path.name.startswith(("Makefile", "configure")):
        return None
    if ".min." in path.name or "node_modules" in path.parts:
        return None
    return label


def read(job):
    label, project, paths = job
    out = []
    for path in paths:
        try:
            text = Path(path).read_bytes()[:200_000].decode("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        lines = [line.rstrip() for line in text.replace("\t", "    ").split("\n")]
        if label == "Bash" and "." not in Path(path).name and not re.match(r"#!.*sh\b", lines[0]):
            continue
        # Heads of files are licences.
        body = lines[15:] if len(lines) > 45 else lines
        rng = random.Random(path)
        for n in range(6):
            length = LENGTHS[n % 3]
            if len(body) < length:
                continue
            at = rng.randrange(len(body) - length + 1)
            snippet = [line for line in body[at:at + length]]
            if sum(bool(line.strip()) for line in snippet) < 0.7 * length:
                continue
            if max(map(len, snippet)) > 200 or is_comment(snippet):
                continue
            out.append((label, project, path, length, "\n".join(snippet)))
    return out


COMMENT = re.compile(r"\s*(//|/\*|\*|#(?!\s*(include|define|if|ifdef|ifndef|endif|pragma|import|lang|undef|\[|!\[))|--|;|%|\"\"\"|\(\*|<!--|!)|^[Cc*] ")


def is_comment(lines):
    """Whether hardly a line of it is anything but a comment."""
    full = [line for line in lines if line.strip()]
    return sum(not COMMENT.match(line) for line in full) < max(2, 0.4 * len(full))


def blurred(text, rng):
    """The snippet as recognisers may give it."""
    swaps = {"l": "1", "1": "l", "O": "0", "0": "O", "I": "l", ";": ":", "'": "’", '"': "”", "{": "(", "_": " ", ",": "."}
    out = []
    curly = rng.random() < 0.3
    for c in text:
        if c in "\"'" and curly:
            c = {"'": "’", '"': "”"}[c]
        elif c in swaps and rng.random() < 0.02:
            c = swaps[c]
        elif c == " " and rng.random() < 0.03:
            continue
        elif c in "().,;:=<>" and rng.random() < 0.05:
            c = rng.choice([c + " ", " " + c])
        out.append(c)
    lines = "".join(out).split("\n")
    return "\n".join(line.lstrip() for line in lines) if rng.random() < 0.3 else "\n".join(lines)


def gather(root):
    """Snippets, by class and project."""
    jobs = []
    for project in sorted(root.iterdir()):
        files = defaultdict(list)
        for path in walk(project):
            label = label_of(path, project.name)
            if label:
                files[label].append(str(path))
        for label, paths in files.items():
            random.Random(project.name).shuffle(paths)
            jobs.append((label, project.name, paths[:FILES]))
    with Pool(2) as pool:
        found = [s for part in pool.imap_unordered(read, jobs) for s in part]
    by_class = defaultdict(lambda: defaultdict(list))
    seen = set()
    for snippet in sorted(found):
        if snippet[4] not in seen:
            seen.add(snippet[4])
            by_class[snippet[0]][snippet[1]].append(snippet)
    return by_class


def walk(folder):
    import os
    for at, _, names in os.walk(folder, followlinks=False):
        for name in sorted(names):
            path = Path(at) / name
            if not path.is_symlink():
                yield path


def split(by_class):
    """Snippets to learn from and to measure by, of different projects."""
    learn, measure, alone = [], [], []
    rng = random.Random(7)
    for label, projects in sorted(by_class.items()):
        order = sorted(projects, key=lambda p: (-len(projects[p]), p))
        if len([p for p in order if len(projects[p]) >= 20]) < 2 and order:
            alone.append(label)
            # One project: its folders are split.
            parts = defaultdict(list)
            for s in projects[order[0]]:
                folder = str(Path(s[2]).parent)
                parts["measure" if random.Random(folder).random() < 0.3 else "learn"].append(s)
            projects = {**projects, order[0]: parts["learn"], "+": parts["measure"]}
            held = {"+"} | set(order[1:])
            order = list(projects)
        else:
            held = set(order[1::3])
        cap = int(MOST * OF_PROJECT) if len(order) > 2 else MOST
        mine = []
        for project in order:
            some = projects[project]
            rng.shuffle(some)
            if project in held:
                measure += some[:300]
            else:
                mine += some[:cap]
        rng.shuffle(mine)
        learn += mine[:MOST]
    return learn, measure, alone


def marks_of(texts):
    with Pool(2) as pool:
        return pool.map(marks, texts, chunksize=500)


def choose(sets, labels, projects, classes):
    """The marks that say most, and do not belong to one project alone."""
    total = Counter()
    by_class = defaultdict(Counter)
    where = defaultdict(set)
    size = Counter(labels)
    for found, label, project in zip(sets, labels, projects):
        for mark in found:
            total[mark] += 1
            by_class[mark][label] += 1
            if len(where[mark]) < 3:
                where[mark].add(project)
    scored = []
    for mark, count in total.items():
        if count < 15:
            continue
        rates = np.array([by_class[mark][c] / size[c] for c in classes]) + 1e-5
        share = rates / rates.sum()
        # How much the mark tells, were all classes as frequent as each other.
        gain = rates.sum() * (np.log(len(classes)) + (share * np.log(share)).sum())
        # Names that one project gave are no part of a language.
        if len(where[mark]) < 2:
            gain *= 0.25
        scored.append((gain, mark, int(share.argmax())))
    scored.sort(reverse=True)
    chosen = [mark for _, mark, _ in scored[:MARKS // 2]]
    # And the best of each class, so that rare ones are told as well.
    each = MARKS // 2 // len(classes)
    left = Counter()
    for _, mark, best in scored[MARKS // 2:]:
        if left[best] < each:
            left[best] += 1
            chosen.append(mark)
    return sorted(chosen)


def matrix(sets, index):
    rows, columns = [], []
    for row, found in enumerate(sets):
        for mark in found:
            if mark in index:
                rows.append(row)
                columns.append(index[mark])
    data = np.ones(len(rows), dtype=np.float32)
    return sparse.csr_matrix((data, (rows, columns)), shape=(len(sets), len(index)), dtype=np.float32)


def fit(x, y, classes, decay=3e-5, passes=14):
    """A softmax, by Adam over batches."""
    rng = np.random.default_rng(1)
    w = np.zeros((x.shape[1], classes), dtype=np.float32)
    b = np.zeros(classes, dtype=np.float32)
    m, v = np.zeros_like(w), np.zeros_like(w)
    weight = 1 / np.maximum(np.bincount(y, minlength=classes), 1)
    weight = (weight / weight[y].mean()).astype(np.float32)
    step = 0
    for turn in range(passes):
        order = rng.permutation(x.shape[0])
        rate = 0.02 * (1 - turn / passes)
        for at in range(0, len(order), 512):
            rows = order[at:at + 512]
            part, want = x[rows], y[rows]
            p = softmax(part @ w + b)
            p[np.arange(len(rows)), want] -= 1
            p *= weight[want][:, None]
            gradient = (part.T @ p) / len(rows) + decay * w
            step += 1
            m = 0.9 * m + 0.1 * gradient
            v = 0.99 * v + 0.01 * gradient**2
            w -= rate * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.99**step)) + 1e-6)
            b -= rate * p.mean(axis=0)
    return w, b


def softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("projects", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--report", type=Path)
    parser.add_argument("--snippets", type=Path, help="where what is measured by goes, as JSON Lines")
    args = parser.parse_args()
    by_class = gather(args.projects)
    classes = sorted(by_class)
    learn, measure, alone = split(by_class)
    rng = random.Random(3)
    texts = [blurred(s[4], rng) if rng.random() < 0.3 else s[4] for s in learn]
    labels = [s[0] for s in learn]
    sets = marks_of(texts)
    chosen = choose(sets, labels, [s[1] for s in learn], classes)
    index = {mark: n for n, mark in enumerate(chosen)}
    y = np.array([classes.index(label) for label in labels])
    w, b = fit(matrix(sets, index), y, len(classes))
    q = np.clip(np.round(w / STEP), -8, 7).astype(np.int8)
    r = np.clip(np.round(b / STEP), -8, 7).astype(np.int8)
    print("of the weights", round(100 * float((np.abs(w) > 7.5 * STEP).mean()), 2), "% are cut")
    write(args.out, classes, chosen, q, r)
    lines = report(measure, index, classes, q, r, alone)
    print("\n".join(lines))
    if args.report:
        args.report.write_text("\n".join(lines) + "\n")
    if args.snippets:
        with args.snippets.open("w") as out:
            for s in measure:
                out.write(json.dumps({"language": s[0], "project": s[1], "lines": s[3], "text": s[4]}) + "\n")


def write(path, classes, chosen, q, r):
    def names(list_):
        text = "\n".join(list_).encode()
        return struct.pack("<I", len(text)) + text
    # Class by class within a mark, two weights a byte, the lower half first.
    flat = np.concatenate([r[None, :], q]).reshape(-1).astype(np.int16) + 8
    if len(flat) % 2:
        flat = np.append(flat, 0)
    packed = (flat[0::2] | flat[1::2] << 4).astype(np.uint8)
    path.write_bytes(names(classes) + names(chosen) + packed.tobytes())
    print(path, path.stat().st_size, "bytes,", len(classes), "classes,", len(chosen), "marks")


def report(measure, index, classes, q, r, alone):
    out = [f"{len(measure)} snippets of {len({s[1] for s in measure})} projects; one project only: {', '.join(alone)}"]
    w, b = q.astype(np.float32) * STEP, r.astype(np.float32) * STEP
    truth = np.array([classes.index(s[0]) for s in measure])
    lengths = np.array([s[3] for s in measure])
    size = np.bincount(truth, minlength=len(classes))
    weight = 1 / np.maximum(size, 1)[truth]
    none = classes.index(NONE)
    code = truth != none
    rng = random.Random(5)
    for name, texts in [("as it is", [s[4] for s in measure]), ("blurred", [blurred(s[4], rng) for s in measure])]:
        p = softmax(matrix(marks_of(texts), index) @ w + b)
        best, sure = p.argmax(1), p.max(1)
        for length in LENGTHS:
            at = lengths == length
            mean = lambda mask, of: 100 * weight[mask & of].sum() / max(weight[of].sum(), 1e-9)
            row = f"{name}, {length} lines: best guess right {mean(best == truth, at & code):.1f} %"
            for least in (0.5, 0.6, 0.7, 0.8, 0.9):
                said = (sure >= least) & (best != none)
                row += f"; from {least}: said {mean(said, at & code):.1f} %, of that right {mean(best == truth, at & code & said):.1f} %, named where there is no language {mean(said, at & ~code):.1f} %"
            out.append(row)
        if name == "as it is":
            for label in classes:
                of = (truth == classes.index(label)) & (lengths == 10)
                wrong = Counter(classes[n] for n in best[of & (best != truth)])
                out.append(f"  {label}: {of.sum()} of 10 lines, right {100 * (best == truth)[of].mean() if of.any() else 0:.0f} %; {dict(wrong.most_common(4))}")
    return out


if __name__ == "__main__":
    main()
