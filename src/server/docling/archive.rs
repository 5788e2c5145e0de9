//! Several documents in one answer: a ZIP archive with a file for each format.

use std::collections::BTreeSet;
use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::super::error::ApiError;
use super::answer;
use super::convert::{Done, Outputs, Reply};
use crate::error::{Error, Result, Warning, WarningCode};

/// An archive that is being written.
pub(in crate::server) struct Archive {
    zip: ZipWriter<Cursor<Vec<u8>>>,
    names: BTreeSet<String>,
    /// Why the first document that has no place in the archive has none.
    failed: Option<ApiError>,
    documents: usize,
}

impl Archive {
    pub(in crate::server) fn new() -> Self {
        Self {
            zip: ZipWriter::new(Cursor::new(Vec::new())),
            names: BTreeSet::new(),
            failed: None,
            documents: 0,
        }
    }

    /// Adds a document. One that could not be read is left out, as docling-serve does it, and what
    /// is wrong with it is told by warnings.
    pub(super) fn add(&mut self, done: Done) -> Result<Vec<Warning>> {
        let Done { name, outcome, .. } = done;
        let outputs = match outcome {
            Ok(outputs) => outputs,
            Err(error) => {
                let mut error = ApiError::of(&error);
                // Of the library's errors some name the document, and some do not.
                if !error.message.contains(&name) {
                    error.message = format!("{name}: {}", error.message);
                }
                let warning = Warning::new(
                    WarningCode::Other,
                    format!("a document is left out: {}", error.message),
                );
                self.failed.get_or_insert(error);
                return Ok(vec![warning]);
            }
        };
        self.documents += 1;
        let stem = self.stem(&name);
        let warnings = outputs.document.warnings.iter().map(|warning| Warning {
            message: format!("{name}: {}", warning.message),
            ..warning.clone()
        });
        let warnings = warnings.collect();
        self.write_all(&stem, outputs).map_err(|error| Error::stage("zip", error))?;
        Ok(warnings)
    }

    fn write_all(&mut self, stem: &str, outputs: Outputs) -> zip::result::ZipResult<()> {
        let Outputs {
            md,
            json,
            yaml,
            html,
            html_split_page,
            text,
            doctags,
            latex,
            chunks,
            files,
            ..
        } = outputs;
        let split = match html {
            Some(_) => "_split_page.html",
            None => ".html",
        };
        for (ending, content) in [
            (".json", json.map(|json| json.to_string())),
            (".yaml", yaml),
            (".html", html),
            (split, html_split_page),
            (".txt", text),
            (".md", md),
            (".doctags", doctags),
            (".tex", latex),
            (".chunks.jsonl", chunks),
        ] {
            if let Some(content) = content {
                self.write(&format!("{stem}{ending}"), content.as_bytes())?;
            }
        }
        self.write_files(files)
    }

    /// Adds files that stand for no document.
    pub(super) fn add_files(
        &mut self,
        files: impl IntoIterator<Item = (String, Vec<u8>)>,
    ) -> Result<()> {
        self.write_files(files).map_err(|error| Error::stage("zip", error))
    }

    fn write_files(
        &mut self,
        files: impl IntoIterator<Item = (String, Vec<u8>)>,
    ) -> zip::result::ZipResult<()> {
        for (name, bytes) in files {
            // Named by their content: two documents may share one.
            if self.names.insert(name.clone()) {
                self.write(&name, &bytes)?;
            }
        }
        Ok(())
    }

    /// The same content gives the same bytes: files have no time.
    fn write(&mut self, name: &str, content: &[u8]) -> zip::result::ZipResult<()> {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        self.zip.start_file(name, options)?;
        self.zip.write_all(content)?;
        Ok(())
    }

    /// The document's name without folders and ending, and unlike all others'.
    pub(in crate::server) fn stem(&mut self, name: &str) -> String {
        let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
        let stem = base.rsplit_once('.').map_or(base, |(stem, _)| stem);
        let plain: String = stem.chars().filter(|c| !c.is_control()).collect();
        let plain = match plain.trim_matches(['.', ' ']) {
            "" => "document",
            plain => plain,
        };
        let mut own = plain.to_owned();
        let mut count = 1;
        while !self.names.insert(own.clone()) {
            count += 1;
            own = format!("{plain}-{count}");
        }
        own
    }

    /// The archive; an error where not one document is in it.
    pub(super) fn finish(self) -> Result<Reply> {
        if let (0, Some(error)) = (self.documents, self.failed) {
            return Ok(Reply::Nothing(answer::of_all(error)));
        }
        let bytes = self.zip.finish().map_err(|error| Error::stage("zip", error))?;
        Ok(Reply::Zip(bytes.into_inner()))
    }
}
