#!/usr/bin/env bash
# Reads the same scans with recto, with the tesseract program and, where it is installed, with
# OCRmyPDF, one after the other, and prints wall and CPU seconds, peak memory and ratios.
#
#   scripts/bench-peers.sh [FOLDER]
#
# FOLDER holds scan10.pdf and its pages as scan10/page-*.png, as testdata/make_scan_bench.py writes
# them (the default: target/scan-bench, made where it is missing); and, where they are there,
# scan20.pdf, scan300.pdf and digital50.pdf. RUNS (2) is how often each is run: the quickest counts.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"

folder=${1:-target/scan-bench}
runs=${RUNS:-2}
jobs=${JOBS:-2}
recto=${RECTO:-$built/release/recto}
language=${LANGUAGE3:-eng}
if [ ! -f "$folder/scan10.pdf" ]; then
    python=.venv/bin/python
    [ -x "$python" ] || python=python3
    say "making the scans in $folder"
    "$python" testdata/make_scan_bench.py "$folder" --pages 10 20 300 ||
        fail "the scans cannot be made; give the folder that holds scan10.pdf and scan10/"
fi
[ -n "${RECTO-}" ] || { scripts/setup.sh && cargo build --quiet --release --features full; }
command -v tesseract > /dev/null || fail "the tesseract program is missing: apt-get install tesseract-ocr"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# measure NAME PAGES COMMAND…: one line of the table; keeps the wall time for ratios.
declare -A wall
measure() {
    local name=$1 pages=$2 best=
    shift 2
    for ((run = 0; run < runs; run++)); do
        /usr/bin/time -o "$work/time" -f '%e %U %S %M' "$@" > /dev/null 2> "$work/errors" ||
            { cat "$work/errors" >&2; fail "$name failed"; }
        tail -n 1 "$work/time" >> "$work/$name.all"
    done
    best=$(sort -n "$work/$name.all" | head -n 1)
    wall[$name]=${best%% *}
    awk -v name="$name" -v pages="$pages" '{
        printf "%-24s %8.2f %12.3f %12.3f %10.0f\n", name, $1, $1 / pages, ($2 + $3) / pages, $4 / 1024
    }' <<< "$best"
}
ratio() {
    awk -v what="$1" -v a="${wall[$2]}" -v b="${wall[$3]}" \
        'BEGIN { printf "%-52s %.2f\n", what, a / b }'
}
pages() { for ((k = 0; k < $1; k++)); do ls "$folder"/scan10/page-*.png; done; }

one=$(find "$folder/scan10" -name 'page-*.png' | sort | head -n 1)
pages 1 > "$work/10"
pages 2 > "$work/20"
dpi='tesseract {} - -l '"$language"
printf '%-24s %8s %12s %12s %10s\n' "" "wall s" "wall s/page" "CPU s/page" "peak MB"
if [ -f "$folder/scan20.pdf" ]; then
    measure recto-20 20 "$recto" read -q --lang "$language" --jobs "$jobs" "$folder/scan20.pdf"
    measure tesseract-20 20 \
        env OMP_THREAD_LIMIT=1 xargs -a "$work/20" -P "$jobs" -I '{}' sh -c "$dpi"
    measure tesseract-shipped-20 20 xargs -a "$work/20" -P 1 -I '{}' sh -c "$dpi"
fi
measure recto-1 1 "$recto" read -q --lang "$language" --jobs "$jobs" "$one"
measure tesseract-1 1 env OMP_THREAD_LIMIT=1 tesseract "$one" - -l "$language"
if command -v ocrmypdf > /dev/null; then
    measure recto-10 10 "$recto" read -q --lang "$language" --jobs "$jobs" "$folder/scan10.pdf"
    measure ocrmypdf-10 10 \
        ocrmypdf -q --jobs "$jobs" -l "$language" "$folder/scan10.pdf" "$work/out.pdf"
fi
for count in 30 300; do
    if [ "${LONG-}" = 1 ] && [ -f "$folder/scan$count.pdf" ]; then
        runs=1 measure "recto-$count" "$count" \
            "$recto" read -q --lang "$language" --jobs "$jobs" "$folder/scan$count.pdf"
    fi
done
if [ -f "$folder/digital50.pdf" ]; then
    measure recto-digital-50 50 "$recto" read -q --jobs "$jobs" "$folder/digital50.pdf"
fi
echo
echo "recto's wall time as a share of"
if [ -n "${wall[recto-20]-}" ]; then
    ratio "  tesseract, $jobs processes, one thread each (20 pages)" recto-20 tesseract-20
    ratio "  tesseract as shipped, page after page (20 pages)" recto-20 tesseract-shipped-20
fi
ratio "  tesseract, one thread (1 page)" recto-1 tesseract-1
if [ -n "${wall[ocrmypdf-10]-}" ]; then
    ratio "  OCRmyPDF --jobs $jobs (10 pages)" recto-10 ocrmypdf-10
fi
