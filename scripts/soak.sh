#!/usr/bin/env bash
# soak.sh: damaged files, many good requests, overload, and what goes wrong around a server, against a release
# build of `recto serve`. Small numbers unless FULL=1: those of docs/reliability.md. RECTO=program takes another
# build; HOSTILE, GOOD, OVERLOAD_SECONDS and DOCUMENTS set single numbers.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"

if [ -n "${FULL-}" ]; then
    : "${HOSTILE:=20000}" "${GOOD:=10000}" "${OVERLOAD_SECONDS:=300}" "${DOCUMENTS:=500}"
else
    : "${HOSTILE:=2000}" "${GOOD:=1000}" "${OVERLOAD_SECONDS:=30}" "${DOCUMENTS:=100}"
fi
if [ -z "${RECTO-}" ]; then
    scripts/setup.sh
    cargo build --quiet --release --features full --bin recto
    RECTO=$built/release/recto
fi

say "$HOSTILE damaged and hostile files"
python3 tests/soak/hostile.py "$RECTO" "$HOSTILE"
say "$GOOD good requests"
python3 tests/soak/soak.py "$RECTO" "$GOOD"
say "overload for $OVERLOAD_SECONDS s"
python3 tests/soak/overload.py "$RECTO" "$OVERLOAD_SECONDS"
say "chaos, $DOCUMENTS documents"
python3 tests/soak/chaos.py "$RECTO" "$DOCUMENTS"
say "a server that is killed again and again, $DOCUMENTS documents"
python3 tests/scaling/restarts.py "$RECTO" "$DOCUMENTS"
