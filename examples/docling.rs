//! A document as docling's JSON, and all that is written of that: `docling IN... OUT_FOLDER`.

use std::path::PathBuf;

use recto::export::{
    DoclingOptions, MarkdownOptions, docling_document, doctags, hierarchical_chunks, latex,
    markdown, yaml,
};
use recto::{ChunkingOptions, Engine, Options, Profile, Source};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut files: Vec<String> = std::env::args().skip(1).collect();
    let out = PathBuf::from(files.pop().ok_or("docling IN... OUT_FOLDER")?);
    std::fs::create_dir_all(&out)?;
    let engine = Engine::builder().build()?;
    for (n, file) in files.iter().enumerate() {
        let write =
            |ending: &str, text: String| std::fs::write(out.join(format!("{n:03}.{ending}")), text);
        // A document that was read before is written again.
        let json = if file.ends_with(".json") {
            serde_json::from_str(&std::fs::read_to_string(file)?)?
        } else {
            let document = engine.read(Source::path(file), &Options::default())?;
            let options = MarkdownOptions {
                profile: Profile::Docling,
                compact_tables: false,
                ..MarkdownOptions::default()
            };
            write("md", markdown(&document, &options))?;
            docling_document(&document, &DoclingOptions::default())
        };
        write("json", json.to_string())?;
        write("doctags", doctags(&json))?;
        write("chunks", chunks(&json, &json!({}))?.to_string())?;
        write("tex", latex(&json))?;
        write("yaml", yaml(&json))?;
        let marked = json!({ "use_markdown_tables": true, "use_markdown_images": true });
        write("marked", chunks(&json, &marked)?.to_string())?;
    }
    Ok(())
}

/// Chunks with all that docling-core says of them.
fn chunks(json: &Value, options: &Value) -> recto::Result<Value> {
    let (options, _) = ChunkingOptions::from_docling_json(options)?;
    let chunks = hierarchical_chunks(json, &options);
    Ok(chunks
        .iter()
        .map(|chunk| {
            json!({
                "text": chunk.text,
                "contextualized": chunk.contextualized(),
                "headings": chunk.headings,
                "items": chunk.items,
                "pages": chunk.pages,
            })
        })
        .collect())
}
