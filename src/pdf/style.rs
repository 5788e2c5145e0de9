//! Bold, italic and fixed pitch, told from font names and descriptor flags.
//!
//! PDFium's weight is not to be trusted (0 for Times-Bold, 545 for Computer Modern Bold Extended),
//! so the name decides and the descriptor's flags only add.

/// Flag bits of a font descriptor (PDF 32000-1:2008, table 123).
const FIXED_PITCH: u32 = 1;
const ITALIC: u32 = 1 << 6;
const FORCE_BOLD: u32 = 1 << 18;

const BOLD: [&str; 9] =
    ["bold", "black", "heavy", "demi", "cmbx", "cmb10", "-medi", "sfbx", "ultra"];
const ITALIC_NAMES: [&str; 8] =
    ["italic", "oblique", "slanted", "kursiv", "cmti", "cmsl", "-ital", "sfti"];
const MONO: [&str; 9] = [
    "courier",
    "mono",
    "consol",
    "typewriter",
    "cmtt",
    "sftt",
    "lettergothic",
    "menlo",
    "inconsolata",
];

/// "ABCDEF+Name" without the mark of a subset.
pub(super) fn without_subset_prefix(font: &str) -> &str {
    match font.split_once('+') {
        Some((tag, name)) if tag.len() == 6 && tag.bytes().all(|b| b.is_ascii_uppercase()) => name,
        _ => font,
    }
}

pub(super) fn is_bold(font: &str, flags: u32) -> bool {
    flags & FORCE_BOLD != 0 || any(font, &BOLD) || has_suffix(font, &["-Bd", "-B", ",B", ".B"])
}

pub(super) fn is_italic(font: &str, flags: u32) -> bool {
    flags & ITALIC != 0 || any(font, &ITALIC_NAMES) || has_suffix(font, &["-It", "-I", ".I"])
}

pub(super) fn is_mono(font: &str, flags: u32) -> bool {
    flags & FIXED_PITCH != 0 || any(font, &MONO)
}

fn any(font: &str, parts: &[&str]) -> bool {
    let lower = font.to_ascii_lowercase();
    parts.iter().any(|part| lower.contains(part))
}

fn has_suffix(font: &str, suffixes: &[&str]) -> bool {
    suffixes.iter().any(|suffix| font.ends_with(suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_style() {
        for bold in ["Times-Bold", "CMBX12", "Arial,Bold", "NimbusRomNo9L-Medi", "Lato-Black"] {
            assert!(is_bold(bold, 0), "{bold}");
        }
        for regular in ["CMR10", "Times-Roman", "Symbol", "Medium"] {
            assert!(!is_bold(regular, 0), "{regular}");
        }
        assert!(is_italic("CMTI10", 0) && is_italic("Foo", ITALIC) && !is_italic("Times-Bold", 0));
        assert!(is_mono("DejaVuSansMono", 0) && is_mono("x", FIXED_PITCH) && !is_mono("CMR10", 0));
    }

    #[test]
    fn only_real_subset_tags_are_dropped() {
        assert_eq!(without_subset_prefix("ABCDEF+Lato"), "Lato");
        assert_eq!(without_subset_prefix("A+B"), "A+B");
    }
}
