#!/usr/bin/env bash
# The bill of materials: valid by CycloneDX's own schema, complete against Cargo.lock and
# models/MANIFEST.toml, and the same bytes twice.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/../../scripts/lib.sh"

need_python
python3 -c 'import tomllib' 2> /dev/null || skip "scripts/sbom.py needs Python 3.11"
tools=target/test-all
mkdir -p "$tools"
scripts/sbom.py -o "$tools/recto.cdx.json"
scripts/sbom.py | cmp - "$tools/recto.cdx.json" || fail "two runs of scripts/sbom.py differ"

say "what it has to say"
python3 - "$tools/recto.cdx.json" << 'PYTHON'
import json, re, sys, tomllib

bom = json.load(open(sys.argv[1]))
lock = {(p["name"], p["version"]): p for p in tomllib.load(open("Cargo.lock", "rb"))["package"]}
manifest = tomllib.load(open("models/MANIFEST.toml", "rb"))

assert bom["bomFormat"] == "CycloneDX" and bom["specVersion"] == "1.6" and bom["version"] == 1
assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", bom["serialNumber"])
top = bom["metadata"]["component"]
assert top["name"] == "recto" and top["type"] == "application" and top["version"]
refs = [c["bom-ref"] for c in bom["components"]] + [top["bom-ref"]]
assert len(refs) == len(set(refs)), "a bom-ref comes twice"
for part in bom["components"]:
    assert part["type"] in ("library", "machine-learning-model") and part["name"], part
    assert part.get("licenses"), f"no licence: {part['bom-ref']}"
    if part["bom-ref"].startswith("pkg:cargo/"):
        known = lock[part["name"], part["version"]]
        assert part["hashes"][0]["content"] == known["checksum"], part["name"]
for entry in bom["dependencies"]:
    assert {entry["ref"], *entry["dependsOn"]} <= set(refs), f"dangling: {entry['ref']}"
assert {entry["ref"] for entry in bom["dependencies"]} == set(refs)

names = {c["name"] for c in bom["components"]}
# What the program is built from is there, what only tests use is not.
assert {"axum", "lopdf", "pdfium-render", "tesseract", "rten", "sqlx"} <= names
assert not {"proptest", "divan", "assert_cmd"} & names
assert {"Tesseract", "Leptonica"} <= names
assert {c["name"] for c in manifest["component"]} <= names
models = [c for c in bom["components"] if c["type"] == "machine-learning-model"]
assert models and all(len(c["hashes"][0]["content"]) == 64 for c in models)
PYTHON

venv=$tools/sbom-venv
python_packages "$venv" "cyclonedx-python-lib[json-validation]==11.12.0"
say "CycloneDX's schema"
"$venv/bin/python" - "$tools/recto.cdx.json" << 'PYTHON'
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read())
sys.exit(f"not valid: {wrong}" if wrong else None)
PYTHON
