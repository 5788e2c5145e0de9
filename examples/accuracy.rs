//! Reads every case of a corpus folder, for scoring against ground truth.
//!
//! ```sh
//! cargo run --release --features full --example accuracy -- CORPUS OUT
//! ```
//!
//! A case is a folder with `input.*` and perhaps `meta.json`, whose `languages`, `language_tag`
//! or `language` is what to read it in. `OUT/<case>.md` gets its markdown and `OUT/report.jsonl` a line of
//! JSON about each case. Exits with 3 if some cases failed.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use recto::export::{self, MarkdownOptions};
use recto::{Document, Engine, Language, OcrEngine, OcrMode, Options, Profile, Source};
use serde_json::{Value, json};

/// Reads every case of a corpus folder, for scoring against ground truth
#[derive(Debug, Parser)]
struct Args {
    /// Folder of cases: CORPUS/<case>/input.*
    corpus: PathBuf,
    /// Where to write <case>.md and report.jsonl
    out: PathBuf,
    /// When to recognise text in pixels
    #[arg(long, value_enum, default_value_t = Ocr::Auto)]
    ocr: Ocr,
    /// Engine that recognises: auto, tesseract, rapidocr, easyocr
    #[arg(long, default_value = "auto")]
    engine: OcrEngine,
    /// What the markdown holds
    #[arg(long, value_enum, default_value_t = Text::Full)]
    profile: Text,
    /// Threads that recognise text [default: one per core]
    #[arg(long)]
    jobs: Option<usize>,
    /// Resolution for recognising pages [default: that of the scan, else 300]
    #[arg(long)]
    dpi: Option<f32>,
    /// Lets the languages be found out, whatever the cases state
    #[arg(long)]
    detect: bool,
    /// Writes <case>.words.jsonl too: page, text, box and confidence (as the recogniser gives it) of
    /// every recognised word
    #[arg(long)]
    words: bool,
    /// Reads formulas as LaTeX
    #[arg(long)]
    formulas: bool,
    /// Only cases whose name contains this
    #[arg(long, default_value = "")]
    only: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Ocr {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Text {
    Full,
    Docling,
}

/// The corpus as a whole.
#[derive(Debug, Default)]
struct Totals {
    cases: usize,
    failures: usize,
    pages: usize,
    seconds: f64,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let args = Args::parse();
    let mut builder = Engine::builder();
    if let Some(jobs) = args.jobs {
        builder = builder.workers(jobs);
    }
    let engine = builder.raw_confidence(args.words).build()?;
    fs::create_dir_all(&args.out)?;
    let mut report = File::create(args.out.join("report.jsonl"))?;
    let mut totals = Totals::default();
    for (case, input) in cases(&args.corpus, &args.only)? {
        let started = Instant::now();
        let processor = processor_seconds();
        let outcome = read(&engine, &input, &args);
        let seconds = started.elapsed().as_secs_f64();
        totals.cases += 1;
        totals.seconds += seconds;
        let mut line = json!({
            "case": case,
            "seconds": seconds,
            "processor_seconds": processor_seconds().zip(processor).map(|(after, before)| after - before),
        });
        match outcome {
            Ok(document) => {
                totals.pages += document.pages.len();
                let options = MarkdownOptions {
                    profile: match args.profile {
                        Text::Full => Profile::Full,
                        Text::Docling => Profile::Docling,
                    },
                    ..MarkdownOptions::default()
                };
                let markdown = export::markdown(&document, &options);
                fs::write(args.out.join(format!("{case}.md")), markdown)?;
                if args.words {
                    let lines = recognised_words(&document);
                    fs::write(args.out.join(format!("{case}.words.jsonl")), lines)?;
                }
                describe(&document, &mut line);
            }
            Err(error) => {
                totals.failures += 1;
                eprintln!("{case}: {error}");
                line["error"] = error.to_string().into();
                // An old result must not be scored for this run.
                let _ = fs::remove_file(args.out.join(format!("{case}.md")));
            }
        }
        writeln!(report, "{line}")?;
    }
    let Totals { cases, failures, pages, seconds } = totals;
    let processor = processor_seconds().map_or_else(|| "-".to_owned(), |s| format!("{s:.1}"));
    println!(
        "{cases} cases, {failures} failed; {pages} pages in {seconds:.1} s, {processor} s of \
         processor time, {:.3} s a page",
        seconds / pages.max(1) as f64
    );
    Ok(if failures == 0 { ExitCode::SUCCESS } else { ExitCode::from(3) })
}

/// Names and inputs of all cases, by name.
fn cases(corpus: &Path, only: &str) -> Result<Vec<(String, PathBuf)>, Box<dyn Error>> {
    let mut cases = Vec::new();
    for folder in fs::read_dir(corpus)? {
        let folder = folder?;
        let name = folder.file_name().to_string_lossy().into_owned();
        if !folder.path().is_dir() || !name.contains(only) {
            continue;
        }
        let files = fs::read_dir(folder.path())?.flatten().map(|file| file.path());
        let input = files.filter(|file| file.file_stem().is_some_and(|stem| stem == "input")).min();
        cases.extend(input.map(|input| (name, input)));
    }
    if cases.is_empty() {
        return Err(format!("{}: no case like {only:?} with input.*", corpus.display()).into());
    }
    cases.sort();
    Ok(cases)
}

fn read(engine: &Engine, input: &Path, args: &Args) -> Result<Document, String> {
    let options = Options {
        ocr: match args.ocr {
            Ocr::Auto => OcrMode::Auto,
            Ocr::Always => OcrMode::Always,
            Ocr::Never => OcrMode::Never,
        },
        languages: if args.detect {
            Vec::new()
        } else {
            languages(input).map_err(|error| error.to_string())?
        },
        engine: args.engine,
        dpi: args.dpi,
        do_formula_enrichment: args.formulas,
        ..Options::default()
    };
    engine.read(Source::path(input), &options).map_err(|error| error.chain())
}

/// The languages of the case, if its meta.json states any.
fn languages(input: &Path) -> Result<Vec<Language>, Box<dyn Error>> {
    let meta = input.with_file_name("meta.json");
    if !meta.exists() {
        return Ok(Vec::new());
    }
    let meta: Value = serde_json::from_str(&fs::read_to_string(meta)?)?;
    let tags = match meta["languages"].as_array() {
        Some(tags) => tags.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
        None => {
            let tag = ["language_tag", "language"].iter().find_map(|key| meta[key].as_str());
            tag.unwrap_or_default().to_owned()
        }
    };
    Ok(if tags.is_empty() { Vec::new() } else { Language::parse_list(&tags)? })
}

/// A line of JSON for each recognised word, in reading order.
fn recognised_words(document: &Document) -> String {
    let mut out = String::new();
    for page in &document.pages {
        for word in &page.words {
            if let Some(confidence) = word.confidence {
                let r = word.rect;
                let line = json!({
                    "page": page.index,
                    "text": word.text,
                    "confidence": confidence,
                    "rect": [r.min.x, r.min.y, r.max.x, r.max.y],
                });
                out.push_str(&format!("{line}\n"));
            }
        }
    }
    out
}

fn describe(document: &Document, line: &mut Value) {
    line["pages"] = document.pages.len().into();
    line["status"] = json!(document.status);
    line["language"] = json!(document.language);
    line["confidence"] = json!(document.confidence());
    line["text_sources"] =
        document.pages.iter().map(|page| json!(page.text_source)).collect::<Vec<_>>().into();
    line["stage_seconds"] = json!(document.timings);
    line["warnings"] = document.warnings.iter().map(ToString::to_string).collect::<Vec<_>>().into();
}

/// Processor time of this process so far (Linux).
fn processor_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name before the parenthesis may hold spaces. User and system time are fields 14 and 15,
    // in hundredths of a second.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    Some(ticks / 100.0)
}
