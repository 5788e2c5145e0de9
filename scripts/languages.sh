#!/usr/bin/env bash
# Adds OCR languages: scripts/languages.sh de ja (any code of src/language/languages.tsv's first
# column, or Tesseract's own code).
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"

[ $# -gt 0 ] || fail 'no language given; for example: make languages LANGS="de ja"'

# tesseract_code CODE: prints Tesseract's code; 1 if nobody knows CODE, 2 if Tesseract has no model.
tesseract_code() {
    awk -F '\t' -v code="$1" '
        NR == 1 { next }
        tolower($1) == tolower(code) { seen = 1; if ($3 != "") { found = $3; exit } }
        $3 == code { seen = 1; found = $3; exit }
        END { if (found != "") print found; else exit seen ? 2 : 1 }' src/language/languages.tsv
}

packages=()
for code in "$@"; do
    status=0
    model=$(tesseract_code "$code") || status=$?
    case $status in
        0) ;;
        2) fail "Tesseract has no model for $code" ;;
        *) fail "unknown language $code; src/language/languages.tsv lists all" ;;
    esac
    if traineddata "$model"; then
        say "$code: Tesseract's model $model is installed"
    else
        say "$code: Tesseract's model $model is missing"
        packages+=("$(language_package "$model")")
    fi
done
[ ${#packages[@]} = 0 ] && exit
if [ "$(uname -s)" = Darwin ]; then
    fail "on macOS run: brew install tesseract-lang"
fi
apt_update
apt_install "${packages[@]}"
say "languages added: $*"
