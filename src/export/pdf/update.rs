//! The text layer as an incremental update of a PDF (ISO 32000-1, 7.5.6): the file stays as it is,
//! byte by byte, and what is new follows it.

use std::collections::HashMap;

use lopdf::{Dictionary, Document as Pdf, IncrementalDocument, Object, ObjectId};

use super::font::{Font, packed};
use super::space::{PageSpace, inherited};
use super::{PdfOptions, hidden, layer};
use crate::document::{Document, Page, TextSource};
use crate::error::{Error, Result};

/// Forms within forms are followed so far.
const DEEPEST_FORM: usize = 8;
/// Bytes of a page's content and of the forms it draws, once unpacked, in which invisible text is
/// looked for. What goes beyond stays as it is.
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

/// A page's content without invisible text.
struct StrippedPage {
    content: StrippedContent,
    /// The forms that change, those within others before these.
    forms: Vec<StrippedForm>,
}

/// Content without invisible text.
struct StrippedContent {
    bytes: Vec<u8>,
    /// The forms it draws that change: their names, and their places among all that do.
    forms: Vec<(Vec<u8>, usize)>,
    /// All that it may draw, under its names; empty where it draws no such form.
    objects: Dictionary,
}

struct StrippedForm {
    dictionary: Dictionary,
    /// Where forms within it change.
    resources: Option<Dictionary>,
    content: StrippedContent,
}

/// `None` where there is no invisible text, and where the content cannot be unpacked.
fn strip_page(pdf: &Pdf, contents: &[Object], resources: &Dictionary) -> Option<StrippedPage> {
    let mut stripper =
        Stripper { pdf, left: MOST_CONTENT, seen: HashMap::new(), forms: Vec::new() };
    let mut content = Vec::new();
    for part in contents {
        let stream = pdf.dereference(part).ok()?.1.as_stream().ok()?;
        content.extend(stripper.unpacked(stream)?);
        // Streams part tokens.
        content.push(b'\n');
    }
    let content = stripper.strip(&content, resources, false, DEEPEST_FORM)?;
    Some(StrippedPage { content, forms: stripper.forms })
}

/// Takes the invisible text out of one page. Whoever wrote the page may want this to go on for ever:
/// each form is looked at once, and all of it has one bound.
struct Stripper<'a> {
    pdf: &'a Pdf,
    /// Bytes that may still be unpacked or copied.
    left: usize,
    /// The forms that were looked at, each by whether its text is invisible from the start: its place
    /// among those that change. One that is being looked at has none, so circles end.
    seen: HashMap<(ObjectId, bool), Option<usize>>,
    forms: Vec<StrippedForm>,
}

impl Stripper<'_> {
    fn strip(
        &mut self,
        content: &[u8],
        resources: &Dictionary,
        invisible: bool,
        depth: usize,
    ) -> Option<StrippedContent> {
        let stripped = hidden::strip(content, invisible);
        let objects = resources.get_deref(b"XObject", self.pdf).and_then(Object::as_dict).ok();
        let mut forms = Vec::new();
        for (&name, &invisible) in &stripped.drawn {
            let object = objects.and_then(|objects| objects.get(name).ok());
            let form = object.and_then(|o| self.form(o, resources, invisible, depth));
            forms.extend(form.map(|place| (name.to_vec(), place)));
        }
        if forms.is_empty() && !stripped.changed {
            return None;
        }
        let objects = objects.filter(|_| !forms.is_empty()).cloned().unwrap_or_default();
        self.pay(weight(&objects))?;
        Some(StrippedContent { bytes: stripped.content, forms, objects })
    }

    /// The place of a form among those that change; `None` for what stays as it is.
    fn form(
        &mut self,
        object: &Object,
        around: &Dictionary,
        invisible: bool,
        depth: usize,
    ) -> Option<usize> {
        let (id, object) = self.pdf.dereference(object).ok()?;
        let form = object.as_stream().ok()?;
        let is_form =
            form.dict.get(b"Subtype").is_ok_and(|s| s.as_name().is_ok_and(|s| s == b"Form"));
        if depth == 0 || !is_form {
            return None;
        }
        let key = (id?, invisible);
        if let Some(known) = self.seen.get(&key) {
            return *known;
        }
        self.seen.insert(key, None);
        // A form without resources of its own uses those around it.
        let own = form.dict.get_deref(b"Resources", self.pdf).and_then(Object::as_dict);
        let own = own.unwrap_or(around);
        let content = self.unpacked(form)?;
        let content = self.strip(&content, own, invisible, depth - 1)?;
        let mut resources = None;
        if !content.forms.is_empty() {
            self.pay(weight(own))?;
            resources = Some(own.clone());
        }
        let place = self.forms.len();
        self.forms.push(StrippedForm { dictionary: form.dict.clone(), resources, content });
        self.seen.insert(key, Some(place));
        Some(place)
    }

    fn unpacked(&mut self, stream: &lopdf::Stream) -> Option<Vec<u8>> {
        let content = stream.get_plain_content_with_limit(self.left).ok();
        // What cannot be unpacked may have taken as long as what is too large.
        self.pay(content.as_ref().map_or(usize::MAX, |content| content.len() + 1))?;
        content
    }

    /// Takes so much of what is left, or all where that is not enough.
    fn pay(&mut self, bytes: usize) -> Option<()> {
        let left = self.left.checked_sub(bytes);
        self.left = left.unwrap_or(0);
        left.and(Some(()))
    }
}

/// About as many bytes as a copy of it takes.
fn weight(dictionary: &Dictionary) -> usize {
    fn of(object: &Object) -> usize {
        let inside: usize = match object {
            Object::Array(items) => items.iter().map(of).sum(),
            Object::Dictionary(inner) => weight(inner),
            Object::Name(text) | Object::String(text, _) => text.len(),
            _ => 0,
        };
        size_of::<Object>() + inside
    }
    dictionary.iter().map(|(name, value)| name.len() + of(value)).sum()
}

impl StrippedPage {
    /// Adds the content and the forms, and names the new forms in the resources.
    fn add(self, pdf: &mut Pdf, resources: &mut Dictionary) -> ObjectId {
        let mut ids = Vec::with_capacity(self.forms.len());
        for StrippedForm { mut dictionary, resources: own, content } in self.forms {
            dictionary.remove(b"Filter");
            dictionary.remove(b"DecodeParms");
            let bytes = match own {
                Some(mut own) => {
                    let bytes = content.named(&ids, &mut own);
                    dictionary.set("Resources", Object::Dictionary(own));
                    bytes
                }
                None => content.bytes,
            };
            ids.push(pdf.add_object(packed(dictionary, bytes)));
        }
        let bytes = self.content.named(&ids, resources);
        pdf.add_object(packed(Dictionary::new(), bytes))
    }
}

impl StrippedContent {
    /// The content; its new forms are named in the resources.
    fn named(mut self, ids: &[ObjectId], resources: &mut Dictionary) -> Vec<u8> {
        if !self.forms.is_empty() {
            for (name, place) in self.forms {
                self.objects.set(name, Object::Reference(ids[place]));
            }
            resources.set("XObject", Object::Dictionary(self.objects));
        }
        self.bytes
    }
}

#[cfg(test)]
mod tests;
