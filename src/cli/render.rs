//! A document in the format asked for, and how several of them stand in one stream.

use std::sync::Arc;

use clap::ValueEnum;
use recto::export::{self, MarkdownOptions, PdfOptions, TableFormat};
use recto::{Document, Profile};

use super::console::Console;

/// `--format`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    #[default]
    #[value(alias = "markdown")]
    Md,
    #[value(alias = "txt")]
    Text,
    Json,
    /// A web page: headings, lists, tables, no boxes
    Html,
    /// hOCR, HTML with the box and confidence of every word
    Hocr,
    /// ALTO 4 XML
    Alto,
    /// The PDF, or the image as a PDF, with what was recognised as invisible text
    Pdf,
}

impl Format {
    /// The ending of files in this format.
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Md => "md",
            Self::Text => "txt",
            Self::Json => "json",
            Self::Html => "html",
            Self::Hocr => "hocr",
            Self::Alto => "xml",
            Self::Pdf => "pdf",
        }
    }

    /// What it is called in messages.
    fn name(self) -> &'static str {
        match self {
            Self::Html => "HTML",
            Self::Hocr => "hOCR",
            Self::Alto => "ALTO",
            Self::Pdf => "PDF",
            other => other.extension(),
        }
    }

    /// Whether it needs the bytes of the input besides what was read from them.
    pub(super) fn needs_original(self) -> bool {
        self == Self::Pdf
    }

    /// What speaks against results on stdout: `many` of them, and whether it is a terminal.
    pub(super) fn stdout_objection(self, many: bool, terminal: bool) -> Option<String> {
        let name = self.name();
        match self {
            Self::Md | Self::Text | Self::Json => None,
            Self::Pdf if terminal => {
                Some(format!("{name} is no text for a terminal; name a file with -o FILE"))
            }
            _ if many => Some(format!(
                "several documents as {name} do not make one stream; name a folder with -o DIR/"
            )),
            _ => None,
        }
    }
}

/// `--profile`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum ProfileArg {
    Full,
    Docling,
}

/// `--tables`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum TablesArg {
    Auto,
    Markdown,
    Html,
}

/// What was read, and what of the input writing it may take.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) document: Document,
    /// The input's bytes; empty where the format does not need them.
    pub(super) original: Arc<[u8]>,
    pub(super) password: Option<String>,
}

/// How results are written.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct RenderArgs {
    /// What to write
    #[arg(long, short, value_enum, default_value_t, help_heading = "Output")]
    pub(super) format: Format,

    #[command(flatten)]
    style: StyleArgs,
}

/// How text formats are written.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct StyleArgs {
    /// What the text holds: all of it, or as docling prints it, without page headers and footers and
    /// with docling's escaping and tables [default: full]
    #[arg(long, value_enum, help_heading = "Output")]
    profile: Option<ProfileArg>,

    /// What stands between pages in markdown, on a line of its own [default: nothing]
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, help_heading = "Output")]
    page_break: Option<String>,

    /// How markdown tables are written; auto takes HTML where cells span [default: auto]
    #[arg(long, value_enum, value_name = "FORMAT", help_heading = "Output")]
    tables: Option<TablesArg>,
}

impl StyleArgs {
    /// Names what was asked for and has no effect in any of these formats.
    pub(super) fn check(&self, formats: &[Format], console: &Console) {
        let some = |wanted: &[Format]| formats.iter().any(|format| wanted.contains(format));
        let markdown = some(&[Format::Md]);
        let given = [
            ("--profile", self.profile.is_some(), some(&[Format::Md, Format::Text, Format::Html])),
            ("--page-break", self.page_break.is_some(), markdown),
            ("--tables", self.tables.is_some(), markdown),
        ];
        for (option, given, counts) in given {
            if given && !counts {
                let formats: Vec<&str> = formats.iter().map(|format| format.name()).collect();
                let formats = formats.join(", ");
                console.warning(format_args!("{option} has no effect on {formats} output"));
            }
        }
    }

    fn profile(&self) -> Profile {
        match self.profile {
            None => Profile::default(),
            Some(ProfileArg::Full) => Profile::Full,
            Some(ProfileArg::Docling) => Profile::Docling,
        }
    }
}

impl RenderArgs {
    /// One format in a style.
    pub(super) fn of(format: Format, style: &StyleArgs) -> Self {
        Self { format, style: style.clone() }
    }

    /// Names what was asked for and has no effect in this format.
    pub(super) fn check(&self, console: &Console) {
        self.style.check(&[self.format], console);
    }

    /// Whether a profile was named.
    pub(super) fn names_profile(&self) -> bool {
        self.style.profile.is_some()
    }

    /// `--tables`.
    pub(super) fn tables(&self) -> Option<TablesArg> {
        self.style.tables
    }

    /// What stands between pages; nothing by default.
    pub(super) fn page_break(&self) -> &str {
        self.style.page_break.as_deref().unwrap_or_default()
    }

    /// The document alone, as it goes into a file.
    pub(super) fn render(&self, read: &Read) -> recto::Result<Vec<u8>> {
        let document = &read.document;
        Ok(match self.format {
            Format::Html => export::html(document, self.style.profile()).into_bytes(),
            Format::Hocr => export::hocr(document).into_bytes(),
            Format::Alto => export::alto(document).into_bytes(),
            Format::Pdf => {
                let options = PdfOptions { password: read.password.clone() };
                export::searchable_pdf(document, &read.original, &options)?
            }
            Format::Md | Format::Text | Format::Json => self.text(document).into_bytes(),
        })
    }

    fn text(&self, document: &Document) -> String {
        match self.format {
            Format::Text => export::text_with(document, self.style.profile()),
            Format::Json => export::json(document),
            _ => {
                let options = MarkdownOptions {
                    profile: self.style.profile(),
                    page_break: self.style.page_break.clone().unwrap_or_default(),
                    tables: match self.style.tables {
                        None => TableFormat::default(),
                        Some(TablesArg::Auto) => TableFormat::Auto,
                        Some(TablesArg::Markdown) => TableFormat::Markdown,
                        Some(TablesArg::Html) => TableFormat::Html,
                    },
                    ..MarkdownOptions::default()
                };
                export::markdown(document, &options)
            }
        }
    }

    /// The document as one of several in a stream, where the format allows that: markdown after a comment that names it, text
    /// after a line that does, JSON on a line of its own.
    pub(super) fn render_part(
        &self,
        document: &Document,
        name: &str,
        first: bool,
    ) -> serde_json::Result<String> {
        let gap = if first { "" } else { "\n" };
        Ok(match self.format {
            Format::Text => format!("{gap}==> {name} <==\n\n{}", self.text(document)),
            Format::Json => serde_json::to_string(document)? + "\n",
            _ => commented(name, first, &self.text(document)),
        })
    }
}

/// Markdown as one of several in a stream, after a comment with its file's name.
pub(super) fn commented(name: &str, first: bool, markdown: &str) -> String {
    let gap = if first { "" } else { "\n" };
    // Two hyphens would end the comment early.
    let name = name.replace("--", "- -").replace(['<', '>', '\n', '\r'], " ");
    format!("{gap}<!-- file: {name} -->\n\n{markdown}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pdf_is_kept_off_terminals_and_files_are_not_strung_together() {
        let objection = |format: Format, many, terminal| format.stdout_objection(many, terminal);
        assert!(objection(Format::Pdf, false, true).is_some_and(|o| o.contains("-o FILE")));
        assert!(objection(Format::Pdf, true, false).is_some_and(|o| o.contains("-o DIR/")));
        assert!(objection(Format::Hocr, true, false).is_some_and(|o| o.contains("hOCR")));
        assert_eq!(objection(Format::Pdf, false, false), None);
        assert_eq!(objection(Format::Alto, false, true), None);
        assert_eq!(objection(Format::Md, true, true), None);
    }
}
