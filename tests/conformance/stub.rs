//! Services that answer as told, and clients of them.

use recto::provider::{RemoteKind, RemoteProvider};

#[path = "../../src/provider/http/stub.rs"]
mod service;

pub(crate) use service::Stub;

impl Stub {
    /// One that always gives this answer.
    pub(crate) fn answering(body: &str) -> Self {
        Self::new(&[("200 OK", body)])
    }

    /// A client of it.
    pub(crate) fn client(&self, kind: RemoteKind) -> RemoteProvider {
        RemoteProvider::new("there", kind, Some(&self.base)).unwrap()
    }
}
