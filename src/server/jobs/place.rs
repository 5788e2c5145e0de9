//! Where the documents of jobs are.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::error::{Error, Result};
use crate::jobs::JobInput;
use crate::source::{Source, StoredFile};

/// Where a document is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::server) enum Place {
    /// The next of the job's inputs, by its name.
    Input(String),
    /// It is fetched when the job runs.
    Url(Url),
}

impl Place {
    /// Where a document is to be, and what the queue has to keep for that. A stored file has to be kept
    /// where it is until the queue has it.
    pub(in crate::server) fn of(source: &Source) -> (Self, Option<JobInput>) {
        let input = match source {
            Source::Url(url) => return (Self::Url(url.clone()), None),
            Source::Bytes { bytes, .. } => JobInput::Bytes(Arc::clone(bytes)),
            Source::Path(path) => JobInput::Copy(path.clone()),
            Source::Stored(file) => JobInput::Copy(file.path().to_owned()),
        };
        (Self::Input(source.name()), Some(input))
    }

    /// The document, of whose job these are the inputs that are left.
    pub(in crate::server) fn source<'a>(
        &self,
        inputs: &mut impl Iterator<Item = &'a PathBuf>,
    ) -> Result<Source> {
        match self {
            Self::Url(url) => Ok(Source::Url(url.clone())),
            Self::Input(name) => match inputs.next() {
                Some(path) => Ok(Source::Stored(StoredFile::new(path, name.clone()))),
                None => Err(Error::invalid_option("jobs", format!("{name} is not there"))),
            },
        }
    }
}
