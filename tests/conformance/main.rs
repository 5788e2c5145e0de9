//! One interface, whoever reads: the same checks for the engine of this machine and for each remote
//! client, which speaks to recto's own server in its service's shape; and recorded replies, errors
//! and failures of services.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod checks;
mod docling;
mod failures;
mod program;
mod replies;
mod stub;

use std::path::Path;
use std::sync::{Arc, OnceLock};

use recto::provider::{
    LocalProvider, OcrProvider, OcrRequest, OcrResponse, RemoteKey, RemoteKind, RemoteProvider,
};
use recto::server::{Keys, Server, Settings};
use recto::{Call, Engine, Error, Source};

/// The key that the server of these tests wants to see.
const KEY: &str = "secret-of-sixteen-letters";
/// What remote clients say a page costs.
const PRICE: f64 = 0.25;

/// A provider, and how its model is called.
struct Subject {
    provider: Arc<dyn OcrProvider>,
    kind: Option<RemoteKind>,
    model: String,
}

impl Subject {
    fn local() -> Self {
        let provider = LocalProvider::new(engine());
        Self { provider: Arc::new(provider), kind: None, model: "docling/docling-latest".into() }
    }

    /// A client of recto's own server.
    fn remote(kind: RemoteKind) -> Self {
        let provider = RemoteProvider::new("there", kind, Some(server()))
            .unwrap()
            .with_key(RemoteKey::Given(KEY.to_owned()))
            .with_price_per_page(PRICE)
            .with_retries(0);
        Self {
            provider: Arc::new(provider),
            kind: Some(kind),
            model: "there/docling/docling-latest".into(),
        }
    }

    fn request(&self, file: &str) -> OcrRequest {
        OcrRequest { model: Some(self.model.clone()), ..OcrRequest::new(Source::path(path(file))) }
    }

    fn read(&self, request: &OcrRequest) -> OcrResponse {
        self.provider.ocr(request, &Call::default()).unwrap_or_else(|e| panic!("{}", e.chain()))
    }

    fn fail(&self, request: &OcrRequest) -> Error {
        self.provider.ocr(request, &Call::default()).unwrap_err()
    }
}

fn engine() -> Arc<Engine> {
    static ENGINE: OnceLock<Arc<Engine>> = OnceLock::new();
    Arc::clone(ENGINE.get_or_init(|| Arc::new(Engine::builder().build().unwrap())))
}

/// The address of a server that reads for real, and wants a key.
fn server() -> &'static str {
    static ADDRESS: OnceLock<String> = OnceLock::new();
    ADDRESS.get_or_init(|| {
        let mut settings = Settings::default();
        settings.keys = Keys::parse(KEY).unwrap();
        settings.engine = Some((*engine()).clone());
        let server = Server::new(Arc::new(LocalProvider::new(engine())), settings);
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                sender.send(listener.local_addr().unwrap()).unwrap();
                server.serve(listener, std::future::pending()).await.unwrap();
            });
        });
        format!("http://{}", receiver.recv().unwrap())
    })
}

fn path(file: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(file)
}

#[test]
fn the_local_engine_conforms() {
    checks::run(&Subject::local());
}

#[test]
fn mistrals_client_conforms() {
    checks::run(&Subject::remote(RemoteKind::Mistral));
}

#[test]
fn bifrosts_client_conforms() {
    checks::run(&Subject::remote(RemoteKind::Bifrost));
}

#[test]
fn oppers_client_conforms() {
    checks::run(&Subject::remote(RemoteKind::Opper));
}

/// What a service lists is listed under the provider's name.
#[test]
fn models_are_asked_for() {
    for kind in [RemoteKind::Mistral, RemoteKind::Opper] {
        let models = Subject::remote(kind).provider.models().unwrap();
        let found = models.iter().find(|model| model.id == "there/docling/docling-latest");
        let model = found.unwrap_or_else(|| panic!("{models:?}"));
        assert_eq!((model.provider.as_str(), model.price_per_page), ("there", Some(PRICE)));
    }
}
