//! `recto serve`: the engine behind the HTTP interfaces of hosted OCR services.

use std::net::SocketAddr;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use recto::config::{self, Config, Place};
use recto::files::{self, FileSettings, FileStore};
use recto::provider::LocalProvider;
use recto::server::{JobRules, KeyLimits, Keys, Server, Settings};
use recto::{Engine, Sandbox, UrlPolicy};

use super::args::{SandboxArg, described, seconds};
use super::children::ChildRules;
use super::console::{Console, Exit};
use super::limits::LimitArgs;
use super::worker::SharedArgs;

/// Where to listen unless told otherwise.
const LISTEN: &str = "127.0.0.1:8811";
/// Largest request in megabytes: a document of 50 MB in base64.
const MAX_BODY_MB: u32 = 70;

/// Serve OCR over HTTP, in the shapes of Mistral and Bifrost (/v1/ocr), of Opper (/v3/ocr) and of
/// docling-serve (/v1/convert)
///
/// Only this machine is served, unless there are keys: a file of them (--key-file), or RECTO_KEYS in
/// the environment, separated by commas. Options count before what recto.toml says. SIGINT and
/// SIGTERM end the server after the reads under way; a second one ends it at once.
#[derive(Debug, clap::Args)]
pub(super) struct ServeArgs {
    /// The recto.toml to read [default: RECTO_CONFIG, else recto/recto.toml among your settings]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Address and port to listen on; port 0 takes a free one [default: 127.0.0.1:8811]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,

    /// Pages read at once [default: one per processor]
    #[arg(long, short, value_name = "N")]
    jobs: Option<NonZero<usize>>,

    /// Documents under way at once, whose pages take turns [default: 32]
    #[arg(long, value_name = "N")]
    documents: Option<NonZero<usize>>,

    /// Requests that may wait besides; further ones are answered with status 503 [default: 64]
    #[arg(long, value_name = "N")]
    waiting: Option<usize>,

    /// Where pages are read: in child processes, which may crash, or on threads of the server
    /// [default: processes]
    #[arg(long, value_enum, value_name = "WHERE")]
    isolation: Option<Where>,

    /// Fetch documents named by http(s) URLs, of public addresses only
    #[arg(long)]
    allow_urls: bool,

    /// Largest request, in megabytes: base64 makes documents a third larger [default: 70]
    #[arg(long, value_name = "MB")]
    max_body_mb: Option<NonZero<u32>>,

    /// Most pages of one read, as --limit pages=N; documents from which more are asked for are refused
    /// [default: any]
    #[arg(long, value_name = "N")]
    max_pages: Option<NonZero<usize>>,

    /// Longest time of a read; its answer has the pages that were read by then [default: none]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,

    /// Longest time of a page in a child process; one that takes longer is left out [default: 120]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    page_timeout: Option<Duration>,

    /// Most memory of a child process, in megabytes; a page that needs more is left out [default:
    /// 4000]
    #[arg(long, value_name = "MB")]
    page_memory_mb: Option<NonZero<u32>>,

    /// Whether the system confines child processes, which then read their models and the documents
    /// handed to them and nothing else: on (as far as it can), required, or off [default: on]
    #[arg(long, value_enum, value_name = "HOW")]
    sandbox: Option<SandboxArg>,

    /// A file of keys, one a line, each as it is or as sha256:DIGEST; RECTO_KEYS in the environment
    /// is another place for them
    #[arg(long, value_name = "FILE", help_heading = "Keys")]
    key_file: Option<PathBuf>,

    /// Reads a minute of one key; further ones are answered with status 429
    #[arg(long, value_name = "N", help_heading = "Keys")]
    key_requests: Option<NonZero<u32>>,

    /// Reads of one key at once, waiting ones among them
    #[arg(long, value_name = "N", help_heading = "Keys")]
    key_reads: Option<NonZero<u32>>,

    /// Pages a minute of one key, counted when they were read
    #[arg(long, value_name = "N", help_heading = "Keys")]
    key_pages: Option<NonZero<u32>>,

    /// Folder for uploaded files, kept for a week unless recto.toml says otherwise [default:
    /// recto/files in $XDG_DATA_HOME or ~/.local/share]
    #[arg(long, value_name = "DIR", help_heading = "Files")]
    files_dir: Option<PathBuf>,

    /// Take no files
    #[arg(long, conflicts_with = "files_dir", help_heading = "Files")]
    no_files: bool,

    /// Folder for jobs: requests that are answered later [default: recto/jobs in $XDG_DATA_HOME or
    /// ~/.local/share]
    #[arg(long, value_name = "DIR", help_heading = "Jobs")]
    jobs_dir: Option<PathBuf>,

    /// Take no jobs
    #[arg(long, conflicts_with_all = ["jobs_dir", "queue"], help_heading = "Jobs")]
    no_jobs: bool,

    #[command(flatten)]
    shared: SharedArgs,

    #[command(flatten)]
    limits: LimitArgs,

    /// Folder with Tesseract's *.traineddata files [default: where the system keeps them]
    #[arg(long, value_name = "DIR", help_heading = "This machine")]
    tessdata: Option<PathBuf>,

    /// Folder with neural models of your own for the engine rapidocr: *det*.onnx, *rec*.onnx, and a
    /// dictionary *.txt unless the model holds it [default: those of `recto setup`]
    #[arg(long, value_name = "DIR", env = "RECTO_MODEL_DIR", help_heading = "This machine")]
    model_dir: Option<PathBuf>,

    /// PDFium library to load [default: as `recto doctor` finds it]
    #[arg(long, value_name = "FILE", help_heading = "This machine")]
    pdfium: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Where {
    Processes,
    Threads,
}

/// Runs the subcommand.
pub(super) fn run(args: &ServeArgs, console: &Console) -> anyhow::Result<Exit> {
    let config = Config::find(args.config.as_deref())?;
    let section = args.over(config.server.clone());
    let listen = match section.listen {
        Some(listen) => listen,
        None => LISTEN.parse()?,
    };
    let mut settings = bounds(&section);
    settings.files = args.files(&config)?;
    settings.jobs = args.job_rules(&config.jobs)?;
    settings.keys = keys(&section)?;

    let engine = engine(&args.machine(), &section, &config)?;
    settings.engine = Some(engine.clone());
    let provider = config.provider(Arc::new(LocalProvider::new(Arc::new(engine))))?;
    Server::new(provider, settings).run(listen, |address| {
        console.note(format_args!("listening on http://{address}"));
    })?;
    Ok(Exit::Success)
}

/// Everything that is a number.
fn bounds(section: &config::Server) -> Settings {
    let number = |limit: Option<NonZero<u32>>| limit.map(NonZero::get);
    let mut settings = Settings::default();
    settings.documents = section.documents.map_or(settings.documents, NonZero::get);
    settings.queue = section.waiting.unwrap_or(settings.queue);
    settings.max_body_bytes = max_body_mb(section) as usize * 1_000_000;
    settings.timeout = section.timeout;
    settings.limits = KeyLimits::new(number(section.key_requests), number(section.key_reads))
        .with_pages(number(section.key_pages));
    settings
}

fn max_body_mb(section: &config::Server) -> u32 {
    section.max_body_mb.map_or(MAX_BODY_MB, NonZero::get)
}

/// The keys of the file and of the environment.
fn keys(section: &config::Server) -> anyhow::Result<Keys> {
    let mut keys = Keys::default();
    if let Some(path) = &section.key_file {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the keys in {}", path.display()))?;
        keys = Keys::parse(&text)?;
    }
    match std::env::var("RECTO_KEYS") {
        Ok(text) => Ok(keys.and(Keys::parse(&text)?)),
        Err(_) => Ok(keys),
    }
}

impl ServeArgs {
    /// The options over what the file says.
    fn over(&self, file: config::Server) -> config::Server {
        let mut section = file;
        section.listen = self.listen.or(section.listen);
        section.jobs = self.jobs.or(section.jobs);
        section.documents = self.documents.or(section.documents);
        section.waiting = self.waiting.or(section.waiting);
        section.timeout = self.timeout.or(section.timeout);
        section.max_body_mb = self.max_body_mb.or(section.max_body_mb);
        section.max_pages = self.max_pages.or(section.max_pages);
        section.key_file = self.key_file.clone().or(section.key_file);
        section.key_requests = self.key_requests.or(section.key_requests);
        section.key_reads = self.key_reads.or(section.key_reads);
        section.key_pages = self.key_pages.or(section.key_pages);
        section.page_timeout = self.page_timeout.or(section.page_timeout);
        section.page_memory_mb = self.page_memory_mb.or(section.page_memory_mb);
        section.sandbox = self.sandbox.map(Sandbox::from).or(section.sandbox);
        let place = self.isolation.map(|place| match place {
            Where::Processes => Place::Processes,
            Where::Threads => Place::Threads,
        });
        section.isolation = place.or(section.isolation);
        section
    }

    /// How jobs are kept. As with files, a folder that was named is made at once.
    fn job_rules(&self, config: &config::Jobs) -> anyhow::Result<Option<JobRules>> {
        let named = self.jobs_dir.clone().or_else(|| config.dir.clone());
        let folder = named.clone().or_else(JobRules::default_folder).filter(|_| !self.no_jobs);
        let Some(folder) = folder else { return Ok(None) };
        let mut rules = JobRules::in_folder(folder);
        rules.shared = self.shared.queue(config)?;
        rules.at_once = config.at_once.map(NonZero::get);
        let hours = |hours: NonZero<u32>| Duration::from_secs(u64::from(hours.get()) * 3600);
        rules.keep = config.keep_hours.map_or(rules.keep, hours);
        let seconds = |seconds| Duration::from_secs(u64::from(seconds));
        rules.keep_fetched = config.keep_fetched_seconds.map_or(rules.keep_fetched, seconds);
        rules.most_waiting = config.max_waiting.map_or(rules.most_waiting, NonZero::get);
        let megabytes = |n: NonZero<u32>| u64::from(n.get()) * 1_000_000;
        rules.max_upload_bytes = config.max_upload_mb.map_or(rules.max_upload_bytes, megabytes);
        if named.is_some() {
            rules.create().context("the folder for jobs (--jobs-dir) cannot be used")?;
        }
        Ok(Some(rules))
    }

    /// The store of files. A folder that was named is made at once, so that one that cannot be made
    /// is told now; the default one when the first file arrives.
    fn files(&self, config: &Config) -> anyhow::Result<Option<FileStore>> {
        let config = &config.files;
        let named = self.files_dir.clone().or_else(|| config.dir.clone());
        let Some(folder) = named.clone().or_else(files::default_folder).filter(|_| !self.no_files)
        else {
            return Ok(None);
        };
        let megabytes = |n: NonZero<u32>| u64::from(n.get()) * 1_000_000;
        let mut settings = FileSettings::default();
        if let Some(hours) = config.retention_hours {
            settings.retention = Duration::from_secs(u64::from(hours.get()) * 3600);
        }
        settings.quota_bytes = config.quota_mb.map_or(settings.quota_bytes, megabytes);
        settings.max_file_bytes = config.max_file_mb.map_or(settings.max_file_bytes, megabytes);
        settings.public_url = config.public_url.clone();
        let store = FileStore::open(folder, settings)
            .and_then(
                |store| if named.is_some() { store.create().map(|()| store) } else { Ok(store) },
            )
            .context(
                "cannot keep files (--files-dir names a folder for them, --no-files takes none)",
            )?;
        Ok(Some(store))
    }

    fn machine(&self) -> Machine<'_> {
        Machine {
            allow_urls: self.allow_urls,
            limits: &self.limits,
            tessdata: self.tessdata.as_deref(),
            model_dir: self.model_dir.as_deref(),
            pdfium: self.pdfium.as_deref(),
        }
    }
}

/// What options say of this machine, and no file does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Machine<'a> {
    pub(super) allow_urls: bool,
    pub(super) limits: &'a LimitArgs,
    pub(super) tessdata: Option<&'a Path>,
    pub(super) model_dir: Option<&'a Path>,
    pub(super) pdfium: Option<&'a Path>,
}

/// The engine of a server or a worker.
pub(super) fn engine(
    machine: &Machine<'_>,
    section: &config::Server,
    config: &Config,
) -> recto::Result<Engine> {
    let fetch = &config.fetch;
    let allow = machine.allow_urls || fetch.allow;
    let policy = if allow { UrlPolicy::Public } else { UrlPolicy::Refuse };
    let max_mb = fetch.max_mb.map_or(max_body_mb(section), NonZero::get);
    let mut config = config.clone();
    if let Some(pages) = section.max_pages {
        config.limits.pages = pages.get() as u64;
    }
    let limits = machine.limits.over(&config)?;
    let mut builder = described(Engine::builder(), &config)?
        .limits(limits)
        .url_policy(policy)
        .fetch_hosts(fetch.allow_hosts.iter().cloned())
        .fetch_max_bytes(u64::from(max_mb) * 1_000_000);
    if let Some(timeout) = fetch.timeout_seconds {
        builder = builder.fetch_timeout(timeout);
    }
    if let Some(jobs) = section.jobs {
        builder = builder.workers(jobs.get());
    }
    let rules = ChildRules {
        sandbox: section.sandbox,
        page_timeout: section.page_timeout,
        page_memory_mb: section.page_memory_mb,
    };
    let in_children = section.isolation != Some(Place::Threads);
    builder = builder.isolation(rules.isolation(in_children)?);
    if let Some(folder) = machine.tessdata {
        builder = builder.tessdata(folder);
    }
    if let Some(folder) = machine.model_dir {
        builder = builder.model_dir(folder);
    }
    if let Some(library) = machine.pdfium {
        builder = builder.pdfium(library);
    }
    builder.build()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Test {
        #[command(flatten)]
        serve: ServeArgs,
    }

    fn section(words: &str, file: &str) -> config::Server {
        let words = std::iter::once("test").chain(words.split_whitespace());
        let args = Test::try_parse_from(words).map(|test| test.serve).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recto.toml");
        std::fs::write(&path, file).unwrap();
        args.over(Config::load(&path).unwrap().server)
    }

    #[test]
    fn every_option_arrives_and_stands_over_the_file() {
        let options = "--listen 127.0.0.1:1 --jobs 2 --documents 3 --waiting 4 --timeout 5.5 \
                       --max-body-mb 6 --max-pages 7 --key-file k --key-requests 8 --key-reads 9 \
                       --key-pages 10 --isolation threads --page-timeout 11 \
                       --page-memory-mb 12 --sandbox required";
        let same = "[server]\nlisten = \"127.0.0.1:1\"\njobs = 2\ndocuments = 3\nwaiting = 4\n\
                    timeout = 5.5\nmax_body_mb = 6\nmax_pages = 7\nkey_file = \"k\"\n\
                    key_requests = 8\nkey_reads = 9\nkey_pages = 10\nisolation = \"threads\"\n\
                    page_timeout = 11\npage_memory_mb = 12\nsandbox = \"required\"\n";
        let other = "[server]\nlisten = \"127.0.0.1:9\"\njobs = 99\ndocuments = 99\nwaiting = 99\n\
                     timeout = 99\nmax_body_mb = 99\nmax_pages = 99\nkey_file = \"x\"\n\
                     key_requests = 99\nkey_reads = 99\nkey_pages = 99\n\
                     isolation = \"processes\"\npage_timeout = 99\npage_memory_mb = 99\n\
                     sandbox = \"off\"\n";
        let wanted = section("", same);
        assert_eq!(section(options, ""), wanted);
        assert_eq!(section(options, other), wanted);
        assert_ne!(section("", other), wanted);

        let settings = bounds(&wanted);
        assert_eq!((settings.documents, settings.queue), (3, 4));
        assert_eq!(settings.max_body_bytes, 6_000_000);
        assert_eq!(settings.timeout, Some(Duration::from_millis(5500)));
        assert_eq!(settings.limits, KeyLimits::new(Some(8), Some(9)).with_pages(Some(10)));
        let usual = bounds(&section("", ""));
        assert_eq!((usual.documents, usual.queue, usual.max_body_bytes), (32, 64, 70_000_000));
    }
}
