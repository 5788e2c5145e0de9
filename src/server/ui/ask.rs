//! What the page's form asks for: one file, and options by docling's names.

use super::super::docling::form::Form;
use super::super::docling::options::{self, Stand};
use super::super::error::{ApiError, Issue};
use crate::error::Warning;
use crate::options::{Options, PageSet};
use crate::source::Source;

/// Options about what is written: the page gets what it gets.
const OUTPUTS: [&str; 8] = [
    "to_formats",
    "image_export_mode",
    "include_images",
    "include_page_images",
    "images_scale",
    "chunking_options",
    "chunking_preset",
    "target_type",
];

/// What is asked of a read.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) source: Source,
    pub(super) options: Options,
    /// What of the request has no effect.
    pub(super) warnings: Vec<Warning>,
}

/// Reads a form over recto's own defaults, which read best.
pub(super) fn asked(mut form: Form) -> Result<Asked, ApiError> {
    let pages = form.take("pages");
    let (mut files, mut fields) = form.into_parts();
    let invalid = |kind: &'static str, message: &str| {
        ApiError::invalid(vec![Issue::new(&["files"], kind, message)])
    };
    let source = files.pop().ok_or_else(|| ApiError::invalid(vec![Issue::missing(&["files"])]))?;
    if !files.is_empty() {
        return Err(invalid("too_long", "Input should be one file"));
    }
    let mut warnings = Vec::new();
    for name in OUTPUTS {
        if fields.remove(name).is_some() {
            let message = format!("{name} has no effect here; POST /v1/convert/file takes it");
            warnings.push(Warning::option(name, message));
        }
    }
    let (mut options, more) =
        options::read_over(Options::default(), &fields.into(), Stand::Prefixed(""))?;
    warnings.extend(more);
    if let Some(text) = pages {
        options.pages = Some(page_set(&text)?);
    }
    Ok(Asked { source, options, warnings })
}

/// Pages as people write them, from 1: `1-3, 8` or `7-`.
fn page_set(text: &str) -> Result<PageSet, ApiError> {
    let wrong = || {
        let message = "pages are numbers from 1 and ranges of them, as in 1-3, 8 or 7-";
        let issue = Issue::new(&["pages"], "value_error", message);
        ApiError::invalid(vec![issue.sent(&text.into())])
    };
    let from_zero = |number: &str| {
        let number: usize = number.trim().parse().ok()?;
        number.checked_sub(1).map(|number| number.to_string())
    };
    let part = |part: &str| match part.split_once(['-', '–']) {
        None => from_zero(part),
        Some((first, last)) if last.trim().is_empty() => Some(from_zero(first)? + "-"),
        Some((first, last)) => Some(format!("{}-{}", from_zero(first)?, from_zero(last)?)),
    };
    let parts: Option<Vec<String>> =
        text.trim().trim_end_matches(',').split(',').map(part).collect();
    parts.ok_or_else(wrong)?.join(",").parse().map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_count_from_one() {
        let resolved = |text: &str| page_set(text).unwrap().resolve(9, "x").unwrap();
        assert_eq!(resolved("1-3, 8"), [0, 1, 2, 7]);
        assert_eq!(resolved(" 2 – 3 ,"), [1, 2]);
        assert_eq!(resolved("8-"), [7, 8]);
        for wrong in ["0", "x", "3-2", "1,,2", "-2", "1-2-3", "-", ","] {
            let error = page_set(wrong).unwrap_err();
            assert_eq!(
                error.message,
                "pages: pages are numbers from 1 and ranges of them, as in 1-3, 8 or 7-",
                "{wrong}"
            );
        }
    }
}
