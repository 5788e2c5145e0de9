//! hOCR, the HTML microformat for the output of OCR.
//!
//! Version 1.2 of the specification: <http://kba.github.io/hocr-spec/1.2/>.

use std::fmt::Write as _;

use super::lines::{self, Line};
use super::table::{Slot, slots};
use super::xml::{PixelBox, Pixels, escape, is_rtl};
use crate::document::{Block, Document, Page, Role, Word};

/// What the files hold, for `ocr-capabilities`.
const CAPABILITIES: &str = "ocr_page ocr_carea ocr_par ocr_line ocrx_word ocr_header ocr_footer \
                            ocr_caption ocr_table ocr_image ocr_math ocrp_lang ocrp_dir ocrp_wconf";

/// The document as hOCR 1.2: pages, blocks, paragraphs, lines and words with their boxes.
///
/// Boxes are in pixels of the raster that was read ([`Page::resolution`]), or at 300 dpi where a
/// page has a text layer; `scan_res` says which. Words that were recognised have their confidence
/// (`x_wconf`, 0 to 100). Running headers and footers, captions, tables and figures have classes of
/// their own; headings are `h1` to `h6`. Boxes are those of the upright page: of a scan that lay on
/// its side ([`Page::rotation`]), turn the image first. The same document gives the same bytes.
#[tracing::instrument(name = "export", level = "debug", skip_all, fields(format = "hocr"))]
pub fn hocr(document: &Document) -> String {
    let name = document.name.as_deref().unwrap_or("document");
    let language = document.language.as_deref().unwrap_or("und");
    let mut languages: Vec<&str> =
        document.pages.iter().filter_map(|p| p.language.as_deref()).collect();
    languages.sort_unstable();
    languages.dedup();
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" \
         \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\n\
         <html xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=\"{language}\" lang=\"{language}\">\n\
         <head>\n\
         <title>{}</title>\n\
         <meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\" />\n\
         <meta name=\"ocr-system\" content=\"recto {}\" />\n\
         <meta name=\"ocr-capabilities\" content=\"{CAPABILITIES}\" />\n\
         <meta name=\"ocr-number-of-pages\" content=\"{}\" />\n\
         <meta name=\"ocr-langs\" content=\"{}\" />\n\
         </head>\n<body>\n",
        escape(name),
        env!("CARGO_PKG_VERSION"),
        document.pages.len(),
        escape(&languages.join(" ")),
        language = escape(language),
    );
    for page in &document.pages {
        Writer { out: &mut out, page, pixels: Pixels::of(page), counts: [0; 4] }.page(name);
    }
    out.push_str("</body>\n</html>\n");
    out
}

/// Writes a page.
struct Writer<'a> {
    out: &'a mut String,
    page: &'a Page,
    pixels: Pixels,
    /// Blocks, paragraphs, lines and words so far.
    counts: [usize; 4],
}

impl Writer<'_> {
    fn id(&mut self, kind: usize) -> String {
        const NAMES: [&str; 4] = ["block", "par", "line", "word"];
        self.counts[kind] += 1;
        format!("{}_{}_{}", NAMES[kind], self.page.index + 1, self.counts[kind])
    }

    fn page(&mut self, name: &str) {
        let Pixels { resolution, width, height } = self.pixels;
        let number = self.page.index + 1;
        // Properties are parted by semicolons and strings end at quotes: a name has neither.
        let image: String = name.replace(['"', '\\', ';'], "_");
        let resolution = resolution.0.round();
        let _ = write!(
            self.out,
            "<div class=\"ocr_page\" id=\"page_{number}\" title=\"image &quot;{}&quot;; \
             bbox 0 0 {width} {height}; ppageno {}; scan_res {resolution} {resolution}\"",
            escape(&image),
            self.page.index,
        );
        if let Some(language) = &self.page.language {
            let _ = write!(self.out, " lang=\"{0}\" xml:lang=\"{0}\"", escape(language));
        }
        self.out.push_str(">\n");
        let page = self.page;
        for block in &page.blocks {
            self.block(block);
        }
        self.out.push_str("</div>\n");
    }

    fn block(&mut self, block: &Block) {
        let class = match &block.role {
            Role::PageHeader => "ocr_header",
            Role::PageFooter => "ocr_footer",
            Role::Caption => "ocr_caption",
            Role::Figure => "ocr_image",
            Role::Formula { .. } => "ocr_math",
            Role::Table { .. } => "ocr_table",
            _ => "ocr_carea",
        };
        let (id, title) = (self.id(0), bbox(self.pixels.of_rect(block.rect)));
        if let Role::Table { table } = &block.role {
            let _ = writeln!(self.out, "<table class=\"{class}\" id=\"{id}\" title=\"{title}\">");
            for row in slots(table) {
                self.out.push_str("<tr>");
                for slot in row {
                    match slot {
                        Slot::Cell(cell) => {
                            let tag = if cell.header { "th" } else { "td" };
                            let title = bbox(self.pixels.of_rect(cell.rect));
                            let spans = slot.spans();
                            let _ = write!(self.out, "<{tag}{spans} title=\"{title}\">");
                            let page = self.page;
                            self.lines(&lines::of_cell(page, cell));
                            let _ = write!(self.out, "</{tag}>");
                        }
                        Slot::Empty => self.out.push_str("<td></td>"),
                        Slot::Covered => {}
                    }
                }
                self.out.push_str("</tr>\n");
            }
            self.out.push_str("</table>\n");
            return;
        }
        let _ = writeln!(self.out, "<div class=\"{class}\" id=\"{id}\" title=\"{title}\">");
        let page = self.page;
        let lines = lines::of_block(page, block);
        if !lines.is_empty() {
            let tag = match block.role {
                Role::Heading { level } => format!("h{}", level.clamp(1, 6)),
                _ => "p".to_owned(),
            };
            let dir = if is_rtl(&block.text) { " dir=\"rtl\"" } else { "" };
            let id = self.id(1);
            let _ =
                writeln!(self.out, "<{tag} class=\"ocr_par\" id=\"{id}\"{dir} title=\"{title}\">");
            self.lines(&lines);
            let _ = writeln!(self.out, "</{tag}>");
        }
        self.out.push_str("</div>\n");
    }

    fn lines(&mut self, lines: &[Line<'_>]) {
        for line in lines {
            let around = self.pixels.of_rect(line.rect);
            let id = self.id(2);
            let mut title = bbox(around);
            // Of leaning scans: how far a line rises, from the left end of its box's bottom.
            if self.page.skew != 0.0 {
                let slope = self.page.skew.to_radians().tan();
                let rise = 0.5 * (around.right - around.left) as f32 * slope;
                let _ = write!(title, "; baseline {slope:.3} {}", (-rise).round());
            }
            let size = self.pixels.length(line.size());
            if size > 0.0 {
                let _ = write!(title, "; x_size {}", (size * 10.0).round() / 10.0);
            }
            let _ = write!(self.out, "<span class=\"ocr_line\" id=\"{id}\" title=\"{title}\">");
            for (i, word) in line.words.iter().enumerate() {
                if i > 0 && !word.joined {
                    self.out.push(' ');
                }
                self.word(word);
            }
            self.out.push_str("</span>\n");
        }
    }

    fn word(&mut self, word: &Word) {
        let id = self.id(3);
        let mut title = bbox(self.pixels.of_rect(word.rect));
        if let Some(confidence) = word.confidence {
            let _ = write!(title, "; x_wconf {}", (confidence * 100.0).round());
        }
        if let Some(font) = &word.style.font {
            // As for the name of the image.
            let _ = write!(title, "; x_font {}", escape(&font.replace([';', ' '], "_")));
        }
        let mut text = escape(&word.text);
        if word.style.italic == Some(true) {
            text = format!("<em>{text}</em>");
        }
        if word.style.bold == Some(true) {
            text = format!("<strong>{text}</strong>");
        }
        let _ = write!(
            self.out,
            "<span class=\"ocrx_word\" id=\"{id}\" title=\"{title}\">{text}</span>"
        );
    }
}

fn bbox(b: PixelBox) -> String {
    format!("bbox {} {} {} {}", b.left, b.top, b.right, b.bottom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::testing::{document, page, table_block, text_block, word};

    #[test]
    fn a_page_of_lines_and_words() {
        let mut words = vec![word("Hello", 10.0, 10.0), word("<wörld>", 40.0, 10.0)];
        words[1].style.bold = Some(true);
        let page = page(words, |w| vec![text_block(w, Role::Heading { level: 2 }, &[&[0, 1]])]);
        let out = hocr(&document(vec![page]));
        let body = &out[out.find("<body>").unwrap()..];
        assert_eq!(
            body,
            "<body>\n\
             <div class=\"ocr_page\" id=\"page_1\" title=\"image &quot;a _b_ &amp; c.png&quot;; \
             bbox 0 0 400 200; ppageno 0; scan_res 144 144\" lang=\"en\" xml:lang=\"en\">\n\
             <div class=\"ocr_carea\" id=\"block_1_1\" title=\"bbox 20 20 150 40\">\n\
             <h2 class=\"ocr_par\" id=\"par_1_1\" title=\"bbox 20 20 150 40\">\n\
             <span class=\"ocr_line\" id=\"line_1_1\" title=\"bbox 20 20 150 40; x_size 20\">\
             <span class=\"ocrx_word\" id=\"word_1_1\" title=\"bbox 20 20 70 40; x_wconf 90\">Hello</span> \
             <span class=\"ocrx_word\" id=\"word_1_2\" title=\"bbox 80 20 150 40; x_wconf 90\">\
             <strong>&lt;wörld&gt;</strong></span></span>\n\
             </h2>\n</div>\n</div>\n</body>\n</html>\n"
        );
        assert!(out.contains("<title>a &quot;b&quot; &amp; c.png</title>"));
    }

    #[test]
    fn roles_have_classes_and_tables_cells() {
        let words = vec![word("Kopf", 0.0, 0.0), word("שלום", 0.0, 20.0), word("Zelle", 0.0, 40.0)];
        let page = page(words, |w| {
            let figure = Block { lines: Vec::new(), ..text_block(w, Role::Figure, &[&[1]]) };
            vec![
                text_block(w, Role::PageHeader, &[&[0]]),
                text_block(w, Role::Paragraph, &[&[1]]),
                table_block(w, &[2]),
                figure,
            ]
        });
        let out = hocr(&document(vec![page]));
        assert!(out.contains("<div class=\"ocr_header\" id=\"block_1_1\""), "{out}");
        assert!(out.contains("id=\"par_1_2\" dir=\"rtl\""), "{out}");
        assert!(out.contains("<table class=\"ocr_table\""), "{out}");
        assert!(
            out.contains("<tr><td title=\"bbox 0 80 50 100\"><span class=\"ocr_line\""),
            "{out}"
        );
        assert!(out.contains(
            "<div class=\"ocr_image\" id=\"block_1_4\" title=\"bbox 0 40 40 60\">\n</div>"
        ));
    }

    #[test]
    fn leaning_lines_say_so() {
        let mut page = page(vec![word("Hello", 10.0, 10.0)], |w| {
            vec![text_block(w, Role::Paragraph, &[&[0]])]
        });
        page.skew = 2.0;
        assert!(hocr(&document(vec![page])).contains("; baseline 0.035 -1;"));
    }
}
