#!/usr/bin/env bash
# The page at /ui in a real browser: from upload to markdown in three clicks, boxes, keys, dark and narrow, errors, a
# hostile document. Playwright goes to target/test-all/ui, pinned, once; screenshots lie there afterwards.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/../../scripts/lib.sh"

tools=target/test-all/ui
mkdir -p "$tools"

skip() {
    say "ui: cannot be tested here: $*"
    exit 77
}

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
missing=()
[ -n "$browser" ] || missing+=(chromium)
command -v node > /dev/null || missing+=(nodejs)
command -v npm > /dev/null || missing+=(npm)
if [ ${#missing[@]} -gt 0 ]; then
    command -v apt-get > /dev/null && may_be_root || skip "install ${missing[*]} first"
    apt_update
    apt_install "${missing[@]}"
    browser=${browser:-$(command -v chromium)}
fi
[ "$(node -p 'process.versions.node.split(".")[0]')" -ge 18 ] || skip "it needs Node 18, this is $(node --version)"

# Installed again when the pinned version changes.
if ! cmp -s tests/all/ui/package.json "$tools/package.json.installed"; then
    say "installing the packages of tests/all/ui/package.json into $tools"
    rm -rf "$tools/node_modules"
    cp tests/all/ui/package.json "$tools/"
    quietly npm install --silent --no-audit --no-fund --no-package-lock --ignore-scripts --prefix "$tools" \
        || skip "npm's registry cannot be reached"
    cp tests/all/ui/package.json "$tools/package.json.installed"
fi

say "building recto"
quietly cargo build --quiet --features full --bin recto
# Node looks for packages beside the files.
cp tests/all/ui/*.mjs "$tools/"
node "$tools/test.mjs" "$browser" target/debug/recto "$tools"
