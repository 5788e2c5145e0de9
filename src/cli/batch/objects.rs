//! Documents in buckets: `s3://bucket/folder/`, a single object, or a pattern below a folder.

#[cfg(feature = "jobs")]
use std::io::Write as _;
use std::sync::Arc;

#[cfg(feature = "jobs")]
use anyhow::Context as _;
use recto::Source;
use tempfile::TempPath;

use crate::cli::console::misuse;

/// Schemes of addresses of objects.
const SCHEMES: [&str; 2] = ["s3://", "s3a://"];

/// Whether an input is in a bucket.
pub(super) fn is_one(input: &str) -> bool {
    SCHEMES.iter().any(|scheme| input.starts_with(scheme))
}

/// A bucket, or what of it is below a path.
#[derive(Debug)]
pub(super) struct Bucket {
    #[cfg(feature = "jobs")]
    store: Arc<dyn object_store::ObjectStore>,
    #[cfg(feature = "jobs")]
    runtime: tokio::runtime::Runtime,
}

/// An object that was found.
#[derive(Debug)]
pub(super) struct Object {
    /// Its address.
    pub(super) address: String,
    pub(super) key: String,
    /// Its path below the folder or pattern that was given.
    pub(super) below: String,
    /// What the service says of its content, which changes with it.
    pub(super) tag: Option<String>,
}

#[cfg(feature = "jobs")]
impl Bucket {
    /// Opens the bucket of an address and lists the objects at and below it, by their keys.
    pub(super) fn list(address: &str) -> anyhow::Result<(Arc<Self>, Vec<Object>)> {
        use futures_util::TryStreamExt as _;

        let (base, pattern) = match address.find(['*', '?', '[', '{']) {
            Some(at) => {
                let at = address[..at].rfind('/').map_or(at, |slash| slash + 1);
                address.split_at(at)
            }
            None => (address, ""),
        };
        let matcher = match pattern {
            "" => None,
            pattern => {
                let glob = super::inputs::glob(pattern);
                Some(glob.map_err(|e| misuse(format!("{address}: {e}")))?.compile_matcher())
            }
        };
        let (store, prefix) = recto::objects::open(base, "input")?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .context("cannot start what asks the service")?;
        let cannot = || format!("{address}: cannot list the objects there");
        let mut found = runtime
            .block_on(store.list(Some(&prefix)).try_collect::<Vec<_>>())
            .map_err(|error| words(&error))
            .with_context(cannot)?;
        if found.is_empty() {
            // A list is of what is below a folder; this may be an object itself.
            match runtime.block_on(object_store::ObjectStoreExt::head(&store, &prefix)) {
                Ok(object) => found.push(object),
                Err(object_store::Error::NotFound { .. }) => {
                    anyhow::bail!("{address}: there is no such object, and none below it");
                }
                Err(error) => return Err(words(&error)).with_context(cannot),
            }
        }
        found.sort_by(|a, b| a.location.cmp(&b.location));
        let scheme_and_bucket: String = base.split('/').take(3).collect::<Vec<_>>().join("/");
        let objects = found.into_iter().filter_map(|object| {
            let key = object.location.as_ref();
            let below = key.strip_prefix(prefix.as_ref()).unwrap_or(key).trim_start_matches('/');
            let below = match below {
                "" => object.location.filename().unwrap_or(key),
                below => below,
            };
            let takes = matcher.as_ref().is_none_or(|matcher| matcher.is_match(below));
            takes.then(|| Object {
                address: format!("{scheme_and_bucket}/{key}"),
                key: key.to_owned(),
                below: below.to_owned(),
                tag: object.e_tag,
            })
        });
        let objects: Vec<Object> = objects.collect();
        if objects.is_empty() {
            anyhow::bail!("{address}: nothing matches");
        }
        Ok((Arc::new(Self { store, runtime }), objects))
    }

    /// Fetches an object into a file that goes with what is returned.
    pub(super) fn fetch(&self, key: &str) -> anyhow::Result<(Source, TempPath)> {
        use futures_util::TryStreamExt as _;

        let file = tempfile::NamedTempFile::new().context("cannot make a temporary file")?;
        let (mut file, path) = file.into_parts();
        let written = self.runtime.block_on(async {
            let key = object_store::path::Path::parse(key)?;
            let found = object_store::ObjectStoreExt::get(&self.store, &key).await;
            let mut pieces = found.map_err(|error| words(&error))?.into_stream();
            while let Some(piece) = pieces.try_next().await.map_err(|error| words(&error))? {
                file.write_all(&piece)?;
            }
            anyhow::Ok(())
        });
        written.with_context(|| format!("{key}: cannot be fetched"))?;
        Ok((Source::path(path.to_path_buf()), path))
    }
}

/// Its sources say it all again, and services answer in pages of XML.
#[cfg(feature = "jobs")]
fn words(error: &object_store::Error) -> anyhow::Error {
    anyhow::anyhow!("{}", error.to_string().lines().next().unwrap_or_default())
}

#[cfg(not(feature = "jobs"))]
impl Bucket {
    pub(super) fn list(address: &str) -> anyhow::Result<(Arc<Self>, Vec<Object>)> {
        Err(misuse(format!(
            "{address}: this program was built without the feature `jobs`, which reads buckets"
        )))
    }

    pub(super) fn fetch(&self, key: &str) -> anyhow::Result<(Source, TempPath)> {
        Err(misuse(format!("{key}: this program was built without the feature `jobs`")))
    }
}
