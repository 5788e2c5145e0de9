//! `recto languages`: every language, how engines call it, and whether it is installed.

use std::collections::HashSet;
use std::path::PathBuf;

use recto::language::Tessdata;
use recto::{Language, OcrEngine};
use serde::Serialize;

use super::console::{Console, Exit, to_stdout};
use super::table::{Side, aligned};

/// List all languages: their codes, those of the OCR engines, and which are installed
#[derive(Debug, clap::Args)]
pub(super) struct LanguagesArgs {
    /// Only those that are installed
    #[arg(long)]
    installed: bool,

    /// As a JSON array
    #[arg(long)]
    json: bool,

    /// Folder with Tesseract's *.traineddata files [default: where the system keeps them]
    #[arg(long, value_name = "DIR")]
    tessdata: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Entry {
    tag: String,
    name: String,
    script: Option<&'static str>,
    tesseract: Option<&'static str>,
    easyocr: Option<&'static str>,
    rapidocr: Option<&'static str>,
    installed: bool,
}

/// Runs the subcommand.
pub(super) fn run(args: &LanguagesArgs, console: &Console) -> anyhow::Result<Exit> {
    let tessdata = Tessdata::discover(args.tessdata.as_deref())?;
    let models = tessdata.installed();
    let codes: HashSet<&str> = models.iter().map(|model| model.code.as_str()).collect();
    // Besides the table: models of scripts and of old print that happen to be there.
    let mut languages = Language::all();
    languages.extend(models.iter().map(|model| model.language.clone()));
    languages.sort();
    languages.dedup();
    let mut entries: Vec<Entry> =
        languages.iter().map(|language| entry(language, &codes)).collect();
    let total = entries.len();
    if args.installed {
        entries.retain(|entry| entry.installed);
    }
    if args.json {
        to_stdout(&(serde_json::to_string_pretty(&entries)? + "\n"))?;
        return Ok(Exit::Success);
    }
    to_stdout(table(&entries))?;
    let installed = entries.iter().filter(|entry| entry.installed).count();
    console.note(format_args!(
        "{installed} of {total} languages are installed; `recto setup --lang TAG` adds one"
    ));
    Ok(Exit::Success)
}

fn entry(language: &Language, installed: &HashSet<&str>) -> Entry {
    Entry {
        tag: language.tag().to_owned(),
        name: language.name().into_owned(),
        script: language.script(),
        tesseract: language
            .engine_code(OcrEngine::Tesseract)
            .or_else(|| language.tesseract_codes().first().copied()),
        easyocr: language.engine_code(OcrEngine::EasyOcr),
        rapidocr: language.engine_code(OcrEngine::RapidOcr),
        installed: language.tesseract_codes().iter().any(|code| installed.contains(code)),
    }
}

fn table(entries: &[Entry]) -> String {
    let head = ["tag", "installed", "script", "tesseract", "easyocr", "rapidocr", "name"]
        .map(|title| (title.to_owned(), Side::Left));
    let code = |code: Option<&str>| code.unwrap_or("-").to_owned();
    let rows: Vec<Vec<String>> = entries
        .iter()
        .map(|entry| {
            vec![
                entry.tag.clone(),
                if entry.installed { "yes" } else { "-" }.to_owned(),
                code(entry.script),
                code(entry.tesseract),
                code(entry.easyocr),
                code(entry.rapidocr),
                entry.name.clone(),
            ]
        })
        .collect();
    aligned(&head, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_installed_when_a_model_that_reads_it_is() {
        let language = Language::parse("zh-Hant").unwrap();
        assert!(entry(&language, &HashSet::from(["chi_tra"])).installed);
        assert!(!entry(&language, &HashSet::from(["chi_sim", "eng"])).installed);
        assert_eq!(entry(&language, &HashSet::new()).easyocr, Some("ch_tra"));
    }
}
