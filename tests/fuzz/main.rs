//! The fuzz targets (fuzz/src) on stable Rust: every seed, and mutations of seeds.
//!
//! A thousand mutations a target (a hundred of those that do more), the same ones each time; or, with `RECTO_FUZZ_SECONDS=60`, as many as that
//! time lets, others each time (`RECTO_FUZZ_FROM` is where the numbers start), with figures.
//! `RECTO_FUZZ_TARGET` names one target. What fails is kept in `fuzz/artifacts`, as `cargo fuzz` keeps it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod mutate;
// A crate of its own for cargo fuzz.
#[allow(unreachable_pub, dead_code)]
#[path = "../../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant, SystemTime};

use mutate::{Numbers, mutated};
use targets::{TARGETS, Target};

/// An input that takes longer is as bad as one that panics. Debug builds on a busy machine are slow.
const LONGEST: Duration = Duration::from_secs(20);
/// Mutations of a target where no time is given.
const MUTATIONS: usize = 1000;
/// Of targets that do more with an input.
const FEWER: [(&str, usize); 3] = [("layout", 100), ("tables", 100), ("languages", 100)];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name)
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = folder("seeds").join(target);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no seeds in {}", folder.display());
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// Keeps an input that failed, and gives its path.
fn keep(target: &str, kind: &str, data: &[u8]) -> PathBuf {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    data.hash(&mut hasher);
    let folder = folder("artifacts").join(target);
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{kind}-{:016x}", hasher.finish()));
    fs::write(&path, data).unwrap();
    path
}

/// How many inputs a target is given.
#[derive(Clone, Copy, Debug)]
enum Until {
    Count(usize),
    Time(Duration),
}

/// What a target was given, and what failed of it.
#[derive(Debug, Default)]
struct Figures {
    inputs: usize,
    slowest: Duration,
    failures: Vec<PathBuf>,
}

fn exercise(
    (name, run): Target,
    until: Until,
    from: u64,
    now: &Mutex<(Instant, Vec<u8>)>,
) -> Figures {
    let seeds = seeds(name);
    let begun = Instant::now();
    let mut numbers = Numbers(from);
    let mut figures = Figures::default();
    loop {
        let is_over = match until {
            Until::Count(count) => figures.inputs >= seeds.len() + count,
            Until::Time(time) => figures.inputs >= seeds.len() && begun.elapsed() >= time,
        };
        // One bug gives many failures.
        if is_over || figures.failures.len() >= 5 {
            return figures;
        }
        let data = match seeds.get(figures.inputs) {
            Some(seed) => seed.clone(),
            None => mutated(&seeds, &mut numbers),
        };
        let start = Instant::now();
        *now.lock().unwrap() = (start, data.clone());
        if catch_unwind(AssertUnwindSafe(|| run(&data))).is_err() {
            figures.failures.push(keep(name, "crash", &data));
        }
        figures.slowest = figures.slowest.max(start.elapsed());
        figures.inputs += 1;
    }
}

/// Runs a target on a thread of its own: one that does not end is told by name.
fn watched(target: Target, until: Until, from: u64) -> Figures {
    let now: &'static Mutex<(Instant, Vec<u8>)> =
        Box::leak(Box::new(Mutex::new((Instant::now(), Vec::new()))));
    let (send, receive) = channel();
    std::thread::spawn(move || send.send(exercise(target, until, from, now)));
    loop {
        match receive.recv_timeout(Duration::from_millis(500)) {
            Ok(figures) => return figures,
            Err(RecvTimeoutError::Disconnected) => panic!("{} ended", target.0),
            Err(RecvTimeoutError::Timeout) => {}
        }
        let now = now.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if now.0.elapsed() > LONGEST {
            let path = keep(target.0, "slow", &now.1);
            panic!("{}: {} takes longer than {LONGEST:?}", target.0, path.display());
        }
    }
}

#[test]
fn every_seed_and_its_mutations() {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let seconds = set("RECTO_FUZZ_SECONDS").map(|text| text.parse::<f64>().expect("seconds"));
    let only = set("RECTO_FUZZ_TARGET");
    let clock = || SystemTime::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_secs());
    let from = match set("RECTO_FUZZ_FROM") {
        Some(number) => number.parse().expect("a number"),
        None if seconds.is_some() => clock(),
        None => 1,
    };
    let wanted = |target: &&Target| only.as_deref().is_none_or(|only| only == target.0);
    let targets: Vec<&Target> = TARGETS.iter().filter(wanted).collect();
    assert!(!targets.is_empty(), "there is no target {only:?}");
    let exercised = |target: &Target| {
        let fewer = FEWER.iter().find(|(name, _)| *name == target.0);
        let until = match seconds {
            Some(seconds) => Until::Time(Duration::from_secs_f64(seconds)),
            None => Until::Count(fewer.map_or(MUTATIONS, |(_, count)| *count)),
        };
        let begun = Instant::now();
        let figures = watched(*target, until, from);
        let taken = begun.elapsed().as_secs_f64();
        eprintln!(
            "{:16} {:>9} inputs {:>9.0} /s   slowest {:>7.1} ms   {} failed",
            target.0,
            figures.inputs,
            figures.inputs as f64 / taken,
            figures.slowest.as_secs_f64() * 1e3,
            figures.failures.len()
        );
        figures.failures
    };
    // One a core: each target is told what it does in its time on a core of its own.
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..cores.min(targets.len()) {
            scope.spawn(|| {
                while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let failed = exercised(target);
                    failures.lock().unwrap().extend(failed);
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "from {from}, failed (panics are above): {failures:#?}");
}

#[test]
fn a_broken_promise_is_found_and_kept() {
    fn target(data: &[u8]) {
        assert!(data.len() < 3 || !data.contains(&b'9'), "a nine");
    }
    // The seeds of page ranges have nines.
    let figures = watched(("page_ranges", target), Until::Count(50), 1);
    assert!(!figures.failures.is_empty());
    for path in &figures.failures {
        assert!(fs::read(path).unwrap().contains(&b'9'));
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn cargo_fuzz_knows_every_target() {
    let manifest = fs::read_to_string(folder("Cargo.toml")).unwrap();
    let named: Vec<&str> =
        manifest.split("[[bin]]").skip(1).filter_map(|part| part.split('"').nth(1)).collect();
    let targets: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(named, targets);
}
