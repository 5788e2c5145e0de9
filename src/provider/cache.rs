//! Answers kept for the next time.

mod store;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::request::OcrRequest;
use super::response::{OcrModel, OcrResponse};
use super::{OcrProvider, Result};
use crate::call::Call;
use crate::document::Status;
use crate::source::Source;

pub use store::CacheStore;

/// Gives the answer that it has, and else asks another provider and keeps what that answers.
///
/// Two requests are the same if the bytes of their documents are, and everything they ask for, and
/// the versions of what reads. Names of documents and ids do not count, but a name that the
/// answer could repeat in its warnings does. Answers with the status [`Success`](Status::Success)
/// are kept, others not; and none for documents named by a URL, behind which something else may be
/// next time.
///
/// `extra_fields.cache_debug` tells what happened, in Bifrost's terms: `cache_hit`, `cache_id`,
/// `hit_type` ("direct"), `requested_provider`, `requested_model`, `provider_used`, `model_used`.
/// An answer from the cache costs nothing.
#[derive(Debug)]
pub struct Cached {
    inner: Arc<dyn OcrProvider>,
    store: CacheStore,
    stamp: String,
}

impl Cached {
    /// A cache in front of the provider. `stamp` stands for the versions of what reads (program,
    /// models): answers that were kept under another one are not given.
    pub fn new(inner: Arc<dyn OcrProvider>, store: CacheStore, stamp: impl Into<String>) -> Self {
        Self { inner, store, stamp: stamp.into() }
    }

    /// What the request is known by; `None` where it is not to be kept.
    fn key(&self, request: &OcrRequest) -> Option<String> {
        let content = match &request.document {
            Source::Bytes { bytes, .. } => hex::encode(Sha256::digest(bytes)),
            // A file that cannot be read is for the provider to complain about.
            Source::Path(path) => hash_file(path).ok()?,
            Source::Stored(file) => hash_file(file.path()).ok()?,
            Source::Url(_) => return None,
        };
        let name = request.document_name.clone().unwrap_or_else(|| request.document.name());
        let asked = json!({
            "stamp": self.stamp,
            "content": content,
            "name": name,
            "model": request.model,
            "pages": request.pages.as_ref().map(|pages| format!("{pages:?}")),
            "include_image_base64": request.include_image_base64,
            "image_limit": request.image_limit,
            "image_min_size": request.image_min_size,
            "table_format": request.table_format,
            "extract_header": request.extract_header,
            "extract_footer": request.extract_footer,
            "include_blocks": request.include_blocks,
            "confidence": request.confidence,
            "bbox_annotation_format": request.bbox_annotation_format,
            "document_annotation_format": request.document_annotation_format,
            "document_annotation_prompt": request.document_annotation_prompt,
            "fallbacks": request.fallbacks,
            "parameters": request.parameters,
        });
        // Objects of this JSON are sorted by key, so the order in a request does not matter.
        Some(hex::encode(Sha256::digest(asked.to_string())))
    }
}

impl OcrProvider for Cached {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn models(&self) -> Result<Vec<OcrModel>> {
        self.inner.models()
    }

    fn ocr(&self, request: &OcrRequest, call: &Call) -> Result<OcrResponse> {
        call.check()?;
        let key = self.key(request);
        if let Some(key) = &key
            && let Some(mut response) = self.store.get(key)
        {
            if let Some(id) = &request.id {
                response.id.clone_from(id);
            }
            response.usage.cost = Some(0.0);
            tell(&mut response, request, Some(key), true);
            return Ok(response);
        }
        let mut response = self.inner.ocr(request, call)?;
        if let Some(key) = &key
            && response.status == Status::Success
        {
            self.store.put(key, &response);
        }
        tell(&mut response, request, key.as_deref(), false);
        Ok(response)
    }
}

/// Says in the response what the cache did.
fn tell(response: &mut OcrResponse, request: &OcrRequest, key: Option<&str>, hit: bool) {
    let asked = request.model.as_deref();
    let (provider, model) = match asked.and_then(|model| model.split_once('/')) {
        Some((provider, model)) => (Some(provider), Some(model)),
        None => (None, asked),
    };
    let used = |value: &str| if hit { json!(value) } else { Value::Null };
    let debug = json!({
        "cache_hit": hit,
        "cache_id": key,
        "hit_type": if hit { json!("direct") } else { Value::Null },
        "requested_provider": provider,
        "requested_model": model,
        "provider_used": used(&response.provider),
        "model_used": used(&response.model),
        "input_tokens": null,
        "threshold": null,
        "similarity": null,
    });
    response.extra_fields.insert("cache_debug".to_owned(), debug);
}

fn hash_file(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    if !file.metadata()?.is_file() {
        // A pipe can be read only once.
        return Err(std::io::ErrorKind::InvalidInput.into());
    }
    let mut hash = Sha256::new();
    std::io::copy(&mut file, &mut hash)?;
    Ok(hex::encode(hash.finalize()))
}

#[cfg(test)]
mod tests;
