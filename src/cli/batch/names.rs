//! What each document's results are called: no two alike, and the same again when a run goes on.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::inputs::{Item, Place};
use super::report::Previous;
use crate::cli::console::misuse;
use crate::cli::render::Format;

/// Gives each document a stem of its own, also where upper and lower case are one: names that the report
/// of an earlier run has stay; the first of several that are alike keeps its stem, later ones get
/// the ending of their file besides (`a.pdf.md`, `a.png.md`), then a number.
///
/// # Errors
///
/// Where a manifest gives two documents one name, or a result would take the place of an input.
pub(super) fn assign(
    mut items: Vec<Item>,
    previous: &Previous,
    formats: &[Format],
    output: &Path,
) -> anyhow::Result<Vec<Item>> {
    let mut taken: HashSet<String> = HashSet::new();
    let mut settled = vec![false; items.len()];
    let sources: HashSet<&str> = items.iter().map(|item| item.source.as_str()).collect();
    // Results of documents that this run does not see are not written over.
    taken.extend(previous.stems_without(&sources).map(|stem| key(&stem)));
    for (item, settled) in items.iter_mut().zip(&mut settled) {
        if item.named {
            if !taken.insert(key(&item.stem)) {
                let name = item.stem.display();
                return Err(misuse(format!("{}: name: {name} is that of another", item.origin)));
            }
            *settled = true;
        }
    }
    for (item, settled) in items.iter_mut().zip(&mut settled) {
        if !*settled
            && let Some(stem) = previous.stem(item)
            && taken.insert(key(&stem))
        {
            item.stem = stem;
            *settled = true;
        }
    }
    for (item, _) in items.iter_mut().zip(settled).filter(|(_, settled)| !settled) {
        item.stem = free(item, &mut taken);
    }
    keep_inputs(&items, formats, output)?;
    Ok(items)
}

fn key(stem: &Path) -> String {
    stem.to_string_lossy().to_lowercase()
}

fn free(item: &Item, taken: &mut HashSet<String>) -> PathBuf {
    if taken.insert(key(&item.stem)) {
        return item.stem.clone();
    }
    let whole = item.stem.with_file_name(&item.file_name);
    let mut stem = whole.clone();
    let mut number = 1;
    while !taken.insert(key(&stem)) {
        number += 1;
        stem = whole.with_file_name(format!("{}-{number}", item.file_name));
    }
    stem
}

fn keep_inputs(items: &[Item], formats: &[Format], output: &Path) -> anyhow::Result<()> {
    let inputs: HashSet<&Path> = items
        .iter()
        .filter_map(|item| match &item.place {
            Place::Path(path) => Some(path.as_path()),
            _ => None,
        })
        .collect();
    for item in items {
        for format in formats {
            let file = output.join(result(&item.stem, *format));
            if inputs.contains(file.as_path()) {
                return Err(misuse(format!(
                    "{} is an input; name another folder for results",
                    file.display()
                )));
            }
        }
    }
    Ok(())
}

/// The file of a result below the output folder.
pub(super) fn result(stem: &Path, format: Format) -> PathBuf {
    let mut name = stem.as_os_str().to_owned();
    name.push(".");
    name.push(format.extension());
    name.into()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use recto::Options;

    fn items(names: &[&str]) -> Vec<Item> {
        let options = Arc::new(Options::default());
        let item = |name: &&str| Item {
            place: Place::Path(Path::new("/in").join(name)),
            source: format!("/in/{name}"),
            stem: Path::new(name).with_extension(""),
            file_name: Path::new(name).file_name().unwrap().to_string_lossy().into_owned(),
            named: false,
            options: Arc::clone(&options),
            warnings: Vec::new(),
            origin: (*name).to_owned(),
        };
        names.iter().map(item).collect()
    }

    fn stems(names: &[&str], previous: &Previous) -> Vec<String> {
        let assigned = assign(items(names), previous, &[Format::Md], Path::new("/out")).unwrap();
        assigned.iter().map(|item| item.stem.display().to_string()).collect()
    }

    #[test]
    fn no_two_results_are_alike() {
        let names = ["x/a.pdf", "x/a.png", "x/A.PDF", "y/a.pdf", "x/a.pdf.gif"];
        assert_eq!(
            stems(&names, &Previous::default()),
            ["x/a", "x/a.png", "x/A.PDF", "y/a", "x/a.pdf.gif"],
            "the third takes the stem of the fifth, where case does not count"
        );
    }

    #[test]
    fn a_result_never_takes_the_place_of_an_input() {
        let found =
            assign(items(&["a.pdf"]), &Previous::default(), &[Format::Pdf], Path::new("/in"));
        assert!(found.unwrap_err().to_string().contains("/in/a.pdf is an input"));
    }
}
