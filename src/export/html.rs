//! A web page of its own, for people: headings, lists, tables, figures, no boxes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::enrichment;
use super::table::html_table;
use super::xml::{escape, is_rtl};
use crate::document::{Block, Document, Joins, ListMarker, Page, Role};
use crate::options::Profile;

/// Enough for a page that reads well on any screen and on paper.
const STYLE: &str = "body{max-width:46em;margin:2em auto;padding:0 1em;font:1em/1.5 serif}\
table{border-collapse:collapse;margin:1em 0}td,th{border:1px solid #999;padding:.2em .5em;\
text-align:start;vertical-align:top}pre{overflow:auto}figure{margin:1em 0}\
.marked{list-style:none}header,footer,aside{font-size:.9em;color:#444}";

/// Pages side by side with their images.
const SPLIT_STYLE: &str = "body{max-width:none}.split{display:grid;grid-template-columns:1fr 1fr;\
gap:2em;margin-bottom:2em}.split>img{width:100%;border:1px solid #999}";

/// The document as one HTML file without anything outside of it.
///
/// Every page is a `section`. Headings are `h1` to `h6`, list items stand in nested lists with
/// their numbers, tables keep their spans, a caption belongs to the figure or table beside it. A table
/// that goes on over pages is one table, in the section of the page where it begins.
/// With [`Profile::Full`], page headers and footers and the text inside of figures are part of it;
/// pictures themselves are not. The same document gives the same bytes.
pub fn html(document: &Document, profile: Profile) -> String {
    html_with(document, profile, &HtmlImages::default())
}

/// Images of a document as HTML, by their addresses: data URIs, or names of files.
#[derive(Clone, Debug, Default)]
pub(crate) struct HtmlImages {
    /// Figures by the positions of their page and block.
    pub(crate) figures: BTreeMap<(usize, usize), String>,
    /// Whole pages by their position, to stand beside their text.
    pub(crate) pages: BTreeMap<usize, String>,
}

/// The same with images.
#[tracing::instrument(name = "export", level = "debug", skip_all, fields(format = "html"))]
pub(crate) fn html_with(document: &Document, profile: Profile, images: &HtmlImages) -> String {
    let title = document.metadata.title.as_deref().or(document.name.as_deref());
    let language = document.language.as_deref();
    let split = if images.pages.is_empty() { "" } else { SPLIT_STYLE };
    let mut out = format!(
        "<!DOCTYPE html>\n<html{}>\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"generator\" content=\"recto {}\">\n<title>{}</title>\n\
         <style>{STYLE}{split}</style>\n</head>\n<body>\n",
        attribute("lang", language),
        env!("CARGO_PKG_VERSION"),
        escape(title.unwrap_or("document")),
    );
    let joins = Joins::new(document.pages.iter().map(|page| page.blocks.as_slice()));
    for (n, page) in document.pages.iter().enumerate() {
        let image = images.pages.get(&n);
        if let Some(image) = image {
            let alt = format!("Page {}", page.index + 1);
            let _ = write!(out, "<div class=\"split\">\n{}", img(image, &alt));
        }
        section(&mut out, page, (n, &joins), (language, profile), images);
        if image.is_some() {
            out.push_str("</div>\n");
        }
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn attribute(name: &str, value: Option<&str>) -> String {
    value.map(|value| format!(" {name}=\"{}\"", escape(value))).unwrap_or_default()
}

/// The page at a position of the document, with the joins of the document's tables.
fn section(
    out: &mut String,
    page: &Page,
    (position, joins): (usize, &Joins),
    (language, profile): (Option<&str>, Profile),
    images: &HtmlImages,
) {
    // What the document says need not be said again.
    let own = page.language.as_deref().filter(|own| Some(*own) != language);
    let _ = writeln!(out, "<section id=\"page-{}\"{}>", page.index + 1, attribute("lang", own));
    let blocks: Vec<(usize, Cow<'_, Block>)> = page
        .blocks
        .iter()
        .enumerate()
        .filter(|(_, b)| {
            profile == Profile::Full || !matches!(b.role, Role::PageHeader | Role::PageFooter)
        })
        .filter_map(|(n, block)| match joins.at(position, n) {
            None => Some((n, Cow::Borrowed(block))),
            Some(whole) => whole.map(|table| {
                let role = Role::Table { table: table.clone() };
                (n, Cow::Owned(Block { role, ..block.clone() }))
            }),
        })
        .collect();
    let (numbers, blocks): (Vec<usize>, Vec<&Block>) =
        blocks.iter().map(|(n, block)| (*n, block.as_ref())).unzip();
    let mut at = 0;
    while let Some(&block) = blocks.get(at) {
        at += match block.role {
            Role::ListItem { .. } => list(out, &blocks[at..]),
            Role::Figure | Role::Table { .. } | Role::Caption => {
                // Of a pair, one at most is a figure.
                let image = [at, at + 1]
                    .into_iter()
                    .filter(|&at| blocks.get(at).is_some_and(|b| b.role == Role::Figure))
                    .find_map(|at| images.figures.get(&(position, *numbers.get(at)?)));
                figure(out, block, blocks.get(at + 1).copied(), (profile, image))
            }
            _ => {
                text(out, block);
                1
            }
        };
    }
    out.push_str("</section>\n");
}

/// A block that is text; nothing where it is empty.
fn text(out: &mut String, block: &Block) {
    let (open, tag) = match &block.role {
        Role::Heading { level } => (String::new(), format!("h{}", (*level).clamp(1, 6))),
        Role::Code => (String::new(), "pre".to_owned()),
        Role::Formula { .. } => (" class=\"formula\"".to_owned(), "p".to_owned()),
        Role::Footnote => (" role=\"doc-footnote\"".to_owned(), "aside".to_owned()),
        Role::PageHeader => (String::new(), "header".to_owned()),
        Role::PageFooter => (String::new(), "footer".to_owned()),
        _ => (String::new(), "p".to_owned()),
    };
    let body = if block.role == Role::Code {
        // Lines are kept.
        let lines: Vec<String> = block.text.trim_matches('\n').split('\n').map(escape).collect();
        let language = block.code_language().map(enrichment::fence_name);
        let class = language.map(|name| format!(" class=\"language-{name}\"")).unwrap_or_default();
        format!("<code{class}>{}</code>", lines.join("\n"))
    } else if let Role::Formula { latex: Some(latex) } = &block.role {
        math(latex, block.text.trim())
    } else {
        escape(block.text.trim())
    };
    if !block.text.trim().is_empty() {
        let _ = writeln!(out, "<{tag}{open}{}>{body}</{tag}>", direction(&block.text));
    }
}

/// What a formula reads as, with its LaTeX for programs that set it.
fn math(latex: &str, text: &str) -> String {
    format!(
        "<math display=\"block\"><semantics><mtext>{}</mtext><annotation \
         encoding=\"application/x-tex\">{}</annotation></semantics></math>",
        escape(text),
        escape(latex)
    )
}

fn img(address: &str, alt: &str) -> String {
    format!("<img src=\"{}\" alt=\"{}\">\n", escape(address), escape(alt))
}

fn direction(text: &str) -> &'static str {
    if is_rtl(text) { " dir=\"rtl\"" } else { "" }
}

/// A figure, a table or a caption, and the next block if the two belong together. Gives how many
/// blocks that were.
fn figure(
    out: &mut String,
    block: &Block,
    next: Option<&Block>,
    (profile, image): (Profile, Option<&String>),
) -> usize {
    let is_caption = |b: &Block| b.role == Role::Caption;
    let is_shown = |b: &Block| matches!(b.role, Role::Figure | Role::Table { .. });
    let pair = next
        .filter(|next| is_caption(block) && is_shown(next) || is_shown(block) && is_caption(next));
    if is_caption(block) && pair.is_none() {
        text(out, block);
        return 1;
    }
    let alone = pair.is_none() && matches!(block.role, Role::Table { .. });
    if !alone {
        out.push_str("<figure>\n");
    }
    for block in std::iter::once(block).chain(pair) {
        match &block.role {
            Role::Caption => {
                let _ = writeln!(out, "<figcaption>{}</figcaption>", escape(block.text.trim()));
            }
            Role::Table { table } => {
                let table = html_table(table);
                if !table.is_empty() {
                    out.push_str(&table);
                    out.push('\n');
                }
            }
            Role::Figure if image.is_some() => {
                let alt = if profile == Profile::Full { block.text.trim() } else { "" };
                out.extend(image.map(|image| img(image, alt)));
            }
            _ if profile == Profile::Full && !block.text.trim().is_empty() => {
                let _ = writeln!(out, "<p>{}</p>", escape(block.text.trim()));
            }
            _ => {}
        }
        for text in enrichment::in_full(block) {
            let _ = writeln!(out, "<p>{}</p>", escape(text.trim()));
        }
    }
    if !alone {
        out.push_str("</figure>\n");
    }
    1 + usize::from(pair.is_some())
}

/// The list items that come next, nested by their depth. Gives how many there are.
fn list(out: &mut String, blocks: &[&Block]) -> usize {
    // Tags of the lists that are open, the innermost last; each has an open item.
    let mut open: Vec<&str> = Vec::new();
    let mut count = 0;
    for block in blocks {
        let Role::ListItem { marker, depth } = &block.role else { break };
        count += 1;
        let (tag, class) = match marker {
            ListMarker::Bullet => ("ul", ""),
            ListMarker::Number(marker) if number(marker).is_some() => ("ol", ""),
            _ => ("ul", " class=\"marked\""),
        };
        // No list begins more than one level below the item that it belongs to.
        let level = usize::from(*depth).min(open.len());
        while open.len() > level + 1 || open.len() == level + 1 && open[level] != tag {
            let _ = writeln!(out, "</li>\n</{}>", open.pop().unwrap_or_default());
        }
        if open.len() == level + 1 {
            out.push_str("</li>\n");
        } else {
            let _ = writeln!(out, "<{tag}{class}>");
            open.push(tag);
        }
        let (value, before) = match marker {
            ListMarker::Number(marker) => match number(marker) {
                Some(value) => (format!(" value=\"{value}\""), String::new()),
                None => (String::new(), format!("{} ", escape(marker))),
            },
            ListMarker::Letter(marker) => (String::new(), format!("{} ", escape(marker))),
            ListMarker::Bullet => Default::default(),
        };
        let text = escape(block.text.trim());
        let _ = write!(out, "<li{value}{}>{before}{text}", direction(&block.text));
    }
    while let Some(tag) = open.pop() {
        let _ = writeln!(out, "</li>\n</{tag}>");
    }
    count
}

/// The number of a marker that HTML can print as it is: "3."; `None` for "(3)" and "1.2".
fn number(marker: &str) -> Option<u32> {
    marker.strip_suffix('.')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::markdown::tests::{block, document, item, paragraph};
    use crate::export::table::tests::table;

    fn body(blocks: Vec<Block>, profile: Profile) -> String {
        let out = html(&document(vec![blocks]), profile);
        let start = out.find("<section").unwrap();
        let inner = &out[out[start..].find('\n').unwrap() + start + 1..];
        inner.replace("</section>\n</body>\n</html>\n", "")
    }

    #[test]
    fn blocks_have_elements() {
        let blocks = vec![
            block(Role::PageHeader, "Head"),
            block(Role::Heading { level: 2 }, "A <b> & c"),
            paragraph("שלום"),
            block(Role::Code, "x\n  <y>"),
            block(Role::Footnote, "1 note"),
            paragraph(" "),
        ];
        let plain = "<h2>A &lt;b&gt; &amp; c</h2>\n<p dir=\"rtl\">שלום</p>\n\
                     <pre><code>x\n  &lt;y&gt;</code></pre>\n\
                     <aside role=\"doc-footnote\">1 note</aside>\n";
        assert_eq!(body(blocks.clone(), Profile::Docling), plain);
        assert_eq!(body(blocks, Profile::Full), format!("<header>Head</header>\n{plain}"));
    }

    #[test]
    fn images_are_shown_where_they_are_given() {
        let blocks = vec![
            block(Role::Caption, "Figure 1"),
            block(Role::Figure, "in\"side"),
            block(Role::Figure, ""),
            paragraph("text"),
        ];
        let images = HtmlImages {
            figures: BTreeMap::from([((0, 1), "a.png?x&y".to_owned())]),
            pages: BTreeMap::from([(0, "page.png".to_owned())]),
        };
        let with = |profile| html_with(&document(vec![blocks.clone()]), profile, &images);
        let docling = with(Profile::Docling);
        let figure = "<figure>\n<figcaption>Figure 1</figcaption>\n\
                      <img src=\"a.png?x&amp;y\" alt=\"\">\n</figure>\n<figure>\n</figure>\n";
        assert!(docling.contains(figure), "{docling}");
        assert!(
            docling
                .contains("<div class=\"split\">\n<img src=\"page.png\" alt=\"Page 1\">\n<section")
        );
        assert!(docling.contains("</section>\n</div>\n</body>"));
        assert!(with(Profile::Full).contains("<img src=\"a.png?x&amp;y\" alt=\"in&quot;side\">"));
        let plain = html(&document(vec![blocks.clone()]), Profile::Docling);
        assert!(!plain.contains("<img") && !plain.contains("split"), "{plain}");
    }

    #[test]
    fn captions_belong_to_what_stands_beside_them() {
        let one = || Role::Table { table: table(&[&["a"], &["1"]]) };
        let blocks = vec![
            block(Role::Caption, "Table 1"),
            block(one(), ""),
            block(Role::Figure, "inside"),
            block(Role::Caption, "Figure 1"),
            block(one(), ""),
            block(Role::Caption, "alone"),
        ];
        let out = body(blocks, Profile::Full);
        assert!(out.starts_with("<figure>\n<figcaption>Table 1</figcaption>\n<table>"), "{out}");
        assert!(
            out.contains("<figure>\n<p>inside</p>\n<figcaption>Figure 1</figcaption>\n</figure>")
        );
        assert_eq!(out.matches("<figure>").count(), 3, "{out}");
    }

    #[test]
    fn lists_nest_and_keep_their_numbers() {
        let number = |n: &str| ListMarker::Number(n.to_owned());
        let out = body(
            vec![
                item(number("3."), 0, "three"),
                item(ListMarker::Bullet, 1, "in three"),
                item(ListMarker::Letter("b)".into()), 2, "deep"),
                item(number("4."), 0, "four"),
                item(number("(5)"), 0, "other"),
                paragraph("after"),
            ],
            Profile::Docling,
        );
        assert_eq!(
            out,
            "<ol>\n<li value=\"3\">three<ul>\n<li>in three<ul class=\"marked\">\n<li>b) deep</li>\n</ul>\n\
             </li>\n</ul>\n</li>\n<li value=\"4\">four</li>\n</ol>\n<ul class=\"marked\">\n\
             <li>(5) other</li>\n</ul>\n<p>after</p>\n"
        );
    }

    proptest::proptest! {
        #[test]
        fn every_list_that_opens_closes(depths in proptest::collection::vec((0_u8..5, 0..3), 0..12)) {
            let blocks = depths.iter().map(|&(depth, kind)| {
                let marker = match kind {
                    0 => ListMarker::Bullet,
                    1 => ListMarker::Number("1.".into()),
                    _ => ListMarker::Letter("a)".into()),
                };
                item(marker, depth, "x")
            });
            let out = body(blocks.collect(), Profile::Docling);
            for tag in ["ul", "ol", "li"] {
                let opened = out.matches(&format!("<{tag}>")).count() + out.matches(&format!("<{tag} ")).count();
                proptest::prop_assert_eq!(opened, out.matches(&format!("</{tag}>")).count());
            }
            proptest::prop_assert_eq!(out.matches("<li").count(), depths.len());
        }
    }
}
