//! A request on its way into a wire format: what the formats have in common.

use serde_json::{Map, Value, json};

use super::document::Document;
use crate::error::{Error, Result, Warning};
use crate::provider::request::OcrRequest;

/// Most pages that are named one by one; hosted services take documents of a thousand.
const MOST_PAGES: usize = 10_000;

/// A request on its way into a wire format.
pub(super) struct Asked<'a> {
    pub(super) request: &'a OcrRequest,
    /// The model as the service calls it.
    pub(super) model: &'a str,
    pub(super) document: &'a Document,
    /// The service's name, for messages.
    pub(super) provider: &'a str,
}

/// What is sent, and what of the request it does not hold.
pub(super) struct Sent {
    pub(super) path: &'static str,
    pub(super) body: Value,
    pub(super) warnings: Vec<Warning>,
}

impl Asked<'_> {
    /// A warning about an option that has no effect.
    pub(super) fn idle(&self, option: &str, why: &str) -> Warning {
        Warning::option(option, format!("{option} has no effect: {why}"))
    }

    /// The pages asked for, one by one; `None` for all.
    pub(super) fn pages(&self) -> Result<Option<Vec<usize>>> {
        let Some(set) = &self.request.pages else { return Ok(None) };
        let mut pages = Vec::new();
        for (first, last) in set.ranges() {
            let last = last.ok_or_else(|| {
                let detail = format!(
                    "{} does not tell how long the document is; name the last page of {first}-",
                    self.provider
                );
                Error::invalid_option("pages", detail)
            })?;
            if last.saturating_sub(first) >= MOST_PAGES {
                let detail = format!("more than {MOST_PAGES} pages are named");
                return Err(Error::invalid_option("pages", detail));
            }
            pages.extend(first..=last);
        }
        pages.sort_unstable();
        pages.dedup();
        Ok(Some(pages))
    }

    /// The fields of the request that all services but docling-serve call the same.
    pub(super) fn common_fields(&self) -> Result<Map<String, Value>> {
        let request = self.request;
        let mut body = Map::new();
        body.insert("model".to_owned(), json!(self.model));
        let mut add = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                body.insert(key.to_owned(), value);
            }
        };
        add("pages", self.pages()?.map(|pages| json!(pages)));
        add("include_image_base64", request.include_image_base64.then_some(Value::Bool(true)));
        add("image_limit", request.image_limit.map(|limit| json!(limit)));
        add("image_min_size", request.image_min_size.map(|size| json!(size)));
        Ok(body)
    }

    /// The fields of the request that are Mistral's own.
    pub(super) fn further_fields(&self) -> Map<String, Value> {
        let request = self.request;
        let mut fields = Map::new();
        let mut add = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                fields.insert(key.to_owned(), value);
            }
        };
        add("table_format", request.table_format.map(|format| json!(format)));
        add("extract_header", request.extract_header.then_some(Value::Bool(true)));
        add("extract_footer", request.extract_footer.then_some(Value::Bool(true)));
        add("include_blocks", request.include_blocks.then_some(Value::Bool(true)));
        add("confidence_scores_granularity", request.confidence.map(|fine| json!(fine)));
        add("bbox_annotation_format", request.bbox_annotation_format.clone());
        add("document_annotation_format", request.document_annotation_format.clone());
        add(
            "document_annotation_prompt",
            request.document_annotation_prompt.clone().map(Value::from),
        );
        fields
    }

    /// Warnings about fallbacks, for services that take none.
    pub(super) fn no_fallbacks(&self, warnings: &mut Vec<Warning>) {
        if !self.request.fallbacks.is_empty() {
            let why = format!("{} was asked directly, and has no others to turn to", self.provider);
            warnings.push(self.idle("fallbacks", &why));
        }
    }

    /// Warnings about what was asked for and no page of the answer has.
    pub(super) fn unanswered(&self, pages: &[Value], blocks: &str, warnings: &mut Vec<Warning>) {
        let request = self.request;
        let has = |key: &str| pages.iter().any(|page| page.get(key).is_some());
        let has_value =
            |key: &str| pages.iter().any(|page| page.get(key).is_some_and(|v| !v.is_null()));
        let mut warn = |missing: bool, option: &str, what: &str| {
            if missing {
                let why = format!(
                    "no page of {}'s answer has {what}; its model may not know it",
                    self.provider
                );
                warnings.push(self.idle(option, &why));
            }
        };
        if pages.is_empty() {
            return;
        }
        warn(request.table_format.is_some() && !has("tables"), "table_format", "tables");
        warn(request.extract_header && !has("header"), "extract_header", "a header");
        warn(request.extract_footer && !has("footer"), "extract_footer", "a footer");
        warn(request.include_blocks && !has_value(blocks), "include_blocks", "blocks");
        let scores = has("confidence_scores");
        warn(request.confidence.is_some() && !scores, "confidence", "confidence");
    }
}
