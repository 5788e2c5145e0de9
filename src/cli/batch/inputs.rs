//! Which documents there are: folders, patterns, files, URLs and manifests, in an order that is always the same.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use recto::{Options, Source, Warning};
use walkdir::{DirEntry, WalkDir};

use super::manifest::{self, Spool};
use super::objects::{self, Bucket, Object};
use crate::cli::console::{Console, misuse};
use crate::cli::read::Given;

/// Endings of files that are taken whatever they hold: one that is damaged shall be reported, not passed over.
const ENDINGS: [&str; 10] =
    ["pdf", "png", "jpg", "jpeg", "tif", "tiff", "webp", "bmp", "gif", "jpe"];

/// So much of a file with another ending tells whether it is a document.
const HEAD: u64 = 4096;

/// A document to read.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) place: Place,
    /// What it is called in the report: a path from the root, a URL, the beginning and hash of a data URI.
    pub(super) source: String,
    /// Where its results go, below the output folder and without ending.
    pub(super) stem: PathBuf,
    /// Its file name, for results whose stems are alike.
    pub(super) file_name: String,
    /// Whether a manifest names the results: then they get no other name.
    pub(super) named: bool,
    pub(super) options: Arc<Options>,
    /// About its own options.
    pub(super) warnings: Vec<Warning>,
    /// For messages about the command line or manifest.
    pub(super) origin: String,
}

/// Where a document is.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Path(PathBuf),
    Url(String),
    /// In a manifest: documents written into one are not held in memory.
    Line(Arc<Spool>, manifest::Span),
    /// In a bucket, under this key, with what the service says of its content.
    Object(Arc<Bucket>, String, Option<String>),
}

/// A document on its way to the engine.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) source: Source,
    /// The file it was fetched into.
    _fetched: Option<tempfile::TempPath>,
}

impl Place {
    pub(super) fn open(&self) -> anyhow::Result<Opened> {
        let source = match self {
            Self::Path(path) => Source::path(path),
            Self::Url(url) => Source::parse(url)?,
            Self::Line(spool, span) => Source::data_uri(&spool.source(*span)?)?,
            Self::Object(bucket, key, _) => {
                let (source, file) = bucket.fetch(key)?;
                return Ok(Opened { source, _fetched: Some(file) });
            }
        };
        Ok(Opened { source, _fetched: None })
    }
}

/// Which files of folders are taken.
#[derive(Debug)]
pub(super) struct Selection {
    include: Option<GlobSet>,
    exclude: GlobSet,
}

impl Selection {
    /// # Errors
    ///
    /// For patterns that are none.
    pub(super) fn new(include: &[String], exclude: &[String]) -> anyhow::Result<Self> {
        let include = match include {
            [] => None,
            patterns => Some(globs("--include", patterns)?),
        };
        Ok(Self { include, exclude: globs("--exclude", exclude)? })
    }

    /// Whether a file of this path below its folder is wanted.
    fn takes(&self, path: &Path) -> bool {
        self.include.as_ref().is_none_or(|include| include.is_match(path))
            && !self.exclude.is_match(path)
    }
}

/// Patterns without a slash are for names at any depth, as in .gitignore files.
fn globs(option: &str, patterns: &[String]) -> anyhow::Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let anywhere = match pattern.contains('/') {
            true => pattern.trim_start_matches("./").to_owned(),
            false => format!("**/{pattern}"),
        };
        set.add(glob(&anywhere).map_err(|e| misuse(format!("{option} {pattern}: {e}")))?);
    }
    Ok(set.build()?)
}

pub(super) fn glob(pattern: &str) -> Result<globset::Glob, String> {
    let glob = GlobBuilder::new(pattern).literal_separator(true).build();
    glob.map_err(|e| e.kind().to_string())
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) items: Vec<Item>,
    /// Folders and files that could not be looked at: their paths, and why.
    pub(super) failures: Vec<(String, String)>,
    /// Files of folders that are no documents.
    others: usize,
    repeated: usize,
    known: HashMap<(String, Option<PathBuf>), usize>,
}

impl Found {
    /// Looks for all inputs; `output` is passed over where it stands within a folder.
    ///
    /// # Errors
    ///
    /// For inputs that are not there, and manifests that cannot be followed.
    pub(super) fn look(
        inputs: &[OsString],
        selection: &Selection,
        output: &Path,
        options: &Options,
    ) -> anyhow::Result<Self> {
        let mut found = Self::default();
        let options = Arc::new(options.clone());
        for input in inputs {
            let given = Given::new(input);
            let path = match &given {
                Given::Stdin => {
                    let spool = Spool::stdin()?;
                    manifest::read(spool, &options, &mut |item| found.add(item))?;
                    continue;
                }
                Given::Uri(uri) if objects::is_one(uri) => {
                    found.bucket(uri, selection, &options)?;
                    continue;
                }
                Given::Uri(uri) => {
                    found.add(uri_item(uri, &given.stem(), &options, uri)?)?;
                    continue;
                }
                Given::Path(path) => path.as_path(),
            };
            if path.is_dir() {
                found.walk(path, path, None, selection, output, &options)?;
            } else if path.exists() {
                if manifest::is_one(path) {
                    let spool = Spool::file(path)?;
                    manifest::read(spool, &options, &mut |item| found.add(item))?;
                } else {
                    found.add(path_item(path, Path::new(&name_of(path)), &options)?)?;
                }
            } else if let Some((base, pattern)) = split_pattern(path) {
                let text = pattern.to_string_lossy();
                let matcher =
                    glob(&text).map_err(|e| misuse(format!("{}: {e}", path.display())))?;
                let before = found.items.len();
                let matcher = matcher.compile_matcher();
                found.walk(path, &base, Some(&matcher), selection, output, &options)?;
                if found.items.len() == before {
                    anyhow::bail!("{}: nothing matches", path.display());
                }
            } else {
                anyhow::bail!("{}: there is no such file or folder", path.display());
            }
        }
        Ok(found)
    }

    fn bucket(
        &mut self,
        address: &str,
        selection: &Selection,
        options: &Arc<Options>,
    ) -> anyhow::Result<()> {
        let (bucket, objects) = Bucket::list(address)?;
        let only = objects.len() == 1;
        for object in objects {
            let below = Path::new(&object.below);
            // Named alone, it is wanted whatever it is called.
            if !only && !selection.takes(below) {
                continue;
            }
            if !only && !has_ending(below) {
                self.others += 1;
                continue;
            }
            self.add(object_item(&bucket, object, options))?;
        }
        Ok(())
    }

    /// Says what was left out.
    pub(super) fn tell(&self, console: &Console) {
        if self.others > 0 {
            console.note(format_args!("{} file(s) are no documents and are left out", self.others));
        }
        if self.repeated > 0 {
            console.note(format_args!(
                "{} document(s) were named twice and are read once",
                self.repeated
            ));
        }
    }

    /// Takes a document, unless it is there already.
    fn add(&mut self, item: Item) -> anyhow::Result<()> {
        let key = (item.source.clone(), item.named.then(|| item.stem.clone()));
        if let Some(first) = self.known.get(&key).and_then(|at| self.items.get(*at)) {
            if first.options != item.options {
                return Err(misuse(format!(
                    "{}: {} has it with other options; give both a \"name\"",
                    item.origin, first.origin
                )));
            }
            self.repeated += 1;
            return Ok(());
        }
        self.known.insert(key, self.items.len());
        self.items.push(item);
        Ok(())
    }

    fn walk(
        &mut self,
        given: &Path,
        base: &Path,
        matcher: Option<&globset::GlobMatcher>,
        selection: &Selection,
        output: &Path,
        options: &Arc<Options>,
    ) -> anyhow::Result<()> {
        let root = std::fs::canonicalize(base)
            .with_context(|| format!("cannot look into {}", base.display()))?;
        let walk = WalkDir::new(&root).follow_links(true).sort_by_file_name().min_depth(1);
        let entries = walk.into_iter().filter_entry(|entry| {
            let is_output = entry.file_type().is_dir() && entry.path() == output;
            !is_output && !is_hidden(entry)
        });
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let path = error.path().unwrap_or(given).display().to_string();
                    self.failures.push((path, format!("cannot look at it: {}", because(&error))));
                    continue;
                }
            };
            let below = entry.path().strip_prefix(&root).unwrap_or(entry.path());
            let wanted = matcher.is_none_or(|matcher| matcher.is_match(below));
            if entry.file_type().is_dir() || !wanted || !selection.takes(below) {
                continue;
            }
            if !entry.file_type().is_file() || !is_document(entry.path()) {
                self.others += 1;
                continue;
            }
            self.add(path_item(entry.path(), below, options)?)?;
        }
        Ok(())
    }
}

fn because(error: &walkdir::Error) -> String {
    if error.loop_ancestor().is_some() {
        return "it is a link to a folder around it".to_owned();
    }
    error.io_error().map_or_else(|| error.to_string(), ToString::to_string)
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

fn is_document(path: &Path) -> bool {
    if has_ending(path) {
        return true;
    }
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    read.is_ok() && Source::is_readable(&head)
}

/// Whether the file's name says that it is a document.
pub(super) fn has_ending(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

fn name_of(path: &Path) -> OsString {
    path.file_name().unwrap_or_default().to_owned()
}

/// A file, with its results at `below`.
pub(super) fn path_item(path: &Path, below: &Path, options: &Arc<Options>) -> anyhow::Result<Item> {
    // Links stay what they are, so that each has its own result.
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let parent = std::fs::canonicalize(parent)
        .with_context(|| format!("cannot look into {}", parent.display()))?;
    let path = parent.join(name_of(path));
    Ok(Item {
        source: printable(&path),
        file_name: printable(Path::new(&name_of(&path))),
        stem: PathBuf::from(printable(below)).with_extension(""),
        named: false,
        options: Arc::clone(options),
        warnings: Vec::new(),
        origin: path.display().to_string(),
        place: Place::Path(path),
    })
}

/// A document by its URL.
pub(super) fn uri_item(
    uri: &str,
    stem: &str,
    options: &Arc<Options>,
    origin: &str,
) -> anyhow::Result<Item> {
    if uri.starts_with("data:") {
        return Err(misuse("data URIs belong into a manifest"));
    }
    let scheme = uri.split("://").next().unwrap_or_default().to_ascii_lowercase();
    if !["http", "https", "file"].contains(&scheme.as_str()) {
        return Err(misuse(format!(
            "{uri}: documents are fetched by http and https, not {scheme}"
        )));
    }
    Source::parse(uri)?;
    Ok(Item {
        place: Place::Url(uri.to_owned()),
        source: uri.to_owned(),
        stem: PathBuf::from(stem),
        file_name: stem.to_owned(),
        named: false,
        options: Arc::clone(options),
        warnings: Vec::new(),
        origin: origin.to_owned(),
    })
}

/// An object of a bucket.
fn object_item(bucket: &Arc<Bucket>, object: Object, options: &Arc<Options>) -> Item {
    let Object { address, key, below, tag } = object;
    let below = PathBuf::from(below);
    Item {
        file_name: printable(Path::new(&name_of(&below))),
        stem: below.with_extension(""),
        place: Place::Object(Arc::clone(bucket), key, tag),
        source: address.clone(),
        named: false,
        options: Arc::clone(options),
        warnings: Vec::new(),
        origin: address,
    }
}

/// A path as text; what is no UTF-8 in it as escapes, so that no two are alike.
fn printable(path: &Path) -> String {
    match path.to_str() {
        Some(text) => text.to_owned(),
        None => path.as_os_str().as_encoded_bytes().escape_ascii().to_string(),
    }
}

/// The folder that a pattern begins in, and the pattern below it; `None` where there is no pattern.
fn split_pattern(path: &Path) -> Option<(PathBuf, PathBuf)> {
    let is_pattern = |part: &Component<'_>| {
        part.as_os_str().as_encoded_bytes().iter().any(|byte| b"*?[{".contains(byte))
    };
    let parts: Vec<Component<'_>> = path.components().collect();
    let at = parts.iter().position(is_pattern)?;
    let base: PathBuf = parts[..at].iter().collect();
    let base = if at == 0 { PathBuf::from(".") } else { base };
    Some((base, parts[at..].iter().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_begin_below_a_folder() {
        let split = |text: &str| split_pattern(Path::new(text));
        let pair = |base: &str, pattern: &str| Some((base.into(), pattern.into()));
        assert_eq!(split("in/**/*.pdf"), pair("in", "**/*.pdf"));
        assert_eq!(split("*.pdf"), pair(".", "*.pdf"));
        assert_eq!(split("/a/b[12]/c"), pair("/a", "b[12]/c"));
        assert_eq!(split("in/a.pdf"), None);
    }

    #[test]
    fn patterns_without_a_slash_are_for_names_at_any_depth() {
        let selection = |include: &[&str], exclude: &[&str]| {
            let own = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
            Selection::new(&own(include), &own(exclude)).unwrap()
        };
        let takes = |s: &Selection, path: &str| s.takes(Path::new(path));
        let pdf = selection(&["*.pdf"], &["draft*"]);
        assert!(takes(&pdf, "a.pdf") && takes(&pdf, "x/y/a.pdf"));
        assert!(!takes(&pdf, "a.png") && !takes(&pdf, "x/draft-1.pdf"));
        let folder = selection(&["x/*.pdf"], &[]);
        assert!(
            takes(&folder, "x/a.pdf") && !takes(&folder, "x/y/a.pdf") && !takes(&folder, "a.pdf")
        );
        assert!(Selection::new(&["[".to_owned()], &[]).is_err());
    }
}
