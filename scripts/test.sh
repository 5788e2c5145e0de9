#!/usr/bin/env bash
# Every check and test that needs only Rust and what scripts/setup.sh installs.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"

began=$SECONDS
step() { # step NAME COMMAND...
    local name=$1 start=$SECONDS
    shift
    say "== $name"
    "$@" || fail "$name failed: $*"
    say "== $name: ok, $((SECONDS - start)) s"
}

step "set-up" scripts/setup.sh
step "format" cargo fmt --check
step "clippy, everything" cargo clippy --quiet --features full --all-targets -- -D warnings
for features in "" tesseract remote annotations barcodes onnx server jobs cli otlp full; do
    step "features: ${features:-none}" cargo check --quiet --no-default-features --features "$features"
done
step "documentation" env RUSTDOCFLAGS="-D warnings" cargo doc --quiet --no-deps --features full
step "documentation without native libraries" env RUSTDOCFLAGS="-D warnings" \
    cargo doc --quiet --no-deps --no-default-features --features remote
step "tests" cargo test --features full
step "benches compile" cargo test --quiet --features full --benches --no-run
say "all checks passed in $((SECONDS - began)) s"
