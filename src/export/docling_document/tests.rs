use std::collections::BTreeMap;

use super::super::markdown::tests::{block, document, item, paragraph};
use super::super::table::tests::table;
use super::*;
use crate::document::Continuation;
use crate::geometry::rect;

fn plain(pages: Vec<Vec<Block>>) -> Value {
    docling_document(&document(pages), &DoclingOptions::default())
}

fn refs(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item["$ref"].as_str().unwrap()).collect()
}

#[test]
fn a_document_is_a_tree_of_references() {
    let out = plain(vec![vec![
        block(Role::Heading { level: 1 }, "Title"),
        block(Role::Heading { level: 3 }, "Part"),
        paragraph("a < b & *c*_d"),
        block(Role::Code, "\nx = 1\n"),
        block(Role::Formula { latex: None }, "a^2"),
        block(Role::Footnote, "1 note"),
        paragraph("  "),
    ]]);
    assert_eq!(out["schema_name"], "DoclingDocument");
    assert_eq!((&out["name"], &out["origin"]), (&json!("a"), &Value::Null));
    let all: Vec<String> = (0..6).map(|n| format!("#/texts/{n}")).collect();
    assert_eq!(refs(&out["body"]["children"]), all);
    let labels: Vec<&Value> =
        out["texts"].as_array().unwrap().iter().map(|t| &t["label"]).collect();
    assert_eq!(labels, ["title", "section_header", "text", "code", "formula", "footnote"]);
    assert_eq!(out["texts"][1]["level"], 2);
    // Nothing is escaped, and code has its lines without those around it.
    assert_eq!(out["texts"][2]["text"], "a < b & *c*_d");
    assert_eq!(out["texts"][2]["prov"][0]["charspan"], json!([0, 13]));
    assert_eq!(out["texts"][3]["text"], "x = 1");
    for text in out["texts"].as_array().unwrap() {
        assert_eq!(text["parent"]["$ref"], "#/body");
        assert_eq!(text["orig"], text["text"]);
    }
}

#[test]
fn boxes_stand_on_the_page_with_their_origin_at_the_bottom_left() {
    let over = Block { rect: rect(-5.0, 100.5, 700.0, 800.0), ..paragraph("text") };
    let out = plain(vec![vec![over]]);
    let want = json!({ "l": 0.0, "t": 691.5, "r": 612.0, "b": 0.0, "coord_origin": "BOTTOMLEFT" });
    assert_eq!(out["texts"][0]["prov"][0]["bbox"], want);
    let want = json!({ "1": { "size": { "width": 612.0, "height": 792.0 }, "page_no": 1 } });
    assert_eq!(out["pages"], want);
}

#[test]
fn furniture_is_a_layer() {
    let out = plain(vec![vec![
        paragraph("text"),
        block(Role::PageFooter, "7"),
        block(Role::PageHeader, "Chapter"),
    ]]);
    let layers: Vec<(&Value, &Value)> = out["texts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|text| (&text["label"], &text["content_layer"]))
        .collect();
    let (header, footer) = (json!("page_header"), json!("page_footer"));
    let (body, furniture) = (json!("body"), json!("furniture"));
    assert_eq!(layers, [(&header, &furniture), (&json!("text"), &body), (&footer, &furniture)]);
}

#[test]
fn lists_nest_below_their_items() {
    let number = |mark: &str| ListMarker::Number(mark.to_owned());
    let out = plain(vec![vec![
        item(number("1."), 0, "one"),
        item(ListMarker::Bullet, 1, "deep"),
        item(number("2."), 0, "two"),
        paragraph("between"),
        item(ListMarker::Letter("a)".into()), 0, "other"),
    ]]);
    assert_eq!(refs(&out["body"]["children"]), ["#/groups/0", "#/texts/3", "#/groups/2"]);
    assert_eq!(refs(&out["groups"][0]["children"]), ["#/texts/0", "#/texts/2"]);
    assert_eq!(refs(&out["texts"][0]["children"]), ["#/groups/1"]);
    assert_eq!(out["groups"][1]["parent"]["$ref"], "#/texts/0");
    assert_eq!(refs(&out["groups"][1]["children"]), ["#/texts/1"]);
    let marks = |n: usize| (&out["texts"][n]["enumerated"], &out["texts"][n]["marker"]);
    assert_eq!(marks(0), (&json!(true), &json!("1.")));
    assert_eq!(marks(1), (&json!(false), &json!("-")));
    assert_eq!(marks(4), (&json!(true), &json!("a)")));
}

#[test]
fn a_table_over_two_pages_is_one_with_two_places() {
    let mut rest = table(&[&["k", "v"], &["b", "2"]]);
    rest.continues = Some(Continuation { repeated_rows: 1 });
    let out = plain(vec![
        vec![block(Role::Table { table: table(&[&["k", "v"], &["a", "1"]]) }, "")],
        vec![block(Role::Table { table: rest }, ""), paragraph("after")],
    ]);
    assert_eq!(refs(&out["body"]["children"]), ["#/tables/0", "#/texts/0"]);
    let table = &out["tables"][0];
    let pages: Vec<&Value> =
        table["prov"].as_array().unwrap().iter().map(|place| &place["page_no"]).collect();
    assert_eq!(pages, [&json!(1), &json!(2)]);
    assert_eq!((&table["data"]["num_rows"], &table["data"]["num_cols"]), (&json!(3), &json!(2)));
    let column: Vec<&Value> = (0..3).map(|row| &table["data"]["grid"][row][0]["text"]).collect();
    assert_eq!(column, ["k", "a", "b"]);
}

#[test]
fn a_spanning_cell_stands_in_all_its_places() {
    let mut wide = table(&[&["head", "x"], &["a", "b"]]);
    wide.cells.retain(|cell| cell.text != "x");
    wide.cells[0].column_span = 2;
    let out = plain(vec![vec![block(Role::Table { table: wide }, "")]]);
    let data = &out["tables"][0]["data"];
    assert_eq!(data["table_cells"].as_array().unwrap().len(), 3);
    assert_eq!(data["grid"][0][0], data["grid"][0][1]);
    assert_eq!(data["grid"][0][1]["end_col_offset_idx"], 2);
}

#[test]
fn captions_belong_to_the_table_or_picture_beside_them() {
    let out = plain(vec![vec![
        block(Role::Figure, "inside"),
        block(Role::Caption, "Figure 1"),
        paragraph("between"),
        block(Role::Caption, "Table 1"),
        block(Role::Table { table: table(&[&["a"], &["b"]]) }, ""),
        paragraph("after"),
        block(Role::Caption, "Figure of nothing"),
    ]]);
    assert_eq!(
        refs(&out["body"]["children"]),
        ["#/pictures/0", "#/texts/2", "#/tables/0", "#/texts/4", "#/texts/5"]
    );
    let picture = &out["pictures"][0];
    assert_eq!(refs(&picture["captions"]), ["#/texts/0"]);
    assert_eq!(refs(&picture["children"]), ["#/texts/0", "#/texts/1"]);
    assert_eq!(out["texts"][0]["text"], "Figure 1");
    assert_eq!(out["texts"][0]["parent"]["$ref"], "#/pictures/0");
    let table = &out["tables"][0];
    assert_eq!(refs(&table["captions"]), ["#/texts/3"]);
    assert_eq!(refs(&table["children"]), ["#/texts/3"]);
    let caption = &out["texts"][3];
    assert_eq!((&caption["label"], &caption["text"]), (&json!("caption"), &json!("Table 1")));
    assert_eq!(caption["parent"]["$ref"], "#/tables/0");
    assert_eq!(out["texts"][5]["parent"]["$ref"], "#/body");
}

#[test]
fn origin_and_images_are_those_given() {
    let image = |uri: &str| DoclingImage {
        media_type: "image/png".to_owned(),
        dpi: 144,
        size: (10, 20),
        uri: uri.to_owned(),
    };
    let options = DoclingOptions {
        name: "given".to_owned(),
        origin: Some(DoclingOrigin {
            media_type: "application/pdf".to_owned(),
            binary_hash: u64::MAX,
            file_name: "b.pdf".to_owned(),
        }),
        pictures: BTreeMap::from([((0, 1), image("p.png"))]),
        pages: BTreeMap::from([(0, image("page.png"))]),
    };
    let page = vec![paragraph("text"), block(Role::Figure, "")];
    let out = docling_document(&document(vec![page]), &options);
    assert_eq!(out["name"], "given");
    let origin =
        json!({ "mimetype": "application/pdf", "binary_hash": u64::MAX, "filename": "b.pdf" });
    assert_eq!(out["origin"], origin);
    let want = json!({
        "mimetype": "image/png",
        "dpi": 144,
        "size": { "width": 10, "height": 20 },
        "uri": "p.png",
    });
    assert_eq!(out["pictures"][0]["image"], want);
    assert_eq!(out["pages"]["1"]["image"]["uri"], "page.png");
}
