//! A provider of your own: it lets another one read and takes e-mail addresses out of the result.
//!
//! Code that is written against [`OcrProvider`] does not care who reads: this machine, a service, or
//! a wrapper such as this one.
//!
//! ```sh
//! cargo run --release --example provider -- report.pdf
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::sync::Arc;

use recto::provider::{LocalProvider, OcrModel, OcrProvider, OcrRequest, OcrResponse};
use recto::{Call, Engine, Source};

/// Reads by way of another provider, and hides e-mail addresses.
#[derive(Debug)]
struct Discreet<P>(P);

/// What stands where an address was.
const HIDDEN: &str = "[e-mail]";

impl<P: OcrProvider> OcrProvider for Discreet<P> {
    fn name(&self) -> &str {
        "discreet"
    }

    /// The other provider's models, at its prices.
    fn models(&self) -> recto::Result<Vec<OcrModel>> {
        let mut models = self.0.models()?;
        for model in &mut models {
            model.provider = self.name().to_owned();
        }
        Ok(models)
    }

    fn ocr(&self, request: &OcrRequest, call: &Call) -> recto::Result<OcrResponse> {
        // The call goes along: deadline, cancel flag and progress hold for the inner provider too.
        let mut response = self.0.ocr(request, call)?;
        for page in &mut response.pages {
            page.markdown = without_addresses(&page.markdown);
            // Links hold addresses as well.
            page.hyperlinks.retain(|link| !link.starts_with("mailto:"));
        }
        response.provider = self.name().to_owned();
        Ok(response)
    }
}

/// The text with every word that has an `@` between other characters hidden. Spaces and line
/// breaks stay as they are.
fn without_addresses(text: &str) -> String {
    text.split_inclusive(char::is_whitespace)
        .map(|piece| {
            let word = piece.trim_end();
            let inner = word.trim_matches('@');
            if inner.contains('@') { piece.replace(word, HIDDEN) } else { piece.to_owned() }
        })
        .collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: provider FILE")?;

    let local = LocalProvider::new(Arc::new(Engine::builder().build()?));
    let provider: Box<dyn OcrProvider> = Box::new(Discreet(local));

    let request = OcrRequest {
        model: Some("docling/docling-latest".to_owned()),
        extract_header: true,
        ..OcrRequest::new(Source::path(path))
    };
    let response = provider.ocr(&request, &Call::default())?;
    for page in &response.pages {
        println!("{}", page.markdown);
        if let Some(header) = &page.header {
            eprintln!("page {} is headed {header:?}", page.index);
        }
    }
    for warning in &response.warnings {
        eprintln!("warning: {warning}");
    }
    eprintln!("{} page(s), read by {}", response.usage.pages_processed, response.provider);
    Ok(())
}
