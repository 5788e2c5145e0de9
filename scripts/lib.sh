# Shared by the scripts beside it: sourced, not run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1

# Where cargo puts what it builds.
built=${CARGO_TARGET_DIR:-target}

say() { printf 'recto: %s\n' "$*" >&2; }

fail() {
    printf 'recto: error: %s\n' "$*" >&2
    exit 1
}

# platform: this machine as MANIFEST.toml names it, e.g. linux-x86_64.
platform() {
    local os arch
    case $(uname -s) in
        Linux) os=linux ;;
        Darwin) os=macos ;;
        *) os=$(uname -s) ;;
    esac
    arch=$(uname -m)
    [ "$arch" = arm64 ] && arch=aarch64
    echo "$os-$arch"
}

# manifest COMPONENT KEY [PLATFORM]: a value of models/MANIFEST.toml, empty if there is none.
manifest() {
    awk -v component="$1" -v key="$2" -v wanted="${3-}" '
        $1 == "[[component]]"       { name = ""; platform = ""; next }
        $1 == "[[component.build]]" { platform = ""; next }
        $2 != "="                   { next }
        {
            value = $0
            sub(/^[^"]*"/, "", value); sub(/"[ \t]*$/, "", value)
            if ($1 == "name") name = value
            if ($1 == "platform") platform = value
            if (name == component && platform == wanted && $1 == key) { print value; exit }
        }' models/MANIFEST.toml
}

# models_of GROUP: names of the neural models of a group (files that are the same on every platform).
models_of() {
    awk -F '"' -v wanted="$1" '
        $1 == "name = "             { name = $2 }
        $1 == "group = "            { group = $2 }
        $0 == "platform = \"any\"" && group == wanted { print name }' models/MANIFEST.toml
}

# groups: the groups of models/MANIFEST.toml.
groups() {
    awk -F '"' '$1 == "group = " && !seen[$2]++ { printf "%s ", $2 }' models/MANIFEST.toml
}

sha256() {
    if command -v sha256sum > /dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d' ' -f1
}

# as_root COMMAND...: runs it as root, without ever asking for a password; 1 if that is not possible.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo -n -- "$@"
    fi
}

may_be_root() { [ "$(id -u)" = 0 ] || sudo -n true 2> /dev/null; }

# apt_install PACKAGE...: installs Debian packages, or says how and gives up.
apt_install() {
    local flags="-y --no-install-recommends"
    if ! command -v apt-get > /dev/null; then
        fail "this system has no apt-get; install what Debian calls: $*
(docs/install.md says what each is for), then run this again"
    fi
    if ! may_be_root; then
        fail "root is needed to install packages; run this one command, then repeat:
  sudo sh -c 'apt-get update && apt-get install $flags $*'"
    fi
    say "installing: $*"
    # shellcheck disable=SC2086
    quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q $flags "$@" \
        || fail "apt-get could not install: $*"
}

# quietly COMMAND...: shows the command's output only when it fails.
quietly() {
    local log status=0
    log=$(mktemp)
    "$@" > "$log" 2>&1 || status=$?
    [ "$status" = 0 ] || cat "$log" >&2
    rm -f "$log"
    return "$status"
}

# apt_update: fetches the package lists once per run; without root there is nothing to fetch.
apt_update() {
    [ -n "${apt_updated-}" ] && return
    command -v apt-get > /dev/null && may_be_root || return 0
    say "fetching the lists of packages (apt-get update)"
    quietly as_root apt-get update -q || fail "apt-get update failed"
    apt_updated=1
}

# traineddata CODE: whether Tesseract's model of that name is in one of the folders where recto looks
# (src/language/installed.rs).
traineddata() {
    local dir
    for dir in ${TESSDATA_PREFIX:+"$TESSDATA_PREFIX" "$TESSDATA_PREFIX/tessdata"} models/tessdata \
        /usr/share/tesseract-ocr/*/tessdata /usr/share/tessdata /usr/share/tesseract/tessdata \
        /opt/homebrew/share/tessdata /usr/local/share/tessdata; do
        [ -s "$dir/$1.traineddata" ] && return
    done
    return 1
}

# language_package CODE: Debian's package of a Tesseract model (chi_sim -> tesseract-ocr-chi-sim).
language_package() { echo "tesseract-ocr-${1//_/-}"; }

# skip WHY: ends a test that cannot run on this machine (77, see test-all.sh).
skip() {
    say "$(basename "$0" .sh): cannot be tested here: $*"
    exit 77
}

# build_recto: the program as the Rust tests have built it already; RECTO=target/release/recto tests another.
# shellcheck disable=SC2034
build_recto() {
    recto=${RECTO-}
    [ -z "$recto" ] || return 0
    say "building recto"
    quietly cargo build --quiet --features full --bin recto || fail "recto does not build"
    recto=$built/debug/recto
}

# need PACKAGE...: installs the Debian packages that a test lacks, or skips it.
need() {
    [ $# -gt 0 ] || return 0
    command -v apt-get > /dev/null && may_be_root || skip "install $* first"
    apt_update
    apt_install "$@"
}

# need_python: python3 with venv.
need_python() {
    local missing=()
    command -v python3 > /dev/null || missing+=(python3)
    python3 -c 'import ensurepip' 2> /dev/null || missing+=(python3-venv)
    need "${missing[@]}"
}

# python_packages FOLDER PACKAGE...: a Python environment with these, made anew when they change.
python_packages() {
    local folder=$1
    shift
    [ "$(cat "$folder/packages" 2> /dev/null)" = "$*" ] && return
    need_python
    say "installing $* into $folder"
    rm -rf "$folder"
    python3 -m venv "$folder" || skip "python3 has no venv (Debian: python3-venv)"
    quietly "$folder/bin/pip" install -q "$@" || skip "PyPI cannot be reached"
    echo "$*" > "$folder/packages"
}

# node_packages PACKAGE.JSON FOLDER: its packages, installed into the folder, anew when they change.
node_packages() {
    local from=$1 folder=$2
    cmp -s "$from" "$folder/package.json.installed" && return
    say "installing the packages of $from into $folder"
    rm -rf "$folder/node_modules"
    cp "$from" "$folder/package.json"
    quietly npm install --silent --no-audit --no-fund --no-package-lock --ignore-scripts --prefix "$folder" \
        || skip "npm's registry cannot be reached"
    cp "$from" "$folder/package.json.installed"
}

# check WHAT COMMAND...: a step of a test; shows the command's output where it fails, and sets `failed`.
failed=0
check() {
    local what=$1
    shift
    # shellcheck disable=SC2034
    if quietly "$@"; then say "  ok: $what"; else say "  FAILED: $what"; failed=1; fi
}
