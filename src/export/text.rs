//! Plain text.

use super::enrichment;
use super::escape::fold;
use crate::document::{Block, Document, ListMarker, Role};
use crate::options::Profile;

/// The whole document as plain text: blocks and pages parted by an
/// empty line, list items on lines of their own, table cells parted by tabs.
pub fn text(document: &Document) -> String {
    text_with(document, Profile::default())
}

/// The same, with the choice of what is written.
#[tracing::instrument(name = "export", level = "debug", skip_all, fields(format = "text"))]
pub fn text_with(document: &Document, profile: Profile) -> String {
    let mut out = String::new();
    for page in &document.pages {
        let mut in_list = false;
        for block in &page.blocks {
            let piece = block_text(block, profile);
            if piece.trim().is_empty() {
                continue;
            }
            let item = matches!(block.role, Role::ListItem { .. });
            if !out.is_empty() {
                out.push_str(if item && in_list { "\n" } else { "\n\n" });
            }
            out.push_str(&piece);
            in_list = item;
        }
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

fn block_text(block: &Block, profile: Profile) -> String {
    match &block.role {
        Role::PageHeader | Role::PageFooter if profile != Profile::Full => String::new(),
        Role::Figure if profile != Profile::Full => enrichment::as_docling(block).join("\n\n"),
        Role::Figure => {
            let own = Some(fold(&block.text)).filter(|text| !text.is_empty());
            let facts = enrichment::in_full(block).into_iter().map(fold);
            own.into_iter().chain(facts).collect::<Vec<_>>().join("\n\n")
        }
        Role::Code => block.text.trim_matches('\n').to_owned(),
        Role::ListItem { marker, depth } => {
            let marker = match marker {
                ListMarker::Bullet => "•",
                ListMarker::Number(marker) | ListMarker::Letter(marker) => marker,
            };
            let indent = "  ".repeat(usize::from(*depth));
            format!("{indent}{marker} {}", fold(&block.text))
        }
        Role::Table { table } => {
            let mut rows: Vec<Vec<String>> = Vec::new();
            for cell in &table.cells {
                if rows.len() <= cell.row {
                    rows.resize_with(cell.row + 1, Vec::new);
                }
                let row = &mut rows[cell.row];
                if row.len() <= cell.column {
                    row.resize(cell.column + 1, String::new());
                }
                row[cell.column] = fold(&cell.text);
            }
            rows.iter().map(|row| row.join("\t")).collect::<Vec<_>>().join("\n")
        }
        _ => fold(&block.text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::markdown::tests::{block, document, item, paragraph};
    use crate::export::table::tests::table;

    #[test]
    fn blocks_lists_and_tables() {
        let document = document(vec![
            vec![
                block(Role::PageHeader, "Head"),
                paragraph("A * b\nc"),
                item(ListMarker::Bullet, 0, "one"),
                item(ListMarker::Letter("b)".into()), 1, "two"),
                block(Role::Table { table: table(&[&["a", "b"], &["1", "2"]]) }, ""),
            ],
            vec![block(Role::Code, "x\n  y")],
        ]);
        assert_eq!(
            text_with(&document, Profile::Docling),
            "A * b c\n\n• one\n  b) two\n\na\tb\n1\t2\n\nx\n  y\n"
        );
        assert!(text(&document).starts_with("Head\n\nA"));
    }
}
