//! What child processes that read pages may do and take.

use std::num::NonZero;
use std::time::Duration;

use clap::Args;
use recto::{Isolation, Processes, Sandbox};

use super::args::{SandboxArg, seconds};

/// Options that count only where pages are read in child processes.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct ChildArgs {
    /// Whether the system confines the child processes, which then read their models and the documents
    /// handed to them and nothing else: on (as far as it can), required, or off [default: on]
    #[arg(long, value_enum, value_name = "HOW", help_heading = "This machine")]
    sandbox: Option<SandboxArg>,

    /// Longest time of a page in a child process; one that takes longer is left out with a warning
    /// [default: 120]
    #[arg(long, value_name = "SECONDS", value_parser = seconds, help_heading = "This machine")]
    page_timeout: Option<Duration>,

    /// Most memory of a child process, in megabytes; a page that needs more is left out with a warning
    /// [default: 4000]
    #[arg(long, value_name = "MB", help_heading = "This machine")]
    page_memory_mb: Option<NonZero<u32>>,
}

impl ChildArgs {
    /// Where pages are read: in children that keep to these, or in threads.
    pub(super) fn isolation(&self, isolate: bool) -> recto::Result<Isolation> {
        let sandbox = self.sandbox.map(Sandbox::from);
        let Self { page_timeout, page_memory_mb, .. } = *self;
        ChildRules { sandbox, page_timeout, page_memory_mb }.isolation(isolate)
    }

    /// These, and those of `base` where they say nothing.
    pub(super) fn over(self, base: Self) -> Self {
        Self {
            sandbox: self.sandbox.or(base.sandbox),
            page_timeout: self.page_timeout.or(base.page_timeout),
            page_memory_mb: self.page_memory_mb.or(base.page_memory_mb),
        }
    }

    /// The names of those that were given.
    pub(super) fn given(&self) -> impl Iterator<Item = &'static str> {
        [
            ("--sandbox", self.sandbox.is_some()),
            ("--page-timeout", self.page_timeout.is_some()),
            ("--page-memory-mb", self.page_memory_mb.is_some()),
        ]
        .into_iter()
        .filter_map(|(option, given)| given.then_some(option))
    }
}

/// What was asked for, on the command line or in recto.toml.
pub(super) struct ChildRules {
    pub(super) sandbox: Option<Sandbox>,
    pub(super) page_timeout: Option<Duration>,
    pub(super) page_memory_mb: Option<NonZero<u32>>,
}

impl ChildRules {
    /// Children that keep to these; or threads, of which nothing of it can be asked.
    pub(super) fn isolation(self, in_children: bool) -> recto::Result<Isolation> {
        if !in_children {
            let only = |option: &'static str, why: &str| {
                let detail = format!(
                    "{why} only in child processes (--isolate, --isolation processes or \
                     isolation = \"processes\" in recto.toml)"
                );
                Err(recto::Error::InvalidOption { option: option.into(), detail })
            };
            if self.page_timeout.is_some() {
                return only("page_timeout", "threads cannot be ended: pages have a time limit");
            }
            if self.page_memory_mb.is_some() {
                return only("page_memory_mb", "threads share their memory: pages have a limit");
            }
            if self.sandbox.is_some() {
                return only("sandbox", "threads cannot be confined: it counts");
            }
            return Ok(Isolation::InProcess);
        }
        let own = std::env::current_exe().ok();
        let mut processes = own.map_or_else(Processes::default, Processes::of);
        processes.sandbox = self.sandbox.unwrap_or(processes.sandbox);
        processes.page_timeout = self.page_timeout.unwrap_or(processes.page_timeout);
        if let Some(megabytes) = self.page_memory_mb {
            processes.max_memory = Some(u64::from(megabytes.get()) * 1_000_000);
        }
        Ok(Isolation::Processes(processes))
    }
}
