//! The text of a page, character by character: a part of the file beside it, with its rules.

use super::{
    FPDF_TEXTPAGE, FS_MATRIX, FS_RECTF, Matrix, PageHandle, PdfiumLibraryBindings,
    RENDER_MODE_CLIP, RENDER_MODE_FILL, RENDER_MODE_INVISIBLE, RENDER_MODES_STROKED, UserBox,
    c_int, c_ulong, c_void, until_nul,
};

/// The characters of a page.
pub(in crate::pdf) struct TextPage<'page> {
    pub(super) page: &'page PageHandle<'page>,
    pub(super) handle: FPDF_TEXTPAGE,
}

impl Drop for TextPage<'_> {
    fn drop(&mut self) {
        // SAFETY: closed once.
        unsafe { self.page.doc.lib.FPDFText_ClosePage(self.handle) };
    }
}

/// What characters of one text object share.
#[derive(Clone, Debug)]
pub(in crate::pdf) struct Run {
    pub(in crate::pdf) font: String,
    /// Font descriptor flags (PDF 32000-1, table 123).
    pub(in crate::pdf) flags: u32,
    /// Nominal size, before `matrix`.
    pub(in crate::pdf) size: f32,
    pub(in crate::pdf) matrix: Matrix,
    pub(in crate::pdf) invisible: bool,
    /// Whether glyphs do no more than bound what is drawn later.
    pub(in crate::pdf) clips: bool,
    /// Whether outlines of glyphs are drawn.
    pub(in crate::pdf) strokes: bool,
    /// The box that glyphs are cut off at, without an inside where that is nowhere; `None` where they are not, or at more than is looked at.
    pub(in crate::pdf) clip: Option<UserBox>,
    /// `[r, g, b, a]`.
    pub(in crate::pdf) color: [u8; 4],
    pub(in crate::pdf) mark: Mark,
}

/// How a text object is marked (PDF 32000-1, 14.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::pdf) enum Mark {
    /// By this identifier, which the structure tree refers to.
    Id(i32),
    /// As an artifact.
    Artifact,
    #[default]
    Unmarked,
}

impl TextPage<'_> {
    fn lib(&self) -> &'static dyn PdfiumLibraryBindings {
        self.page.doc.lib
    }

    pub(in crate::pdf) fn len(&self) -> c_int {
        // SAFETY: the text page is open.
        unsafe { self.lib().FPDFText_CountChars(self.handle) }
    }

    pub(in crate::pdf) fn unicode(&self, i: c_int) -> u32 {
        // SAFETY: the text page is open; PDFium checks the index.
        unsafe { self.lib().FPDFText_GetUnicode(self.handle, i) }
    }

    /// Whether PDFium put the character in itself (spaces and line ends between runs).
    pub(in crate::pdf) fn is_generated(&self, i: c_int) -> bool {
        // SAFETY: the text page is open; PDFium checks the index.
        unsafe { self.lib().FPDFText_IsGenerated(self.handle, i) == 1 }
    }

    pub(in crate::pdf) fn has_map_error(&self, i: c_int) -> bool {
        // SAFETY: the text page is open; PDFium checks the index.
        unsafe { self.lib().FPDFText_HasUnicodeMapError(self.handle, i) == 1 }
    }

    /// The box of the advance width and the font's ascent and descent.
    pub(in crate::pdf) fn loose_box(&self, i: c_int) -> Option<UserBox> {
        let mut r = FS_RECTF { left: 0.0, top: 0.0, right: 0.0, bottom: 0.0 };
        // SAFETY: the text page is open; PDFium checks the index; `r` outlives the call.
        let known = unsafe { self.lib().FPDFText_GetLooseCharBox(self.handle, i, &raw mut r) } != 0;
        known.then_some(UserBox { left: r.left, bottom: r.bottom, right: r.right, top: r.top })
    }

    /// The box around the glyph's ink.
    pub(in crate::pdf) fn ink_box(&self, i: c_int) -> Option<UserBox> {
        let (mut l, mut r, mut b, mut t) = (0.0f64, 0.0f64, 0.0f64, 0.0f64);
        // SAFETY: the text page is open; PDFium checks the index; the floats outlive the call.
        let known = unsafe {
            self.lib().FPDFText_GetCharBox(
                self.handle,
                i,
                &raw mut l,
                &raw mut r,
                &raw mut b,
                &raw mut t,
            )
        } != 0;
        known.then_some(UserBox {
            left: l as f32,
            bottom: b as f32,
            right: r as f32,
            top: t as f32,
        })
    }

    /// Where the glyph's origin stands: on the baseline.
    pub(in crate::pdf) fn origin(&self, i: c_int) -> Option<(f32, f32)> {
        let (mut x, mut y) = (0.0f64, 0.0f64);
        // SAFETY: the text page is open; PDFium checks the index; the floats outlive the call.
        let known =
            unsafe { self.lib().FPDFText_GetCharOrigin(self.handle, i, &raw mut x, &raw mut y) }
                != 0;
        known.then_some((x as f32, y as f32))
    }

    /// An opaque name of the text object that the character belongs to; 0 for none.
    pub(in crate::pdf) fn object_id(&self, i: c_int) -> usize {
        // SAFETY: the text page is open; PDFium checks the index. The pointer is only compared.
        unsafe { self.lib().FPDFText_GetTextObject(self.handle, i) as usize }
    }

    /// What the characters of the object of character `i` share.
    pub(in crate::pdf) fn run(&self, i: c_int) -> Run {
        let lib = self.lib();
        let mut flags: c_int = 0;
        let mut buffer = [0u8; 256];
        let mut m = FS_MATRIX { a: 1.0, b: 0.0, c: 0.0, d: 1.0, e: 0.0, f: 0.0 };
        let (mut r, mut g, mut b, mut a) = (0, 0, 0, 255);
        // SAFETY: the text page is open; PDFium checks the index and the buffer's length; all
        // out-parameters outlive the calls; a null text object is not asked for its mode.
        let (size, mode, clip, mark) = unsafe {
            let length = buffer.len() as c_ulong;
            let pointer = buffer.as_mut_ptr().cast::<c_void>();
            lib.FPDFText_GetFontInfo(self.handle, i, pointer, length, &raw mut flags);
            lib.FPDFText_GetMatrix(self.handle, i, &raw mut m);
            lib.FPDFText_GetFillColor(
                self.handle,
                i,
                &raw mut r,
                &raw mut g,
                &raw mut b,
                &raw mut a,
            );
            let object = lib.FPDFText_GetTextObject(self.handle, i);
            let size = lib.FPDFText_GetFontSize(self.handle, i) as f32;
            if object.is_null() {
                (size, RENDER_MODE_FILL, None, Mark::Unmarked)
            } else {
                let mode = lib.FPDFTextObj_GetTextRenderMode(object);
                (size, mode, clip(lib, object), mark(lib, object))
            }
        };
        Run {
            font: until_nul(&buffer),
            flags: flags.unsigned_abs(),
            size,
            matrix: Matrix { a: m.a, b: m.b, c: m.c, d: m.d, e: m.e, f: m.f },
            invisible: mode == RENDER_MODE_INVISIBLE,
            clips: mode == RENDER_MODE_CLIP,
            strokes: RENDER_MODES_STROKED.contains(&mode),
            clip,
            color: [r, g, b, a].map(|v| u8::try_from(v).unwrap_or(u8::MAX)),
            mark,
        }
    }
}

/// The box that an object is cut off at, as far as that is simple.
///
/// # Safety
///
/// The object must belong to a loaded page.
unsafe fn clip(lib: &dyn PdfiumLibraryBindings, object: super::FPDF_PAGEOBJECT) -> Option<UserBox> {
    /// Paths of a clip, and segments of a path, that are looked at: most are one rectangle.
    const MOST: c_int = 16;
    // SAFETY: by contract the object lives; indices are within the counts; null answers are checked,
    // the floats outlive the call.
    unsafe {
        let path = lib.FPDFPageObj_GetClipPath(object);
        if path.is_null() {
            return None;
        }
        let paths = lib.FPDFClipPath_CountPaths(path);
        let mut inside: Option<UserBox> = None;
        for i in 0..paths.min(MOST) {
            let segments = lib.FPDFClipPath_CountPathSegments(path, i);
            if !(1..=MOST).contains(&segments) {
                continue;
            }
            let mut around: Option<UserBox> = None;
            for k in 0..segments {
                let segment = lib.FPDFClipPath_GetPathSegment(path, i, k);
                let (mut x, mut y) = (0.0f32, 0.0f32);
                if !segment.is_null()
                    && lib.FPDFPathSegment_GetPoint(segment, &raw mut x, &raw mut y) != 0
                {
                    let point = UserBox { left: x, bottom: y, right: x, top: y };
                    around = Some(around.map_or(point, |known| UserBox {
                        left: known.left.min(x),
                        bottom: known.bottom.min(y),
                        right: known.right.max(x),
                        top: known.top.max(y),
                    }));
                }
            }
            // What is seen is in all of them.
            inside = match (inside, around) {
                (Some(a), Some(b)) => Some(UserBox {
                    left: a.left.max(b.left),
                    bottom: a.bottom.max(b.bottom),
                    right: a.right.min(b.right),
                    top: a.top.min(b.top),
                }),
                (a, b) => a.or(b),
            };
        }
        inside
    }
}

/// How an object is marked.
///
/// # Safety
///
/// The object must belong to a loaded page.
unsafe fn mark(lib: &dyn PdfiumLibraryBindings, object: super::FPDF_PAGEOBJECT) -> Mark {
    /// Marks around one object that are looked at.
    const MOST: c_int = 8;
    let mut name = [0u16; 16];
    // SAFETY: by contract the object lives; `i` is within the count; the buffer is as long as said.
    unsafe {
        let id = lib.FPDFPageObj_GetMarkedContentID(object);
        if id >= 0 {
            return Mark::Id(id);
        }
        for i in 0..lib.FPDFPageObj_CountMarks(object).min(MOST) {
            let mark = lib.FPDFPageObj_GetMark(object, c_ulong::try_from(i).unwrap_or(0));
            let mut bytes: c_ulong = 0;
            let length = std::mem::size_of_val(&name) as c_ulong;
            let known = !mark.is_null()
                && lib.FPDFPageObjMark_GetName(
                    mark,
                    name.as_mut_ptr().cast(),
                    length,
                    &raw mut bytes,
                ) != 0;
            let end = name.iter().position(|&unit| unit == 0).unwrap_or(name.len());
            if known && String::from_utf16_lossy(&name[..end]) == "Artifact" {
                return Mark::Artifact;
            }
        }
    }
    Mark::Unmarked
}
