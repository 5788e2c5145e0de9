//! From a [`Document`] to a response.

use super::request::{Granularity, OcrRequest, OcrTableFormat};
use super::response::{
    BlockConfidence, BlockKind, Dimensions, OcrBlock, OcrImage, OcrPage, OcrTable, PageConfidence,
    PixelBox,
};
use super::scores::{block_words, cut, summary, table_words};
use crate::document::{Block, Document, Joins, Page, Role, Table};
use crate::export::{MarkdownOptions, TableFormat, blocks_markdown};
use crate::geometry::{Pt, Rect, Resolution};
use crate::options::Profile;

/// Resolution at which pages are measured that were not rasterised, in dots per inch: what hosted
/// services render at.
const MEASURE_DPI: f32 = 200.0;

/// The pages of a document as the request wants them. Images and tables are numbered on from page
/// to page.
pub(super) fn pages(
    document: &Document,
    request: &OcrRequest,
    markdown: &MarkdownOptions,
) -> Vec<OcrPage> {
    let mut writer = Writer { request, markdown, images: 0, tables: 0 };
    document.pages.iter().map(|page| writer.page(page)).collect()
}

struct Writer<'a> {
    request: &'a OcrRequest,
    markdown: &'a MarkdownOptions,
    /// Images so far.
    images: usize,
    /// Separate tables so far.
    tables: usize,
}

impl Writer<'_> {
    fn page(&mut self, page: &Page) -> OcrPage {
        let scale = Scale::of(page);
        let mut out = OcrPage {
            index: page.index,
            dimensions: Some(scale.dimensions()),
            ..OcrPage::default()
        };
        for link in &page.links {
            if !out.hyperlinks.contains(&link.uri) {
                out.hyperlinks.push(link.uri.clone());
            }
        }
        if self.request.extract_header {
            out.header = furniture(page, &Role::PageHeader);
        }
        if self.request.extract_footer {
            out.footer = furniture(page, &Role::PageFooter);
        }

        // What stands for a block, where that is not its own markdown.
        let joins = Joins::new(std::iter::once(page.blocks.as_slice()));
        let parts: Vec<Part> = page
            .blocks
            .iter()
            .enumerate()
            .map(|(n, block)| match (joins.at(0, n), &block.role) {
                // A table that goes on in the next column is one.
                (Some(None), _) if self.request.table_format.is_some() => Part::Nothing,
                (Some(Some(whole)), _) => self.part(page, block, Some(whole), scale, &mut out),
                (_, Role::Table { table }) => self.part(page, block, Some(table), scale, &mut out),
                _ => self.part(page, block, None, scale, &mut out),
            })
            .collect();
        out.markdown = blocks_markdown(&page.blocks, self.markdown, &mut |index, _| {
            parts.get(index).and_then(Part::markdown)
        });
        if self.request.include_blocks {
            out.blocks = Some(self.blocks(page, &parts, scale));
        }
        // Scores of the document are made of those of its pages, and come with them.
        if self.request.confidence.is_some() {
            out.confidence = self.confidence(page, &parts, &joins, &out.markdown);
        }
        out
    }

    /// Takes images and tables out of the page.
    fn part(
        &mut self,
        page: &Page,
        block: &Block,
        table: Option<&Table>,
        scale: Scale,
        out: &mut OcrPage,
    ) -> Part {
        match &block.role {
            Role::PageHeader if self.request.extract_header => Part::Nothing,
            Role::PageFooter if self.request.extract_footer => Part::Nothing,
            Role::Figure => {
                let rect = scale.pixels(block.rect);
                let least = self.request.image_min_size.unwrap_or(0);
                let small = rect.right - rect.left < least || rect.bottom - rect.top < least;
                if small || self.request.image_limit.is_some_and(|limit| out.images.len() >= limit)
                {
                    return Part::Nothing;
                }
                let id = format!("img-{}.jpeg", self.images);
                self.images += 1;
                let described = block.picture().and_then(|facts| facts.description.as_ref());
                let annotation = described.map(|description| description.text.clone());
                let image = OcrImage { id: id.clone(), rect: Some(rect), base64: None, annotation };
                out.images.push(image);
                Part::Image(id)
            }
            Role::Table { .. } => {
                let (Some(format), Some(table)) =
                    (self.request.table_format, table.filter(|table| !table.cells.is_empty()))
                else {
                    return Part::Own;
                };
                let id = format!("tbl-{}.{}", self.tables, format.extension());
                self.tables += 1;
                let content = match format {
                    OcrTableFormat::Markdown => TableFormat::Markdown,
                    OcrTableFormat::Html => TableFormat::Html,
                }
                .write(table, self.markdown.compact_tables);
                let words = (self.request.confidence == Some(Granularity::Word))
                    .then(|| cut(&content, &table_words(page, table)))
                    .flatten();
                out.tables.push(OcrTable {
                    id: id.clone(),
                    content: content.clone(),
                    format,
                    words,
                });
                Part::Table { id, content }
            }
            _ => Part::Own,
        }
    }

    /// Blocks as services give them: the items of a list are one block.
    fn blocks(&self, page: &Page, parts: &[Part], scale: Scale) -> Vec<OcrBlock> {
        // A block's own text counts even where the page's markdown leaves it out.
        let full =
            MarkdownOptions { profile: Profile::Full, furniture: true, ..self.markdown.clone() };
        let mut out = Vec::new();
        let mut start = 0;
        for run in page.blocks.chunk_by(|a, b| is_item(a) && is_item(b)) {
            let part = &parts[start];
            start += run.len();
            let kind = kind(&run[0].role);
            let content = match part {
                Part::Table { content, .. } => content.clone(),
                _ if kind == BlockKind::Image => String::new(),
                _ => blocks_markdown(run, &full, &mut |_, _| None).trim_end().to_owned(),
            };
            let Some(rect) = crate::geometry::bounds(run.iter().map(|block| block.rect)) else {
                continue;
            };
            let confidence = (self.request.confidence >= Some(Granularity::Block))
                .then(|| {
                    summary(
                        run.iter().flat_map(|block| block_words(page, block)).collect::<Vec<_>>(),
                    )
                })
                .flatten();
            out.push(OcrBlock {
                kind,
                rect: scale.pixels(rect),
                content,
                image_id: match part {
                    Part::Image(id) => Some(id.clone()),
                    _ => None,
                },
                table_id: match part {
                    Part::Table { id, .. } => Some(id.clone()),
                    _ => None,
                },
                confidence: confidence.map(|(average, minimum)| BlockConfidence {
                    average: Some(average),
                    minimum: Some(minimum),
                    kind: None,
                }),
            });
        }
        out
    }

    fn confidence(
        &self,
        page: &Page,
        parts: &[Part],
        joins: &Joins,
        markdown: &str,
    ) -> Option<PageConfidence> {
        let (average, minimum) = summary(&page.words)?;
        let words = (self.request.confidence == Some(Granularity::Word)).then(|| {
            let full = self.markdown.profile == Profile::Full && self.markdown.furniture;
            let words: Vec<_> = page
                .blocks
                .iter()
                .zip(parts)
                .enumerate()
                .filter(|(_, (block, part))| match part {
                    Part::Own => full || !matches!(block.role, Role::PageHeader | Role::PageFooter),
                    _ => false,
                })
                .flat_map(|(n, (block, _))| match joins.at(0, n) {
                    Some(whole) => whole.map(|t| table_words(page, t)).unwrap_or_default(),
                    None => block_words(page, block),
                })
                .collect();
            cut(markdown, &words).unwrap_or_default()
        });
        Some(PageConfidence { average, minimum, words })
    }
}

/// What stands for a block in the page's markdown.
enum Part {
    /// Its own markdown.
    Own,
    Nothing,
    Image(String),
    Table {
        id: String,
        content: String,
    },
}

impl Part {
    fn markdown(&self) -> Option<String> {
        match self {
            Self::Own => None,
            Self::Nothing => Some(String::new()),
            Self::Image(id) => Some(format!("![{id}]({id})")),
            Self::Table { id, .. } => Some(format!("[{id}]({id})")),
        }
    }
}

/// From points to the integer pixels of the page.
#[derive(Clone, Copy)]
struct Scale {
    dpi: f32,
    width: f32,
    height: f32,
}

impl Scale {
    fn of(page: &Page) -> Self {
        let Resolution(dpi) = page.resolution.unwrap_or(Resolution(MEASURE_DPI));
        // Whole numbers are what services give.
        let dpi = if dpi.is_finite() { dpi.round().max(1.0) } else { MEASURE_DPI };
        Self { dpi, width: page.size.width, height: page.size.height }
    }

    fn dimensions(self) -> Dimensions {
        let to_pixels =
            |points: f32| (points * Resolution(self.dpi).scale()).round().max(1.0) as u32;
        Dimensions {
            dpi: self.dpi as u32,
            width: to_pixels(self.width),
            height: to_pixels(self.height),
            width_points: self.width,
            height_points: self.height,
        }
    }

    /// The pixels that the rectangle touches, within the page.
    fn pixels(self, rect: Rect<Pt>) -> PixelBox {
        let size = self.dimensions();
        let rect = Resolution(self.dpi).to_pixels(rect);
        let within = |value: f32, limit: u32| (value.max(0.0) as u32).min(limit);
        let (left, top) =
            (within(rect.min.x.floor(), size.width), within(rect.min.y.floor(), size.height));
        PixelBox {
            left,
            top,
            right: within(rect.max.x.ceil(), size.width).max(left),
            bottom: within(rect.max.y.ceil(), size.height).max(top),
        }
    }
}

/// The text of all page headers (or footers), one a line.
fn furniture(page: &Page, role: &Role) -> Option<String> {
    let texts: Vec<&str> = page
        .blocks
        .iter()
        .filter(|block| block.role == *role)
        .map(|block| block.text.trim())
        .filter(|text| !text.is_empty())
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

fn is_item(block: &Block) -> bool {
    matches!(block.role, Role::ListItem { .. })
}

fn kind(role: &Role) -> BlockKind {
    match role {
        Role::Heading { .. } => BlockKind::Title,
        Role::ListItem { .. } => BlockKind::List,
        Role::Table { .. } => BlockKind::Table,
        Role::Figure => BlockKind::Image,
        Role::Caption => BlockKind::Caption,
        Role::Code => BlockKind::Code,
        Role::Formula { .. } => BlockKind::Equation,
        Role::PageHeader => BlockKind::Header,
        Role::PageFooter => BlockKind::Footer,
        Role::Paragraph | Role::Footnote => BlockKind::Text,
    }
}

#[cfg(test)]
mod tests;
