//! ALTO (Analyzed Layout and Text Object), the XML of libraries and archives.
//!
//! Version 4.2 of the schema: <https://www.loc.gov/standards/alto/v4/alto-4-2.xsd>.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::lines::{self, Line};
use super::xml::{PixelBox, Pixels, escape};
use crate::document::{Block, Document, Page, Role, Style, Word};

/// The hyphens with which a line may end.
const HYPHENS: [char; 3] = ['-', '\u{AD}', '‐'];

/// What blocks can be, in the order of their tags.
const TAGS: [&str; 16] = [
    "heading1",
    "heading2",
    "heading3",
    "heading4",
    "heading5",
    "heading6",
    "paragraph",
    "list-item",
    "table",
    "figure",
    "caption",
    "code",
    "formula",
    "footnote",
    "page-header",
    "page-footer",
];

/// The document as ALTO 4.2: pages, blocks, lines, words (`String`) and spaces (`SP`).
///
/// Boxes are in pixels of the raster that was read ([`Page::resolution`]), or at 300 dpi where a
/// page has a text layer, of the page turned upright. Recognised words have their confidence (`WC`).
/// What a block is stands in its tag (`TAGREFS`); tables are composed blocks with a text block for
/// each cell, pictures illustrations, ruling lines graphical elements. A word that was hyphenated at
/// a line's end is whole in `SUBS_CONTENT`. The same document gives the same bytes: no date is
/// written.
#[tracing::instrument(name = "export", level = "debug", skip_all, fields(format = "alto"))]
pub fn alto(document: &Document) -> String {
    let styles = Styles::of(document);
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <alto xmlns=\"http://www.loc.gov/standards/alto/ns-v4#\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xsi:schemaLocation=\"http://www.loc.gov/standards/alto/ns-v4# \
         http://www.loc.gov/standards/alto/v4/alto-4-2.xsd\" SCHEMAVERSION=\"4.2\">\n\
         <Description>\n<MeasurementUnit>pixel</MeasurementUnit>\n\
         <sourceImageInformation><fileName>{}</fileName></sourceImageInformation>\n\
         <Processing ID=\"processing\">\
         <processingCategory>contentGeneration</processingCategory>\
         <processingSoftware><softwareName>recto</softwareName>\
         <softwareVersion>{}</softwareVersion></processingSoftware></Processing>\n\
         </Description>\n",
        escape(document.name.as_deref().unwrap_or("document")),
        env!("CARGO_PKG_VERSION"),
    );
    styles.write(&mut out);
    out.push_str("<Tags>\n");
    for tag in TAGS {
        let _ = writeln!(out, "<StructureTag ID=\"tag_{tag}\" LABEL=\"{tag}\" />");
    }
    out.push_str("</Tags>\n<Layout>\n");
    for page in &document.pages {
        Writer { out: &mut out, page, pixels: Pixels::of(page), styles: &styles, ids: [0; 3] }
            .page();
    }
    out.push_str("</Layout>\n</alto>\n");
    out
}

/// The distinct text styles of a document.
struct Styles(BTreeMap<String, usize>);

impl Styles {
    fn of(document: &Document) -> Self {
        let words = document.pages.iter().flat_map(|p| &p.words);
        let mut all: BTreeMap<String, usize> =
            words.filter_map(|w| attributes(&w.style)).map(|style| (style, 0)).collect();
        all.values_mut().enumerate().for_each(|(i, number)| *number = i + 1);
        Self(all)
    }

    fn write(&self, out: &mut String) {
        if self.0.is_empty() {
            return;
        }
        out.push_str("<Styles>\n");
        for (attributes, number) in &self.0 {
            let _ = writeln!(out, "<TextStyle ID=\"style_{number}\"{attributes} />");
        }
        out.push_str("</Styles>\n");
    }

    /// The attribute that refers to a style, with a space before it.
    fn reference(&self, style: &Style) -> String {
        let number = attributes(style).and_then(|a| self.0.get(&a).copied());
        number.map(|number| format!(" STYLEREFS=\"style_{number}\"")).unwrap_or_default()
    }
}

/// A style as attributes; `None` where nothing is known.
fn attributes(style: &Style) -> Option<String> {
    let mut out = String::new();
    if let Some(font) = &style.font {
        let _ = write!(out, " FONTFAMILY=\"{}\"", escape(font));
    }
    if style.mono == Some(true) {
        out.push_str(" FONTWIDTH=\"fixed\"");
    }
    if style.size > 0.0 {
        // To half a point: a guess of more digits only makes more styles.
        let _ = write!(out, " FONTSIZE=\"{}\"", (style.size * 2.0).round() / 2.0);
    }
    if let Some([r, g, b]) = style.color {
        let _ = write!(out, " FONTCOLOR=\"{r:02X}{g:02X}{b:02X}\"");
    }
    let names = [("bold", style.bold), ("italics", style.italic)];
    let names: Vec<&str> =
        names.into_iter().filter(|(_, is)| *is == Some(true)).map(|(name, _)| name).collect();
    if !names.is_empty() {
        let _ = write!(out, " FONTSTYLE=\"{}\"", names.join(" "));
    }
    (!out.is_empty()).then_some(out)
}

/// Writes a page.
struct Writer<'a> {
    out: &'a mut String,
    page: &'a Page,
    pixels: Pixels,
    styles: &'a Styles,
    /// Blocks, lines and words so far.
    ids: [usize; 3],
}

impl Writer<'_> {
    fn id(&mut self, kind: usize) -> String {
        const NAMES: [&str; 3] = ["block", "line", "string"];
        self.ids[kind] += 1;
        format!("{}_{}_{}", NAMES[kind], self.page.index + 1, self.ids[kind])
    }

    fn page(&mut self) {
        let page = self.page;
        let (number, Pixels { width, height, .. }) = (page.index + 1, self.pixels);
        let confidence = page.confidence.map(|c| format!(" PC=\"{c:.3}\"")).unwrap_or_default();
        let _ = writeln!(
            self.out,
            "<Page ID=\"page_{number}\" PHYSICAL_IMG_NR=\"{number}\" HEIGHT=\"{height}\" \
             WIDTH=\"{width}\"{confidence} PROCESSINGREFS=\"processing\">\n\
             <PrintSpace HPOS=\"0\" VPOS=\"0\" WIDTH=\"{width}\" HEIGHT=\"{height}\">"
        );
        for block in &page.blocks {
            self.block(block);
        }
        for rule in &page.rules {
            let (id, place) = (self.id(0), place(self.pixels.of_rect(rule.rect)));
            let _ = writeln!(self.out, "<GraphicalElement ID=\"{id}\"{place} />");
        }
        self.out.push_str("</PrintSpace>\n</Page>\n");
    }

    fn block(&mut self, block: &Block) {
        let page = self.page;
        let (id, around) = (self.id(0), place(self.pixels.of_rect(block.rect)));
        let tag = format!(" TAGREFS=\"tag_{}\"", label(&block.role));
        match &block.role {
            Role::Table { table } => {
                let _ =
                    writeln!(self.out, "<ComposedBlock ID=\"{id}\"{around}{tag} TYPE=\"table\">");
                for cell in &table.cells {
                    let lines = lines::of_cell(page, cell);
                    let (id, around) = (self.id(0), place(self.pixels.of_rect(cell.rect)));
                    self.text(&format!("ID=\"{id}\"{around}"), &lines, &cell.text);
                }
                self.out.push_str("</ComposedBlock>\n");
            }
            Role::Figure => {
                let lines = lines::of_block(page, block);
                if lines.is_empty() {
                    let _ = writeln!(self.out, "<Illustration ID=\"{id}\"{around}{tag} />");
                    return;
                }
                let _ =
                    writeln!(self.out, "<ComposedBlock ID=\"{id}\"{around}{tag} TYPE=\"figure\">");
                let (picture, text) = (self.id(0), self.id(0));
                let _ = writeln!(self.out, "<Illustration ID=\"{picture}\"{around} />");
                self.text(&format!("ID=\"{text}\"{around}"), &lines, &block.text);
                self.out.push_str("</ComposedBlock>\n");
            }
            _ => {
                let lines = lines::of_block(page, block);
                self.text(&format!("ID=\"{id}\"{around}{tag}"), &lines, &block.text);
            }
        }
    }

    /// A text block. `joined` is its text with hyphenation undone.
    fn text(&mut self, attributes: &str, lines: &[Line<'_>], joined: &str) {
        let language = self.page.language.as_deref();
        let language = language.map(|l| format!(" LANG=\"{}\"", escape(l))).unwrap_or_default();
        let _ = writeln!(self.out, "<TextBlock {attributes}{language}>");
        let mut whole = None;
        for (i, line) in lines.iter().enumerate() {
            let next = lines.get(i + 1).and_then(|line| line.words.first());
            let ends = next.and_then(|next| hyphenated(line.words.last()?, next, joined));
            self.line(line, whole.take(), ends.as_deref());
            whole = ends;
        }
        self.out.push_str("</TextBlock>\n");
    }

    /// A line. `starts` and `ends` are the hyphenated words, whole, of which its first and its last
    /// word are parts.
    fn line(&mut self, line: &Line<'_>, starts: Option<String>, ends: Option<&str>) {
        let around = self.pixels.of_rect(line.rect);
        let id = self.id(1);
        let _ = writeln!(self.out, "<TextLine ID=\"{id}\"{}>", place(around));
        let last = line.words.len() - 1;
        let mut before: Option<PixelBox> = None;
        for (i, word) in line.words.iter().enumerate() {
            let at = self.pixels.of_rect(word.rect);
            if let Some(before) = before.replace(at).filter(|_| !word.joined) {
                self.space(before, at);
            }
            let part = match (&starts, ends) {
                (_, Some(whole)) if i == last => Some(("HypPart1", whole)),
                (Some(whole), _) if i == 0 => Some(("HypPart2", whole.as_str())),
                _ => None,
            };
            self.word(word, at, part);
        }
        if ends.is_some() {
            self.out.push_str("<HYP CONTENT=\"-\" />\n");
        }
        self.out.push_str("</TextLine>\n");
    }

    /// Between two words; to the left of the later one in text that runs to the left.
    fn space(&mut self, before: PixelBox, after: PixelBox) {
        let (from, to) = if after.left >= before.left {
            (before.right, after.left)
        } else {
            (after.right, before.left)
        };
        let _ = writeln!(
            self.out,
            "<SP HPOS=\"{from}\" VPOS=\"{}\" WIDTH=\"{}\" />",
            before.top,
            (to - from).max(0)
        );
    }

    fn word(&mut self, word: &Word, at: PixelBox, part: Option<(&str, &str)>) {
        let id = self.id(2);
        let mut text = word.text.as_str();
        let mut more = String::new();
        if let Some((kind, whole)) = part {
            if kind == "HypPart1" {
                text = text.trim_end_matches(HYPHENS);
            }
            let _ = write!(more, " SUBS_TYPE=\"{kind}\" SUBS_CONTENT=\"{}\"", escape(whole));
        }
        if let Some(confidence) = word.confidence {
            let _ = write!(more, " WC=\"{confidence:.2}\"");
        }
        more.push_str(&self.styles.reference(&word.style));
        let _ = writeln!(
            self.out,
            "<String ID=\"{id}\"{} CONTENT=\"{}\"{more} />",
            place(at),
            escape(text)
        );
    }
}

/// The word that a line's end cut in two, where the block's text has it whole.
fn hyphenated(last: &Word, next: &Word, joined: &str) -> Option<String> {
    let stem = last.text.strip_suffix(HYPHENS).filter(|s| !s.is_empty())?;
    let whole = format!("{stem}{}", next.text);
    joined.split_whitespace().any(|word| word == whole).then_some(whole)
}

fn label(role: &Role) -> &'static str {
    let tag = match role {
        Role::Heading { level } => usize::from((*level).clamp(1, 6) - 1),
        Role::Paragraph => 6,
        Role::ListItem { .. } => 7,
        Role::Table { .. } => 8,
        Role::Figure => 9,
        Role::Caption => 10,
        Role::Code => 11,
        Role::Formula { .. } => 12,
        Role::Footnote => 13,
        Role::PageHeader => 14,
        Role::PageFooter => 15,
    };
    TAGS[tag]
}

fn place(b: PixelBox) -> String {
    format!(
        " HPOS=\"{}\" VPOS=\"{}\" WIDTH=\"{}\" HEIGHT=\"{}\"",
        b.left,
        b.top,
        b.right - b.left,
        b.bottom - b.top
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::testing::{document, page, table_block, text_block, word};
    use crate::geometry::rect;
    use crate::page::Rule;

    #[test]
    fn lines_have_strings_and_spaces() {
        let mut words = vec![word("Hello", 10.0, 10.0), word("<wörld>", 40.0, 10.0)];
        words[1].style.bold = Some(true);
        let page = page(words, |w| vec![text_block(w, Role::Heading { level: 2 }, &[&[0, 1]])]);
        let out = alto(&document(vec![page]));
        let start = out.find("<TextBlock").unwrap();
        let end = out.find("</PrintSpace>").unwrap();
        assert_eq!(
            &out[start..end],
            "<TextBlock ID=\"block_1_1\" HPOS=\"20\" VPOS=\"20\" WIDTH=\"130\" HEIGHT=\"20\" \
             TAGREFS=\"tag_heading2\" LANG=\"en\">\n\
             <TextLine ID=\"line_1_1\" HPOS=\"20\" VPOS=\"20\" WIDTH=\"130\" HEIGHT=\"20\">\n\
             <String ID=\"string_1_1\" HPOS=\"20\" VPOS=\"20\" WIDTH=\"50\" HEIGHT=\"20\" \
             CONTENT=\"Hello\" WC=\"0.90\" STYLEREFS=\"style_1\" />\n\
             <SP HPOS=\"70\" VPOS=\"20\" WIDTH=\"10\" />\n\
             <String ID=\"string_1_2\" HPOS=\"80\" VPOS=\"20\" WIDTH=\"70\" HEIGHT=\"20\" \
             CONTENT=\"&lt;wörld&gt;\" WC=\"0.90\" STYLEREFS=\"style_2\" />\n\
             </TextLine>\n</TextBlock>\n"
        );
        assert!(out.contains("<TextStyle ID=\"style_2\" FONTSIZE=\"10\" FONTSTYLE=\"bold\" />"));
        assert!(out.contains("<fileName>a &quot;b&quot; &amp; c.png</fileName>"));
    }

    #[test]
    fn a_hyphenated_word_is_whole_in_both_parts() {
        let words = vec![word("hyphen-", 10.0, 10.0), word("ated", 10.0, 30.0)];
        let page = page(words, |w| {
            let block = text_block(w, Role::Paragraph, &[&[0], &[1]]);
            // A real hyphen is none of the line's end.
            let kept = Block { text: "hyphen-ated".into(), ..block.clone() };
            vec![Block { text: "hyphenated".into(), ..block }, kept]
        });
        let out = alto(&document(vec![page]));
        assert_eq!(
            out.matches("CONTENT=\"hyphen\" SUBS_TYPE=\"HypPart1\" SUBS_CONTENT=\"hyphenated\"")
                .count(),
            1
        );
        assert_eq!(
            out.matches("CONTENT=\"ated\" SUBS_TYPE=\"HypPart2\" SUBS_CONTENT=\"hyphenated\"")
                .count(),
            1
        );
        assert_eq!(out.matches("<HYP CONTENT=\"-\" />").count(), 1);
        assert_eq!(out.matches("CONTENT=\"hyphen-\"").count(), 1);
    }

    #[test]
    fn tables_figures_and_rules_have_elements() {
        let words = vec![word("cell", 0.0, 0.0), word("label", 0.0, 20.0)];
        let mut page = page(words, |w| {
            let figure = text_block(w, Role::Figure, &[&[1]]);
            let empty = Block { lines: Vec::new(), ..figure.clone() };
            vec![table_block(w, &[0]), figure, empty]
        });
        page.rules = vec![Rule { rect: rect(0.0, 50.0, 100.0, 51.0) }];
        let out = alto(&document(vec![page]));
        for wanted in [
            "<ComposedBlock ID=\"block_1_1\" HPOS=\"0\" VPOS=\"0\" WIDTH=\"40\" HEIGHT=\"20\" \
             TAGREFS=\"tag_table\" TYPE=\"table\">\n<TextBlock ID=\"block_1_2\"",
            "TAGREFS=\"tag_figure\" TYPE=\"figure\">\n<Illustration ID=\"block_1_4\"",
            "<Illustration ID=\"block_1_6\" HPOS=\"0\" VPOS=\"40\" WIDTH=\"50\" HEIGHT=\"20\" TAGREFS=\"tag_figure\" />",
            "<GraphicalElement ID=\"block_1_7\" HPOS=\"0\" VPOS=\"100\" WIDTH=\"200\" HEIGHT=\"2\" />",
        ] {
            assert!(out.contains(wanted), "{wanted}\n{out}");
        }
    }
}
