#!/usr/bin/env python3
"""Writes the software bill of materials of the `recto` program: CycloneDX 1.6, as JSON.

    scripts/sbom.py [--target TRIPLE] [-o FILE]

It has the crates that the program is built from (`cargo metadata`, features `full`, without what
only tests need), Tesseract and Leptonica as this machine has them, and PDFium and the models that
models/MANIFEST.toml pins. The same tree gives the same bytes: there is no time in it, and its serial
number is made from its content. Python 3.11 or later, nothing else.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tomllib
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Platforms as MANIFEST.toml names them.
PLATFORMS = {
    "x86_64-unknown-linux-gnu": "linux-x86_64",
    "aarch64-unknown-linux-gnu": "linux-aarch64",
    "aarch64-apple-darwin": "macos-aarch64",
    "x86_64-apple-darwin": "macos-x86_64",
}


def output(*command):
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def host():
    return re.search(r"^host: (.*)$", output("rustc", "-vV"), re.M).group(1)


def named_licence(text):
    """A licence in words: CycloneDX takes only SPDX's in an expression."""
    return [{"license": {"name": text}}]


def licences(package):
    if package["license"]:
        # Older crates write a slash for OR.
        return [{"expression": re.sub(r"\s*/\s*", " OR ", package["license"])}]
    if package["license_file"]:
        return named_licence(f"the crate's own file {Path(package['license_file']).name}")
    return []


def purl(package):
    return f"pkg:cargo/{package['name']}@{package['version'].replace('+', '%2B')}"


def checksums():
    """Of Cargo.lock, by name and version."""
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
    return {(p["name"], p["version"]): p.get("checksum") for p in lock["package"]}


def crates(target):
    """The program, its crates, and what depends on what, by purl."""
    metadata = json.loads(
        output(
            "cargo", "metadata", "--format-version", "1", "--locked",
            "--features", "full", "--filter-platform", target,
        )
    )
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = metadata["resolve"]["root"]

    def needed(of):
        return [
            dep["pkg"]
            for dep in nodes[of]["deps"]
            if any(kind["kind"] in (None, "build") for kind in dep["dep_kinds"])
        ]

    seen, todo = {root}, [root]
    while todo:
        for dependency in needed(todo.pop()):
            if dependency not in seen:
                seen.add(dependency)
                todo.append(dependency)

    sums = checksums()
    components = []
    for package in (packages[identity] for identity in seen - {root}):
        component = {
            "type": "library",
            "bom-ref": purl(package),
            "name": package["name"],
            "version": package["version"],
            "scope": "required",
            "purl": purl(package),
        }
        if package["description"]:
            component["description"] = " ".join(package["description"].split())
        if sum := sums.get((package["name"], package["version"])):
            component["hashes"] = [{"alg": "SHA-256", "content": sum}]
        if known := licences(package):
            component["licenses"] = known
        if package["repository"]:
            component["externalReferences"] = [{"type": "vcs", "url": package["repository"].strip()}]
        components.append(component)
    dependencies = {
        purl(packages[identity]): sorted({purl(packages[other]) for other in needed(identity)})
        for identity in seen
    }
    return packages[root], components, dependencies


def libraries():
    """What is linked at build time, as pkg-config knows it here."""
    known = [("tesseract", "Tesseract", "Apache-2.0"), ("lept", "Leptonica", "BSD-2-Clause")]
    components = []
    for module, name, licence in known:
        component = {
            "type": "library",
            "bom-ref": f"native:{name.lower()}",
            "name": name,
            "scope": "required",
            "licenses": [{"license": {"id": licence}}],
            "description": "linked dynamically, from the system's packages",
        }
        if shutil.which("pkg-config"):
            found = subprocess.run(
                ["pkg-config", "--modversion", module], capture_output=True, text=True
            )
            if found.returncode == 0:
                component["version"] = found.stdout.strip()
        components.append(component)
    return components


def fetched(target):
    """PDFium and models, as models/MANIFEST.toml pins them."""
    manifest = tomllib.loads((ROOT / "models/MANIFEST.toml").read_text())
    components = []
    for entry in manifest["component"]:
        wanted = ("any", PLATFORMS.get(target))
        build = next((b for b in entry["build"] if b["platform"] in wanted), None)
        if build is None:
            continue
        licence = entry["license"]
        component = {
            "type": "library" if entry["name"] == "pdfium" else "machine-learning-model",
            "bom-ref": f"model:{entry['name']}",
            "name": entry["name"],
            "version": entry["version"],
            "description": entry["purpose"],
            # Those of the default set-up are there after it; others are fetched on request.
            "scope": "required" if entry["name"] == "pdfium" else "optional",
            "hashes": [{"alg": "SHA-256", "content": build["sha256"]}],
            "licenses": (
                [{"license": {"id": licence}}] if licence == "Apache-2.0" else named_licence(licence)
            ),
            "properties": [
                {"name": "recto:group", "value": entry["group"]},
                {"name": "recto:file", "value": build["file"]},
                {"name": "recto:package", "value": f"{entry['registry']}: {entry['package']}"},
                {"name": "recto:package_sha256", "value": build["package_sha256"]},
                {"name": "recto:upstream", "value": entry["upstream"]},
                {"name": "recto:license_source", "value": entry["license_source"]},
            ],
        }
        components.append(component)
    return components


def bom(target):
    program, components, dependencies = crates(target)
    root = purl(program)
    beside = libraries() + fetched(target)
    dependencies[root] = sorted(dependencies[root] + [c["bom-ref"] for c in beside])
    dependencies.update({component["bom-ref"]: [] for component in beside})
    content = {
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": program["name"],
                "version": program["version"],
                "description": program["description"],
                "licenses": licences(program),
                "purl": root,
            },
            "properties": [
                {"name": "recto:target", "value": target},
                {"name": "recto:features", "value": "full"},
            ],
        },
        "components": sorted(components + beside, key=lambda c: c["bom-ref"]),
        "dependencies": [
            {"ref": ref, "dependsOn": needs} for ref, needs in sorted(dependencies.items())
        ],
    }
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(content, sort_keys=True))
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        **content,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--target", default=None, help="platform [default: this one]")
    parser.add_argument("-o", "--output", help="file to write [default: standard output]")
    arguments = parser.parse_args()
    try:
        text = json.dumps(bom(arguments.target or host()), indent=2, ensure_ascii=False) + "\n"
    except subprocess.CalledProcessError as error:
        sys.exit(f"recto: error: {' '.join(map(str, error.cmd))} failed:\n{error.stderr}")
    if arguments.output:
        Path(arguments.output).write_text(text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
