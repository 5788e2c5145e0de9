//! Who may ask.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::error::{ApiError, Class};
use crate::error::{Error, Result};

/// The digest of a key, which is all that is kept of it.
type Hash = [u8; 32];

/// Shorter keys can be tried out.
const SHORTEST: usize = 16;
/// Bytes of a digest that tell owners apart.
const OWNER_BYTES: usize = 16;
/// Before the digest of a key, where a list of keys has that instead of the key.
const HASHED: &str = "sha256:";

/// Which of the keys a client showed.
pub(super) type KeyIndex = usize;

/// Keys that open a server, each once, in the order given. Only their SHA-256 digests are kept.
#[derive(Clone, Default)]
pub struct Keys {
    hashes: Vec<Hash>,
}

impl Keys {
    /// Keys from text: one a line or separated by commas, each as it is (16 characters or more) or
    /// as `sha256:` and its digest in hexadecimal digits. Empty lines and lines that begin with `#`
    /// are skipped.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidOption`] for a key that is too short and for a malformed digest. The message
    /// does not repeat the key.
    pub fn parse(text: &str) -> Result<Self> {
        let mut keys = Self::default();
        let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        for (number, key) in lines
            .flat_map(|line| line.split(','))
            .map(str::trim)
            .filter(|key| !key.is_empty())
            .enumerate()
        {
            let bad = |why: &str| {
                Error::invalid_option("keys", format!("key {} of the list {why}", number + 1))
            };
            let hash = match key.strip_prefix(HASHED) {
                Some(digits) => from_hex(digits)
                    .ok_or_else(|| bad("has no digest of 64 hexadecimal digits after sha256:"))?,
                None if key.len() < SHORTEST => return Err(bad("has fewer than 16 characters")),
                None => digest(key),
            };
            keys.add(hash);
        }
        Ok(keys)
    }

    /// These keys, and then those.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for hash in other.hashes {
            self.add(hash);
        }
        self
    }

    fn add(&mut self, hash: Hash) {
        if !self.hashes.contains(&hash) {
            self.hashes.push(hash);
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Which key it is. Takes as long whatever the key is.
    fn find(&self, key: &str) -> Option<KeyIndex> {
        self.find_with(key, |known, shown| known.ct_eq(shown))
    }

    /// All digests are compared, whether one was found or not. What is compared has one length, and is
    /// not the key: how a comparison of keys would end early says nothing here.
    fn find_with(
        &self,
        key: &str,
        mut compare: impl FnMut(&Hash, &Hash) -> Choice,
    ) -> Option<KeyIndex> {
        let hash = digest(key);
        let mut found = None;
        for (index, known) in self.hashes.iter().enumerate() {
            if bool::from(compare(known, &hash)) {
                found = Some(index);
            }
        }
        found
    }

    /// The owner of what is stored for a key, the same as long as the key is; none where there are
    /// no keys.
    pub(super) fn owner(&self, key: KeyIndex) -> Option<String> {
        let hash = self.hashes.get(key)?;
        // What is stored must not say what opens the server.
        let owner = Sha256::new().chain_update(b"owner").chain_update(hash).finalize();
        owner.get(..OWNER_BYTES).map(hex::encode)
    }

    /// The key of an owner, if it is still one of these; where there are none, all clients are one.
    pub(super) fn of_owner(&self, owner: Option<&str>) -> Option<KeyIndex> {
        match owner {
            None => self.is_empty().then_some(0),
            Some(owner) => {
                (0..self.hashes.len()).find(|key| self.owner(*key).as_deref() == Some(owner))
            }
        }
    }

    /// The same as [`check`](Self::check) for clients that cannot set headers, as browsers' sockets
    /// cannot: they may send the key in the address.
    pub(super) fn check_with(
        &self,
        headers: &HeaderMap,
        in_address: Option<&str>,
    ) -> Result<KeyIndex, ApiError> {
        match in_address.filter(|key| !key.is_empty() && !self.is_empty()) {
            None => self.check(headers),
            Some(key) => self.find(key).ok_or_else(|| {
                ApiError::new(Class::Unauthorized, "the key is not one of this server's")
            }),
        }
    }

    /// Which key a request shows, as `Authorization: Bearer …` or `X-Api-Key: …`. Where there are
    /// no keys, whatever it shows is fine, and all clients count as one.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<KeyIndex, ApiError> {
        if self.is_empty() {
            return Ok(0);
        }
        let refused = |message: &str| Err(ApiError::new(Class::Unauthorized, message));
        match shown(headers) {
            None => refused(
                "no key was given: send it as \"Authorization: Bearer KEY\" or \"X-Api-Key: KEY\"",
            ),
            Some(key) => match self.find(key) {
                Some(index) => Ok(index),
                None => refused("the key is not one of this server's"),
            },
        }
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({})", self.hashes.len())
    }
}

fn shown(headers: &HeaderMap) -> Option<&str> {
    let bearer =
        headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|text| {
            let (scheme, key) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
        });
    let own = || headers.get("x-api-key").and_then(|value| value.to_str().ok()).map(str::trim);
    bearer.or_else(own).filter(|key| !key.is_empty())
}

fn digest(key: &str) -> Hash {
    Sha256::digest(key.as_bytes()).into()
}

fn from_hex(digits: &str) -> Option<Hash> {
    let mut hash = Hash::default();
    hex::decode_to_slice(digits, &mut hash).ok().map(|()| hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_given_as_they_are_or_by_their_digest() {
        let hex = hex::encode(digest("another-key-of-mine"));
        let text = format!("# ours\nfirst-key-of-mine, third-key-of-mine\n\nsha256:{hex}\n");
        let keys = Keys::parse(&text).unwrap();
        for key in ["first-key-of-mine", "third-key-of-mine", "another-key-of-mine"] {
            assert!(keys.find(key).is_some(), "{key}");
        }
        for key in ["", "first-key-of-min", "# ours", hex.as_str()] {
            assert!(keys.find(key).is_none(), "{key}");
        }
        assert_eq!(format!("{keys:?}"), "Keys(3)");
    }

    #[test]
    fn keys_keep_the_order_of_the_list_each_once() {
        let keys = Keys::parse("zzz-the-first-key\naaa-the-second-key\nzzz-the-first-key").unwrap();
        let keys = keys.and(Keys::parse("aaa-the-second-key,mmm-the-third-key").unwrap());
        let found = ["zzz-the-first-key", "aaa-the-second-key", "mmm-the-third-key"];
        assert_eq!(found.map(|key| keys.find(key)), [Some(0), Some(1), Some(2)]);
        assert_eq!(keys.hashes.len(), 3);
    }

    #[test]
    fn every_key_is_compared_with_all_of_them_whatever_it_is() {
        let keys = Keys::parse("first-key-of-mine,second-key-of-mine,third-key-of-mine").unwrap();
        let long = "x".repeat(100_000);
        for key in [
            "",
            "f",
            "first-key-of-min",
            "first-key-of-mine",
            "first-key-of-mine-and-more",
            "second-key-of-mine",
            "third-key-of-mine",
            long.as_str(),
        ] {
            let mut lengths = Vec::new();
            let found = keys.find_with(key, |known, shown| {
                lengths.push((known.len(), shown.len()));
                known.ct_eq(shown)
            });
            assert_eq!(lengths, [(32, 32); 3], "{:.20}", key);
            assert_eq!(found, keys.find(key));
        }
    }

    #[test]
    fn bad_keys_are_told_without_repeating_them() {
        for text in ["short", "first-key-of-mine,sha256:12"] {
            let error = Keys::parse(text).unwrap_err().to_string();
            assert!(error.starts_with("keys: key ") && !error.contains("short"), "{error}");
        }
        assert!(Keys::parse("\n# nothing\n").unwrap().is_empty());
    }
}
