//! Markdown.

use super::captions::Captions;
use super::docling;
use super::enrichment;
use super::escape::{Place, escape, fold, opens_tag};
use super::table::TableFormat;
use crate::document::{Block, Document, Joins, ListMarker, Page, Role, Table};
use crate::options::{Options, Profile};

/// How markdown is written. Every field says its default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkdownOptions {
    /// What is written, and how it is escaped. [`Profile::Full`] has all text, page headers, page
    /// footers and the text inside figures among it, and escapes it so that it reads back as the
    /// same text; [`Profile::Docling`] follows docling-core, which puts captions before what they
    /// belong to. Default: [`Profile::Full`].
    pub profile: Profile,
    /// Whether page headers and footers are written where they stand (with [`Profile::Full`]; docling
    /// never writes them). Default: `true`.
    pub furniture: bool,
    /// What stands between pages, on a line of its own (docling: `md_page_break_placeholder`).
    /// Default: empty, nothing.
    pub page_break: String,
    /// How tables are written. Docling knows pipe tables alone: there, [`TableFormat::Auto`] repeats
    /// the text of spanning cells. Default: [`TableFormat::Auto`].
    pub tables: TableFormat,
    /// Whether pipe tables go without padding that aligns their columns (docling:
    /// `md_compact_tables`). Default: `true`.
    pub compact_tables: bool,
    /// What stands for a figure; empty for nothing. Default: `<!-- image -->`, as docling prints.
    pub image_placeholder: String,
}

impl Default for MarkdownOptions {
    fn default() -> Self {
        Self {
            profile: Profile::Full,
            furniture: true,
            page_break: String::new(),
            tables: TableFormat::Auto,
            compact_tables: true,
            image_placeholder: "<!-- image -->".to_owned(),
        }
    }
}

impl From<&Options> for MarkdownOptions {
    /// What the options of a read say about markdown.
    fn from(options: &Options) -> Self {
        Self {
            page_break: options.md_page_break_placeholder.clone(),
            compact_tables: options.md_compact_tables,
            ..Self::default()
        }
    }
}

/// The document as markdown. It ends with a line break, unless it is empty.
///
/// Without anything between pages, a table that goes on over pages is one table, where it begins.
pub fn markdown(document: &Document, options: &MarkdownOptions) -> String {
    markdown_with(document, options, &mut |_, _| None)
}

/// The same, with some figures (given by the positions of their page and block) written by the
/// caller.
#[tracing::instrument(name = "export", level = "debug", skip_all, fields(format = "markdown"))]
pub(crate) fn markdown_with(
    document: &Document,
    options: &MarkdownOptions,
    figure: &mut dyn FnMut(usize, usize) -> Option<String>,
) -> String {
    let mut out = String::new();
    let parted = !options.page_break.is_empty();
    let joins = match parted {
        true => Joins::default(),
        false => Joins::new(document.pages.iter().map(|page| page.blocks.as_slice())),
    };
    for (i, page) in document.pages.iter().enumerate() {
        if i > 0 && parted {
            part(&mut out, &options.page_break);
        }
        let mut instead = |index: usize, block: &Block| match block.role {
            Role::Figure => figure(i, index).map(|piece| with_facts(piece, block, options)),
            _ => None,
        };
        let text = match parted {
            true => blocks_markdown(&page.blocks, options, &mut instead),
            false => with_joins(&page.blocks, options, &joins, i, &mut instead),
        };
        part(&mut out, text.trim_end_matches('\n'));
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// One page as markdown, with every row of its tables that stands on it and no other. It ends with a
/// line break, unless it is empty.
pub fn page_markdown(page: &Page, options: &MarkdownOptions) -> String {
    blocks_markdown(&page.blocks, options, &mut |_, _| None)
}

/// Blocks as markdown, some of them (given by their index) written by the caller.
pub(crate) fn blocks_markdown(
    blocks: &[Block],
    options: &MarkdownOptions,
    instead: &mut dyn FnMut(usize, &Block) -> Option<String>,
) -> String {
    with_joins(blocks, options, &Joins::new(std::iter::once(blocks)), 0, instead)
}

/// Blocks of the page at position `page` of those whose tables were joined.
fn with_joins(
    blocks: &[Block],
    options: &MarkdownOptions,
    joins: &Joins,
    page: usize,
    instead: &mut dyn FnMut(usize, &Block) -> Option<String>,
) -> String {
    let mut out = String::new();
    let mut list = List::default();
    let as_docling = options.profile == Profile::Docling;
    let order: Vec<_> = match as_docling {
        true => captions_first(blocks),
        false => in_order(blocks).collect(),
    };
    for (index, block) in order {
        if let Role::ListItem { marker, depth } = &block.role {
            if as_docling {
                list.push_as_docling(&mut out, marker, *depth, &block.text);
            } else {
                list.push(&mut out, marker, *depth, &block.text);
            }
            continue;
        }
        let piece = match instead(index, block) {
            Some(piece) => piece,
            None => match joins.at(page, index) {
                Some(whole) => whole.map(|t| table(t, options)).unwrap_or_default(),
                None => block_markdown(block, options),
            },
        };
        if !piece.is_empty() {
            list = List::default();
            part(&mut out, &piece);
        }
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// Page headers first, page footers last, the rest as it is.
pub(super) fn in_order(blocks: &[Block]) -> impl Iterator<Item = (usize, &Block)> {
    let rank = |block: &Block| match block.role {
        Role::PageHeader => 0,
        Role::PageFooter => 2,
        _ => 1,
    };
    (0..3).flat_map(move |wanted| {
        blocks.iter().enumerate().filter(move |(_, block)| rank(block) == wanted)
    })
}

/// The same, with the captions of tables and figures before these, where docling-core prints them.
fn captions_first(blocks: &[Block]) -> Vec<(usize, &Block)> {
    let captions = Captions::of(blocks);
    let mut out = Vec::with_capacity(blocks.len());
    for (index, block) in in_order(blocks) {
        if captions.is_taken(index) {
            continue;
        }
        let caption = captions.at(index).and_then(|at| Some((at, blocks.get(at)?)));
        out.extend(caption);
        out.push((index, block));
    }
    out
}

/// Appends a piece after an empty line.
fn part(out: &mut String, piece: &str) {
    if piece.is_empty() {
        return;
    }
    if !out.is_empty() {
        out.push_str("\n\n");
    }
    out.push_str(piece);
}

fn block_markdown(block: &Block, options: &MarkdownOptions) -> String {
    let full = options.profile == Profile::Full;
    let escape = |text: &str, place: Place| match options.profile {
        Profile::Full => escape(text, place),
        Profile::Docling => docling::escape(text),
    };
    match &block.role {
        Role::Heading { level } => {
            let text = escape(&block.text, Place::Heading);
            if text.is_empty() {
                return text;
            }
            format!("{} {text}", "#".repeat(usize::from((*level).clamp(1, 6))))
        }
        Role::Table { table: own } if !own.cells.is_empty() => table(own, options),
        Role::Code => code(block, full),
        Role::Formula { latex } => formula(latex.as_deref(), &block.text),
        Role::Figure => {
            let mut out = options.image_placeholder.clone();
            if full {
                part(&mut out, &escape(&block.text, Place::Line));
            }
            with_facts(out, block, options)
        }
        Role::PageHeader | Role::PageFooter if !full || !options.furniture => String::new(),
        // A list item is written by its list; the rest is running text.
        _ => escape(&block.text, Place::Line),
    }
}

fn table(table: &Table, options: &MarkdownOptions) -> String {
    if options.profile == Profile::Docling && options.tables != TableFormat::Html {
        docling::table(table, options.compact_tables)
    } else {
        options.tables.write(table, options.compact_tables)
    }
}

/// A figure, and below it what is known about it.
fn with_facts(mut figure: String, block: &Block, options: &MarkdownOptions) -> String {
    match options.profile {
        Profile::Full => {
            for text in enrichment::in_full(block) {
                for paragraph in text.split("\n\n") {
                    part(&mut figure, &escape(paragraph, Place::Line));
                }
            }
        }
        // docling-core does not escape it at all.
        Profile::Docling => {
            for text in enrichment::as_docling(block) {
                part(&mut figure, &docling::harmless(&text));
            }
        }
    }
    figure
}

/// Fenced, with a fence longer than any run of backticks inside. Where the language is known, it is
/// named; docling-core does not.
fn code(block: &Block, named: bool) -> String {
    let text = block.text.trim_matches(['\n', '\r']);
    if text.trim().is_empty() {
        return String::new();
    }
    let (mut longest, mut run) = (0, 0);
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat((longest + 1).max(3));
    let language = block.code_language().filter(|_| named);
    let language = language.map(enrichment::fence_name).unwrap_or_default();
    format!("{fence}{language}\n{text}\n{fence}")
}

/// Between double dollars; a dollar inside would end it. Readers that know no formulas must not see a
/// tag, a link or a picture either, as in `f[x](y)`: in a formula a space says nothing, and parts what
/// would be one. And text that is no LaTeX has no commands, of which some lead elsewhere.
fn formula(latex: Option<&str>, text: &str) -> String {
    let text = fold(latex.unwrap_or(text));
    if text.is_empty() {
        return text;
    }
    let mut out = String::from("$$");
    let mut escaped = false;
    let mut before = ' ';
    for c in text.chars() {
        if c == '$' && !escaped {
            out.push('\\');
        }
        let is_parted = match before {
            '<' => opens_tag(c),
            ']' => matches!(c, '(' | ':'),
            '\\' => latex.is_none() && c.is_ascii_alphabetic(),
            // `<1@example.org>`.
            _ => c == '@',
        };
        if is_parted {
            out.push(' ');
        }
        escaped = c == '\\' && !escaped;
        before = c;
        out.push(c);
    }
    out.push_str("$$");
    out
}

/// A list being written: the items that enclose the next one.
#[derive(Default)]
struct List {
    open: Vec<OpenItem>,
}

struct OpenItem {
    depth: u8,
    /// Column of its marker.
    indent: usize,
    /// Column of its text, where the items in it begin.
    content: usize,
    kind: Kind,
}

/// What makes two items belong to one list in markdown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bullet,
    Numbered(char),
}

impl List {
    /// An item as docling writes it: a list is what stands without another block between.
    fn push_as_docling(&mut self, out: &mut String, marker: &ListMarker, depth: u8, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        if !out.is_empty() {
            out.push_str(if self.open.is_empty() { "\n\n" } else { "\n" });
        }
        out.push_str(&docling::item(marker, depth, text));
        if self.open.is_empty() {
            self.open.push(OpenItem { depth, indent: 0, content: 0, kind: Kind::Bullet });
        }
    }

    fn push(&mut self, out: &mut String, marker: &ListMarker, depth: u8, text: &str) {
        let (marker, kind, text) = match marker {
            ListMarker::Bullet => ("-", Kind::Bullet, escape(text, Place::Item)),
            ListMarker::Number(number) if !text.trim().is_empty() => match number_kind(number) {
                Some(kind) => (number.as_str(), kind, escape(text, Place::Item)),
                None => ("-", Kind::Bullet, escape(&format!("{number} {text}"), Place::Item)),
            },
            // Markdown has no letters or bare numbers: the marker stays text.
            ListMarker::Number(mark) | ListMarker::Letter(mark) => {
                ("-", Kind::Bullet, escape(&format!("{mark} {text}"), Place::Item))
            }
        };
        if text.is_empty() {
            return;
        }
        // An empty line starts a new list where the marker changes, and lets a list begin with
        // another number than 1 inside an item (it may not break into a paragraph).
        let mut gap = self.open.is_empty();
        while self.open.last().is_some_and(|item| item.depth > depth) {
            self.open.pop();
        }
        let sibling = self.open.pop_if(|item| item.depth == depth);
        let indent = match &sibling {
            Some(item) => item.indent,
            None => self.open.last().map_or(0, |item| item.content),
        };
        gap |= match &sibling {
            Some(item) => item.kind != kind,
            None => kind != Kind::Bullet && !matches!(marker, "1." | "1)"),
        };
        if !out.is_empty() {
            out.push_str(if gap { "\n\n" } else { "\n" });
        }
        out.extend(std::iter::repeat_n(' ', indent));
        out.push_str(marker);
        out.push(' ');
        out.push_str(&text);
        self.open.push(OpenItem { depth, indent, content: indent + marker.len() + 1, kind });
    }
}

/// "3." and "12)" are markdown's own markers; at most nine digits.
fn number_kind(marker: &str) -> Option<Kind> {
    let delimiter = marker.chars().last().filter(|c| matches!(c, '.' | ')'))?;
    let digits = &marker[..marker.len() - 1];
    let number = (1..=9).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    number.then_some(Kind::Numbered(delimiter))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::table::tests::{cell, table};
    use super::*;
    use crate::document::{Metadata, Status, Table, TextSource, Timings};
    use crate::geometry::{Size, rect};

    pub(crate) fn block(role: Role, text: &str) -> Block {
        Block {
            role,
            rect: rect(0.0, 0.0, 1.0, 1.0),
            text: text.to_owned(),
            lines: Vec::new(),
            confidence: None,
            enrichment: None,
        }
    }

    pub(crate) fn paragraph(text: &str) -> Block {
        block(Role::Paragraph, text)
    }

    pub(crate) fn item(marker: ListMarker, depth: u8, text: &str) -> Block {
        block(Role::ListItem { marker, depth }, text)
    }

    pub(crate) fn document(pages: Vec<Vec<Block>>) -> Document {
        Document {
            name: Some("a.pdf".to_owned()),
            byte_count: 1000,
            page_count: pages.len(),
            status: Status::Success,
            metadata: Metadata::default(),
            language: None,
            pages: pages
                .into_iter()
                .enumerate()
                .map(|(index, blocks)| Page {
                    index,
                    size: Size::new(612.0, 792.0),
                    rotation: 0,
                    skew: 0.0,
                    text_source: TextSource::TextLayer,
                    resolution: None,
                    engine: None,
                    language: None,
                    confidence: None,
                    blocks,
                    words: Vec::new(),
                    rules: Vec::new(),
                    placements: Vec::new(),
                    links: Vec::new(),
                })
                .collect(),
            warnings: Vec::new(),
            timings: Timings::default(),
        }
    }

    fn write(blocks: Vec<Block>) -> String {
        markdown(&document(vec![blocks]), &MarkdownOptions::default())
    }

    fn number(marker: &str) -> ListMarker {
        ListMarker::Number(marker.to_owned())
    }

    /// Found by the fuzz target `markdown`: readers without formulas took such text for HTML.
    #[test]
    fn a_formula_holds_no_tag() {
        let latex = Some("a<b <script>x</script> <!-- y --> 1<2 \\le<".to_owned());
        let out = write(vec![block(Role::Formula { latex }, "")]);
        assert_eq!(out, "$$a< b < script>x< /script> < !-- y --> 1<2 \\le<$$\n");
    }

    #[test]
    fn a_formula_leads_nowhere() {
        let text = "f[x](y) = ![](http://evil.example/?q=1) [a]: b [c\\](d) <1@evil.example>";
        let wanted = "$$f[x] (y) = ![] (http://evil.example/?q=1) [a] : b [c\\] (d) <1 \
                      @evil.example>$$\n";
        for latex in [None, Some(text.to_owned())] {
            assert_eq!(write(vec![block(Role::Formula { latex }, text)]), wanted);
        }
        let text = "\\alpha \\href{javascript:x}{y}";
        let latex = Some("\\alpha".to_owned());
        assert_eq!(write(vec![block(Role::Formula { latex }, text)]), "$$\\alpha$$\n");
        let out = write(vec![block(Role::Formula { latex: None }, text)]);
        assert_eq!(out, "$$\\ alpha \\ href{javascript:x}{y}$$\n");
    }

    #[test]
    fn blocks_are_parted_by_empty_lines() {
        let out = write(vec![
            block(Role::Heading { level: 2 }, "Title"),
            paragraph("Some\ntext."),
            block(Role::Figure, "inside"),
            block(Role::Caption, "Figure 1: x"),
            block(Role::Formula { latex: None }, "a = $b"),
            block(Role::Table { table: table(&[&["a"], &["b"]]) }, ""),
            block(Role::Footnote, "1 note"),
            paragraph("  "),
        ]);
        let wanted = "## Title\n\nSome text.\n\n<!-- image -->\n\ninside\n\nFigure 1: x\n\n$$a = \\$b$$\n\n\
                      | a |\n|---|\n| b |\n\n1 note\n";
        assert_eq!(out, wanted);
    }

    #[test]
    fn page_furniture_is_for_the_full_profile() {
        let page = vec![
            block(Role::PageFooter, "7"),
            paragraph("text"),
            block(Role::PageHeader, "Chapter"),
            block(Role::Figure, "label"),
        ];
        let docling = MarkdownOptions { profile: Profile::Docling, ..MarkdownOptions::default() };
        let document = document(vec![page.clone()]);
        assert_eq!(markdown(&document, &docling), "text\n\n<!-- image -->\n");
        assert_eq!(write(page), "Chapter\n\ntext\n\n<!-- image -->\n\nlabel\n\n7\n");
        let flow = MarkdownOptions { furniture: false, ..MarkdownOptions::default() };
        assert_eq!(markdown(&document, &flow), "text\n\n<!-- image -->\n\nlabel\n");
    }

    #[test]
    fn page_breaks_stand_between_pages_even_empty_ones() {
        let document = document(vec![vec![paragraph("a")], vec![], vec![paragraph("b")]]);
        let options =
            MarkdownOptions { page_break: "<!-- page -->".into(), ..MarkdownOptions::default() };
        assert_eq!(markdown(&document, &options), "a\n\n<!-- page -->\n\n<!-- page -->\n\nb\n");
        assert_eq!(document.to_markdown(), "a\n\nb\n");
    }

    #[test]
    fn lists_nest_and_keep_their_numbers() {
        let out = write(vec![
            paragraph("before"),
            item(number("9."), 0, "nine"),
            item(number("10."), 0, "ten"),
            item(ListMarker::Bullet, 1, "in ten"),
            item(ListMarker::Letter("b)".into()), 2, "deep"),
            item(number("3)"), 1, "other kind"),
            item(number("(4)"), 0, "brackets"),
            item(ListMarker::Bullet, 0, ""),
            paragraph("after"),
        ]);
        let wanted = "before\n\n9. nine\n10. ten\n    - in ten\n      - b) deep\n\n    \
                      3) other kind\n\n- (4) brackets\n\nafter\n";
        assert_eq!(out, wanted);
    }

    #[test]
    fn code_keeps_its_lines_and_its_backticks() {
        let out = write(vec![block(Role::Code, "\nlet a = `b`;\n  ````\n")]);
        assert_eq!(out, "`````\nlet a = `b`;\n  ````\n`````\n");
    }

    #[test]
    fn spanning_cells_make_an_html_table() {
        let mut wide = cell(0, 0, "wide");
        wide.column_span = 2;
        let table = Table { rows: 1, columns: 2, cells: vec![wide], continues: None };
        let out = write(vec![block(Role::Table { table }, "")]);
        assert_eq!(out, "<table>\n<tr><th colspan=\"2\">wide</th></tr>\n</table>\n");
    }

    #[test]
    fn a_table_without_cells_falls_back_to_its_text() {
        let empty = Role::Table { table: Table::default() };
        assert_eq!(write(vec![block(empty, "as text")]), "as text\n");
    }

    #[test]
    fn docling_has_captions_before_what_they_belong_to() {
        let page = vec![
            block(Role::Figure, ""),
            block(Role::Caption, "Figure 1"),
            paragraph("text"),
            block(Role::Caption, "Table 1"),
            block(Role::Table { table: table(&[&["a"], &["b"]]) }, ""),
        ];
        let docling = MarkdownOptions { profile: Profile::Docling, ..MarkdownOptions::default() };
        let figure = "<!-- image -->";
        let rest = "text\n\nTable 1\n\n| a |\n| - |\n| b |\n";
        assert_eq!(
            markdown(&document(vec![page.clone()]), &docling),
            format!("Figure 1\n\n{figure}\n\n{rest}")
        );
        assert!(write(page).starts_with(&format!("{figure}\n\nFigure 1\n\n")));
    }

    #[test]
    fn blocks_can_be_written_by_the_caller() {
        let document = document(vec![vec![paragraph("a"), block(Role::Figure, "")]]);
        let out = blocks_markdown(
            &document.pages[0].blocks,
            &MarkdownOptions::default(),
            &mut |index, block| {
                matches!(block.role, Role::Figure).then(|| format!("![f{index}](f{index})"))
            },
        );
        assert_eq!(out, "a\n\n![f1](f1)\n");
    }
}
