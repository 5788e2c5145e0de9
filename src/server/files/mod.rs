//! Stored files, in Mistral's shape (`/v1/files`) and in Opper's (`/v3/files`): one store behind both.

mod content;
mod form;
mod list;
mod shape;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Response, StatusCode, Uri};
use axum::routing::{get, post};
use serde_json::json;

use super::app::App;
use super::error::{ApiError, Class, Dialect, Issue, json_response};
use crate::error::Error;
use crate::files::{FileError, FileRecord, FileStore, Link, LinkError};

type Shared = State<Arc<App>>;
type Answer = Result<Response<Body>, ApiError>;

const HOUR: Duration = Duration::from_secs(3600);
/// Hours of a signed address: Mistral's range, and what it takes where none are given.
const HOURS: std::ops::RangeInclusive<u64> = 1..=168;
const HOURS_UNLESS_TOLD: u64 = 24;

/// Where the program keeps expired files from piling up.
pub(super) const SWEEP_EVERY: Duration = Duration::from_secs(60);

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/files", post(upload).get(list_all))
        .route("/v1/files/{id}", get(retrieve).delete(delete))
        .route("/v1/files/{id}/content", get(download))
        .route("/v1/files/{id}/url", get(address))
        .route("/v3/files", post(upload).get(list_all))
        .route("/v3/files/{id}", get(retrieve).delete(delete))
        .route("/v3/files/{id}/content", get(address))
}

/// Who asks for files, and of which store.
#[derive(Clone, Debug)]
struct Caller {
    store: FileStore,
    owner: Option<String>,
}

impl Caller {
    fn of(app: &App, headers: &HeaderMap) -> Result<Self, ApiError> {
        let key = app.settings.keys.check(headers)?;
        Ok(Self { store: store(app)?, owner: app.settings.keys.owner(key) })
    }

    fn record(&self, id: &str) -> Result<FileRecord, ApiError> {
        let known = id.parse().ok().and_then(|id| self.store.get(id, self.owner.as_deref()));
        known.ok_or_else(|| unknown(id))
    }
}

fn store(app: &App) -> Result<FileStore, ApiError> {
    app.settings.files.clone().ok_or_else(|| {
        ApiError::new(
            Class::NotFound,
            "this server keeps no files: it was started without a folder for them (--files-dir)",
        )
    })
}

/// Whether it was deleted or is somebody else's is nobody's business.
pub(super) fn unknown(id: &str) -> ApiError {
    let shown: String = id.chars().take(50).collect();
    let message = format!("there is no file {shown:?}: it was deleted, has expired or never was");
    ApiError::new(Class::NotFound, message)
}

pub(super) fn of_link(error: LinkError) -> ApiError {
    ApiError::new(Class::Forbidden, error.to_string())
}

pub(super) fn of_file(error: &FileError) -> ApiError {
    match error {
        FileError::TooLarge(_) => ApiError::new(Class::TooLarge, error.to_string()),
        FileError::Full(_) => ApiError::new(Class::Full, error.to_string()),
        FileError::Content(message) => {
            ApiError::invalid(vec![Issue::new(&["file"], "value_error", message)])
        }
        FileError::Io(error) => of_store(error),
    }
}

/// Errors of the store name folders of this machine: they are for its log.
pub(super) fn of_store(error: &Error) -> ApiError {
    tracing::error!(error = error.chain(), "the store of files failed");
    ApiError::new(Class::Internal, "the file could not be stored or read")
}

/// The part of a path that names a file.
fn id_of(uri: &Uri) -> String {
    let mut parts = uri.path().split('/').skip_while(|part| *part != "files").skip(1);
    parts.next().unwrap_or_default().to_owned()
}

/// Runs something that waits for the disk.
pub(super) async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| ApiError::new(Class::Internal, "the server failed"))?
}

fn ok(body: &serde_json::Value) -> Answer {
    Ok(json_response(StatusCode::OK, body))
}

fn told(answer: Answer, dialect: Dialect) -> Response<Body> {
    answer.unwrap_or_else(|error| error.response(dialect))
}

async fn upload(State(app): Shared, request: Request) -> Response<Body> {
    let dialect = Dialect::of(request.uri().path(), request.headers());
    told(receive(&app, request, dialect).await, dialect)
}

async fn receive(app: &App, request: Request, dialect: Dialect) -> Answer {
    let caller = Caller::of(app, request.headers())?;
    check_origin(request.headers())?;
    let form = form::receive(&caller.store, request).await?;
    let owner = caller.owner;
    let (record, warnings) = on_disk(move || form.keep(owner, dialect)).await?;
    let mut body = shape::file(&record, dialect);
    if !warnings.is_empty() {
        body["warnings"] = json!(warnings);
    }
    ok(&body)
}

/// Forms are sent by web pages too, to whatever address they like: one of somebody else must not
/// fill the disk of whoever looks at it, nor use the server that only that one can reach.
pub(super) fn check_origin(headers: &HeaderMap) -> Result<(), ApiError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_own = match text(ORIGIN.as_str()) {
        None => true,
        Some(origin) => text(HOST.as_str()).is_some_and(|host| {
            origin.split_once("://").is_some_and(|(_, address)| address == host)
        }),
    };
    let is_foreign = matches!(text("sec-fetch-site"), Some("cross-site" | "same-site"));
    if is_own && !is_foreign {
        return Ok(());
    }
    Err(ApiError::new(Class::Forbidden, "files are not taken from web pages of other sites"))
}

async fn list_all(State(app): Shared, uri: Uri, headers: HeaderMap) -> Response<Body> {
    let dialect = Dialect::of(uri.path(), &headers);
    let listed = async {
        let caller = Caller::of(&app, &headers)?;
        let query = list::Query::read(uri.query().unwrap_or_default())?;
        let owner = caller.owner;
        let records =
            on_disk(move || caller.store.list(owner.as_deref()).map_err(|error| of_store(&error)));
        ok(&query.answer(records.await?, dialect))
    };
    told(listed.await, dialect)
}

async fn retrieve(State(app): Shared, uri: Uri, headers: HeaderMap) -> Response<Body> {
    let dialect = Dialect::of(uri.path(), &headers);
    let found = async {
        let caller = Caller::of(&app, &headers)?;
        let id = id_of(&uri);
        let record = on_disk(move || caller.record(&id)).await?;
        let mut body = shape::file(&record, dialect);
        if dialect != Dialect::Opper {
            body["deleted"] = json!(false);
        }
        ok(&body)
    };
    told(found.await, dialect)
}

async fn delete(State(app): Shared, uri: Uri, headers: HeaderMap) -> Response<Body> {
    let dialect = Dialect::of(uri.path(), &headers);
    let deleted = async {
        let caller = Caller::of(&app, &headers)?;
        let id = id_of(&uri);
        let record = on_disk(move || {
            let record = caller.record(&id)?;
            match caller.store.delete(record.id, caller.owner.as_deref()) {
                Ok(true) => Ok(record),
                Ok(false) => Err(unknown(&id)),
                Err(error) => Err(of_store(&error)),
            }
        });
        let id = shape::id(&record.await?, dialect);
        ok(&json!({ "id": id, "object": "file", "deleted": true }))
    };
    told(deleted.await, dialect)
}

/// The content: to whom the file belongs, and to whoever has a signed address.
async fn download(State(app): Shared, uri: Uri, headers: HeaderMap) -> Response<Body> {
    let dialect = Dialect::of(uri.path(), &headers);
    let sent = async {
        let id = id_of(&uri);
        let query = uri.query().unwrap_or_default().to_owned();
        let is_signed =
            url::form_urlencoded::parse(query.as_bytes()).any(|(k, _)| k == "signature");
        if is_signed {
            let store = store(&app)?;
            let opened = on_disk(move || {
                let record = signed_for(&store, &id, &query)?;
                content::open(&store, record)
            });
            return Ok(content::send(opened.await?));
        }
        let caller = Caller::of(&app, &headers)?;
        let opened = on_disk(move || content::open(&caller.store, caller.record(&id)?));
        Ok(content::send(opened.await?))
    };
    told(sent.await, dialect)
}

fn signed_for(store: &FileStore, id: &str, query: &str) -> Result<FileRecord, ApiError> {
    let id_read = id.parse().map_err(|_| unknown(id))?;
    let link = Link::of_query(id_read, query).ok_or_else(|| of_link(LinkError::Signature))?;
    store.follow(&link).map_err(of_link)?.ok_or_else(|| unknown(id))
}

/// A signed address: for the hours asked for (`/v1`), or for one (`/v3`).
async fn address(State(app): Shared, uri: Uri, headers: HeaderMap) -> Response<Body> {
    let dialect = Dialect::of(uri.path(), &headers);
    let signed = async {
        let caller = Caller::of(&app, &headers)?;
        let is_mistral = dialect != Dialect::Opper;
        let hours = if is_mistral { hours(uri.query().unwrap_or_default())? } else { 1 };
        let base = base(&caller.store, &headers)?;
        let id = id_of(&uri);
        let (address, until) = on_disk(move || {
            let record = caller.record(&id)?;
            // An address that outlives its file helps nobody.
            let left = record.time_left();
            let time = (HOUR * u32::try_from(hours).unwrap_or(1)).min(left);
            let address = caller.store.address(record.id, time);
            let address = address.map_err(|error| of_store(&error))?;
            Ok((address, std::time::SystemTime::now() + time))
        })
        .await?;
        let mut body = json!({ "url": format!("{base}/{address}") });
        if !is_mistral {
            body["expires_at"] = json!(shape::time(until));
        }
        ok(&body)
    };
    told(signed.await, dialect)
}

fn hours(query: &str) -> Result<u64, ApiError> {
    let asked = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "expiry");
    let Some((_, text)) = asked.filter(|(_, text)| !text.is_empty()) else {
        return Ok(HOURS_UNLESS_TOLD);
    };
    text.parse().ok().filter(|hours| HOURS.contains(hours)).ok_or_else(|| {
        let message = format!("Input should be hours from {} to {}", HOURS.start(), HOURS.end());
        let issue = Issue::new(&["expiry"], "value_error", message).within("query");
        ApiError::invalid(vec![issue.sent(&json!(text))])
    })
}

/// What addresses begin with: what the server was told, else what the client called it by. What
/// proxies say of the client's own call is not looked at, for anybody can say it.
fn base(store: &FileStore, headers: &HeaderMap) -> Result<String, ApiError> {
    if let Some(url) = &store.settings().public_url {
        return Ok(url.as_str().trim_end_matches('/').to_owned());
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    match host {
        Some(host) => Ok(format!("http://{host}")),
        None => {
            let issue = Issue::new(&["host"], "missing", "Field required").within("header");
            Err(ApiError::invalid(vec![issue]))
        }
    }
}
