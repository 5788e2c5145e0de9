#!/usr/bin/env bash
# The fuzz targets on stable Rust, each for SECONDS_EACH (12) seconds, one a core: mutations of the seeds, others each
# time; where CI is set for a minute and the same ones each time, so that what fails is what was changed.
# Nothing is built that `make test` does not build. docs/reliability.md has the long runs, guided by coverage.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/../../scripts/lib.sh"

if [ -n "${CI-}" ]; then
    : "${SECONDS_EACH:=60}"
    export RECTO_FUZZ_FROM=${RECTO_FUZZ_FROM:-1}
fi
RECTO_FUZZ_SECONDS=${SECONDS_EACH:-12} cargo test --quiet --features full --test fuzz -- \
    --nocapture every_seed_and_its_mutations
