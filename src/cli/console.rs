//! What people see: results on stdout, everything else on stderr, and how it all ended.

use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

use recto::Warning;

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// Everything asked for was done.
    Success,
    /// Nothing was.
    Failure,
    /// It was asked for in a way that cannot be.
    Usage,
    /// Some of it was done.
    Partial,
    /// The user stopped it.
    Interrupted,
}

impl Exit {
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Partial => 3,
            // What shells report for SIGINT.
            Self::Interrupted => 130,
        }
    }

    /// The exit that an error alone leads to.
    pub(super) fn of(error: &recto::Error) -> Self {
        match error.kind() {
            // As a page or a language that does not exist.
            _ if matches!(error, recto::Error::UnknownModel { .. }) => Self::Usage,
            recto::ErrorKind::Cancelled => Self::Interrupted,
            kind if kind.exit_code() == Self::Usage.code() => Self::Usage,
            _ => Self::Failure,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// A command line that cannot be followed although it parses.
#[derive(Debug)]
pub(super) struct Misuse(pub(super) String);

impl Display for Misuse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Misuse {}

/// An `anyhow` error for a command line that cannot be followed.
pub(super) fn misuse(message: impl Into<String>) -> anyhow::Error {
    Misuse(message.into()).into()
}

/// Writes to stderr as the user asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Console {
    quiet: bool,
    progress: bool,
}

impl Console {
    /// `logging`: whether log lines go to stderr, which a progress bar would tear apart.
    pub(super) fn new(quiet: bool, logging: bool) -> Self {
        Self { quiet, progress: !quiet && !logging && io::stderr().is_terminal() }
    }

    /// Whether somebody watches stderr and wants progress there.
    pub(super) fn shows_progress(&self) -> bool {
        self.progress
    }

    /// Says what is going on, unless told to be quiet.
    pub(super) fn note(&self, message: impl Display) {
        if !self.quiet {
            to_stderr(format_args!("recto: {message}"));
        }
    }

    /// Says what the user should know although it stopped nothing.
    pub(super) fn warning(&self, message: impl Display) {
        if !self.quiet {
            to_stderr(format_args!("recto: warning: {message}"));
        }
    }

    /// Says what failed.
    pub(super) fn error(&self, message: impl Display) {
        to_stderr(format_args!("recto: error: {message}"));
    }

    /// A document's warnings, those that say the same of several pages as one.
    pub(super) fn warnings(&self, name: &str, warnings: &[Warning]) {
        for (message, pages) in merged(warnings) {
            match pages.as_slice() {
                [] => self.warning(format_args!("{name}: {message}")),
                [page] => self.warning(format_args!("{name}: page {page}: {message}")),
                pages => self.warning(format_args!("{name}: pages {}: {message}", ranges(pages))),
            }
        }
    }

    /// Says why the program ends, and how.
    pub(super) fn fatal(&self, error: &anyhow::Error) -> Exit {
        if is_closed_pipe(error) {
            return Exit::Success;
        }
        let exit = if error.is::<Misuse>() {
            Exit::Usage
        } else {
            error.downcast_ref::<recto::Error>().map_or(Exit::Failure, Exit::of)
        };
        self.error(format_args!("{error:#}"));
        exit
    }
}

/// Whether the error is a reader that went away, as `head` does.
pub(super) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == ErrorKind::BrokenPipe)
}

/// Writes a result to stdout, at once.
pub(super) fn to_stdout(result: impl AsRef<[u8]>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(result.as_ref())?;
    out.flush()
}

/// One line on stderr. Whether anybody reads it does not matter.
pub(super) fn to_stderr(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Messages in the order they first come, each with its pages in ascending order.
fn merged(warnings: &[Warning]) -> Vec<(&str, Vec<usize>)> {
    let mut merged: Vec<(&str, Vec<usize>)> = Vec::new();
    for warning in warnings {
        let page = warning.page;
        // A warning about the document and one about a page are different things.
        let known = merged.iter_mut().find(|(message, pages)| {
            *message == warning.message && pages.is_empty() == page.is_none()
        });
        match known {
            Some((_, pages)) => pages.extend(page),
            None => merged.push((&warning.message, page.into_iter().collect())),
        }
    }
    for (_, pages) in &mut merged {
        pages.sort_unstable();
        pages.dedup();
    }
    merged
}

/// Ascending numbers as "0-3, 7".
fn ranges(pages: &[usize]) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for &page in pages {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == page => *last = page,
            _ => runs.push((page, page)),
        }
    }
    let texts: Vec<String> = runs
        .into_iter()
        .map(|(first, last)| match last - first {
            0 => first.to_string(),
            _ => format!("{first}-{last}"),
        })
        .collect();
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use recto::WarningCode;

    use super::*;

    #[test]
    fn page_numbers_become_ranges() {
        assert_eq!(ranges(&[0, 1, 2, 3, 7, 9, 10]), "0-3, 7, 9-10");
    }

    #[test]
    fn the_same_warning_of_many_pages_is_told_once() {
        let same = |page| Warning::new(WarningCode::TextLayerDistrusted, "same").on_page(page);
        let other = Warning::new(WarningCode::Other, "same");
        let warnings = [same(2), other, same(1), same(2)];
        assert_eq!(merged(&warnings), [("same", vec![1, 2]), ("same", vec![])]);
    }

    #[test]
    fn errors_lead_to_the_documented_codes() {
        let unknown = recto::Error::UnknownLanguage { code: "xx".to_owned() };
        assert_eq!(Exit::of(&unknown), Exit::Usage);
        assert_eq!(Exit::of(&recto::Error::Cancelled), Exit::Interrupted);
        assert_eq!(Exit::of(&recto::Error::DeadlineExceeded), Exit::Failure);
    }
}
