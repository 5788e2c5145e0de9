//! Messages to URLs, under the same rules as downloads.

use url::Url;

use super::UrlPolicy;
use super::fetch::{self, FetchRules};
use crate::call::Call;
use crate::error::{Error, Result};

/// Longest time of one message.
#[cfg(feature = "remote")]
const WHOLE: std::time::Duration = std::time::Duration::from_secs(30);

/// Posts a JSON body. Redirects are not followed: they would turn it into a question.
///
/// # Errors
///
/// [`Error::FetchRefused`] where nothing may be fetched; [`Error::Fetch`] where the address may not be
/// reached, cannot be, or answers with another status than success; as [`Call::check`].
pub(crate) fn post(
    url: &Url,
    headers: &[(&str, &str)],
    body: &[u8],
    rules: &FetchRules,
    call: &Call,
) -> Result<()> {
    if rules.policy == UrlPolicy::Refuse {
        return Err(Error::FetchRefused { url: fetch::without_secrets(url) });
    }
    match url.scheme() {
        "http" | "https" => send(url, headers, body, rules, call),
        other => Err(fetch::failed(url, format!("{other:?} is none of http, https"))),
    }
}

#[cfg(not(feature = "remote"))]
fn send(url: &Url, _: &[(&str, &str)], _: &[u8], _: &FetchRules, _: &Call) -> Result<()> {
    Err(fetch::failed(url, "this build reaches no URLs; enable the feature \"remote\""))
}

#[cfg(feature = "remote")]
fn send(
    url: &Url,
    headers: &[(&str, &str)],
    body: &[u8],
    rules: &FetchRules,
    call: &Call,
) -> Result<()> {
    call.check()?;
    let agent = fetch::agent(rules, 0, rules.timeout.min(WHOLE), call);
    let mut request = agent.post(url.as_str()).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send(body).map_err(|error| fetch::failed(url, fetch::reason(error)))?;
    match answer.status().is_success() {
        true => Ok(()),
        false => {
            let detail = format!("the server answered with status {}", answer.status().as_u16());
            Err(fetch::failed(url, detail))
        }
    }
}
