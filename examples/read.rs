//! Reads a document and shows what there is to know about it.
//!
//! ```sh
//! cargo run --release --example read -- report.pdf
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;

use recto::{Engine, Options, Role, Source};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: read FILE")?;

    // An engine holds threads and OCR handles: make one and keep it.
    let engine = Engine::builder().build()?;
    let document = engine.read(Source::path(path), &Options::default())?;

    println!("{}", document.to_markdown());

    // Beside the text: every block with its place, every word with its box and confidence.
    for page in &document.pages {
        let tables = page.blocks.iter().filter(|b| matches!(b.role, Role::Table { .. })).count();
        eprintln!(
            "page {}: {:.0} × {:.0} points, text from {:?}, {} words in {} blocks, {tables} table(s)",
            page.index,
            page.size.width,
            page.size.height,
            page.text_source,
            page.words.len(),
            page.blocks.len(),
        );
    }
    for warning in &document.warnings {
        eprintln!("warning: {warning}");
    }
    Ok(())
}
