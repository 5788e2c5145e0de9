//! What a job leaves behind: the body of its answer, and what is to be known of it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::error::{ApiError, Class};
use crate::error::{Error, Result};

/// What came of a job.
#[derive(Debug)]
pub(in crate::server) struct Outcome {
    pub(in crate::server) about: About,
    /// The body of the answer.
    pub(in crate::server) body: Vec<u8>,
}

/// What is known of a result beside its body.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::server) struct About {
    /// What the body is.
    pub(in crate::server) media_type: String,
    /// Why there is nothing in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::server) failure: Option<Failure>,
    /// Pages read.
    pub(in crate::server) pages: usize,
    /// Bytes of the documents.
    pub(in crate::server) bytes: u64,
    /// What else whoever put the job in the queue wants to know.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub(in crate::server) more: Value,
}

/// Why a job has no result, for its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::server) struct Failure {
    /// docling-serve's word for whose fault it is: "policy", "source_unavailable", "timeout", "internal".
    pub(in crate::server) category: String,
    pub(in crate::server) message: String,
}

impl Failure {
    /// An error as its client is told it.
    pub(in crate::server) fn of(error: &ApiError) -> Self {
        let category = match error.class {
            Class::Invalid | Class::Document | Class::TooLarge | Class::Refused(_) => "policy",
            Class::Fetch => "source_unavailable",
            Class::Timeout | Class::ProviderTimeout => "timeout",
            _ => "internal",
        };
        Self { category: category.to_owned(), message: error.message.clone() }
    }

    /// What a queue says of a job without a result.
    pub(in crate::server) fn of_queue(error: Option<String>) -> Self {
        let message = error.unwrap_or_else(|| "the job failed".to_owned());
        Self { category: "internal".to_owned(), message }
    }

    /// docling-serve's `PublicFailureInfo`.
    pub(in crate::server) fn json(&self) -> Value {
        json!({
            "category": self.category,
            "message": self.message,
            "retryable": matches!(self.category.as_str(), "source_unavailable" | "timeout"),
            "phase": "execution",
            "details": {},
        })
    }
}

impl Outcome {
    /// As a queue keeps it: a line of JSON, and the body.
    pub(in crate::server) fn into_bytes(self) -> Result<Vec<u8>> {
        let mut bytes =
            serde_json::to_vec(&self.about).map_err(|error| Error::stage("jobs", error))?;
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.body);
        Ok(bytes)
    }

    /// Whether the start of what a queue keeps has all of what is known.
    pub(in crate::server) fn has_about(start: &[u8]) -> bool {
        start.contains(&b'\n')
    }

    /// What a queue kept.
    pub(in crate::server) fn of_bytes(mut bytes: Vec<u8>) -> Result<Self> {
        let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
        let about = serde_json::from_slice(bytes.get(..end).unwrap_or_default())
            .map_err(|error| Error::stage("jobs", error))?;
        bytes.drain(..(end + 1).min(bytes.len()));
        Ok(Self { about, body: bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_comes_back_as_it_was() {
        let about = About {
            media_type: "application/zip".to_owned(),
            pages: 3,
            bytes: 4,
            more: json!({ "counts": [1, 2] }),
            ..About::default()
        };
        let outcome = || Outcome { about, body: b"PK\n\n".to_vec() };
        let bytes = outcome().into_bytes().unwrap();
        let end = bytes.iter().position(|byte| *byte == b'\n').unwrap();
        assert!(!Outcome::has_about(&bytes[..end]) && Outcome::has_about(&bytes[..=end]));
        let back = Outcome::of_bytes(bytes).unwrap();
        assert_eq!((back.body.as_slice(), back.about.pages), (b"PK\n\n".as_slice(), 3));
        assert_eq!(back.about.more, json!({ "counts": [1, 2] }));
        let failure = Failure { category: "policy".to_owned(), message: "no\nway".to_owned() };
        let about = About { failure: Some(failure.clone()), ..About::default() };
        let bytes = Outcome { about, body: Vec::new() }.into_bytes().unwrap();
        assert_eq!(Outcome::of_bytes(bytes).unwrap().about.failure, Some(failure));
        assert!(Outcome::of_bytes(b"nonsense".to_vec()).is_err());
    }
}
