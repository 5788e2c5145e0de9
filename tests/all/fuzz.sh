#!/usr/bin/env bash
# The fuzz targets on stable Rust, each for SECONDS_EACH (12) seconds: mutations of the seeds, others each time.
# Nothing is built that `make test` does not build. docs/reliability.md has the long runs, guided by coverage.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/../../scripts/lib.sh"

RECTO_FUZZ_SECONDS=${SECONDS_EACH:-12} cargo test --quiet --features full --test fuzz -- \
    --nocapture every_seed_and_its_mutations
