#!/usr/bin/env bash
# The set-up that the library does by itself (`recto setup`): fetches PDFium for real.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo test --quiet --features full --lib setup:: -- --ignored
