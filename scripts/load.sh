#!/usr/bin/env bash
# load.sh [ARGS]: many requests at once against `recto serve`, its fairness, and what it costs over
# a call of the library. See examples/load.rs for the arguments.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"

scripts/setup.sh

cargo build --quiet --release --features full --bin recto --example load
exec "$built/release/examples/load" "$@"
