//! Tagged PDFs and outlines, made here object by object: what recto takes from them, and that
//! malicious ones end well.

// Helpers are not covered by clippy's allowances for tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lopdf::content::{Content, Operation};
use lopdf::{Dictionary, Document, Object, ObjectId, Stream, dictionary};
use recto::{Engine, OcrMode, Options, Role, Source};

/// A page of lines, each with its marked-content identifier and size.
struct Made {
    pdf: Document,
    catalog: ObjectId,
    page: ObjectId,
}

fn made(lines: &[(&str, i64)]) -> Made {
    let mut pdf = Document::with_version("1.7");
    let pages = pdf.new_object_id();
    let font = pdf.add_object(dictionary! {
        "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica",
        "Encoding" => "WinAnsiEncoding",
    });
    let mut operations = Vec::new();
    for (n, (text, y)) in lines.iter().enumerate() {
        let mark = dictionary! { "MCID" => i64::try_from(n).unwrap() };
        operations.push(Operation::new("BDC", vec!["P".into(), Object::Dictionary(mark)]));
        operations.push(Operation::new("BT", vec![]));
        operations.push(Operation::new("Tf", vec!["F1".into(), 11.into()]));
        operations.push(Operation::new("Td", vec![72.into(), (*y).into()]));
        operations.push(Operation::new("Tj", vec![Object::string_literal(*text)]));
        operations.push(Operation::new("ET", vec![]));
        operations.push(Operation::new("EMC", vec![]));
    }
    let content = Content { operations }.encode().unwrap();
    let content = pdf.add_object(Stream::new(Dictionary::new(), content));
    let page = pdf.add_object(dictionary! {
        "Type" => "Page", "Parent" => pages, "Contents" => content, "StructParents" => 0,
        "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()],
        "Resources" => dictionary! { "Font" => dictionary! { "F1" => font } },
    });
    pdf.objects.insert(
        pages,
        Object::Dictionary(dictionary! {
            "Type" => "Pages", "Kids" => vec![page.into()], "Count" => 1,
        }),
    );
    let catalog = pdf.add_object(dictionary! { "Type" => "Catalog", "Pages" => pages });
    pdf.trailer.set("Root", catalog);
    Made { pdf, catalog, page }
}

impl Made {
    fn set(&mut self, key: &str, value: impl Into<Object>) {
        self.pdf.get_dictionary_mut(self.catalog).unwrap().set(key, value);
    }

    /// A tree with an element for each line. `circle` makes the first its own grandchild.
    fn tag(&mut self, kinds: &[&str], circle: bool) {
        let root = self.pdf.new_object_id();
        let document = self.pdf.new_object_id();
        let elements: Vec<Object> = kinds
            .iter()
            .enumerate()
            .map(|(n, kind)| {
                let id = i64::try_from(n).unwrap();
                let kids: Vec<Object> =
                    if circle { vec![id.into(), document.into()] } else { vec![id.into()] };
                let element = dictionary! {
                    "Type" => "StructElem", "S" => *kind, "P" => document, "Pg" => self.page,
                    "K" => kids,
                };
                self.pdf.add_object(element).into()
            })
            .collect();
        let parents = self.pdf.add_object(dictionary! {
            "Nums" => vec![0.into(), Object::Array(elements.clone())],
        });
        self.pdf.objects.insert(
            document,
            Object::Dictionary(dictionary! {
                "Type" => "StructElem", "S" => "Document", "P" => root, "K" => elements,
            }),
        );
        self.pdf.objects.insert(
            root,
            Object::Dictionary(dictionary! {
                "Type" => "StructTreeRoot", "K" => vec![document.into()],
                "ParentTree" => parents, "ParentTreeNextKey" => 1,
            }),
        );
        self.set("StructTreeRoot", root);
        self.set("MarkInfo", dictionary! { "Marked" => true });
    }

    /// An outline of these titles, each inside the one before. `circle` makes the last lead back.
    fn outline(&mut self, titles: &[&str], circle: bool) {
        let ids: Vec<ObjectId> = titles.iter().map(|_| self.pdf.new_object_id()).collect();
        let root = self.pdf.new_object_id();
        for (n, title) in titles.iter().enumerate() {
            let mut entry = dictionary! {
                "Title" => Object::string_literal(*title),
                "Parent" => if n == 0 { root } else { ids[n - 1] },
                "Dest" => vec![self.page.into(), "Fit".into()],
            };
            if let Some(next) = ids.get(n + 1) {
                entry.set("First", *next);
                entry.set("Last", *next);
            } else if circle {
                entry.set("First", ids[0]);
                entry.set("Next", ids[0]);
            }
            self.pdf.objects.insert(ids[n], Object::Dictionary(entry));
        }
        let (first, last) = (ids[0], ids[0]);
        self.pdf.objects.insert(
            root,
            Object::Dictionary(dictionary! { "First" => first, "Last" => last, "Count" => 1 }),
        );
        self.set("Outlines", root);
    }

    /// The roles and texts that recto finds.
    fn read(mut self) -> Vec<(Role, String)> {
        let mut bytes = Vec::new();
        self.pdf.save_to(&mut bytes).unwrap();
        let engine = Engine::builder().build().unwrap();
        let options = Options { ocr: OcrMode::Never, ..Options::default() };
        let source = Source::bytes(bytes, "made.pdf");
        let document = engine.read(source, &options).unwrap();
        let blocks = document.pages.into_iter().flat_map(|p| p.blocks);
        blocks.map(|b| (b.role, b.text)).collect()
    }
}

const LINES: [(&str, i64); 4] = [
    ("The lamp", 760),
    ("It was lit at dusk and burned until the morning came again.", 746),
    ("Oil", 732),
    ("It came by boat in barrels of ten gallons every other week.", 718),
];

fn heading(level: u8) -> Role {
    Role::Heading { level }
}

#[test]
fn headings_of_a_structure_tree() {
    let mut pdf = made(&LINES);
    pdf.tag(&["H1", "P", "H2", "P"], false);
    let blocks = pdf.read();
    let roles: Vec<Role> = blocks.iter().map(|b| b.0.clone()).collect();
    assert_eq!(roles, [heading(1), Role::Paragraph, heading(2), Role::Paragraph], "{blocks:?}");
}

#[test]
fn headings_of_an_outline() {
    let mut pdf = made(&LINES);
    pdf.outline(&["The Lamp", "1.1 Oil things", "Nothing"], false);
    let blocks = pdf.read();
    assert_eq!(blocks[0], (heading(1), "The lamp".to_owned()));
    assert!(blocks[1..].iter().all(|b| b.0 == Role::Paragraph), "{blocks:?}");
}

#[test]
fn trees_and_outlines_that_run_in_circles_end() {
    let mut pdf = made(&LINES);
    pdf.tag(&["H1", "P", "H2", "P"], true);
    pdf.outline(&["The lamp", "Oil"], true);
    let text: Vec<String> = pdf.read().into_iter().map(|b| b.1).collect();
    for (line, _) in LINES {
        assert!(text.iter().any(|t| t.contains(line)), "{line}: {text:?}");
    }
}

#[test]
fn deep_trees_end() {
    let mut pdf = made(&LINES);
    pdf.tag(&["H1", "P", "H2", "P"], false);
    // A chain of a hundred thousand elements, and an outline as deep.
    let mut inner = pdf.page;
    for _ in 0..100_000 {
        inner = pdf.pdf.add_object(dictionary! {
            "Type" => "StructElem", "S" => "Sect", "K" => vec![inner.into()],
        });
    }
    let titles: Vec<String> = (0..20_000).map(|n| format!("Entry {n}")).collect();
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    pdf.outline(&titles, false);
    assert!(!pdf.read().is_empty());
}
