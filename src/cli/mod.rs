//! The command line: one file per subcommand.

mod args;
mod batch;
mod bench;
mod children;
mod console;
mod doctor;
mod engines;
mod inspect;
mod interrupt;
mod languages;
mod limits;
mod logging;
mod measure;
mod models;
#[cfg(feature = "otlp")]
mod otlp;
mod progress;
mod read;
mod remote;
mod render;
#[cfg(feature = "server")]
mod serve;
mod setup;
mod table;
mod target;
#[cfg(feature = "server")]
mod worker;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use console::{Console, Exit};
use logging::LogFormat;

/// Reads PDF files and images on this machine, without a network: markdown, text, JSON, HTML, hOCR, ALTO,
/// searchable PDF.
#[derive(Debug, Parser)]
#[command(name = "recto", version, propagate_version = true, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// Say more on stderr: -v what is done, -vv details, -vvv everything (RUST_LOG overrides)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,

    /// Form of the log on stderr; where it is given, the log has at least what -v tells [default: text]
    #[arg(long, global = true, value_enum, value_name = "FORM", env = "RECTO_LOG_FORMAT")]
    log_format: Option<LogFormat>,

    /// No warnings and no progress on stderr; errors are still told
    #[arg(short, long, global = true)]
    quiet: bool,
}

const EXIT_CODES: &str = "\
Exit codes: 0 success; 1 failure; 2 wrong usage (also a page, language or model that does not exist); \
3 partial success (some pages or some files failed, the others were read); 130 interrupted. \
A reader that closes the pipe early is no failure.

Examples:
  recto read report.pdf                         markdown on stdout
  recto read scan.pdf --lang sv,en -o scan.md   OCR in Swedish and English
  recto read *.pdf -o out/ --format json        one file each into a folder
  recto batch archive/ -o out/                  a folder and what is below it
  recto read scan.pdf --format pdf -o found.pdf the same PDF, searchable
  recto read --model mistral scan.pdf           read by a service that recto.toml names
  recto doctor                                  what is installed, and how to get the rest";

#[derive(Debug, Subcommand)]
enum Command {
    Read(read::ReadArgs),
    Batch(batch::BatchArgs),
    Setup(setup::SetupArgs),
    Doctor(doctor::DoctorArgs),
    Languages(languages::LanguagesArgs),
    Models(models::ModelsArgs),
    Engines(engines::EnginesArgs),
    Bench(bench::BenchArgs),
    Inspect(inspect::InspectArgs),
    #[cfg(feature = "server")]
    Serve(serve::ServeArgs),
    #[cfg(feature = "server")]
    Worker(worker::WorkerArgs),
    /// Read pages for the recto that started this process
    #[command(hide = true)]
    PageWorker,
}

/// Runs the program.
pub(crate) fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help into a closed pipe is fine.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Success.into() };
        }
    };
    let logging = logging::start(cli.verbose, cli.log_format);
    let console = Console::new(cli.quiet, logging.lines);
    let ended = match &cli.command {
        Command::Read(args) => read::run(args, &console),
        Command::Batch(args) => batch::run(args, &console),
        Command::Setup(args) => setup::run(args, &console),
        Command::Doctor(args) => doctor::run(args, &console),
        Command::Languages(args) => languages::run(args, &console),
        Command::Models(args) => models::run(args, &console),
        Command::Engines(args) => engines::run(args, &console),
        Command::Bench(args) => bench::run(args, &console),
        Command::Inspect(args) => inspect::run(args, &console),
        #[cfg(feature = "server")]
        Command::Serve(args) => serve::run(args, &console),
        #[cfg(feature = "server")]
        Command::Worker(args) => worker::run(args, &console),
        Command::PageWorker => {
            recto::serve_pages().map(|()| Exit::Success).map_err(anyhow::Error::from)
        }
    };
    ended.unwrap_or_else(|error| console.fatal(&error)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
