//! Mistral's wire format: `POST /v1/ocr` (<https://docs.mistral.ai/api/endpoint/ocr>).

use serde_json::{Map, Value, json};

use super::json::{edges, items, json_text, number, others, pixels, score, text, whole};
use super::{Asked, Sent};
use crate::error::{Result, Warning, WarningCode};
use crate::provider::request::{Granularity, OcrTableFormat};
use crate::provider::response::{
    BlockConfidence, BlockKind, Dimensions, OcrBlock, OcrImage, OcrPage, OcrResponse, OcrTable,
    PageConfidence, WordConfidence,
};

/// The path.
pub(super) const PATH: &str = "/v1/ocr";

/// Points of an inch.
const POINTS: f32 = 72.0;

/// A request. Mistral refuses fields that it does not know, so `parameters` cannot be sent.
pub(super) fn request(asked: &Asked<'_>) -> Result<Sent> {
    let mut warnings = Vec::new();
    let mut body = fields(asked)?;
    if asked.request.confidence == Some(Granularity::Document) {
        body.insert("confidence_scores_granularity".to_owned(), json!("page"));
        let message = format!("{} has no scores of documents: pages have theirs", asked.provider);
        warnings.push(Warning::option("confidence", message));
    }
    let parameters = &asked.request.parameters;
    for key in parameters.as_object().into_iter().flatten().map(|(key, _)| key) {
        let why = format!("{} takes no options of an engine", asked.provider);
        warnings.push(asked.idle(key, &why));
    }
    if !parameters.is_null() && !parameters.is_object() {
        warnings.push(asked.idle("parameters", "they are no object"));
    }
    asked.no_fallbacks(&mut warnings);
    Ok(Sent { path: PATH, body: Value::Object(body), warnings })
}

/// All fields but `parameters` and `fallbacks`.
pub(super) fn fields(asked: &Asked<'_>) -> Result<Map<String, Value>> {
    let mut body = asked.common_fields()?;
    body.extend(asked.further_fields());
    let address = asked.document.address();
    let document = match asked.document.is_image() {
        true => json!({ "type": "image_url", "image_url": address }),
        false => {
            let mut document = json!({ "type": "document_url", "document_url": address });
            if let super::Document::Inline { name, .. } = asked.document {
                document["document_name"] = json!(name);
            }
            document
        }
    };
    body.insert("document".to_owned(), document);
    Ok(body)
}

/// The names of models that read documents.
pub(super) fn models(answer: &Value) -> Vec<String> {
    let reads = |model: &&Value| {
        let name = model["id"].as_str().unwrap_or_default();
        model["capabilities"]["ocr"] == true || name.contains("ocr")
    };
    items(&answer["data"]).iter().filter(reads).filter_map(|model| text(&model["id"])).collect()
}

/// Reads an answer.
///
/// # Errors
///
/// Says what is wrong with an answer that holds no pages.
pub(super) fn response(
    answer: &Value,
    asked: &Asked<'_>,
    out: &mut OcrResponse,
) -> Result<(), String> {
    read(answer, asked, Unit::Pixels, "blocks", out)
}

/// Reads an answer of this shape, with boxes in this unit and blocks in the field of this name.
///
/// # Errors
///
/// As [`response`].
pub(super) fn read(
    answer: &Value,
    asked: &Asked<'_>,
    unit: Unit,
    blocks: &'static str,
    out: &mut OcrResponse,
) -> Result<(), String> {
    const KNOWN: [&str; 9] = [
        "id",
        "model",
        "pages",
        "usage_info",
        "usage",
        "cost",
        "document_annotation",
        "warnings",
        "extra_fields",
    ];
    let pages = answer["pages"].as_array().ok_or("its answer has no pages")?;
    out.id = text(&answer["id"]).unwrap_or_default();
    out.model = text(&answer["model"]).unwrap_or_default();
    let mut reader = Reader::new(asked.request.include_blocks, unit, blocks);
    out.pages = pages.iter().enumerate().map(|(n, page)| reader.page(n, page)).collect();
    reader.finish(out);
    usage(answer, out);
    out.document_annotation = json_text(&answer["document_annotation"]);
    extra_fields(answer, &KNOWN, out);
    asked.unanswered(pages, blocks, &mut out.warnings);
    Ok(())
}

/// What was used up, by Mistral's name, Opper's, or that of Opper's older interface.
fn usage(answer: &Value, out: &mut OcrResponse) {
    let (info, usage) = (&answer["usage_info"], &answer["usage"]);
    let count = whole(&info["pages_processed"]).or_else(|| whole(&usage["pages_processed"]));
    let count = count.and_then(|count| usize::try_from(count).ok());
    out.usage.pages_processed = count.unwrap_or(out.pages.len());
    // A gateway writes 0 where it was not told.
    out.usage.document_bytes = whole(&info["doc_size_bytes"]).filter(|size| *size > 0);
    out.usage.cost = number(&usage["cost"])
        .or_else(|| number(&answer["cost"]["total"]))
        .or_else(|| number(&answer["cost"]));
}

/// Warnings, and everything that has no field of its own.
fn extra_fields(answer: &Value, known: &[&str], out: &mut OcrResponse) {
    for warning in items(&answer["warnings"]) {
        let Some(message) = text(&warning["message"]).or_else(|| text(warning)) else { continue };
        let code = serde_json::from_value(warning["code"].clone()).unwrap_or(WarningCode::Other);
        let option = match warning["option"].as_str() {
            Some("confidence_scores_granularity") => Some("confidence"),
            other => other,
        };
        out.warnings.push(Warning {
            option: option.map(str::to_owned),
            page: whole(&warning["page"]).and_then(|page| usize::try_from(page).ok()),
            ..Warning::new(code, message)
        });
    }
    let extra = &answer["extra_fields"];
    if let Ok(status) = serde_json::from_value(extra["status"].clone()) {
        out.status = status;
    }
    out.language = text(&extra["language"]);
    out.confidence = score(&extra["confidence"]).or_else(|| mean(&out.pages));
    let mut rest = others(answer, known);
    out.extra_fields.append(&mut rest);
    if let Value::Object(map) = extra {
        let mut upstream = map.clone();
        if let Some(scores) = upstream.remove("document_confidence") {
            out.extra_fields.insert("document_confidence".to_owned(), scores);
        }
        out.extra_fields.insert("upstream".to_owned(), Value::Object(upstream));
    }
}

/// The mean of the pages' scores.
fn mean(pages: &[OcrPage]) -> Option<f32> {
    let scores: Vec<f32> =
        pages.iter().filter_map(|p| Some(p.confidence.as_ref()?.average)).collect();
    (!scores.is_empty()).then(|| scores.iter().sum::<f32>() / scores.len() as f32)
}

/// What sizes and boxes of a page are given in where it does not tell its resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Pixels of an unknown resolution: points cannot be told, and are taken to be pixels.
    Pixels,
    /// Points: the page is then one of 72 pixels an inch.
    Points,
}

/// Reads pages.
pub(super) struct Reader {
    include_blocks: bool,
    unit: Unit,
    /// The name of the list of blocks.
    blocks: &'static str,
    /// Types of blocks that are not known.
    unknown: Vec<String>,
    /// Fields of pages that have none of their own here, by page.
    further: Map<String, Value>,
}

impl Reader {
    pub(super) fn new(include_blocks: bool, unit: Unit, blocks: &'static str) -> Self {
        Self { include_blocks, unit, blocks, unknown: Vec::new(), further: Map::new() }
    }

    /// Hands on what was found besides pages.
    pub(super) fn finish(self, out: &mut OcrResponse) {
        if !self.unknown.is_empty() {
            out.extra_fields.insert("unknown_block_types".to_owned(), json!(self.unknown));
        }
        if !self.further.is_empty() {
            out.extra_fields.insert("page_fields".to_owned(), Value::Object(self.further));
        }
    }

    /// A page; `place` is its index where it does not tell it.
    pub(super) fn page(&mut self, place: usize, page: &Value) -> OcrPage {
        let known = [
            "index",
            "markdown",
            "images",
            "dimensions",
            "tables",
            "hyperlinks",
            "header",
            "footer",
            "confidence_scores",
            "blocks",
            "elements",
        ];
        let index =
            whole(&page["index"]).and_then(|index| usize::try_from(index).ok()).unwrap_or(place);
        let markdown = text(&page["markdown"]).unwrap_or_default();
        let further = others(page, &known);
        if !further.is_empty() {
            self.further.insert(index.to_string(), Value::Object(further));
        }
        let list = page[self.blocks].as_array();
        let blocks = list.filter(|_| self.include_blocks).map(|blocks| self.blocks(blocks));
        OcrPage {
            index,
            images: items(&page["images"]).iter().enumerate().map(image).collect(),
            tables: items(&page["tables"]).iter().enumerate().map(table).collect(),
            header: text(&page["header"]),
            footer: text(&page["footer"]),
            dimensions: self.dimensions(&page["dimensions"]),
            hyperlinks: items(&page["hyperlinks"]).iter().filter_map(text).collect(),
            blocks,
            confidence: page_scores(&page["confidence_scores"], &markdown),
            markdown,
        }
    }

    fn dimensions(&self, value: &Value) -> Option<Dimensions> {
        let (width, height) = (number(&value["width"])? as f32, number(&value["height"])? as f32);
        let dpi = pixels(&value["dpi"]).filter(|dpi| *dpi > 0);
        let points = |size: f32| size * POINTS / dpi.map_or(POINTS, |dpi| dpi as f32);
        let known = dpi.is_some() || self.unit == Unit::Points;
        Some(Dimensions {
            // 0 is what is known where the resolution is not.
            dpi: dpi.unwrap_or(if known { POINTS as u32 } else { 0 }),
            width: pixels(&value["width"])?,
            height: pixels(&value["height"])?,
            width_points: points(width),
            height_points: points(height),
        })
    }

    /// Blocks with a box; a type that is not known counts as text.
    fn blocks(&mut self, blocks: &[Value]) -> Vec<OcrBlock> {
        let block = |value: &Value| {
            let rect = edges(value)?;
            let kind = serde_json::from_value(value["type"].clone()).unwrap_or_else(|_| {
                let name = json_text(&value["type"]).unwrap_or_default();
                if !self.unknown.contains(&name) {
                    self.unknown.push(name);
                }
                BlockKind::Text
            });
            let content = ["content", "text", "markdown"].into_iter().find_map(|k| text(&value[k]));
            Some(OcrBlock {
                kind,
                rect,
                content: content.unwrap_or_default(),
                image_id: text(&value["image_id"]),
                table_id: text(&value["table_id"]),
                confidence: block_scores(&value["confidence_scores"]),
            })
        };
        blocks.iter().filter_map(block).collect()
    }
}

fn image((place, value): (usize, &Value)) -> OcrImage {
    let pixels = text(&value["image_base64"]).map(|data| {
        if data.starts_with("data:") { data } else { format!("data:image/jpeg;base64,{data}") }
    });
    OcrImage {
        id: text(&value["id"]).unwrap_or_else(|| format!("img-{place}.jpeg")),
        rect: edges(value),
        base64: pixels,
        annotation: json_text(&value["image_annotation"]),
    }
}

fn table((place, value): (usize, &Value)) -> OcrTable {
    let content = text(&value["content"]).unwrap_or_default();
    let guess = match content.trim_start().starts_with('<') {
        true => OcrTableFormat::Html,
        false => OcrTableFormat::Markdown,
    };
    let format = serde_json::from_value(value["format"].clone()).unwrap_or(guess);
    let id = text(&value["id"]).unwrap_or_else(|| format!("tbl-{place}.{}", format.extension()));
    OcrTable { id, format, words: words(&value["word_confidence_scores"], &content), content }
}

fn page_scores(value: &Value, markdown: &str) -> Option<PageConfidence> {
    let average = score(&value["average_page_confidence_score"])?;
    let minimum = score(&value["minimum_page_confidence_score"]).unwrap_or(average);
    Some(PageConfidence {
        average,
        minimum,
        words: words(&value["word_confidence_scores"], markdown),
    })
}

fn block_scores(value: &Value) -> Option<BlockConfidence> {
    value.is_object().then(|| BlockConfidence {
        average: score(&value["average_content_confidence_score"]),
        minimum: score(&value["minimum_content_confidence_score"]),
        kind: score(&value["block_type_confidence_score"]),
    })
}

/// Words with their scores; `None` for scores without words, as some gateways give them. What
/// services count in `start_index` is not told, so it is counted anew where the words put together
/// are the text.
fn words(value: &Value, whole_text: &str) -> Option<Vec<WordConfidence>> {
    let word = |value: &Value| {
        Some(WordConfidence {
            text: value["text"].as_str()?.to_owned(),
            confidence: score(&value["confidence"]).filter(|_| value["recognised"] != false),
            start_index: whole(&value["start_index"]).and_then(|n| usize::try_from(n).ok())?,
        })
    };
    let mut words: Vec<WordConfidence> =
        value.as_array()?.iter().map(word).collect::<Option<_>>()?;
    if words.iter().map(|word| word.text.as_str()).eq_text(whole_text) {
        let mut start = 0;
        for word in &mut words {
            word.start_index = start;
            start += word.text.chars().count();
        }
    }
    Some(words)
}

/// Whether pieces put together are a text.
trait EqText {
    fn eq_text(self, text: &str) -> bool;
}

impl<'a, I: Iterator<Item = &'a str>> EqText for I {
    fn eq_text(self, text: &str) -> bool {
        let mut rest = Some(text);
        for piece in self {
            rest = rest.and_then(|rest| rest.strip_prefix(piece));
        }
        rest == Some("")
    }
}
