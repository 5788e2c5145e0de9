//! Reads the tables of a corpus folder twice, with `table_mode` fast and accurate, and compares.
//!
//! ```sh
//! cargo run --release --features full --example tables -- CORPUS OUT
//! ```
//!
//! A case is a folder with `input.*` and perhaps `meta.json`, as for the example `accuracy`. Every
//! page is read once; both modes lay out the same words. `OUT/fast/<case>.md` and
//! `OUT/accurate/<case>.md` get the markdown, for scoring, and `OUT/reads/<case>` what was read, which
//! a second run with `--again` takes up. Prints the tables that differ, and what the looks of the
//! model cost.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Parser;
use recto::export::{self, MarkdownOptions};
use recto::{Call, Document, Engine, Language, Options, PartRead, Role, Source, Table, TableMode};
use serde_json::Value;

/// Reads the tables of a corpus folder with `table_mode` fast and accurate, and compares
#[derive(Debug, Parser)]
struct Args {
    /// Folder of cases: CORPUS/<case>/input.*
    corpus: PathBuf,
    /// Where to write fast/, accurate/ and reads/
    out: PathBuf,
    /// Lays out again what an earlier run has read
    #[arg(long)]
    again: bool,
    /// Reads all cases, also those whose truth has no table
    #[arg(long)]
    all: bool,
    /// Lets the languages be found out, whatever the cases state
    #[arg(long)]
    detect: bool,
    /// Only cases whose name contains this
    #[arg(long, default_value = "")]
    only: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let engine = Engine::builder().build()?;
    for folder in ["fast", "accurate", "reads"] {
        fs::create_dir_all(args.out.join(folder))?;
    }
    let (mut tables, mut differ, mut seconds) = (0usize, 0usize, [0.0; 3]);
    for (case, input) in cases(&args)? {
        let languages = if args.detect { Vec::new() } else { languages(&input)? };
        let accurate = Options { languages, ..Options::default() };
        let fast = Options { table_mode: TableMode::Fast, ..accurate.clone() };
        let kept = args.out.join("reads").join(&case);
        let bytes = if args.again && kept.is_file() {
            fs::read(&kept)?
        } else {
            match engine.read_part(Source::path(&input), &accurate, &Call::default()) {
                Ok(part) => {
                    let bytes = part.to_bytes()?;
                    fs::write(&kept, &bytes)?;
                    bytes
                }
                Err(error) => {
                    eprintln!("{case}: {error}");
                    continue;
                }
            }
        };
        let mut found: Vec<Vec<String>> = Vec::new();
        for (n, (mode, options)) in [("fast", &fast), ("accurate", &accurate)].iter().enumerate() {
            let part = vec![PartRead::from_bytes(&bytes)?];
            let started = Instant::now();
            let document =
                engine.join_parts(Source::path(&input), options, part, &Call::default())?;
            seconds[n] += started.elapsed().as_secs_f64();
            let markdown = export::markdown(&document, &MarkdownOptions::default());
            fs::write(args.out.join(mode).join(format!("{case}.md")), markdown)?;
            found.push(shapes(&document));
            if n == 1 {
                tables += found[n].len();
                seconds[2] += looks(&document);
            }
        }
        if found[0] != found[1] {
            differ += 1;
            println!(
                "{case}\n  fast      {}\n  accurate  {}",
                found[0].join(", "),
                found[1].join(", ")
            );
        }
    }
    println!(
        "{tables} tables, {differ} cases differ; {:.1} ms of looks a table; layout {:.2} s fast, {:.2} s accurate",
        1e3 * seconds[2] / tables.max(1) as f64,
        seconds[0],
        seconds[1]
    );
    Ok(())
}

/// Rows, columns and spanning cells of every table.
fn shapes(document: &Document) -> Vec<String> {
    let shape = |table: &Table| {
        let spans = table.cells.iter().filter(|c| c.row_span > 1 || c.column_span > 1).count();
        format!("{}x{}+{spans}", table.rows, table.columns)
    };
    let blocks = document.pages.iter().flat_map(|page| &page.blocks);
    blocks
        .filter_map(|block| match &block.role {
            Role::Table { table } => Some(shape(table)),
            _ => None,
        })
        .collect()
}

/// Seconds that the model of tables took.
fn looks(document: &Document) -> f64 {
    let timings = serde_json::to_value(&document.timings).unwrap_or_default();
    timings["tables"].as_f64().unwrap_or_default()
}

/// Names and inputs of the cases, by name.
fn cases(args: &Args) -> Result<Vec<(String, PathBuf)>, Box<dyn Error>> {
    let mut cases = Vec::new();
    for folder in fs::read_dir(&args.corpus)? {
        let folder = folder?;
        let name = folder.file_name().to_string_lossy().into_owned();
        if !folder.path().is_dir() || !name.contains(&args.only) {
            continue;
        }
        let truth = fs::read_to_string(folder.path().join("truth.md")).unwrap_or_default();
        if !args.all && !truth.contains("<table") {
            continue;
        }
        let files = fs::read_dir(folder.path())?.flatten().map(|file| file.path());
        let input = files.filter(|file| file.file_stem().is_some_and(|stem| stem == "input")).min();
        cases.extend(input.map(|input| (name, input)));
    }
    cases.sort();
    Ok(cases)
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
