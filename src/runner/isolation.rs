//! Where pages are read: in this process or in children.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::{Error, Result};

use super::protocol::SUBCOMMAND;
use super::sandbox::Sandbox;

/// Where pages are read. The result is the same.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Isolation {
    /// On threads of this process: the fastest, for documents one trusts. A document that makes
    /// PDFium or Tesseract crash takes the process with it.
    #[default]
    InProcess,
    /// In child processes, which may crash or hang: it costs a page at most.
    Processes(Processes),
}

/// Settings of the child processes that read pages, one thread each. There are as many as
/// [`EngineBuilder::workers`](crate::EngineBuilder::workers) says; they are started when first
/// needed, serve one document after the other, and end with the engine.
#[derive(Clone, Debug)]
pub struct Processes {
    /// The program to run: recto, or one that calls [`serve_pages`](crate::serve_pages). Default:
    /// `None`, this program itself where it is recto.
    pub program: Option<PathBuf>,
    /// Its arguments. Default: `page-worker`, recto's subcommand.
    pub args: Vec<OsString>,
    /// Environment variables for it. Of this process's own it gets only what tells it where
    /// libraries, models and temporary files are. Default: none.
    pub env: Vec<(OsString, OsString)>,
    /// Time for one page, and for opening a document. A page that takes longer is left out with a
    /// warning. Default: 120 seconds.
    pub page_timeout: Duration,
    /// A child is replaced after so many pages, at least 1. Default: 1000.
    pub max_pages: u32,
    /// A child is replaced when its memory has grown by so many bytes since it started, models
    /// among them (Linux only). Default: 1 GiB.
    pub max_growth: u64,
    /// Most memory of a child, in bytes (Linux only); `None` for any. A page that needs more is left
    /// out with a warning. Default: 4 GB.
    pub max_memory: Option<u64>,
    /// Whether the system confines children to their models and the documents handed to them.
    /// Default: [`Sandbox::On`], as far as it can.
    pub sandbox: Sandbox,
}

impl Default for Processes {
    fn default() -> Self {
        Self {
            program: None,
            args: vec![SUBCOMMAND.into()],
            env: Vec::new(),
            // The worst pages that are known take a quarter of it on a slow core.
            page_timeout: Duration::from_secs(120),
            max_pages: 1000,
            // Models take up to a third, the raster of the largest page and its copies another.
            max_growth: 1 << 30,
            max_memory: Some(4_000_000_000),
            sandbox: Sandbox::default(),
        }
    }
}

impl Processes {
    /// The default settings, with this program as the one to run.
    pub fn of(program: impl Into<PathBuf>) -> Self {
        Self { program: Some(program.into()), ..Self::default() }
    }

    /// The program, found out.
    pub(super) fn resolved(&self) -> Result<PathBuf> {
        if let Some(program) = &self.program {
            return Ok(program.clone());
        }
        let own = std::env::current_exe().map_err(|e| Error::stage("page worker", e))?;
        if own.file_stem().is_some_and(|name| name == "recto") {
            return Ok(own);
        }
        Err(Error::invalid_option(
            "isolation",
            "this program is not recto: name the recto program with Processes::of",
        ))
    }
}
