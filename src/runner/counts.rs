//! What became of an engine's child processes, counted.

use std::sync::atomic::{AtomicU64, Ordering};

/// What became of the child processes of an engine since it was built
/// ([`Engine::children`](crate::Engine::children)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChildCounts {
    /// Those that live.
    pub living: u64,
    /// Their resident memory, in bytes (Linux only, else 0).
    pub memory_bytes: u64,
    /// Started, all in all.
    pub started: u64,
    /// Ended by themselves: a crash, or nonsense instead of an answer.
    pub crashed: u64,
    /// Ended as they needed more memory than they may have.
    pub out_of_memory: u64,
    /// Killed by somebody else: the system, where its memory ran out, or a person.
    pub killed: u64,
    /// Killed as a page (or opening a document) took too long.
    pub timed_out: u64,
    /// Killed as a call that was cancelled or overdue did not stop in time.
    pub cancelled: u64,
    /// Replaced after many pages, or when their memory had grown.
    pub recycled: u64,
}

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Crashed,
    OutOfMemory,
    Killed,
    TimedOut,
    Cancelled,
    Recycled,
}

impl End {
    const KINDS: usize = Self::Recycled as usize + 1;
}

/// The counts as they are kept.
#[derive(Debug, Default)]
pub(super) struct Counts {
    started: AtomicU64,
    ends: [AtomicU64; End::KINDS],
}

impl Counts {
    pub(super) fn started(&self) {
        self.started.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn ended(&self, end: End) {
        self.ends[end as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Those of now, with the children that live and their memory.
    pub(super) fn now(&self, living: u64, memory_bytes: u64) -> ChildCounts {
        let of = |end: End| self.ends[end as usize].load(Ordering::Relaxed);
        ChildCounts {
            living,
            memory_bytes,
            started: self.started.load(Ordering::Relaxed),
            crashed: of(End::Crashed),
            out_of_memory: of(End::OutOfMemory),
            killed: of(End::Killed),
            timed_out: of(End::TimedOut),
            cancelled: of(End::Cancelled),
            recycled: of(End::Recycled),
        }
    }
}
