//! Load on `recto serve`: many requests of mixed sizes at once, how long short ones wait for long
//! ones, and what the server costs over a call of the library. `scripts/load.sh` builds and runs it.
//!
//! It starts the `recto` beside it, prints figures, and fails if a request does.

// A harness: what it cannot do ends it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../tests/made/mod.rs"]
mod made;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Parser;
use recto::provider::{LocalProvider, OcrProvider as _, OcrRequest};
use recto::{Call, Engine, Source};

/// How long long documents are read.
const LONG_READ: Duration = Duration::from_secs(15);

/// Load on `recto serve`
#[derive(Debug, Parser)]
struct Args {
    /// Requests of mixed sizes
    #[arg(long, default_value_t = 200)]
    requests: usize,
    /// So many of them at once
    #[arg(long, default_value_t = 16)]
    at_once: usize,
    /// Times that the overhead is measured
    #[arg(long, default_value_t = 200)]
    repeats: usize,
    /// Pages of a long document
    #[arg(long, default_value_t = 200)]
    long: usize,
    /// Only these: load, fairness, overhead
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// The program [default: recto beside this one's folder]
    #[arg(long)]
    recto: Option<PathBuf>,
}

/// A running server, ended with this.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(recto: &Path, arguments: &[&str]) -> Self {
        let mut process = Command::new(recto)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .env_remove("RECTO_KEYS")
            .stderr(Stdio::piped())
            .spawn()
            .expect("recto starts");
        let mut line = String::new();
        let mut stderr = BufReader::new(process.stderr.take().expect("a pipe"));
        stderr.read_line(&mut line).expect("it tells its address");
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
        let address = line.trim().rsplit("http://").next().expect("an address").to_owned();
        Self { process, address }
    }

    /// Sends a request and gives the connection.
    fn send(&self, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        stream.set_nodelay(true).expect("an option");
        let head = format!(
            "POST /v1/ocr HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
             connection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).expect("it listens");
        stream.write_all(body.as_bytes()).expect("it listens");
        stream
    }

    /// The time of a request, and how many pages its answer has.
    fn ask(&self, body: &str) -> (Duration, Result<usize, String>) {
        let start = Instant::now();
        let mut answer = String::new();
        let read = self.send(body).read_to_string(&mut answer);
        let time = start.elapsed();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        if read.is_err() || !head.starts_with("HTTP/1.1 200 ") {
            return (time, Err(answer.chars().take(300).collect()));
        }
        let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
        let pages = body["pages"].as_array().map_or(0, Vec::len);
        (time, Ok(pages))
    }

    /// Resident memory of the server and its children in bytes, and how many processes that are.
    /// What they share counts for each.
    fn memory(&self) -> (u64, usize) {
        let own = self.process.id().to_string();
        let (mut bytes, mut count) = (0, 0);
        for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let status = std::fs::read_to_string(entry.path().join("status")).unwrap_or_default();
            let field = |name: &str| {
                let line = status.lines().find_map(|line| line.strip_prefix(name))?;
                line.split_whitespace().next()
            };
            if field("Pid:") == Some(&own) || field("PPid:") == Some(&own) {
                let kilobytes: u64 = field("VmRSS:").and_then(|n| n.parse().ok()).unwrap_or(0);
                bytes += kilobytes * 1024;
                count += 1;
            }
        }
        (bytes, count)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Pages of so many lines of prose.
fn prose(pages: usize, lines: usize) -> Vec<u8> {
    made::pdf_of(pages, |page| {
        let line =
            |i| format!("{page}.{i} The quick brown fox jumps over the lazy dog, as it did before");
        (0..lines).map(line).collect()
    })
}

fn request(document: &[u8], more: &str) -> String {
    let content = STANDARD.encode(document);
    format!("{{\"document\": {{\"type\": \"base64\", \"content\": \"{content}\"}}{more}}}")
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Requests of mixed sizes, so many at once. Gives the failures.
fn load(recto: &Path, args: &Args) -> usize {
    let scan = std::fs::read("testdata/ocr/text.png").expect("a file of the test data");
    // What comes, in turn: mostly short, some scans, some long.
    let (one, three, scan) = (prose(1, 40), prose(3, 40), scan);
    let bodies = [
        (1, request(&one, "")),
        (3, request(&three, "")),
        (1, request(&one, "")),
        (1, request(&scan, "")),
        (1, request(&one, "")),
        (60, request(&prose(60, 40), "")),
        (1, request(&one, "")),
        (3, request(&three, "")),
    ];
    let server = Server::start(recto, &[]);
    let start_memory = server.memory().0;
    let (next, failed, peak) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicU64::new(0));
    let (ended, processes) = (AtomicBool::new(false), AtomicUsize::new(0));
    let start = Instant::now();
    let mut slowest = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                let (bytes, count) = server.memory();
                peak.fetch_max(bytes, Ordering::Relaxed);
                processes.fetch_max(count, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        let senders: Vec<_> = (0..args.at_once)
            .map(|_| {
                scope.spawn(|| {
                    let mut slowest = Duration::ZERO;
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        if at >= args.requests {
                            return slowest;
                        }
                        let (pages, body) = &bodies[at % bodies.len()];
                        let (time, answer) = server.ask(body);
                        if answer.as_ref() != Ok(pages) {
                            println!("request {at} of {pages} page(s) failed: {answer:?}");
                            failed.fetch_add(1, Ordering::Relaxed);
                        }
                        if *pages == 1 {
                            slowest = slowest.max(time);
                        }
                    }
                })
            })
            .collect();
        let times = senders.into_iter().map(|sender| sender.join().expect("no panic")).collect();
        ended.store(true, Ordering::Relaxed);
        let times: Vec<Duration> = times;
        times
    });
    let took = start.elapsed();
    slowest.sort();
    let failed = failed.into_inner();
    println!(
        "load: {} requests, {} at once, {failed} failed, {:.1} s; slowest of one page {:.2} s",
        args.requests,
        args.at_once,
        took.as_secs_f64(),
        slowest.last().copied().unwrap_or_default().as_secs_f64()
    );
    println!(
        "  memory of {} processes: {:.0} MB at the start, {:.0} MB at most",
        processes.into_inner(),
        start_memory as f64 / 1e6,
        peak.into_inner() as f64 / 1e6
    );
    failed
}

/// How long one-page requests wait while long ones are recognised, in times of a page. That time is
/// taken from the pages which the long ones have after [`LONG_READ`], so it is the time at that load.
fn fairness(recto: &Path, args: &Args, long_ones: usize, isolation: &str) {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let server = Server::start(recto, &["--isolation", isolation]);
    let (short, page) = (request(&prose(1, 40), ""), prose(1, 12));
    let page = request(&page, ", \"force_ocr\": true");
    // Everything is started and loaded.
    for body in [&page, &short, &page, &short] {
        server.ask(body).1.expect("an answer");
    }
    let alone = median((0..9).map(|_| server.ask(&short).0).collect());
    let seconds = LONG_READ.as_secs();
    let long = format!(", \"force_ocr\": true, \"document_timeout\": {seconds}");
    let long = request(&prose(args.long, 12), &long);
    let (mut waits, pages) = std::thread::scope(|scope| {
        let under_way: Vec<_> =
            (0..long_ones).map(|_| scope.spawn(|| server.ask(&long).1)).collect();
        std::thread::sleep(LONG_READ / 10);
        let mut waits = Vec::new();
        // Now and then, and no longer than the long ones last for certain.
        let start = Instant::now();
        while start.elapsed() < LONG_READ * 7 / 10 {
            waits.push(server.ask(&short).0);
            std::thread::sleep(LONG_READ / 100);
        }
        let pages = under_way.into_iter().map(|long| long.join().expect("no panic"));
        (waits, pages.map(|pages| pages.expect("an answer")).sum::<usize>())
    });
    waits.sort();
    let page = LONG_READ.as_secs_f64() * workers as f64 / pages.max(1) as f64;
    let longest = waits.last().copied().unwrap_or_default();
    println!(
        "fairness ({isolation}, {workers} workers): {long_ones} long reads, a page takes {:.0} ms; \
         {} one-page requests take {:.0} ms alone, {:.0} ms then, the slowest {:.0} ms: it waited \
         {:.2} pages",
        page * 1e3,
        waits.len(),
        milliseconds(alone),
        milliseconds(median(waits)),
        milliseconds(longest),
        longest.saturating_sub(alone).as_secs_f64() / page
    );
}

/// What a digital page costs over a call of the library, all in one run and in turn.
fn overhead(recto: &Path, args: &Args) {
    let document = prose(1, 40);
    let body = request(&document, "");
    let engine = Engine::builder().build().expect("an engine");
    let provider = LocalProvider::new(Arc::new(engine));
    let asked = OcrRequest::new(Source::bytes(document, "made.pdf"));
    let threads = Server::start(recto, &["--isolation", "threads"]);
    let processes = Server::start(recto, &[]);
    let mut times = [const { Vec::new() }; 3];
    for round in 0..args.repeats + 5 {
        let start = Instant::now();
        provider.ocr(&asked, &Call::default()).expect("an answer");
        let library = start.elapsed();
        let served = [&threads, &processes].map(|server| {
            let (time, answer) = server.ask(&body);
            answer.expect("an answer");
            time
        });
        // The first ones load what is needed.
        if round >= 5 {
            for (times, time) in times.iter_mut().zip([library, served[0], served[1]]) {
                times.push(time);
            }
        }
    }
    let [library, threads, processes] = times.map(|times| milliseconds(median(times)));
    println!(
        "overhead of a digital page, medians of {}: library {library:.2} ms; server on threads \
         {threads:.2} ms (+{:.2}); through a child {processes:.2} ms (+{:.2})",
        args.repeats,
        threads - library,
        processes - library
    );
}

fn main() -> ExitCode {
    let args = Args::parse();
    let recto = args.recto.clone().unwrap_or_else(|| {
        let own = std::env::current_exe().expect("a path");
        let folder = own.ancestors().nth(2).expect("a folder");
        folder.join(format!("recto{}", std::env::consts::EXE_SUFFIX))
    });
    let wanted = |name: &str| args.only.is_empty() || args.only.iter().any(|only| only == name);
    let mut failed = 0;
    if wanted("load") {
        failed = load(&recto, &args);
    }
    if wanted("fairness") {
        fairness(&recto, &args, 1, "processes");
        fairness(&recto, &args, 6, "processes");
        fairness(&recto, &args, 6, "threads");
    }
    if wanted("overhead") {
        overhead(&recto, &args);
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
