//! Places for objects: buckets of S3 and services that speak like it, and folders.

use std::sync::Arc;

use object_store::ObjectStore;
use object_store::path::Path;
use url::Url;

use crate::error::{Error, Result};

/// Opens a place by its address: `s3://bucket/prefix`, `file:///folder`. Gives the store, and the path that
/// the address has in it.
///
/// What else a service needs comes from its usual environment variables: `AWS_ACCESS_KEY_ID`,
/// `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT` (of a service that is not Amazon's),
/// `AWS_ALLOW_HTTP`, and the others that the crate `object_store` reads.
///
/// # Errors
///
/// [`Error::InvalidOption`], called `option`, where the address cannot be used.
pub fn open(address: &str, option: &'static str) -> Result<(Arc<dyn ObjectStore>, Path)> {
    let wrong = |why: String| {
        let detail = format!(
            "{address:?} is no place for objects ({why}); use s3://BUCKET/PREFIX or file:///FOLDER"
        );
        Error::invalid_option(option, detail)
    };
    let url = Url::parse(address).map_err(|error| wrong(error.to_string()))?;
    // Fails where the process has chosen already, and then that holds.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let variables = std::env::vars_os().filter_map(|(key, value)| {
        let key = key.into_string().ok().filter(|key| key.starts_with("AWS_"))?;
        Some((key.to_ascii_lowercase(), value.into_string().ok()?))
    });
    let (store, path) =
        object_store::parse_url_opts(&url, variables).map_err(|error| wrong(error.to_string()))?;
    Ok((Arc::from(store), path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_understood_or_told() {
        let (_, path) = open("s3://bucket/a/b", "store").unwrap();
        assert_eq!(path.as_ref(), "a/b");
        for (address, why) in [("bucket/a", "relative URL"), ("gopher://x/y", "gopher")] {
            let error = open(address, "store").unwrap_err().to_string();
            assert!(error.starts_with("store: ") && error.contains(why), "{error}");
        }
    }
}
