#!/usr/bin/env bash
# Reads every case of a corpus folder (<case>/input.*), writes OUT/<case>.md, and prints the scores
# when a scorer is at hand: a Python program that takes the two folders, predictions and corpus.
# A .venv beside the scorer is used if there is one.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"

[ -n "${CORPUS-}" ] || fail "which corpus? make accuracy CORPUS=folder [OUT=folder] [SCORER=score.py]"
[ -d "$CORPUS" ] || fail "$CORPUS is not a folder"
out=${OUT:-target/accuracy/$(basename "$CORPUS")}

scripts/setup.sh
mkdir -p "$out"
cargo run --quiet --release --features full --example accuracy -- "$CORPUS" "$out"
if [ -z "${SCORER-}" ]; then
    say "the markdown is in $out; give SCORER=score.py to score it"
    exit
fi
[ -f "$SCORER" ] || fail "$SCORER is not a file"
python=$(dirname "$SCORER")/.venv/bin/python
[ -x "$python" ] || python=python3
"$python" "$SCORER" "$out" "$CORPUS"
