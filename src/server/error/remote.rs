//! What the failure of another provider means for a client of this server.

use std::time::Duration;

use super::{ApiError, Class, Issue};
use crate::error::Error;

/// When to come back to a provider that is asked too often and does not say when.
const COME_BACK: Duration = Duration::from_secs(5);

/// The client's own mistakes keep their status. What is wrong with this server's key is its
/// operator's concern, to whose log the details go.
pub(super) fn of(error: &Error) -> ApiError {
    let Error::Remote { provider, status, detail, retry_after } = error else {
        return ApiError::new(Class::Internal, error.to_string());
    };
    let class = match status {
        Some(429) => Class::RateLimited,
        Some(status @ (400 | 404 | 413 | 415 | 422)) => Class::Refused(*status),
        Some(401..=403) => Class::ProviderKey,
        Some(504) => Class::ProviderTimeout,
        _ => Class::ProviderFailed,
    };
    let message = match (class, status) {
        (Class::ProviderKey, Some(402)) => {
            format!("{provider} refused this server's account (status 402: payment required)")
        }
        (Class::ProviderKey, Some(status)) => {
            format!("{provider} refused this server's own key (status {status})")
        }
        _ => format!("{provider}: {detail}"),
    };
    if !matches!(class, Class::Refused(_) | Class::RateLimited) {
        tracing::error!(error = error.chain(), ?status, "another provider failed");
    }
    let mut out = ApiError::new(class, message);
    if class == Class::Refused(422) {
        // Clients of this status expect a list.
        out.issues = vec![Issue::new(&[], "value_error", out.message.clone())];
    }
    out.provider = Some(provider.clone());
    match (class, retry_after) {
        (_, Some(wait)) => out.retry_after(*wait),
        (Class::RateLimited, None) => out.retry_after(COME_BACK),
        _ => out,
    }
}
