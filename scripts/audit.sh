#!/usr/bin/env bash
# Audits the dependencies of Cargo.lock, by deny.toml.
#
#   scripts/audit.sh policy       licences, sources, banned crates (cargo-deny); needs no network but
#                                 for the tool
#   scripts/audit.sh advisories   known vulnerabilities, unsound and withdrawn versions (cargo-audit);
#                                 needs RustSec's database: fetched, or a copy that RECTO_ADVISORY_DB names
#   scripts/audit.sh              both
#
# Exits 0 when nothing was found, 77 when something could not be checked here (having said what), and
# with anything else where something was found. With --install, tools that cannot be had built are
# compiled (`cargo install`, minutes).
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"

database=https://github.com/RustSec/advisory-db.git
venv=.tools/audit
install=

# tool NAME: its path on standard output: as pinned in audit-tools.txt, else whichever is installed.
tool() {
    local pinned=scripts/audit-tools.txt version
    if [ ! -x "$venv/bin/$1" ] || [ "$pinned" -nt "$venv/bin/$1" ]; then
        rm -rf "$venv"
        if python3 -m venv "$venv" 2> /dev/null \
            && "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes \
                --only-binary=:all: --requirement "$pinned" >&2; then
            touch "$venv"/bin/cargo-*
        fi
    fi
    if [ -x "$venv/bin/$1" ]; then
        echo "$root/$venv/bin/$1"
        return
    fi
    if ! command -v "$1" && [ -n "$install" ]; then
        version=$(sed -n "s/.*-$1==\([0-9.]*\).*/\1/p" "$pinned")
        say "compiling $1 $version"
        quietly cargo install "$1" --version "$version" --locked --root "$root/.tools" >&2 \
            && echo "$root/.tools/bin/$1"
    fi
}

policy() {
    local deny
    deny=$(tool cargo-deny)
    [ -n "$deny" ] || skip "cargo-deny could not be had; scripts/audit.sh --install compiles it"
    # Versions of one crate beside each other are told, and no fault.
    "$deny" --log-level error check licenses bans sources
}

advisories() {
    local audit
    audit=$(tool cargo-audit)
    [ -n "$audit" ] || skip "cargo-audit could not be had; scripts/audit.sh --install compiles it"
    if [ -n "${RECTO_ADVISORY_DB-}" ]; then
        "$audit" audit --deny warnings --db "$RECTO_ADVISORY_DB" --no-fetch
    elif GIT_TERMINAL_PROMPT=0 timeout 20 git ls-remote --exit-code "$database" HEAD > /dev/null 2>&1; then
        "$audit" audit --deny warnings
    else
        skip "advisories were not checked: $database cannot be reached; name a copy of it in RECTO_ADVISORY_DB"
    fi
}

what=
for argument in "$@"; do
    case $argument in
        --install) install=1 ;;
        policy | advisories) what=$argument ;;
        *) fail "scripts/audit.sh [--install] [policy|advisories]" ;;
    esac
done
case $what in
    "")
        status=0
        for part in policy advisories; do
            ("$part") || {
                code=$?
                # What was found counts more than what could not be checked.
                if [ "$code" != 77 ] || [ "$status" = 0 ]; then status=$code; fi
            }
        done
        exit "$status"
        ;;
    *) "$what" ;;
esac
