#!/usr/bin/env bash
# Unmodified clients of Mistral, LiteLLM, OpenAI, Opper and docling-serve, and Open WebUI's requests, against `recto serve` (tests/clients). Their
# packages go to target/test-all/clients, pinned, once.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/../../scripts/lib.sh"

tools=target/test-all/clients
mkdir -p "$tools"

skip() {
    say "clients: cannot be tested here: $*"
    exit 77
}

missing=()
command -v python3 > /dev/null || missing+=(python3)
python3 -c 'import ensurepip' 2> /dev/null || missing+=(python3-venv)
command -v node > /dev/null || missing+=(nodejs)
command -v npm > /dev/null || missing+=(npm)
if [ ${#missing[@]} -gt 0 ]; then
    command -v apt-get > /dev/null && may_be_root || skip "install ${missing[*]} first"
    apt_update
    apt_install "${missing[@]}"
fi

# Installed again when the pinned versions change.
installed() { cmp -s "$1" "$tools/$(basename "$1").installed"; }
note() { cp "$1" "$tools/$(basename "$1").installed"; }

if ! installed tests/clients/requirements.txt; then
    say "installing $(tr '\n' ' ' < tests/clients/requirements.txt)into $tools/venv"
    rm -rf "$tools/venv"
    python3 -m venv "$tools/venv" || skip "python3 has no venv (Debian: python3-venv)"
    quietly "$tools/venv/bin/pip" install -q -r tests/clients/requirements.txt \
        || skip "PyPI cannot be reached"
    note tests/clients/requirements.txt
fi
node=yes
if [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 18 ]; then
    say "clients: those for npm are left out: they need Node 18, this is $(node --version)"
    node=
elif ! installed tests/clients/package.json; then
    say "installing the packages of tests/clients/package.json into $tools"
    rm -rf "$tools/node_modules"
    cp tests/clients/package.json "$tools/"
    quietly npm install --silent --no-audit --no-fund --no-package-lock --ignore-scripts \
        --prefix "$tools" || skip "npm's registry cannot be reached"
    note tests/clients/package.json
fi

say "building recto"
quietly cargo build --quiet --release --features full --bin recto
recto=target/release/recto

failed=0
check() { # check WHAT COMMAND...
    local what=$1
    shift
    if quietly "$@"; then say "  ok: $what"; else say "  FAILED: $what"; failed=1; fi
}

python=$tools/venv/bin/python
check "mistralai for Python" "$python" tests/clients/mistral.py "$recto"
check "LiteLLM" "$python" tests/clients/lite.py "$recto"
check "OpenAI for Python" "$python" tests/clients/open_ai.py "$recto"
check "docling-serve-client and docling-core" "$python" tests/clients/docling_serve.py "$recto"
check "docling-client" "$python" tests/clients/docling_client.py "$recto"
check "Open WebUI's loaders" "$python" tests/clients/open_webui.py "$recto"
if [ -n "$node" ]; then
    # Node looks for packages beside the file.
    cp tests/clients/node.mjs "$tools/node.mjs"
    check "mistralai and opperai for npm" node "$tools/node.mjs" "$recto"
fi
exit "$failed"
