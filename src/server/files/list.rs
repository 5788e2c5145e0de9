//! Lists of files: which, in what order, and how many at once.

use serde_json::{Value, json};

use super::super::error::{ApiError, Dialect, Issue};
use super::shape;
use crate::files::{FileId, FileRecord};

/// Files of one answer, unless told; Mistral's number.
const PAGE: usize = 100;
/// Most files of one answer; OpenAI's number.
const LARGEST_PAGE: usize = 10_000;

/// What a list is asked for. Mistral's clients count pages, OpenAI's name the last file they know,
/// and others skip so many: all of it is taken by all endpoints.
#[derive(Debug)]
pub(super) struct Query {
    page: usize,
    size: usize,
    offset: Option<usize>,
    after: Option<FileId>,
    oldest_first: bool,
    with_total: bool,
    purpose: Option<String>,
    sample_types: Vec<String>,
    sources: Vec<String>,
    search: Option<String>,
    media_types: Vec<String>,
    /// Parameters that nobody here knows.
    unknown: Vec<String>,
}

impl Query {
    pub(super) fn read(query: &str) -> Result<Self, ApiError> {
        let mut read = Self {
            page: 0,
            size: PAGE,
            offset: None,
            after: None,
            oldest_first: false,
            with_total: true,
            purpose: None,
            sample_types: Vec::new(),
            sources: Vec::new(),
            search: None,
            media_types: Vec::new(),
            unknown: Vec::new(),
        };
        let mut issues = Vec::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if value.is_empty() {
                continue;
            }
            // Some clients mark lists so.
            let name = name.strip_suffix("[]").unwrap_or(&name);
            if let Err(message) = read.take(name, &value) {
                let issue = Issue::new(&[name], "value_error", message).within("query");
                issues.push(issue.sent(&json!(value)));
            }
        }
        if issues.is_empty() { Ok(read) } else { Err(ApiError::invalid(issues)) }
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), String> {
        let number = |range: std::ops::RangeInclusive<usize>| {
            value.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
                match *range.end() {
                    usize::MAX => "Input should be a whole number, 0 or more".to_owned(),
                    most => {
                        format!("Input should be a whole number from {} to {most}", range.start())
                    }
                }
            })
        };
        match name {
            "page" => self.page = number(0..=usize::MAX)?,
            "page_size" | "limit" => self.size = number(1..=LARGEST_PAGE)?,
            "offset" => self.offset = Some(number(0..=usize::MAX)?),
            "after" => {
                let id = value.parse().map_err(|_| "Input should be the id of a file")?;
                self.after = Some(id);
            }
            "order" => {
                self.oldest_first = match value {
                    "asc" => true,
                    "desc" => false,
                    _ => return Err("Input should be 'asc' or 'desc'".to_owned()),
                }
            }
            "include_total" => {
                self.with_total = match value {
                    "true" | "True" | "1" => true,
                    "false" | "False" | "0" => false,
                    _ => return Err("Input should be a valid boolean".to_owned()),
                }
            }
            "purpose" => self.purpose = Some(shape::stored_purpose(value).to_owned()),
            "sample_type" => self.sample_types.push(value.to_owned()),
            "source" => self.sources.push(value.to_owned()),
            "search" => self.search = Some(value.to_lowercase()),
            "mimetypes" => self.media_types.push(value.to_owned()),
            other => self.unknown.push(other.to_owned()),
        }
        Ok(())
    }

    fn wants(&self, record: &FileRecord) -> bool {
        let among = |list: &[String], value: &str| {
            list.is_empty() || list.iter().any(|wanted| wanted == value)
        };
        self.purpose.as_ref().is_none_or(|purpose| purpose == shape::purpose(&record.purpose))
            && among(&self.sample_types, shape::sample_type(&record.purpose))
            && among(&self.sources, shape::source(&record.purpose))
            && among(&self.media_types, &record.media_type)
            && self
                .search
                .as_ref()
                .is_none_or(|part| record.filename.to_lowercase().contains(part.as_str()))
    }

    /// The list, of files that come newest first.
    pub(super) fn answer(&self, records: Vec<FileRecord>, dialect: Dialect) -> Value {
        let mut records: Vec<FileRecord> =
            records.into_iter().filter(|record| self.wants(record)).collect();
        if self.oldest_first {
            records.reverse();
        }
        let total = records.len();
        let after = self.after.and_then(|id| records.iter().position(|record| record.id == id));
        let start = match (self.after, after) {
            (Some(_), Some(last)) => last + 1,
            // The file is gone, and with it the place in the list.
            (Some(_), None) => total,
            _ => self.offset.unwrap_or(self.page.saturating_mul(self.size)),
        };
        let data: Vec<Value> =
            records.iter().skip(start).take(self.size).map(|r| shape::file(r, dialect)).collect();
        let has_more = start.saturating_add(data.len()) < total;
        let mut body = match dialect {
            Dialect::Opper => json!({ "meta": { "total_count": total }, "data": data }),
            _ => json!({
                "data": data,
                "object": "list",
                "total": self.with_total.then_some(total),
                "has_more": has_more,
            }),
        };
        if !self.unknown.is_empty() {
            let warnings: Vec<Value> = self.unknown.iter().map(|name| unknown(name)).collect();
            body["warnings"] = Value::Array(warnings);
        }
        body
    }
}

/// A warning about a parameter or field that nobody here knows.
pub(super) fn unknown(name: &str) -> Value {
    json!({
        "code": crate::error::WarningCode::OptionNotHonoured,
        "option": name,
        "message": format!("{name} has no effect: this server does not know it"),
    })
}
