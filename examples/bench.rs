//! Times the documents of a folder, each read once.
//!
//! ```sh
//! cargo run --release --example bench -- folder/
//! ```
//!
//! `recto bench` does more: several runs, memory, option sets side by side.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use recto::{Engine, Options, Source};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).ok_or("usage: bench FOLDER")?;
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    files.retain(|file| file.is_file());
    files.sort();

    let engine = Engine::builder().build()?;
    let (mut pages, mut seconds) = (0, 0.0);
    for file in files {
        let started = Instant::now();
        match engine.read(Source::path(&file), &Options::default()) {
            Ok(document) => {
                let took = started.elapsed().as_secs_f64();
                pages += document.pages.len();
                seconds += took;
                let stages: Vec<String> = document
                    .timings
                    .0
                    .iter()
                    .map(|(stage, seconds)| format!("{stage} {:.0} ms", seconds * 1e3))
                    .collect();
                println!(
                    "{}: {} page(s) in {took:.3} s ({})",
                    file.display(),
                    document.pages.len(),
                    stages.join(", ")
                );
            }
            // Not every file of a folder is a document.
            Err(error) => eprintln!("{}: {}", file.display(), error.chain()),
        }
    }
    println!("{pages} pages in {seconds:.3} s: {:.2} pages/s", pages as f64 / seconds.max(1e-9));
    Ok(())
}
