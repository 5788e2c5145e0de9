#!/usr/bin/env bash
# Sets up, builds the release program, reads a sample PDF and prints its markdown.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"

scripts/setup.sh
sample=${SAMPLE:-testdata/pages/report.pdf}
if [ -z "${SAMPLE-}" ] && [ ! -f "$sample" ]; then
    sample=$(find testdata/pages -name '*.pdf' 2> /dev/null | sort | head -n 1)
fi
[ -f "$sample" ] || fail "no sample to read: give one with make demo SAMPLE=file.pdf"

say "building (the first time takes a few minutes)"
cargo build --quiet --release --features full
say "recto read $sample"
cargo run --quiet --release --features full -- read "$sample"
