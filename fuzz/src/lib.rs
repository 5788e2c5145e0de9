//! What is fuzzed: a function for each parser of strangers' input. Each takes any bytes, and panics where
//! recto breaks a promise.
//!
//! `cargo fuzz` runs them guided by coverage (docs/reliability.md); tests/fuzz runs them on stable Rust.

// A promise that is broken ends the target.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod markup;
mod pages;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::str::from_utf8;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use recto::internal::parsers::{self, Refusal};
use recto::{Language, OcrEngine, Options, PageSet, Source};

pub use markup::markdown;
pub use pages::{layout, tables};

/// A target: its name, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 14] = [
    ("sniff", sniff),
    ("image", image),
    ("base64", base64),
    ("page_ranges", page_ranges),
    ("languages", languages),
    ("options", options),
    ("layout", layout),
    ("tables", tables),
    ("markdown", markdown),
    ("ocr_request", ocr_request),
    ("convert_request", convert_request),
    ("batch_lines", batch_lines),
    ("form", form),
    ("config", config),
];

/// Runs a target by its name.
pub fn run(name: &str, data: &[u8]) {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).expect("a target");
    target(data);
}

/// A refusal is the client's mistake, and says what it is.
fn check(refusal: &Refusal) {
    assert!((400..500).contains(&refusal.status), "{refusal:?}");
    let text = refusal.body.to_string();
    assert!(refusal.body.is_object() && text.len() > 10, "{refusal:?}");
}

/// What a document is, by its content.
pub fn sniff(data: &[u8]) {
    let error = parsers::sniff(data).err();
    assert!(error.is_none_or(|error| !error.to_string().is_empty()));
    let _ = Source::is_readable(data);
}

/// Image files: our readers of TIFF, fax, PNG and densities, and the decoders behind them.
pub fn image(data: &[u8]) {
    /// Larger ones take long because they are large.
    const MOST_PIXELS: u64 = 1 << 20;
    let is_small =
        |(width, height): (u32, u32)| u64::from(width) * u64::from(height) <= MOST_PIXELS;
    let cursor = std::io::Cursor::new(data);
    let size = image::ImageReader::new(cursor).with_guessed_format().unwrap().into_dimensions();
    if !size.is_ok_and(is_small) {
        return;
    }
    if let Ok(mut tiff) = tiff::decoder::Decoder::new(std::io::Cursor::new(data)) {
        let mut images = 0;
        while images < 4 && tiff.more_images() && tiff.next_image().is_ok() {
            images += 1;
            if !tiff.dimensions().is_ok_and(is_small) {
                return;
            }
        }
    }
    if let Ok(pages) = parsers::image(data, 4) {
        assert!(pages.iter().all(|&(width, height)| width > 0 && height > 0), "{pages:?}");
    }
}

/// Documents in text.
pub fn base64(data: &[u8]) {
    let bytes_of = |source: Source| match source {
        Source::Bytes { bytes, .. } => bytes,
        other => panic!("{other:?}"),
    };
    // What is encoded comes back, in either alphabet.
    for text in [STANDARD.encode(data), URL_SAFE_NO_PAD.encode(data)] {
        assert_eq!(*bytes_of(Source::base64(&text).unwrap()), *data);
        let uri = format!("data:application/pdf;base64,{text}");
        assert_eq!(*bytes_of(Source::data_uri(&uri).unwrap()), *data);
    }
    if let Ok(text) = from_utf8(data) {
        // What is decoded is no longer than four letters for three bytes make it.
        if let Ok(source) = Source::base64(text) {
            assert!(bytes_of(source).len() <= text.len() / 4 * 3 + 2);
        }
        let _ = Source::data_uri(text);
        let _ = Source::parse(text);
    }
}

/// Sets of pages: "0,2-4,7-".
pub fn page_ranges(data: &[u8]) {
    const COUNT: usize = 50;
    let Ok(text) = from_utf8(data) else { return };
    match text.parse::<PageSet>() {
        Ok(set) => {
            if let Ok(pages) = set.resolve(COUNT, "input") {
                assert!(!pages.is_empty() && pages.is_sorted_by(|a, b| a < b));
                assert!(pages.iter().all(|page| *page < COUNT));
            }
            let json = serde_json::to_string(&set).unwrap();
            assert_eq!(serde_json::from_str::<PageSet>(&json).unwrap(), set);
        }
        Err(error) => assert!(error.to_string().starts_with("pages: "), "{error}"),
    }
}

/// Lists of languages, as each engine writes them; and the language of a text.
pub fn languages(data: &[u8]) {
    let Ok(text) = from_utf8(data) else { return };
    if let Ok(languages) = Language::parse_list(text) {
        for language in &languages {
            let again = Language::parse(language.tag()).expect("a language's own tag");
            assert_eq!(again.tag(), language.tag());
            assert!(!language.name().is_empty());
        }
        let found = recto::language::detect(text, &languages);
        let _ = found.or_else(|| recto::language::detect(text, &[]));
    }
    for engine in [OcrEngine::Tesseract, OcrEngine::RapidOcr, OcrEngine::EasyOcr] {
        let _ = Language::parse_list_for(text.split([',', '+']), engine);
    }
    let _ = recto::language::dominant_script(text);
}

/// Options of a read, as docling names them.
pub fn options(data: &[u8]) {
    let Ok(value) = serde_json::from_slice(data) else { return };
    if let Ok((options, _)) = Options::from_docling_json(&value) {
        let json = serde_json::to_string(&options).unwrap();
        let again: Options = serde_json::from_str(&json).expect("options that were written");
        assert_eq!(again, options);
    }
}

/// Bodies of `/v1/ocr`, `/v3/ocr`, `/v2/ocr` and Bifrost's; the header of parameters stands before a NUL.
pub fn ocr_request(data: &[u8]) {
    let (header, body) = match data.iter().position(|byte| *byte == 0) {
        Some(at) => (from_utf8(&data[..at]).ok(), &data[at + 1..]),
        None => (None, data),
    };
    parsers::ocr(body, header).iter().filter_map(|read| read.as_ref().err()).for_each(check);
}

/// Bodies of docling-serve's conversions, batches and chunkers.
pub fn convert_request(data: &[u8]) {
    parsers::convert(data).iter().filter_map(|read| read.as_ref().err()).for_each(check);
}

/// Files of a batch's requests: every line that is not empty has an answer.
pub fn batch_lines(data: &[u8]) {
    for most in [64, 1 << 20] {
        let all = parsers::lines(data, most).unwrap();
        let count =
            data.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
        assert!(all.len() <= count, "{} answers to {count} lines", all.len());
        assert!(most == 64 || all.len() == count, "{} answers to {count} lines", all.len());
        all.iter().filter_map(|read| read.as_ref().err()).for_each(check);
    }
}

/// Forms. The first byte is the length of the pieces that they come in.
pub fn form(data: &[u8]) {
    thread_local! {
        static RUNTIME: RefCell<tokio::runtime::Runtime> = RefCell::new(
            tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap(),
        );
    }
    let Some((&piece, body)) = data.split_first() else { return };
    let reads = RUNTIME.with_borrow(|runtime| {
        runtime.block_on(parsers::form(body, "frontier", usize::from(piece) * 4 + 1))
    });
    reads.iter().filter_map(|read| read.as_ref().err()).for_each(check);
    archive_names(body);
}

/// Names of files, as they come in forms, in an archive: none leads out of a folder, none twice.
fn archive_names(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let names = parsers::names_in_archive(text.split('\n').take(20));
    for name in &names {
        assert!(!name.is_empty() && !name.contains(['/', '\\', '\0']), "{name:?}");
        assert!(!name.contains(char::is_control) && name != ".." && name != ".", "{name:?}");
    }
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
}

/// A `recto.toml`.
pub fn config(data: &[u8]) {
    let Ok(text) = from_utf8(data) else { return };
    let error = parsers::config(text).err();
    assert!(error.is_none_or(|error| !error.is_empty()));
}
