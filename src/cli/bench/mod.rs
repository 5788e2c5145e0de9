//! `recto bench`: how fast documents are read, and what options change about it.

mod report;
mod runs;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Parser;
use recto::{Engine, Options};

use super::args::ReadingArgs;
use super::console::{Console, Exit, misuse, to_stdout};

/// Read documents several times and print speed, time by stage, memory and OCR confidence
///
/// With --compare, option sets are measured side by side: in every round each document is read with
/// each set in turn, so that noise hits all alike, and times are given as ratios to the first set,
/// which is that of the command line itself. Before anything is measured, each set reads the first
/// page of the first document once, to load what it needs.
///
/// Times are medians. Stage times are milliseconds a page, summed over threads. Memory is the
/// highest resident size of the process during the read (Linux only).
#[derive(Debug, clap::Args)]
pub(super) struct BenchArgs {
    /// Documents to read
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// How many times each document is read
    #[arg(short = 'n', long, value_name = "N", default_value = "3", help_heading = "Measuring")]
    runs: NonZeroUsize,

    /// Another option set, as "label: options"; options not named are those of the command line.
    /// May be given several times
    #[arg(long, value_name = "SET", help_heading = "Measuring")]
    compare: Vec<String>,

    /// As JSON
    #[arg(long, help_heading = "Measuring")]
    json: bool,

    #[command(flatten)]
    reading: ReadingArgs,
}

/// One set of options, and the engine that reads with it.
#[derive(Debug)]
struct Set {
    label: String,
    /// The options as typed.
    words: String,
    options: Options,
    engine: Engine,
}

/// The label of the command line's own options.
const BASE: &str = "base";

/// Runs the subcommand.
pub(super) fn run(args: &BenchArgs, console: &Console) -> anyhow::Result<Exit> {
    let sets = sets(args)?;
    let measured = match runs::measure(&args.files, &sets, args.runs.get(), console)? {
        Some(measured) => measured,
        None => return Ok(Exit::Interrupted),
    };
    let mut partial = 0;
    for document in &measured {
        for (_, set) in document.sets.iter().zip(&sets).filter(|(runs, _)| runs.partial) {
            partial += 1;
            let (name, label) = (&document.name, &set.label);
            console.warning(format_args!("{name}: with {label:?} not all pages were read"));
        }
    }
    let text = if args.json {
        serde_json::to_string_pretty(&report::json(&measured, &sets, args.runs.get()))? + "\n"
    } else {
        report::text(&measured, &sets)
    };
    to_stdout(&text)?;
    Ok(match measured.len() {
        0 => Exit::Failure,
        n if n < args.files.len() || partial > 0 => Exit::Partial,
        _ => Exit::Success,
    })
}

fn sets(args: &BenchArgs) -> anyhow::Result<Vec<Set>> {
    let mut sets = vec![set(BASE, "", &args.reading)?];
    for text in &args.compare {
        let (label, words) = text.split_once(':').map_or(("", ""), |(l, w)| (l.trim(), w.trim()));
        if label.is_empty() || words.is_empty() {
            return Err(misuse(format!(
                "--compare {text:?}: a label and options are wanted, as in \"fine: --dpi 400\""
            )));
        }
        if sets.iter().any(|set| set.label == label) {
            return Err(misuse(format!("--compare {text:?}: there is a set {label:?} already")));
        }
        let reading = reading(words).map_err(|error| {
            let message = error.to_string();
            let first = message.lines().next().unwrap_or_default();
            misuse(format!("--compare {text:?}: {}", first.trim_start_matches("error: ")))
        })?;
        if reading.names_pdfium() {
            // Whichever is loaded first stays.
            return Err(misuse("--compare: one process can load only one PDFium"));
        }
        sets.push(set(label, words, &reading.over(&args.reading))?);
    }
    Ok(sets)
}

fn set(label: &str, words: &str, reading: &ReadingArgs) -> anyhow::Result<Set> {
    Ok(Set {
        label: label.to_owned(),
        words: words.to_owned(),
        options: reading.options()?,
        engine: reading.engine()?,
    })
}

/// Options of a set, parted by white space.
fn reading(words: &str) -> Result<ReadingArgs, clap::Error> {
    #[derive(Parser)]
    #[command(no_binary_name = true, disable_help_flag = true)]
    struct Words {
        #[command(flatten)]
        reading: ReadingArgs,
    }
    Words::try_parse_from(words.split_whitespace()).map(|words| words.reading)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(compare: &[&str]) -> anyhow::Result<Vec<Set>> {
        let args = BenchArgs {
            files: Vec::new(),
            runs: NonZeroUsize::MIN,
            compare: compare.iter().map(|&s| s.to_owned()).collect(),
            json: false,
            reading: reading("--dpi 150").unwrap(),
        };
        sets(&args)
    }

    #[test]
    fn the_first_set_is_the_command_line() {
        let sets = parse(&["more: --dpi 400", "ocr: --ocr always"]).unwrap();
        let dpi: Vec<_> = sets.iter().map(|set| (set.label.as_str(), set.options.dpi)).collect();
        assert_eq!(dpi, [("base", Some(150.0)), ("more", Some(400.0)), ("ocr", Some(150.0))]);
    }

    #[test]
    fn sets_that_cannot_be_understood_are_refused() {
        for bad in
            ["--dpi 400", "label:", ": --dpi 400", "a: --nope", "base: --dpi 9", "a: --pdfium x"]
        {
            assert!(parse(&[bad]).is_err(), "{bad}");
        }
        assert!(parse(&["a: --dpi 100", "a: --dpi 200"]).is_err());
    }
}
