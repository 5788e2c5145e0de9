//! Jobs that survive the process that runs them.

#![allow(clippy::expect_used, clippy::panic)] // What cannot be made fails the test.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use recto::jobs::{Handler, JobInput, JobQueue, JobSettings, JobState, JobStatus};
use recto::{CancelFlag, Error};
use serde_json::{Value, json};

/// Names the queue's folder for the process that runs jobs.
const FOLDER: &str = "RECTO_TEST_JOBS";

/// No test takes longer than this, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

fn settings() -> JobSettings {
    let mut settings = JobSettings::default();
    settings.heartbeat = Duration::from_secs(1);
    settings
}

async fn open(folder: &Path) -> JobQueue {
    JobQueue::open(folder, settings()).await.expect("a queue")
}

async fn state(queue: &JobQueue, id: &str) -> JobState {
    queue.state(id).await.expect("a database").expect("a job")
}

/// Answers with the request; does what it names first.
fn handler(log: &Path) -> Handler {
    let log = log.to_owned();
    Arc::new(move |job| {
        let mut file = fs::File::options().create(true).append(true).open(&log).expect("a log");
        writeln!(file, "{}", job.id).expect("can write");
        match job.request["do"].as_str() {
            Some("abort") => std::process::abort(),
            Some("panic") => panic!("a job that panics"),
            Some("fail") => return Err(Error::EmptyInput { name: "a.pdf".to_owned() }),
            Some("wait") => loop {
                if job.cancel.is_cancelled() {
                    return Err(Error::Cancelled);
                }
                std::thread::sleep(Duration::from_millis(5));
            },
            Some("read") => return Ok(fs::read(job.input.as_ref().expect("an input")).expect("it")),
            _ => std::thread::sleep(Duration::from_millis(40)),
        }
        Ok(job.request.to_string().into_bytes())
    })
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
    queue.submit(request, None, Some("somebody")).await.expect("it is kept")
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
    let copy = Some(JobInput::Copy(input.clone()));
    ids.push(queue.submit(json!({"do": "read"}), copy, None).await.expect("it is kept"));
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
        let why = over.error.unwrap_or_default();
        assert!(
            why.contains(error.unwrap_or_default()) && why.is_empty() == error.is_none(),
            "{why}"
        );
    }
    let read = queue.result(&ids[4]).await.expect("a database").expect("a result");
    assert_eq!(fs::read_to_string(read).expect("it"), "the input");
    let inputs = fs::read_dir(dir.path().join("queue/inputs")).expect("a folder").count();
    assert_eq!(inputs, 0, "copies go when their jobs have ended");
    assert_eq!(state(&queue, &ids[0]).await.owner.as_deref(), Some("somebody"));
    assert_eq!(queue.state("01M881HX0CMB1T5Q042YBSS8QH").await.expect("a database"), None);

    // What has ended goes when its time is over, and not before.
    assert_eq!(queue.sweep().await.expect("a database"), 0);
    let mut brief = settings();
    brief.keep = Duration::ZERO;
    let brief = JobQueue::open(dir.path().join("queue"), brief).await.expect("a queue");
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
        if is(&running, JobStatus::Started).await && is(&stopped, JobStatus::Started).await {
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
    assert_eq!((again.status, again.attempts), (JobStatus::Pending, 0), "{again:?}");
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
    fs::read_dir(folder.join("queue/results")).expect("a folder").count()
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
            assert_eq!((begun, over.attempts), (3, 3));
            continue;
        }
        assert_eq!(over.status, JobStatus::Success, "{n}: {over:?}");
        let result = queue.result(id).await.expect("a database").expect("a result");
        assert_eq!(fs::read_to_string(result).expect("it"), json!({"n": n}).to_string());
    }
    assert_eq!(results(dir.path()), 29);
}
