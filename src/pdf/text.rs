//! The text layer: characters to words.

use std::collections::HashMap;
use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;

use super::ffi::{Mark, PageHandle, Run, TextPage};
use super::hidden::{self, Reason};
use super::matrix::{Matrix, UserBox};
use super::space::Space;
use super::style;
use super::text_layer::{Sight, TextLayer};
use crate::call::Call;
use crate::document::{Style, Word, WordOrigin};
use crate::error::Result;
use crate::geometry::{Pt, Rect, RectExt, rect};
use crate::options::HiddenText;
use crate::page::Glyph;

/// A gap along the baseline wider than this share of the em parts two words even where the file
/// has no space: justified text spaces words by a quarter em or more.
const WORD_GAP: f32 = 0.23;
/// A gap narrower than this share of the em is none: the parts belong to one word.
const JOIN_GAP: f32 = 0.1;
/// Characters whose boxes share less than this part of their height stand on different lines.
const SAME_LINE: f32 = 0.3;
/// A change of size by more than this factor ends a word (superscripts, drop caps).
const SIZE_STEP: f32 = 1.2;
/// Box of a character relative to its baseline, in ems: what most Latin fonts keep to.
const ASCENT: f32 = 0.78;
/// See [`ASCENT`].
const DESCENT: f32 = 0.22;
/// Plausible heights of PDFium's character box, in ems. Outside, either the nominal size is wrong
/// (Type 3 fonts) or the box is (mathematical fonts have ascents of several ems).
const PLAUSIBLE_HEIGHT: std::ops::RangeInclusive<f32> = 0.6..=2.6;
/// Plausible advance widths, in ems: what decides between the two.
const PLAUSIBLE_WIDTH: std::ops::RangeInclusive<f32> = 0.12..=1.6;
/// Characters of right-to-left text come in no reliable order; those within this many ems of the
/// word so far, with no space between, belong to it.
const RTL_REACH: f32 = 8.0;

/// Glyphs of a word, where they are more than most words have: so many for each word are kept.
const LONG_WORD: usize = 12;

/// Characters between two looks at whether to go on.
const CHECKED: i32 = 1024;

/// What is taken of a text layer besides its words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) glyphs: bool,
    pub(super) hidden: HiddenText,
    /// Most words.
    pub(super) most: u64,
}

/// Reads all words that stand on the visible page, and their glyphs where asked.
///
/// # Errors
///
/// Those of [`Call::check`].
pub(super) fn read(
    page: &PageHandle<'_>,
    space: &Space,
    wanted: Wanted,
    call: &Call,
) -> Result<TextLayer> {
    let Some(text) = page.text() else { return Ok(TextLayer::default()) };
    let mut reader = Reader {
        space,
        layer: TextLayer::default(),
        runs: HashMap::new(),
        fonts: HashMap::new(),
        open: None,
        glyphs: wanted.glyphs,
        keep_hidden: wanted.hidden == HiddenText::Keep,
        small: hidden::small(space.size()),
        unseen: None,
    };
    let mut high_surrogate = None;
    let most = usize::try_from(wanted.most).unwrap_or(usize::MAX);
    for i in 0..text.len() {
        if i % CHECKED == 0 {
            call.check()?;
        }
        let mut code = text.unicode(i);
        let is_full =
            reader.layer.words.len() >= most || reader.layer.glyphs.len() / LONG_WORD >= most;
        if is_full && !char::from_u32(code).is_some_and(|c| c.is_whitespace() || c.is_control()) {
            reader.layer.cut = true;
            break;
        }
        if (0xD800..0xDC00).contains(&code) {
            high_surrogate = Some(code);
            continue;
        }
        if let Some(high) = high_surrogate.take()
            && (0xDC00..0xE000).contains(&code)
        {
            code = 0x1_0000 + ((high - 0xD800) << 10) + (code - 0xDC00);
        }
        reader.character(&text, i, code);
    }
    reader.close();
    let size = space.size();
    let visible = rect(0.0, 0.0, size.width, size.height);
    let mut layer = reader.layer;
    // Text outside the visible box is not on the page as a reader sees it.
    let seen = |w: &Word| visible.contains(w.rect.center());
    let keep: Vec<bool> = layer.words.iter().map(seen).collect();
    let outside =
        keep.iter().zip(&layer.sight).filter(|(keep, sight)| !**keep && **sight != Sight::Hidden);
    for _ in 0..outside.count() {
        layer.hidden.add(Reason::Outside);
    }
    layer.retain(&keep);
    Ok(layer)
}

fn is_empty(clip: UserBox) -> bool {
    clip.left >= clip.right || clip.bottom >= clip.top
}

/// What all characters of one text object share, in page space.
struct RunInfo {
    style: Style,
    angle: f32,
    origin: WordOrigin,
    mark: Mark,
    /// Why nobody sees it, if that is certain.
    unseen: Option<Reason>,
    /// Whether it is to be doubted that it is seen.
    doubtful: bool,
    /// What it is cut off at.
    clip: Option<Rect<Pt>>,
}

/// A word being put together.
struct OpenWord {
    chars: Vec<(char, Rect<Pt>)>,
    rect: Rect<Pt>,
    last: Rect<Pt>,
    /// Whether its letters run from right to left.
    rtl: bool,
    run: Arc<RunInfo>,
    joined: bool,
    glyphs: Vec<Glyph>,
    sight: Sight,
}

struct Reader<'a> {
    space: &'a Space,
    layer: TextLayer,
    runs: HashMap<usize, Arc<RunInfo>>,
    fonts: HashMap<String, Arc<str>>,
    open: Option<OpenWord>,
    /// Whether glyphs are kept.
    glyphs: bool,
    /// Whether words are taken that nobody sees.
    keep_hidden: bool,
    /// Smaller text is not seen.
    small: f32,
    /// Why the characters just left out are not seen.
    unseen: Option<Reason>,
}

impl Reader<'_> {
    fn character(&mut self, text: &TextPage<'_>, i: i32, code: u32) {
        // PDFium replaces a hyphen at a line end by U+0002 or U+FFFE.
        let c = match code {
            0x02 | 0xAD | 0xFFFE => '-',
            _ => char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
        };
        if c.is_whitespace() || c == '\0' && text.is_generated(i) {
            self.close();
            self.unseen = None;
            // The codes of some large brackets are those of white space elsewhere.
            if self.glyphs && text.has_map_error(i) {
                let glyph = self.lone_glyph(text, i, c);
                self.layer.glyphs.extend(glyph);
            }
            return;
        }
        if matches!(c, '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}') {
            return;
        }
        let Some(loose) = text.loose_box(i) else { return };
        let run = self.run_of(text, i, &loose);
        if let Some(reason) = run.unseen {
            // Each word counts once.
            if self.unseen.replace(reason) != Some(reason) {
                self.layer.hidden.add(reason);
            }
            if !self.keep_hidden {
                return;
            }
        } else {
            self.unseen = None;
        }
        self.layer.chars += 1;
        if is_unmapped(c) || text.has_map_error(i) {
            self.layer.unmapped += 1;
        }
        // Of a code without a Unicode value, a hyphen's among them, the code itself is kept.
        let drawn = char::from_u32(code).filter(|_| text.has_map_error(i)).unwrap_or(c);
        let glyph = self.glyphs.then(|| self.glyph(text, i, drawn, &loose, &run)).flatten();
        if c.is_control() {
            self.layer.glyphs.extend(glyph);
            return;
        }
        let r = self.char_rect(text, i, &loose, &run);
        self.push(c, r, run, glyph);
        if matches!(code, 0x02 | 0xFFFE) {
            self.close();
        }
    }

    /// What the character's text object says of all of its characters.
    fn run_of(&mut self, text: &TextPage<'_>, i: i32, loose: &UserBox) -> Arc<RunInfo> {
        let id = text.object_id(i);
        match self.runs.get(&id) {
            Some(run) if id != 0 => Arc::clone(run),
            _ => {
                let run = Arc::new(self.run_info(&text.run(i), loose, text.ink_box(i)));
                self.runs.insert(id, Arc::clone(&run));
                run
            }
        }
    }

    /// The glyph of a character that no word has.
    fn lone_glyph(&mut self, text: &TextPage<'_>, i: i32, c: char) -> Option<Glyph> {
        let loose = text.loose_box(i)?;
        let run = self.run_of(text, i, &loose);
        run.unseen.is_none().then(|| self.glyph(text, i, c, &loose, &run)).flatten()
    }

    fn push(&mut self, c: char, r: Rect<Pt>, run: Arc<RunInfo>, glyph: Option<Glyph>) {
        let mut joined = false;
        if let Some(word) = &mut self.open {
            match join(word, c, &r, &run) {
                Join::Same => {
                    word.chars.push((c, r));
                    word.rect = word.rect.around(&r);
                    word.last = r;
                    word.glyphs.extend(glyph);
                    return;
                }
                Join::Restyled => joined = true,
                Join::Apart => {}
            }
            self.close();
        }
        let rtl = is_rtl_letter(c);
        let glyphs = glyph.into_iter().collect();
        let cut_off = run.clip.is_some_and(|clip| !clip.contains(r.center()));
        let sight = match run.unseen {
            Some(_) => Sight::Hidden,
            None if run.doubtful || cut_off => Sight::Doubtful,
            None => Sight::Plain,
        };
        let (chars, rect) = (vec![(c, r)], r);
        self.open = Some(OpenWord { chars, rect, last: r, rtl, run, joined, glyphs, sight });
    }

    fn close(&mut self) {
        let Some(word) = self.open.take() else { return };
        if word.rtl {
            for (chars, rect) in in_rtl_order(word.chars, word.run.style.size) {
                self.keep(&chars, rect, &word.run, (false, word.sight));
            }
        } else {
            let text: String = word.chars.iter().map(|c| c.0).collect();
            let before = self.layer.words.len();
            self.keep(&text, word.rect, &word.run, (word.joined, word.sight));
            let kept = self.layer.words.len() > before;
            let number = u32::try_from(before).ok().filter(|_| kept);
            let glyphs = word.glyphs.into_iter().map(|g| Glyph { word: number, ..g });
            self.layer.glyphs.extend(glyphs);
        }
    }

    fn keep(&mut self, text: &str, rect: Rect<Pt>, run: &RunInfo, (joined, sight): (bool, Sight)) {
        let text = normalise(text);
        if !text.is_empty() {
            self.layer.marks.push(run.mark);
            self.layer.sight.push(sight);
            self.layer.words.push(Word {
                text,
                rect,
                confidence: None,
                origin: run.origin,
                style: run.style.clone(),
                angle: run.angle,
                joined,
                line: None,
            });
        }
    }

    fn run_info(&mut self, run: &Run, loose: &UserBox, ink: Option<UserBox>) -> RunInfo {
        let name = style::without_subset_prefix(&run.font);
        let font = match self.fonts.get(name) {
            Some(known) => Arc::clone(known),
            None => {
                let shared: Arc<str> = Arc::from(name);
                self.fonts.insert(name.to_owned(), Arc::clone(&shared));
                shared
            }
        };
        let m = &run.matrix;
        let angle = self.space.angle(m.a, m.b);
        // Full turns of a text that is upright but for rounding are noise.
        let angle = if angle.abs() < 0.5 { 0.0 } else { angle };
        let boxed = self.space.rect(loose);
        let height =
            if is_upright(angle) { boxed.height() } else { boxed.width().min(boxed.height()) };
        let advance = if is_upright(angle) { boxed.width() } else { boxed.height() };
        let nominal = run.size * m.c.hypot(m.d);
        let plausible = PLAUSIBLE_HEIGHT.contains(&(height / nominal))
            || PLAUSIBLE_WIDTH.contains(&(advance / nominal));
        let size = if nominal > 0.0 && plausible { nominal } else { height / (ASCENT + DESCENT) };
        let [r, g, b, a] = run.color;
        RunInfo {
            style: Style {
                size: (size * 20.0).round() / 20.0,
                bold: Some(style::is_bold(name, run.flags)),
                italic: Some(style::is_italic(name, run.flags) || is_slanted(m)),
                mono: Some(style::is_mono(name, run.flags)),
                color: Some([r, g, b]),
                font: (!font.is_empty()).then_some(font),
            },
            angle,
            origin: if run.invisible { WordOrigin::HiddenLayer } else { WordOrigin::TextLayer },
            mark: run.mark,
            // The outlines of a transparent letter are transparent, or not: the page shows it.
            unseen: if a == 0 && !run.invisible && !run.strokes {
                Some(Reason::Transparent)
            } else if self.is_small(run, &boxed, ink) {
                Some(Reason::Small)
            } else {
                None
            },
            doubtful: run.clips || a < hidden::FAINT || run.clip.is_some_and(is_empty),
            clip: run.clip.map(|clip| self.space.rect(&clip)),
        }
    }

    /// Whether text is too small to be seen, by its nominal size as well as by the boxes of a
    /// character: either alone may be wrong.
    fn is_small(&self, run: &Run, boxed: &Rect<Pt>, ink: Option<UserBox>) -> bool {
        let m = &run.matrix;
        let (wide, high) = (run.size * m.a.hypot(m.b), run.size * m.c.hypot(m.d));
        if wide.min(high) >= self.small {
            return false;
        }
        let ink = ink.map_or(*boxed, |ink| self.space.rect(&ink));
        let around = boxed.around(&ink);
        around.width().min(around.height()) < self.small
    }

    /// The glyph as it stands; `None` where the text does not run level.
    fn glyph(
        &self,
        text: &TextPage<'_>,
        i: i32,
        c: char,
        loose: &UserBox,
        run: &RunInfo,
    ) -> Option<Glyph> {
        if run.angle != 0.0 {
            return None;
        }
        let (x, y) = text.origin(i)?;
        let around = self.space.rect(loose);
        let ink = text.ink_box(i).map_or(around, |ink| self.space.rect(&ink));
        Some(Glyph {
            char: c,
            mapped: !text.has_map_error(i),
            font: run.style.font.clone(),
            size: run.style.size,
            bold: run.style.bold == Some(true),
            italic: run.style.italic == Some(true),
            advance: (around.min.x, around.max.x),
            baseline: self.space.point(x, y).1,
            ink,
            word: None,
        })
    }

    /// The box of a character: its advance width, and a height that depends on the size alone, so
    /// that fonts with odd metrics do not disturb the lines.
    fn char_rect(&self, text: &TextPage<'_>, i: i32, loose: &UserBox, run: &RunInfo) -> Rect<Pt> {
        let r = self.space.rect(loose);
        if run.angle != 0.0 {
            return r;
        }
        let Some((x, y)) = text.origin(i) else { return r };
        let baseline = self.space.point(x, y).1;
        // A baseline outside the box: PDFium disagrees with itself, believe the box.
        if baseline < r.min.y - r.height() || baseline > r.max.y + r.height() {
            return r;
        }
        let size = run.style.size;
        rect(r.min.x, baseline - ASCENT * size, r.max.x, baseline + DESCENT * size)
    }
}

enum Join {
    Same,
    /// The same word goes on in another style.
    Restyled,
    Apart,
}

fn is_rtl_letter(c: char) -> bool {
    use unicode_bidi::BidiClass::{AL, R};
    matches!(unicode_bidi::bidi_class(c), R | AL)
}

/// Puts the characters of right-to-left text into logical order by where they stand, and parts
/// them at gaps. Characters drawn on top of each other (ligatures, vowel signs) keep their order.
fn in_rtl_order(mut chars: Vec<(char, Rect<Pt>)>, em: f32) -> Vec<(String, Rect<Pt>)> {
    chars.sort_by(|a, b| {
        let apart = (a.1.mid_x() - b.1.mid_x()).abs() > 0.12 * em;
        if apart { b.1.mid_x().total_cmp(&a.1.mid_x()) } else { std::cmp::Ordering::Equal }
    });
    let mut out: Vec<(String, Rect<Pt>)> = Vec::new();
    for (c, r) in chars {
        match out.last_mut() {
            Some((text, around)) if around.min.x - r.max.x <= WORD_GAP * em => {
                text.push(c);
                *around = around.around(&r);
            }
            _ => out.push((c.to_string(), r)),
        }
    }
    out
}

fn join(word: &OpenWord, c: char, r: &Rect<Pt>, run: &Arc<RunInfo>) -> Join {
    let upright = is_upright(word.run.angle);
    if is_upright(run.angle) != upright || (run.angle - word.run.angle).abs() > 5.0 {
        return Join::Apart;
    }
    let last = &word.last;
    let (gap, shared, height) = if upright {
        let gap = (r.min.x - last.max.x).max(last.min.x - r.max.x);
        (gap, r.overlap_y(last), r.height().min(last.height()))
    } else {
        let gap = (r.min.y - last.max.y).max(last.min.y - r.max.y);
        (gap, r.overlap_x(last), r.width().min(last.width()))
    };
    let em = word.run.style.size.max(run.style.size);
    let rtl =
        is_rtl_letter(c) || word.rtl && unicode_bidi::bidi_class(c) == unicode_bidi::BidiClass::NSM;
    if rtl || word.rtl {
        let beside = shared >= SAME_LINE * height;
        return if rtl && word.rtl && beside && gap <= RTL_REACH * em {
            Join::Same
        } else if beside && gap <= JOIN_GAP * em {
            // Punctuation, digits and Latin letters right beside: one word in two directions.
            Join::Restyled
        } else {
            Join::Apart
        };
    }
    if gap > WORD_GAP * em || shared < SAME_LINE * height {
        return Join::Apart;
    }
    if Arc::ptr_eq(&word.run, run) {
        return Join::Same;
    }
    // Cells of a table may stand closer than words do, but are marked as apart.
    if gap > JOIN_GAP * em && word.run.mark != run.mark {
        return Join::Apart;
    }
    let (a, b) = (&word.run.style, &run.style);
    let same_size = a.size.max(b.size) <= SIZE_STEP * a.size.min(b.size);
    if same_size && a.bold == b.bold && word.run.origin == run.origin {
        Join::Same
    } else if gap <= JOIN_GAP * em {
        Join::Restyled
    } else {
        Join::Apart
    }
}

fn is_upright(angle: f32) -> bool {
    !(45.0..135.0).contains(&angle.abs())
}

/// Text sheared by its matrix looks italic whatever its font.
fn is_slanted(m: &Matrix) -> bool {
    m.b == 0.0 && m.c.abs() > 0.15 * m.d.abs()
}

pub(super) fn is_unmapped(c: char) -> bool {
    c == char::REPLACEMENT_CHARACTER
        || c.is_control()
        || matches!(c as u32, 0xE000..=0xF8FF | 0xFFFE | 0xFFFF | 0xF_0000..=0x10_FFFF)
}

/// NFC; ligatures and Arabic presentation forms as the letters they stand for.
fn normalise(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c as u32 {
            0xFB00..=0xFDFB | 0xFE70..=0xFEFC => out.extend(std::iter::once(c).nfkc()),
            _ => out.push(c),
        }
    }
    out.nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ligatures_become_letters() {
        assert_eq!(normalise("eﬃcient ﬁle"), "efficient file");
        assert_eq!(normalise("\u{FEFB}"), "لا");
        assert_eq!(normalise("e\u{301}"), "é");
        assert_eq!(normalise("²"), "²");
    }
}
