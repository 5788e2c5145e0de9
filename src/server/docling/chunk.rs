//! Documents in, chunks out: docling-serve's `ChunkDocumentResponse`.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::answer;
use super::archive::Archive;
use super::convert::{self, Converted, Done, ReadDocument, Reply, Wanted};
use super::options::Target;
use crate::call::Call;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::export::hierarchical_chunks;
use crate::options::ChunkingOptions;
use crate::source::Source;

/// How documents are cut, and what the answer holds beside the chunks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::server) struct Chunking {
    pub(in crate::server) options: ChunkingOptions,
    /// Whether each document is answered as JSON beside its chunks.
    pub(in crate::server) include_converted_doc: bool,
}

/// Reads documents one after the other and cuts them into chunks.
///
/// A document of which pages are missing is cut as far as it was read, and its status says so; one
/// that cannot be read has no chunks, and `documents` says why. Otherwise as
/// [`convert_watched`](convert::convert_watched).
///
/// # Errors
///
/// [`Error::Cancelled`], and what keeps an archive from being written.
pub(super) fn chunk(
    engine: &Engine,
    sources: Vec<Source>,
    wanted: Wanted<'_>,
    chunking: &Chunking,
    call: &Call,
    read: &ReadDocument<'_>,
    watch: &mut dyn FnMut(&Done),
) -> Result<Converted> {
    let started = Instant::now();
    let mut out = Converted::default();
    let (mut chunks, mut documents) = (Vec::new(), Vec::new());
    let mut files = BTreeMap::new();
    for (number, source) in sources.into_iter().enumerate() {
        let read = |source: Source, call: &Call| read(number, source, call);
        let mut done = convert::one(engine, &source, wanted.options, call, &read)?;
        watch(&done);
        out.count(&mut done);
        if let Ok(outputs) = &mut done.outcome {
            if let Some(document) = &outputs.json {
                chunks.extend(items(&done.name, document, &chunking.options));
            }
            if chunking.include_converted_doc {
                files.extend(std::mem::take(&mut outputs.files));
            } else {
                outputs.json = None;
            }
        }
        documents.push(answer::result(done));
    }
    out.reply = match wanted.target {
        Target::InBody => Reply::Json(in_body(chunks, documents, started)),
        Target::Zip => {
            let result = json!({
                "kind": "ChunkedDocumentResponse",
                "chunks": chunks,
                "documents": documents,
                "chunking_info": info(&chunking.options),
            });
            let text = serde_json::to_string_pretty(&result)
                .map_err(|error| Error::stage("json", error))?;
            let mut archive = Archive::new();
            archive.add_files([("chunked_result.json".to_owned(), text.into_bytes())])?;
            archive.add_files(files)?;
            archive.finish()?
        }
    };
    Ok(out)
}

/// A document's chunks (`ChunkedDocumentResultItem`); the document is a `DoclingDocument`.
pub(super) fn items(name: &str, document: &Value, options: &ChunkingOptions) -> Vec<Value> {
    let mut origin = document["origin"].clone();
    if let Value::Object(origin) = &mut origin {
        origin.insert("uri".to_owned(), Value::Null);
    }
    let item = |(n, chunk): (usize, crate::export::Chunk)| {
        let mut metadata = Map::new();
        if !origin.is_null() {
            metadata.insert("origin".to_owned(), origin.clone());
        }
        metadata.insert("has_image".to_owned(), json!(chunk.has_picture()));
        json!({
            "filename": name,
            "chunk_index": n,
            "text": chunk.contextualized(),
            "raw_text": options.raw_text.then_some(&chunk.text),
            // Only the hybrid chunker counts.
            "num_tokens": null,
            "headings": (!chunk.headings.is_empty()).then_some(&chunk.headings),
            // docling-core's chunks have them in their text.
            "captions": null,
            "doc_items": chunk.items,
            "page_numbers": chunk.pages,
            "metadata": metadata,
        })
    };
    hierarchical_chunks(document, options).into_iter().enumerate().map(item).collect()
}

/// docling-serve answers with the field's older name here, and with the newer one in archives. Its
/// clients take both.
fn in_body(chunks: Vec<Value>, mut documents: Vec<Value>, started: Instant) -> Value {
    for document in documents.iter_mut().filter_map(Value::as_object_mut) {
        if let Some(content) = document.remove("document") {
            document.insert("content".to_owned(), content);
        }
    }
    json!({
        "chunks": chunks,
        "documents": documents,
        "processing_time": started.elapsed().as_secs_f64(),
    })
}

/// The options as docling-serve repeats them.
fn info(options: &ChunkingOptions) -> Value {
    json!({
        "chunker": "hierarchical",
        "use_markdown_tables": options.markdown_tables,
        "use_markdown_images": options.markdown_images,
        "image_placeholder": options.image_placeholder,
        "include_raw_text": options.raw_text,
    })
}
