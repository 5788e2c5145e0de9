//! Messages and questions to URLs, under the same rules as downloads.

use std::time::Duration;

use url::Url;

use super::UrlPolicy;
use super::fetch::{self, FetchRules};
use crate::call::Call;
use crate::error::{Error, Result};

/// Longest time of one message.
#[cfg(feature = "server")]
const WHOLE: Duration = Duration::from_secs(30);
/// Largest answer to a question, in bytes.
const LARGEST_ANSWER: u64 = 1 << 20;

/// Posts a JSON body. Redirects are not followed: they would turn it into a question.
///
/// # Errors
///
/// [`Error::FetchRefused`] where nothing may be fetched; [`Error::Fetch`] where the address may not be
/// reached, cannot be, or answers with another status than success; as [`Call::check`].
#[cfg(feature = "server")]
pub(crate) fn post(
    url: &Url,
    headers: &[(&str, &str)],
    body: &[u8],
    rules: &FetchRules,
    call: &Call,
) -> Result<()> {
    exchange(url, headers, body, rules, (WHOLE, None), call).map(drop)
}

/// The same, within this time, for what is answered: a text of a megabyte at most.
///
/// # Errors
///
/// As [`post`].
pub(crate) fn ask(
    url: &Url,
    headers: &[(&str, &str)],
    body: &[u8],
    rules: &FetchRules,
    timeout: Duration,
    call: &Call,
) -> Result<String> {
    exchange(url, headers, body, rules, (timeout, Some(LARGEST_ANSWER)), call)
}

/// `limits`: the longest time, and the bytes of the answer that are read at most, if any are.
fn exchange(
    url: &Url,
    headers: &[(&str, &str)],
    body: &[u8],
    rules: &FetchRules,
    limits: (Duration, Option<u64>),
    call: &Call,
) -> Result<String> {
    if rules.policy == UrlPolicy::Refuse {
        return Err(Error::FetchRefused { url: fetch::without_secrets(url) });
    }
    match url.scheme() {
        "http" | "https" => send(url, headers, body, rules, limits, call),
        other => Err(fetch::failed(url, format!("{other:?} is none of http, https"))),
    }
}

#[cfg(not(feature = "remote"))]
fn send(
    url: &Url,
    _: &[(&str, &str)],
    _: &[u8],
    _: &FetchRules,
    _: (Duration, Option<u64>),
    _: &Call,
) -> Result<String> {
    Err(fetch::failed(url, "this build reaches no URLs; enable the feature \"remote\""))
}

#[cfg(feature = "remote")]
fn send(
    url: &Url,
    headers: &[(&str, &str)],
    body: &[u8],
    rules: &FetchRules,
    (timeout, most): (Duration, Option<u64>),
    call: &Call,
) -> Result<String> {
    call.check()?;
    let agent = fetch::agent(rules, 0, rules.timeout.min(timeout), call);
    let mut request = agent.post(url.as_str()).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let failed = |error| fetch::failed(url, fetch::reason(error));
    let mut answer = request.send(body).map_err(failed)?;
    if !answer.status().is_success() {
        let detail = format!("the server answered with status {}", answer.status().as_u16());
        return Err(fetch::failed(url, detail));
    }
    match most {
        Some(most) => answer.body_mut().with_config().limit(most).read_to_string().map_err(failed),
        None => Ok(String::new()),
    }
}
