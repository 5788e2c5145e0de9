//! What one key may use: requests and pages a minute, reads at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::auth::KeyIndex;
use super::error::{ApiError, Class};

const MINUTE: f64 = 60.0;

/// What one key may use. Where a server has no keys, all its clients share one allowance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyLimits {
    /// Reads a minute; a minute's worth may come at once. Default: `None`, any number.
    pub requests_per_minute: Option<u32>,
    /// Reads under way or waiting at once. Default: `None`, any number.
    pub reads_at_once: Option<u32>,
    /// Pages a minute; a minute's worth may come at once. How many a document has is known when it
    /// was read: one that exceeds what is left is answered, and the key waits until it has made up
    /// for it. Default: `None`, any number.
    pub pages_per_minute: Option<u32>,
}

impl KeyLimits {
    /// These limits.
    pub fn new(requests_per_minute: Option<u32>, reads_at_once: Option<u32>) -> Self {
        Self { requests_per_minute, reads_at_once, pages_per_minute: None }
    }

    /// The same, with a limit of pages a minute.
    #[must_use]
    pub fn with_pages(self, pages_per_minute: Option<u32>) -> Self {
        Self { pages_per_minute, ..self }
    }
}

/// Keeps to [`KeyLimits`].
#[derive(Debug)]
pub(super) struct Limits {
    limits: KeyLimits,
    uses: Arc<Mutex<HashMap<KeyIndex, Use>>>,
}

#[derive(Debug)]
struct Use {
    requests: Bucket,
    pages: Bucket,
    reads: u32,
}

/// What is left of an allowance, as of `since`; it comes back evenly over a minute.
#[derive(Debug)]
struct Bucket {
    left: f64,
    since: Instant,
}

impl Bucket {
    /// Counts in what came back by now.
    fn refill(&mut self, most: f64, now: Instant) {
        let passed = now.saturating_duration_since(self.since).as_secs_f64();
        self.left = (self.left + passed * most / MINUTE).min(most);
        self.since = now;
    }

    /// The time until there is one, if there is none now.
    fn wait(&self, most: f64) -> Option<Duration> {
        (self.left < 1.0).then(|| Duration::from_secs_f64((1.0 - self.left) * MINUTE / most))
    }
}

/// One read of a key; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Allowance {
    key: KeyIndex,
    pages: Option<f64>,
    uses: Arc<Mutex<HashMap<KeyIndex, Use>>>,
}

impl Allowance {
    /// Takes the pages that were read off what the key has left, below nothing if need be.
    pub(super) fn charge(&self, pages: usize, now: Instant) {
        let Some(most) = self.pages else { return };
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(used) = uses.get_mut(&self.key) {
            used.pages.refill(most, now);
            used.pages.left -= pages as f64;
        }
    }
}

impl Limits {
    pub(super) fn new(limits: KeyLimits) -> Self {
        Self { limits, uses: Arc::default() }
    }

    /// Takes note of a read, or refuses it (status 429).
    pub(super) fn admit(&self, key: KeyIndex, now: Instant) -> Result<Allowance, ApiError> {
        let mut uses = self.uses();
        let used = self.used(&mut uses, key, now);
        if let Some(limit) = self.limits.reads_at_once.filter(|limit| used.reads >= *limit) {
            let message = format!("this key has {limit} read(s) under way, as many as it may");
            return refused(message, Duration::from_secs(1));
        }
        self.charge_request(used, now)?;
        used.reads += 1;
        Ok(self.allowance(key))
    }

    /// Takes note of a read that is asked for now and done later, or refuses it (status 429). How many
    /// are done at once is the business of [`begin`](Self::begin).
    pub(super) fn admit_job(&self, key: KeyIndex, now: Instant) -> Result<(), ApiError> {
        let mut uses = self.uses();
        let used = self.used(&mut uses, key, now);
        self.charge_request(used, now)
    }

    /// Takes note that such a read begins; none where its key has as many under way as it may.
    pub(super) fn begin(&self, key: KeyIndex, now: Instant) -> Option<Allowance> {
        let mut uses = self.uses();
        let used = self.used(&mut uses, key, now);
        if self.limits.reads_at_once.is_some_and(|limit| used.reads >= limit) {
            return None;
        }
        used.reads += 1;
        Some(self.allowance(key))
    }

    fn uses(&self) -> MutexGuard<'_, HashMap<KeyIndex, Use>> {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn used<'a>(
        &self,
        uses: &'a mut HashMap<KeyIndex, Use>,
        key: KeyIndex,
        now: Instant,
    ) -> &'a mut Use {
        let full = |most: Option<u32>| Bucket { left: most.map_or(0.0, f64::from), since: now };
        uses.entry(key).or_insert_with(|| Use {
            requests: full(self.limits.requests_per_minute),
            pages: full(self.limits.pages_per_minute),
            reads: 0,
        })
    }

    fn charge_request(&self, used: &mut Use, now: Instant) -> Result<(), ApiError> {
        if let Some(most) = self.limits.pages_per_minute.map(f64::from) {
            used.pages.refill(most, now);
            if let Some(wait) = used.pages.wait(most) {
                return refused(format!("this key may read {most} page(s) a minute"), wait);
            }
        }
        if let Some(most) = self.limits.requests_per_minute.map(f64::from) {
            used.requests.refill(most, now);
            if let Some(wait) = used.requests.wait(most) {
                return refused(format!("this key may read {most} document(s) a minute"), wait);
            }
            used.requests.left -= 1.0;
        }
        Ok(())
    }

    fn allowance(&self, key: KeyIndex) -> Allowance {
        let pages = self.limits.pages_per_minute.map(f64::from);
        Allowance { key, pages, uses: Arc::clone(&self.uses) }
    }
}

fn refused<T>(message: String, wait: Duration) -> Result<T, ApiError> {
    Err(ApiError::new(Class::RateLimited, message).retry_after(wait))
}

impl Drop for Allowance {
    fn drop(&mut self) {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(used) = uses.get_mut(&self.key) {
            used.reads = used.reads.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minutes_worth_comes_at_once_and_comes_back_evenly() {
        let limits = Limits::new(KeyLimits::new(Some(2), None));
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(limits.admit(0, at(0)).is_ok());
        assert!(limits.admit(0, at(0)).is_ok());
        let refused = limits.admit(0, at(0)).unwrap_err();
        assert_eq!(refused.retry_after, Some(30));
        assert!(limits.admit(1, at(0)).is_ok(), "another key");
        assert!(limits.admit(0, at(31)).is_ok());
        assert!(limits.admit(0, at(31)).is_err());
        assert!(limits.admit(0, at(1000)).is_ok());
        assert!(limits.admit(0, at(1000)).is_ok());
        assert!(limits.admit(0, at(1000)).is_err(), "no more than a minute's worth is saved up");
    }

    #[test]
    fn reads_at_once_are_counted_until_they_end() {
        let limits = Limits::new(KeyLimits::new(None, Some(1)));
        let now = Instant::now();
        let first = limits.admit(0, now).unwrap();
        assert!(limits.admit(0, now).is_err());
        assert!(limits.admit(1, now).is_ok());
        drop(first);
        assert!(limits.admit(0, now).is_ok());
    }

    #[test]
    fn jobs_are_asked_for_at_any_number_and_begin_as_the_key_may() {
        let limits = Limits::new(KeyLimits::new(Some(3), Some(1)));
        let now = Instant::now();
        let read = limits.admit(0, now).unwrap();
        assert!(limits.admit_job(0, now).is_ok() && limits.admit_job(0, now).is_ok());
        assert_eq!(limits.admit_job(0, now).unwrap_err().retry_after, Some(20));
        assert!(limits.begin(0, now).is_none());
        drop(read);
        let job = limits.begin(0, now).unwrap();
        assert!(limits.begin(0, now).is_none() && limits.begin(1, now).is_some());
        drop(job);
        assert!(limits.begin(0, now).is_some());
    }

    #[test]
    fn pages_are_counted_after_the_read_and_made_up_for() {
        let limits = Limits::new(KeyLimits::new(None, None).with_pages(Some(60)));
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        // 90 of 60: the key waits until what is left is one page again.
        limits.admit(0, at(0)).unwrap().charge(90, at(0));
        let refused = limits.admit(0, at(0)).unwrap_err();
        assert_eq!(refused.message, "this key may read 60 page(s) a minute");
        assert_eq!(refused.retry_after, Some(31));
        assert!(limits.admit(1, at(0)).is_ok(), "another key");
        assert!(limits.admit(0, at(30)).is_err());
        assert!(limits.admit(0, at(31)).is_ok());
        // No more than a minute's worth is saved up.
        limits.admit(0, at(999)).unwrap().charge(60, at(999));
        assert!(limits.admit(0, at(999)).is_err());
    }
}
