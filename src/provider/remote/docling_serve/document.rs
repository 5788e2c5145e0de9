//! Pages of a DoclingDocument and of the markdown that docling wrote of it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::json::{items, number, text, whole};
use super::PAGE_BREAK;
use crate::error::{Warning, WarningCode};
use crate::provider::request::OcrRequest;
use crate::provider::response::{BlockKind, Dimensions, OcrBlock, OcrImage, OcrPage, PixelBox};

/// What stands for a picture in docling's markdown.
const PICTURE: &str = "<!-- image -->";
/// How a picture begins there that comes with its pixels.
const PICTURE_PIXELS: &str = "![Image](data:";
/// docling's sizes and boxes are points.
const POINTS: u32 = 72;

/// What an answer says page by page.
pub(super) struct Told {
    pub(super) pages: Vec<OcrPage>,
    pub(super) warnings: Vec<Warning>,
}

/// Something on a page.
struct Item<'a> {
    value: &'a Value,
    label: &'a str,
    page: usize,
    rect: Option<PixelBox>,
    /// Whether it is part of the markdown.
    in_body: bool,
}

/// Makes pages. Without a DoclingDocument they have markdown and nothing else.
pub(super) fn pages(document: &Value, markdown: &str, request: &OcrRequest) -> Told {
    let mut sizes: BTreeMap<usize, Dimensions> = BTreeMap::new();
    for (key, page) in document["pages"].as_object().into_iter().flatten() {
        let number = whole(&page["page_no"]).or_else(|| key.parse().ok());
        let index = number.and_then(|n| usize::try_from(n).ok()?.checked_sub(1));
        if let (Some(index), Some(size)) = (index, dimensions(&page["size"])) {
            sizes.insert(index, size);
        }
    }
    let mut found = Vec::new();
    walk(document, &document["body"], &sizes, &mut found);
    walk(document, &document["furniture"], &sizes, &mut found);

    let parts: Vec<&str> = markdown.split(PAGE_BREAK).map(str::trim).collect();
    let (texts, warning) = assign(&parts, &sizes, &found);
    let mut writer = Writer { request, images: 0 };
    let pages = texts
        .into_iter()
        .map(|(index, markdown)| {
            let items: Vec<&Item<'_>> = found.iter().filter(|item| item.page == index).collect();
            writer.page(index, markdown, sizes.get(&index).copied(), &items)
        })
        .collect();
    Told { pages, warnings: warning.into_iter().collect() }
}

/// Which part of the markdown belongs to which page. docling writes a break where the page of what
/// it writes changes, so pages with nothing on them have no part.
fn assign(
    parts: &[&str],
    sizes: &BTreeMap<usize, Dimensions>,
    found: &[Item<'_>],
) -> (BTreeMap<usize, String>, Option<Warning>) {
    let all: Vec<usize> = sizes.keys().copied().collect();
    let mut filled: Vec<usize> = found.iter().filter(|i| i.in_body).map(|i| i.page).collect();
    filled.sort_unstable();
    filled.dedup();
    let mut texts: BTreeMap<usize, String> =
        all.iter().map(|&index| (index, String::new())).collect();
    let owners = match parts.len() {
        n if n == filled.len() => filled,
        n if n == all.len() => all,
        1 if filled.is_empty() && !all.is_empty() => all[..1].to_vec(),
        n if all.is_empty() => (0..n).collect(),
        _ => {
            // Nothing is lost: what has no page of its own stands on the last one.
            let owners = if filled.is_empty() { &all } else { &filled };
            let last = owners.len().saturating_sub(1);
            for (n, part) in parts.iter().enumerate() {
                let text = texts.entry(owners[n.min(last)]).or_default();
                if !text.is_empty() {
                    text.push_str("\n\n");
                }
                text.push_str(part);
            }
            let message = format!(
                "the markdown has {} parts for {} pages with content: it may stand on other pages \
                 than its own",
                parts.len(),
                owners.len()
            );
            return (texts, Some(Warning::new(WarningCode::Other, message)));
        }
    };
    for (index, part) in owners.into_iter().zip(parts) {
        texts.insert(index, (*part).to_owned());
    }
    (texts, None)
}

/// The items below a node, in reading order.
fn walk<'a>(
    document: &'a Value,
    node: &'a Value,
    sizes: &BTreeMap<usize, Dimensions>,
    found: &mut Vec<Item<'a>>,
) {
    /// A document that refers to itself ends somewhere.
    const MOST: usize = 1_000_000;
    let mut open: Vec<&'a Value> = items(&node["children"]).iter().rev().collect();
    let mut seen = std::collections::HashSet::new();
    while let Some(child) = open.pop() {
        let Some(pointer) = child["$ref"].as_str().or_else(|| child["cref"].as_str()) else {
            continue;
        };
        if !seen.insert(pointer) || found.len() > MOST {
            continue;
        }
        let Some(value) = document.pointer(pointer.trim_start_matches('#')) else { continue };
        found.extend(item(value, sizes));
        open.extend(items(&value["children"]).iter().rev());
    }
}

fn item<'a>(value: &'a Value, sizes: &BTreeMap<usize, Dimensions>) -> Option<Item<'a>> {
    let place = items(&value["prov"]).first()?;
    let page = usize::try_from(whole(&place["page_no"])?).ok()?.checked_sub(1)?;
    Some(Item {
        value,
        label: value["label"].as_str().unwrap_or("text"),
        page,
        rect: rect(&place["bbox"], sizes.get(&page)),
        in_body: value["content_layer"].as_str().unwrap_or("body") == "body",
    })
}

fn dimensions(size: &Value) -> Option<Dimensions> {
    let (width, height) = (number(&size["width"])? as f32, number(&size["height"])? as f32);
    Some(Dimensions {
        dpi: POINTS,
        width: width.round().max(0.0) as u32,
        height: height.round().max(0.0) as u32,
        width_points: width,
        height_points: height,
    })
}

/// A box with its origin at the top left; docling's is at the bottom, unless it says otherwise.
fn rect(bbox: &Value, page: Option<&Dimensions>) -> Option<PixelBox> {
    let edge = |key: &str| number(&bbox[key]);
    let (left, right) = (edge("l")?, edge("r")?);
    let (mut top, mut bottom) = (edge("t")?, edge("b")?);
    if bbox["coord_origin"].as_str() != Some("TOPLEFT") {
        let height = f64::from(page?.height_points);
        (top, bottom) = (height - top, height - bottom);
    }
    let pixel = |n: f64| n.round().max(0.0) as u32;
    let (top, bottom) = (top.min(bottom), top.max(bottom));
    Some(PixelBox {
        left: pixel(left),
        top: pixel(top),
        right: pixel(right.max(left)),
        bottom: pixel(bottom),
    })
}

struct Writer<'a> {
    request: &'a OcrRequest,
    /// Images so far.
    images: usize,
}

impl Writer<'_> {
    fn page(
        &mut self,
        index: usize,
        markdown: String,
        dimensions: Option<Dimensions>,
        items: &[&Item<'_>],
    ) -> OcrPage {
        let mut page = OcrPage { index, markdown, dimensions, ..OcrPage::default() };
        let links = self.images(items, &mut page);
        let furniture = |label: &str| {
            let texts: Vec<&str> = items
                .iter()
                .filter(|item| item.label == label)
                .filter_map(|item| item.value["text"].as_str())
                .collect();
            (!texts.is_empty()).then(|| texts.join("\n"))
        };
        if self.request.extract_header {
            page.header = furniture("page_header");
        }
        if self.request.extract_footer {
            page.footer = furniture("page_footer");
        }
        for link in items.iter().filter_map(|item| text(&item.value["hyperlink"])) {
            if !page.hyperlinks.contains(&link) {
                page.hyperlinks.push(link);
            }
        }
        if self.request.include_blocks {
            let mut links = links.into_iter();
            page.blocks = Some(items.iter().filter_map(|item| block(item, &mut links)).collect());
        }
        page
    }

    /// Takes the pictures of a page, and links them in its markdown. Gives the name of each.
    fn images(&mut self, items: &[&Item<'_>], page: &mut OcrPage) -> Vec<Option<String>> {
        let pictures: Vec<&&Item<'_>> =
            items.iter().filter(|item| item.in_body && is_picture(item.label)).collect();
        let least = self.request.image_min_size.unwrap_or(0);
        let mut names = Vec::new();
        for picture in pictures {
            let small =
                picture.rect.is_some_and(|r| r.right - r.left < least || r.bottom - r.top < least);
            if small || self.request.image_limit.is_some_and(|most| page.images.len() >= most) {
                names.push(None);
                continue;
            }
            let pixels =
                text(&picture.value["image"]["uri"]).filter(|uri| uri.starts_with("data:"));
            let ending = match &pixels {
                Some(uri) if uri.starts_with("data:image/png") => "png",
                _ => "jpeg",
            };
            let id = format!("img-{}.{ending}", self.images);
            self.images += 1;
            page.images.push(OcrImage {
                id: id.clone(),
                rect: picture.rect,
                base64: pixels.filter(|_| self.request.include_image_base64),
                annotation: None,
            });
            names.push(Some(id));
        }
        page.markdown = linked(&page.markdown, &names);
        names
    }
}

/// The markdown with links in place of its pictures. Where it has another number of them than the
/// page, links follow in order, and pixels are taken out in any case.
fn linked(markdown: &str, names: &[Option<String>]) -> String {
    let mut out = String::with_capacity(markdown.len());
    let (mut rest, mut names) = (markdown, names.iter());
    loop {
        let plain = rest.find(PICTURE).map(|at| (at, at + PICTURE.len()));
        let pixels =
            rest.find(PICTURE_PIXELS).and_then(|at| Some((at, at + rest[at..].find(')')? + 1)));
        let next = match (plain, pixels) {
            (Some(a), Some(b)) => Some(if a.0 < b.0 { a } else { b }),
            (a, b) => a.or(b),
        };
        let Some((start, end)) = next else { break };
        out.push_str(&rest[..start]);
        match names.next() {
            Some(Some(name)) => out.push_str(&format!("![{name}]({name})")),
            Some(None) => {}
            None => out.push_str(PICTURE),
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

fn is_picture(label: &str) -> bool {
    matches!(label, "picture" | "chart")
}

fn block(item: &Item<'_>, pictures: &mut impl Iterator<Item = Option<String>>) -> Option<OcrBlock> {
    let kind = match item.label {
        "title" | "section_header" => BlockKind::Title,
        "list_item" => BlockKind::List,
        "table" | "document_index" => BlockKind::Table,
        "caption" => BlockKind::Caption,
        "code" => BlockKind::Code,
        "formula" => BlockKind::Equation,
        "page_header" => BlockKind::Header,
        "page_footer" => BlockKind::Footer,
        "reference" => BlockKind::References,
        label if is_picture(label) => BlockKind::Image,
        _ => BlockKind::Text,
    };
    let image_id = match kind {
        BlockKind::Image if item.in_body => pictures.next().flatten(),
        _ => None,
    };
    let content = match kind {
        BlockKind::Image => String::new(),
        BlockKind::Table => table(&item.value["data"]),
        _ => text(&item.value["text"]).unwrap_or_default(),
    };
    Some(OcrBlock { kind, rect: item.rect?, content, image_id, table_id: None, confidence: None })
}

/// A table as a pipe table; its first row is the header.
fn table(data: &Value) -> String {
    let mut out = String::new();
    for (n, row) in items(&data["grid"]).iter().enumerate() {
        let cells: Vec<String> = items(row)
            .iter()
            .map(|cell| {
                let text = cell["text"].as_str().unwrap_or_default();
                text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
            })
            .collect();
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
        if n == 0 {
            out.push_str(&format!("|{}\n", " --- |".repeat(cells.len())));
        }
    }
    out
}
