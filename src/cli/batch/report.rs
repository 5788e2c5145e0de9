//! The report: a line of JSON for each input, written as soon as it is done. It is what a later run goes on from.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{BufWriter, ErrorKind, IntoInnerError, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::inputs::Item;
use super::store::{Store, hash_file};
use crate::cli::console::Console;

/// The report's name in the output folder.
const NAME: &str = "recto-batch.jsonl";

/// How a document went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    Success,
    Partial,
    Failed,
}

/// A result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Output {
    /// Below the output folder.
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// A line of the report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) source: String,
    /// The name that a manifest gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    pub(super) status: Outcome,
    pub(super) outputs: Vec<Output>,
    /// Pages that were read.
    pub(super) pages: usize,
    pub(super) seconds: f64,
    pub(super) warnings: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
    /// Of the input, where it could be loaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) input_sha256: Option<String>,
    /// A hash of everything that results depend on besides: version, options, formats.
    pub(super) settings: String,
}

type Key = (String, Option<String>);

impl Record {
    pub(super) fn key(&self) -> Key {
        (self.source.clone(), self.name.clone())
    }

    /// Whether its results are in the folder as they were written.
    pub(super) fn is_complete(&self, folder: &Path) -> bool {
        self.status != Outcome::Failed
            && !self.outputs.is_empty()
            && self.outputs.iter().all(|output| {
                let there = hash_file(&folder.join(&output.path));
                there.is_ok_and(|(hash, size)| hash == output.sha256 && size == output.bytes)
            })
    }

    /// The path of its results without their ending.
    fn stem(&self) -> Option<PathBuf> {
        self.outputs.first().map(|output| output.path.with_extension(""))
    }
}

impl Item {
    /// What its record is found by.
    pub(super) fn key(&self) -> Key {
        (self.source.clone(), self.name())
    }

    pub(super) fn name(&self) -> Option<String> {
        self.named.then(|| self.stem.to_string_lossy().into_owned())
    }
}

/// What the report of an earlier run says.
#[derive(Debug, Default)]
pub(super) struct Previous {
    records: HashMap<Key, Record>,
}

impl Previous {
    /// Reads the report, if there is one. A line that was cut off by the end of the program is none.
    pub(super) fn load(folder: &Path, console: &Console) -> anyhow::Result<Self> {
        let path = folder.join(NAME);
        let text = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        let mut records = HashMap::new();
        let mut bad = 0;
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice::<Record>(line) {
                // Later lines are newer.
                Ok(record) => drop(records.insert(record.key(), record)),
                Err(_) => bad += 1,
            }
        }
        let cut = usize::from(text.last().is_some_and(|byte| *byte != b'\n'));
        if bad > cut {
            console.warning(format_args!(
                "{}: {bad} lines cannot be read; their documents are read again",
                path.display()
            ));
        }
        Ok(Self { records })
    }

    pub(super) fn record(&self, item: &Item) -> Option<&Record> {
        self.records.get(&item.key())
    }

    /// What the results of a document were called.
    pub(super) fn stem(&self, item: &Item) -> Option<PathBuf> {
        self.record(item).and_then(Record::stem)
    }

    /// What results are called of documents other than these, as far as those documents are still there.
    pub(super) fn stems_without(&self, sources: &HashSet<&str>) -> impl Iterator<Item = PathBuf> {
        self.others(sources).filter_map(|record| record.stem())
    }

    fn others(&self, sources: &HashSet<&str>) -> impl Iterator<Item = &Record> {
        self.records.values().filter(|record| {
            let is_path = Path::new(&record.source).is_absolute();
            !sources.contains(record.source.as_str())
                && (!is_path || Path::new(&record.source).exists())
        })
    }

    /// The records of documents that this run does not see, in the order of their sources.
    pub(super) fn unseen(&self, items: &[Item]) -> Vec<Record> {
        let sources = items.iter().map(|item| item.source.as_str()).collect();
        let mut unseen: Vec<Record> = self.others(&sources).cloned().collect();
        unseen.sort_by_key(Record::key);
        unseen
    }
}

/// Where a record stands in the report, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    start: u64,
    length: usize,
}

/// The report being written. Records are kept in the file alone: there may be any number.
#[derive(Debug)]
pub(super) struct Report {
    path: PathBuf,
    file: File,
    end: u64,
}

impl Report {
    /// Whether there is one.
    pub(super) fn is_in(folder: &Path) -> bool {
        folder.join(NAME).exists()
    }

    /// Begins a report with these records, which takes the place of an earlier one.
    pub(super) fn begin<'a>(
        store: &Store,
        records: impl IntoIterator<Item = &'a Record>,
    ) -> anyhow::Result<(Self, Vec<Place>)> {
        let path = store.folder().join(NAME);
        let cannot = || format!("cannot write {}", path.display());
        let mut lines = Vec::new();
        let mut places = Vec::new();
        for record in records {
            let start = lines.len() as u64;
            serde_json::to_writer(&mut lines, record)?;
            lines.push(b'\n');
            places.push(Place { start, length: lines.len() - start as usize });
        }
        let mut file = store.temporary().with_context(cannot)?;
        file.write_all(&lines).with_context(cannot)?;
        let file = file.persist(&path).map_err(|error| error.error).with_context(cannot)?;
        Ok((Self { path, file, end: lines.len() as u64 }, places))
    }

    /// Adds a record. It is with the system when this returns.
    pub(super) fn add(&mut self, record: &Record) -> anyhow::Result<Place> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        self.file
            .write_all(&line)
            .with_context(|| format!("cannot write {}", self.path.display()))?;
        let place = Place { start: self.end, length: line.len() };
        self.end += line.len() as u64;
        Ok(place)
    }

    /// Puts the records into this order.
    pub(super) fn sort(mut self, store: &Store, order: &[Place]) -> anyhow::Result<()> {
        let cannot = || format!("cannot write {}", self.path.display());
        let mut out = BufWriter::new(store.temporary().with_context(cannot)?);
        let mut line = Vec::new();
        for place in order {
            line.resize(place.length, 0);
            self.file.seek(SeekFrom::Start(place.start)).with_context(cannot)?;
            self.file.read_exact(&mut line).with_context(cannot)?;
            out.write_all(&line).with_context(cannot)?;
        }
        let file = out.into_inner().map_err(IntoInnerError::into_error).with_context(cannot)?;
        file.persist(&self.path).map_err(|error| error.error).with_context(cannot)?;
        Ok(())
    }
}
