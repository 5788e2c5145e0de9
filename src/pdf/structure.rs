//! The structure tree of a tagged page: its elements, and the words in them.

use std::collections::HashMap;

use super::ffi::{Element, Mark, PageHandle};
use crate::page::{Tag, TagKind, Tags, WordTag};

/// Reads the tree; `marks` are those of the page's words.
pub(super) fn read(page: &PageHandle<'_>, marks: &[Mark]) -> Tags {
    // A tree that refers to no word of the page says nothing about it.
    if !marks.iter().any(|m| matches!(m, Mark::Id(_))) {
        return Tags::default();
    }
    assign(page.structure(), marks)
}

fn assign(elements: Vec<Element>, marks: &[Mark]) -> Tags {
    let mut owner: HashMap<i32, u32> = HashMap::new();
    for (element, index) in elements.iter().zip(0u32..) {
        for &id in &element.content {
            // Content that two elements lay claim to belongs to the first.
            owner.entry(id).or_insert(index);
        }
    }
    if owner.is_empty() {
        return Tags::default();
    }
    let words = marks
        .iter()
        .map(|mark| match mark {
            Mark::Id(id) => owner.get(id).map_or(WordTag::Untagged, |&n| WordTag::In(n)),
            Mark::Artifact => WordTag::Artifact,
            Mark::Unmarked => WordTag::Untagged,
        })
        .collect();
    let elements = elements
        .into_iter()
        .map(|e| Tag { kind: kind(&e.kind), parent: e.parent, span: e.span, alt: e.alt })
        .collect();
    Tags { elements, words }
}

/// Standard structure types (PDF 32000-1, 14.8.4; PDF 32000-2 adds a few).
fn kind(name: &str) -> TagKind {
    match name {
        "H" => TagKind::Heading(None),
        "Title" => TagKind::Heading(Some(1)),
        "P" => TagKind::Paragraph,
        "L" => TagKind::List,
        "LI" => TagKind::Item,
        "Lbl" => TagKind::Label,
        "LBody" => TagKind::Body,
        "Table" => TagKind::Table,
        "TR" => TagKind::Row,
        "TH" => TagKind::HeaderCell,
        "TD" => TagKind::Cell,
        "Figure" => TagKind::Figure,
        "Caption" => TagKind::Caption,
        "Note" | "FENote" => TagKind::Note,
        "Code" => TagKind::Code,
        "Formula" => TagKind::Formula,
        "TOC" | "TOCI" => TagKind::Contents,
        _ => match name.strip_prefix('H').and_then(|n| n.parse::<u8>().ok()) {
            Some(level @ 1..) => TagKind::Heading(Some(level.min(6))),
            _ => TagKind::Other,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(kind: &str, parent: Option<u32>, content: &[i32]) -> Element {
        Element {
            kind: kind.to_owned(),
            parent,
            alt: None,
            span: (1, 1),
            content: content.to_vec(),
        }
    }

    #[test]
    fn words_belong_to_the_element_of_their_marked_content() {
        let tree = vec![
            element("Document", None, &[]),
            element("H1", Some(0), &[0]),
            element("P", Some(0), &[1, 2, 0]),
        ];
        let marks = [Mark::Id(2), Mark::Id(0), Mark::Artifact, Mark::Unmarked, Mark::Id(9)];
        let tags = assign(tree, &marks);
        let wanted = [
            WordTag::In(2),
            WordTag::In(1),
            WordTag::Artifact,
            WordTag::Untagged,
            WordTag::Untagged,
        ];
        assert_eq!(tags.words, wanted);
        assert_eq!(tags.elements[1].kind, TagKind::Heading(Some(1)));
        assert_eq!(assign(vec![element("P", None, &[])], &marks), Tags::default());
    }

    #[test]
    fn levels_of_headings_have_bounds() {
        assert_eq!(kind("H9"), TagKind::Heading(Some(6)));
        assert_eq!(kind("H0"), TagKind::Other);
        assert_eq!(kind("H300"), TagKind::Other);
        assert_eq!(kind("HTML"), TagKind::Other);
    }
}
