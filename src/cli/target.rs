//! Where results go: stdout, a file, or one file each in a folder.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::console::misuse;

/// Where results go.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    Stdout,
    File(PathBuf),
    /// A file for each input, in the order of the inputs.
    Files(Vec<PathBuf>),
}

impl Target {
    /// `stems` name the inputs' results; a folder is made if it is not there.
    pub(super) fn new(output: Option<&Path>, stems: &[String], extension: &str) -> Result<Self> {
        let Some(output) = output.filter(|output| *output != Path::new("-")) else {
            return Ok(Self::Stdout);
        };
        let text = output.as_os_str().to_string_lossy();
        let folder =
            output.is_dir() || text.ends_with('/') || text.ends_with(std::path::MAIN_SEPARATOR);
        if !folder && stems.len() == 1 {
            return Ok(Self::File(output.to_owned()));
        }
        if output.exists() && !output.is_dir() {
            return Err(misuse(format!(
                "{} is a file; the results of {} inputs need a folder",
                output.display(),
                stems.len()
            )));
        }
        fs::create_dir_all(output)
            .with_context(|| format!("cannot make the folder {}", output.display()))?;
        let names = file_names(stems, extension);
        Ok(Self::Files(names.into_iter().map(|name| output.join(name)).collect()))
    }

    /// The file for an input; `None` for stdout.
    pub(super) fn file(&self, input: usize) -> Option<&Path> {
        match self {
            Self::Stdout => None,
            Self::File(file) => Some(file),
            Self::Files(files) => files.get(input).map(PathBuf::as_path),
        }
    }
}

/// Writes a result, unless that would destroy an input.
pub(super) fn write(file: &Path, result: &[u8], inputs: &[PathBuf]) -> Result<()> {
    if let Ok(real) = fs::canonicalize(file)
        && inputs.iter().any(|input| fs::canonicalize(input).is_ok_and(|input| input == real))
    {
        return Err(misuse(format!("{} is an input; name another output", file.display())));
    }
    fs::write(file, result).with_context(|| format!("cannot write {}", file.display()))
}

/// A name for each stem, no two alike, also where upper and lower case are one: the first keeps its
/// stem, later ones get a number.
fn file_names(stems: &[String], extension: &str) -> Vec<String> {
    let mut taken: HashSet<String> = stems.iter().map(|stem| stem.to_lowercase()).collect();
    let mut used = HashSet::new();
    let mut names = Vec::with_capacity(stems.len());
    for stem in stems {
        let mut name = stem.clone();
        let mut number = 1;
        if !used.insert(name.to_lowercase()) {
            // The stems of later inputs are kept free for those.
            while !taken.insert(name.to_lowercase()) {
                number += 1;
                name = format!("{stem}-{number}");
            }
        }
        names.push(format!("{name}.{extension}"));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(stems: &[&str]) -> Vec<String> {
        let stems: Vec<String> = stems.iter().map(|&s| s.to_owned()).collect();
        file_names(&stems, "md")
    }

    #[test]
    fn no_result_overwrites_another() {
        assert_eq!(
            names(&["a", "a", "a-2", "A", "b"]),
            ["a.md", "a-3.md", "a-2.md", "A-4.md", "b.md"]
        );
    }

    #[test]
    fn numbers_go_on_until_a_name_is_free() {
        assert_eq!(
            names(&["a", "a", "a", "a-2", "a-2"]),
            ["a.md", "a-3.md", "a-4.md", "a-2.md", "a-2-2.md"]
        );
    }

    #[test]
    fn what_output_means_depends_on_what_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let stems = ["x".to_owned(), "y".to_owned()];
        let target = |output: &Path, n: usize| Target::new(Some(output), &stems[..n], "md");
        assert_eq!(target(Path::new("-"), 2).unwrap(), Target::Stdout);
        assert_eq!(
            target(dir.path(), 1).unwrap(),
            Target::Files(vec![dir.path().join("x.md")]),
            "an existing folder"
        );
        let new = dir.path().join("new");
        assert_eq!(target(&new, 1).unwrap(), Target::File(new.clone()));
        assert!(target(&new, 2).is_ok() && new.is_dir(), "several inputs make a folder");
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(target(&file, 2).unwrap_err().to_string().contains("is a file"));
    }

    #[test]
    fn an_input_is_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let input = dir.path().join("a.md");
        fs::write(&input, "input").unwrap();
        let roundabout = dir.path().join(".").join("a.md");
        assert!(write(&roundabout, b"result", std::slice::from_ref(&input)).is_err());
        assert_eq!(fs::read_to_string(&input).unwrap(), "input");
    }
}
