//! `recto worker`: reads what servers put into a queue that several machines share.

use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use recto::CancelFlag;
use recto::config::{self, Config};
use recto::jobs::{JobQueue, JobSettings};
use recto::provider::LocalProvider;
use recto::server::{JobWork, SharedQueue};

use super::args::seconds;
use super::console::{Console, Exit, misuse, to_stderr};
use super::limits::LimitArgs;
use super::serve::{Machine, engine};

/// Pages of a part of a document. Longer parts cost less (each opens the document), shorter ones are
/// spread more evenly, and less is read again when a worker dies.
const PART_PAGES: NonZero<usize> = NonZero::new(16).unwrap();

/// Where jobs are that several machines share.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct SharedArgs {
    /// A queue that several machines share: postgres://USER:PASSWORD@HOST/DATABASE [default: RECTO_QUEUE in
    /// the environment, else recto.toml]
    #[arg(long, value_name = "ADDRESS", help_heading = "Jobs")]
    queue: Option<String>,

    /// Where documents and results of a shared queue are: s3://BUCKET/PREFIX, or file:///FOLDER that
    /// all machines see [default: RECTO_STORE in the environment, else recto.toml]
    #[arg(long, value_name = "ADDRESS", help_heading = "Jobs")]
    store: Option<String>,
}

impl SharedArgs {
    /// The shared queue that is named somewhere.
    pub(super) fn queue(&self, config: &config::Jobs) -> anyhow::Result<Option<SharedQueue>> {
        let named = |option: &Option<String>, variable: &str, file: &Option<String>| {
            let given = option.clone().or_else(|| std::env::var(variable).ok());
            given.filter(|text| !text.is_empty()).or_else(|| file.clone())
        };
        let queue = named(&self.queue, "RECTO_QUEUE", &config.queue);
        let store = named(&self.store, "RECTO_STORE", &config.store);
        match (queue, store) {
            (None, None) => Ok(None),
            (Some(database), Some(store)) => {
                let schemes = ["postgres://", "postgresql://"];
                if !schemes.iter().any(|scheme| database.starts_with(scheme)) {
                    return Err(misuse(
                        "--queue: not the address of a PostgreSQL database: \
                         postgres://USER:PASSWORD@HOST/DATABASE",
                    ));
                }
                Ok(Some(SharedQueue { database, store }))
            }
            (Some(_), None) => Err(misuse(
                "--queue needs --store: where documents and results are, s3://BUCKET/PREFIX or file:///FOLDER",
            )),
            (None, Some(_)) => Err(misuse(
                "--store is where documents of a shared queue are, and none is named (--queue)",
            )),
        }
    }
}

/// Read what servers put into a queue that several machines share (`recto serve --queue`)
///
/// Any number of workers, on any number of machines. Long documents are split into parts which several of them
/// read. SIGINT and SIGTERM put what is under way back into the queue; so does the end of a worker of
/// any kind, after a few heartbeats.
#[derive(Debug, clap::Args)]
pub(super) struct WorkerArgs {
    #[command(flatten)]
    shared: SharedArgs,

    /// Jobs under way at once, whose pages take turns [default: one more than --jobs]
    #[arg(long, value_name = "N", help_heading = "Jobs")]
    at_once: Option<NonZero<usize>>,

    /// Documents of more pages are split into parts of so many; 0 reads each whole [default: 16]
    #[arg(long, value_name = "N", help_heading = "Jobs")]
    part_pages: Option<usize>,

    /// How often a job is begun whose worker dies, before it is set aside [default: 3]
    #[arg(long, value_name = "N", help_heading = "Jobs")]
    tries: Option<NonZero<usize>>,

    /// How often the worker says that it is alive; jobs of one that was silent three times go to
    /// others [default: 5]
    #[arg(long, value_name = "SECONDS", value_parser = seconds, help_heading = "Jobs")]
    heartbeat: Option<Duration>,

    /// The recto.toml to read [default: RECTO_CONFIG, else recto/recto.toml among your settings]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Pages read at once [default: one per processor]
    #[arg(long, short, value_name = "N")]
    jobs: Option<NonZero<usize>>,

    /// Fetch documents named by http(s) URLs, of public addresses only
    #[arg(long)]
    allow_urls: bool,

    /// Longest time of a job, or of a part of one [default: none]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,

    /// Longest time of a page; one that takes longer is left out [default: 120]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    page_timeout: Option<Duration>,

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

/// How a worker works: as the command line has it, else `recto.toml`.
#[derive(Debug, PartialEq)]
struct Pace {
    section: config::Server,
    settings: JobSettings,
    at_once: usize,
    part_pages: Option<usize>,
    timeout: Option<Duration>,
}

impl Pace {
    fn of(args: &WorkerArgs, section: &config::Server) -> Self {
        let mut section = section.clone();
        section.jobs = args.jobs.or(section.jobs);
        section.page_timeout = args.page_timeout.or(section.page_timeout);
        let mut settings = JobSettings::default();
        settings.heartbeat = args.heartbeat.unwrap_or(settings.heartbeat);
        settings.tries = args.tries.map_or(settings.tries, NonZero::get);
        let workers = section.jobs.or_else(|| std::thread::available_parallelism().ok());
        Self {
            settings,
            at_once: args.at_once.map_or(workers.map_or(1, NonZero::get) + 1, NonZero::get),
            part_pages: args.part_pages.map_or(Some(PART_PAGES), NonZero::new).map(NonZero::get),
            timeout: args.timeout.or(section.timeout),
            section,
        }
    }
}

/// Runs the subcommand.
pub(super) fn run(args: &WorkerArgs, console: &Console) -> anyhow::Result<Exit> {
    let config = Config::find(args.config.as_deref())?;
    let Some(shared) = args.shared.queue(&config.jobs)? else {
        return Err(misuse(
            "a worker needs a queue that it shares with servers: --queue postgres://… --store s3://…",
        ));
    };
    let Pace { section, settings, at_once, part_pages, timeout } = Pace::of(args, &config.server);
    let machine = Machine {
        limits: &args.limits,
        allow_urls: args.allow_urls,
        tessdata: args.tessdata.as_deref(),
        model_dir: args.model_dir.as_deref(),
        pdfium: args.pdfium.as_deref(),
    };
    let engine = engine(&machine, &section, &config)?;
    let local = LocalProvider::new(Arc::new(engine.clone()));
    let provider = config.provider(Arc::new(local))?;

    let stop = CancelFlag::default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the threads of the worker")?;
    runtime.block_on(async {
        tokio::spawn(signals(stop.clone()));
        let queue = JobQueue::connect(&shared.database, &shared.store, settings).await?;
        console.note(format_args!("reading jobs, {at_once} at once"));
        let work = JobWork::new(provider, Some(engine), queue.clone())
            .with_timeout(timeout)
            .with_part_pages(part_pages);
        queue.run(Arc::new(work), at_once, &stop).await
    })?;
    Ok(Exit::Success)
}

/// Raises the flag when the process is asked to end. A second time ends it at once: what was under
/// way goes to others, after a while.
async fn signals(stop: CancelFlag) {
    asked_to_end().await;
    stop.cancel();
    to_stderr("recto: giving back the jobs under way; ask again to stop at once");
    asked_to_end().await;
    std::process::exit(Exit::Interrupted.code().into());
}

/// Done when the process is asked to end, by SIGINT or SIGTERM.
async fn asked_to_end() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let both = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
        if let (Ok(mut interrupt), Ok(mut terminate)) = both {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(queue: Option<&str>, store: Option<&str>) -> Result<Option<SharedQueue>, String> {
        let own = |text: Option<&str>| text.map(str::to_owned);
        let args = SharedArgs { queue: own(queue), store: own(store) };
        args.queue(&config::Jobs::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn every_option_arrives_and_stands_over_the_file() {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            worker: WorkerArgs,
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recto.toml");
        std::fs::write(&path, "[server]\njobs = 99\npage_timeout = 99\ntimeout = 98\n").unwrap();
        let file = Config::load(&path).unwrap();
        let pace = |options: &str| {
            let words = std::iter::once("worker").chain(options.split_whitespace());
            Pace::of(&<Line as clap::Parser>::parse_from(words).worker, &file.server)
        };
        let usual = pace("");
        assert_eq!((usual.section.jobs, usual.at_once), (NonZero::new(99), 100));
        assert_eq!((usual.part_pages, usual.timeout), (Some(16), Some(Duration::from_secs(98))));
        assert_eq!(usual.settings, JobSettings::default());

        let told = pace(
            "--at-once 2 --part-pages 3 --tries 4 --heartbeat 5.5 --jobs 6 --timeout 7 --page-timeout 8",
        );
        assert_eq!(
            (told.at_once, told.part_pages, told.section.jobs),
            (2, Some(3), NonZero::new(6))
        );
        assert_eq!((told.settings.tries, told.settings.heartbeat.as_millis()), (4, 5500));
        let seconds = [told.timeout, told.section.page_timeout].map(|time| time.unwrap().as_secs());
        assert_eq!(seconds, [7, 8]);
        assert_eq!(pace("--part-pages 0").part_pages, None);
    }

    #[test]
    fn a_queue_and_its_store_come_together() {
        let both = queue(Some("postgres://u:p@h/d"), Some("s3://b/p")).unwrap().unwrap();
        assert_eq!(
            (both.database.as_str(), both.store.as_str()),
            ("postgres://u:p@h/d", "s3://b/p")
        );
        assert!(!format!("{both:?}").contains("u:p"), "a password is not for logs");
        assert_eq!(queue(None, None).unwrap(), None);
        assert!(queue(Some("postgres://h/d"), None).unwrap_err().contains("--queue needs --store"));
        assert!(queue(None, Some("s3://b")).unwrap_err().contains("none is named (--queue)"));
        let error = queue(Some("redis://secret@h"), Some("s3://b")).unwrap_err();
        assert!(error.contains("PostgreSQL") && !error.contains("secret"), "{error}");
    }
}
