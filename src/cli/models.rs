//! `recto models`: the binaries that the set-up fetches, and what is there.

use std::path::PathBuf;

use recto::language::Tessdata;
use recto::setup::{self, ManifestEntry};
use serde::Serialize;

use super::console::{Console, Exit, to_stdout};
use super::table::{Side, aligned};

/// List the libraries and models recto uses: where they come from, their licences, what is there
#[derive(Debug, clap::Args)]
pub(super) struct ModelsArgs {
    /// As a JSON array
    #[arg(long)]
    json: bool,

    /// Folder with Tesseract's *.traineddata files [default: where the system keeps them]
    #[arg(long, value_name = "DIR")]
    tessdata: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Entry {
    name: String,
    version: Option<String>,
    /// The group of neural models it belongs to, as `recto setup --with` takes it.
    group: Option<String>,
    bytes: Option<u64>,
    purpose: String,
    origin: String,
    license: String,
    /// Where it is; `None` if it is missing.
    path: Option<String>,
}

/// Runs the subcommand.
pub(super) fn run(args: &ModelsArgs, _console: &Console) -> anyhow::Result<Exit> {
    let manifest = setup::manifest()?;
    let mut entries: Vec<Entry> = manifest.entries.iter().map(fetched).collect();
    let tessdata = Tessdata::discover(args.tessdata.as_deref())?;
    let osd = tessdata
        .model_path("osd")
        .map(|path| ("osd".to_owned(), path, "finds a page's orientation and script".to_owned()));
    let languages = tessdata
        .installed()
        .into_iter()
        .map(|model| (model.code, model.path, format!("OCR: {}", model.language.name())));
    entries.extend(languages.chain(osd).map(|(code, path, purpose)| Entry {
        name: format!("tesseract {code}"),
        version: None,
        group: None,
        bytes: None,
        purpose,
        origin: format!("system package {}", recto::language::debian_package(&code)),
        license: "Apache-2.0".to_owned(),
        path: Some(path.display().to_string()),
    }));
    let text =
        if args.json { serde_json::to_string_pretty(&entries)? + "\n" } else { table(&entries) };
    to_stdout(&text)?;
    Ok(Exit::Success)
}

/// A binary of the manifest.
fn fetched(entry: &ManifestEntry) -> Entry {
    Entry {
        name: entry.name.clone(),
        version: Some(entry.version.clone()),
        group: entry.is_model().then(|| entry.group.clone()),
        bytes: entry.builds.first().and_then(|build| build.bytes),
        purpose: entry.purpose.clone(),
        origin: format!("{} {}", entry.registry, entry.package),
        license: entry.license.clone(),
        path: place(entry),
    }
}

/// Where a binary of the manifest is.
fn place(entry: &ManifestEntry) -> Option<String> {
    let name = &entry.name;
    if entry.is_model() {
        return setup::model(name).map(|path| path.display().to_string());
    }
    let component = setup::check().into_iter().find(|c| c.name.eq_ignore_ascii_case(name))?;
    component.found
}

fn missing(entry: &Entry) -> String {
    match entry.group.as_deref() {
        Some(group) if group != setup::DEFAULT_GROUP => {
            format!("missing: run `recto setup --with {group}`")
        }
        _ => "missing: run `recto setup`".to_owned(),
    }
}

fn table(entries: &[Entry]) -> String {
    let head = ["name", "version", "there", "from", "for", "licence"]
        .map(|title| (title.to_owned(), Side::Left));
    let rows: Vec<Vec<String>> = entries
        .iter()
        .map(|entry| {
            vec![
                entry.name.clone(),
                entry.version.clone().unwrap_or_else(|| "-".to_owned()),
                entry.path.clone().unwrap_or_else(|| missing(entry)),
                entry.origin.clone(),
                entry.purpose.clone(),
                entry.license.clone(),
            ]
        })
        .collect();
    aligned(&head, &rows)
}
