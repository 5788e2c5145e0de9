//! A `DoclingDocument` to walk over: a tree of references into flat lists.

use serde_json::Value;

/// A `DoclingDocument` (see [`docling_document`](super::docling_document)).
#[derive(Clone, Copy)]
pub(super) struct Tree<'a>(pub(super) &'a Value);

impl<'a> Tree<'a> {
    /// The items of the body's first level, in reading order.
    pub(super) fn body(self) -> impl Iterator<Item = &'a Value> {
        self.children(&self.0["body"])
    }

    /// The items that an item's children refer to.
    pub(super) fn children(self, item: &'a Value) -> impl Iterator<Item = &'a Value> {
        self.referred(&item["children"])
    }

    /// The captions of a table or picture.
    pub(super) fn captions(self, item: &'a Value) -> impl Iterator<Item = &'a Value> {
        self.referred(&item["captions"])
    }

    /// Whether a list counts its items: its first one decides.
    pub(super) fn is_counted(self, list: &'a Value) -> bool {
        self.children(list).next().is_some_and(|item| item["enumerated"] == true)
    }

    fn referred(self, list: &'a Value) -> impl Iterator<Item = &'a Value> {
        list.as_array()
            .into_iter()
            .flatten()
            .filter_map(move |child| self.0.pointer(child["$ref"].as_str()?.strip_prefix('#')?))
    }
}

/// What an item is: `text`, `list`, `table`, ….
pub(super) fn label(item: &Value) -> &str {
    item["label"].as_str().unwrap_or_default()
}

/// Whether an item belongs to the text, and not to what runs along the pages' edges.
pub(super) fn is_body(item: &Value) -> bool {
    item["content_layer"] == "body"
}

/// An item's text.
pub(super) fn text(item: &Value) -> &str {
    item["text"].as_str().unwrap_or_default()
}

/// A whole number of an item; 0 where it has none of that name.
pub(super) fn number(item: &Value, name: &str) -> usize {
    item[name].as_u64().and_then(|number| usize::try_from(number).ok()).unwrap_or(0)
}

/// A table's rows, with a cell in each of the places it covers.
pub(super) fn rows(table: &Value) -> Vec<&[Value]> {
    let grid = table["data"]["grid"].as_array().map_or(&[][..], Vec::as_slice);
    grid.iter().map(|row| row.as_array().map_or(&[][..], Vec::as_slice)).collect()
}
