//! `recto read --model`: documents read by a service, or by this machine under an alias.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use recto::provider::{
    LocalProvider, OcrProvider, OcrRequest, OcrResponse, OcrTableFormat, Router,
};
use recto::{Call, CancelFlag, Config, Source};

use super::args::ReadingArgs;
use super::console::{Console, misuse};
use super::render::{Format, RenderArgs, TablesArg, commented};

/// Who reads.
#[derive(clap::Args, Clone, Debug, Default)]
pub(super) struct ModelArgs {
    /// Who reads: PROVIDER/MODEL or an alias of recto.toml; documents leave this machine only for a
    /// provider named here [default: this machine]
    #[arg(long, value_name = "MODEL", help_heading = "Services")]
    model: Option<String>,

    /// The recto.toml that names providers and aliases [default: RECTO_CONFIG, else
    /// ~/.config/recto/recto.toml]
    #[arg(long, value_name = "FILE", help_heading = "Services")]
    config: Option<PathBuf>,
}

/// A provider and what it is asked, whatever the document.
#[derive(Debug)]
pub(super) struct Service {
    router: Router,
    request: OcrRequest,
    timeout: Option<Duration>,
    format: Format,
    page_break: String,
    /// Options that only count where this machine reads.
    own: Vec<&'static str>,
}

impl ModelArgs {
    /// The provider of the model; `None` where this machine reads as without a model.
    ///
    /// # Errors
    ///
    /// For models that nobody serves, and options that services do not have.
    pub(super) fn service(
        &self,
        reading: &ReadingArgs,
        render: &RenderArgs,
    ) -> anyhow::Result<Option<Service>> {
        let Some(model) = &self.model else {
            if self.config.is_some() {
                return Err(misuse("--config counts with --model only"));
            }
            return Ok(None);
        };
        let config = Config::find(self.config.as_deref())?;
        let local =
            LocalProvider::new(Arc::new(reading.engine()?)).with_options(reading.options()?);
        let router = config.router(Arc::new(local))?;
        if router.is_local(Some(model))? {
            return Ok(None);
        }
        if !matches!(render.format, Format::Md | Format::Json) {
            return Err(misuse(format!(
                "--format {} needs the place of every word, which {model} does not give; take md \
                 or json",
                render.format.extension()
            )));
        }
        if render.names_profile() {
            return Err(misuse(format!("--profile: {model} decides what its markdown holds")));
        }
        if reading.names_password() {
            return Err(misuse(format!("--password: {model} takes no passwords")));
        }
        let mut request = OcrRequest::new(Source::bytes([], ""));
        request.model = Some(model.clone());
        request.pages = reading.pages.clone();
        request.parameters = reading.parameters()?;
        request.table_format = match render.tables() {
            None | Some(TablesArg::Auto) => None,
            Some(TablesArg::Markdown) => Some(OcrTableFormat::Markdown),
            Some(TablesArg::Html) => Some(OcrTableFormat::Html),
        };
        Ok(Some(Service {
            router,
            request,
            timeout: reading.timeout,
            format: render.format,
            page_break: render.page_break().to_owned(),
            own: reading.own_options(),
        }))
    }
}

impl Service {
    /// Reads a document.
    pub(super) fn read(
        &self,
        document: Source,
        cancel: &CancelFlag,
        console: &Console,
    ) -> recto::Result<OcrResponse> {
        let call = Call { cancel: cancel.clone(), ..Call::default() }.with_timeout(self.timeout);
        let response = self.router.ocr(&OcrRequest { document, ..self.request.clone() }, &call)?;
        if response.provider != "docling" {
            for option in &self.own {
                let model = &response.model;
                console.warning(format_args!("{option} had no effect: {model} read"));
            }
        }
        Ok(response)
    }

    /// The response alone, as it goes into a file.
    pub(super) fn render(&self, response: &OcrResponse) -> serde_json::Result<String> {
        match self.format {
            Format::Json => Ok(serde_json::to_string_pretty(response)? + "\n"),
            _ => Ok(self.markdown(response)),
        }
    }

    /// The response as one of several in a stream, as [`RenderArgs::render_part`] writes them.
    pub(super) fn render_part(
        &self,
        response: &OcrResponse,
        name: &str,
        first: bool,
    ) -> serde_json::Result<String> {
        match self.format {
            Format::Json => Ok(serde_json::to_string(response)? + "\n"),
            _ => Ok(commented(name, first, &self.markdown(response))),
        }
    }

    /// The pages, with separate tables put back where they stood.
    fn markdown(&self, response: &OcrResponse) -> String {
        let pages = response.pages.iter().map(|page| {
            let mut text = page.markdown.trim_end().to_owned();
            for table in &page.tables {
                let link = format!("[{}]({})", table.id, table.id);
                text = text.replace(&link, table.content.trim_end());
            }
            text
        });
        let gap = match self.page_break.as_str() {
            "" => "\n\n".to_owned(),
            line => format!("\n\n{line}\n\n"),
        };
        let mut text = match self.page_break.is_empty() {
            // Blank pages leave no gap.
            true => pages.filter(|page| !page.is_empty()).collect::<Vec<_>>().join(&gap),
            false => pages.collect::<Vec<_>>().join(&gap),
        };
        if !text.is_empty() {
            text.push('\n');
        }
        text
    }
}
