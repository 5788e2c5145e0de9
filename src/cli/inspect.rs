//! `recto inspect`: one HTML page that shows what was read where.

use std::ffi::OsString;
use std::path::PathBuf;

use recto::{Call, PageImage, Status, export};

use super::args::ReadingArgs;
use super::console::{Console, Exit, to_stdout};
use super::interrupt::on_interrupt;
use super::read::Given;
use super::target;

/// Read a document and show what was found where: an HTML page with each page's image, boxes drawn
/// over it, and the markdown beside
///
/// The page needs nothing else to be opened in a browser. Its boxes tell roles, reading order, table
/// cells and words; doubtful words are marked. The keys n and p go from page to page.
#[derive(Debug, clap::Args)]
pub(super) struct InspectArgs {
    /// A PDF file or image; `-` for standard input, an http(s) URL or a data URI
    #[arg(value_name = "FILE")]
    file: OsString,

    /// Where to write the HTML page [default: stdout]
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,

    /// Resolution of the page images, 10 to 1200 dots an inch
    #[arg(long, value_name = "DPI", default_value_t = 110.0, help_heading = "Output")]
    image_dpi: f32,

    #[command(flatten)]
    reading: ReadingArgs,
}

/// Runs the subcommand.
pub(super) fn run(args: &InspectArgs, console: &Console) -> anyhow::Result<Exit> {
    let input = Given::new(&args.file);
    let options = args.reading.options()?;
    let engine = args.reading.engine()?;
    // Read and drawn from the same bytes: standard input comes only once.
    let call = Call { cancel: on_interrupt(), ..Call::default() };
    let source = engine.load(&input.source()?, &call)?;
    let mut images = engine.page_images(source.clone(), &options, args.image_dpi)?;
    let document = engine.read_with(source.clone(), &options, &call)?;
    console.warnings(&input.name(), &document.warnings);
    let html = export::inspect(&document, |page| {
        // Pages that failed have an image and no reading.
        let found = images.by_ref().find_map(|image| match image {
            Ok(image) if image.index < page.index => None,
            Ok(image) => Some(Ok(image)),
            Err(error) => Some(Err(error)),
        })?;
        match found {
            Ok(image) => (image.index == page.index).then_some(image),
            Err(error) => {
                console.warning(format_args!("no image of page {}: {error}", page.index));
                None::<PageImage>
            }
        }
    })?;
    match &args.output {
        Some(file) if file.as_os_str() != "-" => {
            target::write(file, html.as_bytes(), &input.path().into_iter().collect::<Vec<_>>())?;
            console.note(format_args!("{} is in {}", input.name(), file.display()));
        }
        _ => to_stdout(&html)?,
    }
    Ok(if document.status == Status::Success { Exit::Success } else { Exit::Partial })
}
