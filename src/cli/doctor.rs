//! `recto doctor`: what is found where, and how to get what is missing.

use std::path::PathBuf;

use recto::language::Tessdata;
use recto::setup::{self, Component};
use recto::{Confinement, Engine, Options, Source};

use super::console::{Console, Exit, to_stdout};
use super::table::{Side, aligned};

/// Show which native parts and models are found where, and how to get what is missing
///
/// Exits with 1 if anything that reading needs is missing or does not load.
#[derive(Debug, clap::Args)]
pub(super) struct DoctorArgs {
    /// Folder with Tesseract's *.traineddata files [default: where the system keeps them]
    #[arg(long, value_name = "DIR")]
    tessdata: Option<PathBuf>,

    /// PDFium library to try [default: the first that is found]
    #[arg(long, value_name = "FILE")]
    pdfium: Option<PathBuf>,
}

/// What the set-up calls its findings.
const MODELS: &str = "Tesseract models";
const MODEL: &str = "Tesseract model ";
/// The model that undetected text is read with: nothing goes without it.
const ENGLISH: &str = "eng";

/// The smallest PDF: one empty page. Reading it shows that PDFium loads.
const BLANK_PDF: &[u8] = b"%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>endobj
trailer<</Root 1 0 R>>
%%EOF
";

/// Runs the subcommand.
pub(super) fn run(args: &DoctorArgs, _console: &Console) -> anyhow::Result<Exit> {
    let mut findings: Vec<Finding> =
        setup::check().into_iter().map(|component| Finding::new(component, &[])).collect();
    try_pdfium(args, &mut findings);
    findings.insert(1.min(findings.len()), tesseract());
    findings.push(sandbox());
    let tessdata = Tessdata::discover(args.tessdata.as_deref())?;
    place_models(&tessdata, &mut findings);
    findings.extend(tessdata.damaged().into_iter().map(|(path, why)| Finding {
        name: "Damaged model".to_owned(),
        state: State::Missing,
        place: path.display().to_string(),
        advice: format!("{} is damaged ({why}); install it again", path.display()),
    }));
    let mut text = format!(
        "recto {} on {} {}, {} core(s)\n\n{}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
        std::thread::available_parallelism().map_or(1, usize::from),
        table(&findings),
    );
    text.push_str(&languages(&tessdata));
    text.push_str(&advice(&findings));
    to_stdout(&text)?;
    Ok(if complete(&findings) { Exit::Success } else { Exit::Failure })
}

/// What is missing and how to get it, and whether all that reading needs is there. `models` are
/// needed as well, by Tesseract's codes.
pub(super) fn missing(models: &[String]) -> (String, bool) {
    let installed = setup::tesseract_models();
    let absent: Vec<&String> = models.iter().filter(|m| !installed.contains(m)).collect();
    let mut findings: Vec<Finding> =
        setup::check().into_iter().map(|component| Finding::new(component, models)).collect();
    // Those that the check knows nothing of.
    for model in absent {
        let name = format!("{MODEL}{model}");
        if findings.iter().all(|finding| finding.name != name) {
            let package = recto::language::debian_package(model);
            findings.push(Finding {
                advice: format!("{name} is missing; run: sudo apt-get install {package}"),
                name,
                state: State::Missing,
                place: String::new(),
            });
        }
    }
    let complete = complete(&findings);
    let text = if complete { "nothing is missing\n".to_owned() } else { advice(&findings) };
    (text.trim_start().to_owned(), complete)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Found,
    /// Missing, and reading needs it.
    Missing,
    /// Not there, which does little harm.
    Absent,
}

#[derive(Debug)]
struct Finding {
    name: String,
    state: State,
    place: String,
    /// What to do about it.
    advice: String,
}

impl Finding {
    /// `models`: Tesseract models without which the user's work cannot be done.
    fn new(component: Component, models: &[String]) -> Self {
        let Component { name, found, needed_for, optional, fix, .. } = component;
        let model = name.strip_prefix(MODEL);
        let needed = match model {
            Some(model) => model == ENGLISH || models.iter().any(|m| m == model),
            None => !optional,
        };
        let state = match (&found, needed) {
            (Some(_), _) => State::Found,
            (None, true) => State::Missing,
            (None, false) => State::Absent,
        };
        let advice = format!("{name} is not there; it is for {needed_for}; {fix}");
        Self { name, state, place: found.unwrap_or_default(), advice }
    }
}

/// Whether PDFium does not only lie there but also loads.
fn try_pdfium(args: &DoctorArgs, findings: &mut [Finding]) {
    let Some(finding) = findings.iter_mut().find(|finding| finding.name == "PDFium") else {
        return;
    };
    if finding.state != State::Found && args.pdfium.is_none() {
        return;
    }
    let mut builder = Engine::builder().workers(1);
    if let Some(library) = &args.pdfium {
        finding.place = library.display().to_string();
        builder = builder.pdfium(library);
    }
    let options = Options { ocr: recto::OcrMode::Never, ..Options::default() };
    let tried = builder
        .build()
        .and_then(|engine| engine.read(Source::bytes(BLANK_PDF, "blank.pdf"), &options));
    match tried {
        Ok(_) => finding.state = State::Found,
        Err(error) => {
            finding.state = State::Missing;
            finding.advice = format!("PDFium does not work: {}", error.chain());
        }
    }
}

/// Says of each model what an engine would find: damaged files do not count, and the folder named
/// comes first.
fn place_models(tessdata: &Tessdata, findings: &mut [Finding]) {
    for finding in findings {
        if finding.name == MODELS && !tessdata.dirs().is_empty() {
            let dirs: Vec<String> =
                tessdata.dirs().iter().map(|dir| dir.display().to_string()).collect();
            finding.state = State::Found;
            finding.place = format!("{} ({} usable)", dirs.join(", "), tessdata.installed().len());
        }
        let Some(code) = finding.name.strip_prefix(MODEL) else { continue };
        match tessdata.model_path(code) {
            Some(path) => {
                finding.state = State::Found;
                finding.place = path.display().to_string();
            }
            None if finding.state == State::Found => {
                finding.state = if code == ENGLISH { State::Missing } else { State::Absent };
                finding.place.clear();
            }
            None => {}
        }
    }
}

/// The Tesseract library itself is linked when the program is built.
fn tesseract() -> Finding {
    let built_in = cfg!(feature = "tesseract");
    Finding {
        name: "Tesseract".to_owned(),
        state: if built_in { State::Found } else { State::Missing },
        place: if built_in { "linked into this program" } else { "" }.to_owned(),
        advice: "this program was built without OCR; build it with --features full".to_owned(),
    }
}

/// What confines the child processes that read pages.
fn sandbox() -> Finding {
    let missing = Confinement::available().missing();
    Finding {
        name: "Sandbox".to_owned(),
        state: if missing.is_none() { State::Found } else { State::Absent },
        place: if missing.is_none() { "landlock and seccomp of this kernel" } else { "" }
            .to_owned(),
        advice: format!(
            "child processes are not confined, or not entirely: {}",
            missing.unwrap_or_default()
        ),
    }
}

fn complete(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.state != State::Missing)
}

fn table(findings: &[Finding]) -> String {
    let head = ["part", "state", "where"].map(|title| (title.to_owned(), Side::Left));
    let rows: Vec<Vec<String>> = findings
        .iter()
        .map(|finding| {
            let state = match finding.state {
                State::Found => "ok",
                State::Missing => "MISSING",
                State::Absent => "absent",
            };
            vec![finding.name.clone(), state.to_owned(), finding.place.clone()]
        })
        .collect();
    aligned(&head, &rows)
}

fn languages(tessdata: &Tessdata) -> String {
    let installed = tessdata.installed();
    let tags: Vec<&str> = installed.iter().map(|model| model.language.tag()).collect();
    let tags = if tags.is_empty() { "none".to_owned() } else { tags.join(", ") };
    format!("\nOCR languages installed: {tags} (`recto languages` lists all there are)\n")
}

fn advice(findings: &[Finding]) -> String {
    let mut text = String::new();
    for (state, title) in [(State::Missing, "To do"), (State::Absent, "Useful, not needed")] {
        let advice: Vec<&str> =
            findings.iter().filter(|f| f.state == state).map(|f| f.advice.as_str()).collect();
        if !advice.is_empty() {
            text.push_str(&format!("\n{title}:\n- {}\n", advice.join("\n- ")));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(name: &str, state: State) -> Finding {
        Finding {
            name: name.to_owned(),
            state,
            place: String::new(),
            advice: format!("get {name}"),
        }
    }

    #[test]
    fn only_what_reading_needs_makes_it_incomplete() {
        assert!(complete(&[finding("a", State::Found), finding("b", State::Absent)]));
        assert!(!complete(&[finding("a", State::Found), finding("b", State::Missing)]));
    }

    #[test]
    fn every_lack_comes_with_advice() {
        let text = advice(&[finding("a", State::Missing), finding("b", State::Absent)]);
        assert_eq!(text, "\nTo do:\n- get a\n\nUseful, not needed:\n- get b\n");
        assert_eq!(advice(&[finding("a", State::Found)]), "");
    }
}
