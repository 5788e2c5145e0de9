//! LaTeX, as docling-core writes it (`LaTeXDocSerializer` of docling-core 2).

use serde_json::Value;

use super::enrichment;
use super::tree::{Tree, is_body, label, number, rows, text};

const CLASS: &str = r"\documentclass[11pt,a4paper]{article}";
/// What the document's commands come from.
const PACKAGES: [&str; 11] = [
    r"\usepackage[utf8]{inputenc} % allow utf-8 input",
    r"\usepackage[T1]{fontenc}    % use 8-bit T1 fonts",
    r"\usepackage{hyperref}       % hyperlinks",
    r"\usepackage{url}            % simple URL typesetting",
    r"\usepackage{booktabs}       % professional-quality tables",
    r"\usepackage{amsfonts}       % blackboard math symbols",
    r"\usepackage{nicefrac}       % compact symbols for 1/2, etc.",
    r"\usepackage{microtype}      % microtypography",
    r"\usepackage{xcolor}         % colors",
    r"\usepackage{graphicx}       % graphics",
    r"\usepackage[normalem]{ulem} % strikethrough",
];
/// Spaces for each level of nested lists.
const INDENT: usize = 2;

/// A `DoclingDocument` (see [`docling_document`](super::docling_document)) as LaTeX.
///
/// The first title is the document's; docling-core drops all further ones, which are sections without
/// a number here, and fails on headings below the third level, which are paragraphs' here. Pictures
/// whose image is a file are drawn, others are a comment.
#[tracing::instrument(name = "export", level = "debug", skip_all, fields(format = "latex"))]
pub fn latex(document: &Value) -> String {
    let writer = Writer { tree: Tree(document) };
    let mut title = None;
    let mut parts = Vec::new();
    for item in writer.tree.body().filter(|item| is_body(item)) {
        match label(item) {
            "title" if title.is_none() => title = Some(format!("\\title{{{}}}", of(item))),
            _ => parts.push(writer.item(item)),
        }
    }
    let mut out = format!("{CLASS}\n\n{}\n", PACKAGES.join("\n"));
    if let Some(title) = &title {
        out.push_str(title);
        out.push('\n');
        parts.insert(0, "\\maketitle".to_owned());
    }
    parts.insert(0, "\n\\begin{document}".to_owned());
    parts.push("\\end{document}\n".to_owned());
    out.push_str(&parts.join("\n\n"));
    out
}

struct Writer<'a> {
    tree: Tree<'a>,
}

impl<'a> Writer<'a> {
    fn item(&self, item: &'a Value) -> String {
        match label(item) {
            "title" => format!("\\section*{{{}}}", of(item)),
            "section_header" => {
                let command = match number(item, "level") {
                    0 | 1 => "section",
                    2 => "subsection",
                    3 => "subsubsection",
                    4 => "paragraph",
                    _ => "subparagraph",
                };
                format!("\\{command}{{{}}}", of(item))
            }
            "list" => self.list(item, 0),
            "table" => self.table(item),
            "picture" => self.picture(item),
            "code" => format!("\\begin{{verbatim}}\n{}\n\\end{{verbatim}}", text(item)),
            "formula" => format!("$${}$$", text(item)),
            _ => of(item),
        }
    }

    fn list(&self, group: &'a Value, depth: usize) -> String {
        let kind = if self.tree.is_counted(group) { "enumerate" } else { "itemize" };
        let indent = " ".repeat(INDENT * depth);
        let mut lines = vec![format!("{indent}\\begin{{{kind}}}")];
        for item in self.tree.children(group) {
            lines.push(format!("\\item {}", of(item)));
            lines.extend(self.tree.children(item).map(|nested| self.list(nested, depth + 1)));
        }
        lines.push(format!("{indent}\\end{{{kind}}}"));
        lines.join("\n")
    }

    /// Spanning cells are repeated in every place they cover.
    fn table(&self, table: &'a Value) -> String {
        let mut lines = vec!["\\begin{table}[h]".to_owned()];
        lines.extend(self.caption(table));
        let rows = rows(table);
        let columns = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        if columns > 0 {
            lines.push(format!("\\begin{{tabular}}{{|{}}}", "l|".repeat(columns)));
            lines.push("\\hline".to_owned());
            for row in rows {
                let cells: Vec<String> =
                    row.iter().map(|cell| of(cell).replace('\n', " ")).collect();
                lines.push(format!("{} \\\\ \\hline", cells.join(" & ")));
            }
            lines.push("\\end{tabular}".to_owned());
        }
        lines.push("\\end{table}".to_owned());
        lines.join("\n")
    }

    fn picture(&self, picture: &'a Value) -> String {
        let file = picture["image"]["uri"].as_str().filter(|uri| !uri.starts_with("data:"));
        let image = match file {
            Some(file) => format!("\\includegraphics[width=\\linewidth]{{{file}}}"),
            None => "% image".to_owned(),
        };
        let mut lines = vec!["\\begin{figure}[h]".to_owned(), image];
        lines.extend(enrichment::comments(picture));
        lines.extend(self.caption(picture));
        lines.push("\\end{figure}".to_owned());
        lines.join("\n")
    }

    fn caption(&self, item: &'a Value) -> Option<String> {
        let captions: Vec<String> = self.tree.captions(item).map(of).collect();
        (!captions.is_empty()).then(|| format!("\\caption{{{}}}", captions.join(" ")))
    }
}

/// An item's text, with what LaTeX takes for commands escaped.
fn of(item: &Value) -> String {
    let mut out = String::new();
    for c in text(item).chars() {
        match c {
            '\\' => out.push_str("\\textbackslash{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '{' | '}' | '#' | '$' | '%' | '&' | '_' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::docling_document::{DoclingImage, DoclingOptions, docling_document};
    use super::super::markdown::tests::{block, document, item as list_item, paragraph};
    use super::super::table::tests::table;
    use super::*;
    use crate::document::{Block, ListMarker, Role};

    fn body(pages: Vec<Vec<Block>>) -> String {
        let out = latex(&docling_document(&document(pages), &DoclingOptions::default()));
        let (_, body) = out.split_once("\\begin{document}\n\n").unwrap();
        body.strip_suffix("\n\n\\end{document}\n").unwrap().to_owned()
    }

    fn heading(level: u8, text: &str) -> Block {
        block(Role::Heading { level }, text)
    }

    #[test]
    fn a_document_has_its_preamble_and_its_title() {
        let pages = vec![vec![paragraph("before"), heading(1, "50% {A}"), heading(1, "B")]];
        let out = latex(&docling_document(&document(pages), &DoclingOptions::default()));
        let want = "\\documentclass[11pt,a4paper]{article}\n\n\\usepackage[utf8]{inputenc} % allow";
        assert!(out.starts_with(want), "{out}");
        let want = "\\usepackage[normalem]{ulem} % strikethrough\n\\title{50\\% \\{A\\}}\n\n\
                    \\begin{document}\n\n\\maketitle\n\nbefore\n\n\\section*{B}\n\n\
                    \\end{document}\n";
        assert!(out.ends_with(want), "{out}");
    }

    #[test]
    fn headings_of_all_levels_and_text_with_its_escapes() {
        let levels = (2..=6).map(|level| heading(level, "h")).collect();
        let want = "\\section{h}\n\n\\subsection{h}\n\n\\subsubsection{h}\n\n\\paragraph{h}\n\n\
                    \\subparagraph{h}";
        assert_eq!(body(vec![levels]), want);
        let out = body(vec![vec![
            paragraph("a_b & c ~ d^e \\ $f #g"),
            block(Role::Code, "x_1 = {}"),
            block(Role::Formula { latex: None }, "x_1"),
            block(Role::PageHeader, "running"),
        ]]);
        let want = "a\\_b \\& c \\textasciitilde{} d\\textasciicircum{}e \\textbackslash{} \\$f \
                    \\#g\n\n\\begin{verbatim}\nx_1 = {}\n\\end{verbatim}\n\n$$x_1$$";
        assert_eq!(out, want);
    }

    #[test]
    fn lists_nest() {
        let out = body(vec![vec![
            list_item(ListMarker::Number("1.".into()), 0, "one"),
            list_item(ListMarker::Bullet, 1, "deep"),
            list_item(ListMarker::Number("2.".into()), 0, "two"),
        ]]);
        let want = "\\begin{enumerate}\n\\item one\n  \\begin{itemize}\n\\item deep\n  \
                    \\end{itemize}\n\\item two\n\\end{enumerate}";
        assert_eq!(out, want);
    }

    #[test]
    fn tables_and_figures_have_their_captions() {
        let mut spanning = table(&[&["a&", ""], &["c", "d"]]);
        spanning.cells.retain(|cell| !cell.text.is_empty());
        spanning.cells[0].column_span = 2;
        let pages = vec![vec![
            block(Role::Caption, "Table 1"),
            block(Role::Table { table: spanning }, ""),
            block(Role::Figure, "inside"),
        ]];
        let want = "\\begin{table}[h]\n\\caption{Table 1}\n\\begin{tabular}{|l|l|}\n\\hline\n\
                    a\\& & a\\& \\\\ \\hline\nc & d \\\\ \\hline\n\\end{tabular}\n\\end{table}\n\n\
                    \\begin{figure}[h]\n% image\n\\end{figure}";
        assert_eq!(body(pages.clone()), want);
        let mut options = DoclingOptions::default();
        let image = |uri: &str| DoclingImage {
            media_type: "image/png".to_owned(),
            dpi: 72,
            size: (1, 1),
            uri: uri.to_owned(),
        };
        for (uri, want) in [
            ("a/b.png", "\n\\includegraphics[width=\\linewidth]{a/b.png}\n"),
            ("data:x", "\n% image\n"),
        ] {
            options.pictures.insert((0, 2), image(uri));
            let out = latex(&docling_document(&document(pages.clone()), &options));
            assert!(out.contains(want), "{out}");
        }
    }
}
