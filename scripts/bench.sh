#!/usr/bin/env bash
# Micro benches per stage, then whole documents. FILES names the documents; the default is every
# PDF of testdata/pages.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"

scripts/setup.sh
cargo bench --features full --benches
# shellcheck disable=SC2086
cargo run --quiet --release --features full -- bench ${FILES:-testdata/pages/*.pdf}
