//! Conversions as jobs: what a queue keeps of one, and what is done for it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::jobs::{About, Failure, Outcome, Place, Tools};
use super::ask::Asked;
use super::callbacks::{self, Callback, Caller};
use super::chunk::Chunking;
use super::convert::{self, Counts, Reply, Wanted};
use super::options::Target;
use crate::call::Call;
use crate::engine::{Engine, PartRead};
use crate::error::{Error, Result, Warning};
use crate::jobs::{Job, JobInput, JobPart, PartDone};
use crate::options::{Options, PageSet};
use crate::source::Source;

/// What these jobs are called.
pub(in crate::server) const CONVERT: &str = "docling.convert";
/// Those that cut the documents into chunks.
pub(in crate::server) const CHUNK: &str = "docling.chunk";

/// What is kept of a request.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Order {
    documents: Vec<Place>,
    options: Options,
    /// Orders of earlier versions have none.
    #[serde(default)]
    chunking: Option<Chunking>,
    target: Target,
    callbacks: Vec<Callback>,
    warnings: Vec<Warning>,
}

/// What whoever asks how a job is wants to know of its result.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct More {
    pub(super) counts: Counts,
    pub(super) warnings: Vec<Warning>,
}

/// A request as a queue takes it: what is asked, and documents that are not fetched. Whatever keeps those
/// where they are comes third, to be dropped when the queue has them.
pub(super) fn order(asked: Asked) -> Result<(Value, Vec<JobInput>, Vec<Source>)> {
    let Asked { sources, options, chunking, target, callbacks, warnings } = asked;
    let mut inputs = Vec::new();
    let mut kept = Vec::new();
    let documents = sources.into_iter().map(|source| {
        let (place, input) = Place::of(&source);
        inputs.extend(input);
        if let Source::Stored(_) = source {
            kept.push(source);
        }
        place
    });
    let documents = documents.collect();
    let order = Order { documents, options, chunking, target, callbacks, warnings };
    let order = serde_json::to_value(order).map_err(|error| Error::stage("jobs", error))?;
    Ok((order, inputs, kept))
}

impl Order {
    fn of(request: &Value) -> Result<Self> {
        serde_json::from_value(request["order"].clone())
            .map_err(|error| Error::stage("jobs", error))
    }

    /// The documents, of which inputs are files of this machine.
    fn sources(&self, job: &Job) -> Result<Vec<Source>> {
        let mut inputs = job.inputs.iter();
        self.documents.iter().map(|place| place.source(&mut inputs)).collect()
    }
}

/// A part of a conversion: pages of one of its documents.
#[derive(Debug, Serialize, Deserialize)]
struct Share {
    document: usize,
    /// From 0.
    pages: Vec<usize>,
}

/// The field of a part's request that has its share.
const SHARE: &str = "share";

fn engine(tools: &Tools) -> Result<&Engine> {
    tools.engine.as_ref().ok_or_else(|| {
        let detail = "this process has no engine of its own, and converts no documents";
        Error::invalid_option("jobs", detail)
    })
}

/// Splits a conversion into parts of so many pages. Documents that are fetched, or cannot be opened, are in
/// none: they are read when the parts are joined.
pub(in crate::server) fn split(
    tools: &Tools,
    job: &Job,
    call: &Call,
    pages: usize,
) -> Result<Vec<JobPart>> {
    let order = Order::of(&job.request)?;
    let mut parts = Vec::new();
    for (document, source) in order.sources(job)?.into_iter().enumerate() {
        if matches!(source, Source::Url(_)) {
            continue;
        }
        let selected = match engine(tools)?.selected_pages(source, &order.options, call) {
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            selected => selected.unwrap_or_default(),
        };
        for pages in selected.chunks(pages.max(1)) {
            let share = Share { document, pages: pages.to_vec() };
            let mut request = job.request.clone();
            request[SHARE] = json!(share);
            parts.push(JobPart { request, size: pages.len() as u64 });
        }
    }
    Ok(parts)
}

/// Reads a part of a conversion, if the job is one.
pub(in crate::server) fn run_part(tools: &Tools, job: &Job, call: &Call) -> Result<Vec<u8>> {
    let order = Order::of(&job.request)?;
    let share: Share = serde_json::from_value(job.request[SHARE].clone())
        .map_err(|error| Error::stage("jobs", error))?;
    let Some(source) = order.sources(job)?.into_iter().nth(share.document) else {
        return Err(Error::invalid_option("jobs", "its document is not there"));
    };
    let options = Options { pages: Some(PageSet::from_indices(share.pages)), ..order.options };
    engine(tools)?.read_part(source, &options, call)?.to_bytes()
}

/// Converts the documents of a job.
pub(in crate::server) fn run(tools: &Tools, job: &Job, call: &Call) -> Result<Outcome> {
    finish(tools, job, call, &|_| Vec::new())
}

/// Converts the documents of a job of which parts were read.
pub(in crate::server) fn join(
    tools: &Tools,
    job: &Job,
    parts: Vec<PartDone>,
    call: &Call,
) -> Result<Outcome> {
    let mut shares = Vec::new();
    for part in parts {
        let share: Share = serde_json::from_value(part.request[SHARE].clone())
            .map_err(|error| Error::stage("jobs", error))?;
        shares.push((share, part.result));
    }
    // A part that cannot be understood is of another version: its pages fail, the others do not.
    let read = |share: &Share, result: &Result<Vec<u8>, String>| {
        let read = result.as_ref().map_err(Clone::clone);
        let read = read.and_then(|bytes| PartRead::from_bytes(bytes).map_err(|e| e.chain()));
        read.unwrap_or_else(|why| PartRead::failed(share.pages.iter().copied(), &why))
    };
    finish(tools, job, call, &|document| {
        let of_it = shares.iter().filter(|(share, _)| share.document == document);
        of_it.map(|(share, result)| read(share, result)).collect()
    })
}

/// Converts the documents of a job, from their parts where there are any.
fn finish(
    tools: &Tools,
    job: &Job,
    call: &Call,
    parts: &dyn Fn(usize) -> Vec<PartRead>,
) -> Result<Outcome> {
    let order = Order::of(&job.request)?;
    let engine = engine(tools)?;
    let sources = order.sources(job)?;
    let all = sources.len();
    let caller = Caller::new(&order.callbacks, &job.id, engine, &tools.queue);
    caller.begin(all);
    let mut done = Vec::new();
    let converted = convert::convert_watched(
        engine,
        sources,
        Wanted { options: &order.options, chunking: order.chunking.as_ref(), target: order.target },
        call,
        &|document, source, call| match parts(document) {
            none if none.is_empty() => engine.read_with(source, &order.options, call),
            parts => engine.join_parts(source, &order.options, parts, call),
        },
        &mut |one| {
            done.push(callbacks::item(one));
            caller.done(one, done.len(), all);
        },
    )?;
    caller.processed(converted.counts, &done);
    let mut warnings = order.warnings;
    warnings.extend(converted.warnings);
    let more = serde_json::to_value(More { counts: converted.counts, warnings });
    let more = more.map_err(|error| Error::stage("jobs", error))?;
    let (media_type, failure, body) = match converted.reply {
        Reply::Json(body) => ("application/json", None, body.to_string().into_bytes()),
        Reply::Zip(bytes) => ("application/zip", None, bytes),
        Reply::Nothing(error) => ("", Some(Failure::of(&error)), Vec::new()),
    };
    let (pages, bytes) = (converted.pages, converted.bytes);
    let about = About { media_type: media_type.to_owned(), failure, pages, bytes, more };
    Ok(Outcome { about, body })
}

/// docling-serve's counts of a job: before it ended, how many pages are done is all that is known.
pub(super) fn meta(documents: usize, more: Option<&More>, pages: Option<(u64, u64)>) -> Value {
    let counts = more.map(|more| more.counts).unwrap_or_default();
    let mut meta = json!({
        "num_docs": documents,
        "num_processed": counts.succeeded + counts.partially + counts.failed,
        "num_succeeded": counts.succeeded,
        "num_partially_succeeded": counts.partially,
        "num_failed": counts.failed,
    });
    if let Some((done, of)) = pages {
        meta["num_pages"] = json!(of);
        meta["num_pages_processed"] = json!(done);
    }
    meta
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;
    use crate::options::ChunkingOptions;
    use crate::source::StoredFile;

    #[test]
    fn what_is_asked_survives_the_queue() {
        let given = json!({
            "to_formats": ["md", "json"], "ocr_lang": ["sv", "en"], "page_range": [2, 5],
            "document_timeout": 1.5, "images_scale": 1.25, "force_ocr": true,
            "md_page_break_placeholder": "<!-- p -->", "pdf_backend": "pypdfium2",
        });
        let (options, _) = Options::from_docling_json(&given).unwrap();
        let cut = json!({ "use_markdown_tables": true, "image_placeholder": "<i>" });
        let (cut, _) = ChunkingOptions::from_docling_json(&cut).unwrap();
        let chunking = Chunking { options: cut, include_converted_doc: true };
        let asked = || Asked {
            sources: vec![
                Source::bytes(*b"%PDF-1.7", "a.pdf"),
                Source::Url(Url::parse("https://x.org/b.pdf?token=1").unwrap()),
                Source::Stored(StoredFile::new("/kept/1", "c.pdf")),
            ],
            options: options.clone(),
            chunking: Some(chunking.clone()),
            target: Target::Zip,
            callbacks: Vec::new(),
            warnings: vec![Warning::option("x", "y")],
        };
        let (order, inputs, kept) = order(asked()).unwrap();
        assert_eq!(
            inputs,
            [JobInput::Bytes((*b"%PDF-1.7").into()), JobInput::Copy("/kept/1".into())]
        );
        assert_eq!(kept.len(), 1);
        let text = order.to_string();
        let back: Order = serde_json::from_str(&text).unwrap();
        assert_eq!((back.options, back.target), (options, Target::Zip));
        assert_eq!(back.chunking, Some(chunking));
        assert_eq!(back.warnings, [Warning::option("x", "y")]);
        let input = |name: &str| Place::Input(name.to_owned());
        let url = Url::parse("https://x.org/b.pdf?token=1").unwrap();
        assert_eq!(back.documents, [input("a.pdf"), Place::Url(url), input("c.pdf")]);
    }
}
