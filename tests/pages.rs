//! Whole documents: what recto prints for `testdata/pages`, and how it ends on `testdata/broken`.
//!
//! A document with a usable text layer must match its expected markdown exactly (blanks at line
//! ends and the spacing of table rows aside). A recognised one must come close, since the last
//! percent differs between versions of Tesseract, and must have the same headings, list items and
//! table shapes.
//!
//! What was printed goes to `target/tmp/pages/<name>.actual.md` when a test fails, or always with
//! `UPDATE_EXPECTED=1`; compare it with `testdata/pages/<name>.expected.md`. Nothing overwrites
//! the expected files: they are the truth, not a record.

// Helpers are not covered by clippy's allowances for tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{OnceLock, mpsc};
use std::time::Duration;

use recto::export::{self, MarkdownOptions};
use recto::{
    Document, Engine, Error, ErrorKind, Language, Options, Source, TextSource, WarningCode,
};

/// How output is compared with the expected markdown.
#[derive(Clone, Copy)]
enum Compare {
    /// From the text layer, equal.
    Exact,
    /// Recognised: similarity of characters at least this, and the same outline.
    Close(f64),
    /// As `Close`, wherever the words come from.
    CloseFromAnywhere(f64),
    /// From the text layer; it differs for a reason that `testdata/FLAWS.md` gives, but has all the
    /// words. Fails when the flaw is mended.
    Flawed,
}
use Compare::{Close, CloseFromAnywhere, Exact, Flawed};

macro_rules! pages {
    ($($test:ident $file:literal $compare:expr, $languages:expr, $password:expr;)*) => {
        const PAGES: &[&str] = &[$($file),*];
        mod pages {
            use super::*;
            $(#[test] fn $test() { check_page($file, $compare, &$languages, $password); })*
        }
    };
}

pages! {
    // test           file                    compared       languages  password
    report            "report.pdf"            Exact,         [],        None;
    two_columns       "two-columns.pdf"       Exact,         [],        None;
    tables            "tables.pdf"            Exact,         [],        None;
    lists             "lists.pdf"             Exact,         [],        None;
    rotated_page      "rotated-page.pdf"      Exact,         [],        None;
    encrypted         "encrypted.pdf"         Exact,         [],        Some("secret");
    code              "code.pdf"              Exact,         [],        None;
    forms_xobject     "forms-xobject.pdf"     Exact,         [],        None;
    bookmarks         "bookmarks.pdf"         Exact,         [],        None;
    links             "links.pdf"             Exact,         [],        None;
    russian           "russian.pdf"           Exact,         [],        None;
    arabic            "arabic.pdf"            Exact,         [],        None;
    japanese          "japanese.pdf"          Exact,         [],        None;
    letter            "letter.pdf"            Exact,         [],        None;
    invoice           "invoice.pdf"           Flawed,        [],        None;
    receipt           "receipt.pdf"           Exact,         [],        None;
    newspaper         "newspaper.pdf"         Exact,         [],        None;
    contents          "contents.pdf"          Exact,         [],        None;
    index             "index.pdf"             Flawed,        [],        None;
    slides            "slides.pdf"            Exact,         [],        None;
    form              "form.pdf"              Exact,         [],        None;
    table_break       "table-break.pdf"       Exact,         [],        None;
    numbered          "numbered.pdf"          Exact,         [],        None;
    footnotes         "footnotes.pdf"         Exact,         [],        None;
    sidebar           "sidebar.pdf"           Exact,         [],        None;
    grouped_table     "grouped-table.pdf"     Exact,         [],        None;
    scan              "scan.pdf"              Close(0.97),   ["en"],    None;
    scan_two_columns  "scan-two-columns.tif"  Close(0.97),   ["en"],    None;
    swedish_scan      "swedish-scan.png"      Close(0.97),   ["sv"],    None;
    photo             "photo.jpg"             Close(0.95),   ["en"],    None;
    garbage_layer     "garbage-layer.pdf"     Close(0.97),   ["en"],    None;
    hidden_layer      "hidden-layer.pdf"      CloseFromAnywhere(0.97), ["en"], None;
    cipher_swedish    "cipher-swedish.pdf"    Close(0.97),   ["sv"],    None;
    private_use       "private-use.pdf"       Close(0.97),   ["en"],    None;
    glyph_names       "glyph-names.pdf"       Close(0.95),   ["en"],    None;
    hidden_bad        "hidden-bad.pdf"        Close(0.97),   ["en"],    None;
}

/// How the read of a bad file may end.
#[derive(Clone, Copy)]
enum End {
    /// An error of this kind.
    Fails(ErrorKind),
    /// A document with this text in it.
    Reads(&'static str),
    /// A document without text, and no warning is asked for.
    Blank,
    /// A document with a warning of this class.
    Warns(WarningCode),
}
use End::{Blank, Fails, Reads, Warns};

macro_rules! broken {
    ($($test:ident $file:literal $seconds:literal $ends:expr;)*) => {
        const BROKEN: &[&str] = &[$($file),*];
        mod broken {
            use super::*;
            $(#[test] fn $test() { check_broken($file, $seconds, &$ends); })*
        }
    };
}

broken! {
    // test        file               seconds at most, ends that will do
    empty          "empty.pdf"        10  [Fails(ErrorKind::InvalidDocument)];
    truncated      "truncated.pdf"    20  [Fails(ErrorKind::InvalidDocument), Warns(WarningCode::Damaged)];
    broken_xref    "broken-xref.pdf"  20  [Reads("The cross-reference table of this file is wrong.")];
    text_named     "text-named.pdf"   10  [Fails(ErrorKind::UnsupportedFormat)];
    archive        "archive.pdf"      10  [Fails(ErrorKind::UnsupportedFormat)];
    one_pixel      "one-pixel.png"    20  [Blank];
    salt_noise     "salt-noise.png"   90  [Warns(WarningCode::OcrSkipped)];
    huge_white     "huge-white.png"   120 [Blank, Fails(ErrorKind::TooLarge)];
    zero_pages     "zero-pages.pdf"   10  [Fails(ErrorKind::InvalidDocument)];
    deep_nesting   "deep-nesting.pdf" 60  [Reads("A long way down."), Blank, Fails(ErrorKind::InvalidDocument)];
    png_named      "png-named.pdf"    60  [Reads("This is an image in spite of its name.")];
    truncated_jpg  "truncated.jpg"    60  [Fails(ErrorKind::InvalidDocument), Warns(WarningCode::Damaged)];
    bad_tif        "bad.tif"          10  [Fails(ErrorKind::InvalidDocument)];
}

/// A read of a good page that takes longer hangs, even without optimisation on a busy machine.
const PAGE_LIMIT: Duration = Duration::from_secs(240);

// --- reading -----------------------------------------------------------------------------------

fn testdata(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(folder)
}

fn page(file: &str) -> PathBuf {
    testdata("pages").join(file)
}

/// One engine for all tests, as a program would have.
fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::builder().build().expect("the engine starts; see `recto doctor`"))
}

fn options(languages: &[&str], password: Option<&str>) -> Options {
    Options {
        languages: languages.iter().map(|code| Language::parse(code).unwrap()).collect(),
        password: password.map(str::to_owned),
        ..Options::default()
    }
}

/// Reads a file on a thread of its own, so that a hang is a failure and not a hang.
fn read(path: PathBuf, options: Options, limit: Duration) -> recto::Result<Document> {
    let (sender, receiver) = mpsc::channel();
    let name = path.display().to_string();
    std::thread::spawn(move || {
        // Nobody listens any more when the limit has passed.
        let _ = sender.send(engine().read(Source::path(path), &options));
    });
    match receiver.recv_timeout(limit) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("{name}: not done after {limit:?}"),
        Err(mpsc::RecvTimeoutError::Disconnected) => panic!("{name}: the read panicked"),
    }
}

/// Reads a good page. `None`, with a note, where the language's model is not installed here.
fn read_page(file: &str, languages: &[&str], password: Option<&str>) -> Option<Document> {
    match read(page(file), options(languages, password), PAGE_LIMIT) {
        Ok(document) => Some(document),
        Err(error @ Error::LanguageNotInstalled { .. }) => {
            eprintln!("skipped {file}: {error}");
            None
        }
        Err(error) => panic!("{file}: {}", error.chain()),
    }
}

// --- comparing ---------------------------------------------------------------------------------

/// The expected files hold the text of the documents without running headers and page numbers.
fn without_furniture(document: &Document) -> String {
    let options = MarkdownOptions { furniture: false, ..MarkdownOptions::default() };
    export::markdown(document, &options)
}

fn check_page(file: &str, compare: Compare, languages: &[&str], password: Option<&str>) {
    let Some(document) = read_page(file, languages, password) else { return };
    let stem = Path::new(file).file_stem().unwrap().to_str().unwrap();
    let expected = std::fs::read_to_string(page(&format!("{stem}.expected.md"))).unwrap();
    let printed = without_furniture(&document);
    let (expected, actual) = (normalised(&expected), normalised(&printed));

    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    let problems = problems(&document, compare, &expected, &actual);
    if !problems.is_empty() || std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{stem}.actual.md")), &printed).unwrap();
    }
    assert!(
        problems.is_empty(),
        "{file}, printed to {}:\n{}\nwarnings: {:?}",
        folder.join(format!("{stem}.actual.md")).display(),
        problems.join("\n"),
        document.warnings,
    );
}

fn problems(document: &Document, compare: Compare, expected: &str, actual: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let source = match compare {
        Exact | Flawed => Some(TextSource::TextLayer),
        Close(_) => Some(TextSource::Ocr),
        CloseFromAnywhere(_) => None,
    };
    if let Some(source) = source {
        for page in document.pages.iter().filter(|page| page.text_source != source) {
            problems.push(format!("page {} is from {:?}", page.index, page.text_source));
        }
    }
    match compare {
        Exact => problems.extend(first_difference(expected, actual)),
        Flawed if expected == actual => problems.push("the flaw is mended".to_owned()),
        Flawed => problems.extend(first_difference(&sorted_words(expected), &sorted_words(actual))),
        Close(least) | CloseFromAnywhere(least) => {
            let similarity = similarity(expected, actual);
            eprintln!("similarity {similarity:.4}");
            if similarity < least {
                problems.push(format!("similarity {similarity:.4} is below {least}"));
            }
            problems.extend(first_difference(&outline(expected), &outline(actual)));
        }
    }
    problems
}

/// Markdown without what may differ: blanks at line ends, runs of empty lines, the padding of
/// table cells, the layout of an HTML table.
fn normalised(markdown: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut code = false;
    let mut html = false;
    for line in markdown.lines() {
        let line = line.trim_end();
        code ^= line.starts_with("```");
        if line.starts_with("<table") {
            html = true;
            lines.push(String::new());
        }
        if html {
            let line = line.replace("<thead>", "").replace("</thead>", "");
            let line = line.replace("<tbody>", "").replace("</tbody>", "");
            lines.last_mut().unwrap().push_str(line.trim());
            html = !line.contains("</table>");
        } else if !code && line.starts_with('|') {
            lines.push(table_row(line));
        } else if code || !line.is_empty() || lines.last().is_some_and(|last| !last.is_empty()) {
            lines.push(line.to_owned());
        }
    }
    lines.join("\n").trim_end().to_owned()
}

/// A row of a pipe table with one blank around each cell; alignment marks are dropped.
fn table_row(line: &str) -> String {
    let cells = line.trim_matches('|').split('|').map(|cell| {
        let cell = cell.trim();
        let rule = !cell.is_empty() && cell.chars().all(|c| matches!(c, '-' | ':'));
        if rule { "---" } else { cell }
    });
    format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
}

/// What must be right on a scan as well: the levels of the headings, and between them the number
/// of list items, code fences and table cells per row.
fn outline(markdown: &str) -> String {
    let mut out = String::new();
    let mut items = 0;
    for line in markdown.lines() {
        let text = line.trim_start();
        let numbered = text.split_once(". ").is_some_and(|(number, _)| {
            !number.is_empty() && number.chars().all(|c| c.is_ascii_digit())
        });
        let structure = if text.starts_with('#') {
            text.split(' ').next().unwrap_or_default().to_owned()
        } else if text.starts_with('|') {
            format!("row of {}", text.matches(" | ").count() + 1)
        } else if text.starts_with("```") || text.starts_with("<table") {
            text.chars().take(6).collect()
        } else {
            items += usize::from(numbered || text.starts_with("- "));
            continue;
        };
        out.push_str(&format!("{items} item(s)\n{structure}\n"));
        items = 0;
    }
    out + &format!("{items} item(s)")
}

/// The words of markdown, one a line, in alphabetical order.
fn sorted_words(markdown: &str) -> String {
    let is_text = |word: &&str| word.chars().any(char::is_alphanumeric);
    let mut words: Vec<&str> = markdown.split_whitespace().filter(is_text).collect();
    words.sort_unstable();
    words.join("\n")
}

/// The first line in which two texts differ.
fn first_difference(expected: &str, actual: &str) -> Option<String> {
    let (mut left, mut right) = (expected.lines(), actual.lines());
    let mut number = 0;
    loop {
        number += 1;
        match (left.next(), right.next()) {
            (None, None) => return None,
            (a, b) if a == b => {}
            (a, b) => {
                let end = "(end of text)";
                let (a, b) = (a.unwrap_or(end), b.unwrap_or(end));
                return Some(format!("line {number}\n  expected: {a}\n  printed:  {b}"));
            }
        }
    }
}

/// 1 minus the edit distance by the length of the longer text; runs of white space count as one.
fn similarity(a: &str, b: &str) -> f64 {
    let squeeze = |text: &str| -> Vec<char> {
        text.split_whitespace().collect::<Vec<_>>().join(" ").chars().collect()
    };
    let (a, b) = (squeeze(a), squeeze(b));
    let longest = a.len().max(b.len()).max(1);
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    1.0 - row[b.len()] as f64 / longest as f64
}

fn check_broken(file: &str, seconds: u64, ends: &[End]) {
    // English, so that no time goes into telling the language of noise.
    let limit = Duration::from_secs(seconds);
    let result = read(testdata("broken").join(file), options(&["en"], None), limit);
    let fits = |end: &End| match (end, &result) {
        (Fails(kind), Err(error)) => {
            error.kind() == *kind && error.to_string().contains(file) && error.chain().len() < 400
        }
        (Reads(text), Ok(document)) => document.to_markdown().contains(text),
        (Blank, Ok(document)) => document.to_markdown().trim().is_empty(),
        (Warns(code), Ok(document)) => document.warnings.iter().any(|w| w.code == *code),
        _ => false,
    };
    if !ends.iter().any(fits) {
        match result {
            Ok(document) => panic!(
                "{file}: read as {:?} with warnings {:?}",
                document.to_markdown(),
                document.warnings
            ),
            Err(error) => panic!("{file}: {:?}: {}", error.kind(), error.chain()),
        }
    }
}

// --- single facts ------------------------------------------------------------------------------

#[test]
fn every_file_of_the_test_data_is_tested_and_in_the_manifest() {
    let listed = |folder: &str| -> BTreeSet<String> {
        let entries = std::fs::read_dir(testdata(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| !name.ends_with(".expected.md")).collect()
    };
    let named = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(listed("pages"), named(PAGES));
    assert_eq!(listed("broken"), named(BROKEN));

    let manifest = std::fs::read_to_string(testdata("MANIFEST.toml")).unwrap();
    let manifest: toml::Table = toml::from_str(&manifest).unwrap();
    let in_manifest = manifest["file"].as_array().unwrap().iter();
    let in_manifest: BTreeSet<_> =
        in_manifest.map(|file| file["path"].as_str().unwrap().to_owned()).collect();
    // tests/formulas.rs reads the others.
    let in_manifest: BTreeSet<_> =
        in_manifest.into_iter().filter(|path| !path.starts_with("formulas/")).collect();
    let tested = PAGES.iter().map(|name| format!("pages/{name}"));
    let tested = tested.chain(BROKEN.iter().map(|name| format!("broken/{name}"))).collect();
    assert_eq!(in_manifest, tested);
}

#[test]
fn a_missing_and_a_wrong_password_have_errors_of_their_own() {
    let read = |password| read(page("encrypted.pdf"), options(&[], password), PAGE_LIMIT);
    assert!(matches!(read(None), Err(Error::PasswordMissing { name }) if name == "encrypted.pdf"));
    assert!(matches!(read(Some("Secret")), Err(Error::PasswordWrong { .. })));
}

#[test]
fn a_page_past_the_end_is_named_with_the_page_count() {
    let options = Options { pages: Some("1-7".parse().unwrap()), ..Options::default() };
    match read(page("report.pdf"), options, PAGE_LIMIT) {
        // The first page that is missing or the end of the range: both are clear.
        Err(Error::PageOutOfRange { page: 2 | 7, count: 2, .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_page_can_be_asked_for() {
    let options = Options { pages: Some("1".parse().unwrap()), ..Options::default() };
    let document = read(page("report.pdf"), options, PAGE_LIMIT).unwrap();
    assert_eq!(document.page_count, 2);
    assert_eq!(document.pages.iter().map(|p| p.index).collect::<Vec<_>>(), [1]);
    let markdown = without_furniture(&document);
    assert!(markdown.contains("What we measured") && !markdown.contains("parking bays"));
}

#[test]
fn metadata_and_declared_language_are_read() {
    let document = read_page("bookmarks.pdf", &[], None).unwrap();
    let metadata = &document.metadata;
    assert_eq!(metadata.title.as_deref(), Some("A short guide to dry stone walls"));
    assert_eq!(metadata.author.as_deref(), Some("The Upper Valley Society"));
    assert_eq!(metadata.subject.as_deref(), Some("How to read and mend a wall"));
    assert_eq!(metadata.language.as_deref(), Some("en-GB"));
}

#[test]
fn links_are_kept_with_the_page() {
    let document = read_page("links.pdf", &[], None).unwrap();
    let uris: Vec<_> = document.pages[0].links.iter().map(|link| link.uri.as_str()).collect();
    assert!(uris.contains(&"https://example.com/boats"), "{uris:?}");
    assert!(uris.contains(&"mailto:crew@example.com"), "{uris:?}");
}

#[test]
fn a_rotated_and_cropped_page_has_the_size_a_reader_sees() {
    let document = read_page("rotated-page.pdf", &[], None).unwrap();
    let size = document.pages[0].size;
    assert!((size.width - 595.0).abs() < 0.5 && (size.height - 420.0).abs() < 0.5, "{size:?}");
    for word in &document.pages[0].words {
        assert!(word.angle.abs() < 0.5, "{word:?}");
        assert!(word.rect.min.x > 40.0 && word.rect.max.x < 555.0, "{word:?}");
        assert!(word.rect.min.y > 30.0 && word.rect.max.y < 390.0, "{word:?}");
    }
}

#[test]
fn a_text_layer_of_garbage_is_named_in_a_warning() {
    let Some(document) = read_page("garbage-layer.pdf", &["en"], None) else { return };
    let codes: Vec<_> = document.warnings.iter().map(|warning| warning.code).collect();
    assert!(codes.contains(&WarningCode::TextLayerDistrusted), "{:?}", document.warnings);
}

#[test]
fn comparison_helpers_see_what_matters() {
    assert_eq!(normalised("| a   |  b |\n|:---|--:|\n\n\nx  \n"), "| a | b |\n| --- | --- |\n\nx");
    assert_eq!(normalised("```\n\n\na\n```"), "```\n\n\na\n```");
    assert_eq!(
        normalised("<table>\n  <tr><td>1</td></tr>\n</table>\n"),
        "<table><tr><td>1</td></tr></table>"
    );
    assert_ne!(outline("# A\n- x\n- y\n## B"), outline("# A\n- x\n## B"));
    assert_ne!(outline("| a | b |"), outline("| a |"));
    assert!((similarity("abcd efgh", "abcd  efgx") - 8.0 / 9.0).abs() < 1e-9);
    assert!(first_difference("a\nb", "a\nb").is_none() && first_difference("a", "a\nb").is_some());
}

#[test]
fn images_of_a_response_come_with_their_pixels() {
    use recto::provider::{LocalProvider, OcrProvider, OcrRequest};
    let provider = LocalProvider::new(std::sync::Arc::new(engine().clone()));
    let request = OcrRequest {
        include_image_base64: true,
        ..OcrRequest::new(Source::path(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/pages/report.pdf"),
        ))
    };
    let response = provider.ocr(&request, &recto::Call::default()).unwrap();
    let image = &response.pages[0].images[0];
    let data = image.base64.as_deref().unwrap().strip_prefix("data:image/jpeg;base64,").unwrap();
    let jpeg = Source::base64(data).unwrap();
    let picture = engine().page_images(jpeg, &Options::default(), 1200.0).unwrap().next().unwrap();
    let (picture, place) = (picture.unwrap(), image.rect.unwrap());
    let near = |a: u32, b: u32| a.abs_diff(b) <= 2;
    assert!(near(picture.width(), place.right - place.left), "{place:?}");
    assert!(near(picture.height(), place.bottom - place.top), "{place:?}");
    // The drawing has colours.
    assert!(picture.rgb().chunks_exact(3).any(|p| p[0].abs_diff(p[2]) > 60));
    assert!(response.warnings.iter().all(|w| w.option.is_none()), "{:?}", response.warnings);
}
