#!/usr/bin/env bash
# Unmodified clients of Mistral, LiteLLM, OpenAI, Opper and docling-serve, and Open WebUI's requests, against
# `recto serve` (tests/clients); docling-core on the JSON of the sample pages, against all that we write of it.
# Their packages go to target/test-all/clients, pinned, once.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/../../scripts/lib.sh"

tools=target/test-all/clients
mkdir -p "$tools"

missing=()
command -v node > /dev/null || missing+=(nodejs)
command -v npm > /dev/null || missing+=(npm)
need "${missing[@]}"
mapfile -t packages < tests/clients/requirements.txt
python_packages "$tools/venv" "${packages[@]}"
node=yes
if [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 18 ]; then
    say "clients: those for npm are left out: they need Node 18, this is $(node --version)"
    node=
else
    node_packages tests/clients/package.json "$tools"
fi

build_recto

python=$tools/venv/bin/python
check "mistralai for Python" "$python" tests/clients/mistral.py "$recto"
check "LiteLLM" "$python" tests/clients/lite.py "$recto"
check "OpenAI for Python" "$python" tests/clients/open_ai.py "$recto"
check "docling-serve-client and docling-core" "$python" tests/clients/docling_serve.py "$recto"
check "docling-client" "$python" tests/clients/docling_client.py "$recto"
check "Open WebUI's loaders" "$python" tests/clients/open_webui.py "$recto"
check "Bifrost's asynchronous reads" "$python" tests/clients/bifrost.py "$recto"
rm -rf "$tools/formats"
# All but the one that needs a password.
pages=(testdata/pages/[!e]*.pdf)
check "the sample pages in docling's formats" \
    cargo run --quiet --features full --example docling -- "${pages[@]}" "$tools/formats"
check "docling-core's formats" "$python" tests/clients/docling_formats.py "$tools/formats"
if [ -n "$node" ]; then
    # Node looks for packages beside the file.
    cp tests/clients/node.mjs "$tools/node.mjs"
    check "mistralai and opperai for npm" node "$tools/node.mjs" "$recto"
fi
exit "$failed"
