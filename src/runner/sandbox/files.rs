//! Which files a child opens (landlock(7)): models, fonts and the system's libraries, to read them.
//! Its documents come to it open.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

use super::Rules;
use crate::language::Tessdata;
use crate::setup;

/// Everything that this version of landlock knows is refused where the kernel knows it as well;
/// files are from the first.
const KNOWN: ABI = ABI::V6;

/// Where PDFium looks for fonts that a document names and does not hold.
const FONTS: [&str; 4] = [
    "/usr/share/fonts",
    "/usr/share/X11/fonts/Type1",
    "/usr/share/X11/fonts/TTF",
    "/usr/local/share/fonts",
];

/// What shared libraries that are loaded late, such as ONNX Runtime, need besides their own file.
/// Anybody may read these.
const LIBRARIES: [&str; 7] = [
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/nix/store",
    "/etc/ld.so.cache",
];

/// What kind of processor this is, which runtimes of neural models choose their code by.
const PROCESSOR: [&str; 2] = ["/proc/cpuinfo", "/sys/devices/system/cpu"];

/// Variables that name the library of ONNX Runtime.
const ONNX_RUNTIME: [&str; 2] = ["RECTO_ONNXRUNTIME", "ORT_DYLIB_PATH"];

/// Whether the kernel has landlock.
pub(super) fn available() -> bool {
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1));
    ruleset.and_then(Ruleset::create).is_ok()
}

/// Gives up all files but those of the rules; whether that was possible.
pub(super) fn confine(rules: &Rules) -> bool {
    restrict(&readable(rules)).is_ok_and(|status| status != RulesetStatus::NotEnforced)
}

fn restrict(readable: &[PathBuf]) -> Result<RulesetStatus, RulesetError> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(KNOWN))?
        .handle_access(AccessNet::from_all(KNOWN))?
        .scope(Scope::from_all(KNOWN))?
        .create()?
        .add_rules(path_beneath_rules(readable, read))?
        .add_rules(path_beneath_rules(Tessdata::listed(), AccessFs::ReadDir))?
        // What Tesseract's messages go to.
        .add_rules(path_beneath_rules(["/dev/null"], AccessFs::ReadFile | AccessFs::WriteFile))?
        .restrict_self()?;
    Ok(status.ruleset)
}

/// Files and folders that may be read. Those that do not exist do no harm.
fn readable(rules: &Rules) -> Vec<PathBuf> {
    let fixed = FONTS.into_iter().chain(LIBRARIES).chain(PROCESSOR);
    let mut folders: Vec<PathBuf> = fixed.map(PathBuf::from).collect();
    let tessdata = Tessdata::discover(rules.tessdata.as_deref()).unwrap_or_default();
    let mut models: Vec<PathBuf> = tessdata.dirs().to_vec();
    models.extend(tessdata.dirs().iter().map(|folder| folder.join("script")));
    models.extend(rules.model_dir.clone());
    // Models may be links to where they are.
    let links: Vec<PathBuf> = models.iter().flat_map(|folder| links_in(folder)).collect();
    folders.extend(models);
    folders.extend(links);
    folders.extend(setup::neural_models().into_iter().filter_map(|model| model.path));
    folders.extend(ONNX_RUNTIME.into_iter().filter_map(std::env::var_os).map(PathBuf::from));
    folders.push("/dev/urandom".into());
    folders
}

fn links_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_symlink()).collect()
}
