//! What has expired, and what was left over by a process that was cut off.

use super::{Inner, Kind, remove_file};
use crate::error::Result;

/// Removes both, and counts what is left.
pub(super) fn sweep(store: &Inner) -> Result<()> {
    let (mut files, mut bytes) = (0, 0);
    let names = store.names()?;
    for (id, kind) in &names {
        let removed = match kind {
            Kind::Record => match store.any_record(*id) {
                Some(record) if record.is_expired() => store.remove(*id),
                Some(record) => {
                    files += 1;
                    bytes += record.bytes;
                    Ok(())
                }
                // Deleted just now, or not the store's.
                None => Ok(()),
            },
            Kind::Content | Kind::Part if store.path(*id, Kind::Record).exists() => Ok(()),
            Kind::Content | Kind::Part => store.remove_content(*id, *kind),
            Kind::RecordPart => {
                // Its content is locked as long as an upload is under way.
                let under_way = store.is_locked(*id, Kind::Content);
                if under_way { Ok(()) } else { remove_file(&store.path(*id, *kind)) }
            }
        };
        // One file that cannot be removed must not keep the others.
        if let Err(error) = removed {
            tracing::warn!(error = error.chain(), "a file could not be removed");
        }
    }
    let mut usage = store.usage();
    (usage.files, usage.bytes) = (files, bytes);
    Ok(())
}

impl Inner {
    fn is_locked(&self, id: super::FileId, kind: Kind) -> bool {
        let Ok(file) = std::fs::File::open(self.path(id, kind)) else { return false };
        matches!(file.try_lock(), Err(std::fs::TryLockError::WouldBlock))
    }
}
