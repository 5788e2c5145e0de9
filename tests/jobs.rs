//! Jobs that survive the process that runs them.

#![allow(clippy::expect_used, clippy::panic)] // What cannot be made fails the test.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use recto::jobs::{
    Job, JobHandler, JobInput, JobPart, JobProgress, JobQueue, JobSettings, JobState, JobStatus,
    NewJob, PartDone,
};
use recto::{CancelFlag, Error};
use serde_json::{Value, json};
use url::Url;

/// Names the queue's folder for the process that runs jobs.
const FOLDER: &str = "RECTO_TEST_JOBS";

/// Names a PostgreSQL server on which databases may be made; without it, each test has SQLite's.
const SERVER: &str = "RECTO_TEST_POSTGRES";

/// No test takes longer than this, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

fn settings() -> JobSettings {
    let mut settings = JobSettings::default();
    settings.heartbeat = Duration::from_secs(1);
    settings
}

/// A queue in a folder: of its own, or of a new database of the PostgreSQL server that is named.
async fn open(folder: &Path) -> JobQueue {
    open_with(folder, settings()).await
}

async fn open_with(folder: &Path, settings: JobSettings) -> JobQueue {
    let Ok(server) = std::env::var(SERVER) else {
        return JobQueue::open(folder, settings).await.expect("a queue");
    };
    fs::create_dir_all(folder).expect("a folder");
    let known = folder.join("database");
    if !known.exists() {
        let name = format!("jobs_{}", ulid::Ulid::generate()).to_ascii_lowercase();
        let pool = sqlx::PgPool::connect(&server).await.expect("a server");
        let make = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::query(make).execute(&pool).await.expect("a database");
        let mut url = Url::parse(&server).expect("a URL");
        url.set_path(&name);
        fs::write(&known, url.as_str()).expect("can write");
    }
    let database = fs::read_to_string(&known).expect("a URL");
    let store = Url::from_directory_path(folder).expect("a folder");
    JobQueue::connect(&database, store.as_str(), settings).await.expect("a queue")
}

async fn state(queue: &JobQueue, id: &str) -> JobState {
    queue.state(id).await.expect("a database").expect("a job")
}

/// Answers with the request; does what it names first.
struct Handler {
    /// Where it notes the jobs it begins.
    log: PathBuf,
}

impl JobHandler for Handler {
    fn run(&self, job: &Job) -> Result<Vec<u8>, Error> {
        let mut file =
            fs::File::options().create(true).append(true).open(&self.log).expect("a log");
        writeln!(file, "{}", job.id).expect("can write");
        match job.request["do"].as_str() {
            Some("abort") => std::process::abort(),
            Some("panic") => panic!("a job that panics"),
            Some("fail") => return Err(Error::EmptyInput { name: "a.pdf".to_owned() }),
            Some("wait") => loop {
                job.report(3, 8);
                if job.cancel.is_cancelled() {
                    return Err(Error::Cancelled);
                }
                std::thread::sleep(Duration::from_millis(5));
            },
            Some("read") => return Ok(fs::read(&job.inputs[0]).expect("it")),
            _ => std::thread::sleep(Duration::from_millis(40)),
        }
        Ok(job.request.to_string().into_bytes())
    }

    /// Into as many parts as it says, of which one may do something.
    fn split(&self, job: &Job) -> Result<Vec<JobPart>, Error> {
        let count = job.request["parts"].as_u64().unwrap_or_default();
        let part = |n: u64| {
            let word = job.request[n.to_string()].clone();
            JobPart { request: json!({"part": n, "do": word}), size: 2 }
        };
        Ok((0..count).map(part).collect())
    }

    fn join(&self, job: &Job, parts: Vec<PartDone>) -> Result<Vec<u8>, Error> {
        let word = |(n, part): (usize, PartDone)| match part.result {
            _ if part.request["part"] != n => panic!("{part:?} is not part {n}"),
            Ok(bytes) => String::from_utf8(bytes).expect("text"),
            Err(why) => why,
        };
        let parts: Vec<String> = parts.into_iter().enumerate().map(word).collect();
        Ok(json!({ "of": job.request, "parts": parts }).to_string().into_bytes())
    }
}

fn handler(log: &Path) -> Arc<dyn JobHandler> {
    Arc::new(Handler { log: log.to_owned() })
}

async fn result(queue: &JobQueue, id: &str) -> Option<String> {
    let bytes = queue.result(id).await.expect("a store");
    bytes.map(|bytes| String::from_utf8(bytes).expect("text"))
}

/// Runs jobs until the condition holds.
async fn run_until(queue: &JobQueue, folder: &Path, at_once: usize, done: impl AsyncFn() -> bool) {
    let stop = CancelFlag::default();
    let running = tokio::spawn({
        let (queue, stop, handler) = (queue.clone(), stop.clone(), handler(&folder.join("log")));
        async move { queue.run(handler, at_once, &stop).await }
    });
    let started = Instant::now();
    while !done().await {
        assert!(started.elapsed() < PATIENCE, "jobs do not end");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.cancel();
    running.await.expect("no panic").expect("jobs run");
}

async fn all_over(queue: &JobQueue, ids: &[String]) -> bool {
    for id in ids {
        let status = state(queue, id).await.status;
        if matches!(status, JobStatus::Pending | JobStatus::Started) {
            return false;
        }
    }
    true
}

async fn submit(queue: &JobQueue, request: Value) -> String {
    let owner = Some("somebody".to_owned());
    queue.submit(NewJob { request, owner, ..NewJob::default() }).await.expect("it is kept")
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_run_in_the_order_they_came_and_say_how_they_ended() {
    let dir = tempfile::tempdir().expect("a folder");
    let input = dir.path().join("input");
    fs::write(&input, "the input").expect("can write");
    let queue = open(&dir.path().join("queue")).await;
    let mut ids = Vec::new();
    for request in [json!({"n": 0}), json!({"do": "fail"}), json!({"do": "panic"}), json!({"n": 3})]
    {
        ids.push(submit(&queue, request).await);
    }
    let copy = vec![JobInput::Copy(input.clone()), JobInput::Bytes((*b"more").into())];
    let reads = NewJob {
        kind: "reads".to_owned(),
        request: json!({"do": "read"}),
        inputs: copy,
        owner: None,
    };
    ids.push(queue.submit(reads).await.expect("it is kept"));
    fs::remove_file(&input).expect("can remove");
    for (at, id) in ids.iter().enumerate() {
        let waiting = state(&queue, id).await;
        assert_eq!((waiting.status, waiting.position), (JobStatus::Pending, Some(at + 1)));
        assert_eq!(queue.result(id).await.expect("a database"), None);
    }
    run_until(&queue, dir.path(), 1, async || all_over(&queue, &ids).await).await;
    let log = fs::read_to_string(dir.path().join("log")).expect("a log");
    assert_eq!(log.lines().collect::<Vec<_>>(), ids);
    let errors = [None, Some("a.pdf is empty (0 bytes)"), Some("panicked"), None, None];
    for (id, error) in ids.iter().zip(errors) {
        let over = state(&queue, id).await;
        assert_eq!((over.attempts, over.position), (1, None));
        assert!(over.ended_at >= Some(over.submitted_at));
        let result = queue.result(id).await.expect("a database");
        assert_eq!(over.status == JobStatus::Success, error.is_none() && result.is_some());
        assert!(over.status.is_over());
        let why = over.error.unwrap_or_default();
        assert!(
            why.contains(error.unwrap_or_default()) && why.is_empty() == error.is_none(),
            "{why}"
        );
    }
    assert_eq!(result(&queue, &ids[4]).await.as_deref(), Some("the input"));
    let inputs = fs::read_dir(dir.path().join("queue/inputs")).expect("a folder").count();
    assert_eq!(inputs, 0, "copies go when their jobs have ended");
    assert_eq!(state(&queue, &ids[0]).await.owner.as_deref(), Some("somebody"));
    assert_eq!(queue.state("01M881HX0CMB1T5Q042YBSS8QH").await.expect("a database"), None);

    // Newest first, of one owner and one kind.
    let list = async |owner, kind| queue.list(owner, kind).await.expect("a database");
    let newest: Vec<_> = ids[..4].iter().rev().cloned().collect();
    assert_eq!(list(Some("somebody"), "").await, newest);
    assert_eq!(list(None, "reads").await, ids[4..]);
    assert!(list(Some("nobody"), "").await.is_empty() && list(None, "").await.is_empty());
    assert_eq!(state(&queue, &ids[4]).await.kind, "reads");

    // What has ended goes when its time is over, and not before.
    assert_eq!(queue.sweep().await.expect("a database"), 0);
    let mut brief = settings();
    brief.keep = Duration::ZERO;
    let brief = open_with(&dir.path().join("queue"), brief).await;
    let waiting = submit(&brief, json!({})).await;
    assert_eq!(brief.sweep().await.expect("a database"), 5);
    assert_eq!(queue.state(&ids[0]).await.expect("a database"), None);
    assert_eq!(state(&queue, &waiting).await.status, JobStatus::Pending);
    assert_eq!(fs::read_dir(dir.path().join("queue/results")).expect("a folder").count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_cancelled_and_stopped() {
    let dir = tempfile::tempdir().expect("a folder");
    let queue = open(&dir.path().join("queue")).await;
    let waiting = submit(&queue, json!({"n": 0})).await;
    assert!(queue.cancel(&waiting).await.expect("a database"));
    assert!(!queue.cancel(&waiting).await.expect("a database"), "it has ended");
    let running = submit(&queue, json!({"do": "wait"})).await;
    let stopped = submit(&queue, json!({"do": "wait"})).await;
    let is = async |id: &str, status| state(&queue, id).await.status == status;
    run_until(&queue, dir.path(), 2, async || {
        let told = state(&queue, &stopped).await.progress.is_some();
        if told && is(&running, JobStatus::Started).await {
            assert!(queue.cancel(&running).await.expect("a database"));
        }
        is(&running, JobStatus::Failure).await
    })
    .await;
    for id in [&waiting, &running] {
        let over = state(&queue, id).await;
        assert_eq!(over.status, JobStatus::Failure);
        assert_eq!(over.error.as_deref(), Some("the job was cancelled"));
    }
    // One that its process did not let end waits again, and that try does not count.
    let again = state(&queue, &stopped).await;
    assert_eq!(again.progress, Some(JobProgress { done: 3, total: 8 }));
    assert_eq!((again.status, again.attempts), (JobStatus::Pending, 0), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_in_parts_is_joined_in_their_order_and_a_part_that_fails_is_told() {
    let dir = tempfile::tempdir().expect("a folder");
    let queue = open(&dir.path().join("queue")).await;
    let request = json!({"parts": 5, "2": "fail"});
    let inputs = vec![JobInput::Bytes((*b"the input").into())];
    let id = queue.submit(NewJob { request: request.clone(), inputs, ..NewJob::default() }).await;
    let id = id.expect("it is kept");
    let whole = submit(&queue, json!({"parts": 1})).await;
    let both = [id.clone(), whole.clone()];
    run_until(&queue, dir.path(), 2, async || all_over(&queue, &both).await).await;
    let over = state(&queue, &id).await;
    assert_eq!(over.status, JobStatus::Success, "{over:?}");
    assert_eq!(over.progress, Some(JobProgress { done: 10, total: 10 }));
    let part = |n: u64| match n {
        2 => "a.pdf is empty (0 bytes)".to_owned(),
        n => json!({"part": n, "do": null}).to_string(),
    };
    let joined = json!({ "of": request, "parts": (0..5).map(part).collect::<Vec<_>>() });
    let read: Value =
        serde_json::from_str(&result(&queue, &id).await.expect("a result")).expect("JSON");
    assert_eq!(read, joined);
    assert_eq!(result(&queue, &whole).await, Some(json!({"parts": 1}).to_string()));
    let log = fs::read_to_string(dir.path().join("log")).expect("a log");
    assert_eq!(log.lines().count(), 5 + 1, "each part and the whole one once");
    // What belongs to the parts goes with the end, what belongs to the job with the job.
    assert_eq!(results(dir.path()), 2);
    assert_eq!(fs::read_dir(dir.path().join("queue/inputs")).expect("a folder").count(), 0);
    assert!(queue.remove(&id).await.expect("a database"));
    assert!(!queue.remove(&id).await.expect("a database"));
    assert_eq!((results(dir.path()), queue.state(&id).await.expect("a database")), (1, None));

    // Cancelled, none of its parts goes on.
    let id = submit(&queue, json!({"parts": 3, "0": "wait", "1": "wait"})).await;
    let started = async || state(&queue, &id).await.progress.is_some_and(|part| part.done > 0);
    run_until(&queue, dir.path(), 2, async || {
        if started().await {
            assert!(queue.cancel(&id).await.expect("a database"));
        }
        state(&queue, &id).await.status == JobStatus::Failure
    })
    .await;
    assert_eq!(state(&queue, &id).await.error.as_deref(), Some("the job was cancelled"));
    assert_eq!(queue.waiting().await.expect("a database"), 0);
}

/// Not a test: what [`killed_processes_lose_no_job_and_do_none_twice`] starts.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "started by another test"]
async fn the_process_that_runs_jobs() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    let queue = open(&folder.join("queue")).await;
    let handler = handler(&folder.join("log"));
    queue.run(handler, 2, &CancelFlag::default()).await.expect("jobs run");
}

fn start(folder: &Path) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "the_process_that_runs_jobs", "--ignored"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts")
}

fn results(folder: &Path) -> usize {
    // The folder is made with the first; what a killed process was writing has a number behind a #.
    let Ok(files) = fs::read_dir(folder.join("queue/results")) else { return 0 };
    files
        .filter(|file| !file.as_ref().expect("a file").path().to_string_lossy().contains('#'))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_processes_lose_no_job_and_do_none_twice() {
    let dir = tempfile::tempdir().expect("a folder");
    let queue = open(&dir.path().join("queue")).await;
    let mut ids = Vec::new();
    for n in 0..30 {
        let request = if n == 7 { json!({"do": "abort"}) } else { json!({"n": n}) };
        ids.push(submit(&queue, request).await);
    }
    let started = Instant::now();
    let (mut kills, mut starts) = (0, 0);
    while !all_over(&queue, &ids).await {
        let mut child = start(dir.path());
        starts += 1;
        let before = results(dir.path());
        loop {
            assert!(started.elapsed() < PATIENCE, "jobs do not end");
            let ended = child.try_wait().expect("can ask").is_some();
            let more = kills < 5 && results(dir.path()) >= before + 2;
            if ended || more || all_over(&queue, &ids).await {
                // Kill -9.
                kills += usize::from(!ended && more);
                let _ = child.kill();
                child.wait().expect("it ends");
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    assert_eq!(kills, 5);
    assert!(starts >= 5 + 3, "the job that aborts ended {starts} processes and kills");
    let log = fs::read_to_string(dir.path().join("log")).expect("a log");
    for (n, id) in ids.iter().enumerate() {
        let over = state(&queue, id).await;
        let begun = log.lines().filter(|line| line == id).count();
        if n == 7 {
            assert_eq!(over.status, JobStatus::Failure);
            let why = "set aside: its process ended 3 times while it ran";
            assert_eq!(over.error.as_deref(), Some(why));
            assert_eq!(over.attempts, 3);
            // One of the kills may have come between its being counted and its beginning.
            assert!((1..=3).contains(&begun), "{begun}");
            continue;
        }
        assert_eq!(over.status, JobStatus::Success, "{n}: {over:?}");
        assert_eq!(result(&queue, id).await, Some(json!({"n": n}).to_string()));
    }
    assert_eq!(results(dir.path()), 29);
}
