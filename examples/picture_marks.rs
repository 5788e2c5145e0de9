//! The numbers by which pictures are told apart, for `scripts/picture_model.py`.
//!
//! ```sh
//! cargo run --release --features full --example picture_marks -- FOLDER > marks.tsv
//! ```
//!
//! FOLDER holds `CLASS/SOURCE/NAME`; each line has the three and the numbers, with tabs between.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::path::{Path, PathBuf};

fn folder(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn main() {
    let Some(root) = std::env::args_os().nth(1) else {
        eprintln!("usage: picture_marks FOLDER");
        return;
    };
    for class in folder(Path::new(&root)) {
        for source in folder(&class) {
            for file in folder(&source) {
                match recto::internal::picture_marks(&file) {
                    Ok(Some(marks)) => {
                        let marks: Vec<String> = marks.iter().map(f32::to_string).collect();
                        let (class, source, file) = (name(&class), name(&source), name(&file));
                        println!("{class}\t{source}\t{file}\t{}", marks.join("\t"));
                    }
                    Ok(None) => {}
                    Err(error) => eprintln!("{}: {error}", file.display()),
                }
            }
        }
    }
}
