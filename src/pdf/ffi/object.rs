//! Objects of a page: a part of the file beside it, with its rules.

use super::{
    BITMAP_BGR, BITMAP_BGRX, BITMAP_GRAY, FPDF_PAGEOBJECT, FS_MATRIX, GrayImage, Matrix,
    PageHandle, PdfiumLibraryBindings, SEGMENT_LINE, SEGMENT_MOVE, UserBox, c_int, copy_rows,
};

/// What a page object is. Forms are entered, not reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pdf) enum ObjectKind {
    Text,
    Path,
    Image,
    Shading,
}

/// A page object while it is visited.
pub(in crate::pdf) struct Object<'page> {
    pub(super) page: &'page PageHandle<'page>,
    pub(super) handle: FPDF_PAGEOBJECT,
    pub(in crate::pdf) kind: ObjectKind,
    /// From the space the object stands in to user space.
    pub(in crate::pdf) outer: Matrix,
}

/// A point of a path, in the path's own space.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::pdf) enum Segment {
    Move(f32, f32),
    Line(f32, f32),
    Curve(f32, f32),
    /// Back to where the subpath began.
    Close,
}

impl Object<'_> {
    fn lib(&self) -> &'static dyn PdfiumLibraryBindings {
        self.page.doc.lib
    }

    /// From the object's own space to the space it stands in.
    pub(in crate::pdf) fn matrix(&self) -> Matrix {
        let mut m = FS_MATRIX { a: 1.0, b: 0.0, c: 0.0, d: 1.0, e: 0.0, f: 0.0 };
        // SAFETY: the object belongs to the loaded page; `m` outlives the call.
        unsafe { self.lib().FPDFPageObj_GetMatrix(self.handle, &raw mut m) };
        Matrix { a: m.a, b: m.b, c: m.c, d: m.d, e: m.e, f: m.f }
    }

    /// The box around the object, in user space.
    pub(in crate::pdf) fn bounds(&self) -> Option<UserBox> {
        let (mut l, mut b, mut r, mut t) = (0.0f32, 0.0, 0.0, 0.0);
        // SAFETY: the object belongs to the loaded page; the floats outlive the call.
        let known = unsafe {
            self.lib().FPDFPageObj_GetBounds(
                self.handle,
                &raw mut l,
                &raw mut b,
                &raw mut r,
                &raw mut t,
            )
        } != 0;
        known.then(|| {
            let corners = [(l, b), (l, t), (r, b), (r, t)].map(|(x, y)| self.outer.apply(x, y));
            let xs = corners.map(|c| c.0);
            let ys = corners.map(|c| c.1);
            UserBox {
                left: xs.iter().copied().fold(f32::MAX, f32::min),
                right: xs.iter().copied().fold(f32::MIN, f32::max),
                bottom: ys.iter().copied().fold(f32::MAX, f32::min),
                top: ys.iter().copied().fold(f32::MIN, f32::max),
            }
        })
    }

    /// Whether a path is filled, and whether it is stroked.
    pub(in crate::pdf) fn draw_mode(&self) -> (bool, bool) {
        let (mut fill, mut stroke) = (0, 0);
        // SAFETY: the object is a path of the loaded page; the integers outlive the call.
        unsafe { self.lib().FPDFPath_GetDrawMode(self.handle, &raw mut fill, &raw mut stroke) };
        (fill != 0, stroke != 0)
    }

    /// Line width in the path's own space.
    pub(in crate::pdf) fn stroke_width(&self) -> f32 {
        let mut width = 0.0;
        // SAFETY: the object belongs to the loaded page; the float outlives the call.
        unsafe { self.lib().FPDFPageObj_GetStrokeWidth(self.handle, &raw mut width) };
        width
    }

    /// Fill colour, `[r, g, b, a]`.
    pub(in crate::pdf) fn fill_color(&self) -> Option<[u8; 4]> {
        let (mut r, mut g, mut b, mut a) = (0, 0, 0, 0);
        // SAFETY: the object belongs to the loaded page; the integers outlive the call.
        let known = unsafe {
            self.lib().FPDFPageObj_GetFillColor(
                self.handle,
                &raw mut r,
                &raw mut g,
                &raw mut b,
                &raw mut a,
            )
        } != 0;
        known.then(|| [r, g, b, a].map(|v| u8::try_from(v).unwrap_or(u8::MAX)))
    }

    pub(in crate::pdf) fn segment_count(&self) -> usize {
        // SAFETY: the object is a path of the loaded page.
        usize::try_from(unsafe { self.lib().FPDFPath_CountSegments(self.handle) }).unwrap_or(0)
    }

    pub(in crate::pdf) fn segments(&self) -> Vec<Segment> {
        let lib = self.lib();
        let mut out = Vec::new();
        for i in 0..self.segment_count() {
            let Ok(i) = c_int::try_from(i) else { break };
            let (mut x, mut y) = (0.0f32, 0.0f32);
            // SAFETY: `i` is within the count; the floats outlive the call.
            unsafe {
                let segment = lib.FPDFPath_GetPathSegment(self.handle, i);
                if segment.is_null() {
                    continue;
                }
                lib.FPDFPathSegment_GetPoint(segment, &raw mut x, &raw mut y);
                out.push(match lib.FPDFPathSegment_GetType(segment) {
                    SEGMENT_LINE => Segment::Line(x, y),
                    SEGMENT_MOVE => Segment::Move(x, y),
                    _ => Segment::Curve(x, y),
                });
                if lib.FPDFPathSegment_GetClose(segment) != 0 {
                    out.push(Segment::Close);
                }
            }
        }
        out
    }

    /// Size of an image in pixels.
    pub(in crate::pdf) fn pixel_size(&self) -> Option<(u32, u32)> {
        let (mut w, mut h) = (0, 0);
        // SAFETY: the object is an image of the loaded page; the integers outlive the call.
        let known = unsafe {
            self.lib().FPDFImageObj_GetImagePixelSize(self.handle, &raw mut w, &raw mut h)
        } != 0;
        (known && w > 0 && h > 0).then_some((w, h))
    }

    /// The pixels of an image as stored, in gray; without what the page does to them (masks).
    pub(in crate::pdf) fn pixels(&self) -> Option<GrayImage> {
        let lib = self.lib();
        // SAFETY: the object is an image of the loaded page; null is checked and the bitmap
        // destroyed below.
        unsafe {
            let bitmap = lib.FPDFImageObj_GetBitmap(self.handle);
            if bitmap.is_null() {
                return None;
            }
            let bytes_per_pixel = match lib.FPDFBitmap_GetFormat(bitmap) {
                BITMAP_GRAY => 1,
                BITMAP_BGR => 3,
                BITMAP_BGRX => 4,
                _ => 0,
            };
            let rows =
                (bytes_per_pixel > 0).then(|| copy_rows(lib, bitmap, bytes_per_pixel)).flatten();
            lib.FPDFBitmap_Destroy(bitmap);
            let (width, height, rows) = rows?;
            let gray = if bytes_per_pixel == 1 {
                rows
            } else {
                rows.chunks_exact(bytes_per_pixel).map(|p| luma(p[2], p[1], p[0])).collect()
            };
            GrayImage::from_raw(width, height, gray)
        }
    }
}

/// Gray as PDFium makes it.
fn luma(red: u8, green: u8, blue: u8) -> u8 {
    ((u32::from(red) * 30 + u32::from(green) * 59 + u32::from(blue) * 11) / 100) as u8
}
