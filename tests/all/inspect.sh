#!/usr/bin/env bash
# `recto inspect` in a real browser: the script runs, layers are hidden and shown, boxes are drawn.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$browser" ]; then
    if ! command -v apt-get > /dev/null || ! may_be_root; then
        say "no Chromium, and no right to install it"
        exit 77
    fi
    apt_update
    apt_install chromium
    browser=$(command -v chromium)
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cargo run --quiet --features full -- inspect testdata/pages/report.pdf -o "$folder/report.html"
"$browser" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
    --disable-background-networking --disable-component-update --disable-sync \
    --user-data-dir="$folder/profile" --dump-dom "file://$folder/report.html" \
    > "$folder/dom.html" 2> "$folder/log" || { cat "$folder/log" >&2; fail "Chromium failed"; }

expect() { # expect WHAT PATTERN
    grep -q -- "$2" "$folder/dom.html" || fail "the page in the browser lacks $1"
}
expect "boxes of blocks" 'class="block role-heading"'
expect "table cells" 'class="cell'
# These two are set by the page's script.
expect "the layer of words, hidden" 'class="layer words hidden"'
expect "the layer of blocks, shown" 'class="layer blocks"'
if grep -i 'console.*error' "$folder/log"; then fail "the page's script reports errors"; fi
say "the report works in $("$browser" --version 2> /dev/null || echo Chromium)"
