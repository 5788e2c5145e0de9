//! The document in docling's own form: a `DoclingDocument` of docling-core 2.
//!
//! Its body is a tree of references into flat lists of texts, groups, tables and pictures; every
//! item says where it stands (`prov`: page, from 1; box in points, origin at the bottom left).
//! docling-core's markdown of it is the markdown of [`Profile::Docling`](crate::Profile::Docling).
//!
//! Schema: <https://github.com/docling-project/docling-core/blob/main/docs/DoclingDocument.json>.

use serde_json::{Map, Value, json};

use super::captions::Captions;
use super::enrichment;
use super::markdown::in_order;
use crate::document::{Block, Cell, Document, Joins, ListMarker, Page, Role, Table};
use crate::geometry::{Pt, Rect};

/// The version of the schema that is written.
const VERSION: &str = "1.10.0";

const BODY: &str = "#/body";

/// What a `DoclingDocument` holds beside the document itself. Every field says its default.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct DoclingOptions {
    /// The document's name. Default: empty, its own without the ending, else "document".
    pub name: String,
    /// What it was made from. Default: `None`.
    pub origin: Option<DoclingOrigin>,
    /// Pictures by [page position, block position], as data URIs of PNG or JPEG files or as names of
    /// files, with the resolution they were drawn at. Default: none.
    pub pictures: std::collections::BTreeMap<(usize, usize), DoclingImage>,
    /// Whole pages by their position, likewise. Default: none.
    pub pages: std::collections::BTreeMap<usize, DoclingImage>,
}

/// Where a `DoclingDocument` comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoclingOrigin {
    /// The media type: `application/pdf`.
    pub media_type: String,
    /// A hash of the bytes.
    pub binary_hash: u64,
    /// The file's name.
    pub file_name: String,
}

/// An image in a `DoclingDocument`.
#[derive(Clone, Debug, PartialEq)]
pub struct DoclingImage {
    /// The media type: `image/png`.
    pub media_type: String,
    /// Pixels per inch.
    pub dpi: u32,
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// A data URI, or the name of a file.
    pub uri: String,
}

impl DoclingImage {
    fn json(&self) -> Value {
        json!({
            "mimetype": self.media_type,
            "dpi": self.dpi,
            "size": { "width": self.size.0, "height": self.size.1 },
            "uri": self.uri,
        })
    }
}

/// The document as a `DoclingDocument`.
///
/// Page headers and footers are in the furniture layer, the text inside a figure below its picture,
/// a table that goes on over pages is one table with a place for each part, and the caption beside a
/// table or figure belongs to it. A heading of level 1 is a title, one of level 2 a section header of
/// level 1.
#[tracing::instrument(name = "export", level = "debug", skip_all, fields(format = "docling"))]
pub fn docling_document(document: &Document, options: &DoclingOptions) -> Value {
    let mut builder = Builder {
        options,
        joins: Joins::new(document.pages.iter().map(|page| page.blocks.as_slice())),
        items: Items::default(),
        body: Vec::new(),
    };
    let mut pages = Map::new();
    for (position, page) in document.pages.iter().enumerate() {
        builder.page(document, position, page);
        let number = page.index + 1;
        let mut entry = json!({
            "size": { "width": short(page.size.width), "height": short(page.size.height) },
            "page_no": number,
        });
        if let Some(image) = options.pages.get(&position) {
            entry["image"] = image.json();
        }
        pages.insert(number.to_string(), entry);
    }
    let root = |layer: &str, children: &[Value]| {
        json!({
            "self_ref": format!("#/{layer}"),
            "children": children,
            "content_layer": layer,
            "name": "_root_",
            "label": "unspecified",
        })
    };
    let mut out = json!({
        "schema_name": "DoclingDocument",
        "version": VERSION,
        "name": name(document, options),
        "furniture": root("furniture", &[]),
        "body": root("body", &builder.body),
        "groups": builder.items.groups,
        "texts": builder.items.texts,
        "pictures": builder.items.pictures,
        "tables": builder.items.tables,
        "key_value_items": [],
        "form_items": [],
        "pages": pages,
    });
    if let Some(origin) = &options.origin {
        out["origin"] = json!({
            "mimetype": origin.media_type,
            "binary_hash": origin.binary_hash,
            "filename": origin.file_name,
        });
    }
    out
}

fn name(document: &Document, options: &DoclingOptions) -> String {
    let given = Some(options.name.as_str()).filter(|name| !name.is_empty());
    let own = || {
        let name = document.name.as_deref()?;
        Some(name.rsplit_once('.').map_or(name, |(stem, _)| stem)).filter(|stem| !stem.is_empty())
    };
    given.or_else(own).unwrap_or("document").to_owned()
}

/// The flat lists of a `DoclingDocument`.
#[derive(Default)]
struct Items {
    texts: Vec<Value>,
    groups: Vec<Value>,
    tables: Vec<Value>,
    pictures: Vec<Value>,
}

struct Builder<'a> {
    options: &'a DoclingOptions,
    joins: Joins,
    items: Items,
    /// References to the children of the body.
    body: Vec<Value>,
}

/// A list being filled: its depth, its group, and the text of its last item.
struct OpenList {
    depth: u8,
    group: usize,
    last: usize,
}

impl Builder<'_> {
    fn page(&mut self, document: &Document, position: usize, page: &Page) {
        let mut lists: Vec<OpenList> = Vec::new();
        let captions = Captions::of(&page.blocks);
        for (index, block) in in_order(&page.blocks) {
            if captions.is_taken(index) {
                continue;
            }
            let caption = captions.at(index).and_then(|at| page.blocks.get(at));
            if let Role::ListItem { marker, depth } = &block.role {
                self.list_item(&mut lists, page, block, marker, *depth);
            } else if self.block(document, position, page, (index, block), caption) {
                lists.clear();
            }
        }
    }

    /// Adds a block; whether there was anything to add.
    fn block(
        &mut self,
        document: &Document,
        position: usize,
        page: &Page,
        (index, block): (usize, &Block),
        caption: Option<&Block>,
    ) -> bool {
        let joined = self.joins.at(position, index).map(Option::<&Table>::cloned);
        match (joined, &block.role) {
            (Some(None), _) => return false,
            (Some(Some(whole)), _) => {
                let places = parts(document, position, index)
                    .into_iter()
                    .filter_map(|(p, b)| Some((document.pages.get(p)?, b)))
                    .filter_map(|(page, b)| Some(place(page, page.blocks.get(b)?.rect, 0)))
                    .collect();
                self.table(&whole, places, page, caption);
                return true;
            }
            (None, Role::Table { table }) if !table.cells.is_empty() => {
                self.table(table, vec![place(page, block.rect, 0)], page, caption);
                return true;
            }
            (None, Role::Figure) => {
                let image = self.options.pictures.get(&(position, index));
                self.picture(page, block, image, caption);
                return true;
            }
            _ => {}
        }
        let text = match &block.role {
            Role::Code => block.text.trim_matches(['\n', '\r']).to_owned(),
            Role::Formula { latex: Some(latex) } => latex.clone(),
            _ => block.text.clone(),
        };
        if text.trim().is_empty() {
            return false;
        }
        let mut item = json!({});
        let (label, layer) = match &block.role {
            Role::Heading { level: 0 | 1 } => ("title", "body"),
            Role::Heading { level } => {
                item["level"] = json!(level.min(&6) - 1);
                ("section_header", "body")
            }
            Role::Caption => ("caption", "body"),
            Role::Footnote => ("footnote", "body"),
            Role::Formula { latex } => {
                if latex.is_some() {
                    item["orig"] = json!(block.text);
                }
                ("formula", "body")
            }
            Role::Code => {
                item["captions"] = json!([]);
                item["references"] = json!([]);
                item["footnotes"] = json!([]);
                let language = block.code_language().map_or("unknown", |l| l.name.as_str());
                item["code_language"] = json!(language);
                ("code", "body")
            }
            Role::PageHeader => ("page_header", "furniture"),
            Role::PageFooter => ("page_footer", "furniture"),
            _ => ("text", "body"),
        };
        let reference = self.text(BODY, label, layer, page, block.rect, &text, item);
        self.body.push(reference);
        true
    }

    fn list_item(
        &mut self,
        lists: &mut Vec<OpenList>,
        page: &Page,
        block: &Block,
        marker: &ListMarker,
        depth: u8,
    ) {
        if block.text.trim().is_empty() {
            return;
        }
        while lists.last().is_some_and(|list| list.depth > depth) {
            lists.pop();
        }
        if lists.last().is_none_or(|list| list.depth < depth) {
            let group = self.items.groups.len();
            let reference = reference("groups", group);
            let parent = match lists.last() {
                Some(outer) => {
                    let item = &mut self.items.texts[outer.last];
                    push(&mut item["children"], reference);
                    format!("#/texts/{}", outer.last)
                }
                None => {
                    self.body.push(reference);
                    BODY.to_owned()
                }
            };
            self.items.groups.push(json!({
                "self_ref": format!("#/groups/{group}"),
                "parent": { "$ref": parent },
                "children": [],
                "content_layer": "body",
                "name": "list",
                "label": "list",
            }));
            lists.push(OpenList { depth, group, last: 0 });
        }
        let Some(list) = lists.last_mut() else { return };
        let (enumerated, marker) = match marker {
            ListMarker::Bullet => (false, "-"),
            ListMarker::Number(mark) => (true, mark.as_str()),
            ListMarker::Letter(mark) => (true, mark.as_str()),
        };
        list.last = self.items.texts.len();
        let group = list.group;
        let item = json!({ "enumerated": enumerated, "marker": marker });
        let parent = format!("#/groups/{group}");
        let reference =
            self.text(&parent, "list_item", "body", page, block.rect, &block.text, item);
        push(&mut self.items.groups[group]["children"], reference);
    }

    fn picture(
        &mut self,
        page: &Page,
        block: &Block,
        image: Option<&DoclingImage>,
        caption: Option<&Block>,
    ) {
        let number = self.items.pictures.len();
        let own = format!("#/pictures/{number}");
        let mut item = floating(&own, "picture", vec![place(page, block.rect, 0)]);
        self.caption(&mut item, &own, page, caption);
        if !block.text.trim().is_empty() {
            let text = self.text(&own, "text", "body", page, block.rect, &block.text, json!({}));
            push(&mut item["children"], text);
        }
        item["annotations"] = json!([]);
        if let Some(facts) = block.picture() {
            let (meta, annotations) = enrichment::meta(facts);
            item["meta"] = meta;
            item["annotations"] = json!(annotations);
        }
        if let Some(image) = image {
            item["image"] = image.json();
        }
        self.items.pictures.push(item);
        self.body.push(reference("pictures", number));
    }

    fn table(&mut self, table: &Table, places: Vec<Value>, page: &Page, caption: Option<&Block>) {
        let number = self.items.tables.len();
        let own = format!("#/tables/{number}");
        let mut item = floating(&own, "table", places);
        self.caption(&mut item, &own, page, caption);
        item["data"] = data(table);
        item["annotations"] = json!([]);
        self.items.tables.push(item);
        self.body.push(reference("tables", number));
    }

    /// A caption is a child of what it belongs to.
    fn caption(&mut self, item: &mut Value, own: &str, page: &Page, caption: Option<&Block>) {
        let Some(block) = caption else { return };
        let text = self.text(own, "caption", "body", page, block.rect, &block.text, json!({}));
        push(&mut item["children"], text.clone());
        push(&mut item["captions"], text);
    }

    /// Adds a text and gives the reference to it.
    #[allow(clippy::too_many_arguments)] // All of them are fields of the item.
    fn text(
        &mut self,
        parent: &str,
        label: &str,
        layer: &str,
        page: &Page,
        rect: Rect<Pt>,
        text: &str,
        more: Value,
    ) -> Value {
        let number = self.items.texts.len();
        let mut item = json!({
            "self_ref": format!("#/texts/{number}"),
            "parent": { "$ref": parent },
            "children": [],
            "content_layer": layer,
            "label": label,
            "prov": [place(page, rect, text.chars().count())],
            "orig": text,
            "text": text,
        });
        if let (Value::Object(item), Value::Object(more)) = (&mut item, more) {
            item.extend(more);
        }
        self.items.texts.push(item);
        reference("texts", number)
    }
}

/// A table or picture in the body.
fn floating(own: &str, label: &str, places: Vec<Value>) -> Value {
    json!({
        "self_ref": own,
        "parent": { "$ref": BODY },
        "children": [],
        "content_layer": "body",
        "label": label,
        "prov": places,
        "captions": [],
        "references": [],
        "footnotes": [],
    })
}

fn reference(list: &str, number: usize) -> Value {
    json!({ "$ref": format!("#/{list}/{number}") })
}

fn push(list: &mut Value, item: Value) {
    if let Value::Array(list) = list {
        list.push(item);
    }
}

/// The positions (page, block) of the parts of the table that begins there.
fn parts(document: &Document, page: usize, block: usize) -> Vec<(usize, usize)> {
    document
        .tables()
        .iter()
        .map(|whole| whole.parts.iter().map(|part| (part.page, part.block)).collect::<Vec<_>>())
        .find(|parts| parts.first() == Some(&(page, block)))
        .unwrap_or_default()
}

/// Where an item stands. `length` is that of its text, in characters.
fn place(page: &Page, rect: Rect<Pt>, length: usize) -> Value {
    let (width, height) = (page.size.width, page.size.height);
    // What hangs over the edge of the page is not on it.
    let across = |x: f32| short(x.clamp(0.0, width));
    let up = |y: f32| short(height - y.clamp(0.0, height));
    json!({
        "page_no": page.index + 1,
        "bbox": {
            "l": across(rect.min.x),
            "t": up(rect.min.y),
            "r": across(rect.max.x),
            "b": up(rect.max.y),
            "coord_origin": "BOTTOMLEFT",
        },
        "charspan": [0, length],
    })
}

/// A thousandth of a point is enough.
fn short(points: f32) -> f64 {
    (f64::from(points) * 1000.0).round() / 1000.0
}

fn data(table: &Table) -> Value {
    let cells: Vec<Value> = table.cells.iter().map(cell_json).collect();
    // The grid has every cell in all places that it covers; places of no cell are empty ones.
    let mut places: Vec<Option<usize>> = vec![None; table.rows * table.columns];
    for (n, cell) in table.cells.iter().enumerate() {
        for row in cell.row..(cell.row + cell.row_span).min(table.rows) {
            for column in cell.column..(cell.column + cell.column_span).min(table.columns) {
                places[row * table.columns + column] = Some(n);
            }
        }
    }
    let grid: Vec<Vec<Value>> = (0..table.rows)
        .map(|row| {
            (0..table.columns)
                .map(|column| match places[row * table.columns + column] {
                    Some(n) => cells[n].clone(),
                    None => spot(row, column, (1, 1), "", false),
                })
                .collect()
        })
        .collect();
    json!({
        "table_cells": cells,
        "num_rows": table.rows,
        "num_cols": table.columns,
        "grid": grid,
    })
}

fn cell_json(cell: &Cell) -> Value {
    let spans = (cell.row_span, cell.column_span);
    let mut out = spot(cell.row, cell.column, spans, &cell.text, cell.header);
    out["bbox"] = json!({
        "l": short(cell.rect.min.x),
        "t": short(cell.rect.min.y),
        "r": short(cell.rect.max.x),
        "b": short(cell.rect.max.y),
        "coord_origin": "TOPLEFT",
    });
    out
}

fn spot(row: usize, column: usize, spans: (usize, usize), text: &str, header: bool) -> Value {
    json!({
        "row_span": spans.0,
        "col_span": spans.1,
        "start_row_offset_idx": row,
        "end_row_offset_idx": row + spans.0,
        "start_col_offset_idx": column,
        "end_col_offset_idx": column + spans.1,
        "text": text,
        "column_header": header,
        "row_header": false,
        "row_section": false,
        "fillable": false,
    })
}

#[cfg(test)]
mod tests;
