//! All calls into Tesseract and Leptonica.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::sync::Once;

use tesseract::plumbing::{leptonica_sys, tesseract_sys as sys};

use crate::call::Call;

/// Tesseract complains about resolutions below this (its own limit for a credible one).
const LEAST_PPI: i32 = 70;

/// What Tesseract itself can fail with.
#[derive(Debug, thiserror::Error)]
pub(super) enum TesseractError {
    #[error("Tesseract could not be started with {languages:?} from {folder}")]
    Init { languages: String, folder: String },
    #[error("Tesseract does not know the setting {0}")]
    Setting(String),
    #[error("{0:?} holds a zero byte")]
    ZeroByte(String),
    #[error("Tesseract could not recognise the image")]
    Recognize,
    #[error("the image of {width}×{height} pixels is too large for Tesseract")]
    Size { width: usize, height: usize },
}

type Result<T> = std::result::Result<T, TesseractError>;

/// How Tesseract looks for text in an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Segmentation {
    /// Finds columns, blocks and lines on its own (PSM 3).
    Page,
    /// Takes the image for one block of text (PSM 6).
    Block,
}

/// Whether the spaces of a line are asked for. Without, a space stands before every word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spaces {
    /// Not asked for: Tesseract walks half the page for each line that it gives as a whole.
    Everywhere,
    /// As in the text of the line.
    Asked,
}

/// Whether some part of the image is dark ground, where text may stand in white: a tile that is
/// mostly darker than middle gray. Text fills less than a third of a tile, bold type less than
/// half.
fn has_dark_ground(image: &GrayRows<'_>) -> bool {
    /// Side of a tile in pixels: a word or so at usual resolutions.
    const TILE: usize = 48;
    /// Pixels looked at are this far apart.
    const STRIDE: usize = 4;
    /// Share of dark pixels from which a tile is dark ground.
    const DARK: f32 = 0.6;
    let tiles = |length: usize| (0..length.saturating_sub(TILE - 1)).step_by(TILE);
    tiles(image.height).any(|top| {
        tiles(image.width).any(|left| {
            let (mut dark, mut all) = (0u32, 0u32);
            for y in (top..top + TILE).step_by(STRIDE) {
                for x in (left..left + TILE).step_by(STRIDE) {
                    all += 1;
                    dark += u32::from(image.bytes[y * image.width + x] < 128);
                }
            }
            dark as f32 > DARK * all as f32
        })
    })
}

/// Rows of 8-bit gray.
#[derive(Clone, Copy, Debug)]
pub(super) struct GrayRows<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) width: usize,
    pub(super) height: usize,
}

impl<'a> GrayRows<'a> {
    pub(super) fn of(image: &'a image::GrayImage) -> Self {
        Self {
            bytes: image.as_raw(),
            width: image.width() as usize,
            height: image.height() as usize,
        }
    }

    /// Width and height as Tesseract takes them.
    fn sides(&self) -> Result<(c_int, c_int)> {
        let error = || TesseractError::Size { width: self.width, height: self.height };
        let width = c_int::try_from(self.width).map_err(|_| error())?;
        let height = c_int::try_from(self.height).map_err(|_| error())?;
        if self.width.checked_mul(self.height).is_none_or(|n| n > self.bytes.len()) {
            return Err(error());
        }
        Ok((width, height))
    }
}

/// A word as Tesseract gives it.
#[derive(Clone, Debug)]
pub(super) struct RawWord {
    pub(super) text: String,
    /// 0 to 100.
    pub(super) confidence: f32,
    /// Left, top, right, bottom.
    pub(super) sides: [i32; 4],
    pub(super) starts: Starts,
    /// Quarter turns, clockwise, of the baseline against left-to-right.
    pub(super) turns: u8,
    /// Text of the line, with its spaces, where asked for; at the first word of a line only.
    pub(super) line_text: Option<String>,
}

/// What begins with a word.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Starts {
    pub(super) block: bool,
    pub(super) paragraph: bool,
    pub(super) line: bool,
}

/// A Tesseract instance with its models loaded.
///
/// `Send`, not `Sync`: an instance keeps the image and results of one recognition at a time.
#[derive(Debug)]
pub(super) struct Handle {
    raw: NonNull<sys::TessBaseAPI>,
}

// SAFETY: an instance has no ties to the thread that made it; it is only ever used through `&mut`.
unsafe impl Send for Handle {}

impl Handle {
    /// Loads `languages` ("eng+deu") from the folder of the `.traineddata` files.
    pub(super) fn new(folder: &str, languages: &str) -> Result<Self> {
        silence_leptonica();
        // SAFETY: takes no arguments; null is handled below.
        let raw = NonNull::new(unsafe { sys::TessBaseAPICreate() }).ok_or_else(|| {
            TesseractError::Init { languages: languages.to_owned(), folder: folder.to_owned() }
        })?;
        let mut handle = Self { raw };
        // Before the models are loaded, so that failures of loading are not printed either. It
        // holds for the whole process.
        handle.set("debug_file", if cfg!(windows) { "NUL" } else { "/dev/null" })?;
        let (c_folder, c_languages) = (c_string(folder)?, c_string(languages)?);
        // SAFETY: the handle is alive and both strings end with a zero byte and outlive the call.
        let failed = unsafe {
            sys::TessBaseAPIInit2(
                handle.raw.as_ptr(),
                c_folder.as_ptr(),
                c_languages.as_ptr(),
                sys::TessOcrEngineMode_OEM_DEFAULT,
            )
        };
        if failed != 0 {
            return Err(TesseractError::Init {
                languages: languages.to_owned(),
                folder: folder.to_owned(),
            });
        }
        Ok(handle)
    }

    /// Changes one of Tesseract's settings.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let (c_name, c_value) = (c_string(name)?, c_string(value)?);
        // SAFETY: the handle is alive and both strings end with a zero byte and outlive the call.
        let known = unsafe {
            sys::TessBaseAPISetVariable(self.raw.as_ptr(), c_name.as_ptr(), c_value.as_ptr())
        };
        if known == 0 { Err(TesseractError::Setting(name.to_owned())) } else { Ok(()) }
    }

    /// Reads an image. Stops early, with what was read so far, when `call` is cancelled or
    /// overdue: the caller asks `call` afterwards.
    pub(super) fn read(
        &mut self,
        image: GrayRows<'_>,
        ppi: f32,
        segmentation: Segmentation,
        spaces: Spaces,
        call: &Call,
    ) -> Result<Vec<RawWord>> {
        let (width, height) = image.sides()?;
        if width == 0 || height == 0 {
            return Ok(Vec::new());
        }
        let ppi = (ppi.round() as i32).max(LEAST_PPI);
        let mode = match segmentation {
            Segmentation::Page => sys::TessPageSegMode_PSM_AUTO,
            Segmentation::Block => sys::TessPageSegMode_PSM_SINGLE_BLOCK,
        };
        // Doubtful lines are read once more with black and white exchanged; that can gain nothing
        // where no ground is dark.
        self.set("tessedit_do_invert", if has_dark_ground(&image) { "1" } else { "0" })?;
        let monitor = Monitor::new(call);
        // SAFETY: the handle is alive; the buffer holds height rows of width bytes (checked above)
        // and is copied by SetImage; the monitor outlives Recognize.
        let status = unsafe {
            sys::TessBaseAPISetPageSegMode(self.raw.as_ptr(), mode);
            sys::TessBaseAPISetImage(
                self.raw.as_ptr(),
                image.bytes.as_ptr(),
                width,
                height,
                1,
                width,
            );
            sys::TessBaseAPISetSourceResolution(self.raw.as_ptr(), ppi);
            sys::TessBaseAPIRecognize(self.raw.as_ptr(), monitor.raw)
        };
        let words = if status == 0 {
            Ok(Words::new(self).map(|words| words.collect(spaces)).unwrap_or_default())
        } else if call.check().is_err() {
            Ok(Vec::new())
        } else {
            Err(TesseractError::Recognize)
        };
        // SAFETY: the handle is alive. Frees image and results; the models stay loaded.
        unsafe { sys::TessBaseAPIClear(self.raw.as_ptr()) };
        words
    }

    /// The script of an image and how sure that is, by the model `osd`; `None` where there are too
    /// few letters.
    pub(super) fn script(
        &mut self,
        image: GrayRows<'_>,
        ppi: f32,
    ) -> Result<Option<(String, f32)>> {
        let (width, height) = image.sides()?;
        if width == 0 || height == 0 {
            return Ok(None);
        }
        let ppi = (ppi.round() as i32).max(LEAST_PPI);
        let (mut degrees, mut upright, mut confidence) = (0, 0.0, 0.0);
        let mut name: *const c_char = ptr::null();
        // SAFETY: the handle is alive; the buffer holds height rows of width bytes (checked by
        // `sides`) and is copied by SetImage; the four results are written to locals.
        let found = unsafe {
            sys::TessBaseAPISetPageSegMode(self.raw.as_ptr(), sys::TessPageSegMode_PSM_AUTO);
            let bytes = image.bytes.as_ptr();
            sys::TessBaseAPISetImage(self.raw.as_ptr(), bytes, width, height, 1, width);
            sys::TessBaseAPISetSourceResolution(self.raw.as_ptr(), ppi);
            sys::TessBaseAPIDetectOrientationScript(
                self.raw.as_ptr(),
                &raw mut degrees,
                &raw mut upright,
                &raw mut name,
                &raw mut confidence,
            )
        };
        // SAFETY: on success the name is a string of the handle's own, alive until the next call.
        let name = (found != 0 && !name.is_null())
            .then(|| unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned());
        // SAFETY: the handle is alive. Frees the image; the model stays loaded.
        unsafe { sys::TessBaseAPIClear(self.raw.as_ptr()) };
        Ok(name.map(|name| (name, confidence)))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle is alive and not used after this.
        unsafe { sys::TessBaseAPIDelete(self.raw.as_ptr()) }
    }
}

/// Version of the Tesseract library.
#[allow(dead_code)]
pub(super) fn version() -> String {
    // SAFETY: returns a static string that ends with a zero byte.
    unsafe { CStr::from_ptr(sys::TessVersion()) }.to_string_lossy().into_owned()
}

/// Switches OpenMP's parallel regions off for the calling thread, where OpenMP is loaded at all.
///
/// The symbol is looked up at run time: not every libtesseract is built with OpenMP.
pub(in crate::ocr) fn switch_openmp_off() {
    #[cfg(unix)]
    {
        let process = libloading::os::unix::Library::this();
        // SAFETY: the symbol, where it exists, is OpenMP's `void omp_set_max_active_levels(int)`.
        unsafe {
            if let Ok(set) =
                process.get::<unsafe extern "C" fn(c_int)>(b"omp_set_max_active_levels\0")
            {
                set(0);
            }
        }
    }
}

/// Leptonica prints to stderr unless told not to.
fn silence_leptonica() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: sets a global number in Leptonica, guarded against concurrent calls by `Once`.
        unsafe { leptonica_sys::setMsgSeverity(leptonica_sys::L_SEVERITY_NONE as _) };
    });
}

fn c_string(text: &str) -> Result<CString> {
    CString::new(text).map_err(|_| TesseractError::ZeroByte(text.to_owned()))
}

/// Lets a [`Call`] stop a recognition.
struct Monitor<'a> {
    raw: *mut sys::ETEXT_DESC,
    call: PhantomData<&'a Call>,
}

impl<'a> Monitor<'a> {
    fn new(call: &'a Call) -> Self {
        // SAFETY: a null monitor is allowed everywhere it is used; the callback gets the address
        // of a `Call` that outlives the monitor.
        unsafe {
            let raw = sys::TessMonitorCreate();
            if !raw.is_null() {
                sys::TessMonitorSetCancelFunc(raw, Some(should_stop));
                sys::TessMonitorSetCancelThis(raw, ptr::from_ref(call).cast_mut().cast());
            }
            Self { raw, call: PhantomData }
        }
    }
}

impl Drop for Monitor<'_> {
    fn drop(&mut self) {
        if !self.raw.is_null() {
            // SAFETY: made by TessMonitorCreate and not used after this.
            unsafe { sys::TessMonitorDelete(self.raw) }
        }
    }
}

unsafe extern "C" fn should_stop(call: *mut c_void, _words: c_int) -> bool {
    // SAFETY: set in `Monitor::new` to a `Call` that is alive as long as the monitor.
    let call = unsafe { &*call.cast::<Call>() };
    call.check().is_err()
}

/// The words of the last recognition.
struct Words<'a> {
    raw: NonNull<sys::TessResultIterator>,
    handle: PhantomData<&'a mut Handle>,
}

impl<'a> Words<'a> {
    /// `None` when nothing was found.
    fn new(handle: &'a mut Handle) -> Option<Self> {
        // SAFETY: the handle is alive; null (no results) is handled.
        let raw = NonNull::new(unsafe { sys::TessBaseAPIGetIterator(handle.raw.as_ptr()) })?;
        Some(Self { raw, handle: PhantomData })
    }

    fn collect(self, spaces: Spaces) -> Vec<RawWord> {
        let mut words = Vec::new();
        // A block may begin with something that has no text: what starts there then starts with
        // the next word.
        let mut starts = Starts::default();
        let mut line = None;
        loop {
            // Tesseract walks the whole page to say what begins with a word: it is only asked where
            // a line may begin.
            let around = self.sides(sys::TessPageIteratorLevel_RIL_TEXTLINE);
            if around.is_none() || around != line {
                starts.block |= self.is_first_of(sys::TessPageIteratorLevel_RIL_BLOCK);
                starts.paragraph |= self.is_first_of(sys::TessPageIteratorLevel_RIL_PARA);
                starts.line |= self.is_first_of(sys::TessPageIteratorLevel_RIL_TEXTLINE);
            }
            line = around;
            if let Some(word) = self.word(starts, spaces) {
                words.push(word);
                starts = Starts::default();
            }
            // SAFETY: the iterator is alive, and so are the handle's results it walks over.
            let more = unsafe {
                sys::TessResultIteratorNext(self.raw.as_ptr(), sys::TessPageIteratorLevel_RIL_WORD)
            };
            if more == 0 {
                return words;
            }
        }
    }

    fn page_iterator(&self) -> *mut sys::TessPageIterator {
        // SAFETY: the iterator is alive; the result is a view of it and is not freed.
        unsafe { sys::TessResultIteratorGetPageIterator(self.raw.as_ptr()) }
    }

    fn is_first_of(&self, level: sys::TessPageIteratorLevel) -> bool {
        // SAFETY: the iterator is alive.
        unsafe { sys::TessPageIteratorIsAtBeginningOf(self.page_iterator(), level) != 0 }
    }

    fn text(&self, level: sys::TessPageIteratorLevel) -> Option<String> {
        // SAFETY: the iterator is alive; the text (null when there is none) ends with a zero byte
        // and is ours to free.
        unsafe {
            let text: *mut c_char = sys::TessResultIteratorGetUTF8Text(self.raw.as_ptr(), level);
            if text.is_null() {
                return None;
            }
            let owned = CStr::from_ptr(text).to_string_lossy().into_owned();
            sys::TessDeleteText(text);
            Some(owned)
        }
    }

    /// Left, top, right and bottom of what the iterator is at.
    fn sides(&self, level: sys::TessPageIteratorLevel) -> Option<[i32; 4]> {
        let [mut left, mut top, mut right, mut bottom] = [0; 4];
        // SAFETY: the iterator is alive; the four numbers are valid for writing.
        let found = unsafe {
            sys::TessPageIteratorBoundingBox(
                self.page_iterator(),
                level,
                &mut left,
                &mut top,
                &mut right,
                &mut bottom,
            )
        };
        (found != 0).then_some([left, top, right, bottom])
    }

    fn word(&self, starts: Starts, spaces: Spaces) -> Option<RawWord> {
        let level = sys::TessPageIteratorLevel_RIL_WORD;
        let text = self.text(level)?;
        let sides = self.sides(level)?;
        // SAFETY: the iterator is alive.
        let confidence = unsafe { sys::TessResultIteratorConfidence(self.raw.as_ptr(), level) };
        let line_text = (starts.line && spaces == Spaces::Asked)
            .then(|| self.text(sys::TessPageIteratorLevel_RIL_TEXTLINE))
            .flatten();
        Some(RawWord { text, confidence, sides, starts, turns: self.turns(), line_text })
    }

    fn turns(&self) -> u8 {
        let mut orientation = sys::TessOrientation_ORIENTATION_PAGE_UP;
        let mut direction = sys::TessWritingDirection_WRITING_DIRECTION_LEFT_TO_RIGHT;
        let mut order = sys::TessTextlineOrder_TEXTLINE_ORDER_TOP_TO_BOTTOM;
        let mut deskew = 0.0;
        // SAFETY: the iterator is alive; the four results are valid for writing.
        unsafe {
            sys::TessPageIteratorOrientation(
                self.page_iterator(),
                &mut orientation,
                &mut direction,
                &mut order,
                &mut deskew,
            );
        }
        // Lines that run down, of turned letters or of upright ones set below each other.
        if direction == sys::TessWritingDirection_WRITING_DIRECTION_TOP_TO_BOTTOM {
            return 1;
        }
        // PAGE_RIGHT: the top of the text is at the right, so that it reads downwards.
        u8::try_from(orientation).unwrap_or_default() % 4
    }
}

impl Drop for Words<'_> {
    fn drop(&mut self) {
        // SAFETY: made by TessBaseAPIGetIterator and not used after this.
        unsafe { sys::TessResultIteratorDelete(self.raw.as_ptr()) }
    }
}
