//! DocTags: the document as a sequence of tags with places, as docling-core writes it
//! (`DocTagsDocSerializer`; Nassar et al., SmolDocling, arXiv:2503.11576; tables as OTSL: Lysak et
//! al., arXiv:2305.03393).

use std::fmt::Write as _;

use serde_json::Value;

use super::tree::{Tree, label};

/// Places are given on a grid of so many steps over the page.
const GRID: f64 = 500.0;
/// Classes of pictures that docling-core calls charts here.
const CHARTS: [&str; 7] = [
    "pie_chart",
    "bar_chart",
    "stacked_bar_chart",
    "line_chart",
    "flow_chart",
    "scatter_chart",
    "heatmap",
];

/// A `DoclingDocument` (see [`docling_document`](super::docling_document)) as DocTags.
#[tracing::instrument(name = "export", level = "debug", skip_all, fields(format = "doctags"))]
pub fn doctags(document: &Value) -> String {
    let writer = Writer { document, tree: Tree(document) };
    let mut parts = Parts::default();
    for child in writer.tree.body() {
        writer.item(child, &mut parts);
    }
    format!("<doctag>{}\n</doctag>", parts.pieces.join("\n"))
}

/// What was written, piece by piece, with page breaks between.
#[derive(Default)]
struct Parts {
    pieces: Vec<String>,
    page: Option<u64>,
}

impl Parts {
    /// A page break, if the item is on another page than the one before.
    fn turn(&mut self, item: &Value) {
        let page = item["prov"][0]["page_no"].as_u64();
        if page.is_some() {
            if self.page.is_some() && self.page != page {
                self.pieces.push("<page_break>".to_owned());
            }
            self.page = page;
        }
    }
}

struct Writer<'a> {
    document: &'a Value,
    tree: Tree<'a>,
}

impl<'a> Writer<'a> {
    fn item(&self, item: &'a Value, parts: &mut Parts) {
        let label = label(item);
        if label != "list" {
            parts.turn(item);
        }
        let piece = match label {
            "list" => self.list(item, parts),
            "table" => {
                let (places, captions) = (self.places(item), self.captions(item));
                format!("<otsl>{places}{}{captions}</otsl>", otsl(&item["data"]))
            }
            "picture" => {
                let class = item["meta"]["classification"]["predictions"][0]["class_name"].as_str();
                let tag =
                    if class.is_some_and(|c| CHARTS.contains(&c)) { "chart" } else { "picture" };
                let class = class.map(|class| format!("<{class}>")).unwrap_or_default();
                let (places, captions) = (self.places(item), self.captions(item));
                format!("<{tag}>{places}{class}{captions}</{tag}>")
            }
            "section_header" => {
                let tag = format!("section_header_level_{}", item["level"].as_u64().unwrap_or(1));
                format!("<{tag}>{}{}</{tag}>", self.places(item), text(item))
            }
            "code" => {
                let language = item["code_language"].as_str().unwrap_or("unknown");
                let text = item["text"].as_str().unwrap_or_default();
                format!("<code>{}<_{language}_>{text}</code>", self.places(item))
            }
            label => format!("<{label}>{}{}</{label}>", self.places(item), text(item)),
        };
        parts.pieces.push(piece);
    }

    /// A list with its items; lists inside of them become items of their own.
    fn list(&self, group: &'a Value, around: &mut Parts) -> String {
        let mut pieces = Vec::new();
        for item in self.tree.children(group) {
            let mut inner = Parts { pieces: Vec::new(), page: around.page };
            inner.turn(item);
            // A list that begins on a new page has the break before it.
            if pieces.is_empty() {
                around.pieces.append(&mut inner.pieces);
            } else {
                pieces
                    .extend(inner.pieces.drain(..).map(|p| format!("<list_item>{p}</list_item>")));
            }
            around.page = inner.page;
            pieces.push(format!("<list_item>{}{}</list_item>", self.places(item), text(item)));
            for nested in self.tree.children(item) {
                let nested = self.list(nested, around);
                pieces.push(format!("<list_item>{nested}</list_item>"));
            }
        }
        let tag = if self.tree.is_counted(group) { "ordered_list" } else { "unordered_list" };
        format!("<{tag}>{}\n</{tag}>", pieces.join("\n"))
    }

    /// The captions of a table or picture.
    fn captions(&self, item: &'a Value) -> String {
        self.tree
            .captions(item)
            .map(|caption| format!("<caption>{}{}</caption>", self.places(caption), text(caption)))
            .collect()
    }

    /// Left, top, right and bottom of each place of an item, on the grid.
    fn places(&self, item: &Value) -> String {
        let mut out = String::new();
        for place in item["prov"].as_array().into_iter().flatten() {
            let page = &self.document["pages"][place["page_no"].to_string()]["size"];
            let (Some(width), Some(height)) = (page["width"].as_f64(), page["height"].as_f64())
            else {
                continue;
            };
            let edge = |name: &str| place["bbox"][name].as_f64().unwrap_or(0.0);
            // Boxes have their origin at the bottom left.
            let (top, bottom) = (height - edge("t"), height - edge("b"));
            for (value, size) in
                [(edge("l"), width), (top, height), (edge("r"), width), (bottom, height)]
            {
                let step = (GRID * (value / size)).round_ties_even().clamp(0.0, GRID - 1.0);
                // Writing to a string cannot fail.
                let _ = write!(out, "<loc_{step}>");
            }
        }
        out
    }
}

fn text(item: &Value) -> &str {
    item["text"].as_str().unwrap_or_default().trim()
}

/// A table's cells, row by row: `ched` and `fcel` for heads and others, `ecel` for empty ones,
/// `lcel`, `ucel` and `xcel` for what a cell from the left, from above or both covers.
fn otsl(data: &Value) -> String {
    let mut out = String::new();
    for (i, row) in data["grid"].as_array().into_iter().flatten().enumerate() {
        for (j, cell) in row.as_array().into_iter().flatten().enumerate() {
            let number = |name: &str| cell[name].as_u64().unwrap_or(0) as usize;
            let from_above = number("start_row_offset_idx") != i;
            let from_left = number("start_col_offset_idx") != j;
            let text = text(cell);
            out.push_str(match (from_above, from_left) {
                (true, true) => "<xcel>",
                (true, false) => "<ucel>",
                (false, true) => "<lcel>",
                (false, false) if text.is_empty() => "<ecel>",
                (false, false) if cell["column_header"] == true => "<ched>",
                (false, false) if cell["row_header"] == true => "<rhed>",
                (false, false) => "<fcel>",
            });
            if !from_above && !from_left {
                out.push_str(text);
            }
        }
        out.push_str("<nl>");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::docling_document::{DoclingOptions, docling_document};
    use super::super::markdown::tests::{block, document, item as list_item, paragraph};
    use super::super::table::tests::table;
    use super::*;
    use crate::document::{Block, ListMarker, Role};
    use crate::geometry::rect;

    fn write(pages: Vec<Vec<Block>>) -> String {
        doctags(&docling_document(&document(pages), &DoclingOptions::default()))
    }

    /// The tests' boxes are a point wide, at the top left of a page of 612 by 792 points.
    const CORNER: &str = "<loc_0><loc_0><loc_1><loc_1>";

    #[test]
    fn places_are_steps_of_a_grid_from_the_top_left() {
        let middle = Block { rect: rect(306.0, 396.0, 612.0, 792.0), ..paragraph("a < b & <c>") };
        let want =
            "<doctag><text><loc_250><loc_250><loc_499><loc_499>a < b & <c></text>\n</doctag>";
        assert_eq!(write(vec![vec![middle]]), want);
    }

    #[test]
    fn headings_code_and_page_breaks() {
        let out = write(vec![
            vec![block(Role::Heading { level: 1 }, "A"), block(Role::Heading { level: 3 }, "B")],
            vec![block(Role::Code, "x = 1\n  y")],
        ]);
        let want = format!(
            "<doctag><title>{CORNER}A</title>\n\
             <section_header_level_2>{CORNER}B</section_header_level_2>\n<page_break>\n\
             <code>{CORNER}<_unknown_>x = 1\n  y</code>\n</doctag>"
        );
        assert_eq!(out, want);
    }

    #[test]
    fn lists_in_lists_are_items_of_their_own() {
        let number = |mark: &str| ListMarker::Number(mark.to_owned());
        let out = write(vec![vec![
            list_item(number("1."), 0, "one"),
            list_item(ListMarker::Bullet, 1, "deep"),
            list_item(number("2."), 0, "two"),
        ]]);
        let want = format!(
            "<doctag><ordered_list><list_item>{CORNER}one</list_item>\n\
             <list_item><unordered_list><list_item>{CORNER}deep</list_item>\n\
             </unordered_list></list_item>\n<list_item>{CORNER}two</list_item>\n\
             </ordered_list>\n</doctag>"
        );
        assert_eq!(out, want);
    }

    #[test]
    fn tables_are_otsl_with_their_captions_inside() {
        let mut spanning = table(&[&["a", "b"], &["", "d"]]);
        spanning.cells.retain(|cell| cell.text != "b");
        if let Some(cell) = spanning.cells.first_mut() {
            cell.column_span = 2;
            cell.header = true;
        }
        let out = write(vec![vec![
            block(Role::Caption, "Table 1"),
            block(Role::Table { table: spanning }, ""),
            block(Role::Figure, "inside"),
            block(Role::Caption, "Figure 1"),
        ]]);
        let want = format!(
            "<doctag><otsl>{CORNER}<ched>a<lcel><nl><ecel><fcel>d<nl>\
             <caption>{CORNER}Table 1</caption></otsl>\n\
             <picture>{CORNER}<caption>{CORNER}Figure 1</caption></picture>\n</doctag>"
        );
        assert_eq!(out, want);
    }
}
