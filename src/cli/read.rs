//! `recto read`: documents in; markdown, text, JSON, HTML, hOCR, ALTO or searchable PDF out.

use std::ffi::OsString;
use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use recto::{Call, CancelFlag, Engine, Options, Progress, Source, Status};

use super::args::ReadingArgs;
use super::console::{self, Console, Exit, misuse, to_stdout};
use super::interrupt::on_interrupt;
use super::progress::Bar;
use super::remote::{ModelArgs, Service};
use super::render::{Read, RenderArgs};
use super::target::{self, Target};

/// Read documents and write them as markdown, text, JSON, HTML, hOCR, ALTO or searchable PDF
///
/// Several documents on stdout: markdown and text are each headed by the name of their file
/// (`<!-- file: NAME -->`, `==> NAME <==`), JSON comes as JSON Lines, a document a line; the other
/// formats go into a folder. A document that fails does not stop the others.
#[derive(Debug, clap::Args)]
pub(super) struct ReadArgs {
    /// PDF files and images (PNG, JPEG, TIFF, WebP, BMP, GIF); `-` for standard input, http(s) URLs
    /// and data URIs
    #[arg(required = true, value_name = "FILE")]
    files: Vec<OsString>,

    /// Where to write: a file, or for several inputs, a folder that exists or a path that ends in
    /// `/`, one file each in that folder [default: stdout]
    #[arg(long, short, value_name = "FILE|DIR", help_heading = "Output")]
    output: Option<PathBuf>,

    #[command(flatten)]
    render: RenderArgs,

    #[command(flatten)]
    reading: ReadingArgs,

    #[command(flatten)]
    model: ModelArgs,
}

/// Runs the subcommand.
pub(super) fn run(args: &ReadArgs, console: &Console) -> anyhow::Result<Exit> {
    let options = args.reading.options()?;
    let inputs: Vec<Given> = args.files.iter().map(Given::new).collect();
    if inputs.iter().filter(|input| matches!(input, Given::Stdin)).count() > 1 {
        return Err(misuse("standard input (`-`) can be read only once"));
    }
    let stems: Vec<String> = inputs.iter().map(Given::stem).collect();
    let target = Target::new(args.output.as_deref(), &stems, args.render.format.extension())?;
    if target == Target::Stdout
        && let Some(objection) =
            args.render.format.stdout_objection(inputs.len() > 1, std::io::stdout().is_terminal())
    {
        return Err(misuse(objection));
    }
    args.render.check(console);
    let service = args.model.service(&args.reading, &args.render)?;
    let run = Run {
        service,
        args,
        console,
        target,
        paths: inputs.iter().filter_map(Given::path).collect(),
        many: inputs.len() > 1,
        engine: args.reading.engine()?,
        options,
        cancel: on_interrupt(),
    };
    let mut tally = Tally::default();
    for (index, input) in inputs.iter().enumerate() {
        match run.one(index, input, tally.written == 0) {
            Ok(status) => tally.add(status),
            Err(error) if console::is_closed_pipe(&error) => return Ok(Exit::Success),
            Err(error) => tally.failures.push(run.failed(input, &error)),
        }
        if run.cancel.is_cancelled() {
            return Ok(Exit::Interrupted);
        }
    }
    Ok(tally.exit())
}

struct Run<'a> {
    args: &'a ReadArgs,
    console: &'a Console,
    target: Target,
    /// The inputs that are files.
    paths: Vec<PathBuf>,
    many: bool,
    engine: Engine,
    options: Options,
    cancel: CancelFlag,
    /// Who reads instead of the engine.
    service: Option<Service>,
}

impl Run<'_> {
    /// Reads one input and writes its result.
    fn one(&self, index: usize, input: &Given, first: bool) -> anyhow::Result<Status> {
        let name = input.name();
        let part = self.many && self.target == Target::Stdout;
        let (status, result) = match &self.service {
            Some(service) => {
                let read = service.read(input.source()?, &self.cancel, self.console)?;
                self.console.warnings(&name, &read.warnings);
                let text = match part {
                    true => service.render_part(&read, &name, first)?,
                    false => service.render(&read)?,
                };
                (read.status, text.into_bytes())
            }
            None => {
                let read = self.read(input.source()?, &name)?;
                self.console.warnings(&name, &read.document.warnings);
                let render = &self.args.render;
                let bytes = match part {
                    true => render.render_part(&read.document, &name, first)?.into_bytes(),
                    false => render.render(&read)?,
                };
                (read.document.status, bytes)
            }
        };
        match self.target.file(index) {
            Some(file) => {
                target::write(file, &result, &self.paths)?;
                if self.many {
                    self.console.note(format_args!("{name} is in {}", file.display()));
                }
            }
            None => to_stdout(result)?,
        }
        Ok(status)
    }

    fn read(&self, mut source: Source, name: &str) -> recto::Result<Read> {
        let bar = self.console.shows_progress().then(|| Bar::new(short(name)));
        let call = Call {
            cancel: self.cancel.clone(),
            progress: bar.as_ref().map(|bar| Arc::new(bar.sink()) as Arc<dyn Progress>),
            ..Call::default()
        };
        let mut original: Arc<[u8]> = Arc::default();
        if self.args.render.format.needs_original() {
            source = self.engine.load(&source, &call)?;
            if let Source::Bytes { bytes, .. } = &source {
                original = Arc::clone(bytes);
            }
        }
        let document = self.engine.read_with(source, &self.options, &call);
        let line = bar.and_then(Bar::finish);
        if let (Ok(_), Some(line)) = (&document, line) {
            self.console.note(line);
        }
        Ok(Read { document: document?, original, password: self.options.password.clone() })
    }

    fn failed(&self, input: &Given, error: &anyhow::Error) -> Exit {
        let message = format!("{error:#}");
        let name = input.name();
        // Most messages name the document themselves.
        if message.contains(short(&name)) {
            self.console.error(message);
        } else {
            self.console.error(format_args!("{name}: {message}"));
        }
        match error.downcast_ref::<recto::Error>() {
            Some(error) => Exit::of(error),
            None if error.is::<console::Misuse>() => Exit::Usage,
            None => Exit::Failure,
        }
    }
}

/// The last part of a path or URL.
fn short(name: &str) -> &str {
    Path::new(name).file_name().and_then(|name| name.to_str()).unwrap_or(name)
}

/// An input as given on the command line.
#[derive(Debug)]
pub(super) enum Given {
    Stdin,
    Path(PathBuf),
    /// A URL or data URI.
    Uri(String),
}

/// Longest part of a data URI that stands for it in messages.
const SHOWN: usize = 32;

impl Given {
    pub(super) fn new(argument: &OsString) -> Self {
        match argument.to_str() {
            Some("-") => Self::Stdin,
            Some(uri) if uri.contains("://") || uri.starts_with("data:") => {
                Self::Uri(uri.to_owned())
            }
            _ => Self::Path(argument.into()),
        }
    }

    /// What it is called in messages and between results.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Stdin => "stdin".to_owned(),
            Self::Path(path) => path.display().to_string(),
            Self::Uri(uri) if uri.starts_with("data:") => {
                let shown: String = uri.chars().take(SHOWN).collect();
                if shown.len() < uri.len() { format!("{shown}…") } else { shown }
            }
            Self::Uri(uri) => uri.clone(),
        }
    }

    /// What its result is called, without ending.
    pub(super) fn stem(&self) -> String {
        let path = match self {
            Self::Stdin => None,
            Self::Path(path) => Some(path.clone()),
            Self::Uri(uri) if uri.starts_with("data:") => None,
            Self::Uri(uri) => {
                // The last part of the path, without query and fragment.
                let end = uri.find(['?', '#']).unwrap_or(uri.len());
                let after_host = uri.find("://").map_or("", |at| &uri[at + 3..end.max(at + 3)]);
                after_host.split_once('/').map(|(_, path)| PathBuf::from(path))
            }
        };
        let stem = path.as_deref().and_then(Path::file_stem).map(|s| s.to_string_lossy());
        match stem {
            Some(stem) if !stem.is_empty() => stem.into_owned(),
            _ if matches!(self, Self::Stdin) => "stdin".to_owned(),
            _ => "document".to_owned(),
        }
    }

    pub(super) fn path(&self) -> Option<PathBuf> {
        match self {
            Self::Path(path) => Some(path.clone()),
            Self::Stdin | Self::Uri(_) => None,
        }
    }

    pub(super) fn source(&self) -> anyhow::Result<Source> {
        Ok(match self {
            Self::Stdin => {
                let mut bytes = Vec::new();
                std::io::stdin()
                    .lock()
                    .read_to_end(&mut bytes)
                    .context("cannot read standard input")?;
                Source::bytes(bytes, "stdin")
            }
            Self::Path(path) => Source::path(path),
            Self::Uri(uri) => Source::parse(uri)?,
        })
    }
}

/// How the inputs fared.
#[derive(Debug, Default)]
pub(super) struct Tally {
    written: usize,
    partial: usize,
    pub(super) failures: Vec<Exit>,
}

impl Tally {
    pub(super) fn add(&mut self, status: Status) {
        self.written += 1;
        self.partial += usize::from(status != Status::Success);
    }

    pub(super) fn exit(&self) -> Exit {
        match (self.failures.as_slice(), self.written) {
            ([], _) if self.partial == 0 => Exit::Success,
            ([], _) => Exit::Partial,
            // All failed: as the first did, if all did the same.
            ([first, rest @ ..], 0) if rest.iter().all(|exit| exit == first) => *first,
            (_, 0) => Exit::Failure,
            (_, _) => Exit::Partial,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(written: usize, partial: usize, failures: &[Exit]) -> Exit {
        Tally { written, partial, failures: failures.to_vec() }.exit()
    }

    #[test]
    fn the_exit_says_how_all_inputs_fared() {
        assert_eq!(tally(2, 0, &[]), Exit::Success);
        assert_eq!(tally(2, 1, &[]), Exit::Partial);
        assert_eq!(tally(1, 0, &[Exit::Failure]), Exit::Partial);
        assert_eq!(tally(0, 0, &[Exit::Usage]), Exit::Usage);
        assert_eq!(tally(0, 0, &[Exit::Usage, Exit::Usage]), Exit::Usage);
        assert_eq!(tally(0, 0, &[Exit::Usage, Exit::Failure]), Exit::Failure);
    }

    #[test]
    fn results_are_named_after_their_inputs() {
        let stem = |argument: &str| Given::new(&argument.into()).stem();
        assert_eq!(stem("in/report.v2.pdf"), "report.v2");
        assert_eq!(stem("-"), "stdin");
        assert_eq!(stem("https://example.org/a/b.pdf?x=/y.z#q"), "b");
        assert_eq!(stem("https://example.org"), "document");
        assert_eq!(stem("https://example.org/?a"), "document");
        assert_eq!(stem("data:image/png;base64,AAAA"), "document");
        assert_eq!(stem(".."), "document");
    }

    #[test]
    fn a_long_data_uri_is_cut_short_in_messages() {
        let uri = format!("data:image/png;base64,{}", "A".repeat(1000));
        assert!(Given::new(&uri.into()).name().chars().count() <= SHOWN + 1);
    }
}
