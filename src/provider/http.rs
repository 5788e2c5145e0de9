//! JSON over HTTP to a service: its key, time limits, further tries.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use ureq::http::{HeaderMap, Method, Request};
use url::Url;

use crate::call::Call;
use crate::error::{Error, Result};

/// A service that has not taken the connection by then is not there.
const CONNECT: Duration = Duration::from_secs(15);
/// Largest answer, in bytes: a thousand pages with their images.
const LARGEST: u64 = 512 << 20;
/// How often a cancelled call is looked for while a service works.
const POLL: Duration = Duration::from_millis(20);
/// The pause before the second try; each further one is twice as long (as Bifrost waits) ...
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// ... up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A service that wants to be left alone for longer has failed: somebody waits for the answer.
const LONGEST_WISH: Duration = Duration::from_secs(30);

/// How a service is reached.
#[derive(Clone, Debug)]
pub(super) struct Service {
    /// What it is called in errors.
    pub(super) name: String,
    /// Everything before the paths.
    pub(super) base: Url,
    pub(super) key: Option<Key>,
    /// Headers beside those of JSON and the key.
    pub(super) headers: &'static [(&'static str, &'static str)],
    /// Longest time of one try.
    pub(super) timeout: Duration,
    /// Tries after the first one.
    pub(super) retries: u32,
    /// The pause before the second try.
    pub(super) pause: Duration,
    /// Statuses that lead to no further try although they may pass.
    pub(super) final_statuses: &'static [u16],
}

/// A key, and the header that shows it. Never printed.
#[derive(Clone)]
pub(super) enum Key {
    /// `Authorization: Bearer KEY`.
    Bearer(String),
    /// `X-Api-Key: KEY`.
    ApiKey(String),
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

/// What came of one try.
enum Outcome {
    Answer(Value),
    /// Another try makes sense, after the time that the service wishes for.
    Again(Error, Option<Duration>),
    Failed(Error),
}

impl Service {
    /// A service without a key, with 2 further tries of 300 seconds each.
    pub(super) fn new(name: impl Into<String>, base: Url) -> Self {
        Self {
            name: name.into(),
            base,
            key: None,
            headers: &[],
            timeout: Duration::from_secs(300),
            retries: 2,
            pause: FIRST_PAUSE,
            final_statuses: &[],
        }
    }

    /// Sends JSON and takes JSON. Tries again on status 429 and 5xx and where there is no answer.
    ///
    /// # Errors
    ///
    /// [`Error::Remote`] with the service's own words; [`Error::Cancelled`] and
    /// [`Error::DeadlineExceeded`] as the call's.
    pub(super) fn post(&self, path: &str, body: &Value, call: &Call) -> Result<Value> {
        self.send(&Method::POST, path, Some(body), call)
    }

    /// Takes JSON.
    ///
    /// # Errors
    ///
    /// As [`post`](Self::post).
    pub(super) fn get(&self, path: &str, call: &Call) -> Result<Value> {
        self.send(&Method::GET, path, None, call)
    }

    /// An error of this service.
    pub(super) fn error(&self, status: Option<u16>, detail: impl Into<String>) -> Error {
        Error::Remote {
            provider: self.name.clone(),
            status,
            detail: detail.into(),
            retry_after: None,
        }
    }

    fn send(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
        call: &Call,
    ) -> Result<Value> {
        let body: Option<Arc<str>> = body.map(|body| body.to_string().into());
        let mut tries = 0;
        loop {
            call.check()?;
            let (error, wish) = match self.once(method, path, body.clone(), call)? {
                Outcome::Answer(answer) => return Ok(answer),
                Outcome::Failed(error) => return Err(error),
                Outcome::Again(error, wish) => (error, wish),
            };
            let pause = wish.unwrap_or_else(|| pause(self.pause, tries));
            if tries >= self.retries || pause > LONGEST_WISH {
                return Err(error);
            }
            tracing::warn!(service = self.name, error = error.chain(), ?pause, "trying again");
            tries += 1;
            if call.remaining().is_some_and(|left| left <= pause) {
                return Err(error);
            }
            sleep(pause, call)?;
        }
    }

    /// One try, on a thread of its own: the call may be cancelled while the service works.
    fn once(
        &self,
        method: &Method,
        path: &str,
        body: Option<Arc<str>>,
        call: &Call,
    ) -> Result<Outcome> {
        let (sender, receiver) = channel();
        let (service, method, path) = (self.clone(), method.clone(), path.to_owned());
        let timeout = call.remaining().map_or(self.timeout, |left| left.min(self.timeout));
        std::thread::Builder::new()
            .name("recto-remote".to_owned())
            .spawn(move || {
                // Nobody waits any more if this fails.
                let _ = sender.send(service.exchange(&method, &path, body, timeout));
            })
            .map_err(|e| Error::stage("threads", e))?;
        loop {
            match receiver.recv_timeout(POLL) {
                Ok(outcome) => return Ok(outcome),
                Err(RecvTimeoutError::Timeout) => call.check()?,
                Err(RecvTimeoutError::Disconnected) => {
                    return Ok(Outcome::Failed(self.error(None, "the exchange failed")));
                }
            }
        }
    }

    /// A text without the key: some services repeat it when they refuse it.
    fn without_key(&self, text: &str) -> String {
        match &self.key {
            Some(Key::Bearer(key) | Key::ApiKey(key)) if !key.is_empty() => text.replace(key, "…"),
            _ => text.to_owned(),
        }
    }

    fn exchange(
        &self,
        method: &Method,
        path: &str,
        body: Option<Arc<str>>,
        timeout: Duration,
    ) -> Outcome {
        let agent = ureq::Agent::config_builder()
            .timeout_connect(Some(CONNECT.min(timeout)))
            .timeout_global(Some(timeout))
            // A key is for the service that it was given for.
            .max_redirects(0)
            .http_status_as_error(false)
            .user_agent(concat!("recto/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        let address = format!("{}{path}", self.base.as_str().trim_end_matches('/'));
        let mut request = Request::builder()
            .method(method)
            .uri(&address)
            .header("content-type", "application/json")
            .header("accept", "application/json");
        match &self.key {
            Some(Key::Bearer(key)) => {
                request = request.header("authorization", format!("Bearer {key}"));
            }
            Some(Key::ApiKey(key)) => request = request.header("x-api-key", key),
            None => {}
        }
        for (name, value) in self.headers {
            request = request.header(*name, *value);
        }
        let request = match request.body(body.as_deref().unwrap_or_default()) {
            Ok(request) => request,
            Err(_) => {
                let detail = "its address or its key has characters that cannot be sent";
                return Outcome::Failed(self.error(None, detail));
            }
        };
        let mut response = match agent.run(request) {
            Ok(response) => response,
            Err(error) => {
                return Outcome::Again(self.error(None, reason(&error)), None);
            }
        };
        let status = response.status().as_u16();
        let wish = retry_after(response.headers());
        let text = response.body_mut().with_config().limit(LARGEST).read_to_string();
        let text = match text {
            Ok(text) => text,
            Err(error) => {
                return Outcome::Again(self.error(Some(status), reason(&error)), None);
            }
        };
        let json = serde_json::from_str::<Value>(&text);
        if (200..300).contains(&status) {
            return match json {
                Ok(answer) => Outcome::Answer(answer),
                Err(error) => {
                    let detail = format!("its answer is not JSON: {error}");
                    Outcome::Failed(self.error(Some(status), detail))
                }
            };
        }
        let words = json.ok().as_ref().and_then(message).unwrap_or_else(|| shorten(&text));
        let words = self.without_key(&words);
        let error = Error::Remote {
            provider: self.name.clone(),
            status: Some(status),
            detail: if words.is_empty() { format!("status {status}") } else { words },
            retry_after: wish,
        };
        match status {
            _ if self.final_statuses.contains(&status) => Outcome::Failed(error),
            429 | 500 | 502..=504 => Outcome::Again(error, wish),
            _ => Outcome::Failed(error),
        }
    }
}

/// What a service says is wrong, in any of the shapes that OCR services use: FastAPI's list of
/// fields (or text), Opper's and OpenAI's `error`, Bifrost's envelope, Mistral's own.
fn message(body: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().filter(|t| !t.is_empty()).map(str::to_owned);
    if let Value::Array(issues) = &body["detail"] {
        let sentences: Vec<String> = issues.iter().filter_map(issue).collect();
        return (!sentences.is_empty()).then(|| sentences.join("; "));
    }
    text(&body["detail"])
        .or_else(|| text(&body["error"]["message"]))
        .or_else(|| text(&body["message"]))
        .or_else(|| text(&body["error"]))
}

/// "document.type: Field required".
fn issue(issue: &Value) -> Option<String> {
    let what = issue["msg"].as_str()?;
    let place: Vec<String> = issue["loc"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|part| *part != "body")
        .map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned))
        .collect();
    if place.is_empty() {
        return Some(what.to_owned());
    }
    Some(format!("{}: {what}", place.join(".")))
}

/// The beginning of a text, on one line.
fn shorten(text: &str) -> String {
    const MOST: usize = 200;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Why there was no answer, in words that cannot repeat the address, which may hold secrets.
fn reason(error: &ureq::Error) -> String {
    match error {
        ureq::Error::HostNotFound => "no such host".to_owned(),
        ureq::Error::Timeout(step) => format!("it took too long ({step})"),
        ureq::Error::ConnectionFailed => "no connection".to_owned(),
        ureq::Error::BadUri(_) => "its address is malformed".to_owned(),
        ureq::Error::BodyExceedsLimit(limit) => format!("its answer is larger than {limit} bytes"),
        other => other.to_string(),
    }
}

/// Seconds, or the seconds until a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("retry-after")?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds.max(0.0)).ok();
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

/// The pause before the next try: twice as long each time, and 20 % longer or shorter, so that
/// clients that failed together do not come back together.
fn pause(first: Duration, tries: u32) -> Duration {
    use std::hash::{BuildHasher as _, RandomState};
    let whole = first.saturating_mul(1 << tries.min(16)).min(LONGEST_PAUSE);
    // A new state is random; that is all that is needed here.
    let random = (RandomState::new().hash_one(tries) % 1000) as f64 / 1000.0;
    whole.mul_f64(0.8 + 0.4 * random)
}

/// Sleeps, unless the call ends.
fn sleep(time: Duration, call: &Call) -> Result<()> {
    let end = std::time::Instant::now() + time;
    loop {
        call.check()?;
        let left = end.saturating_duration_since(std::time::Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(POLL));
    }
}

#[cfg(test)]
pub(super) mod stub;
#[cfg(test)]
mod tests;
