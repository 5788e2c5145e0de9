//! Manifests: JSON Lines that name documents.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use recto::Options;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::inputs::{Item, Place, has_ending, path_item, uri_item};
use crate::cli::console::misuse;
use crate::cli::read::Given;

/// Options of docling's about what is written, which is the same for all documents of a run, and
/// what says it.
const WRITING: [(&str, &str); 2] =
    [("to_formats", "--format"), ("md_page_break_placeholder", "--page-break")];

/// Letters of a data URI that stand for it, before its hash.
const SHOWN: usize = 32;

/// A line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    source: String,
    name: Option<String>,
    options: Option<Value>,
}

/// Where a line stands in its manifest, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    start: u64,
    length: u64,
}

/// A manifest that can be read again.
#[derive(Debug)]
pub(super) struct Spool {
    name: String,
    /// Paths in it are relative to this.
    folder: PathBuf,
    path: PathBuf,
    /// What came from standard input is kept here.
    _kept: Option<tempfile::NamedTempFile>,
}

impl Spool {
    pub(super) fn file(path: &Path) -> anyhow::Result<Self> {
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self { name: path.display().to_string(), folder, path: path.to_owned(), _kept: None })
    }

    pub(super) fn stdin() -> anyhow::Result<Self> {
        let mut kept = tempfile::NamedTempFile::new().context("cannot make a temporary file")?;
        std::io::copy(&mut std::io::stdin().lock(), &mut kept)
            .context("cannot read standard input")?;
        let path = kept.path().to_owned();
        Ok(Self {
            name: "standard input".to_owned(),
            folder: PathBuf::new(),
            path,
            _kept: Some(kept),
        })
    }

    /// The source that a line names.
    pub(super) fn source(&self, span: Span) -> anyhow::Result<String> {
        let read = || -> anyhow::Result<String> {
            let mut file = File::open(&self.path)?;
            file.seek(SeekFrom::Start(span.start))?;
            let mut line = Vec::new();
            file.take(span.length).read_to_end(&mut line)?;
            Ok(serde_json::from_slice::<Line>(&line)?.source)
        };
        read().with_context(|| format!("{} was changed while it was read", self.name))
    }
}

/// Whether a file is a manifest by its name.
pub(super) fn is_one(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "jsonl" || ending == "ndjson")
}

/// Reads a manifest to its end before a document is read, so that mistakes in it are told at once.
///
/// # Errors
///
/// For lines that cannot be followed; what they say names the line.
pub(super) fn read(
    spool: Spool,
    options: &Arc<Options>,
    add: &mut dyn FnMut(Item) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let spool = Arc::new(spool);
    let cannot = || format!("cannot read {}", spool.name);
    let mut file = BufReader::new(File::open(&spool.path).with_context(cannot)?);
    let (mut start, mut number, mut bytes) = (0, 0, Vec::new());
    loop {
        bytes.clear();
        let length = file.read_until(b'\n', &mut bytes).with_context(cannot)? as u64;
        if length == 0 {
            return Ok(());
        }
        number += 1;
        let span = Span { start, length };
        start += length;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let origin = format!("{}, line {number}", spool.name);
        let item = item(bytes.trim_ascii_end(), &spool, span, number, options, &origin)
            .map_err(|error| misuse(format!("{origin}: {error:#}")))?;
        add(item)?;
    }
}

fn item(
    bytes: &[u8],
    spool: &Arc<Spool>,
    span: Span,
    number: usize,
    options: &Arc<Options>,
    origin: &str,
) -> anyhow::Result<Item> {
    // The line is one, whatever the position within it says.
    let line: Line = serde_json::from_slice(bytes).map_err(|error| {
        let text = error.to_string();
        let what = text.split(" at line ").next().unwrap_or(&text).to_owned();
        anyhow::anyhow!("{what} (column {})", error.column())
    })?;
    let mut item = if line.source.starts_with("data:") {
        recto::Source::data_uri(&line.source)?;
        let start: String = line.source.chars().take_while(|c| *c != ',').take(SHOWN).collect();
        let stem = format!("document-{number}");
        Item {
            place: Place::Line(Arc::clone(spool), span),
            source: format!("{start}#sha256={}", hex::encode(Sha256::digest(&line.source))),
            file_name: stem.clone(),
            stem: stem.into(),
            named: false,
            options: Arc::clone(options),
            warnings: Vec::new(),
            origin: String::new(),
        }
    } else if line.source.contains("://") {
        uri_item(&line.source, &Given::Uri(line.source.clone()).stem(), options, origin)?
    } else if line.source.is_empty() {
        anyhow::bail!("the source is empty");
    } else {
        let path = Path::new(&line.source);
        let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
        let below = if plain { path } else { Path::new(path.file_name().unwrap_or_default()) };
        path_item(&spool.folder.join(path), below, options)?
    };
    item.origin = origin.to_owned();
    if let Some(name) = line.name {
        item.stem = named(&name)?;
        item.file_name = item.stem.file_name().unwrap_or_default().to_string_lossy().into_owned();
        item.named = true;
    }
    if let Some(own) = line.options {
        for (key, option) in WRITING {
            if own.get(key).is_some_and(|value| !value.is_null()) {
                anyhow::bail!("options: {key} is the same for all documents: say it with {option}");
            }
        }
        let mut options = Options::clone(options);
        item.warnings = options.apply_docling_json(&own).context("options")?;
        item.options = Arc::new(options);
    }
    Ok(item)
}

/// Where results go that have a name.
fn named(name: &str) -> anyhow::Result<PathBuf> {
    let path = Path::new(name);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    let hidden =
        path.components().any(|part| part.as_os_str().as_encoded_bytes().starts_with(b"."));
    if name.is_empty() || !plain || hidden || name.ends_with('/') || name.contains('\0') {
        anyhow::bail!(
            "name: {name:?} is no path below the output folder (without \"..\" and leading dots)"
        );
    }
    Ok(if has_ending(path) { path.with_extension("") } else { path.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_below_the_output_folder() {
        assert_eq!(named("2024/a.pdf").unwrap(), Path::new("2024/a"));
        assert_eq!(named("v1.2").unwrap(), Path::new("v1.2"), "only documents' endings go");
        for bad in ["", "/a", "../a", "a/../../b", "a/", ".recto-batch/a", "."] {
            assert!(named(bad).is_err(), "{bad}");
        }
    }
}
