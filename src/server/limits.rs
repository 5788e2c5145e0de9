//! What one key may use: requests a minute, reads at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
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
}

impl KeyLimits {
    /// These limits.
    pub fn new(requests_per_minute: Option<u32>, reads_at_once: Option<u32>) -> Self {
        Self { requests_per_minute, reads_at_once }
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
    /// Requests left, as of `since`; they come back evenly over a minute.
    left: f64,
    since: Instant,
    reads: u32,
}

/// One read of a key; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Allowance {
    key: KeyIndex,
    uses: Arc<Mutex<HashMap<KeyIndex, Use>>>,
}

impl Limits {
    pub(super) fn new(limits: KeyLimits) -> Self {
        Self { limits, uses: Arc::default() }
    }

    /// Takes note of a read, or refuses it (status 429).
    pub(super) fn admit(&self, key: KeyIndex, now: Instant) -> Result<Allowance, ApiError> {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        let most = self.limits.requests_per_minute.map(f64::from);
        let used =
            uses.entry(key).or_insert(Use { left: most.unwrap_or(0.0), since: now, reads: 0 });
        if let Some(limit) = self.limits.reads_at_once.filter(|limit| used.reads >= *limit) {
            let message = format!("this key has {limit} read(s) under way, as many as it may");
            return Err(
                ApiError::new(Class::RateLimited, message).retry_after(Duration::from_secs(1))
            );
        }
        if let Some(most) = most {
            let per_second = most / MINUTE;
            let passed = now.saturating_duration_since(used.since).as_secs_f64();
            used.left = (used.left + passed * per_second).min(most);
            used.since = now;
            if used.left < 1.0 {
                let message = format!("this key may read {most} document(s) a minute");
                let wait = Duration::from_secs_f64(((1.0 - used.left) / per_second).min(MINUTE));
                return Err(ApiError::new(Class::RateLimited, message).retry_after(wait));
            }
            used.left -= 1.0;
        }
        used.reads += 1;
        Ok(Allowance { key, uses: Arc::clone(&self.uses) })
    }
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
}
