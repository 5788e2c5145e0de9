#!/usr/bin/env bash
# The page at /ui in a real browser: from upload to markdown in three clicks, boxes, keys, dark and narrow, errors, a
# hostile document. Playwright goes to target/test-all/ui, pinned, once; screenshots lie there afterwards.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/../../scripts/lib.sh"

tools=target/test-all/ui
mkdir -p "$tools"

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
missing=()
[ -n "$browser" ] || missing+=(chromium)
command -v node > /dev/null || missing+=(nodejs)
command -v npm > /dev/null || missing+=(npm)
need "${missing[@]}"
browser=${browser:-$(command -v chromium)}
[ "$(node -p 'process.versions.node.split(".")[0]')" -ge 18 ] || skip "it needs Node 18, this is $(node --version)"

node_packages tests/all/ui/package.json "$tools"

build_recto
# Node looks for packages beside the files.
cp tests/all/ui/*.mjs "$tools/"
node "$tools/test.mjs" "$browser" "$recto" "$tools"
