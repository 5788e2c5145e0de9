//! The text layer as an incremental update of a PDF (ISO 32000-1, 7.5.6): the file stays as it is,
//! byte by byte, and what is new follows it.

use lopdf::{Dictionary, Document as Pdf, IncrementalDocument, Object, ObjectId};

use super::font::{Font, packed};
use super::space::{PageSpace, inherited};
use super::{PdfOptions, hidden, layer};
use crate::document::{Document, Page, TextSource};
use crate::error::{Error, Result};

/// Forms within forms are followed so far.
const DEEPEST_FORM: usize = 8;
/// Largest content of a page, in bytes once unpacked, in which invisible text is looked for.
const MOST_CONTENT: usize = 256 << 20;

/// The PDF with a text layer on the pages that were recognised; as it is where there are none.
pub(super) fn update(
    document: &Document,
    original: &[u8],
    options: &PdfOptions,
) -> Result<Vec<u8>> {
    let pages: Vec<&Page> =
        document.pages.iter().filter(|p| p.words.iter().any(layer::is_set)).collect();
    if pages.is_empty() {
        return Ok(original.to_vec());
    }
    let name = document.name.clone().unwrap_or_else(|| "the document".to_owned());
    let old = open(&name, original, options)?;
    let ids: Vec<ObjectId> = old.page_iter().collect();
    let font = Font::new(super::texts(document));
    let mut update = IncrementalDocument::create_from(original.to_vec(), old);
    // lopdf marks what was at the end of the last revision; whatever it is, it stays there.
    let font_id = font.add(&mut update.new_document);
    for page in pages {
        let &id = ids.get(page.index).ok_or_else(|| Error::Damaged {
            name: name.clone(),
            detail: format!("page {} is not in its page tree", page.index),
        })?;
        add_layer(&mut update, id, page, &font, font_id)
            .map_err(|error| Error::stage("PDF output", error))?;
    }
    let mut bytes = Vec::new();
    update.save_to(&mut bytes).map_err(|error| Error::stage("PDF output", error))?;
    if !bytes.ends_with(b"\n") {
        bytes.push(b'\n');
    }
    Ok(bytes)
}

fn open(name: &str, original: &[u8], options: &PdfOptions) -> Result<Pdf> {
    // Without a password, the empty one: many encrypted files have it.
    let password = options.password.as_deref().unwrap_or_default();
    let damaged = |detail: String| Error::Damaged {
        name: name.to_owned(),
        detail: format!(
            "no text layer can be added to it ({detail}); repair it first, with `qpdf in.pdf out.pdf`"
        ),
    };
    let pdf = Pdf::load_mem_with_options(original, lopdf::LoadOptions::with_password(password));
    match pdf {
        Ok(pdf) if pdf.page_iter().next().is_none() => {
            Err(damaged("it has no page tree".to_owned()))
        }
        Ok(pdf) => Ok(pdf),
        Err(
            lopdf::Error::InvalidPassword
            | lopdf::Error::Decryption(lopdf::encryption::DecryptionError::IncorrectPassword),
        ) => Err(if options.password.is_none() {
            Error::PasswordMissing { name: name.to_owned() }
        } else {
            Error::PasswordWrong { name: name.to_owned() }
        }),
        Err(error) => Err(damaged(error.to_string())),
    }
}

fn add_layer(
    update: &mut IncrementalDocument,
    id: ObjectId,
    page: &Page,
    font: &Font,
    font_id: ObjectId,
) -> lopdf::Result<()> {
    let old = update.get_prev_documents();
    let mut dictionary = old.get_dictionary(id)?.clone();
    let space = PageSpace::of(old, id, page.rotation, page.size);
    let mut resources = inherited(old, id, b"Resources")
        .and_then(|o| o.as_dict().ok())
        .cloned()
        .unwrap_or_default();
    let mut contents = streams(old, &dictionary);
    let stripped = if page.text_source == TextSource::Ocr {
        // Everything was read anew: an invisible layer that was there is replaced.
        strip_page(old, &contents, &resources)
    } else {
        None
    };
    let mut fonts = sub_dictionary(old, &resources, b"Font");
    let name = free_name(&fonts);
    fonts.set(name.clone(), Object::Reference(font_id));
    resources.set("Font", Object::Dictionary(fonts));
    let Some(text) = layer::content(page, &space, font, &name) else { return Ok(()) };
    let new = &mut update.new_document;
    if let Some(stripped) = stripped {
        contents = vec![Object::Reference(stripped.add(new, &mut resources))];
    }
    // Before all else: there no graphics state is in force that could move it.
    let text = new.add_object(packed(Dictionary::new(), text.into_bytes()));
    contents.insert(0, Object::Reference(text));
    dictionary.set("Contents", contents);
    dictionary.set("Resources", Object::Dictionary(resources));
    new.set_object(id, dictionary);
    Ok(())
}

/// References to a page's content streams.
fn streams(pdf: &Pdf, page: &Dictionary) -> Vec<Object> {
    let Ok(contents) = page.get(b"Contents") else { return Vec::new() };
    match pdf.dereference(contents) {
        Ok((_, Object::Array(parts))) => parts.clone(),
        Ok((Some(id), Object::Stream(_))) => vec![Object::Reference(id)],
        _ => Vec::new(),
    }
}

fn sub_dictionary(pdf: &Pdf, dictionary: &Dictionary, key: &[u8]) -> Dictionary {
    dictionary.get_deref(key, pdf).and_then(Object::as_dict).cloned().unwrap_or_default()
}

/// A resource name that the page does not use.
fn free_name(fonts: &Dictionary) -> String {
    let mut name = "RectoOcr".to_owned();
    let mut number = 1;
    while fonts.has(name.as_bytes()) {
        number += 1;
        name = format!("RectoOcr{number}");
    }
    name
}

/// Content without invisible text, and the forms that it draws, where they had some.
struct StrippedPage {
    content: Vec<u8>,
    /// All that the content may draw, under its names.
    objects: Dictionary,
    /// The forms that change.
    forms: Vec<StrippedForm>,
}

struct StrippedForm {
    name: Vec<u8>,
    dictionary: Dictionary,
    resources: Dictionary,
    inner: StrippedPage,
}

/// `None` where there is no invisible text.
fn strip_page(pdf: &Pdf, contents: &[Object], resources: &Dictionary) -> Option<StrippedPage> {
    let mut content = Vec::new();
    for part in contents {
        let stream = pdf.dereference(part).ok()?.1.as_stream().ok()?;
        content.extend(unpacked(stream)?);
        // Streams part tokens.
        content.push(b'\n');
    }
    strip(pdf, &content, resources, 0, DEEPEST_FORM)
}

fn unpacked(stream: &lopdf::Stream) -> Option<Vec<u8>> {
    stream.get_plain_content_with_limit(MOST_CONTENT).ok()
}

fn strip(
    pdf: &Pdf,
    content: &[u8],
    resources: &Dictionary,
    mode: i64,
    depth: usize,
) -> Option<StrippedPage> {
    let stripped = hidden::strip(content, mode);
    let objects = sub_dictionary(pdf, resources, b"XObject");
    let mut forms: Vec<StrippedForm> = Vec::new();
    for (name, mode) in stripped.drawn {
        if depth == 0 || forms.iter().any(|f| f.name == name) {
            continue;
        }
        let Ok(form) = objects.get_deref(&name, pdf).and_then(Object::as_stream) else { continue };
        if !form.dict.get(b"Subtype").is_ok_and(|s| s.as_name().is_ok_and(|s| s == b"Form")) {
            continue;
        }
        // A form without resources of its own uses the page's.
        let own = if form.dict.has(b"Resources") {
            sub_dictionary(pdf, &form.dict, b"Resources")
        } else {
            resources.clone()
        };
        let inner = unpacked(form).and_then(|c| strip(pdf, &c, &own, mode, depth - 1));
        if let Some(inner) = inner {
            let dictionary = form.dict.clone();
            forms.push(StrippedForm { name, dictionary, resources: own, inner });
        }
    }
    (stripped.changed || !forms.is_empty()).then_some(StrippedPage {
        content: stripped.content,
        objects,
        forms,
    })
}

impl StrippedPage {
    /// Adds the content, and names the new forms in the resources.
    fn add(self, pdf: &mut Pdf, resources: &mut Dictionary) -> ObjectId {
        let content = self.add_forms(pdf, resources);
        pdf.add_object(packed(Dictionary::new(), content))
    }

    fn add_forms(mut self, pdf: &mut Pdf, resources: &mut Dictionary) -> Vec<u8> {
        for StrippedForm { name, mut dictionary, resources: mut own, inner } in self.forms {
            let content = inner.add_forms(pdf, &mut own);
            dictionary.remove(b"Filter");
            dictionary.remove(b"DecodeParms");
            dictionary.set("Resources", Object::Dictionary(own));
            let id = pdf.add_object(packed(dictionary, content));
            self.objects.set(name, Object::Reference(id));
        }
        if !self.objects.is_empty() {
            resources.set("XObject", Object::Dictionary(self.objects));
        }
        self.content
    }
}

#[cfg(test)]
mod tests;
