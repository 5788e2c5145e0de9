//! What a client is told when something is wrong, in the words of the service it thinks it speaks to.

mod remote;

use std::io::ErrorKind as IoErrorKind;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde_json::{Map, Value, json};

use crate::error::{Error, ErrorKind};

/// Longer values of a request are not repeated in its errors: documents are long.
const LONGEST_INPUT: usize = 100;

/// Asks for Bifrost's envelope of errors, with the value `bifrost`: Bifrost and Mistral share paths.
const DIALECT_HEADER: &str = "x-recto-dialect";

/// Whose shape of errors and answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `/v1`: lists of validation errors with status 422, else an object with string codes.
    Mistral,
    /// `/v1/async`, and `/v1` where a header asks for it: an envelope.
    Bifrost,
    /// `/v3`: `{"error": {"code", "message", "details"}}`.
    Opper,
    /// `/v2`: Opper's, with FastAPI's lists of validation errors.
    OpperV2,
    /// docling-serve's paths: `{"detail": …}`, a list of validation errors or a sentence.
    Docling,
}

/// What docling-serve's paths begin with.
const DOCLING_PATHS: [&str; 6] =
    ["/v1/convert/", "/v1/chunk/", "/v1/status/", "/v1/result/", "/v1/clear/", "/v1/capabilities"];

impl Dialect {
    /// The dialect of a path.
    pub(super) fn of(path: &str, headers: &HeaderMap) -> Self {
        match path {
            _ if path.starts_with("/v3/") => Self::Opper,
            _ if path.starts_with("/v2/") => Self::OpperV2,
            _ if path.starts_with("/v1/async/") => Self::Bifrost,
            _ if DOCLING_PATHS.iter().any(|start| path.starts_with(start)) => Self::Docling,
            _ if headers.get(DIALECT_HEADER).is_some_and(|value| value == "bifrost") => {
                Self::Bifrost
            }
            _ => Self::Mistral,
        }
    }
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Fields of the request cannot be used.
    Invalid,
    /// The document cannot be read.
    Document,
    /// A URL may not be fetched, or could not be.
    Fetch,
    Unauthorized,
    /// A signed address does not hold, or a web page of somebody else asks.
    Forbidden,
    /// There is no room for a file.
    Full,
    UnknownModel,
    NotFound,
    Method,
    MediaType,
    TooLarge,
    RateLimited,
    Busy,
    /// The client took too long to send its request.
    SlowBody,
    Timeout,
    NotInstalled,
    Internal,
    /// The path is known, and what it is for is not built or not switched on.
    NotOffered,
    /// Another provider refused the request, with this status: the caller's mistake.
    Refused(u16),
    /// Another provider refused this server's key, or the account behind it.
    ProviderKey,
    /// Another provider failed, or did not answer.
    ProviderFailed,
    /// Another provider took too long.
    ProviderTimeout,
}

/// Status, name of the error, Mistral's number of it (where one was seen in the open; else the
/// status stands for it), Bifrost's sort of error.
struct Traits(u16, &'static str, Option<&'static str>, &'static str);

impl Class {
    fn traits(self) -> Traits {
        match self {
            Self::Invalid => Traits(422, "invalid_request", None, "caller_invalid_request"),
            Self::Document => {
                Traits(400, "document_parser_invalid_file", Some("3740"), "caller_invalid_document")
            }
            Self::Fetch => Traits(400, "document_fetch_failed", None, "caller_document_fetch"),
            Self::Unauthorized => Traits(401, "unauthorized", None, "caller_unauthorized"),
            Self::Forbidden => Traits(403, "forbidden", None, "policy_forbidden"),
            Self::Full => Traits(507, "storage_full", None, "policy_storage_full"),
            Self::UnknownModel => {
                Traits(404, "model_not_found", Some("3040"), "caller_model_not_found")
            }
            Self::NotFound => Traits(404, "not_found", None, "caller_not_found"),
            Self::Method => Traits(405, "method_not_allowed", None, "caller_method_not_allowed"),
            Self::MediaType => {
                Traits(415, "unsupported_media_type", None, "caller_unsupported_media_type")
            }
            Self::TooLarge => Traits(413, "request_too_large", None, "caller_request_too_large"),
            Self::RateLimited => Traits(429, "rate_limited", None, "policy_rate_limited"),
            Self::Busy => Traits(503, "overloaded", None, "provider_overloaded"),
            Self::SlowBody => Traits(408, "request_timeout", None, "caller_request_timeout"),
            Self::Timeout => Traits(504, "timeout", None, "provider_timeout"),
            Self::NotInstalled => Traits(500, "not_installed", None, "provider_not_installed"),
            Self::Internal => Traits(500, "internal_error", None, "provider_internal_error"),
            Self::NotOffered => Traits(501, "not_implemented", None, "provider_not_implemented"),
            Self::Refused(status) => {
                Traits(status, "provider_refused", None, "caller_refused_by_provider")
            }
            Self::ProviderKey => Traits(502, "provider_key_refused", None, "provider_key_refused"),
            Self::ProviderFailed => Traits(502, "provider_failed", None, "provider_failed"),
            Self::ProviderTimeout => Traits(504, "provider_timeout", None, "provider_timeout"),
        }
    }
}

/// One field that cannot be used, as FastAPI tells it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Issue {
    /// Which part of the request: "body", "query", "header".
    part: &'static str,
    /// Where: the field's names from the body inwards, without "body".
    pub(super) place: Vec<String>,
    /// The sort of mistake, in pydantic's words: "missing", "int_type".
    pub(super) kind: &'static str,
    /// What is wrong, and what would be right.
    pub(super) message: String,
    /// What was sent, where that is short.
    pub(super) input: Option<Value>,
}

impl Issue {
    pub(super) fn new(place: &[&str], kind: &'static str, message: impl Into<String>) -> Self {
        let place = place.iter().map(|part| (*part).to_owned()).collect();
        Self { part: "body", place, kind, message: message.into(), input: None }
    }

    pub(super) fn missing(place: &[&str]) -> Self {
        Self::new(place, "missing", "Field required")
    }

    /// The same, in another part of the request than its body.
    pub(super) fn within(mut self, part: &'static str) -> Self {
        self.part = part;
        self
    }

    /// The same, with what was sent, where that is short.
    pub(super) fn sent(mut self, input: &Value) -> Self {
        let short = match input {
            Value::String(text) => text.len() <= LONGEST_INPUT,
            Value::Array(_) | Value::Object(_) => false,
            _ => true,
        };
        self.input = short.then(|| input.clone());
        self
    }

    fn json(&self) -> Value {
        let place: Vec<&str> =
            std::iter::once(self.part).chain(self.place.iter().map(String::as_str)).collect();
        let mut map = Map::new();
        map.insert("type".to_owned(), json!(self.kind));
        map.insert("loc".to_owned(), json!(place));
        map.insert("msg".to_owned(), json!(self.message));
        if let Some(input) = &self.input {
            map.insert("input".to_owned(), input.clone());
        }
        Value::Object(map)
    }

    /// "document.type: Field required".
    fn sentence(&self) -> String {
        if self.place.is_empty() {
            return self.message.clone();
        }
        format!("{}: {}", self.place.join("."), self.message)
    }
}

/// What goes back to a client instead of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ApiError {
    pub(super) class: Class,
    pub(super) message: String,
    /// For [`Class::Invalid`].
    pub(super) issues: Vec<Issue>,
    /// Seconds after which trying again makes sense.
    pub(super) retry_after: Option<u64>,
    /// The model asked for, as far as it is known.
    pub(super) model: Option<String>,
    /// The provider that is to blame, where it is another one than the engine of this machine.
    pub(super) provider: Option<String>,
}

impl ApiError {
    pub(super) fn new(class: Class, message: impl Into<String>) -> Self {
        Self {
            class,
            message: message.into(),
            issues: Vec::new(),
            retry_after: None,
            model: None,
            provider: None,
        }
    }

    /// Fields that cannot be used.
    pub(super) fn invalid(issues: Vec<Issue>) -> Self {
        let sentences: Vec<String> = issues.iter().map(Issue::sentence).collect();
        Self { issues, ..Self::new(Class::Invalid, sentences.join("; ")) }
    }

    /// The same, with the time after which trying again makes sense (whole seconds, at least one).
    pub(super) fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some((wait.as_secs_f64().ceil() as u64).max(1));
        self
    }

    /// What an error of the library means for a client.
    pub(super) fn of(error: &Error) -> Self {
        let class = match error.kind() {
            ErrorKind::InvalidRequest => {
                let (place, message) = place_of(error);
                return Self::invalid(vec![Issue::new(&[&place], "value_error", message)]);
            }
            ErrorKind::InvalidDocument | ErrorKind::UnsupportedFormat | ErrorKind::Password => {
                Class::Document
            }
            ErrorKind::Fetch => Class::Fetch,
            ErrorKind::TooLarge => Class::TooLarge,
            ErrorKind::NotInstalled => Class::NotInstalled,
            ErrorKind::Remote => return remote::of(error),
            ErrorKind::Timeout => Class::Timeout,
            ErrorKind::NotFound if matches!(error, Error::UnknownModel { .. }) => {
                Class::UnknownModel
            }
            _ if is_full(error) => Class::Full,
            _ => Class::Internal,
        };
        if class == Class::Internal {
            // Causes may name files of this machine: they are for its log.
            tracing::error!(error = error.chain(), "a read failed");
        }
        if let Error::FetchRefused { url } = error {
            return Self::new(class, refused_url(url));
        }
        if class == Class::Full {
            return Self::new(
                class,
                "there is no room on this server's disk for what it has to write",
            );
        }
        Self::new(class, error.to_string())
    }

    pub(super) fn status(&self, dialect: Dialect) -> StatusCode {
        let status = match (self.class, dialect) {
            // Neither of the two knows 422.
            (Class::Invalid | Class::Refused(422), Dialect::Opper | Dialect::Bifrost) => 400,
            (class, _) => class.traits().0,
        };
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The answer's body.
    pub(super) fn body(&self, dialect: Dialect) -> Value {
        let Traits(_, name, number, sort) = self.class.traits();
        let status = self.status(dialect).as_u16();
        let issues = || self.issues.iter().map(Issue::json).collect::<Vec<_>>();
        match dialect {
            Dialect::Mistral | Dialect::OpperV2 | Dialect::Docling if !self.issues.is_empty() => {
                json!({ "detail": issues() })
            }
            Dialect::Docling => json!({ "detail": self.message }),
            Dialect::Mistral => json!({
                "object": "error",
                "message": self.message,
                "type": name,
                "param": null,
                "code": number.map_or_else(|| status.to_string(), str::to_owned),
                "raw_status_code": status,
            }),
            Dialect::Bifrost => json!({
                "is_bifrost_error": true,
                "status_code": status,
                "error": { "type": name, "code": name, "message": self.message, "param": null },
                "extra_fields": {
                    "provider": self.provider.as_deref().unwrap_or("docling"),
                    "model_requested": self.model.as_deref().unwrap_or_default(),
                    "request_type": "ocr",
                    "error_type": sort,
                },
            }),
            Dialect::Opper | Dialect::OpperV2 => {
                let name = if self.class == Class::Document { "invalid_document" } else { name };
                let mut error = json!({ "code": name, "message": self.message });
                if !self.issues.is_empty() {
                    error["details"] = Value::Array(issues());
                }
                json!({ "error": error })
            }
        }
    }

    /// The answer.
    pub(super) fn response(&self, dialect: Dialect) -> Response<Body> {
        let mut response = json_response(self.status(dialect), &self.body(dialect));
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.class == Class::Unauthorized {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Whether the disk is at fault, as far as the system said so.
fn is_full(error: &Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let io = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        if matches!(io, Some(IoErrorKind::StorageFull | IoErrorKind::QuotaExceeded)) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// What to do where URLs are not fetched, in the server's words.
fn refused_url(url: &str) -> String {
    let url = url::Url::parse(url);
    let host = url.as_ref().ok().and_then(url::Url::host_str).unwrap_or_default();
    format!(
        "this server fetches no URLs (one at {host} was asked for); send the document as a data URI \
         or in base64, or start the server with --allow-urls"
    )
}

/// Which field of the request an error of the library is about, and what it says.
fn place_of(error: &Error) -> (String, String) {
    match error {
        Error::InvalidOption { option, detail } => (option.to_string(), detail.clone()),
        Error::PageOutOfRange { .. } => ("pages".to_owned(), error.to_string()),
        Error::UnknownLanguage { code } => {
            ("lang".to_owned(), format!("no language goes by the code {code:?}"))
        }
        _ => ("lang".to_owned(), error.to_string()),
    }
}

/// A JSON body with a status.
pub(super) fn json_response(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Found by tests/soak/chaos.py: a read without room for a temporary file was an internal error.
    #[test]
    fn a_full_disk_is_told_as_such() {
        let full = || std::io::Error::from(IoErrorKind::StorageFull);
        let io = Error::Io { action: "write", path: "x".into(), source: full() };
        for error in [io, Error::stage("page worker", full())] {
            let told = ApiError::of(&error);
            assert_eq!((told.class, told.status(Dialect::Mistral).as_u16()), (Class::Full, 507));
        }
        let other = Error::stage("page worker", std::io::Error::from(IoErrorKind::BrokenPipe));
        assert_eq!(ApiError::of(&other).class, Class::Internal);
    }
}
