//! The outline of a document (its bookmarks): a part of the file beside it, with its rules.

use std::collections::HashSet;

use super::{Doc, c_int, c_ulong, utf16};

/// An entry of the outline, in user space.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::pdf) struct Bookmark {
    pub(in crate::pdf) title: String,
    /// How many entries enclose it.
    pub(in crate::pdf) depth: u8,
    /// The page it leads to, from 0.
    pub(in crate::pdf) page: usize,
    /// The point it leads to; `None` where it does not say.
    pub(in crate::pdf) at: Option<(f32, f32)>,
}

/// Entries looked at; the outlines of whole standards have some thousands.
const MAX_ENTRIES: usize = 20_000;
/// Levels entered: headings have six.
const MAX_DEPTH: u8 = 8;
/// Bytes of a title; longer ones are no titles.
const MAX_TITLE: usize = 1000;

impl Doc {
    /// All entries that lead to a page, parents before their children. Damaged outlines, which may
    /// run in circles, give what can be reached.
    pub(in crate::pdf) fn outline(&self) -> Vec<Bookmark> {
        let lib = self.lib;
        let mut out = Vec::new();
        let mut seen = HashSet::new();
        // SAFETY: the document is open; null asks for the first entry of all.
        let first = unsafe { lib.FPDFBookmark_GetFirstChild(self.handle, std::ptr::null_mut()) };
        let mut stack = vec![(first, 0u8)];
        while let Some((entry, depth)) = stack.pop() {
            if entry.is_null() || seen.len() >= MAX_ENTRIES || !seen.insert(entry as usize) {
                continue;
            }
            // SAFETY: the entry belongs to the open document; null answers are skipped above.
            unsafe {
                stack.push((lib.FPDFBookmark_GetNextSibling(self.handle, entry), depth));
                if depth + 1 < MAX_DEPTH {
                    stack.push((lib.FPDFBookmark_GetFirstChild(self.handle, entry), depth + 1));
                }
            }
            // SAFETY: the entry belongs to the open document; the buffer is as large as said.
            let title = utf16(|buffer, bytes: c_ulong| unsafe {
                lib.FPDFBookmark_GetTitle(entry, buffer.cast(), bytes)
            });
            let Some(title) = title.filter(|t| t.len() <= MAX_TITLE && !t.trim().is_empty()) else {
                continue;
            };
            let Some((page, at)) = self.destination(entry) else { continue };
            out.push(Bookmark { title, depth, page, at });
        }
        out
    }

    /// The page and point that an entry leads to.
    fn destination(
        &self,
        entry: pdfium_render::prelude::FPDF_BOOKMARK,
    ) -> Option<(usize, Option<(f32, f32)>)> {
        const ACTION_GOTO: c_ulong = 1;
        let lib = self.lib;
        let (mut has_x, mut has_y, mut has_zoom): (c_int, c_int, c_int) = (0, 0, 0);
        let (mut x, mut y, mut zoom) = (0.0, 0.0, 0.0);
        // SAFETY: the entry belongs to the open document; null answers are checked; all
        // out-parameters outlive the call.
        unsafe {
            let mut target = lib.FPDFBookmark_GetDest(self.handle, entry);
            if target.is_null() {
                let action = lib.FPDFBookmark_GetAction(entry);
                if action.is_null() || lib.FPDFAction_GetType(action) != ACTION_GOTO {
                    return None;
                }
                target = lib.FPDFAction_GetDest(self.handle, action);
            }
            if target.is_null() {
                return None;
            }
            let page = usize::try_from(lib.FPDFDest_GetDestPageIndex(self.handle, target)).ok()?;
            let known = lib.FPDFDest_GetLocationInPage(
                target,
                &raw mut has_x,
                &raw mut has_y,
                &raw mut has_zoom,
                &raw mut x,
                &raw mut y,
                &raw mut zoom,
            ) != 0;
            let at = known && has_y != 0 && y.is_finite();
            Some((page, at.then_some((if has_x != 0 { x } else { 0.0 }, y))))
        }
    }
}
