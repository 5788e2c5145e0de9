//! The boxes of a page, drawn in points.

use super::put;
use crate::document::{Block, Page, Role, Word};
use crate::export::MarkdownOptions;
use crate::export::markdown::blocks_markdown;
use crate::geometry::{Pt, Rect};
use html_escape::encode_text as html;

/// Words below this confidence are marked as doubtful.
const DOUBTFUL: f32 = 0.7;
/// Radius of the numbers of the reading order, as a share of the page's width.
const NUMBER: f32 = 0.012;

/// Draws all layers of a page's boxes.
pub(super) fn draw(out: &mut String, page: &Page) {
    layer(out, "rules", |out| {
        for rule in &page.rules {
            area(out, &rule.rect, "rule", "ruling line");
        }
        for placement in &page.placements {
            area(out, &placement.rect, "placement", &format!("{:?}", placement.kind));
        }
    });
    layer(out, "blocks", |out| {
        for (n, block) in page.blocks.iter().enumerate() {
            let title = format!("{n}: {}\n{}", role(&block.role), block_text(block));
            put(
                out,
                format_args!("<g id=\"p{}-b{n}\" data-block=\"p{}-b{n}\">", page.index, page.index),
            );
            area(out, &block.rect, &format!("block role-{}", class(&block.role)), &title);
            out.push_str("</g>\n");
        }
    });
    layer(out, "tables", |out| {
        for block in &page.blocks {
            let Role::Table { table } = &block.role else { continue };
            for cell in &table.cells {
                let at = format!("row {}, column {}\n{}", cell.row, cell.column, cell.text);
                let class = if cell.header { "cell head" } else { "cell" };
                area(out, &cell.rect, class, &at);
            }
        }
    });
    layer(out, "lines", |out| {
        for line in page.blocks.iter().flat_map(|b| &b.lines) {
            let words: Vec<&str> = line
                .words
                .iter()
                .filter_map(|&i| page.words.get(i as usize))
                .map(|w| w.text.as_str())
                .collect();
            area(out, &line.rect, "line", &words.join(" "));
        }
    });
    layer(out, "words", |out| words(out, page, "word", |_| true));
    layer(out, "doubtful", |out| {
        words(out, page, "doubt", |w| w.confidence.is_some_and(|c| c < DOUBTFUL));
    });
    layer(out, "order", |out| order(out, page));
}

fn layer(out: &mut String, class: &str, fill: impl FnOnce(&mut String)) {
    put(out, format_args!("<g class=\"layer {class}\">\n"));
    fill(out);
    out.push_str("</g>\n");
}

fn words(out: &mut String, page: &Page, class: &str, which: impl Fn(&Word) -> bool) {
    for word in page.words.iter().filter(|w| which(w)) {
        let title = match word.confidence {
            Some(confidence) => format!("{} ({:.0} %)", word.text, 100.0 * confidence),
            None => word.text.clone(),
        };
        area(out, &word.rect, class, &title);
    }
}

/// A box with what is told when the pointer rests on it.
fn area(out: &mut String, r: &Rect<Pt>, class: &str, title: &str) {
    put(
        out,
        format_args!(
            "<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"><title>{}</title></rect>\n",
            r.min.x,
            r.min.y,
            r.width().max(0.3),
            r.height().max(0.3),
            html(title)
        ),
    );
}

/// The way from block to block.
fn order(out: &mut String, page: &Page) {
    let radius = NUMBER * page.size.width.max(1.0);
    let start = |b: &Block| (b.rect.min.x, b.rect.min.y);
    let path: Vec<String> =
        page.blocks.iter().map(|b| format!("{:.1},{:.1}", start(b).0, start(b).1)).collect();
    put(out, format_args!("<polyline points=\"{}\"/>\n", path.join(" ")));
    for (n, block) in page.blocks.iter().enumerate() {
        let (x, y) = start(block);
        put(
            out,
            format_args!(
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\"/>\
             <text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{:.1}\">{n}</text>\n",
                1.3 * radius
            ),
        );
    }
}

/// The blocks in reading order, as markdown, each tied to its box.
pub(super) fn reading(page: &Page, options: &MarkdownOptions) -> String {
    let mut out = String::new();
    for (n, block) in page.blocks.iter().enumerate() {
        let markdown = blocks_markdown(std::slice::from_ref(block), options, &mut |_, _| None);
        let id = format!("p{}-b{n}", page.index);
        put(
            &mut out,
            format_args!(
                "<article data-block=\"{id}\" class=\"role-{}\" tabindex=\"0\"><b>{n} {}</b><pre>{}</pre></article>\n",
                class(&block.role),
                role(&block.role),
                html(markdown.trim_end())
            ),
        );
    }
    out
}

fn block_text(block: &Block) -> String {
    match &block.role {
        Role::Table { table } => format!("{} rows, {} columns", table.rows, table.columns),
        _ => block.text.clone(),
    }
}

fn role(role: &Role) -> String {
    match role {
        Role::Heading { level } => format!("heading {level}"),
        Role::ListItem { depth, .. } => format!("list item, depth {depth}"),
        other => class(other).replace('_', " "),
    }
}

/// A role as part of a class name.
fn class(role: &Role) -> &'static str {
    match role {
        Role::Heading { .. } => "heading",
        Role::Paragraph => "paragraph",
        Role::ListItem { .. } => "list_item",
        Role::Table { .. } => "table",
        Role::Figure => "figure",
        Role::Caption => "caption",
        Role::Code => "code",
        Role::Formula { .. } => "formula",
        Role::Footnote => "footnote",
        Role::PageHeader => "page_header",
        Role::PageFooter => "page_footer",
    }
}
