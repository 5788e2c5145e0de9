//! The font of the text layer: it has widths and Unicode values, and no shapes.
//!
//! One character code stands for one grapheme (a letter with its marks), numbered in the order of
//! their text, so that every script works, characters beyond the BMP too, and the same document
//! gives the same font. The widths are those of common faces by class of letter: a selection that
//! ends inside of a word ends close to the letter under the pointer.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use lopdf::{Document, Object, ObjectId, Stream, dictionary};
use unicode_normalization::char::is_combining_mark;

/// Top and bottom of the glyphs' boxes above the baseline, in thousandths of the em: from ascender
/// to descender, as the boxes of words are.
pub(super) const ASCENT: i16 = 780;
/// See [`ASCENT`].
pub(super) const DESCENT: i16 = -220;
/// Widths of the classes of graphemes, in thousandths of the em: narrow letters and marks, most
/// letters, capitals, the widest letters, and what fills the em.
const WIDTHS: [u16; 5] = [280, 500, 660, 830, 1000];
/// The code of the space.
const SPACE: u16 = 1;
/// How many entries a `beginbfchar` may have.
const BLOCK: usize = 100;
/// PostScript name.
const NAME: &str = "RectoInvisible";

/// Splits text into what is selected as one: a character with the marks and joiners that follow.
pub(super) fn graphemes(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut joins = false;
        let end = rest
            .char_indices()
            .skip(1)
            .find(|&(_, c)| {
                let goes_on = std::mem::take(&mut joins) || is_mark(c);
                joins |= c == '\u{200D}';
                !goes_on
            })
            .map_or(rest.len(), |(at, _)| at);
        let (one, more) = rest.split_at(end);
        rest = more;
        (!one.is_empty()).then_some(one)
    })
    .filter(|grapheme| !grapheme.chars().all(is_direction))
}

/// Marks of direction, which recognisers add: readers work out directions themselves.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Marks, joiners, variation selectors, skin tones.
fn is_mark(c: char) -> bool {
    is_combining_mark(c)
        || matches!(c, '\u{200C}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}' | '\u{1F3FB}'..='\u{1F3FF}')
}

/// The class of a grapheme: an index into [`WIDTHS`].
fn class(grapheme: &str) -> usize {
    match grapheme.chars().next().unwrap_or(' ') {
        ' ' | 'i' | 'j' | 'l' | 't' | 'f' | 'r' | 'I' | '.' | ',' | ':' | ';' | '\'' | '’'
        | '!' | '|' | '(' | ')' | '[' | ']' | '-' | '`' | '·' | 'ا' | 'ı' => 0,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '—' | '…' | 'Ш' | 'Щ' | 'Ю' | 'Ж' | 'ш' | 'щ' => {
            3
        }
        'A'..='Z' | 'À'..='Þ' | 'Α'..='Ω' | 'А'..='Я' | '&' => 2,
        // Hangul, kana, ideographs, full-width forms, emoji.
        '\u{1100}'..='\u{11FF}'
        | '\u{2E80}'..='\u{D7FF}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{FF01}'..='\u{FF60}'
        | '\u{1F000}'..='\u{3FFFF}' => 4,
        _ => 1,
    }
}

/// The graphemes of a document and their codes.
#[derive(Debug)]
pub(super) struct Font {
    codes: BTreeMap<String, u16>,
}

impl Font {
    /// A font for these words. Graphemes beyond what two bytes can number are left out.
    pub(super) fn new<'a>(words: impl Iterator<Item = &'a str>) -> Self {
        let used: BTreeSet<&str> = words.flat_map(graphemes).filter(|g| *g != " ").collect();
        let numbers = SPACE + 1..=u16::MAX;
        let mut codes: BTreeMap<String, u16> =
            used.into_iter().zip(numbers).map(|(g, code)| (g.to_owned(), code)).collect();
        codes.insert(" ".to_owned(), SPACE);
        Self { codes }
    }

    /// The text as a hexadecimal string of codes, and its width in ems.
    pub(super) fn encode<'a>(&self, graphemes: impl Iterator<Item = &'a str>) -> (String, f32) {
        let (mut hex, mut width) = (String::new(), 0_u32);
        for grapheme in graphemes {
            if let Some(code) = self.codes.get(grapheme) {
                let _ = write!(hex, "{code:04X}");
                width += u32::from(WIDTHS[class(grapheme)]);
            }
        }
        (hex, width as f32 / 1000.0)
    }

    /// Adds the font to a PDF.
    pub(super) fn add(&self, pdf: &mut Document) -> ObjectId {
        let file = truetype();
        let length = file.len() as i64;
        let file = pdf.add_object(packed(dictionary! { "Length1" => length }, file));
        let descriptor = pdf.add_object(dictionary! {
            "Type" => "FontDescriptor",
            "FontName" => NAME,
            // Not a Latin text font; fixed pitch is not claimed.
            "Flags" => 4,
            "FontBBox" => vec![0.into(), DESCENT.into(), 1000.into(), ASCENT.into()],
            "ItalicAngle" => 0,
            "Ascent" => ASCENT,
            "Descent" => DESCENT,
            "CapHeight" => 700,
            "StemV" => 80,
            "FontFile2" => file,
        });
        let glyphs = pdf.add_object(packed(dictionary! {}, self.glyph_map()));
        let descendant = pdf.add_object(dictionary! {
            "Type" => "Font",
            "Subtype" => "CIDFontType2",
            "BaseFont" => NAME,
            "CIDSystemInfo" => dictionary! {
                "Registry" => Object::string_literal("Adobe"),
                "Ordering" => Object::string_literal("Identity"),
                "Supplement" => 0,
            },
            "FontDescriptor" => descriptor,
            "DW" => WIDTHS[1],
            "W" => self.widths(),
            "CIDToGIDMap" => glyphs,
        });
        let unicode = pdf.add_object(packed(dictionary! {}, self.to_unicode().into_bytes()));
        pdf.add_object(dictionary! {
            "Type" => "Font",
            "Subtype" => "Type0",
            "BaseFont" => NAME,
            "Encoding" => "Identity-H",
            "DescendantFonts" => vec![descendant.into()],
            "ToUnicode" => unicode,
        })
    }

    /// Graphemes in the order of their codes.
    fn by_code(&self) -> Vec<(u16, &str)> {
        let mut all: Vec<_> = self.codes.iter().map(|(g, &code)| (code, g.as_str())).collect();
        all.sort_unstable();
        all
    }

    /// Two bytes for each code: the glyph of the class's width.
    fn glyph_map(&self) -> Vec<u8> {
        let mut map = vec![0, 0];
        for (_, grapheme) in self.by_code() {
            map.extend_from_slice(&(class(grapheme) as u16 + 1).to_be_bytes());
        }
        map
    }

    fn widths(&self) -> Object {
        let widths = self.by_code().into_iter().map(|(_, g)| WIDTHS[class(g)].into()).collect();
        Object::Array(vec![SPACE.into(), Object::Array(widths)])
    }

    /// ISO 32000-1, 9.10.3.
    fn to_unicode(&self) -> String {
        let mut out = String::from(
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n\
             /CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n\
             /CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n\
             1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n",
        );
        for block in self.by_code().chunks(BLOCK) {
            let _ = writeln!(out, "{} beginbfchar", block.len());
            for (code, grapheme) in block {
                let _ = write!(out, "<{code:04X}> <");
                for unit in grapheme.encode_utf16() {
                    let _ = write!(out, "{unit:04X}");
                }
                out.push_str(">\n");
            }
            out.push_str("endbfchar\n");
        }
        out.push_str("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n");
        out
    }
}

/// A compressed stream.
pub(super) fn packed(dictionary: lopdf::Dictionary, content: Vec<u8>) -> Stream {
    let mut stream = Stream::new(dictionary, content);
    // Only streams that are too short to gain stay as they are.
    let _ = stream.compress();
    stream
}

/// A TrueType file with the tables that a font embedded for `CIDFontType2` must have, and one glyph
/// for each width: a line from bottom to top and back, which has a box but no area.
fn truetype() -> Vec<u8> {
    let mut glyf: Vec<u8> = Vec::new();
    let mut loca: Vec<u16> = vec![0, 0];
    let mut hmtx: Vec<i16> = vec![WIDTHS[1] as i16, 0];
    for width in WIDTHS.map(|w| w as i16) {
        // One contour of two points on the curve; the box; no instructions; coordinates as words.
        for value in [1, 0, DESCENT, width, ASCENT, 1, 0] {
            glyf.extend_from_slice(&value.to_be_bytes());
        }
        glyf.extend_from_slice(&[1, 1]);
        for value in [0, width, DESCENT, ASCENT - DESCENT] {
            glyf.extend_from_slice(&value.to_be_bytes());
        }
        loca.push((glyf.len() / 2) as u16);
        hmtx.extend_from_slice(&[width, 0]);
    }
    let glyphs = WIDTHS.len() as u16 + 1;
    let words = |values: &[u16]| values.iter().flat_map(|v| v.to_be_bytes()).collect::<Vec<u8>>();
    let signed = |values: &[i16]| values.iter().flat_map(|v| v.to_be_bytes()).collect::<Vec<u8>>();
    let mut head = words(&[1, 0, 1, 0, 0, 0, 0x5F0F, 0x3CF5, 0, 1000]);
    head.extend_from_slice(&[0; 16]); // No dates.
    head.extend(signed(&[0, DESCENT, 1000, ASCENT, 0, 8, 2, 0, 0]));
    let mut hhea = signed(&[1, 0, ASCENT, DESCENT, 0, 1000, 0, 0, 1000, 1, 0, 0, 0, 0, 0, 0, 0]);
    hhea.extend_from_slice(&glyphs.to_be_bytes());
    let maxp = words(&[1, 0, glyphs, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    let tables: [(&[u8; 4], Vec<u8>); 6] = [
        (b"glyf", glyf),
        (b"head", head),
        (b"hhea", hhea),
        (b"hmtx", signed(&hmtx)),
        (b"loca", words(&loca)),
        (b"maxp", maxp),
    ];
    // 6 tables: the search range is that of the 4 below the next power of two.
    let mut file = words(&[1, 0, 6, 64, 2, 32]);
    let mut offset = file.len() + 16 * tables.len();
    let mut body: Vec<u8> = Vec::new();
    let mut checksum_adjustment_at = 0;
    for (tag, table) in &tables {
        if *tag == b"head" {
            checksum_adjustment_at = offset + 8;
        }
        file.extend_from_slice(*tag);
        for value in [checksum(table), offset as u32, table.len() as u32] {
            file.extend_from_slice(&value.to_be_bytes());
        }
        body.extend_from_slice(table);
        body.resize(body.len().next_multiple_of(4), 0);
        offset = 12 + 16 * tables.len() + body.len();
    }
    file.append(&mut body);
    let adjustment = 0xB1B0_AFBA_u32.wrapping_sub(checksum(&file));
    if let Some(place) = file.get_mut(checksum_adjustment_at..checksum_adjustment_at + 4) {
        place.copy_from_slice(&adjustment.to_be_bytes());
    }
    file
}

/// The sum of a table's 32-bit words.
fn checksum(table: &[u8]) -> u32 {
    table
        .chunks(4)
        .map(|chunk| {
            let mut word = [0; 4];
            word[..chunk.len()].copy_from_slice(chunk);
            u32::from_be_bytes(word)
        })
        .fold(0, u32::wrapping_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<&str> {
        graphemes(text).collect()
    }

    #[test]
    fn marks_and_joiners_stay_with_their_letter() {
        assert_eq!(split("a\u{308}b"), ["a\u{308}", "b"]);
        assert_eq!(split("कि"), ["कि"]);
        assert_eq!(split("👩\u{200D}💻x"), ["👩\u{200D}💻", "x"]);
        assert_eq!(split("\u{308}a"), ["\u{308}", "a"]);
        assert!(split("").is_empty());
        assert_eq!(split("\u{200F}a\u{200E}"), ["a"], "marks of direction are no text");
    }

    #[test]
    fn every_grapheme_has_a_code_and_its_unicode_value() {
        let font = Font::new(["ba", "a\u{308}", "𝒜"].into_iter());
        let (hex, width) = font.encode(graphemes("ab a\u{308}𝒜"));
        // By text: a, ä (decomposed), b, 𝒜.
        assert_eq!(hex, "00020004000100030005");
        assert!((width - (0.5 + 0.5 + 0.28 + 0.5 + 0.5)).abs() < 1e-5, "{width}");
        let map = font.to_unicode();
        for line in ["<0001> <0020>", "<0003> <00610308>", "<0005> <D835DC9C>"] {
            assert!(map.contains(line), "{map}");
        }
        assert_eq!(font.glyph_map().len(), 2 * 6);
    }

    #[test]
    fn a_character_map_has_at_most_100_entries_in_a_block() {
        let all: String = ('\u{4E00}'..'\u{4F00}').collect();
        let map = Font::new(std::iter::once(all.as_str())).to_unicode();
        let blocks: Vec<&str> = map.lines().filter(|l| l.ends_with(" beginbfchar")).collect();
        assert_eq!(blocks, ["100 beginbfchar", "100 beginbfchar", "57 beginbfchar"]);
    }

    #[test]
    fn the_font_file_adds_up() {
        let file = truetype();
        assert_eq!(checksum(&file), 0xB1B0_AFBA, "the sum of a whole font");
        let tables = usize::from(u16::from_be_bytes([file[4], file[5]]));
        for record in file[12..12 + 16 * tables].chunks(16) {
            let word = |at: usize| u32::from_be_bytes(record[at..at + 4].try_into().unwrap());
            let (offset, length) = (word(8) as usize, word(12) as usize);
            assert!(offset % 4 == 0 && offset + length <= file.len());
            let mut table = file[offset..offset + length].to_vec();
            if &record[..4] == b"head" {
                table[8..12].fill(0);
                assert_eq!(length, 54);
            }
            assert_eq!(checksum(&table), word(4), "{:?}", &record[..4]);
        }
    }
}
