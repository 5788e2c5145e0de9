//! A document in the format asked for, and how several of them stand in one stream.

use clap::ValueEnum;
use recto::export::{self, MarkdownOptions, TableFormat};
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
}

impl Format {
    /// The ending of files in this format.
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Md => "md",
            Self::Text => "txt",
            Self::Json => "json",
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

/// How results are written.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct RenderArgs {
    /// What to write
    #[arg(long, short, value_enum, default_value_t, help_heading = "Output")]
    pub(super) format: Format,

    /// What the text holds: all of it, or as docling prints it, without page headers and footers
    /// [default: docling]
    #[arg(long, value_enum, help_heading = "Output")]
    profile: Option<ProfileArg>,

    /// What stands between pages in markdown, on a line of its own [default: nothing]
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, help_heading = "Output")]
    page_break: Option<String>,

    /// How markdown tables are written; auto takes HTML where cells span [default: auto]
    #[arg(long, value_enum, value_name = "FORMAT", help_heading = "Output")]
    tables: Option<TablesArg>,
}

impl RenderArgs {
    /// Names what was asked for and has no effect in this format.
    pub(super) fn check(&self, console: &Console) {
        let given = [
            ("--profile", self.profile.is_some(), self.format == Format::Json),
            ("--page-break", self.page_break.is_some(), self.format != Format::Md),
            ("--tables", self.tables.is_some(), self.format != Format::Md),
        ];
        for (option, given, idle) in given {
            if given && idle {
                let format = self.format.extension();
                console.warning(format_args!("{option} has no effect on {format} output"));
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

    /// The document alone, as it goes into a file.
    pub(super) fn render(&self, document: &Document) -> String {
        match self.format {
            Format::Md => {
                let options = MarkdownOptions {
                    profile: self.profile(),
                    page_break: self.page_break.clone().unwrap_or_default(),
                    tables: match self.tables {
                        None => TableFormat::default(),
                        Some(TablesArg::Auto) => TableFormat::Auto,
                        Some(TablesArg::Markdown) => TableFormat::Markdown,
                        Some(TablesArg::Html) => TableFormat::Html,
                    },
                    ..MarkdownOptions::default()
                };
                export::markdown(document, &options)
            }
            Format::Text => export::text_with(document, self.profile()),
            Format::Json => export::json(document),
        }
    }

    /// The document as one of several in a stream: markdown after a comment that names it, text
    /// after a line that does, JSON on a line of its own.
    pub(super) fn render_part(
        &self,
        document: &Document,
        name: &str,
        first: bool,
    ) -> serde_json::Result<String> {
        let gap = if first { "" } else { "\n" };
        Ok(match self.format {
            Format::Md => {
                // Two hyphens would end the comment early.
                let name = name.replace("--", "- -").replace(['<', '>', '\n', '\r'], " ");
                format!("{gap}<!-- file: {name} -->\n\n{}", self.render(document))
            }
            Format::Text => format!("{gap}==> {name} <==\n\n{}", self.render(document)),
            Format::Json => serde_json::to_string(document)? + "\n",
        })
    }
}
