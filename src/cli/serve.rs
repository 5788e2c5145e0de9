//! `recto serve`: the engine behind the HTTP interfaces of hosted OCR services.

use std::net::SocketAddr;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use recto::files::{self, FileSettings, FileStore};
use recto::provider::LocalProvider;
use recto::server::{KeyLimits, Keys, Server, Settings};
use recto::{Config, Engine, UrlPolicy};

use super::args::seconds;
use super::console::{Console, Exit};

/// Serve OCR over HTTP, in the shapes of Mistral and Bifrost (/v1/ocr) and of Opper (/v3/ocr)
///
/// Only this machine is served, unless there are keys: a file of them (--key-file), or RECTO_KEYS in
/// the environment, separated by commas. SIGINT and SIGTERM end the server after the reads under
/// way; a second one ends it at once.
#[derive(Debug, clap::Args)]
pub(super) struct ServeArgs {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8811")]
    listen: SocketAddr,

    /// Documents read at once [default: one per processor]
    #[arg(long, short, value_name = "N")]
    jobs: Option<NonZero<usize>>,

    /// Requests that may wait for their turn; further ones are answered with status 503
    #[arg(long, value_name = "N", default_value_t = 64)]
    queue: usize,

    /// Fetch documents named by http(s) URLs, of public addresses only
    #[arg(long)]
    allow_urls: bool,

    /// Largest request, in megabytes: base64 makes documents a third larger
    #[arg(long, value_name = "MB", default_value = "70")]
    max_body_mb: NonZero<u32>,

    /// Longest time of a read; its answer has the pages that were read by then [default: none]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,

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

    /// Folder for uploaded files, kept for a week unless recto.toml says otherwise [default:
    /// recto/files in $XDG_DATA_HOME or ~/.local/share]
    #[arg(long, value_name = "DIR", help_heading = "Files")]
    files_dir: Option<PathBuf>,

    /// Take no files
    #[arg(long, conflicts_with = "files_dir", help_heading = "Files")]
    no_files: bool,

    /// A recto.toml to read [default: $RECTO_CONFIG, or recto/recto.toml in $XDG_CONFIG_HOME or
    /// ~/.config]
    #[arg(long, value_name = "FILE", help_heading = "This machine")]
    config: Option<PathBuf>,

    /// Folder with Tesseract's *.traineddata files [default: where the system keeps them]
    #[arg(long, value_name = "DIR", help_heading = "This machine")]
    tessdata: Option<PathBuf>,

    /// PDFium library to load [default: as `recto doctor` finds it]
    #[arg(long, value_name = "FILE", help_heading = "This machine")]
    pdfium: Option<PathBuf>,
}

/// Runs the subcommand.
pub(super) fn run(args: &ServeArgs, console: &Console) -> anyhow::Result<Exit> {
    let jobs =
        args.jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZero::get);
    let config = Config::find(args.config.as_deref())?;
    let mut settings = Settings::default();
    settings.files = args.files(&config)?;
    settings.jobs = jobs;
    settings.queue = args.queue;
    settings.allow_urls = args.allow_urls;
    settings.max_body_bytes = args.max_body_mb.get() as usize * 1_000_000;
    settings.timeout = args.timeout;
    settings.keys = args.keys()?;
    settings.limits =
        KeyLimits::new(args.key_requests.map(NonZero::get), args.key_reads.map(NonZero::get));

    let provider = LocalProvider::new(Arc::new(args.engine(jobs)?));
    Server::new(Arc::new(provider), settings).run(args.listen, |address| {
        console.note(format_args!("listening on http://{address}"));
    })?;
    Ok(Exit::Success)
}

impl ServeArgs {
    fn keys(&self) -> anyhow::Result<Keys> {
        let mut keys = Keys::default();
        if let Some(path) = &self.key_file {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read the keys in {}", path.display()))?;
            keys = Keys::parse(&text)?;
        }
        match std::env::var("RECTO_KEYS") {
            Ok(text) => Ok(keys.and(Keys::parse(&text)?)),
            Err(_) => Ok(keys),
        }
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

    fn engine(&self, jobs: usize) -> recto::Result<Engine> {
        let policy = if self.allow_urls { UrlPolicy::Public } else { UrlPolicy::Refuse };
        let mut builder = Engine::builder().url_policy(policy).workers(jobs);
        if let Some(folder) = &self.tessdata {
            builder = builder.tessdata(folder);
        }
        if let Some(library) = &self.pdfium {
            builder = builder.pdfium(library);
        }
        builder.build()
    }
}
