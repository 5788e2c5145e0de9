//! **recto** reads documents on your own machine: a PDF or an image goes in, per-page markdown
//! comes out.
//!
//! ```no_run
//! use recto::{Engine, Options, Source};
//!
//! # fn main() -> recto::Result<()> {
//! let engine = Engine::builder().build()?;
//! let document = engine.read(Source::path("report.pdf"), &Options::default())?;
//! println!("{}", document.to_markdown());
//! # Ok(())
//! # }
//! ```
//!
//! [`Engine::read`] gives the rich [`Document`]: words with boxes, confidence and style, blocks in
//! reading order, tables with cells. [`provider::OcrProvider`] is the narrower interface that hosted
//! OCR services share; [`provider::LocalProvider`] answers it as `docling/docling-latest`.
//!
//! # What it is not
//!
//! recto reads PDF and images, not office formats; it runs no large vision model; and it never
//! contacts a network unless a [`Source::Url`] is given to an engine that was told to allow it, or
//! `provider::RemoteProvider` is asked to read.
//!
//! # Native parts
//!
//! PDFium is bound at run time (see [`setup`]), Tesseract at build time (feature `tesseract`).
//!
//! # Features
//!
//! | feature | default | gives |
//! |---|---|---|
//! | `tesseract` | yes | OCR with libtesseract |
//! | `remote` | yes | sources named by http(s) URLs, services as providers |
//! | `annotations` | no | images and documents described by a language model |
//! | `barcodes` | no | QR codes and bar codes on pictures read |
//! | `onnx` | no | small neural models: page orientation, the engine `rapidocr` |
//! | `ort` | no | the same models on ONNX Runtime, where its library is named; not in `full` |
//! | `server` | no | an HTTP server in the shapes of hosted services |
//! | `cli` | no | the `recto` program |
//! | `jobs` | no | jobs that survive the process that runs them |
//! | `otlp` | no | the program's spans sent to an OTLP collector; not in `full` |
//! | `full` | no | all of the above but `ort` and `otlp` |

mod call;
pub mod config;
mod document;
mod engine;
mod enrich;
mod error;
pub mod export;
#[cfg(feature = "server")]
pub mod files;
mod formula;
pub mod geometry;
#[doc(hidden)]
pub mod internal;
#[cfg(feature = "jobs")]
pub mod jobs;
pub mod language;
mod layout;
mod limits;
mod neural;
#[cfg(feature = "jobs")]
pub mod objects;
mod ocr;
mod options;
mod page;
mod page_images;
mod page_work;
mod pdf;
mod picture;
mod preprocess;
mod progress;
pub mod provider;
mod raster;
mod reader;
mod recognition;
mod recognizer;
mod runner;
mod segment;
#[cfg(feature = "server")]
pub mod server;
pub mod setup;
mod sketching;
mod source;

pub use call::{Call, CancelFlag};
pub use config::Config;
pub use document::{
    Block, Cell, CodeLanguage, Continuation, Document, DocumentScores, Enrichment, Grade,
    ListMarker, Metadata, Page, PictureClass, PictureDescription, PictureFacts, Role, ScannedCode,
    Scores, Status, Style, Table, TablePart, TextLine, TextSource, Timings, WholeTable, Word,
    WordOrigin,
};
pub use engine::{Engine, EngineBuilder, Pages, PartRead};
pub use error::{Error, ErrorKind, Result, Warning, WarningCode};
pub use language::Language;
pub use limits::Limits;
pub use options::{
    ChunkingOptions, HeadingHierarchy, HiddenText, ImageExportMode, InputFormat, OcrEngine,
    OcrMode, Options, OutputFormat, PageSet, PdfBackend, Pipeline, Profile, TableMode,
};
pub use page::{
    Glyph, Link, OutlineEntry, PageRead, Placement, Rule, SketchCell, TableSketch, Tag, TagKind,
    Tags, WordTag,
};
pub use page_images::PageImages;
pub use picture::{FormulaReader, PageImage, PictureDescriber};
pub use progress::{Event, Progress};
pub use runner::{ChildCounts, Confinement, Isolation, Processes, Sandbox, serve_pages};
pub use source::{Source, StoredFile, UrlPolicy};

// The README's example is compiled with the doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
