//! The interface that OCR services share: a request names a model and a document, the response
//! holds per-page markdown.
//!
//! [`LocalProvider`] answers it with an [`Engine`](crate::Engine) of this process, `RemoteProvider`
//! (feature `remote`) with a service, and a [`Router`] with several of them by the names of their
//! models. The types hold what any of the services can ask or give.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use recto::provider::{LocalProvider, OcrProvider, OcrRequest};
//! use recto::{Call, Engine, Source};
//!
//! # fn main() -> recto::Result<()> {
//! let provider = LocalProvider::new(Arc::new(Engine::builder().build()?));
//! let request = OcrRequest {
//!     model: Some("docling/docling-latest".to_owned()),
//!     ..OcrRequest::new(Source::path("report.pdf"))
//! };
//! let response = provider.ocr(&request, &Call::default())?;
//! for page in &response.pages {
//!     println!("{}", page.markdown);
//! }
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "annotations")]
mod annotate;
mod answer;
mod cache;
#[cfg(feature = "remote")]
mod http;
mod images;
mod local;
#[cfg(feature = "remote")]
mod remote;
mod request;
mod response;
mod router;
mod scores;

use std::fmt::Debug;

#[cfg(feature = "annotations")]
pub use annotate::{Annotator, LanguageModel};
pub use cache::{CacheStore, Cached};
pub use local::LocalProvider;
#[cfg(feature = "remote")]
pub use remote::{RemoteKey, RemoteKind, RemoteProvider};
pub use request::{Granularity, OcrRequest, OcrTableFormat};
pub use response::{
    BlockConfidence, BlockKind, Dimensions, OcrBlock, OcrImage, OcrModel, OcrPage, OcrResponse,
    OcrTable, PageConfidence, PixelBox, Usage, WordConfidence,
};
pub use router::{Alias, Router};

use crate::call::Call;
use crate::error::Result;

/// Somebody who reads documents: this machine or a service.
///
/// Calls block: reading is work for a processor, and the library needs no runtime. A server runs
/// each call on a thread of its own.
pub trait OcrProvider: Debug + Send + Sync + 'static {
    /// The provider's name, as it stands before the slash in model names.
    fn name(&self) -> &str;

    /// The models it serves.
    ///
    /// # Errors
    ///
    /// Where the list has to be asked for and cannot be had.
    fn models(&self) -> Result<Vec<OcrModel>>;

    /// Reads a document.
    ///
    /// # Errors
    ///
    /// Where nothing could be read. Pages that failed while others did not are warnings of the
    /// response.
    fn ocr(&self, request: &OcrRequest, call: &Call) -> Result<OcrResponse>;

    /// Whether it tries [`OcrRequest::fallbacks`] of its own by itself, as gateways do. Default:
    /// `false`.
    fn takes_fallbacks(&self) -> bool {
        false
    }
}
