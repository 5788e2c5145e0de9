//! Documents that lie in the store of files: by id, and by signed addresses of this server.

use url::Url;

use super::app::App;
use super::auth::KeyIndex;
use super::error::{ApiError, Class};
use super::files::{of_store, unknown};
use crate::files::{FileRecord, FileStore, Link, LinkError};
use crate::source::Source;

/// What a client can reach of the store.
#[derive(Clone, Debug, Default)]
pub(super) struct Stored {
    store: Option<FileStore>,
    owner: Option<String>,
}

impl Stored {
    /// What the holder of a key can reach.
    pub(super) fn of(app: &App, key: KeyIndex) -> Self {
        Self { store: app.settings.files.clone(), owner: app.settings.keys.owner(key) }
    }

    /// The file of an id, in either form.
    pub(super) fn by_id(&self, id: &str) -> Result<Source, ApiError> {
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
        let store = self.store.as_ref()?;
        let link = Link::of(url).filter(|link| store.is_own(link))?;
        Some(match store.follow(&link) {
            Ok(Some(record)) => source(store, &record),
            Ok(None) => Err(unknown(&link.id.to_string())),
            Err(error) => Err(ApiError::new(Class::Fetch, sentence(error, &link))),
        })
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
