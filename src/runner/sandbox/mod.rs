//! What a child process may still do when it opens a document: nothing but read its models and
//! answer its parent.
//!
//! Linux alone has the means: a child gives up rights that it cannot get back (landlock for files,
//! seccomp for system calls, resource limits). [`docs/sandbox.md`] says what is left.
//!
//! [`docs/sandbox.md`]: https://docs.rs/crate/recto/latest/source/docs/sandbox.md

#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]
mod calls;
/// Other processors have other calls.
#[cfg(all(
    target_os = "linux",
    not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))
))]
mod calls {
    pub(super) fn available() -> bool {
        false
    }

    pub(super) fn confine() -> bool {
        false
    }
}
#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod limits;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Whether the system confines the child processes that read pages
/// ([`Processes::sandbox`](crate::Processes::sandbox)). Only Linux can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sandbox {
    /// They may do what this process may.
    Off,
    /// As far as the system can. Where that is not all, the log has a warning.
    #[default]
    On,
    /// Entirely: an engine is not built, and a child reads nothing, where the system cannot.
    Required,
}

/// What this system can confine a child process with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Confinement {
    /// Which files it opens: landlock, since Linux 5.13.
    pub files: bool,
    /// Which system calls it makes: seccomp.
    pub calls: bool,
}

impl Confinement {
    /// What is there on this machine, asked of the system.
    pub fn available() -> Self {
        #[cfg(target_os = "linux")]
        {
            Self { files: files::available(), calls: calls::available() }
        }
        #[cfg(not(target_os = "linux"))]
        {
            Self::default()
        }
    }

    /// What is missing, in words; `None` where nothing is.
    pub fn missing(self) -> Option<&'static str> {
        match (self.files, self.calls) {
            (true, true) => None,
            _ if cfg!(not(target_os = "linux")) => Some("only Linux confines child processes"),
            (false, true) => Some("this kernel has no landlock (Linux 5.13 and newer have it)"),
            (true, false) => Some("there are no seccomp filters for this kernel or processor"),
            (false, false) => Some("this kernel has neither landlock nor seccomp filters"),
        }
    }
}

/// What a child needs to know before it confines itself.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Rules {
    pub(super) sandbox: Sandbox,
    /// Bytes of memory that it may take; `None` for any.
    pub(super) max_memory: Option<u64>,
    pub(super) pdfium: Option<PathBuf>,
    pub(super) tessdata: Option<PathBuf>,
    pub(super) model_dir: Option<PathBuf>,
}

impl Rules {
    /// Fails where the system cannot do what is required.
    pub(super) fn check(&self) -> Result<()> {
        match Confinement::available().missing() {
            Some(missing) if self.sandbox == Sandbox::Required => Err(unconfined(missing)),
            _ => Ok(()),
        }
    }

    /// Confines this process for good, and every thread that it starts from now on. PDFium is
    /// loaded before, so that its library need not stay readable.
    ///
    /// # Errors
    ///
    /// Where the system cannot do what is required.
    pub(super) fn confine(&self) -> Result<Confinement> {
        if let Some(library) = &self.pdfium {
            // Whoever opens a PDF is told.
            let _ = crate::pdf::load_library(library);
        }
        let confined = self.apply();
        match confined.missing() {
            Some(missing) if self.sandbox == Sandbox::Required => Err(unconfined(missing)),
            _ => Ok(confined),
        }
    }

    #[cfg(target_os = "linux")]
    fn apply(&self) -> Confinement {
        limits::memory(self.max_memory);
        if self.sandbox == Sandbox::Off {
            return Confinement::default();
        }
        limits::others();
        // Calls come last: confining itself is none that is left.
        let files = files::confine(self);
        Confinement { files, calls: calls::confine() }
    }

    #[cfg(not(target_os = "linux"))]
    fn apply(&self) -> Confinement {
        Confinement::default()
    }
}

fn unconfined(missing: &str) -> Error {
    Error::invalid_option(
        "sandbox",
        format!("it is required, and {missing}; \"on\" confines as far as the system can"),
    )
}
