//! Which pages.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A set of pages, from 0: "0,2-4" or "7-" (to the end).
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PageSet {
    ranges: Vec<(usize, End)>,
}

/// Where a range ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum End {
    /// At a page that must exist.
    At(usize),
    /// At a page, or at the last one of a shorter document.
    UpTo(usize),
    /// At the last page.
    Open,
}

impl PageSet {
    /// These pages, from 0.
    pub fn from_indices(pages: impl IntoIterator<Item = usize>) -> Self {
        Self { ranges: pages.into_iter().map(|p| (p, End::At(p))).collect() }
    }

    /// From `first` to `last`, both included, from 0; `None` is the end of the document.
    pub fn from_range(first: usize, last: Option<usize>) -> Self {
        Self { ranges: vec![(first, last.map_or(End::Open, End::At))] }
    }

    /// From `first` to `last`, both included, from 0; a document that ends before `last` is read
    /// to its end (docling: `page_range`).
    pub fn up_to(first: usize, last: usize) -> Self {
        Self { ranges: vec![(first, End::UpTo(last))] }
    }

    /// Each range's first page and its last one; `None` where that depends on the document ("7-").
    #[cfg(feature = "remote")]
    pub(crate) fn ranges(&self) -> impl Iterator<Item = (usize, Option<usize>)> {
        self.ranges.iter().map(|&(first, end)| match end {
            End::At(last) => (first, Some(last)),
            End::UpTo(_) | End::Open => (first, None),
        })
    }

    /// The pages of the set in a document of `count` pages, ascending, each once.
    ///
    /// # Errors
    ///
    /// [`Error::PageOutOfRange`] for a page that does not exist. The open end of a range ("7-") may
    /// lie anywhere, its start may not.
    pub fn resolve(&self, count: usize, name: &str) -> Result<Vec<usize>> {
        let mut wanted = vec![false; count];
        for &(first, end) in &self.ranges {
            let last = match end {
                End::At(last) => last,
                End::UpTo(last) => last.min(count.saturating_sub(1)).max(first),
                End::Open => count.saturating_sub(1).max(first),
            };
            for page in [first, last] {
                if page >= count {
                    return Err(Error::PageOutOfRange { name: name.to_owned(), page, count });
                }
            }
            wanted[first..=last].fill(true);
        }
        Ok(wanted.iter().enumerate().filter_map(|(i, w)| w.then_some(i)).collect())
    }
}

impl std::str::FromStr for PageSet {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self> {
        let bad = |part: &str| {
            Error::invalid_option(
                "pages",
                format!(
                    "{part:?} is no page or range; pages count from 0, as in \"0,2-4\" or \"7-\""
                ),
            )
        };
        let mut ranges = Vec::new();
        for part in s.split(',').map(str::trim) {
            let number = |n: &str| n.trim().parse::<usize>().map_err(|_| bad(part));
            let range = match part.split_once('-') {
                None => (number(part)?, End::At(number(part)?)),
                Some((first, last)) if last.trim().is_empty() => (number(first)?, End::Open),
                Some((first, last)) => (number(first)?, End::At(number(last)?)),
            };
            if matches!(range.1, End::At(last) if last < range.0) {
                return Err(bad(part));
            }
            ranges.push(range);
        }
        Ok(Self { ranges })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_sets_are_ascending_and_unique() {
        let set: PageSet = "4,0, 2-4,2".parse().unwrap();
        assert_eq!(set.resolve(5, "x").unwrap(), [0, 2, 3, 4]);
        assert_eq!("3-".parse::<PageSet>().unwrap().resolve(5, "x").unwrap(), [3, 4]);
    }

    #[test]
    fn a_page_past_the_end_is_named_with_the_count() {
        let set: PageSet = "1,9".parse().unwrap();
        let error = set.resolve(3, "a.pdf").unwrap_err();
        assert_eq!(
            error.to_string(),
            "page 9 does not exist: a.pdf has 3 page(s), numbered 0 to 2"
        );
        assert!("7-".parse::<PageSet>().unwrap().resolve(3, "a.pdf").is_err());
    }

    #[test]
    fn the_end_of_a_lenient_range_may_lie_past_the_document() {
        assert_eq!(PageSet::up_to(1, 99).resolve(3, "x").unwrap(), [1, 2]);
        assert_eq!(PageSet::up_to(0, 1).resolve(3, "x").unwrap(), [0, 1]);
        assert!(PageSet::up_to(3, 99).resolve(3, "x").is_err());
    }

    #[test]
    fn malformed_page_sets_are_refused() {
        for bad in ["", "a", "1-0", "-1", "1--2", "0,,2"] {
            assert!(bad.parse::<PageSet>().is_err(), "{bad:?}");
        }
    }
}
