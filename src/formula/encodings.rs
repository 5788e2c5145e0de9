//! Codes of TeX's mathematical fonts, for glyphs that come without a Unicode value.
//!
//! Source: Knuth, *Computer Modern Typefaces* (1986), and the tables OML, OMS and OMX of the LaTeX
//! font guide (fntguide, section on encodings); names of pieces: Adobe Glyph List.

/// What a font's codes mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Letters: cmmi and its like.
    Oml,
    /// Symbols: cmsy.
    Oms,
    /// Large signs and their pieces: cmex.
    Omx,
    /// Blackboard letters and more relations: msbm.
    Msb,
    /// More relations: msam.
    Msa,
    /// Fraktur letters: eufm.
    Fraktur,
    /// Script letters: rsfs, eusm.
    Script,
    /// Anything else.
    Other,
}

impl Encoding {
    /// By the font's name.
    pub(super) fn of(font: &str) -> Self {
        let name = font.to_ascii_lowercase();
        let any = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
        if any(&["cmex", "mathextension", "txex", "pxex", "euex"]) {
            Self::Omx
        } else if any(&["cmsy", "cmbsy", "mathsymbols", "txsy", "pxsy"]) {
            Self::Oms
        } else if any(&["cmmi", "mathitalic", "txmi", "pxmi"]) {
            Self::Oml
        } else if any(&["msbm", "bbold", "dsrom"]) || name.starts_with("bbm") {
            Self::Msb
        } else if any(&["msam"]) {
            Self::Msa
        } else if any(&["eufm", "eufb", "fraktur"]) {
            Self::Fraktur
        } else if any(&["rsfs", "eusm", "eusb"]) {
            Self::Script
        } else {
            Self::Other
        }
    }

    /// The character of a code; `None` where the table has none.
    pub(super) fn char(self, code: u32) -> Option<char> {
        let at = |table: &str| table.chars().nth(code as usize).filter(|c| *c != '□');
        match self {
            Self::Oml => at(OML),
            Self::Oms => at(OMS),
            Self::Omx => at(OMX),
            Self::Msa | Self::Msb | Self::Fraktur | Self::Script | Self::Other => None,
        }
    }
}

/// The bar that stands before an arrow to make ↦ of it, in the tables here.
pub(super) const MAPSTO_BAR: char = '\u{FE34}';

const OML: &str = "ΓΔΘΛΞΠΣΥΦΨΩαβγδϵζηθικλμνξπρστυϕχψωεϑϖϱςφ↼↽⇀⇁□□▹◃0123456789.,</>⋆\
                   ∂ABCDEFGHIJKLMNOPQRSTUVWXYZ♭♮♯⌣⌢ℓabcdefghijklmnopqrstuvwxyzıȷ℘\u{20D7}\u{311}";

const OMS: &str = "−·×∗÷⋄±∓⊕⊖⊗⊘⊙◯∘•≍≡⊆⊇≤≥⪯⪰∼≈⊂⊃≪≫≺≻←→↑↓↔↗↘≃⇐⇒⇑⇓⇔↖↙∝′∞∈∋△▽\u{338}\u{FE34}∀∃¬∅ℜℑ⊤⊥\
                   ℵABCDEFGHIJKLMNOPQRSTUVWXYZ∪∩⊎∧∨⊢⊣⌊⌋⌈⌉{}⟨⟩|‖↕⇕\\≀√∐∇∫⊔⊓⊑⊒§†‡¶♣♢♡♠";

/// Of the pieces, the character that stands for the piece of the bracket; of roots: ⎷; of horizontal
/// braces: ⏞.
const OMX: &str = "()[]⌊⌋⌈⌉{}⟨⟩|‖/\\()()[]⌊⌋⌈⌉{}⟨⟩/\\()[]⌊⌋⌈⌉{}⟨⟩/\\/\\\
                   ⎛⎞⎡⎤⎣⎦⎢⎥⎧⎫⎩⎭⎨⎬⎪□⎝⎠⎜⎟⟨⟩⊔⊔∮∮⨀⨀⨁⨁⨂⨂∑∏∫⋃⋂⊎⋀⋁∑∏∫⋃⋂⊎⋀⋁∐∐\
                   \u{302}\u{302}\u{302}\u{303}\u{303}\u{303}[]⌊⌋⌈⌉{}√√√√⎷⎷⎷□□□⏞⏞⏞⏞□□";

/// Adobe's private characters for pieces of brackets, from U+F8E5, as Unicode's own.
const PIECES: &str = "□□□□□□⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪⎮⎞⎟⎠⎤⎥⎦⎫⎬⎭";

/// The character that a private one of Adobe's stands for.
pub(super) fn piece(c: char) -> Option<char> {
    let at = (c as u32).checked_sub(0xF8E5)?;
    PIECES.chars().nth(at as usize).filter(|c| *c != '□')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_as_long_as_the_fonts_and_in_step() {
        for table in [OML, OMS, OMX] {
            assert_eq!(table.chars().count(), 128);
        }
        assert_eq!(Encoding::Oml.char(0x0B), Some('α'));
        assert_eq!(Encoding::Oml.char(0x7A), Some('z'));
        assert_eq!(Encoding::Oms.char(0x21), Some('→'));
        assert_eq!(Encoding::Oms.char(0x70), Some('√'));
        assert_eq!(Encoding::Omx.char(0x58), Some('∑'));
        assert_eq!(Encoding::Omx.char(0x42), Some('⎜'));
        assert_eq!(Encoding::Omx.char(0x6E), Some('{'));
        assert_eq!(piece('\u{F8EB}'), Some('⎛'));
        assert_eq!(piece('\u{F8FE}'), Some('⎭'));
    }

    #[test]
    fn fonts_are_told_by_name() {
        assert_eq!(Encoding::of("CMSY10"), Encoding::Oms);
        assert_eq!(Encoding::of("LMMathExtension10-Regular"), Encoding::Omx);
        assert_eq!(Encoding::of("MSBM10"), Encoding::Msb);
        assert_eq!(Encoding::of("NotoSans"), Encoding::Other);
    }
}
