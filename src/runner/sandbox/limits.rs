//! Resource limits of a child (getrlimit(2)). A child that cannot set one does without: they are
//! the second line of defence, and what stays possible is told by landlock and seccomp.

use rustix::process::{Resource, Rlimit, setrlimit};

/// Descriptors: pipes, the documents that stay open, models and fonts while they are read.
const DESCRIPTORS: u64 = 64;

/// Limits the memory that the process may write to (its heap and private mappings, `RLIMIT_DATA`).
/// Address space would be the wrong measure: allocators reserve much more than they use.
pub(super) fn memory(bytes: Option<u64>) {
    if bytes.is_some() {
        set(Resource::Data, bytes);
    }
}

/// Everything else. There is no limit of threads or processes: it would count all of the user's.
pub(super) fn others() {
    // Dumps hold pages of documents.
    set(Resource::Core, Some(0));
    // It writes no file; pipes do not count.
    set(Resource::Fsize, Some(0));
    set(Resource::Nofile, Some(DESCRIPTORS));
}

fn set(resource: Resource, limit: Option<u64>) {
    // Refused only where a lower limit holds already.
    let _ = setrlimit(resource, Rlimit { current: limit, maximum: limit });
}
