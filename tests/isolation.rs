//! Pages read in child processes: the same result, whatever becomes of the children.

// Helpers fail the test that calls them.
#![allow(clippy::expect_used, clippy::panic)]

mod made;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use recto::provider::{LocalProvider, OcrProvider as _, OcrRequest};
use recto::{
    Call, CancelFlag, Document, Engine, ErrorKind, Isolation, Limits, OcrMode, Options, Processes,
    Sandbox, Source, Status, WarningCode,
};

/// Tests count the descriptors and children of this process, so they run one at a time.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn processes(fault: &str) -> Processes {
    let mut processes = Processes::of(env!("CARGO_BIN_EXE_recto"));
    processes.env = vec![("RECTO_PAGE_WORKER_FAULT".into(), fault.into())];
    processes
}

fn engine(processes: Processes) -> Engine {
    let isolation = Isolation::Processes(processes);
    Engine::builder().workers(2).isolation(isolation).build().expect("an engine")
}

fn in_process() -> Engine {
    Engine::builder().workers(2).build().expect("an engine")
}

/// A PDF with so many pages, each with its number as text.
fn pdf(pages: usize) -> Source {
    Source::bytes(made::pdf(pages), "made.pdf")
}

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name)
}

fn json(document: &Document) -> String {
    serde_json::to_string(document).expect("JSON")
}

fn read(engine: &Engine, source: Source) -> Document {
    engine.read(source, &Options::default()).expect("a document")
}

fn indices(document: &Document) -> Vec<usize> {
    document.pages.iter().map(|page| page.index).collect()
}

/// The one warning about a page.
#[track_caller]
fn failed_page(document: &Document) -> (usize, &str) {
    let failed: Vec<_> =
        document.warnings.iter().filter(|w| w.code == WarningCode::PageFailed).collect();
    let [warning] = failed.as_slice() else { panic!("{:?}", document.warnings) };
    (warning.page.expect("a page"), &warning.message)
}

#[test]
fn children_read_the_same_to_the_byte() {
    let _alone = alone();
    let (here, there) = (in_process(), engine(processes("")));
    let options = Options { password: Some("secret".to_owned()), ..Options::default() };
    let mut files: Vec<PathBuf> = fs::read_dir(testdata("pages"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "pdf"))
        .collect();
    files.sort();
    files.extend(["ocr/text.png", "ocr/turned.jpg", "ocr/palette-lzw.tif"].map(testdata));
    assert!(files.len() > 10);
    for file in files {
        let bytes = fs::read(&file).expect("a file");
        for source in [Source::path(&file), Source::bytes(bytes, "bytes")] {
            let name = file.display();
            match (here.read(source.clone(), &options), there.read(source, &options)) {
                (Ok(one), Ok(other)) => assert!(json(&one) == json(&other), "{name} differs"),
                (Err(one), Err(other)) => assert_eq!(one.chain(), other.chain(), "{name}"),
                (one, other) => panic!("{name}: {:?} and {:?}", one.err(), other.err()),
            }
        }
    }
}

#[test]
fn bad_documents_get_the_same_error() {
    let _alone = alone();
    let (here, there) = (in_process(), engine(processes("")));
    let mut files: Vec<PathBuf> = fs::read_dir(testdata("broken"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| !path.ends_with("huge-white.png"))
        .collect();
    files.push(testdata("pages/encrypted.pdf"));
    for file in files {
        let result = |engine: &Engine| {
            let read = engine.read(Source::path(&file), &Options::default());
            read.map(|document| json(&document)).map_err(|error| (error.chain(), error.kind()))
        };
        assert_eq!(result(&here), result(&there), "{}", file.display());
    }
}

#[test]
fn spent_children_are_replaced() {
    let _alone = alone();
    let expected = json(&read(&in_process(), pdf(5)));
    let few_pages = Processes { max_pages: 1, ..processes("") };
    assert_eq!(json(&read(&engine(few_pages), pdf(5))), expected);
}

#[test]
fn a_page_that_crashes_costs_itself_alone() {
    let _alone = alone();
    let engine = engine(processes("crash:2"));
    for _ in 0..2 {
        let document = read(&engine, pdf(5));
        assert_eq!((document.status, indices(&document)), (Status::Partial, vec![0, 1, 3, 4]));
        let (page, message) = failed_page(&document);
        assert_eq!(page, 2);
        assert!(message.contains("page 2") && message.contains("2 times"), "{message}");
        assert!(cfg!(not(unix)) || message.contains("signal"), "{message}");
    }
}

#[test]
fn a_page_that_hangs_costs_itself_alone() {
    let _alone = alone();
    let limit = Duration::from_millis(1500);
    let engine = engine(Processes { page_timeout: limit, ..processes("hang:1") });
    let began = Instant::now();
    let document = read(&engine, pdf(4));
    assert!(began.elapsed() < limit + Duration::from_secs(3), "{:?}", began.elapsed());
    assert_eq!(indices(&document), [0, 2, 3]);
    let (page, message) = failed_page(&document);
    assert_eq!(page, 1);
    assert!(message.contains("longer than 1.5s"), "{message}");
}

/// Found by hostile files: such documents were answered as if this machine were at fault (status 500).
#[test]
fn a_document_whose_pages_end_or_outlast_children_is_at_fault_itself() {
    let _alone = alone();
    let limit = Duration::from_millis(500);
    for (fault, kind) in [("crash", ErrorKind::InvalidDocument), ("hang", ErrorKind::Timeout)] {
        for pages in [1, 2] {
            let faults: Vec<_> = (0..pages).map(|page| format!("{fault}:{page}")).collect();
            let engine = engine(Processes { page_timeout: limit, ..processes(&faults.join(",")) });
            let error = engine.read(pdf(pages), &Options::default()).expect_err("no page");
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.to_string().contains("page 0"), "{error}");
        }
    }
}

/// A document of thousands of such pages would keep children busy for days.
#[test]
fn a_document_that_has_ended_too_many_children_is_given_up() {
    let _alone = alone();
    let faults: Vec<_> = (1..20).map(|page| format!("hang:{page}")).collect();
    let limit = Duration::from_millis(300);
    let processes = Processes { page_timeout: limit, ..processes(&faults.join(",")) };
    let limits = Limits { lost_children: 3, ..Limits::default() };
    let isolation = Isolation::Processes(processes);
    let engine =
        Engine::builder().workers(1).isolation(isolation).limits(limits).build().expect("engine");
    let document = read(&engine, pdf(20));
    assert_eq!(indices(&document), [0]);
    let failed: Vec<_> = document.warnings.iter().filter(|w| w.page.is_some()).collect();
    assert_eq!(failed.len(), 19, "{failed:?}");
    for warning in &failed[..3] {
        assert!(warning.message.contains("longer than 300ms"), "{warning:?}");
    }
    for warning in &failed[3..] {
        let message = &warning.message;
        assert!(
            message.contains("3 processes ended") && message.contains("lost_children"),
            "{message}"
        );
    }
    assert_eq!(engine.children().map(|counts| counts.timed_out), Some(3));
}

/// Drawing ends children like reading, and both count.
#[test]
fn a_document_that_has_ended_too_many_children_is_not_drawn() {
    let _alone = alone();
    let limit = Duration::from_secs(1);
    let faults = "draw-hang:0,draw-hang:1,draw-hang:2";
    let isolation = Isolation::Processes(Processes { page_timeout: limit, ..processes(faults) });
    let limits = Limits { lost_children: 2, ..Limits::default() };
    let engine =
        Engine::builder().workers(1).isolation(isolation).limits(limits).build().expect("engine");
    let told: Vec<_> =
        images(&engine, pdf(4), 20.0).into_iter().map(|i| i.expect_err("none")).collect();
    assert_eq!(told.len(), 4);
    assert!(told[..2].iter().all(|message| message.contains("longer than 1s")), "{told:?}");
    assert!(told[2..].iter().all(|message| message.contains("2 processes ended")), "{told:?}");
    assert_eq!(engine.children().map(|counts| counts.timed_out), Some(2));
}

#[test]
fn nonsense_from_a_child_is_told_as_such() {
    let _alone = alone();
    for (fault, told) in [
        ("huge:0", "announced a message"),
        ("garble:0", "cannot be read"),
        ("lie:0", "answered something else"),
    ] {
        let engine = engine(processes(fault));
        let document = read(&engine, pdf(3));
        assert_eq!(indices(&document), [1, 2]);
        let (page, message) = failed_page(&document);
        assert_eq!(page, 0);
        assert!(message.contains(told), "{message}");
        assert_eq!(engine.children().map(|counts| counts.crashed), Some(2));
    }
    for fault in ["draw-lie:1", "draw-vast:1"] {
        let engine = engine(processes(fault));
        let drawn = images(&engine, pdf(3), 20.0);
        let failed: Vec<bool> = drawn.iter().map(Result::is_err).collect();
        assert_eq!(failed, [false, true, false]);
        let message = drawn[1].as_ref().expect_err("it fails");
        assert!(message.contains("answered something else"), "{message}");
        assert_eq!(engine.children().map(|counts| counts.crashed), Some(2));
    }
    let engine = engine(processes("open-lie:0"));
    let error = engine.read(pdf(3), &Options::default()).expect_err("it is not opened").chain();
    assert!(error.contains("answered something else"), "{error}");
}

#[test]
fn a_number_of_pages_that_no_document_has_is_refused() {
    let _alone = alone();
    let engine = engine(processes("open-vast:0"));
    let error = engine.read(pdf(3), &Options::default()).expect_err("too many pages");
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
    assert!(error.to_string().contains(&format!("{} pages", usize::MAX)), "{error}");
}

#[test]
fn what_became_of_children_is_counted() {
    let _alone = alone();
    let limit = Duration::from_millis(1500);
    let engine = engine(Processes { page_timeout: limit, ..processes("crash:1,hang:2") });
    assert_eq!(indices(&read(&engine, pdf(4))), [0, 3]);
    let counts = engine.children().expect("children");
    assert_eq!((counts.crashed, counts.timed_out), (2, 1), "{counts:?}");
    assert_eq!((counts.out_of_memory, counts.recycled, counts.cancelled), (0, 0, 0), "{counts:?}");
    assert_eq!(counts.started, counts.living + 3, "{counts:?}");
    assert!((1..=2).contains(&counts.living), "{counts:?}");
    assert!(cfg!(not(target_os = "linux")) || counts.memory_bytes > 1_000_000, "{counts:?}");
    assert_eq!(in_process().children(), None);

    let few_pages = self::engine(Processes { max_pages: 1, ..processes("") });
    read(&few_pages, pdf(3));
    let counts = few_pages.children().expect("children");
    // Another one may have been started that came too late for a page.
    assert_eq!((counts.recycled, counts.started), (3, counts.living + 3), "{counts:?}");
}

#[test]
fn children_that_die_at_once_are_not_started_again_and_again() {
    let _alone = alone();
    let engine = engine(Processes::of(if cfg!(unix) { "false" } else { "where" }));
    let began = Instant::now();
    for _ in 0..3 {
        engine.read(pdf(1), &Options::default()).expect_err("it cannot read");
    }
    let counts = engine.children().expect("children");
    assert_eq!((counts.started, counts.crashed), (6, 6), "{counts:?}");
    // 50, 100, 200 and 400 ms before the third and further ones.
    assert!(began.elapsed() >= Duration::from_millis(700), "{:?}", began.elapsed());
}

fn images(engine: &Engine, source: Source, dpi: f32) -> Vec<Result<recto::PageImage, String>> {
    let images = engine.page_images(source, &Options::default(), dpi).expect("an open document");
    images.map(|image| image.map_err(|error| error.chain())).collect()
}

#[test]
fn pages_are_drawn_in_children_to_the_same_pixels() {
    let _alone = alone();
    let (here, there) = (in_process(), engine(processes("")));
    // At 300 dots an inch a page goes over the pipe in several parts.
    let sources = [
        (Source::path(testdata("pages/code.pdf")), 300.0),
        (Source::path(testdata("ocr/turned.jpg")), 50.0),
        (pdf(3), 20.0),
    ];
    for (source, dpi) in sources {
        let (one, other) = (images(&here, source.clone(), dpi), images(&there, source, dpi));
        assert!(!one.is_empty() && one.len() == other.len());
        for (one, other) in one.into_iter().zip(other) {
            let (one, other) = (one.expect("an image"), other.expect("an image"));
            assert_eq!((one.index, one.resolution), (other.index, other.resolution));
            assert_eq!((one.width(), one.height()), (other.width(), other.height()));
            assert!(one.rgb() == other.rgb(), "pixels differ");
        }
    }
    let huge = here.page_images(pdf(1), &Options::default(), 9999.0).expect_err("too many dots");
    let same = there.page_images(pdf(1), &Options::default(), 9999.0).expect_err("too many dots");
    assert_eq!(huge.chain(), same.chain());
}

#[test]
fn a_page_that_crashes_when_drawn_costs_its_image_alone() {
    let _alone = alone();
    let limit = Duration::from_millis(1500);
    for (fault, told) in [("draw-crash:1", "2 times"), ("draw-hang:1", "longer than 1.5s")] {
        let engine = engine(Processes { page_timeout: limit, ..processes(fault) });
        let drawn = images(&engine, pdf(3), 20.0);
        let failed: Vec<bool> = drawn.iter().map(Result::is_err).collect();
        assert_eq!(failed, [false, true, false]);
        let message = drawn[1].as_ref().expect_err("it fails");
        assert!(message.contains("page 1") && message.contains(told), "{message}");
        // Reading is not drawing.
        assert_eq!(indices(&read(&engine, pdf(3))), [0, 1, 2]);
    }
}

/// What a client sees of it: the page without the pixels of its images, and a warning.
#[test]
fn images_that_cannot_be_drawn_are_left_out_of_an_answer() {
    let _alone = alone();
    let answer = |fault: &str| {
        let provider = LocalProvider::new(Arc::new(engine(processes(fault))));
        let mut request = OcrRequest::new(Source::path(testdata("pages/report.pdf")));
        request.include_image_base64 = true;
        provider.ocr(&request, &Call::default()).expect("an answer")
    };
    let whole = answer("");
    let first = whole.pages[0].images[0].base64.as_deref().expect("pixels");
    assert!(first.starts_with("data:image/jpeg;base64,"));
    assert!(whole.warnings.iter().all(|w| w.code != WarningCode::PageFailed));

    let without = answer("draw-crash:0");
    assert_eq!(without.pages[0].markdown, whole.pages[0].markdown);
    assert_eq!(without.pages[0].images[0].base64, None);
    let warning = without.warnings.iter().find(|w| w.code == WarningCode::PageFailed);
    let warning = warning.expect("a warning");
    assert_eq!((warning.page, warning.option.as_deref()), (Some(0), Some("include_image_base64")));
    assert!(warning.message.contains("come without pixels"), "{}", warning.message);
}

#[test]
fn cancelling_takes_less_than_a_second() {
    let _alone = alone();
    let engine = engine(processes("hang:0"));
    let cancel = CancelFlag::default();
    let call = Call { cancel: cancel.clone(), ..Call::default() };
    let read = std::thread::spawn(move || {
        let read = engine.read_with(pdf(3), &Options::default(), &call);
        (read, Instant::now())
    });
    // The pages that do not hang are done by then.
    std::thread::sleep(Duration::from_secs(1));
    let cancelled = Instant::now();
    cancel.cancel();
    let (read, ended) = read.join().expect("no panic");
    let document = read.expect("the pages that were done");
    assert!(ended - cancelled < Duration::from_secs(1), "{:?}", ended - cancelled);
    assert_eq!(indices(&document), [1, 2]);
    assert!(document.warnings.iter().any(|w| w.code == WarningCode::Cancelled));
}

#[test]
fn the_documents_deadline_returns_what_is_done() {
    let _alone = alone();
    let engine = engine(processes("hang:2"));
    let timeout = Some(Duration::from_millis(1500));
    let options = Options { document_timeout: timeout, ..Options::default() };
    let document = engine.read(pdf(3), &options).expect("a document");
    assert_eq!(indices(&document), [0, 1]);
    assert!(document.warnings.iter().any(|w| w.code == WarningCode::TimedOut));
}

#[test]
fn pages_can_be_left_in_the_middle() {
    let _alone = alone();
    let engine = engine(processes("hang:3"));
    let mut pages =
        engine.pages(pdf(40), &Options::default(), &Call::default()).expect("an open document");
    assert_eq!(pages.next().expect("a page").expect("it was read").index, 0);
    drop(pages);
    // The engine is free for others.
    assert_eq!(indices(&read(&engine, pdf(1))), [0]);
}

/// Found in review: children that were as good as before were ended for it.
#[test]
fn a_request_that_is_too_large_ends_no_child() {
    let _alone = alone();
    let engine = engine(processes(""));
    assert_eq!(indices(&read(&engine, pdf(1))), [0]);
    let name = "x".repeat(65 << 20);
    let error = engine.read(Source::bytes(made::pdf(1), name), &Options::default());
    assert_eq!(error.expect_err("it is too long").kind(), ErrorKind::TooLarge);
    assert_eq!(indices(&read(&engine, pdf(1))), [0]);
    let counts = engine.children().expect("children");
    assert_eq!((counts.started, counts.living), (1, 1), "{counts:?}");
}

#[test]
fn a_program_that_is_no_worker_is_named() {
    let _alone = alone();
    let error = |program: &str| {
        let engine = engine(Processes::of(program));
        engine.read(pdf(1), &Options::default()).expect_err("it cannot read").chain()
    };
    let missing = error("/no/such/recto");
    assert!(missing.contains("cannot run /no/such/recto"), "{missing}");
    if cfg!(unix) {
        for program in ["true", "echo", "cat"] {
            let error = error(program);
            assert!(error.contains("does not answer as a page worker"), "{error}");
        }
    }
    // This test is not recto.
    let unnamed = Isolation::Processes(Processes::default());
    let error = Engine::builder().isolation(unnamed).build().expect_err("which program?");
    assert!(error.chain().contains("Processes::of"), "{}", error.chain());
}

fn worker() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recto"));
    command.arg("page-worker");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn a_worker_refuses_nonsense_and_ends_with_its_parent() {
    let frames: [(&[u8], i32, &str); 4] = [
        (b"", 0, ""),
        (b"\xff\xff\xff\xff", 1, "announced a message of 4294967295 bytes"),
        (b"\x02\0\0\0\xc1\xc1", 1, "cannot be read"),
        (b"GET", 1, "ended within a message"),
    ];
    for (bytes, code, told) in frames {
        let mut child = worker().spawn().expect("it starts");
        child.stdin.take().expect("a pipe").write_all(bytes).expect("it listens");
        let output = child.wait_with_output().expect("it ends");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert!(stderr.contains(told), "{stderr}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn the_programs_pages_have_the_time_they_are_given() {
    let output = Command::new(env!("CARGO_BIN_EXE_recto"))
        .args(["read", "--isolate", "--page-timeout", "0.001", "--ocr", "always"])
        .arg(testdata("pages/code.pdf"))
        .output()
        .expect("recto starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("longer than 1ms"), "{stderr}");
}

#[test]
fn the_program_reads_in_children_when_asked() {
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_recto"))
            .arg("read")
            .args(arguments)
            .arg(testdata("pages/code.pdf"))
            .args(["--format", "json"])
            .output()
            .expect("recto starts");
        assert!(output.status.success());
        output.stdout
    };
    let (here, there) = (run(&[]), run(&["--isolate"]));
    assert!(!here.is_empty() && here == there);
    assert!(run(&["--isolate", "--sandbox", "off"]) == here);
    if recto::Confinement::available().missing().is_none() {
        assert!(run(&["--isolate", "--sandbox", "required"]) == here);
    }
    assert!(run(&["--isolate", "--page-timeout", "60", "--page-memory-mb", "2000"]) == here);
    for (option, value, told) in [
        ("--sandbox", "required", "sandbox: threads cannot be confined"),
        ("--page-timeout", "3", "page_timeout: threads cannot be ended"),
        ("--page-memory-mb", "500", "page_memory_mb: threads share their memory"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_recto"))
            .args(["read", "x.pdf", option, value])
            .output()
            .expect("recto starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{stderr}");
        assert!(stderr.contains(told) && stderr.contains("only in child processes"), "{stderr}");
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use super::*;

    /// Children of this process, with their states (proc(5), stat).
    fn children() -> Vec<(u32, char)> {
        let own = std::process::id().to_string();
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").expect("/proc").flatten() {
            let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
            let Some((_, rest)) = stat.rsplit_once(") ") else { continue };
            let mut fields = rest.split(' ');
            if let (Some(state), Some(parent)) = (fields.next(), fields.next())
                && parent == own
            {
                found.push((id, state.chars().next().unwrap_or('?')));
            }
        }
        found
    }

    fn descriptors() -> usize {
        fs::read_dir("/proc/self/fd").expect("/proc").count()
    }

    /// Why children cannot be confined here, if they cannot; such a test then has nothing to show.
    fn unconfined(test: &str) -> bool {
        let missing = recto::Confinement::available().missing();
        if let Some(missing) = missing {
            writeln!(std::io::stderr(), "{test} is left out: {missing}").expect("stderr");
        }
        missing.is_some()
    }

    /// What a child could do of what it has no business with, and the folder that it tried it in.
    fn probe(sandbox: Sandbox) -> (Vec<(String, String)>, tempfile::TempDir) {
        let home = tempfile::tempdir().expect("a folder");
        let models = home.path().join("models");
        fs::create_dir(&models).expect("a folder");
        for file in ["secret", "removable", "models/model"] {
            fs::write(home.path().join(file), b"x").expect("a file");
        }
        let mut processes = Processes { sandbox, ..processes("probe:0") };
        processes.env.push(("HOME".into(), home.path().into()));
        let isolation = Isolation::Processes(processes);
        let builder = Engine::builder().workers(2).model_dir(models).isolation(isolation);
        let document = read(&builder.build().expect("an engine"), pdf(2));
        // It reads all the same.
        assert_eq!(indices(&document), [1]);
        let (_, message) = failed_page(&document);
        let tried = message.split_once(": ").expect("attempts").1;
        let pair = |part: &str| {
            let (what, how) = part.split_once(": ").expect("an outcome");
            (what.to_owned(), how.to_owned())
        };
        (tried.split("; ").map(pair).collect(), home)
    }

    #[test]
    fn a_confined_child_opens_no_file_no_socket_and_no_program() {
        let _alone = alone();
        // All of it works where nothing stops it, so it is the sandbox that does.
        let (free, home) = probe(Sandbox::Off);
        let left = |home: &tempfile::TempDir| {
            ["written", "removable"].map(|file| home.path().join(file).exists())
        };
        let model = |home: &tempfile::TempDir| {
            fs::read(home.path().join("models/model")).expect("a model").len()
        };
        assert!(free.iter().all(|(_, how)| how == "done") && free.len() == 13, "{free:?}");
        assert_eq!((left(&home), model(&home)), ([true, false], 0));
        if unconfined("the sandbox") {
            return;
        }
        for sandbox in [Sandbox::On, Sandbox::Required] {
            let (confined, home) = probe(sandbox);
            assert_eq!(confined.len(), free.len());
            for (what, how) in &confined {
                assert!(
                    how.contains("ermission denied") || how.contains("not permitted"),
                    "{what}: {how}"
                );
            }
            // By seccomp: landlock knows of it since Linux 6.2.
            let cut = confined.iter().find(|(what, _)| what == "cut a model short");
            assert!(cut.is_some_and(|(_, how)| how.contains("not permitted")), "{cut:?}");
            assert_eq!((left(&home), model(&home)), ([false, true], 1));
        }
    }

    #[test]
    fn a_page_that_takes_all_memory_costs_itself_alone() {
        let _alone = alone();
        let processes = Processes { max_memory: Some(1_000_000_000), ..processes("memory:1") };
        let engine = engine(processes);
        let document = read(&engine, pdf(3));
        assert_eq!((document.status, indices(&document)), (Status::Partial, vec![0, 2]));
        let (page, message) = failed_page(&document);
        assert_eq!(page, 1);
        let told = "needed more memory than the 1000 MB that it may have";
        assert!(message.contains(told), "{message}");
        let counts = engine.children().expect("children");
        assert_eq!((counts.out_of_memory, counts.crashed), (2, 0), "{counts:?}");
    }

    #[test]
    fn children_get_no_descriptors_but_their_pipes() {
        let _alone = alone();
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(b"x").expect("a byte");
        // As a program would have it that does not close what it hands down: Rust's own files are closed.
        let open = rustix::io::dup(file.as_file()).expect("a descriptor");
        let engine = engine(processes(""));
        read(&engine, pdf(2));
        let mut seen = 0;
        for (child, _) in children() {
            for entry in fs::read_dir(format!("/proc/{child}/fd")).expect("descriptors").flatten() {
                let leads_to = fs::read_link(entry.path()).unwrap_or_default();
                assert_ne!(leads_to, file.path(), "descriptor {}", entry.path().display());
                seen += 1;
            }
        }
        assert!(seen >= 3, "{seen} descriptors");
        drop(open);
    }

    fn kill(process: u32) {
        // The shell's own: not every machine has a program of that name.
        let killed = Command::new("sh").args(["-c", &format!("kill -9 {process}")]).status();
        assert!(killed.expect("sh runs").success());
    }

    #[test]
    fn a_child_killed_from_outside_costs_nothing() {
        let _alone = alone();
        let engine = engine(processes("slow:0,slow:1,slow:2,slow:3"));
        let expected = json(&read(&in_process(), pdf(6)));
        let reading = std::thread::spawn(move || (json(&read(&engine, pdf(6))), engine));
        let mut killed = 0;
        let began = Instant::now();
        while killed < 2 && began.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(150));
            // One in the middle of a page, then another in the middle of another one's.
            if let Some((process, _)) = children().iter().rev().find(|(_, state)| *state != 'Z') {
                kill(*process);
                killed += 1;
                std::thread::sleep(Duration::from_millis(400));
            }
        }
        let (document, _engine) = reading.join().expect("no panic");
        assert_eq!(killed, 2);
        assert!(document == expected);
    }

    /// The system may have needed their memory: the next document has nothing to do with it.
    #[test]
    fn children_killed_while_idle_cost_nothing() {
        let _alone = alone();
        // Slow, so that both are started.
        let engine = engine(processes("slow:0,slow:1,slow:2,slow:3"));
        let expected = json(&read(&engine, pdf(4)));
        let idle = children();
        assert_eq!(idle.len(), 2, "{idle:?}");
        for (process, _) in &idle {
            kill(*process);
        }
        let began = Instant::now();
        while children().iter().any(|(_, state)| *state != 'Z') {
            assert!(began.elapsed() < Duration::from_secs(10), "{:?}", children());
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(json(&read(&engine, pdf(4))) == expected);
        let counts = engine.children().expect("children");
        assert_eq!((counts.killed, counts.crashed, counts.started), (2, 0, 4), "{counts:?}");
    }

    #[test]
    fn fifty_documents_leave_nothing_behind() {
        let _alone = alone();
        let before = (children().len(), descriptors());
        let engine = engine(Processes { max_pages: 7, ..processes("crash:3") });
        // Descriptors that stay for good, such as that of the random numbers.
        read(&engine, pdf(2));
        let warm = descriptors();
        for round in 0..50 {
            let pages = if round % 10 == 0 { 5 } else { 2 };
            assert!(!read(&engine, pdf(pages)).pages.is_empty());
            let zombies = children().iter().filter(|(_, state)| *state == 'Z').count();
            assert_eq!(zombies, 0, "after {round} documents");
        }
        assert!(children().len() <= before.0 + 2, "{:?}", children());
        // Two children at most, three pipes each.
        assert!(descriptors() <= warm + 6, "{} and {warm}", descriptors());
        drop(engine);
        assert_eq!(children().len(), before.0);
        // The threads that read from the children close their ends in a moment.
        let began = Instant::now();
        while descriptors() > before.1 + 1 && began.elapsed() < Duration::from_secs(2) {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(descriptors() <= before.1 + 1, "{} and {}", descriptors(), before.1);
    }

    #[test]
    fn a_document_in_memory_leaves_no_file() {
        let _alone = alone();
        let folder = tempfile::tempdir().expect("a folder");
        // The folder for temporary files is the parent's business: ask the program.
        let mut child = Command::new(env!("CARGO_BIN_EXE_recto"))
            .args(["read", "--isolate", "-"])
            .env("TMPDIR", folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("recto starts");
        let bytes = fs::read(testdata("pages/code.pdf")).expect("a file");
        child.stdin.take().expect("a pipe").write_all(&bytes).expect("it listens");
        assert!(child.wait_with_output().expect("it ends").status.success());
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }
}

/// OCR is what takes long, and what a cancelled call has to stop.
#[test]
fn forced_ocr_is_the_same_in_children() {
    let _alone = alone();
    let options = Options { ocr: OcrMode::Always, ..Options::default() };
    let read = |engine: Engine| json(&engine.read(pdf(3), &options).expect("a document"));
    assert!(read(in_process()) == read(engine(processes(""))));
}
