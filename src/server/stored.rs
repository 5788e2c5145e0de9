//! Documents that lie in the store of files: by id, and by signed addresses of this server.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use url::Url;

use super::app::App;
use super::auth::KeyIndex;
use super::error::{ApiError, Class};
use super::files::{of_store, unknown};
use crate::files::{FileRecord, FileStore, Link, LinkError};
use crate::source::{Source, StoredFile};

/// What a client can reach of the store.
#[derive(Clone, Debug, Default)]
pub(super) struct Stored {
    store: Option<FileStore>,
    owner: Option<String>,
    /// Where what is looked up is noted.
    notes: Option<Arc<Mutex<Documents>>>,
    /// What was looked up earlier, instead of a store.
    given: Option<Arc<Documents>>,
}

/// What ids and addresses stand for, as they were written; none where there was no such file.
pub(super) type Documents = BTreeMap<String, Option<StoredFile>>;

impl Stored {
    /// What the holder of a key can reach.
    pub(super) fn of(app: &App, key: KeyIndex) -> Self {
        let (store, owner) = (app.settings.files.clone(), app.settings.keys.owner(key));
        Self { store, owner, ..Self::default() }
    }

    /// The same, which notes what is looked up, for those who look again where there is no store.
    pub(super) fn noting(&self) -> Self {
        Self { notes: Some(Arc::default()), ..self.clone() }
    }

    /// What was noted. Nothing keeps these files where they are.
    pub(super) fn noted(&self) -> Documents {
        self.notes().map(|notes| notes.clone()).unwrap_or_default()
    }

    fn notes(&self) -> Option<MutexGuard<'_, Documents>> {
        let notes = self.notes.as_ref()?;
        Some(notes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What was noted earlier, and nothing else.
    pub(super) fn given(documents: Documents) -> Self {
        Self { given: Some(Arc::new(documents)), ..Self::default() }
    }

    fn note(&self, name: &str, found: &Result<Source, ApiError>) {
        let file = match found {
            Ok(source @ Source::Stored(file)) => Some(StoredFile::new(file.path(), source.name())),
            _ => None,
        };
        if let Some(mut notes) = self.notes() {
            notes.insert(name.to_owned(), file);
        }
    }

    /// The file of an id, in either form.
    pub(super) fn by_id(&self, id: &str) -> Result<Source, ApiError> {
        if let Some(given) = &self.given {
            let file = given.get(id).cloned().flatten();
            return file.map(Source::Stored).ok_or_else(|| unknown(id));
        }
        let found = self.in_store(id);
        self.note(id, &found);
        found
    }

    fn in_store(&self, id: &str) -> Result<Source, ApiError> {
        let Some(store) = &self.store else {
            let shown: String = id.chars().take(50).collect();
            let message = format!(
                "there is no file {shown:?}: this server keeps no files (--files-dir); send the \
                 document as a data URI or in base64"
            );
            return Err(ApiError::new(Class::NotFound, message));
        };
        let record = id.parse().ok().and_then(|id| store.get(id, self.owner.as_deref()));
        source(store, &record.ok_or_else(|| unknown(id))?)
    }

    /// The file of a signed address that this server handed out, without asking anybody; none where
    /// the address is somebody else's. Whoever has such an address may read its file.
    pub(super) fn by_address(&self, url: &Url) -> Option<Result<Source, ApiError>> {
        if let Some(given) = &self.given {
            let file = given.get(url.as_str())?.clone();
            let id = || Link::of(url).map(|link| link.id.to_string()).unwrap_or_default();
            return Some(file.map(Source::Stored).ok_or_else(|| unknown(&id())));
        }
        let store = self.store.as_ref()?;
        let link = Link::of(url).filter(|link| store.is_own(link))?;
        let found = match store.follow(&link) {
            Ok(Some(record)) => source(store, &record),
            Ok(None) => Err(unknown(&link.id.to_string())),
            Err(error) => Err(ApiError::new(Class::Fetch, sentence(error, &link))),
        };
        self.note(url.as_str(), &found);
        Some(found)
    }
}

fn sentence(error: LinkError, link: &Link) -> String {
    format!("cannot read the file {}: {error}", link.id)
}

fn source(store: &FileStore, record: &FileRecord) -> Result<Source, ApiError> {
    store.source(record).map_err(|error| match error.kind() {
        crate::error::ErrorKind::NotFound => unknown(&record.id.to_string()),
        _ => of_store(&error),
    })
}
