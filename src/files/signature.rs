//! Signed addresses: whoever has one may fetch a file until it expires.

use std::io::{Read, Write};
use std::path::Path;

use hmac::{Hmac, Mac};
use sha2::Sha256;
use url::Url;

use super::id::FileId;
use super::record::now_ms;
use crate::error::{Error, Result};

/// The file that holds the secret.
const SECRET: &str = "secret";
const SECRET_BYTES: usize = 32;

/// What of a digest tells stores apart in addresses: an address of another store is none of this
/// one's affair.
const STORE_DIGITS: usize = 8;

/// Signs addresses and checks them.
#[derive(Clone)]
pub(super) struct Signer {
    secret: [u8; SECRET_BYTES],
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

/// What an address says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The file.
    pub id: FileId,
    /// When the address expires, in seconds since 1970.
    pub expires_at: u64,
    store: String,
    signature: String,
}

/// Why an address is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// Its time is over.
    #[error("the signed URL has expired; ask for a new one")]
    Expired,
    /// It was not signed so.
    #[error("the URL's signature is not this server's")]
    Signature,
}

impl Link {
    /// What an address says: a path that ends in `/v1/files/{id}/content`, and the query of signed
    /// ones. The host is not looked at: behind a proxy it is any.
    pub fn of(url: &Url) -> Option<Self> {
        let mut parts = url.path_segments()?.rev();
        (parts.next()? == "content").then_some(())?;
        let id = parts.next()?;
        (parts.next()? == "files" && parts.next()? == "v1").then_some(())?;
        Self::of_query(id.parse().ok()?, url.query()?)
    }

    /// The same, of a file and a query.
    pub fn of_query(id: FileId, query: &str) -> Option<Self> {
        let (mut expires_at, mut store, mut signature) = (None, None, None);
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "expires" => expires_at = value.parse().ok(),
                "store" => store = Some(value.into_owned()),
                "signature" => signature = Some(value.into_owned()),
                _ => {}
            }
        }
        Some(Self { id, expires_at: expires_at?, store: store?, signature: signature? })
    }
}

impl Signer {
    /// The signer of a folder. Its secret is made on first use, and readable by its user alone.
    pub(super) fn of(folder: &Path) -> Result<Self> {
        let path = folder.join(SECRET);
        let io = |action| {
            let path = path.clone();
            move |source| Error::Io { action, path, source }
        };
        if !path.exists() {
            let mut secret = [0; SECRET_BYTES];
            getrandom::fill(&mut secret).map_err(|e| Error::stage("files", e))?;
            // Only its user can read a temporary file.
            let mut file = tempfile::NamedTempFile::new_in(folder).map_err(io("write"))?;
            file.write_all(&secret)
                .and_then(|()| file.as_file().sync_all())
                .map_err(io("write"))?;
            // Another process may have been faster: then its secret counts.
            if let Err(error) = file.persist_noclobber(&path)
                && !path.exists()
            {
                return Err(io("write")(error.error));
            }
        }
        let mut secret = [0; SECRET_BYTES];
        let mut file = std::fs::File::open(&path).map_err(io("read"))?;
        file.read_exact(&mut secret).map_err(io("read"))?;
        Ok(Self { secret })
    }

    /// The path and query of a file's address until a time in seconds since 1970.
    pub(super) fn address(&self, id: FileId, expires_at: u64) -> String {
        let signature = hex::encode(self.mac(id, expires_at).finalize().into_bytes());
        let store = self.store();
        format!("v1/files/{id}/content?expires={expires_at}&store={store}&signature={signature}")
    }

    /// Whether an address is of this store, sound or not.
    pub(super) fn is_own(&self, link: &Link) -> bool {
        link.store == self.store()
    }

    /// Whether the address is sound. Takes as long whatever the signature is.
    pub(super) fn check(&self, link: &Link) -> std::result::Result<FileId, LinkError> {
        let signature = hex::decode(&link.signature).map_err(|_| LinkError::Signature)?;
        self.mac(link.id, link.expires_at)
            .verify_slice(&signature)
            .map_err(|_| LinkError::Signature)?;
        if link.expires_at <= now_ms() / 1000 {
            return Err(LinkError::Expired);
        }
        Ok(link.id)
    }

    fn mac(&self, id: FileId, expires_at: u64) -> Hmac<Sha256> {
        let mut mac = self.keyed();
        mac.update(format!("file {id} until {expires_at}").as_bytes());
        mac
    }

    fn store(&self) -> String {
        let mut mac = self.keyed();
        mac.update(b"store");
        let mut digits = hex::encode(mac.finalize().into_bytes());
        digits.truncate(STORE_DIGITS);
        digits
    }

    fn keyed(&self) -> Hmac<Sha256> {
        // A block's worth of bytes: keys up to that length are used as they are.
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        block[..SECRET_BYTES].copy_from_slice(&self.secret);
        <Hmac<Sha256> as hmac::digest::KeyInit>::new(&block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An hour from now.
    fn soon() -> u64 {
        now_ms() / 1000 + 3600
    }

    fn link(address: &str) -> Link {
        Link::of(&Url::parse(&format!("https://any.host/behind/proxy/{address}")).unwrap()).unwrap()
    }

    #[test]
    fn an_address_holds_until_it_expires_and_for_its_file_alone() {
        let dir = tempfile::tempdir().unwrap();
        let signer = Signer::of(dir.path()).unwrap();
        let id = FileId::random();
        let address = signer.address(id, soon());
        assert_eq!(signer.check(&link(&address)), Ok(id));
        assert_eq!(Signer::of(dir.path()).unwrap().check(&link(&address)), Ok(id), "kept");

        let old = signer.address(id, now_ms() / 1000);
        assert_eq!(signer.check(&link(&old)), Err(LinkError::Expired));
        let good = link(&address);
        for bad in [
            Link { id: FileId::random(), ..good.clone() },
            Link { expires_at: good.expires_at + 1, ..good.clone() },
            Link { signature: "00".repeat(32), ..good.clone() },
            Link { signature: String::new(), ..good.clone() },
            Link { signature: "é".repeat(32), ..good.clone() },
            Link { signature: good.signature[..62].to_owned(), ..good.clone() },
        ] {
            assert!(signer.is_own(&bad));
            assert_eq!(signer.check(&bad), Err(LinkError::Signature), "{bad:?}");
        }

        let other = tempfile::tempdir().unwrap();
        assert!(!Signer::of(other.path()).unwrap().is_own(&good), "another store's");
    }

    #[test]
    fn other_addresses_are_nobodys() {
        let id = FileId::random();
        for address in [
            "https://example.org/report.pdf".to_owned(),
            format!("https://x.org/v1/files/{id}/content"),
            format!("https://x.org/v1/files/{id}/content?expires=1&store=a"),
            format!("https://x.org/v1/files/{id}/content?expires=x&store=a&signature=b"),
            format!("https://x.org/v2/files/{id}/content?expires=1&store=a&signature=b"),
            "https://x.org/v1/files/..%2f/content?expires=1&store=a&signature=b".to_owned(),
        ] {
            assert_eq!(Link::of(&Url::parse(&address).unwrap()), None, "{address}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_secret_is_its_users_alone() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        Signer::of(dir.path()).unwrap();
        let mode = std::fs::metadata(dir.path().join("secret")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
