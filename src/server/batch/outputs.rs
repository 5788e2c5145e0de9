//! The results of a batch as files of its owner.

use std::sync::Arc;

use super::super::app::App;
use super::super::error::ApiError;
use super::super::files::{of_file, on_disk};
use super::super::jobs::{Desk, Outcome};
use super::run::More;
use crate::files::{FileId, FileStore, NewFile};

/// What results are kept for.
pub(in crate::server) const RESULT: &str = "batch_result";
pub(in crate::server) const ERROR: &str = "batch_error";

/// The files of a batch that has ended: with its answers, and with its errors.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outputs {
    pub(super) answers: Option<FileId>,
    pub(super) errors: Option<FileId>,
}

/// The files of a batch, which are written when they are not there. Whoever ran the batch may have had no
/// store of files; and a result has the same names whoever writes it.
pub(super) async fn of(
    app: &Arc<App>,
    job: &str,
    more: &More,
    owner: Option<String>,
) -> Result<Outputs, ApiError> {
    let Some(store) = app.settings.files.clone() else { return Ok(Outputs::default()) };
    let name = |is_there: bool, purpose: &str| {
        is_there.then(|| FileId::named(&format!("{job} {purpose}")))
    };
    let outputs =
        Outputs { answers: name(more.succeeded > 0, RESULT), errors: name(more.failed > 0, ERROR) };
    // Two that ask at once must not write the same file.
    let _alone = app.outputs.lock().await;
    let is_there =
        |id: Option<FileId>| id.is_none_or(|id| store.get(id, owner.as_deref()).is_some());
    if is_there(outputs.answers) && is_there(outputs.errors) {
        return Ok(outputs);
    }
    let Some(Outcome { body, .. }) = Desk::outcome(app, job).await? else {
        return Ok(Outputs::default());
    };
    let (job, middle) = (job.to_owned(), more.answers);
    on_disk(move || {
        let (answers, errors) = body.split_at(middle.min(body.len()));
        for (id, purpose, name, text) in [
            (outputs.answers, RESULT, format!("{job}.jsonl"), answers),
            (outputs.errors, ERROR, format!("{job}-errors.jsonl"), errors),
        ] {
            if let Some(id) = id
                && store.get(id, owner.as_deref()).is_none()
            {
                let new = NewFile {
                    filename: name,
                    purpose: purpose.to_owned(),
                    visibility: "workspace".to_owned(),
                    owner: owner.clone(),
                    ..NewFile::default()
                };
                write(&store, id, text, new)?;
            }
        }
        Ok(outputs)
    })
    .await
}

fn write(store: &FileStore, id: FileId, text: &[u8], new: NewFile) -> Result<(), ApiError> {
    let kept = store.upload_as(id).and_then(|mut upload| {
        upload.write(text)?;
        upload.finish(new)
    });
    kept.map(drop).map_err(|error| of_file(&error))
}
