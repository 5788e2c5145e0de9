//! A document as docling's JSON, and its markdown beside: `docling IN... OUT_FOLDER`.

use recto::export::{DoclingOptions, MarkdownOptions, docling_document, doctags, markdown};
use recto::{Engine, Options, Profile, Source};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut files: Vec<String> = std::env::args().skip(1).collect();
    let out = std::path::PathBuf::from(files.pop().ok_or("docling IN... OUT_FOLDER")?);
    std::fs::create_dir_all(&out)?;
    let engine = Engine::builder().build()?;
    for (n, file) in files.iter().enumerate() {
        let document = engine.read(Source::path(file), &Options::default())?;
        let json = docling_document(&document, &DoclingOptions::default());
        let options = MarkdownOptions {
            profile: Profile::Docling,
            compact_tables: false,
            ..MarkdownOptions::default()
        };
        std::fs::write(out.join(format!("{n:03}.json")), json.to_string())?;
        std::fs::write(out.join(format!("{n:03}.md")), markdown(&document, &options))?;
        std::fs::write(out.join(format!("{n:03}.doctags")), doctags(&json))?;
    }
    Ok(())
}
