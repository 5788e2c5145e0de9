#!/usr/bin/env bash
# The harnesses of scripts/soak.sh with small numbers (about a minute): whether they run and hold. Throughput over
# a few seconds says little: the figures are those of scripts/soak.sh.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/../../scripts/lib.sh"

[ -d /proc/self/fd ] || skip "it reads /proc"
command -v python3 > /dev/null || need python3
build_recto

python3 tests/soak/hostile.py "$recto" "${HOSTILE:-120}" --clients 4
python3 tests/soak/soak.py "$recto" "${GOOD:-100}"
python3 tests/soak/overload.py "$recto" "${OVERLOAD_SECONDS:-6}" --holds 0.6
python3 tests/soak/chaos.py "$recto" "${DOCUMENTS:-20}"
