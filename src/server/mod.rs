//! An HTTP server that speaks the interfaces of hosted OCR services: Mistral's and Bifrost's
//! (`/v1/ocr`), Opper's (`/v3/ocr`, and `/v2/ocr` for its older clients), docling-serve's
//! (`/v1/convert/source`, `/v1/convert/file`); and a page for people (`/ui`).
//!
//! [`Server`] puts them in front of any [`OcrProvider`]. docs/server.md has the table of endpoints
//! and fields. This module alone of the library starts a runtime, in [`Server::run`];
//! [`Server::router`] is for programs that have their own.

mod answer;
mod app;
mod auth;
mod batch;
mod bifrost;
mod connections;
mod docling;
mod docs;
mod document;
mod error;
mod files;
mod handlers;
mod jobs;
mod json;
mod limits;
mod metrics;
mod models;
mod observe;
mod order;
#[doc(hidden)]
pub mod parsers;
mod reads;
mod request;
mod status;
mod stored;
mod ui;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::files::FileStore;
use crate::provider::OcrProvider;
use app::App;

pub use auth::Keys;
pub use jobs::{JobRules, JobWork, SharedQueue};
pub use limits::KeyLimits;

/// How long a program that is to end at once waits for pages under way.
const LAST_PAGE: Duration = Duration::from_secs(2);

/// How a [`Server`] behaves.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// Documents under way at once, each with its bytes and what was read of it in memory. Their
    /// pages take turns in the engine, so it has nothing to do with the number of processors.
    /// Default: 32.
    pub documents: usize,
    /// Requests that may wait for their turn; one more is answered with status 503. Default: 64.
    pub queue: usize,
    /// Largest body of a request, in bytes. Default: 70 MB, a document of 50 MB in base64.
    pub max_body_bytes: usize,
    /// Longest time of a read; pages that were read by then are answered with. Default: none.
    pub timeout: Option<Duration>,
    /// Keys of which a client has to show one. Default: none, everybody is served.
    pub keys: Keys,
    /// What one key may use. Default: no limits.
    pub limits: KeyLimits,
    /// Where uploaded files are kept; expired ones are removed while the server runs by
    /// [`Server::run`] or [`Server::serve`]. Default: none, and no files are taken.
    pub files: Option<FileStore>,
    /// How requests are kept that are answered later. They run from the first of them on, and from the
    /// start of [`Server::run`] or [`Server::serve`] where some are left from the last time. Default:
    /// none, and they are refused with status 501.
    pub jobs: Option<JobRules>,
    /// What converts documents for docling-serve's endpoints. Default: none, and they answer with
    /// status 501.
    pub engine: Option<Engine>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            documents: 32,
            queue: 64,
            max_body_bytes: 70_000_000,
            timeout: None,
            keys: Keys::default(),
            limits: KeyLimits::default(),
            files: None,
            jobs: None,
            engine: None,
        }
    }
}

/// OCR over HTTP.
#[derive(Clone, Debug)]
pub struct Server {
    app: Arc<App>,
}

impl Server {
    /// A server in front of the provider.
    pub fn new(provider: Arc<dyn OcrProvider>, settings: Settings) -> Self {
        Self { app: Arc::new(App::new(provider, settings)) }
    }

    /// The endpoints, for a server of one's own.
    pub fn router(&self) -> Router {
        handlers::router(Arc::clone(&self.app))
    }

    /// Listens until the program is asked to end (SIGINT, SIGTERM); requests under way are then
    /// finished. A second signal ends at once. `on_ready` is told the address, whose port the
    /// system chose where 0 was asked for.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidOption`] for an address that others can reach while there are no keys, and
    /// for one that cannot be listened on.
    pub fn run(&self, listen: SocketAddr, on_ready: impl FnOnce(SocketAddr)) -> Result<()> {
        self.check_address(listen)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|e| Error::stage("server", e))?;
        let ended = runtime.block_on(async {
            let unusable = |e: std::io::Error| {
                Error::invalid_option("listen", format!("cannot listen on {listen}: {e}"))
            };
            let listener = TcpListener::bind(listen).await.map_err(unusable)?;
            on_ready(listener.local_addr().map_err(unusable)?);
            tokio::select! {
                ended = self.serve(listener, stop_signal()) => {
                    ended.map_err(|e| Error::stage("server", e))
                }
                () = second_signal() => Ok(()),
            }
        });
        // Reads that were cut off end after the page under way, if it does not take too long.
        runtime.shutdown_timeout(LAST_PAGE);
        ended
    }

    /// Answers on the listener until `stop` is done, and then finishes what is under way, except for jobs:
    /// those wait for the next time.
    ///
    /// # Errors
    ///
    /// As the listener's.
    pub async fn serve(
        &self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let app = Arc::clone(&self.app);
        let stop = async move {
            stop.await;
            app.drain();
        };
        jobs::Desk::open(&self.app).await;
        let sweeping = tokio::spawn(sweep(self.app.settings.files.clone(), files::SWEEP_EVERY));
        let queue = self.app.settings.documents.saturating_add(self.app.settings.queue);
        let ended = connections::serve(listener, self.router(), queue, stop).await;
        sweeping.abort();
        self.app.desk.close().await;
        ended
    }

    /// Without keys, only this machine may be served.
    fn check_address(&self, listen: SocketAddr) -> Result<()> {
        if listen.ip().is_loopback() || !self.app.settings.keys.is_empty() {
            return Ok(());
        }
        Err(Error::invalid_option(
            "listen",
            format!(
                "{listen} can be reached from other machines, and there are no keys: give some \
                 with --key-file or RECTO_KEYS, or listen on 127.0.0.1"
            ),
        ))
    }
}

/// Removes files that have expired, every so often, for ever.
async fn sweep(store: Option<FileStore>, every: Duration) {
    let Some(store) = store else { return };
    loop {
        tokio::time::sleep(every).await;
        let store = store.clone();
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || store.sweep()).await {
            tracing::warn!(error = error.chain(), "expired files could not be removed");
        }
    }
}

/// Done when the program is asked to end.
async fn stop_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut term) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = term.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// Done when it is asked again: whoever asks twice does not want to wait.
async fn second_signal() {
    stop_signal().await;
    stop_signal().await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Call;
    use crate::provider::{OcrModel, OcrRequest, OcrResponse};

    #[derive(Debug)]
    struct Nobody;

    impl OcrProvider for Nobody {
        fn name(&self) -> &str {
            "nobody"
        }
        fn models(&self) -> Result<Vec<OcrModel>> {
            Ok(Vec::new())
        }
        fn ocr(&self, _: &OcrRequest, _: &Call) -> Result<OcrResponse> {
            Err(Error::Cancelled)
        }
    }

    #[tokio::test]
    async fn expired_files_are_removed_in_the_background() {
        let dir = tempfile::tempdir().unwrap();
        let store = FileStore::open(dir.path(), crate::files::FileSettings::default()).unwrap();
        let new = crate::files::NewFile { keep: Some(Duration::ZERO), ..Default::default() };
        store.upload().unwrap().finish(new).unwrap();
        let left = || std::fs::read_dir(dir.path()).unwrap().count();
        assert_eq!(left(), 2);
        let sweeping = tokio::spawn(sweep(Some(store), Duration::from_millis(5)));
        let gone = async {
            while left() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), gone).await.unwrap();
        sweeping.abort();
    }

    #[test]
    fn other_machines_are_served_only_with_keys() {
        let open = Server::new(Arc::new(Nobody), Settings::default());
        for address in ["127.0.0.1:0", "[::1]:0", "127.1.2.3:80"] {
            assert!(open.check_address(address.parse().unwrap()).is_ok(), "{address}");
        }
        for address in ["0.0.0.0:80", "[::]:80", "192.168.1.2:80"] {
            let error = open.check_address(address.parse().unwrap()).unwrap_err().to_string();
            assert!(error.contains(address) && error.contains("--key-file"), "{error}");
        }
        let keys = Keys::parse("secret-of-sixteen-letters").unwrap();
        let closed = Server::new(Arc::new(Nobody), Settings { keys, ..Settings::default() });
        assert!(closed.check_address("0.0.0.0:80".parse().unwrap()).is_ok());
    }
}
