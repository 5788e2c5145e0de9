use lopdf::{Stream, dictionary};

use super::*;
use crate::document::{Role, Word, WordOrigin};
use crate::export::testing::{document, page, text_block, word};

/// A PDF of one page with this content; resources and boxes are handed down by the page tree.
fn pdf(content: &str, form: &str) -> Vec<u8> {
    let mut pdf = Pdf::with_version("1.4");
    let tree = pdf.new_object_id();
    let font = pdf.add_object(dictionary! {
        "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica",
    });
    let form = pdf.add_object(Stream::new(
        dictionary! {
            "Type" => "XObject", "Subtype" => "Form",
            "BBox" => vec![0.into(), 0.into(), 200.into(), 100.into()],
        },
        form.as_bytes().to_vec(),
    ));
    let content = pdf.add_object(Stream::new(dictionary! {}, content.as_bytes().to_vec()));
    let page = pdf.add_object(dictionary! {
        "Type" => "Page", "Parent" => tree, "Contents" => content,
    });
    pdf.set_object(
        tree,
        dictionary! {
            "Type" => "Pages", "Kids" => vec![page.into()], "Count" => 1,
            "MediaBox" => vec![0.into(), 0.into(), 200.into(), 100.into()],
            "Resources" => dictionary! {
                "Font" => dictionary! { "F1" => font, "RectoOcr" => font },
                "XObject" => dictionary! { "Fm" => form },
            },
        },
    );
    let catalog = pdf.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    pdf.trailer.set("Root", catalog);
    let mut bytes = Vec::new();
    pdf.save_to(&mut bytes).unwrap();
    bytes
}

fn read(words: Vec<Word>) -> Document {
    let all: Vec<u32> = (0..words.len() as u32).collect();
    document(vec![page(words, |w| vec![text_block(w, Role::Paragraph, &[&all])])])
}

fn updated(document: &Document, original: &[u8]) -> (Vec<u8>, Pdf) {
    let bytes = update(document, original, &PdfOptions::default()).unwrap();
    let pdf = Pdf::load_mem(&bytes).unwrap();
    (bytes, pdf)
}

/// The content of the only page, part by part.
fn parts(pdf: &Pdf) -> Vec<String> {
    let page = pdf.page_iter().next().unwrap();
    let ids = pdf.get_page_contents(page);
    let part = |id| pdf.get_object(id).unwrap().as_stream().unwrap().get_plain_content().unwrap();
    ids.into_iter().map(|id| String::from_utf8(part(id)).unwrap()).collect()
}

/// The form that the page draws.
fn form(pdf: &Pdf) -> &Stream {
    let page = pdf.get_dictionary(pdf.page_iter().next().unwrap()).unwrap();
    let resources = page.get(b"Resources").unwrap().as_dict().unwrap();
    let objects = resources.get(b"XObject").unwrap().as_dict().unwrap();
    objects.get_deref(b"Fm", pdf).unwrap().as_stream().unwrap()
}

#[test]
fn the_original_stays_and_the_layer_comes_first() {
    let original = pdf("q 2 0 0 2 0 0 cm BT /F1 9 Tf (seen) Tj ET", "");
    let (bytes, after) = updated(&read(vec![word("nono", 20.0, 30.0)]), &original);
    assert!(bytes.starts_with(&original));
    let parts = parts(&after);
    assert_eq!(parts.len(), 2);
    assert!(parts[0].contains("1 0 0 1 20 60 Tm 100 Tz"), "{}", parts[0]);
    assert_eq!(parts[1], "q 2 0 0 2 0 0 cm BT /F1 9 Tf (seen) Tj ET");
    // What the page tree hands down is not hidden, and a name in use is not taken.
    let page = after.get_dictionary(after.page_iter().next().unwrap()).unwrap();
    let resources = page.get(b"Resources").unwrap().as_dict().unwrap();
    let fonts = resources.get(b"Font").unwrap().as_dict().unwrap();
    assert!(["F1", "RectoOcr", "RectoOcr2"].iter().all(|name| fonts.has(name.as_bytes())));
    assert!(resources.has(b"XObject") && parts[0].contains("/RectoOcr2 10 Tf"));
    assert_eq!(bytes, updated(&read(vec![word("nono", 20.0, 30.0)]), &original).0);
}

#[test]
fn nothing_recognised_nothing_changed() {
    let original = pdf("BT (seen) Tj ET", "");
    let mut layered = word("seen", 0.0, 0.0);
    layered.origin = WordOrigin::TextLayer;
    let same = update(&read(vec![layered]), &original, &PdfOptions::default()).unwrap();
    assert_eq!(same, original);
}

#[test]
fn an_invisible_layer_is_replaced_in_forms_too() {
    let original =
        pdf("q 3 Tr BT (old) Tj ET /Fm Do Q BT (seen) Tj ET", "BT (deep) Tj 0 Tr (kept) Tj ET");
    let (_, after) = updated(&read(vec![word("new", 0.0, 0.0)]), &original);
    let content = parts(&after)[1].clone();
    assert_eq!(content.trim_end(), "q 3 Tr BT          ET /Fm Do Q BT (seen) Tj ET");
    assert_eq!(form(&after).get_plain_content().unwrap(), b"BT           0 Tr (kept) Tj ET");
}

#[test]
fn beside_a_text_layer_that_is_used_nothing_is_taken_out() {
    let original = pdf("3 Tr BT (good) Tj ET", "");
    let mut document = read(vec![word("new", 0.0, 0.0)]);
    document.pages[0].text_source = TextSource::Mixed;
    let (_, after) = updated(&document, &original);
    assert_eq!(parts(&after)[1], "3 Tr BT (good) Tj ET");
}

#[test]
fn what_cannot_be_extended_is_an_error_that_names_it() {
    let document = read(vec![word("new", 0.0, 0.0)]);
    let error =
        update(&document, b"%PDF-1.4 and then nothing", &PdfOptions::default()).unwrap_err();
    assert!(matches!(&error, Error::Damaged { detail, .. } if detail.contains("qpdf")), "{error}");
    let mut beyond = document;
    beyond.pages[0].index = 7;
    let error = update(&beyond, &pdf("", ""), &PdfOptions::default()).unwrap_err();
    assert!(error.to_string().contains("page 7"), "{error}");
}

/// What the page's content is made of.
fn contents(pdf: &Pdf) -> Vec<Object> {
    let page = pdf.get_dictionary(pdf.page_iter().next().unwrap()).unwrap();
    page.get(b"Contents").unwrap().as_array().unwrap().clone()
}

/// The same PDF, whose page names its content so many times.
fn repeated(original: &[u8], count: usize) -> Vec<u8> {
    let mut pdf = Pdf::load_mem(original).unwrap();
    let page = pdf.page_iter().next().unwrap();
    let page = pdf.get_object_mut(page).unwrap().as_dict_mut().unwrap();
    let content = page.get(b"Contents").unwrap().clone();
    page.set("Contents", vec![content; count]);
    let mut bytes = Vec::new();
    pdf.save_to(&mut bytes).unwrap();
    bytes
}

#[test]
fn content_that_is_named_again_and_again_stays_as_it_is() {
    let document = read(vec![word("new", 0.0, 0.0)]);
    let content = "3 Tr BT (old) Tj ET";
    let twice = repeated(&pdf(content, ""), 2);
    let (_, after) = updated(&document, &twice);
    assert_eq!(parts(&after)[1].trim_end(), "3 Tr BT          ET\n3 Tr BT          ET");
    // Half a gigabyte, of 64 kB.
    let long = content.to_owned() + &" ".repeat(65_536 - content.len());
    let many = repeated(&pdf(&long, ""), 8192);
    let (bytes, after) = updated(&document, &many);
    assert!(bytes.starts_with(&many));
    let parts = contents(&after);
    assert_eq!(parts.len(), 1 + 8192);
    assert!(parts[1..].iter().all(|part| *part == parts[1]));
}

#[test]
fn a_form_that_draws_itself_is_looked_at_once() {
    let document = read(vec![word("new", 0.0, 0.0)]);
    let draws = "/Fm Do 3 Tr /Fm Do 0 Tr ".repeat(20);
    let original = pdf("/Fm Do", &draws);
    let (bytes, after) = updated(&document, &original);
    assert!(bytes.starts_with(&original));
    assert_eq!(parts(&after)[1], "/Fm Do");
    // With something in it to take out, there is one new form, in which the old one is drawn.
    let original = pdf("/Fm Do", &format!("{draws}3 Tr BT (old) Tj ET"));
    let (_, after) = updated(&document, &original);
    let form = form(&after);
    let content = String::from_utf8(form.get_plain_content().unwrap()).unwrap();
    assert_eq!(content, format!("{draws}3 Tr BT          ET"));
    assert!(!form.dict.has(b"Resources"));
}

/// A form that is drawn visibly keeps its text, wherever else it is drawn.
#[test]
fn what_can_be_seen_of_a_form_stays() {
    let original = pdf("3 Tr /Fm Do 0 Tr /Fm Do BT 3 Tr (old) Tj ET", "BT (seen) Tj ET");
    let (_, after) = updated(&read(vec![word("new", 0.0, 0.0)]), &original);
    assert_eq!(parts(&after)[1].trim_end(), "3 Tr /Fm Do 0 Tr /Fm Do BT 3 Tr          ET");
    assert_eq!(form(&after).get_plain_content().unwrap(), b"BT (seen) Tj ET");
}
