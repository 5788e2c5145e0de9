//! Documents in, what docling-serve answers with out.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::error::ApiError;
use super::answer;
use super::archive::Archive;
use super::chunk::{self, Chunking};
use super::images::{Drawn, Images};
use super::options::Target;
use crate::call::Call;
use crate::document::{Document, Status};
use crate::engine::Engine;
use crate::error::{Error, Result, Warning, WarningCode};
use crate::export::{
    DoclingImage, DoclingOptions, DoclingOrigin, HtmlImages, MarkdownOptions, docling_document,
    doctags, html_with, latex, markdown_with, text_with, yaml,
};
use crate::options::{
    ChunkingOptions, ImageExportMode, InputFormat, Options, OutputFormat, Profile,
};
use crate::source::{Format, Source};
use sha2::{Digest, Sha256};

/// Formats that are made of the `DoclingDocument`.
const OF_DOCLING_DOCUMENT: [OutputFormat; 5] = [
    OutputFormat::Json,
    OutputFormat::Yaml,
    OutputFormat::Doctags,
    OutputFormat::Latex,
    OutputFormat::Chunks,
];

/// What is to be made of documents.
#[derive(Clone, Copy, Debug)]
pub(in crate::server) struct Wanted<'a> {
    pub(in crate::server) options: &'a Options,
    /// How they are cut into chunks, if they are.
    pub(in crate::server) chunking: Option<&'a Chunking>,
    pub(in crate::server) target: Target,
}

/// What came of a conversion.
#[derive(Debug)]
pub(in crate::server) struct Converted {
    pub(in crate::server) reply: Reply,
    /// Pages read.
    pub(in crate::server) pages: usize,
    /// Bytes of the documents that could be read.
    pub(in crate::server) bytes: u64,
    pub(in crate::server) counts: Counts,
    /// What of the options had no effect, and what else is worth knowing.
    pub(in crate::server) warnings: Vec<Warning>,
}

/// How many documents ended in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::server) struct Counts {
    pub(in crate::server) succeeded: usize,
    pub(in crate::server) partially: usize,
    pub(in crate::server) failed: usize,
}

/// The body of the answer.
#[derive(Debug)]
pub(in crate::server) enum Reply {
    /// A `ConvertDocumentResponse`.
    Json(Value),
    /// A ZIP archive.
    Zip(Vec<u8>),
    /// An archive would be empty: not one document could be read.
    Nothing(ApiError),
}

/// A document, and what came of it.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) name: String,
    /// How long it took.
    pub(super) time: Duration,
    pub(super) outcome: Result<Outputs>,
}

/// A document that was read, in the formats asked for.
#[derive(Debug)]
pub(super) struct Outputs {
    pub(super) document: Document,
    pub(super) md: Option<String>,
    pub(super) json: Option<Value>,
    pub(super) html: Option<String>,
    pub(super) html_split_page: Option<String>,
    pub(super) text: Option<String>,
    pub(super) yaml: Option<String>,
    pub(super) doctags: Option<String>,
    pub(super) latex: Option<String>,
    /// A chunk on each line, as JSON.
    pub(super) chunks: Option<String>,
    /// Images that the formats refer to, by their names.
    pub(super) files: Vec<(String, Vec<u8>)>,
}

/// Converts documents one after the other, or cuts them into chunks.
///
/// A document that cannot be read is told in the answer: the call itself fails only when it is
/// cancelled. `document_timeout` counts for each document, and the call's deadline for all.
///
/// # Errors
///
/// [`Error::Cancelled`], and what keeps an archive from being written.
pub(in crate::server) fn convert(
    engine: &Engine,
    sources: Vec<Source>,
    wanted: Wanted<'_>,
    call: &Call,
) -> Result<Converted> {
    let read =
        |_: usize, source: Source, call: &Call| engine.read_with(source, wanted.options, call);
    convert_watched(engine, sources, wanted, call, &read, &mut |_| {})
}

/// Reads a document, of which the number is given.
pub(super) type ReadDocument<'a> = dyn Fn(usize, Source, &Call) -> Result<Document> + 'a;

/// The same, reading in another way and telling of every document as soon as it is done.
///
/// # Errors
///
/// As [`convert`].
pub(super) fn convert_watched(
    engine: &Engine,
    sources: Vec<Source>,
    wanted: Wanted<'_>,
    call: &Call,
    read: &ReadDocument<'_>,
    watch: &mut dyn FnMut(&Done),
) -> Result<Converted> {
    if let Some(chunking) = wanted.chunking {
        return chunk::chunk(engine, sources, wanted, chunking, call, read, watch);
    }
    let Wanted { options, target, .. } = wanted;
    let started = Instant::now();
    let in_body = target == Target::InBody && sources.len() == 1;
    let mut archive = Archive::new();
    let mut out = Converted::default();
    for (number, source) in sources.into_iter().enumerate() {
        let read = |source: Source, call: &Call| read(number, source, call);
        let mut done = one(engine, &source, options, call, &read)?;
        watch(&done);
        out.count(&mut done);
        if in_body {
            out.reply = Reply::Json(answer::response(done, started.elapsed()));
        } else {
            out.warnings.extend(archive.add(done)?);
        }
    }
    if !in_body {
        out.reply = archive.finish()?;
    }
    Ok(out)
}

impl Default for Converted {
    fn default() -> Self {
        Self {
            reply: Reply::Json(Value::Null),
            pages: 0,
            bytes: 0,
            counts: Counts::default(),
            warnings: Vec::new(),
        }
    }
}

impl Converted {
    pub(super) fn count(&mut self, done: &mut Done) {
        let Ok(outputs) = &mut done.outcome else {
            self.counts.failed += 1;
            return;
        };
        match outputs.document.status {
            Status::Success => self.counts.succeeded += 1,
            _ => self.counts.partially += 1,
        }
        self.pages += outputs.document.pages.len();
        self.bytes += outputs.document.byte_count;
        // What the answer has a place of its own for stays with the document.
        let (errors, warnings) =
            std::mem::take(&mut outputs.document.warnings).into_iter().partition(answer::is_error);
        outputs.document.warnings = errors;
        for warning in warnings {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
    }
}

/// Reads a document and writes it in the formats asked for.
pub(super) fn one(
    engine: &Engine,
    source: &Source,
    options: &Options,
    call: &Call,
    reader: &dyn Fn(Source, &Call) -> Result<Document>,
) -> Result<Done> {
    let call = call.clone().with_timeout(options.document_timeout);
    let started = Instant::now();
    match read(engine, source, options, &call, reader) {
        Err(Error::Cancelled) => Err(Error::Cancelled),
        outcome => Ok(Done { name: source.name(), time: started.elapsed(), outcome }),
    }
}

fn read(
    engine: &Engine,
    source: &Source,
    options: &Options,
    call: &Call,
    reader: &dyn Fn(Source, &Call) -> Result<Document>,
) -> Result<Outputs> {
    // Read, drawn and hashed from the same bytes.
    let source = engine.load(source, call)?;
    let origin = origin(&source, options)?;
    let mut document = reader(source.clone(), call)?;
    // Cut off by whoever waited: nobody wants what was read.
    if document.warnings.iter().any(|warning| warning.code == WarningCode::Cancelled) {
        return Err(Error::Cancelled);
    }
    // It has one here.
    document.warnings.retain(|warning| warning.option.as_deref() != Some("from_formats"));
    let images = Images::draw(engine, &source, options, &document, call);
    document.warnings.extend(images.warnings.iter().cloned());
    write(document, options, origin, &images)
}

/// What a `DoclingDocument` says of its file. Fails where files of its kind are not wanted.
pub(in crate::server) fn origin(source: &Source, options: &Options) -> Result<DoclingOrigin> {
    let name = source.name();
    let bytes: &[u8] = match source {
        Source::Bytes { bytes, .. } => bytes,
        _ => &[],
    };
    let format = Format::of(bytes, &name)?;
    let kind = match format {
        Format::Pdf => InputFormat::Pdf,
        _ => InputFormat::Image,
    };
    if options.from_formats.as_ref().is_some_and(|formats| !formats.contains(&kind)) {
        let detail = format!("{name} is {}, which is not among them", format.media_type());
        return Err(Error::invalid_option("from_formats", detail));
    }
    let digest = Sha256::digest(bytes);
    let binary_hash = digest.iter().take(8).fold(0, |hash, &byte| (hash << 8) | u64::from(byte));
    Ok(DoclingOrigin { media_type: format.media_type().to_owned(), binary_hash, file_name: name })
}

fn write(
    document: Document,
    options: &Options,
    origin: DoclingOrigin,
    images: &Images,
) -> Result<Outputs> {
    let asked = |format: OutputFormat| options.to_formats.contains(&format);
    let is_embedded = options.image_export_mode != ImageExportMode::Referenced;
    let address = |drawn: &Drawn| match is_embedded {
        true => drawn.data_uri(),
        false => drawn.file.clone(),
    };
    let profile = Profile::Docling;
    let md = asked(OutputFormat::Md).then(|| {
        let options = MarkdownOptions { profile, ..MarkdownOptions::from(options) };
        markdown_with(&document, &options, &mut |page, block| {
            let drawn = images.figures.get(&(page, block))?;
            Some(format!("![Image]({})", address(drawn)))
        })
    });
    let html = |pages: bool| {
        let figures = images.figures.iter().map(|(at, drawn)| (*at, address(drawn))).collect();
        let pages = images
            .pages
            .iter()
            .filter(|_| pages)
            .map(|(at, drawn)| (*at, address(drawn)))
            .collect();
        html_with(&document, profile, &HtmlImages { figures, pages })
    };
    let html_split_page = asked(OutputFormat::HtmlSplitPage).then(|| html(true));
    let html = asked(OutputFormat::Html).then(|| html(false));
    let text = asked(OutputFormat::Text).then(|| text_with(&document, profile));
    let mut out = Outputs {
        md,
        html,
        html_split_page,
        text,
        files: match is_embedded {
            true => Vec::new(),
            false => images.files(),
        },
        ..Outputs::of(document)
    };
    if !OF_DOCLING_DOCUMENT.into_iter().any(asked) {
        return Ok(out);
    }
    let image = |drawn: &Drawn| DoclingImage {
        media_type: "image/png".to_owned(),
        dpi: drawn.dpi,
        size: drawn.size,
        uri: address(drawn),
    };
    let with_pages =
        options.include_page_images && options.image_export_mode != ImageExportMode::Placeholder;
    let name = origin.file_name.clone();
    let json = docling_document(
        &out.document,
        &DoclingOptions {
            origin: Some(origin),
            pictures: images.figures.iter().map(|(at, drawn)| (*at, image(drawn))).collect(),
            pages: images
                .pages
                .iter()
                .filter(|_| with_pages)
                .map(|(at, drawn)| (*at, image(drawn)))
                .collect(),
            ..DoclingOptions::default()
        },
    );
    out.yaml = asked(OutputFormat::Yaml).then(|| yaml(&json));
    out.doctags = asked(OutputFormat::Doctags).then(|| doctags(&json));
    out.latex = asked(OutputFormat::Latex).then(|| latex(&json));
    if asked(OutputFormat::Chunks) {
        let given = options.chunking_options.as_ref().unwrap_or(&Value::Null);
        let (chunking, _) = ChunkingOptions::from_docling_json(given)?;
        let items = chunk::items(&name, &json, &chunking);
        out.chunks = Some(items.iter().map(|item| format!("{item}\n")).collect());
    }
    out.json = asked(OutputFormat::Json).then_some(json);
    Ok(out)
}

impl Outputs {
    /// A document, written in no format.
    fn of(document: Document) -> Self {
        Self {
            document,
            md: None,
            json: None,
            yaml: None,
            html: None,
            html_split_page: None,
            text: None,
            doctags: None,
            latex: None,
            chunks: None,
            files: Vec::new(),
        }
    }
}
