//! Lists of batches: which, and how many at once.

use chrono::{DateTime, NaiveDateTime};
use serde_json::{Value, json};

use super::super::error::{ApiError, Issue};

/// Batches of one answer, unless told; Mistral's number.
const PAGE: usize = 100;
const LARGEST_PAGE: usize = 10_000;

/// What a list is asked for.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) page: usize,
    pub(super) size: usize,
    pub(super) oldest_first: bool,
    model: Option<String>,
    agent: Option<String>,
    /// Seconds since 1970.
    created_after: Option<i64>,
    statuses: Vec<String>,
    /// Mistral's clients send each of them as a parameter of its own.
    metadata: Vec<(String, Value)>,
}

impl Query {
    pub(super) fn read(query: &str) -> Result<Self, ApiError> {
        let mut read = Self {
            page: 0,
            size: PAGE,
            oldest_first: false,
            model: None,
            agent: None,
            created_after: None,
            statuses: Vec::new(),
            metadata: Vec::new(),
        };
        let mut issues = Vec::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if value.is_empty() {
                continue;
            }
            if let Err(message) = read.take(&name, &value) {
                let issue = Issue::new(&[&name], "value_error", message).within("query");
                issues.push(issue.sent(&json!(value)));
            }
        }
        if issues.is_empty() { Ok(read) } else { Err(ApiError::invalid(issues)) }
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), String> {
        let number = || value.parse::<usize>().ok();
        match name {
            "page" => {
                self.page = number().ok_or("Input should be a whole number, 0 or more")?;
            }
            "page_size" => {
                self.size = number()
                    .filter(|size| (1..=LARGEST_PAGE).contains(size))
                    .ok_or(format!("Input should be a whole number from 1 to {LARGEST_PAGE}"))?;
            }
            "model" => self.model = Some(value.to_owned()),
            "agent_id" => self.agent = Some(value.to_owned()),
            "created_after" => {
                self.created_after =
                    Some(seconds(value).ok_or("Input should be a valid datetime")?);
            }
            // All batches of a list are the key's own.
            "created_by_me" => match value {
                "true" | "false" | "True" | "False" | "1" | "0" => {}
                _ => return Err("Input should be a valid boolean".to_owned()),
            },
            "status" => self.statuses.push(value.to_owned()),
            "order_by" => {
                self.oldest_first = match value {
                    "created" => true,
                    "-created" => false,
                    _ => return Err("Input should be 'created' or '-created'".to_owned()),
                }
            }
            other => self.metadata.push((other.to_owned(), json!(value))),
        }
        Ok(())
    }

    /// Whether batches have to be looked at to know whether they are wanted.
    pub(super) fn wants_all(&self) -> bool {
        self.model.is_none()
            && self.agent.is_none()
            && self.created_after.is_none()
            && self.statuses.is_empty()
            && self.metadata.is_empty()
    }

    /// Whether a batch is wanted, by what is told of it.
    pub(super) fn wants(&self, batch: &Value) -> bool {
        let is = |field: &str, wanted: &Option<String>| {
            wanted.as_ref().is_none_or(|wanted| batch[field] == json!(wanted))
        };
        let created = batch["created_at"].as_i64();
        is("model", &self.model)
            && is("agent_id", &self.agent)
            && self.created_after.is_none_or(|after| created.is_some_and(|at| at > after))
            && (self.statuses.is_empty()
                || self.statuses.iter().any(|status| batch["status"] == json!(status)))
            && self.metadata.iter().all(|(key, value)| batch["metadata"][key] == *value)
    }
}

/// A time with a zone, or of UTC.
fn seconds(time: &str) -> Option<i64> {
    let with_zone = DateTime::parse_from_rfc3339(time).map(|time| time.timestamp());
    let without = || time.parse::<NaiveDateTime>().map(|time| time.and_utc().timestamp());
    with_zone.or_else(|_| without()).ok()
}
