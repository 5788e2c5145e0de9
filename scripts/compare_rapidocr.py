#!/usr/bin/env python3
"""compare_rapidocr.py - recto's engine rapidocr beside the Python package of that name.

    compare_rapidocr.py CORPUS OUT --recto target/release/recto --models models [--size tiny]
                        [--cases NAME,NAME...] [--threads 1] [--ort]

Both get the same models and the same pages: every page of the cases is drawn once at 300 pixels an
inch (PNG, gray), and both read the image. CORPUS holds <case>/{input.*,truth.txt}. Printed are, for
each case and over all, the character errors (edit distance over length, white space removed) and the
seconds a page.

The package sorts lines by their height on the page, which scrambles columns and slanted pages. As it
is letters that are compared, its lines are put into recto's order: each where the nearest of
recto's words stands. `in order` is the package's own order.

Needs: pip install rapidocr==3.10.0 onnxruntime pypdfium2 rapidfuzz pillow
"""
import argparse
import json
import os
import re
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

# Set before the libraries start their threads.
THREADS = sys.argv[sys.argv.index("--threads") + 1] if "--threads" in sys.argv else "1"
for variable in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"]:
    os.environ[variable] = THREADS

import cv2
import numpy as np
import pypdfium2
from PIL import Image
from rapidfuzz.distance import Levenshtein
from rapidocr import RapidOCR
from rapidocr.utils.typings import ModelType, OCRVersion

DPI = 300
# As src/neural/text/detect.rs has them.
RECIPES = {
    "tiny": {
        "Det.mean": [0.485, 0.456, 0.406], "Det.std": [0.229, 0.224, 0.225],
        "Det.limit_side_len": 960, "Det.limit_type": "max", "Det.thresh": 0.2, "Det.box_thresh": 0.4,
        "Det.unclip_ratio": 1.4, "Det.max_candidates": 3000, "Det.use_dilation": False,
    },
    "small": {"Det.limit_side_len": 1280, "Det.limit_type": "max", "Det.max_candidates": 3000},
}


def pages_of(source, folder, name):
    """The pages of a case, drawn."""
    if source.suffix == ".pdf":
        images = [page.render(scale=DPI / 72, grayscale=True).to_pil() for page in pypdfium2.PdfDocument(source)]
    else:
        with Image.open(source) as image:
            images = [image.convert("L")]
    out = []
    for number, image in enumerate(images):
        path = folder / f"{name}-{number}.png"
        image.convert("L").save(path, dpi=(DPI, DPI))
        out.append(path)
    return out


def package(size, models, threads):
    params = {
        "Global.use_cls": False, "Global.log_level": "warning",
        "EngineConfig.onnxruntime.intra_op_num_threads": threads,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        "Det.ocr_version": OCRVersion.PPOCRV6, "Rec.ocr_version": OCRVersion.PPOCRV6,
        "Det.model_type": ModelType(size), "Rec.model_type": ModelType(size),
        "Det.model_path": str(models / f"PP-OCRv6_det_{size}.onnx"),
        "Rec.model_path": str(models / f"PP-OCRv6_rec_{size}.onnx"),
        **RECIPES[size],
    }
    cv2.setNumThreads(threads)
    return RapidOCR(params=params)


def lines_of(result):
    if result.boxes is None:
        return []
    return [(text, np.array(box).mean(axis=0)) for text, box in zip(result.txts, result.boxes)]


def recto_pages(recto, images, out, threads, environment):
    """recto's words in reading order with the middles of their boxes, and the seconds it took."""
    command = [recto, "batch", *images, "--output", out, "--overwrite", "--format", "json", "--engine", "rapidocr",
               "--ocr", "always", "--jobs", str(threads)]
    started = time.perf_counter()
    subprocess.run(list(map(str, command)), check=True, env=environment, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - started
    pages = []
    for image in images:
        document = json.loads((out / f"{image.stem}.json").read_text())
        page = document["pages"][0]
        scale = page["resolution"] / 72 if page["resolution"] else 1
        order = [index for block in page["blocks"] for index in words_of(block)]
        words = []
        for index in order:
            word = page["words"][index]
            left, top, right, bottom = word["rect"]
            words.append((word["text"], np.array([left + right, top + bottom]) / 2 * scale))
        pages.append((words, page.get("engine")))
    return pages, seconds


def words_of(node):
    """Indices of the words of a block, wherever its role keeps them."""
    if isinstance(node, dict):
        found = [i for line in node.get("lines", []) for i in line.get("words", [])] if "lines" in node else []
        if found:
            return found
        own = node.get("words")
        if isinstance(own, list) and own and all(isinstance(i, int) for i in own):
            return own
        return [i for value in node.values() for i in words_of(value)]
    if isinstance(node, list):
        return [i for value in node for i in words_of(value)]
    return []


def sorted_by(lines, words):
    """Lines in the order of the words nearest to them."""
    if not words:
        return lines
    places = np.array([place for _, place in words])

    def key(line):
        # Lines lie: half a line up or down is as far as several words to the side.
        distance = np.abs(places - line[1]) * np.array([0.2, 1.0])
        return int(np.argmin(distance.sum(axis=1)))

    return sorted(lines, key=key)


def bare(text):
    return re.sub(r"\s+", "", unicodedata.normalize("NFC", text))


def errors(text, truth):
    return Levenshtein.distance(bare(text), bare(truth))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--recto", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--size", choices=RECIPES, default="tiny")
    parser.add_argument("--cases", default="")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--ort", action="store_true", help="let recto use the package's ONNX Runtime")
    parser.add_argument("--skip-package", action="store_true")
    args = parser.parse_args()

    wanted = [name for name in args.cases.split(",") if name]
    cases = sorted(path for path in args.corpus.iterdir() if path.is_dir() and (not wanted or path.name in wanted))
    (args.out / "pages").mkdir(parents=True, exist_ok=True)
    images = {}
    for case in cases:
        source = next(case.glob("input.*"))
        images[case] = pages_of(source, args.out / "pages", case.name)
    every = [image for case in cases for image in images[case]]

    # A folder of its own: nothing else that is installed is taken.
    pair = args.out / f"models-{args.size}"
    pair.mkdir(exist_ok=True)
    for kind in ["det", "rec"]:
        link = pair / f"PP-OCRv6_{kind}_{args.size}.onnx"
        link.unlink(missing_ok=True)
        link.symlink_to((args.models / link.name).resolve())
    environment = {**os.environ, "RECTO_MODEL_DIR": str(pair)}
    if args.ort:
        import onnxruntime
        environment["RECTO_ONNXRUNTIME"] = str(next(Path(onnxruntime.__file__).parent.glob("capi/libonnxruntime.so*")))
    pages, recto_seconds = recto_pages(args.recto.resolve(), every, args.out / f"recto-{args.size}", args.threads, environment)
    ours = dict(zip(every, pages))

    engine = package(args.size, args.models, args.threads)
    engine(np.full((100, 400, 3), 255, np.uint8))  # loads the models
    theirs, package_seconds = {}, 0.0
    for image in every:
        if args.skip_package:
            theirs[image] = []
            continue
        pixels = cv2.imread(str(image))
        started = time.perf_counter()
        theirs[image] = lines_of(engine(pixels))
        package_seconds += time.perf_counter() - started

    total = {"truth": 0, "recto": 0, "package": 0, "in order": 0}
    print(f"{'case':44} {'pages':>5} {'recto':>7} {'package':>8} {'in order':>8}   CER, %")
    for case in cases:
        truth = (case / "truth.txt").read_text(encoding="utf-8")
        texts = {"recto": "", "package": "", "in order": ""}
        for image in images[case]:
            words, read_by = ours[image]
            assert read_by == "rapidocr", f"{image}: read by {read_by}"
            texts["recto"] += "".join(text for text, _ in words)
            texts["in order"] += "".join(text for text, _ in theirs[image])
            texts["package"] += "".join(text for text, _ in sorted_by(theirs[image], words))
        for kind, text in texts.items():
            (args.out / f"{case.name}.{kind.replace(' ', '-')}.{args.size}.txt").write_text(text, encoding="utf-8")
        length = len(bare(truth))
        counts = {kind: errors(text, truth) for kind, text in texts.items()}
        total["truth"] += length
        for kind, count in counts.items():
            total[kind] += count
        shares = [100 * counts[kind] / length for kind in ["recto", "package", "in order"]]
        print(f"{case.name:44} {len(images[case]):5} {shares[0]:7.2f} {shares[1]:8.2f} {shares[2]:8.2f}")
    shares = [100 * total[kind] / total["truth"] for kind in ["recto", "package", "in order"]]
    print(f"{'all':44} {len(every):5} {shares[0]:7.2f} {shares[1]:8.2f} {shares[2]:8.2f}")
    print(f"seconds a page on {args.threads} thread(s): recto {recto_seconds / len(every):.2f} (with start), "
          f"package {package_seconds / len(every):.2f} (without)")


if __name__ == "__main__":
    main()
