//! A short document among long ones: it waits for pages, not for documents.

// Helpers fail the test that calls them.
#![allow(clippy::expect_used, clippy::panic)]

mod made;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use recto::{
    Call, CancelFlag, Engine, Event, Isolation, OcrMode, Options, Processes, Progress, Source,
};

const WORKERS: usize = 2;
/// Long documents under way, more than there are workers.
const LONG: usize = 5;
/// Their pages: so many that none is done when the test ends.
const PAGES: usize = 200;

/// Counts the pages of all long documents together.
#[derive(Debug, Default)]
struct Pages(AtomicUsize);

impl Progress for Pages {
    fn on_event(&self, event: &Event) {
        if matches!(event, Event::PageDone { .. }) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// How many pages long documents get on by while a short one comes, is read and goes; and the pages
/// that each of them had by the end.
fn pages_meanwhile(engine: &Engine, options: &Options) -> (usize, Vec<usize>) {
    let source = |pages| Source::bytes(made::pdf(pages), "made.pdf");
    let cancel = CancelFlag::default();
    let all: Vec<Arc<Pages>> = (0..LONG).map(|_| Arc::default()).collect();
    let done = || all.iter().map(|pages| pages.0.load(Ordering::SeqCst)).sum::<usize>();
    let meanwhile = std::thread::scope(|scope| {
        for pages in &all {
            let progress = Some(Arc::clone(pages) as Arc<dyn Progress>);
            let call = Call { progress, cancel: cancel.clone(), ..Call::default() };
            scope.spawn(move || engine.read_with(source(PAGES), options, &call));
        }
        let began = Instant::now();
        while all.iter().any(|pages| pages.0.load(Ordering::SeqCst) < 2) {
            assert!(began.elapsed() < Duration::from_secs(60), "all get on");
            std::thread::sleep(Duration::from_millis(5));
        }
        let before = done();
        let short = engine.read(source(1), options).expect("a document");
        let meanwhile = done() - before;
        cancel.cancel();
        assert_eq!(short.pages.len(), 1);
        meanwhile
    });
    (meanwhile, all.iter().map(|pages| pages.0.load(Ordering::SeqCst)).collect())
}

#[test]
fn a_short_document_waits_for_pages_and_not_for_documents() {
    let slow: Vec<String> = (1..PAGES).map(|page| format!("slow:{page}")).collect();
    let mut processes = Processes::of(env!("CARGO_BIN_EXE_recto"));
    processes.env = vec![("RECTO_PAGE_WORKER_FAULT".into(), slow.join(",").into())];
    let isolation = Isolation::Processes(processes);
    let engine = Engine::builder().workers(WORKERS).isolation(isolation).build();
    let (meanwhile, each) = pages_meanwhile(&engine.expect("an engine"), &Options::default());
    // Each worker ends the page that it is at.
    assert!(meanwhile <= WORKERS, "{meanwhile} pages, {each:?}");
    let (most, least) = (each.iter().max(), each.iter().min());
    assert!(most <= least.map(|pages| pages + 2).as_ref(), "{each:?}");
}

#[cfg(feature = "tesseract")]
#[test]
fn it_is_the_same_on_threads() {
    let engine = Engine::builder().workers(WORKERS).build().expect("an engine");
    let options = Options { ocr: OcrMode::Always, ..Options::default() };
    let (meanwhile, each) = pages_meanwhile(&engine, &options);
    // One page more is under way than there are workers. As many end before its turn comes, as many
    // share the workers with it, and as many again while it is opened; without turns, three pages of
    // each long document would be before it.
    assert!(meanwhile <= 3 * (WORKERS + 1), "{meanwhile} pages, {each:?}");
    let (most, least) = (each.iter().max(), each.iter().min());
    assert!(most <= least.map(|pages| pages + 3).as_ref(), "{each:?}");
}
