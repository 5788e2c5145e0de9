//! Which Tesseract models are on this machine, and whether they are whole.

use std::collections::HashSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::Language;
use super::tesseract::{Models, tesseract_fix};
use crate::error::{Error, Result, Warning, WarningCode};

const SUFFIX: &str = "traineddata";
const ENGINE: &str = "tesseract";

/// Where models come from on common systems; a `*` stands for any version.
const SYSTEM_DIRS: &[&str] = &[
    "/usr/share/tesseract-ocr/*/tessdata",
    "/usr/share/tessdata",
    "/usr/share/tesseract/tessdata",
    "/opt/homebrew/share/tessdata",
    "/usr/local/share/tessdata",
];

/// The folders with Tesseract's models (`*.traineddata`), in the order they are asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tessdata {
    dirs: Vec<PathBuf>,
}

/// A model that is installed and whole.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InstalledModel {
    /// What it reads. Where one model serves several languages (`nor`), the one it is named for.
    pub language: Language,
    /// Tesseract's code for it, relative to its folder.
    pub code: String,
    /// The file.
    pub path: PathBuf,
}

/// What to give to Tesseract for a list of languages.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TesseractLanguages {
    /// The folder to open Tesseract with.
    pub datapath: PathBuf,
    /// Codes in the order of the languages, each once, to be joined with `+`. A model of another
    /// folder is given by its path from `datapath`.
    pub codes: Vec<String>,
    /// Languages that are read with less than a model of their own.
    pub warnings: Vec<Warning>,
}

/// One model file.
enum Model {
    Whole(PathBuf),
    Broken(PathBuf, String),
    Missing,
}

impl Tessdata {
    /// Finds the folders: `explicit` if given, `$TESSDATA_PREFIX`, `models/tessdata` in the working
    /// folder and beside the program, then the system's places.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidOption`] if `explicit` holds no model. Other places may be missing.
    pub fn discover(explicit: Option<&Path>) -> Result<Self> {
        let mut dirs = Vec::new();
        if let Some(dir) = explicit {
            let found = tessdata_at(dir).ok_or_else(|| {
                let detail = format!("{} is no folder with .{SUFFIX} files", dir.display());
                Error::invalid_option("tessdata", detail)
            })?;
            dirs.push(found);
        }
        if let Some(prefix) = std::env::var_os("TESSDATA_PREFIX").filter(|p| !p.is_empty()) {
            match tessdata_at(Path::new(&prefix)) {
                Some(found) => dirs.push(found),
                None => tracing::warn!(?prefix, "TESSDATA_PREFIX holds no models"),
            }
        }
        let own = Path::new("models").join("tessdata");
        let beside = std::env::current_exe().ok();
        let beside = beside.as_deref().and_then(Path::parent).map(|dir| dir.join(&own));
        dirs.extend([Some(own), beside].into_iter().flatten().filter(|dir| has_models(dir)));
        for place in SYSTEM_DIRS {
            dirs.extend(expand(place).into_iter().filter(|dir| has_models(dir)));
        }
        Ok(Self::from_dirs(dirs))
    }

    /// Folders of the system that are listed to find others in them.
    #[cfg(target_os = "linux")]
    pub(crate) fn listed() -> impl Iterator<Item = &'static Path> {
        SYSTEM_DIRS
            .iter()
            .filter_map(|place| place.split_once("/*"))
            .map(|(base, _)| Path::new(base))
    }

    /// These folders and no others.
    pub fn from_dirs(dirs: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut seen = HashSet::new();
        let dirs = dirs.into_iter().filter(|dir| {
            let real = fs::canonicalize(dir).unwrap_or_else(|_| dir.clone());
            seen.insert(real)
        });
        Self { dirs: dirs.collect() }
    }

    /// The folders, in the order they are asked.
    pub fn dirs(&self) -> &[PathBuf] {
        &self.dirs
    }

    /// Every whole model of a known language or script, by tag. Of several with one code the first
    /// is listed. Orientation detection (`osd`) is no language: see [`model_path`](Self::model_path).
    pub fn installed(&self) -> Vec<InstalledModel> {
        let mut models: Vec<InstalledModel> = Vec::new();
        for (code, path) in self.files() {
            if let Some(language) = Language::from_tesseract_file(&code)
                && models.iter().all(|model| model.code != code)
                && check(&path).is_ok()
            {
                models.push(InstalledModel { language, code, path });
            }
        }
        models.sort_by(|a, b| a.language.cmp(&b.language));
        models
    }

    /// Model files that are empty, cut short or otherwise unreadable, with what is wrong.
    pub fn damaged(&self) -> Vec<(PathBuf, String)> {
        let broken = |(_, path): (String, PathBuf)| check(&path).err().map(|why| (path, why));
        self.files().into_iter().filter_map(broken).collect()
    }

    /// The file of a whole model, by Tesseract's code (`eng`, `osd`, `script/Latin`).
    pub fn model_path(&self, code: &str) -> Option<PathBuf> {
        self.dirs.iter().find_map(|dir| match model_in(dir, code) {
            Model::Whole(path) => Some(path),
            Model::Broken(..) | Model::Missing => None,
        })
    }

    /// Codes and paths of all model files, whole or not.
    fn files(&self) -> Vec<(String, PathBuf)> {
        let mut files = Vec::new();
        for dir in &self.dirs {
            for (folder, prefix) in [(dir.clone(), ""), (dir.join("script"), "script/")] {
                let paths = fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path());
                for path in paths.filter(|path| path.extension().is_some_and(|e| e == SUFFIX)) {
                    if let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) {
                        files.push((format!("{prefix}{stem}"), path));
                    }
                }
            }
        }
        files
    }
}

/// Finds the models for a list of languages, in its order.
///
/// Tesseract opens one folder and passes over models that it cannot load, so every file is checked
/// here. The first folder that has all models is taken; if none has, models of other folders are
/// named by their relative path.
///
/// # Errors
///
/// [`Error::LanguageNotInstalled`] naming code, model and the command that installs it (also for a
/// model that is damaged), [`Error::LanguageNotServed`] if there is no model to install.
pub fn resolve_tesseract(
    languages: &[Language],
    tessdata: &Tessdata,
) -> Result<TesseractLanguages> {
    let mut wanted = Vec::new();
    let mut warnings = Vec::new();
    for language in languages {
        let models = language.tesseract_models();
        if models.codes.is_empty() {
            let code = language.tag().to_owned();
            return Err(Error::LanguageNotServed { code, engine: ENGINE });
        }
        let dirs = tessdata.dirs.iter().map(PathBuf::as_path);
        let (dir, code) =
            find(&models, dirs).ok_or_else(|| missing(language, &models, tessdata))?;
        if models.stand_in {
            let message = format!(
                "Tesseract has no model for {} ({language}); the one of its script, {code}, is used",
                language.name()
            );
            warnings.push(Warning::new(WarningCode::Language, message));
        }
        wanted.push((language, models, dir.to_owned(), code));
    }
    let everything = |dir: &&PathBuf| {
        wanted.iter().all(|(_, models, ..)| find(models, std::iter::once(dir.as_path())).is_some())
    };
    let mut codes: Vec<String> = Vec::new();
    let mut push = |code: String| {
        if !codes.contains(&code) {
            codes.push(code);
        }
    };
    let datapath = if let Some(dir) = tessdata.dirs.iter().find(everything) {
        for (_, models, ..) in &wanted {
            if let Some((_, code)) = find(models, std::iter::once(dir.as_path())) {
                push(code.to_owned());
            }
        }
        dir.clone()
    } else {
        let first = wanted.first().map(|(_, _, dir, _)| dir.clone()).unwrap_or_default();
        let datapath = fs::canonicalize(&first).unwrap_or(first);
        for (language, _, dir, code) in &wanted {
            push(code_from(&datapath, dir, code).ok_or_else(|| Error::LanguageNotInstalled {
                code: language.tag().to_owned(),
                engine: ENGINE,
                model: (*code).to_owned(),
                fix: format!(
                    "copy {} to {}",
                    file(dir, code).display(),
                    file(&datapath, code).display()
                ),
            })?);
        }
        datapath
    };
    Ok(TesseractLanguages { datapath, codes, warnings })
}

/// The first whole model, folder by folder.
fn find<'a>(
    models: &Models,
    mut dirs: impl Iterator<Item = &'a Path>,
) -> Option<(&'a Path, &'static str)> {
    dirs.find_map(|dir| {
        let whole = |code: &&&'static str| matches!(model_in(dir, code), Model::Whole(_));
        models.codes.iter().find(whole).map(|code| (dir, *code))
    })
}

fn missing(language: &Language, models: &Models, tessdata: &Tessdata) -> Error {
    let model = models.preferred(language).unwrap_or_default();
    let mut fix = tesseract_fix(language, model);
    let places = tessdata.dirs.iter().flat_map(|d| models.codes.iter().map(move |code| (d, code)));
    for (dir, code) in places {
        if let Model::Broken(path, why) = model_in(dir, code) {
            let apt = format!("apt-get install {}", super::debian_package(model));
            let again = format!("apt-get install --reinstall {}", super::debian_package(model));
            fix = format!(
                "{} {why}; remove it or replace it: {}",
                path.display(),
                fix.replace(&apt, &again)
            );
            break;
        }
    }
    Error::LanguageNotInstalled {
        code: language.tag().to_owned(),
        engine: ENGINE,
        model: model.to_owned(),
        fix,
    }
}

/// The code of a model in `dir` for a Tesseract that was opened in `datapath`. Tesseract appends
/// the code to the folder's path, so a relative path serves, unless it holds a `+`.
fn code_from(datapath: &Path, dir: &Path, code: &str) -> Option<String> {
    let dir = fs::canonicalize(dir).ok()?;
    let common = datapath.components().zip(dir.components()).take_while(|(a, b)| a == b).count();
    if common == 0 {
        return None;
    }
    let up = datapath.components().skip(common).map(|_| "..");
    let down = dir.components().skip(common).map(|part| part.as_os_str().to_str());
    let mut parts: Vec<&str> = up.map(Some).chain(down).collect::<Option<_>>()?;
    parts.push(code);
    Some(parts.join("/")).filter(|path| !path.contains(['+', '~']))
}

fn file(dir: &Path, code: &str) -> PathBuf {
    dir.join(format!("{code}.{SUFFIX}"))
}

fn model_in(dir: &Path, code: &str) -> Model {
    let path = file(dir, code);
    if !path.exists() {
        return Model::Missing;
    }
    match check(&path) {
        Ok(()) => Model::Whole(path),
        Err(why) => Model::Broken(path, why),
    }
}

/// A traineddata file starts with the number of its entries (i32) and the offset of each (i64, -1
/// for none), little-endian. Tesseract has 24 kinds of entry; some more are allowed for.
const MAX_ENTRIES: i32 = 64;

/// Says what is wrong with a traineddata file. Of its content only the table at its start is read,
/// which shows any loss but that of the last few bytes.
fn check(path: &Path) -> Result<(), String> {
    let unreadable = |error: std::io::Error| format!("cannot be read ({error})");
    let mut file = fs::File::open(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    if size == 0 {
        return Err("is empty (0 bytes)".to_owned());
    }
    let mut head = Vec::new();
    let table = 4 + 8 * u64::from(MAX_ENTRIES.unsigned_abs());
    file.by_ref().take(table).read_to_end(&mut head).map_err(unreadable)?;
    // Tesseract built with libarchive reads packed models as well; it checks those itself.
    if head.starts_with(b"PK\x03\x04") || head.starts_with(&[0x1f, 0x8b]) {
        return Ok(());
    }
    let foreign = || "is no Tesseract model".to_owned();
    let (count, offsets) = head.split_first_chunk::<4>().ok_or_else(foreign)?;
    let count = i32::from_le_bytes(*count);
    if !(1..=MAX_ENTRIES).contains(&count) {
        return Err(foreign());
    }
    let count = usize::try_from(count).map_err(|_| foreign())?;
    let truncated = || format!("is cut short at {size} bytes");
    let offsets = offsets.as_chunks::<8>().0.get(..count).ok_or_else(truncated)?;
    let mut entries =
        offsets.iter().map(|&o| i64::from_le_bytes(o)).filter(|&o| o != -1).peekable();
    if entries.peek().is_none() {
        return Err(foreign());
    }
    for offset in entries {
        let offset = u64::try_from(offset).map_err(|_| foreign())?;
        if offset >= size {
            return Err(truncated());
        }
    }
    Ok(())
}

/// The folder itself or, as Tesseract 3 wanted it, the `tessdata` in it.
fn tessdata_at(dir: &Path) -> Option<PathBuf> {
    [dir.to_owned(), dir.join("tessdata")].into_iter().find(|dir| has_models(dir))
}

fn has_models(dir: &Path) -> bool {
    let holds = |dir: &Path| {
        fs::read_dir(dir)
            .into_iter()
            .flatten()
            .flatten()
            .any(|entry| entry.path().extension().is_some_and(|e| e == SUFFIX))
    };
    holds(dir) || holds(&dir.join("script"))
}

/// Puts folder names for the `*` of a place, the highest version first.
fn expand(place: &str) -> Vec<PathBuf> {
    let Some((parent, rest)) = place.split_once("/*/") else { return vec![place.into()] };
    let mut versions: Vec<PathBuf> =
        fs::read_dir(parent).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    let number = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.and_then(|name| name.parse::<f32>().ok()).unwrap_or(0.0)
    };
    versions.sort_by(|a, b| number(b).total_cmp(&number(a)));
    versions.into_iter().map(|version| version.join(rest)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A model file of one entry.
    fn model(dir: &Path, code: &str) {
        let mut bytes = 2_i32.to_le_bytes().to_vec();
        bytes.extend((-1_i64).to_le_bytes());
        bytes.extend(20_i64.to_le_bytes());
        bytes.extend(b"entry");
        let path = file(dir, code);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn languages(codes: &str) -> Vec<Language> {
        Language::parse_list(codes).unwrap()
    }

    fn resolve(codes: &str, dirs: &[&Path]) -> Result<TesseractLanguages> {
        let tessdata = Tessdata::from_dirs(dirs.iter().map(|dir| dir.to_path_buf()));
        resolve_tesseract(&languages(codes), &tessdata)
    }

    #[test]
    fn codes_come_in_order_and_once() {
        let dir = tempfile::tempdir().unwrap();
        for code in ["eng", "deu", "nor"] {
            model(dir.path(), code);
        }
        let found = resolve("nb,en,no,de", &[dir.path()]).unwrap();
        assert_eq!(found.codes, ["nor", "eng", "deu"]);
        assert_eq!(found.datapath, dir.path());
        assert_eq!(found.warnings, []);
    }

    #[test]
    fn a_missing_model_is_named_with_its_command() {
        let dir = tempfile::tempdir().unwrap();
        model(dir.path(), "eng");
        let error = resolve("en,zh", &[dir.path()]).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, Error::LanguageNotInstalled { .. }));
        assert!(text.starts_with("language zh needs the tesseract model \"chi_sim\""), "{text}");
        if cfg!(target_os = "macos") {
            assert!(text.contains("`brew install tesseract-lang`"), "{text}");
        } else {
            assert!(text.contains("`apt-get install tesseract-ocr-chi-sim`"), "{text}");
        }
        assert!(text.contains("`recto setup --lang zh`"), "{text}");
        assert!(text.contains("`make languages LANGS=\"zh\"`"), "{text}");
    }

    #[test]
    fn a_broken_model_is_noticed_and_named() {
        let dir = tempfile::tempdir().unwrap();
        model(dir.path(), "eng");
        let path = file(dir.path(), "deu");
        let mut truncated = fs::read(file(dir.path(), "eng")).unwrap();
        truncated.truncate(20);
        for (bytes, why) in [
            (Vec::new(), "is empty (0 bytes)"),
            (b"abc".to_vec(), "is no Tesseract model"),
            (b"<html>not found</html>".to_vec(), "is no Tesseract model"),
            (truncated[..12].to_vec(), "is cut short at 12 bytes"),
            (truncated, "is cut short at 20 bytes"),
        ] {
            fs::write(&path, &bytes).unwrap();
            let error = resolve("de,en", &[dir.path()]).unwrap_err();
            assert!(matches!(error, Error::LanguageNotInstalled { .. }));
            let said = format!("{} {why}", path.display());
            assert!(error.to_string().contains(&said), "{error}: {said}");
            let tessdata = Tessdata::from_dirs([dir.path().to_owned()]);
            assert_eq!(tessdata.damaged(), [(path.clone(), why.to_owned())]);
            assert_eq!(tessdata.installed().len(), 1);
        }
    }

    #[test]
    fn a_whole_model_further_on_replaces_a_broken_one() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(file(a.path(), "deu"), b"").unwrap();
        model(b.path(), "deu");
        let found = resolve("de", &[a.path(), b.path()]).unwrap();
        assert_eq!(found.datapath, b.path());
    }

    #[test]
    fn one_folder_with_all_models_is_preferred() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        model(a.path(), "eng");
        model(b.path(), "eng");
        model(b.path(), "deu");
        let found = resolve("en,de", &[a.path(), b.path()]).unwrap();
        assert_eq!((found.datapath.as_path(), found.codes.len()), (b.path(), 2));
        assert_eq!(found.codes, ["eng", "deu"]);
    }

    #[test]
    fn models_in_two_folders_are_reached_by_relative_paths() {
        let root = tempfile::tempdir().unwrap();
        let (a, b) = (root.path().join("a/deep"), root.path().join("b"));
        model(&a, "eng");
        model(&b, "script/Latin");
        let found = resolve("en,script/Latin", &[&a, &b]).unwrap();
        assert_eq!(found.codes, ["eng", "../../b/script/Latin"]);
        assert!(file(&found.datapath, &found.codes[1]).exists());
        // A plus sign would part the path in two.
        let c = root.path().join("c+d");
        model(&c, "deu");
        let error = resolve("en,de", &[&a, &c]).unwrap_err().to_string();
        assert!(error.contains("copy ") && error.contains("deu.traineddata"), "{error}");
    }

    #[test]
    fn a_language_without_a_model_is_read_with_its_scripts_and_says_so() {
        let dir = tempfile::tempdir().unwrap();
        model(dir.path(), "script/Latin");
        let found = resolve("iso:ch", &[dir.path()]).unwrap();
        assert_eq!(found.codes, ["script/Latin"]);
        assert_eq!(
            found.warnings[0].message,
            "Tesseract has no model for Chamorro (ch); the one of its script, script/Latin, is used"
        );
        let error = resolve("haw-Latn,ab", &[dir.path()]).unwrap_err();
        let Error::LanguageNotInstalled { code, model, fix, .. } = error else { panic!("{error}") };
        assert_eq!((code.as_str(), model.as_str()), ("ab", "script/Cyrillic"));
        assert!(cfg!(target_os = "macos") || fix.contains("tesseract-ocr-script-cyrl"), "{fix}");
    }

    #[test]
    fn a_language_that_nothing_reads_is_not_served() {
        let error = resolve("ae", &[]).unwrap_err();
        assert!(matches!(&error, Error::LanguageNotServed { code, .. } if code == "ae"));
    }

    #[test]
    fn debian_12_ships_frk_and_upstream_deu_latf() {
        for code in ["frk", "deu_latf", "Fraktur", "script/Fraktur"] {
            let dir = tempfile::tempdir().unwrap();
            model(dir.path(), code);
            for asked in ["frk", "deu_latf", "de-Latf"] {
                let found = resolve(asked, &[dir.path()]).unwrap();
                assert_eq!(found.codes, [code]);
                assert_eq!(found.warnings, []);
            }
        }
        let Err(Error::LanguageNotInstalled { model, .. }) = resolve("de-Latf", &[]) else {
            panic!("should be missing")
        };
        assert_eq!(model, "frk");
    }

    #[test]
    fn debian_keeps_script_models_without_the_script_folder() {
        let (debian, upstream) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        model(debian.path(), "HanS_vert");
        model(upstream.path(), "script/HanS_vert");
        for asked in ["HanS_vert", "script/HanS_vert", "und-Hans-x-vert"] {
            assert_eq!(resolve(asked, &[debian.path()]).unwrap().codes, ["HanS_vert"]);
            assert_eq!(resolve(asked, &[upstream.path()]).unwrap().codes, ["script/HanS_vert"]);
        }
    }

    #[test]
    fn installed_models_are_listed_by_language() {
        let dir = tempfile::tempdir().unwrap();
        for code in ["nor", "chi_tra", "osd", "Japanese", "script/Latin", "jpn", "own_training"] {
            model(dir.path(), code);
        }
        let tessdata = Tessdata::from_dirs([dir.path().to_owned(), dir.path().to_owned()]);
        let installed = tessdata.installed();
        let listed: Vec<_> = installed.iter().map(|m| (m.language.tag(), &*m.code)).collect();
        assert_eq!(
            listed,
            [
                ("ja", "jpn"),
                ("no", "nor"),
                ("und-Jpan", "Japanese"),
                ("und-Latn", "script/Latin"),
                ("zh-Hant", "chi_tra"),
            ]
        );
        assert_eq!(tessdata.model_path("osd"), Some(file(dir.path(), "osd")));
        assert_eq!(tessdata.model_path("eng"), None);
    }

    #[test]
    fn an_explicit_folder_comes_first_and_must_hold_models() {
        let dir = tempfile::tempdir().unwrap();
        let error = Tessdata::discover(Some(dir.path())).unwrap_err();
        assert!(error.to_string().starts_with("tessdata: "), "{error}");
        model(&dir.path().join("tessdata"), "eng");
        let found = Tessdata::discover(Some(dir.path())).unwrap();
        assert_eq!(found.dirs()[0], dir.path().join("tessdata"));
    }
}
