//! Whether a file is what it is stored for.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};

use serde::de::IgnoredAny;

use super::FileError;
use crate::error::Error;
use crate::source::Format;

/// Purposes whose content is checked.
const OCR: &str = "ocr";
const BATCH: &str = "batch";

/// So much of a file's beginning tells what it is.
pub(super) const HEAD: usize = 64 * 1024;

/// What the content of a file is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) media_type: &'static str,
    pub(super) num_lines: Option<u64>,
}

/// What a file is, by its beginning and by itself.
///
/// # Errors
///
/// [`FileError::Content`] where that is not what the purpose takes.
pub(super) fn check(
    purpose: &str,
    name: &str,
    head: &[u8],
    file: &File,
) -> Result<Kind, FileError> {
    let kind = |media_type| Kind { media_type, num_lines: None };
    match purpose {
        OCR => match Format::of(head, name) {
            Ok(format) => Ok(kind(format.media_type())),
            Err(error) => Err(FileError::Content(error.to_string())),
        },
        BATCH => lines(file, name)
            .map(|count| Kind { media_type: "application/jsonl", num_lines: Some(count) }),
        _ => Ok(kind(media_type(head, name))),
    }
}

fn media_type(head: &[u8], name: &str) -> &'static str {
    if let Ok(format) = Format::of(head, name) {
        return format.media_type();
    }
    match infer::get(head) {
        Some(kind) => kind.mime_type(),
        None if is_text(head) => "text/plain",
        None => "application/octet-stream",
    }
}

fn is_text(head: &[u8]) -> bool {
    // The head may end inside a character.
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(e) if e.error_len().is_none() => {
            std::str::from_utf8(&head[..e.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.is_empty() && !text.contains('\0')
}

/// How many lines there are that are not empty, each of them an object in JSON. Nothing is held in
/// memory: a line can hold a whole document.
fn lines(file: &File, name: &str) -> Result<u64, FileError> {
    let read = |source| FileError::Io(Error::Io { action: "read", path: name.into(), source });
    let mut file: &File = file;
    file.rewind().map_err(read)?;
    let mut reader = BufReader::new(file);
    let (mut number, mut count) = (0_u64, 0_u64);
    while !reader.fill_buf().map_err(read)?.is_empty() {
        number += 1;
        let mut line = Line { reader: &mut reader, ended: false };
        match line.first().map_err(read)? {
            None => {}
            Some(b'{') => {
                let object = serde_json::from_reader::<_, IgnoredAny>(&mut line);
                object.map_err(|error| no_object(name, number, &error.to_string()))?;
                count += 1;
            }
            Some(_) => return Err(no_object(name, number, "it does not begin with {")),
        }
        line.skip().map_err(read)?;
    }
    match count {
        0 => Err(FileError::Content(format!("{name} has no lines"))),
        count => Ok(count),
    }
}

fn no_object(name: &str, line: u64, why: &str) -> FileError {
    // The parser counts lines of its own: there is only the one.
    let why = why.split(" at line ").next().unwrap_or(why);
    FileError::Content(format!(
        "line {line} of {name} is no JSON object ({why}); a file for batch has one on each line"
    ))
}

/// What is left of a line, without its end.
struct Line<'a, R> {
    reader: &'a mut R,
    ended: bool,
}

impl<R: BufRead> Line<'_, R> {
    /// Its first byte that is no white space; that byte is still to be read.
    fn first(&mut self) -> io::Result<Option<u8>> {
        loop {
            let buffer = self.reader.fill_buf()?;
            match buffer.first() {
                None | Some(b'\n') => return Ok(None),
                Some(b' ' | b'\t' | b'\r') => self.reader.consume(1),
                Some(byte) => return Ok(Some(*byte)),
            }
        }
    }

    /// Goes to the beginning of the next line.
    fn skip(&mut self) -> io::Result<()> {
        if self.ended {
            return Ok(());
        }
        io::copy(self, &mut io::sink())?;
        Ok(())
    }
}

impl<R: BufRead> Read for Line<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.ended {
            return Ok(0);
        }
        let buffer = self.reader.fill_buf()?;
        let length = buffer.len().min(out.len());
        let part = &buffer[..length];
        let end = part.iter().position(|byte| *byte == b'\n');
        let taken = end.unwrap_or(length);
        out[..taken].copy_from_slice(&part[..taken]);
        self.ended = end.is_some() || length == 0;
        self.reader.consume(taken + usize::from(end.is_some()));
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn checked(purpose: &str, content: &[u8]) -> Result<Kind, String> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        let head = &content[..content.len().min(HEAD)];
        check(purpose, "a.bin", head, &file).map_err(|error| error.to_string())
    }

    #[test]
    fn files_for_ocr_are_what_recto_reads() {
        let pdf = checked("ocr", b"%PDF-1.7\n").unwrap();
        assert_eq!((pdf.media_type, pdf.num_lines), ("application/pdf", None));
        assert_eq!(checked("ocr", b"\x89PNG\r\n\x1a\n").unwrap().media_type, "image/png");
        assert_eq!(
            checked("ocr", b"hello\n").unwrap_err(),
            "a.bin is plain text; recto reads PDF, PNG, JPEG, TIFF, WebP, BMP and GIF"
        );
        assert_eq!(checked("ocr", b"").unwrap_err(), "a.bin is empty (0 bytes)");
    }

    #[test]
    fn files_for_batches_have_an_object_on_each_line() {
        let long = format!("{{\"body\": \"{}\"}}\n", "x".repeat(100_000));
        for (content, count) in [
            ("{\"a\": 1}\n{\"b\": {\"c\": []}}\n", 2),
            ("{\"a\": 1}\r\n\r\n  {\"b\": 2}", 2),
            ("\n\n{}\n\n", 1),
            (&long.repeat(3), 3),
        ] {
            let kind = checked("batch", content.as_bytes()).unwrap();
            assert_eq!((kind.media_type, kind.num_lines), ("application/jsonl", Some(count)));
        }
        for (content, message) in [
            ("", "a.bin has no lines"),
            (
                "{}\n[1]\n",
                "line 2 of a.bin is no JSON object (it does not begin with {); a file for batch \
                 has one on each line",
            ),
            (
                "{\"a\":\n1}\n",
                "line 1 of a.bin is no JSON object (EOF while parsing a value); a file for batch \
                 has one on each line",
            ),
            (
                "{} {}\n",
                "line 1 of a.bin is no JSON object (trailing characters); a file for batch has \
                 one on each line",
            ),
        ] {
            assert_eq!(checked("batch", content.as_bytes()).unwrap_err(), message);
        }
        assert!(checked("batch", b"%PDF-1.7\n").is_err());
    }

    #[test]
    fn anything_may_be_stored_for_other_purposes() {
        for (content, media_type) in [
            (&b"hello"[..], "text/plain"),
            ("caf\u{e9}".as_bytes(), "text/plain"),
            (b"", "application/octet-stream"),
            (b"\x01\x02\x03\x00\xff", "application/octet-stream"),
            (b"%PDF-1.7\n", "application/pdf"),
            (b"PK\x03\x04\x14\0\0\0", "application/zip"),
        ] {
            assert_eq!(checked("reference_media", content).unwrap().media_type, media_type);
        }
    }
}
