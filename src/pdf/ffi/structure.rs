//! The structure tree of a tagged page: a part of the file beside it, with its rules.

use std::collections::HashSet;

use pdfium_render::prelude::FPDF_STRUCTELEMENT;

use super::{PageHandle, PdfiumLibraryBindings, c_int, c_ulong, utf16};

/// An element of the structure tree.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::pdf) struct Element {
    /// Its standard type, such as "H1".
    pub(in crate::pdf) kind: String,
    /// The element around it, as an index below its own.
    pub(in crate::pdf) parent: Option<u32>,
    pub(in crate::pdf) alt: Option<String>,
    /// Rows and columns covered.
    pub(in crate::pdf) span: (u16, u16),
    /// Identifiers of the marked content that is directly in it.
    pub(in crate::pdf) content: Vec<i32>,
}

/// Elements looked at on one page; a page of small table cells has some two thousand.
const MAX_ELEMENTS: usize = 5_000;
/// Levels entered.
const MAX_DEPTH: usize = 48;
/// Pieces of marked content looked at in one element.
const MAX_CONTENT: c_int = 10_000;
/// Rows or columns that a cell may cover.
const MAX_SPAN: f32 = 1000.0;

impl PageHandle<'_> {
    /// The elements that have to do with this page, in the order of the tree, parents before
    /// their children. Of a damaged tree, what can be reached; too large a tree is none.
    pub(in crate::pdf) fn structure(&self) -> Vec<Element> {
        let lib = self.doc.lib;
        // SAFETY: the page is loaded; a null answer is checked, the tree closed below.
        let tree = unsafe { lib.FPDF_StructTree_GetForPage(self.handle) };
        if tree.is_null() {
            return Vec::new();
        }
        let mut walk = Walk { lib, seen: HashSet::new(), out: Vec::new() };
        // SAFETY: the tree is open; indices are within the count.
        unsafe {
            for i in 0..lib.FPDF_StructTree_CountChildren(tree) {
                if walk.seen.len() > MAX_ELEMENTS {
                    break;
                }
                walk.enter(lib.FPDF_StructTree_GetChildAtIndex(tree, i), None, 0);
            }
            lib.FPDF_StructTree_Close(tree);
        }
        if walk.seen.len() > MAX_ELEMENTS { Vec::new() } else { walk.out }
    }
}

struct Walk {
    lib: &'static dyn PdfiumLibraryBindings,
    seen: HashSet<usize>,
    out: Vec<Element>,
}

impl Walk {
    /// # Safety
    ///
    /// The element must be null or belong to an open tree.
    unsafe fn enter(&mut self, element: FPDF_STRUCTELEMENT, parent: Option<u32>, depth: usize) {
        let full = self.seen.len() > MAX_ELEMENTS;
        if element.is_null() || depth > MAX_DEPTH || full || !self.seen.insert(element as usize) {
            return;
        }
        let lib = self.lib;
        let Ok(index) = u32::try_from(self.out.len()) else { return };
        // SAFETY: by contract the element is of an open tree; buffers are as large as said.
        unsafe {
            let kind = utf16(|b, n: c_ulong| lib.FPDF_StructElement_GetType(element, b.cast(), n));
            let kind = kind.unwrap_or_default();
            let alt = match kind.as_str() {
                "Figure" | "Formula" => {
                    utf16(|b, n| lib.FPDF_StructElement_GetAltText(element, b.cast(), n))
                }
                _ => None,
            };
            let span = match kind.as_str() {
                "TD" | "TH" => (span(lib, element, "RowSpan"), span(lib, element, "ColSpan")),
                _ => (1, 1),
            };
            let count = lib.FPDF_StructElement_GetMarkedContentIdCount(element).min(MAX_CONTENT);
            let content = (0..count)
                .map(|i| lib.FPDF_StructElement_GetMarkedContentIdAtIndex(element, i))
                .filter(|&id| id >= 0)
                .collect();
            self.out.push(Element { kind, parent, alt, span, content });
            for i in 0..lib.FPDF_StructElement_CountChildren(element) {
                if self.seen.len() > MAX_ELEMENTS {
                    return;
                }
                let child = lib.FPDF_StructElement_GetChildAtIndex(element, i);
                self.enter(child, Some(index), depth + 1);
            }
        }
    }
}

/// How many rows or columns a cell covers.
///
/// # Safety
///
/// The element must belong to an open tree.
unsafe fn span(lib: &dyn PdfiumLibraryBindings, element: FPDF_STRUCTELEMENT, name: &str) -> u16 {
    /// Attribute dictionaries of one cell that are looked at.
    const MOST: c_int = 8;
    // SAFETY: by contract the element is of an open tree; null answers are checked, the number
    // outlives the call.
    unsafe {
        for i in 0..lib.FPDF_StructElement_GetAttributeCount(element).min(MOST) {
            let attributes = lib.FPDF_StructElement_GetAttributeAtIndex(element, i);
            if attributes.is_null() {
                continue;
            }
            let value = lib.FPDF_StructElement_Attr_GetValue(attributes, name);
            let mut number = 0.0;
            let known = !value.is_null()
                && lib.FPDF_StructElement_Attr_GetNumberValue(value, &raw mut number) != 0;
            if known && (1.0..=MAX_SPAN).contains(&number) {
                return number as u16;
            }
        }
    }
    1
}
