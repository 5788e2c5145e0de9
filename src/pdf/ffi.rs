//! The one file that calls PDFium. Everything it hands out owns its handle and is safe to use.
//!
//! `pdfium-render` binds the library and takes a mutex around every call; this file uses its raw
//! bindings because a text layer is read several times faster that way than object by object.
//!
//! Coordinates are PDFium's: points of the page's user space, origin at the bottom left, y up,
//! before page rotation.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_ulong, c_void};
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use image::{GrayImage, RgbImage};
use pdfium_render::prelude::{
    FPDF_DOCUMENT, FPDF_FILEACCESS, FPDF_PAGE, FPDF_PAGEOBJECT, FPDF_TEXTPAGE, FS_MATRIX, FS_RECTF,
    Pdfium, PdfiumError, PdfiumLibraryBindings, PdfiumLibraryBindingsAccessor,
};

mod object;
mod outline;
mod structure;
mod text_page;

use super::matrix::{Matrix, UserBox};
use crate::source::Content;
pub(super) use object::{Object, ObjectKind, Segment};
pub(super) use outline::Bookmark;
pub(super) use structure::Element;
pub(super) use text_page::{Mark, Run, TextPage};

/// Why a document did not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OpenError {
    /// Encrypted, and the password (or none) does not fit.
    Password,
    /// Not a PDF that PDFium can make sense of.
    Format,
    /// An encryption scheme that PDFium does not know.
    Security,
    Other(c_ulong),
}

const ERR_FILE: c_ulong = 2;
const ERR_FORMAT: c_ulong = 3;
const ERR_PASSWORD: c_ulong = 4;
const ERR_SECURITY: c_ulong = 5;
const PAGE_OBJECT_TEXT: c_int = 1;
const PAGE_OBJECT_PATH: c_int = 2;
const PAGE_OBJECT_IMAGE: c_int = 3;
const PAGE_OBJECT_SHADING: c_int = 4;
const PAGE_OBJECT_FORM: c_int = 5;
const SEGMENT_LINE: c_int = 0;
const SEGMENT_MOVE: c_int = 2;
const BITMAP_GRAY: c_int = 1;
const BITMAP_BGR: c_int = 2;
const BITMAP_BGRX: c_int = 3;
const RENDER_ANNOTATIONS: c_int = 1;
const RENDER_GRAYSCALE: c_int = 8;
const RENDER_NO_SMOOTH_IMAGE: c_int = 0x1000;
const RENDER_REVERSE_BYTES: c_int = 16;
const RENDER_MODE_FILL: i32 = 0;
const RENDER_MODE_INVISIBLE: i32 = 3;
const RENDER_MODE_CLIP: i32 = 7;
/// Those that draw outlines (ISO 32000-1, table 106).
const RENDER_MODES_STROKED: [i32; 4] = [1, 2, 5, 6];

/// Forms inside forms; deeper ones are of no use and may be an attack.
pub(super) const DEEPEST_FORM: usize = 16;

/// How a visit of all objects went.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk {
    /// How many more there might have been; 0 means that there were.
    left: usize,
    too_deep: bool,
}

impl Walk {
    /// Whether there were no more objects than were asked for.
    pub(super) fn counted_all(self) -> bool {
        self.left > 0
    }

    /// Whether every object was visited.
    pub(super) fn saw_all(self) -> bool {
        self.counted_all() && !self.too_deep
    }
}
const ACTION_URI: c_ulong = 3;

/// PDFium, loaded.
#[derive(Debug)]
pub(super) struct Library(Pdfium);

/// PDFium is loaded once per process and never unloaded.
static LIBRARY: OnceLock<Library> = OnceLock::new();
/// Guards loading, and opening together with the error code that PDFium keeps globally.
static OPENING: Mutex<()> = Mutex::new(());

impl Library {
    /// Loads the library at `path`, or gives the one that is loaded already.
    pub(super) fn load(path: &Path) -> Result<&'static Self, PdfiumError> {
        let _guard = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(library) = LIBRARY.get() {
            return Ok(library);
        }
        match Pdfium::bind_to_library(path) {
            Ok(bindings) => Ok(LIBRARY.get_or_init(|| Self(Pdfium::new(bindings)))),
            Err(error) => Err(error),
        }
    }

    fn raw(&self) -> &'static dyn PdfiumLibraryBindings {
        self.0.bindings()
    }
}

/// An open document. Keeps its content alive.
pub(super) struct Doc {
    lib: &'static dyn PdfiumLibraryBindings,
    handle: FPDF_DOCUMENT,
    _content: Content,
    /// How PDFium gets at content on disk.
    _access: Option<Box<FPDF_FILEACCESS>>,
}

// SAFETY: PDFium has no thread affinity; the bindings serialise every call with a mutex, and a
// `Doc` is used by one thread at a time because it is not `Sync`.
unsafe impl Send for Doc {}

impl std::fmt::Debug for Doc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Doc").finish_non_exhaustive()
    }
}

impl Doc {
    pub(super) fn open(
        library: &'static Library,
        content: Content,
        password: Option<&str>,
    ) -> Result<Self, OpenError> {
        if password.is_some_and(|p| p.contains('\0')) {
            return Err(OpenError::Password);
        }
        let lib = library.raw();
        let _guard = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
        let mut access = None;
        let handle = match &content {
            // SAFETY: the buffer is kept in the returned value for as long as the document is open.
            Content::Memory(bytes) => unsafe { lib.FPDF_LoadMemDocument64(bytes, password) },
            Content::File(file, len) => {
                let reader = access.insert(Box::new(FPDF_FILEACCESS {
                    m_FileLen: c_ulong::try_from(*len).map_err(|_| OpenError::Format)?,
                    m_GetBlock: Some(read_block),
                    m_Param: std::sync::Arc::as_ptr(file).cast_mut().cast(),
                }));
                // SAFETY: the file and the structure are kept in the returned value for as long
                // as the document is open.
                unsafe { lib.FPDF_LoadCustomDocument(&raw mut **reader, password) }
            }
        };
        if handle.is_null() {
            // SAFETY: no arguments; the guard keeps other opens from overwriting the code.
            return Err(match unsafe { lib.FPDF_GetLastError() } {
                ERR_FILE | ERR_FORMAT => OpenError::Format,
                ERR_PASSWORD => OpenError::Password,
                ERR_SECURITY => OpenError::Security,
                code => OpenError::Other(code),
            });
        }
        Ok(Self { lib, handle, _content: content, _access: access })
    }

    /// An entry of the information dictionary.
    pub(super) fn meta_text(&self, tag: &str) -> Option<String> {
        // SAFETY: the document is open; the buffer is as large as said.
        utf16(|buffer, bytes| unsafe {
            self.lib.FPDF_GetMetaText(self.handle, tag, buffer.cast(), bytes)
        })
    }

    /// The language that the catalog declares.
    pub(super) fn language(&self) -> Option<String> {
        // SAFETY: the document is open; the buffer is as large as said.
        utf16(|buffer, bytes| unsafe {
            self.lib.FPDFCatalog_GetLanguage(self.handle, buffer.cast(), bytes)
        })
    }

    pub(super) fn page_count(&self) -> usize {
        // SAFETY: the handle is open.
        usize::try_from(unsafe { self.lib.FPDF_GetPageCount(self.handle) }).unwrap_or(0)
    }

    pub(super) fn page(&self, index: usize) -> Option<PageHandle<'_>> {
        let index = c_int::try_from(index).ok()?;
        // SAFETY: the document is open; a null answer is checked.
        let handle = unsafe { self.lib.FPDF_LoadPage(self.handle, index) };
        (!handle.is_null()).then_some(PageHandle { doc: self, handle })
    }
}

impl Drop for Doc {
    fn drop(&mut self) {
        // SAFETY: closed once; pages borrow the document and are gone.
        unsafe { self.lib.FPDF_CloseDocument(self.handle) };
    }
}

/// A loaded page.
pub(super) struct PageHandle<'doc> {
    doc: &'doc Doc,
    handle: FPDF_PAGE,
}

impl Drop for PageHandle<'_> {
    fn drop(&mut self) {
        // SAFETY: closed once; text pages borrow the page and are gone.
        unsafe { self.doc.lib.FPDF_ClosePage(self.handle) };
    }
}

impl PageHandle<'_> {
    /// The visible box: CropBox within MediaBox.
    pub(super) fn bounding_box(&self) -> UserBox {
        let mut r = FS_RECTF { left: 0.0, top: 0.0, right: 0.0, bottom: 0.0 };
        // SAFETY: the page is loaded and `r` outlives the call.
        let known = unsafe { self.doc.lib.FPDF_GetPageBoundingBox(self.handle, &raw mut r) } != 0;
        if known && r.right > r.left && r.top > r.bottom {
            UserBox { left: r.left, bottom: r.bottom, right: r.right, top: r.top }
        } else {
            // US Letter, PDFium's own fallback for pages without a usable box.
            UserBox { left: 0.0, bottom: 0.0, right: 612.0, top: 792.0 }
        }
    }

    /// Quarter turns clockwise, 0 to 3.
    pub(super) fn rotation(&self) -> u8 {
        // SAFETY: the page is loaded.
        let turns = unsafe { self.doc.lib.FPDFPage_GetRotation(self.handle) };
        u8::try_from(turns.rem_euclid(4)).unwrap_or(0)
    }

    /// How many annotations the page has, links among them.
    pub(super) fn annotation_count(&self) -> usize {
        // SAFETY: the page is loaded.
        let count = unsafe { self.doc.lib.FPDFPage_GetAnnotCount(self.handle) };
        usize::try_from(count).unwrap_or(0)
    }

    pub(super) fn text(&self) -> Option<TextPage<'_>> {
        // SAFETY: the page is loaded; a null answer is checked.
        let handle = unsafe { self.doc.lib.FPDFText_LoadPage(self.handle) };
        (!handle.is_null()).then_some(TextPage { page: self, handle })
    }

    /// Renders the page, rotation applied, to gray.
    pub(super) fn render(&self, width: u32, height: u32) -> Option<GrayImage> {
        self.render_gray(width, height, 0)
    }

    /// The same, with one pixel of an image for each that is drawn: rough and quick.
    pub(super) fn render_sampled(&self, width: u32, height: u32) -> Option<GrayImage> {
        self.render_gray(width, height, RENDER_NO_SMOOTH_IMAGE)
    }

    fn render_gray(&self, width: u32, height: u32, flags: c_int) -> Option<GrayImage> {
        let (w, h) = (c_int::try_from(width).ok()?, c_int::try_from(height).ok()?);
        let lib = self.doc.lib;
        // SAFETY: PDFium allocates; null is checked and the bitmap destroyed below. The byte order
        // flag must stay off: with a gray bitmap it makes PDFium abort the process.
        unsafe {
            let bitmap = lib.FPDFBitmap_CreateEx(w, h, BITMAP_GRAY, std::ptr::null_mut(), 0);
            if bitmap.is_null() {
                return None;
            }
            lib.FPDFBitmap_FillRect(bitmap, 0, 0, w, h, 0xFFFF_FFFF);
            let flags = flags | RENDER_ANNOTATIONS | RENDER_GRAYSCALE;
            lib.FPDF_RenderPageBitmap(bitmap, self.handle, 0, 0, w, h, 0, flags);
            let image = copy_rows(lib, bitmap, 1)
                .and_then(|(width, height, rows)| GrayImage::from_raw(width, height, rows));
            lib.FPDFBitmap_Destroy(bitmap);
            image
        }
    }

    /// Renders the page, rotation applied, to colour.
    pub(super) fn render_rgb(&self, width: u32, height: u32) -> Option<RgbImage> {
        let (w, h) = (c_int::try_from(width).ok()?, c_int::try_from(height).ok()?);
        let lib = self.doc.lib;
        // SAFETY: PDFium allocates; null is checked and the bitmap destroyed below. With the byte
        // order flag, four-byte pixels come as red, green, blue and an unused byte.
        unsafe {
            let bitmap = lib.FPDFBitmap_CreateEx(w, h, BITMAP_BGRX, std::ptr::null_mut(), 0);
            if bitmap.is_null() {
                return None;
            }
            lib.FPDFBitmap_FillRect(bitmap, 0, 0, w, h, 0xFFFF_FFFF);
            let flags = RENDER_ANNOTATIONS | RENDER_REVERSE_BYTES;
            lib.FPDF_RenderPageBitmap(bitmap, self.handle, 0, 0, w, h, 0, flags);
            let image = copy_rows(lib, bitmap, 4).and_then(|(width, height, rows)| {
                let rgb = rows.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
                RgbImage::from_raw(width, height, rgb)
            });
            lib.FPDFBitmap_Destroy(bitmap);
            image
        }
    }

    /// Visits every object, inside forms too, with the matrix from its space to user space.
    /// Stops after `limit` objects, and enters forms to [`DEEPEST_FORM`].
    pub(super) fn visit_objects(&self, limit: usize, visit: &mut dyn FnMut(Object<'_>)) -> Walk {
        // SAFETY: the page is loaded.
        let count = unsafe { self.doc.lib.FPDFPage_CountObjects(self.handle) };
        // One more, to see whether there are more.
        let mut walk = Walk { left: limit.saturating_add(1), too_deep: false };
        for i in 0..count {
            // SAFETY: `i` is within the count.
            let handle = unsafe { self.doc.lib.FPDFPage_GetObject(self.handle, i) };
            self.visit(handle, Matrix::IDENTITY, 0, &mut walk, visit);
        }
        walk
    }

    fn visit(
        &self,
        handle: FPDF_PAGEOBJECT,
        outer: Matrix,
        depth: usize,
        walk: &mut Walk,
        visit: &mut dyn FnMut(Object<'_>),
    ) {
        if handle.is_null() || walk.left == 0 {
            return;
        }
        walk.left -= 1;
        let lib = self.doc.lib;
        // SAFETY: the object belongs to the loaded page.
        let kind = unsafe { lib.FPDFPageObj_GetType(handle) };
        let object = |kind| Object { page: self, handle, kind, outer };
        match kind {
            PAGE_OBJECT_TEXT => visit(object(ObjectKind::Text)),
            PAGE_OBJECT_PATH => visit(object(ObjectKind::Path)),
            PAGE_OBJECT_IMAGE => visit(object(ObjectKind::Image)),
            PAGE_OBJECT_SHADING => visit(object(ObjectKind::Shading)),
            PAGE_OBJECT_FORM if depth >= DEEPEST_FORM => walk.too_deep = true,
            PAGE_OBJECT_FORM => {
                let inner = object(ObjectKind::Path).matrix().then(&outer);
                // SAFETY: the object is a form of the loaded page.
                let count = unsafe { lib.FPDFFormObj_CountObjects(handle) };
                for i in 0..c_ulong::try_from(count).unwrap_or(0) {
                    // SAFETY: `i` is within the count.
                    let child = unsafe { lib.FPDFFormObj_GetObject(handle, i) };
                    self.visit(child, inner, depth + 1, walk, visit);
                }
            }
            _ => {}
        }
    }

    /// Calls back for every link to a URI with its box.
    pub(super) fn visit_links(&self, visit: &mut dyn FnMut(UserBox, String)) {
        let lib = self.doc.lib;
        let mut position: c_int = 0;
        let mut link = std::ptr::null_mut();
        // SAFETY: the page is loaded; all out-parameters outlive the calls; the buffer has the
        // length that PDFium asked for.
        unsafe {
            while lib.FPDFLink_Enumerate(self.handle, &raw mut position, &raw mut link) != 0 {
                let action = lib.FPDFLink_GetAction(link);
                if action.is_null() || lib.FPDFAction_GetType(action) != ACTION_URI {
                    continue;
                }
                let null = std::ptr::null_mut();
                let length = lib.FPDFAction_GetURIPath(self.doc.handle, action, null, 0);
                let mut buffer = vec![0u8; usize::try_from(length).unwrap_or(0)];
                lib.FPDFAction_GetURIPath(
                    self.doc.handle,
                    action,
                    buffer.as_mut_ptr().cast::<c_void>(),
                    length,
                );
                let uri = until_nul(&buffer);
                let mut r = FS_RECTF { left: 0.0, top: 0.0, right: 0.0, bottom: 0.0 };
                if lib.FPDFLink_GetAnnotRect(link, &raw mut r) != 0 && !uri.is_empty() {
                    visit(
                        UserBox { left: r.left, bottom: r.bottom, right: r.right, top: r.top },
                        uri,
                    );
                }
            }
        }
    }
}

/// Copies a bitmap row by row (its stride may exceed its width): width, height, pixels.
///
/// # Safety
///
/// `bitmap` must be a live bitmap of so many bytes a pixel.
unsafe fn copy_rows(
    lib: &dyn PdfiumLibraryBindings,
    bitmap: pdfium_render::prelude::FPDF_BITMAP,
    bytes_per_pixel: usize,
) -> Option<(u32, u32, Vec<u8>)> {
    // SAFETY: by contract the bitmap is live; PDFium's buffer holds `stride * height` bytes.
    unsafe {
        let width = u32::try_from(lib.FPDFBitmap_GetWidth(bitmap)).ok()?;
        let height = u32::try_from(lib.FPDFBitmap_GetHeight(bitmap)).ok()?;
        let stride = usize::try_from(lib.FPDFBitmap_GetStride(bitmap)).ok()?;
        let start = lib.FPDFBitmap_GetBuffer(bitmap).cast::<u8>();
        let row_bytes = width as usize * bytes_per_pixel;
        if start.is_null() || stride < row_bytes {
            return None;
        }
        let buffer = std::slice::from_raw_parts(start, stride * height as usize);
        let mut out = Vec::with_capacity(row_bytes * height as usize);
        for row in buffer.chunks_exact(stride) {
            out.extend_from_slice(&row[..row_bytes]);
        }
        Some((width, height, out))
    }
}

/// A text that PDFium writes as UTF-16 with a zero at its end, given a buffer and its bytes; it tells
/// how many bytes it needs.
fn utf16(read: impl Fn(*mut u16, c_ulong) -> c_ulong) -> Option<String> {
    let needed = read(std::ptr::null_mut(), 0);
    let mut buffer = vec![0_u16; usize::try_from(needed).ok()?.div_ceil(2)];
    let written = read(buffer.as_mut_ptr(), needed);
    if written == 0 || written > needed {
        return None;
    }
    let end = buffer.iter().position(|&unit| unit == 0).unwrap_or(buffer.len());
    Some(String::from_utf16_lossy(&buffer[..end]))
}

/// Reads a block of a file for PDFium; 0 where that fails.
unsafe extern "C" fn read_block(
    param: *mut std::ffi::c_void,
    position: c_ulong,
    buffer: *mut std::ffi::c_uchar,
    size: c_ulong,
) -> c_int {
    let Ok(size) = usize::try_from(size) else { return 0 };
    // SAFETY: `param` is the file that the open document keeps; the buffer holds `size` bytes.
    let (file, buffer) =
        unsafe { (&*param.cast::<std::fs::File>(), std::slice::from_raw_parts_mut(buffer, size)) };
    #[cfg(unix)]
    #[allow(clippy::useless_conversion)] // `c_ulong` has 32 bits on some systems.
    let read = std::os::unix::fs::FileExt::read_exact_at(file, buffer, u64::from(position));
    // Elsewhere content is never left on disk.
    #[cfg(not(unix))]
    let read: std::io::Result<()> = {
        let _ = (file, buffer, position);
        Err(std::io::ErrorKind::Unsupported.into())
    };
    c_int::from(read.is_ok())
}

fn until_nul(buffer: &[u8]) -> String {
    let end = buffer.iter().position(|&b| b == 0).unwrap_or(buffer.len());
    String::from_utf8_lossy(&buffer[..end]).into_owned()
}
