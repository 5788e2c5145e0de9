//! One self-contained HTML page that shows what was read where: each page's image with boxes drawn
//! over it, and its markdown beside.

mod boxes;

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{MarkdownOptions, page_markdown};
use crate::document::{Document, Page, TextSource};
use crate::error::{Result, Warning};
use crate::options::Profile;
use crate::picture::PageImage;
use html_escape::encode_text as html;

const STYLE: &str = include_str!("inspect.css");
const SCRIPT: &str = include_str!("inspect.js");

/// Quality of the page images as JPEG: boxes and text stay clear, a page takes some 100 kB.
const QUALITY: u8 = 70;

/// What can be shown and hidden: class, label, whether it is shown at first.
const LAYERS: [(&str, &str, bool); 8] = [
    ("image", "image", true),
    ("blocks", "blocks", true),
    ("order", "reading order", true),
    ("tables", "table cells", true),
    ("lines", "lines", false),
    ("words", "words", false),
    ("doubtful", "doubtful words", true),
    ("rules", "rules and pictures", false),
];

/// A report of what was read where, as one HTML page without outside references.
///
/// `image_of` is asked for the image of each page of the document in turn; pages without one are
/// shown as boxes on white paper. Images whose page was turned upright are turned along.
///
/// # Errors
///
/// When an image cannot be encoded.
#[tracing::instrument(name = "export", level = "debug", skip_all, fields(format = "inspect"))]
pub fn inspect(
    document: &Document,
    mut image_of: impl FnMut(&Page) -> Option<PageImage>,
) -> Result<String> {
    let name = document.name.as_deref().unwrap_or("document");
    let mut out = String::new();
    put(
        &mut out,
        format_args!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{} – recto inspect</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
            html(name)
        ),
    );
    head(&mut out, name, document);
    for page in &document.pages {
        let image = image_of(page).map(|image| image.turned_back(page.rotation));
        page_section(&mut out, page, image.as_ref(), &document.warnings)?;
    }
    put(&mut out, format_args!("<script>\n{SCRIPT}</script>\n</body>\n</html>\n"));
    Ok(out)
}

/// Writing to a string does not fail.
fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

fn head(out: &mut String, name: &str, document: &Document) {
    let read = document.pages.len();
    put(
        out,
        format_args!(
            "<header>\n<h1>{}</h1>\n<p>{read} of {} pages",
            html(name),
            document.page_count
        ),
    );
    if let Some(language) = &document.language {
        put(out, format_args!(" · language {}", html(language)));
    }
    if let Some(confidence) = document.confidence() {
        put(out, format_args!(" · mean confidence {:.0} %", 100.0 * confidence));
    }
    out.push_str("</p>\n<nav aria-label=\"What is shown\">\n");
    for (class, label, shown) in LAYERS {
        let checked = if shown { " checked" } else { "" };
        put(
            out,
            format_args!(
                "<label><input type=\"checkbox\" data-layer=\"{class}\"{checked}> {label}</label>\n"
            ),
        );
    }
    out.push_str("</nav>\n");
    warnings(out, document.warnings.iter().filter(|w| w.page.is_none()));
    out.push_str("</header>\n");
}

fn warnings<'a>(out: &mut String, list: impl Iterator<Item = &'a Warning>) {
    let mut list = list.peekable();
    if list.peek().is_none() {
        return;
    }
    out.push_str("<ul class=\"warnings\">\n");
    for warning in list {
        put(out, format_args!("<li>{}</li>\n", html(&warning.message)));
    }
    out.push_str("</ul>\n");
}

fn page_section(
    out: &mut String,
    page: &Page,
    image: Option<&PageImage>,
    all_warnings: &[Warning],
) -> Result<()> {
    let (width, height) = (page.size.width.max(1.0), page.size.height.max(1.0));
    let index = page.index;
    put(
        out,
        format_args!(
            "<section id=\"page-{index}\" tabindex=\"-1\">\n<h2>Page {index} <small>{}</small></h2>\n",
            facts(page)
        ),
    );
    warnings(out, all_warnings.iter().filter(|w| w.page == Some(index)));
    put(
        out,
        format_args!(
            "<div class=\"sides\">\n<svg viewBox=\"0 0 {width:.1} {height:.1}\" role=\"img\" \
         aria-label=\"Page {index} with boxes\">\n<rect class=\"paper\" width=\"{width:.1}\" height=\"{height:.1}\"/>\n"
        ),
    );
    if let Some(image) = image {
        let data = STANDARD.encode(image.jpeg(QUALITY)?);
        put(
            out,
            format_args!(
                "<image class=\"image\" width=\"{width:.1}\" height=\"{height:.1}\" \
             preserveAspectRatio=\"none\" href=\"data:image/jpeg;base64,{data}\"/>\n"
            ),
        );
    }
    boxes::draw(out, page);
    let options = MarkdownOptions { profile: Profile::Full, ..MarkdownOptions::default() };
    let markdown = page_markdown(page, &options);
    put(
        out,
        format_args!(
            "</svg>\n<div class=\"reading\">\n{}<details><summary>Markdown</summary>\n<pre>{}</pre></details>\n</div>\n</div>\n</section>\n",
            boxes::reading(page, &options),
            html(&markdown)
        ),
    );
    Ok(())
}

fn facts(page: &Page) -> String {
    let mut facts = vec![format!("{:.0} × {:.0} points", page.size.width, page.size.height)];
    facts.push(
        match page.text_source {
            TextSource::None => "no text",
            TextSource::TextLayer => "text layer",
            TextSource::Ocr => "OCR",
            TextSource::Mixed => "text layer and OCR",
        }
        .to_owned(),
    );
    facts.extend(page.resolution.map(|r| format!("read at {:.0} dpi", r.0)));
    facts.extend((page.rotation != 0).then(|| format!("turned by {}°", page.rotation)));
    facts.extend(page.language.as_deref().map(|l| format!("language {}", html(l))));
    facts.extend(page.confidence.map(|c| format!("confidence {:.0} %", 100.0 * c)));
    facts.push(format!("{} words, {} blocks", page.words.len(), page.blocks.len()));
    facts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Role;
    use crate::export::markdown::tests::{block, document, paragraph};

    fn report() -> String {
        let pages = vec![
            vec![block(Role::Heading { level: 1 }, "A <b> & c"), paragraph("Text of it.")],
            vec![],
        ];
        inspect(&document(pages), |_| None).unwrap()
    }

    #[test]
    fn every_page_and_block_is_there_and_escaped() {
        let html = report();
        assert_eq!(html.matches("<section").count(), 2);
        assert!(html.contains("A &lt;b&gt; &amp; c") && !html.contains("A <b>"));
        assert!(html.contains("role-heading") && html.contains("role-paragraph"));
    }

    #[test]
    fn nothing_is_loaded_from_outside() {
        let html = report();
        for outside in ["http://", "https://", "src=", "@import", "url("] {
            assert!(!html.contains(outside), "{outside}");
        }
    }
}
