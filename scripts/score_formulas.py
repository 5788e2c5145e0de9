#!/usr/bin/env python3
"""Similarity of the LaTeX of display formulas: score_formulas.py PRED_DIR CORPUS_DIR [--only TEXT] [--show LEAST]

PRED_DIR/<case>.md is compared with CORPUS_DIR/<case>/truth.md. Formulas are what stands between `$$`. Those of a
case are paired in order so that the sum of similarities is largest; one without a partner counts 0.

Similarity is 1 - (edit distance of tokens) / (tokens of the longer one). Before, both are normalised:
* spaces, `\\left` `\\right` `\\big…` `\\limits` `\\displaystyle` `\\nolimits`, commands of spacing, and `.` after
  `\\left`/`\\right` are dropped, and so is a full stop or comma at the end;
* braces around one token or around a whole group are dropped where no command takes them as its argument, and
  arguments always get braces: `x_1` is `x_{1}`, `\\frac12` is `\\frac{1}{2}`; `_` comes before `^`;
* synonyms are one: \\le \\leq, \\ge \\geq, \\ne \\neq, \\to \\rightarrow, \\dots \\ldots, \\ast *, \\prime ', \\vert |,
  \\Vert \\|, \\mid |, \\colon :, \\lbrace \\{, \\land \\wedge, \\lor \\vee, \\lnot \\neg, \\dfrac \\tfrac \\frac,
  \\bm \\boldsymbol \\mathbf, \\mathscr \\mathcal, \\implies \\iff and their arrows, \\varnothing \\emptyset;
  names of functions (\\sin), \\operatorname, \\text, \\mathrm and \\textrm are letters set upright alike: \\mathrm{…};
* align, split, gather and eqnarray are aligned; array is matrix; pmatrix and its like are a matrix in brackets, and
  cases a matrix after \\{.
`\\tag{…}` is left out of both.
"""
import argparse
import pathlib
import re
import sys

TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|[^\s]", re.S)
DROP = set(
    r"\left \right \big \Big \bigg \Bigg \bigl \bigr \Bigl \Bigr \biggl \biggr \limits \nolimits \displaystyle "
    r"\textstyle \, \; \: \! \quad \qquad \nonumber \notag \hfill \thinspace ~".split()
) | {"\\ ", "\\>"}
SAME = dict(
    pair.split("=", 1)
    for pair in (
        r"\le=\leq \ge=\geq \ne=\neq \to=\rightarrow \gets=\leftarrow \dots=\ldots \ast=* \prime=' \vert=| \lvert=| "
        r"\rvert=| \mid=| \Vert=\| \lVert=\| \rVert=\| \parallel=\| \colon=: \lbrace=\{ \rbrace=\} \land=\wedge "
        r"\lor=\vee \lnot=\neg \dfrac=\frac \tfrac=\frac \dbinom=\binom \tbinom=\binom \bm=\mathbf \boldsymbol=\mathbf "
        r"\mathscr=\mathcal \implies=\Rightarrow \Longrightarrow=\Rightarrow \iff=\Leftrightarrow "
        r"\Longleftrightarrow=\Leftrightarrow \longrightarrow=\rightarrow \varnothing=\emptyset \owns=\ni "
        r"\operatorname=\mathrm \operatorname*=\mathrm \text=\mathrm \textrm=\mathrm \mbox=\mathrm \rm=\mathrm "
        r"\textbf=\mathbf \Bbb=\mathbb \frak=\mathfrak \lbrack=[ \rbrack=] \hdots=\ldots \dotsc=\ldots \dotsb=\cdots"
    ).split()
)
FUNCTIONS = set(
    "lim max min sup inf det gcd Pr liminf limsup sin cos tan cot sec csc sinh cosh tanh coth arcsin arccos arctan "
    "log ln lg exp dim ker deg hom arg".split()
)
ONE = set(
    r"\sqrt \hat \bar \tilde \vec \dot \ddot \check \breve \acute \grave \mathring \overline \underline \widehat "
    r"\widetilde \overrightarrow \overbrace \underbrace \mathbf \mathbb \mathcal \mathfrak \mathsf \mathtt \mathrm "
    r"\mathit \substack _ ^".split()
)
TWO = {r"\frac", r"\binom"}
SAME_GRID = {
    "align": "aligned", "split": "aligned", "gather": "aligned", "gathered": "aligned", "eqnarray": "aligned",
    "multline": "aligned", "alignedat": "aligned", "array": "matrix", "smallmatrix": "matrix", "dcases": "cases",
}
BRACKETS = {
    "pmatrix": ("(", ")"), "bmatrix": ("[", "]"), "vmatrix": ("|", "|"), "Vmatrix": (r"\|", r"\|"),
    "Bmatrix": (r"\{", r"\}"), "cases": (r"\{", ""),
}


def tokens(latex):
    latex = re.sub(r"\\tag\*?\{[^}]*\}", "", latex)
    latex = re.sub(r"(\\(?:left|right|[bB]igg?[lr]?))\s*\.", r"\1", latex)
    latex = re.sub(r"\\(begin|end)\s*\{(\w+)\*?\}(\s*\{[lcr|]+\})?", environment, latex)
    latex = re.sub(r"\\(%s)(?![A-Za-z])" % "|".join(FUNCTIONS), r"\\mathrm{\1}", latex)
    out = []
    for token in TOKEN.findall(latex):
        token = SAME.get(token, token)
        if token not in DROP:
            out.append(token)
    while out and out[-1] in (".", ","):
        out.pop()
    return out


def environment(match):
    name = SAME_GRID.get(match[2], match[2])
    opening, closing = BRACKETS.get(name, ("", ""))
    if name in BRACKETS:
        name = "matrix"
    if match[1] == "begin":
        return f"{opening} \\BEGIN{name} "
    return f" \\END{name} {closing}"


def normalised(latex):
    """The tokens, with braces around arguments and around nothing else."""
    rest = tokens(latex)
    rest.reverse()
    return row(rest, False)


def row(rest, inside):
    out = []
    while rest:
        token = rest.pop()
        if token == "}":
            if inside:
                return ordered(out)
            continue
        if token == "{":
            out += row(rest, True)
        elif token == r"\sqrt" and rest and rest[-1] == "[":
            rest.pop()
            index = []
            while rest and rest[-1] != "]":
                index.append(rest.pop())
            if rest:
                rest.pop()
            index.reverse()
            out.append([token, ["["] + row(index, False) + ["]"], argument(rest)])
        elif token in TWO:
            out.append([token, argument(rest), argument(rest)])
        elif token in ONE:
            out.append([token, argument(rest)])
        elif token == "'":
            primes = ["'"]
            while rest and rest[-1] == "'":
                primes.append(rest.pop())
            out.append(["^", primes])
        else:
            out.append(token)
    return ordered(out)


def argument(rest):
    if not rest:
        return []
    token = rest.pop()
    if token == "{":
        return row(rest, True)
    if token in ONE:
        return [[token, argument(rest)]]
    if token in TWO:
        return [[token, argument(rest), argument(rest)]]
    return [token]


def ordered(items):
    """Scripts of one base: `_` first, and several of a kind as one."""
    out, at = [], 0
    while at < len(items):
        scripts = {"_": [], "^": []}
        start = at
        while at < len(items) and isinstance(items[at], list) and items[at][0] in scripts:
            # A raised \\prime is a prime.
            for item in items[at][1]:
                raised = isinstance(item, list) and item[0] == "^" and items[at][0] == "^"
                scripts[items[at][0]] += item[1] if raised else [item]
            at += 1
        if at > start:
            out += [[mark, scripts[mark]] for mark in ("_", "^") if scripts[mark]]
        else:
            out.append(items[at])
            at += 1
    return out


def flat(items):
    out = []
    for item in items:
        if not isinstance(item, list):
            out.append(item)
            continue
        out.append(item[0])
        for part in item[1:]:
            if part and part[0] == "[" and item[0] == r"\sqrt":
                out += flat(part)
            else:
                out += ["{"] + flat(part) + ["}"]
    return out


def distance(a, b):
    last = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        now = [i]
        for j, y in enumerate(b, 1):
            now.append(min(last[j] + 1, now[-1] + 1, last[j - 1] + (x != y)))
        last = now
    return last[-1]


def similarity(a, b):
    a, b = flat(normalised(a)), flat(normalised(b))
    return 1.0 - distance(a, b) / max(len(a), len(b), 1)


def formulas(markdown):
    return [f.strip() for f in re.findall(r"\$\$(.+?)\$\$", markdown, re.S)]


def paired(found, wanted):
    """The pairs, in order, whose similarities have the largest sum."""
    best = [[(0.0, None)] * (len(found) + 1) for _ in range(len(wanted) + 1)]
    for i in range(1, len(wanted) + 1):
        for j in range(1, len(found) + 1):
            pair = similarity(wanted[i - 1], found[j - 1])
            best[i][j] = max(
                (best[i - 1][j][0], "wanted"), (best[i][j - 1][0], "found"),
                (best[i - 1][j - 1][0] + pair, "pair"),
            )
    i, j, pairs = len(wanted), len(found), {}
    while i and j:
        step = best[i][j][1]
        if step == "pair":
            pairs[i - 1] = j - 1
        i, j = i - (step != "found"), j - (step != "wanted")
    return pairs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pred", type=pathlib.Path)
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--show", type=float, default=-1.0, help="print formulas below this similarity")
    args = parser.parse_args()
    total, count, spare = 0.0, 0, 0
    for case in sorted(args.corpus.iterdir()):
        truth, pred = case / "truth.md", args.pred / f"{case.name}.md"
        if args.only not in case.name or not truth.exists():
            continue
        wanted = formulas(truth.read_text())
        if not wanted:
            continue
        found = formulas(pred.read_text()) if pred.exists() else []
        pairs = paired(found, wanted)
        scores = [similarity(w, found[pairs[n]]) if n in pairs else 0.0 for n, w in enumerate(wanted)]
        extra = len(found) - len(pairs)
        for n, score in enumerate(scores):
            if score < args.show:
                got = found[pairs[n]] if n in pairs else "(none)"
                print(f"  {score:.2f}  want {wanted[n]}\n        got  {got}")
        for k in range(len(found)):
            if args.show > 0 and k not in pairs.values():
                print(f"  spare {found[k]}")
        print(f"{case.name:28} {sum(scores) / len(scores):.3f}  of {len(scores)}, {extra} more found")
        total, count, spare = total + sum(scores), count + len(scores), spare + extra
    if not count:
        sys.exit("no formulas in the truth")
    print(f"{'all':28} {total / count:.3f}  of {count}, {spare} more found")


if __name__ == "__main__":
    main()
