#!/usr/bin/env bash
# The tests that need more than Rust. Each tests/all/*.sh sets up what it needs, exits 0 when it
# passed and 77 when it cannot run here (having said why); anything else is a failure.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"

passed=0 failed=0 skipped=0
run() { # run NAME COMMAND...
    local name=$1 status=0
    shift
    say "== $name: $*"
    "$@" || status=$?
    case $status in
        0) passed=$((passed + 1)); say "== $name: passed" ;;
        77) skipped=$((skipped + 1)); say "== $name: skipped" ;;
        *) failed=$((failed + 1)); say "== $name: failed (exit $status)" ;;
    esac
}

# What is published builds by itself. (cargo's own check of it builds every dependency anew.)
package() {
    local unpacked=$built/package/unpacked
    cargo package --quiet --allow-dirty --no-verify \
        && rm -rf "$unpacked" && mkdir -p "$unpacked" \
        && tar -xf "$built"/package/recto-*.crate -C "$unpacked" --strip-components 1 \
        && cargo check --quiet --features full --manifest-path "$unpacked/Cargo.toml" --target-dir "$built"
}

run "set-up again" scripts/setup.sh
run "package" package
for script in tests/all/*.sh; do
    [ -e "$script" ] && run "$(basename "$script" .sh)" bash "$script"
done
run "licences and sources of dependencies" scripts/audit.sh policy
run "advisories of dependencies" scripts/audit.sh advisories

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
