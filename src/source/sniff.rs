//! What a document is, by its content.

use std::borrow::Cow;

use super::Format;
use crate::error::{Error, Result};

/// How far into a file the header of a PDF may stand (as Acrobat has it).
const PDF_HEADER_WITHIN: usize = 1024;
/// How much of a file is looked at to tell text from binary data.
const TEXT_SAMPLE: usize = 8192;
/// How much of either end of a ZIP archive is searched for names of entries.
const ZIP_SAMPLE: usize = 64 * 1024;

/// The format, or an error that says what the content is instead.
pub(super) fn sniff(bytes: &[u8], name: &str) -> Result<Format> {
    if bytes.is_empty() {
        return Err(Error::EmptyInput { name: name.to_owned() });
    }
    format(bytes)
        .ok_or_else(|| Error::UnsupportedFormat { name: name.to_owned(), found: describe(bytes) })
}

fn format(bytes: &[u8]) -> Option<Format> {
    match bytes {
        [b'%', b'P', b'D', b'F', ..] => Some(Format::Pdf),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Format::Png),
        [0xff, 0xd8, 0xff, ..] => Some(Format::Jpeg),
        // Classic and big TIFF, either byte order.
        [b'I', b'I', b'*' | b'+', 0, ..] | [b'M', b'M', 0, b'*' | b'+', ..] => Some(Format::Tiff),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Format::WebP),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Format::Gif),
        _ if is_bmp(bytes) => Some(Format::Bmp),
        _ if is_late_pdf(bytes) => Some(Format::Pdf),
        _ => None,
    }
}

/// Two letters are not enough ("BMW"): the size of the second header must be a known one.
fn is_bmp(bytes: &[u8]) -> bool {
    bytes.starts_with(b"BM")
        && bytes
            .get(14..18)
            .is_some_and(|size| matches!(size, [12 | 16 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0]))
}

/// A PDF with something before its header. Text may speak of "%PDF-"; only a PDF has objects.
fn is_late_pdf(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(PDF_HEADER_WITHIN)];
    contains(head, b"%PDF-") && contains(bytes, b" obj")
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// What the content looks like, with its article.
fn describe(bytes: &[u8]) -> Cow<'static, str> {
    if let Some(text) = text_sample(bytes) {
        return describe_text(&text).into();
    }
    if bytes.iter().take(TEXT_SAMPLE).all(|&b| b == 0) {
        return "nothing but zero bytes".into();
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return describe_zip(bytes).into();
    }
    match infer::get(bytes) {
        Some(kind) => describe_kind(kind.mime_type()),
        None => "of an unknown binary format".into(),
    }
}

/// The beginning as text, where it is text.
fn text_sample(bytes: &[u8]) -> Option<String> {
    let head = &bytes[..bytes.len().min(TEXT_SAMPLE)];
    let decoded = match head {
        [0xff, 0xfe, rest @ ..] => decode_utf16(rest, u16::from_le_bytes)?,
        [0xfe, 0xff, rest @ ..] => decode_utf16(rest, u16::from_be_bytes)?,
        _ => match std::str::from_utf8(head) {
            Ok(text) => text.to_owned(),
            // The sample may end inside a character.
            Err(e) if e.error_len().is_none() && e.valid_up_to() + 4 > head.len() => {
                String::from_utf8_lossy(&head[..e.valid_up_to()]).into_owned()
            }
            Err(_) => return latin1(head),
        },
    };
    is_text(&decoded).then_some(decoded)
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units).collect::<Result<String, _>>().ok()
}

/// Text in an old 8-bit encoding: mostly ASCII, and no control characters.
fn latin1(bytes: &[u8]) -> Option<String> {
    let text: String = bytes.iter().map(|&b| char::from(b)).collect();
    let ascii = bytes.iter().filter(|b| b.is_ascii()).count();
    let controls = text.chars().any(|c| c.is_ascii() && !is_text_char(c));
    (!controls && ascii * 10 >= bytes.len() * 7).then_some(text)
}

fn is_text(text: &str) -> bool {
    text.chars().all(is_text_char)
}

fn is_text_char(c: char) -> bool {
    !c.is_control() || matches!(c, '\n' | '\r' | '\t' | '\u{c}' | '\u{b}' | '\u{1b}' | '\u{85}')
}

fn describe_text(text: &str) -> &'static str {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    let lower: String = start.chars().take(512).collect::<String>().to_ascii_lowercase();
    if start.is_empty() {
        return "white space alone";
    }
    if ["<!doctype html", "<html", "<head", "<body"].iter().any(|tag| lower.starts_with(tag)) {
        return "HTML";
    }
    if lower.starts_with("<svg") || (lower.starts_with("<?xml") && lower.contains("<svg")) {
        return "an SVG image";
    }
    if lower.starts_with("<?xml") {
        return if lower.contains("<html") { "HTML" } else { "XML" };
    }
    if start.starts_with("{\\rtf") {
        return "an RTF document";
    }
    if start.starts_with("%!PS") {
        return "a PostScript file";
    }
    if start.starts_with("JVBERi0") {
        return "plain text (a PDF in base64, which has to be decoded first)";
    }
    if lower.starts_with("data:") && lower.contains(";base64,") {
        return "plain text (a data URI, which has to be decoded first)";
    }
    if start.starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(start).is_ok()
    {
        return "JSON";
    }
    "plain text"
}

/// Office files are ZIP archives; their entries tell them apart.
fn describe_zip(bytes: &[u8]) -> &'static str {
    let head = &bytes[..bytes.len().min(ZIP_SAMPLE)];
    let tail = &bytes[bytes.len().saturating_sub(ZIP_SAMPLE)..];
    let has = |needle: &str| contains(head, needle.as_bytes()) || contains(tail, needle.as_bytes());
    for (entry, what) in [
        ("word/document", "a Word document"),
        ("xl/workbook", "an Excel workbook"),
        ("ppt/presentation", "a PowerPoint presentation"),
        ("application/epub+zip", "an EPUB book"),
        ("application/vnd.oasis.opendocument.text", "an OpenDocument text"),
        ("application/vnd.oasis.opendocument.spreadsheet", "an OpenDocument spreadsheet"),
        ("application/vnd.oasis.opendocument.presentation", "an OpenDocument presentation"),
    ] {
        if has(entry) {
            return what;
        }
    }
    "a ZIP archive"
}

fn describe_kind(mime: &str) -> Cow<'static, str> {
    let known = match mime {
        // The first sector does not tell which kind.
        "application/msword"
        | "application/vnd.ms-excel"
        | "application/vnd.ms-powerpoint"
        | "application/x-ole-storage" => "an old Office document (.doc, .xls, .ppt)",
        "application/gzip" => "a gzip archive",
        "application/x-tar" => "a tar archive",
        "application/x-7z-compressed" => "a 7-Zip archive",
        "application/vnd.rar" => "a RAR archive",
        "application/x-bzip2" => "a bzip2 archive",
        "application/x-xz" => "an xz archive",
        "application/zstd" => "a Zstandard archive",
        "application/x-executable"
        | "application/vnd.microsoft.portable-executable"
        | "application/x-mach-binary" => "a program",
        "application/vnd.sqlite3" => "a SQLite database",
        "application/dicom" => "a DICOM image",
        "image/heif" => "a HEIF or HEIC image",
        "image/avif" => "an AVIF image",
        "image/jxl" => "a JPEG XL image",
        "image/jp2" => "a JPEG 2000 image",
        "image/vnd.adobe.photoshop" => "a Photoshop image",
        "image/vnd.djvu" => "a DjVu document",
        "image/vnd.microsoft.icon" => "an icon",
        "application/octet-stream" => "of an unknown binary format",
        _ => match mime.split('/').next() {
            Some("audio") => "an audio file",
            Some("video") => "a video",
            _ if mime.contains("font") => "a font",
            _ => return format!("of type {mime}").into(),
        },
    };
    known.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(bytes: &[u8]) -> String {
        match sniff(bytes, "x").unwrap_err() {
            Error::UnsupportedFormat { found, .. } => found.into_owned(),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn formats_go_by_content() {
        let mut bmp = b"BM".to_vec();
        bmp.extend([0; 12]);
        bmp.extend([40, 0, 0, 0, 1]);
        for (bytes, wanted) in [
            (&b"%PDF-1.7\n"[..], Format::Pdf),
            (b"\x89PNG\r\n\x1a\n", Format::Png),
            (b"\xff\xd8\xff\xe0", Format::Jpeg),
            (b"II*\0", Format::Tiff),
            (b"MM\0*", Format::Tiff),
            (b"II+\0", Format::Tiff),
            (b"RIFF\0\0\0\0WEBPVP8 ", Format::WebP),
            (b"GIF89a", Format::Gif),
            (&bmp, Format::Bmp),
        ] {
            assert_eq!(sniff(bytes, "x").unwrap(), wanted);
        }
    }

    #[test]
    fn a_pdf_header_may_come_late() {
        let mut bytes = vec![b'\n'; 1019];
        bytes.extend(b"%PDF-1.4\n1 0 obj\n");
        assert_eq!(sniff(&bytes, "x").unwrap(), Format::Pdf);
        bytes.insert(0, b'\n');
        assert!(sniff(&bytes, "x").is_err());
        assert_eq!(found(b"A PDF begins with %PDF-1.7, as everybody knows."), "plain text");
    }

    #[test]
    fn everything_else_is_named() {
        let mut docx = b"PK\x03\x04".to_vec();
        docx.extend([0; 40]);
        docx.extend(b"[Content_Types].xml....word/document.xml");
        let mut long = "é".repeat(TEXT_SAMPLE);
        long.insert(0, 'x');
        for (bytes, wanted) in [
            (&b"PK\x03\x04\x14\0\0\0"[..], "a ZIP archive"),
            (&docx, "a Word document"),
            (b"hello\n", "plain text"),
            (b"BMW makes cars", "plain text"),
            (b"caf\xe9 au lait, r\xe9sum\xe9", "plain text"),
            (b"\xff\xfeh\0i\0", "plain text"),
            (long.as_bytes(), "plain text"),
            (b" \n\t", "white space alone"),
            (b"\xef\xbb\xbf<!DOCTYPE html><p>", "HTML"),
            (b"<?xml version=\"1.0\"?><a/>", "XML"),
            (b"<?xml version=\"1.0\"?>\n<svg/>", "an SVG image"),
            (b"{\\rtf1 hello}", "an RTF document"),
            (b"{\"a\": [1]}", "JSON"),
            (b"{a}", "plain text"),
            (b"JVBERi0xLjcK", "plain text (a PDF in base64, which has to be decoded first)"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "an old Office document (.doc, .xls, .ppt)"),
            (b"\x1f\x8b\x08\0\0", "a gzip archive"),
            (b"7z\xbc\xaf\x27\x1c\0", "a 7-Zip archive"),
            (&[0; 100], "nothing but zero bytes"),
            (b"\x01\x02\x03\x04\x05\xff", "of an unknown binary format"),
        ] {
            assert_eq!(found(bytes), wanted);
        }
        assert!(matches!(sniff(b"", "x"), Err(Error::EmptyInput { .. })));
    }
}
