//! `recto batch`: whole folders, one result for each document, and a report that a later run goes on from.

mod gauge;
mod inputs;
mod manifest;
mod names;
mod objects;
mod report;
mod store;
mod work;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ValueEnum;

use super::args::ReadingArgs;
use super::console::{Console, Exit, misuse};
use super::interrupt::on_interrupt;
use super::render::{Format, StyleArgs};

use inputs::{Found, Selection};
use report::{Previous, Report};
use store::Store;
use work::Work;

/// Read many documents: folders, patterns, lists; one result for each, and a report
///
/// Results mirror the folders of the inputs. OUT/recto-batch.jsonl has a line for each input: how it
/// went, what was written, why it failed. `--resume` goes on after an interruption of any kind.
#[derive(Debug, clap::Args)]
pub(super) struct BatchArgs {
    /// Documents: folders (with all below them), files, http(s) URLs, patterns such as 'in/**/*.tif',
    /// folders, objects and patterns in buckets (s3://bucket/folder/), and manifests: .jsonl files with {"source": …, "name": …, "options": {…}} on each line; `-` is a
    /// manifest on standard input
    #[arg(required = true, value_name = "IN")]
    inputs: Vec<OsString>,

    /// The folder for results
    #[arg(long, short, required = true, value_name = "DIR", help_heading = "Output")]
    output: PathBuf,

    /// What to write, several with commas: md,json
    #[arg(
        long,
        short,
        value_enum,
        value_delimiter = ',',
        default_value = "md",
        help_heading = "Output"
    )]
    format: Vec<Format>,

    #[command(flatten)]
    style: StyleArgs,

    /// Go on from the report in the output folder: documents are skipped whose content, options and
    /// results are as it says
    #[arg(long, conflicts_with = "overwrite", help_heading = "Output")]
    resume: bool,

    /// Begin anew although the output folder has the report of an earlier run
    #[arg(long, help_heading = "Output")]
    overwrite: bool,

    /// Of folders, only files that match: '*.pdf' for names, 'a/**' for paths below the folder
    #[arg(long, value_name = "PATTERN", help_heading = "Selection")]
    include: Vec<String>,

    /// Of folders and patterns, no files that match
    #[arg(long, value_name = "PATTERN", help_heading = "Selection")]
    exclude: Vec<String>,

    /// Where pages are read: in child processes, which may crash, or on threads of this one
    #[arg(
        long,
        value_enum,
        value_name = "WHERE",
        default_value = "processes",
        help_heading = "This machine"
    )]
    isolation: Where,

    #[command(flatten)]
    reading: ReadingArgs,
}

/// `--isolation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Where {
    Processes,
    Threads,
}

/// Runs the subcommand.
pub(super) fn run(args: &BatchArgs, console: &Console) -> anyhow::Result<Exit> {
    let mut formats: Vec<Format> = Vec::new();
    for format in &args.format {
        if !formats.contains(format) {
            formats.push(*format);
        }
    }
    args.style.check(&formats, console);
    let reading = match args.isolation {
        Where::Processes => args.reading.clone().isolated(),
        Where::Threads if args.reading.is_isolated() => {
            return Err(misuse("--isolate and --isolation threads exclude each other".to_owned()));
        }
        Where::Threads => args.reading.clone(),
    };
    let options = reading.options()?;
    let selection = Selection::new(&args.include, &args.exclude)?;
    // The report is seen before inputs are looked for: that may take a while.
    let store = Store::open(&args.output)?;
    let previous = match args.resume {
        true => Previous::load(store.folder(), console)?,
        false if Report::is_in(store.folder()) && !args.overwrite => {
            return Err(misuse(format!(
                "{} has the report of an earlier run: go on with --resume, or begin anew with --overwrite",
                args.output.display()
            )));
        }
        false => Previous::default(),
    };
    let found = Found::look(&args.inputs, &selection, store.folder(), &options)?;
    found.tell(console);
    if found.items.is_empty() && found.failures.is_empty() {
        anyhow::bail!("no documents were found, so nothing was read");
    }
    let items = names::assign(found.items, &previous, &formats, store.folder())?;
    let work = Work {
        engine: reading.engine()?,
        workers: reading.workers(),
        settings: work::Settings::new(&formats, &args.style, &reading),
        formats: &formats,
        style: &args.style,
        store: &store,
        cancel: on_interrupt(),
        console,
    };
    work.run(items, found.failures, previous)
}
