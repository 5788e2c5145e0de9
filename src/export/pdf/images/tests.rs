use ::tiff::encoder::{TiffEncoder, colortype};
use lopdf::Stream;

use super::*;
use crate::document::Role;
use crate::export::testing::{document, page, text_block, word};
use crate::geometry::Size;

fn two_pages() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut tiff = TiffEncoder::new(&mut bytes).unwrap();
    tiff.write_image::<colortype::Gray8>(2, 1, &[1, 2]).unwrap();
    tiff.write_image::<colortype::RGB16>(1, 1, &[0x0102, 0x0304, 0x0506]).unwrap();
    bytes.into_inner()
}

fn read(indices: &[usize]) -> Document {
    let pages = indices.iter().map(|&index| {
        let mut page =
            page(vec![word("nono", 20.0, 30.0)], |w| vec![text_block(w, Role::Paragraph, &[&[0]])]);
        page.index = index;
        page
    });
    document(pages.collect())
}

fn image(pdf: &Pdf, page: usize) -> &Stream {
    let id = pdf.page_iter().nth(page).unwrap();
    let resources = pdf.get_dictionary(id).unwrap().get(b"Resources").unwrap().as_dict().unwrap();
    let objects = resources.get(b"XObject").unwrap().as_dict().unwrap();
    objects.get_deref(b"Im0", pdf).unwrap().as_stream().unwrap()
}

#[test]
fn pages_of_a_tiff_keep_their_samples() {
    let written = pdf(&read(&[0, 1]), &two_pages()).unwrap();
    let pdf = Pdf::load_mem(&written).unwrap();
    assert_eq!(pdf.page_iter().count(), 2);
    assert_eq!(image(&pdf, 0).get_plain_content().unwrap(), [1, 2]);
    assert_eq!(image(&pdf, 1).get_plain_content().unwrap(), [1, 2, 3, 4, 5, 6]);
    // Only what was read.
    let second = pdf_of(&read(&[1]));
    assert_eq!(second.page_iter().count(), 1);
    assert_eq!(image(&second, 0).get_plain_content().unwrap().len(), 6);
}

fn pdf_of(document: &Document) -> Pdf {
    Pdf::load_mem(&pdf(document, &two_pages()).unwrap()).unwrap()
}

#[test]
fn a_page_that_lay_on_its_side_is_shown_upright() {
    let mut read = read(&[0]);
    read.pages[0].rotation = 90;
    let pdf = pdf_of(&read);
    let page = pdf.get_dictionary(pdf.page_iter().next().unwrap()).unwrap();
    let media: Vec<f32> = page
        .get(b"MediaBox")
        .and_then(Object::as_array)
        .unwrap()
        .iter()
        .map(|side| side.as_float().unwrap())
        .collect();
    assert_eq!(media, [0.0, 0.0, 100.0, 200.0], "as the image lies");
    assert_eq!(page.get(b"Rotate").and_then(Object::as_i64).unwrap(), 270);
    let content = pdf.get_page_content(pdf.page_iter().next().unwrap());
    let content = String::from_utf8(content).unwrap();
    // The word's lines run down the image: 20 from its top, 40 from its right.
    assert!(content.contains("0 -1 1 0 60 180 Tm 100 Tz"), "{content}");
    assert!(content.contains("q 100 0 0 200 0 0 cm /Im0 Do Q"), "{content}");
}

#[test]
fn every_orientation_fills_the_page_and_keeps_its_first_pixel_in_place() {
    // Where the image's top left goes on the page, by EXIF orientation: left or right, top or bottom.
    let corners = [(0, 1), (1, 1), (1, 0), (0, 0), (0, 1), (1, 1), (1, 0), (0, 0)];
    for (exif, corner) in (1..=8).zip(corners) {
        let shown = Shown {
            media: [0.0, 0.0, 1.0, 1.0],
            rotate: 0,
            orientation: Orientation::from_exif(exif).unwrap(),
        };
        let [a, b, c, d, e, f] = matrix(&shown.draw(&part(), "Im"));
        let at = |x: f32, y: f32| (a * x + c * y + e, b * x + d * y + f);
        assert_eq!(at(0.0, 1.0), (corner.0 as f32, corner.1 as f32), "orientation {exif}");
        let (x, y) = at(1.0, 0.0);
        assert_eq!((x, y), (1.0 - corner.0 as f32, 1.0 - corner.1 as f32), "orientation {exif}");
        // From orientation 5 on, rows become columns.
        assert_eq!(a == 0.0, exif > 4, "orientation {exif}");
    }
}

fn part() -> Part {
    Part::whole(Stream::new(Dictionary::new(), Vec::new()))
}

fn matrix(drawing: &str) -> [f32; 6] {
    let numbers: Vec<f32> = drawing.split(' ').filter_map(|n| n.parse().ok()).collect();
    numbers.try_into().unwrap()
}

#[test]
fn strips_stand_below_each_other() {
    let shown =
        Shown { media: [0.0, 0.0, 10.0, 100.0], rotate: 0, orientation: Orientation::NoTransforms };
    let upper = matrix(&shown.draw(&part().between(0.0, 0.25), "Im"));
    assert_eq!(upper, [10.0, 0.0, 0.0, 25.0, 0.0, 75.0]);
    let lower = matrix(&shown.draw(&part().between(0.25, 1.0), "Im"));
    assert_eq!(lower, [10.0, 0.0, 0.0, 75.0, 0.0, 0.0]);
}

#[test]
fn an_image_without_a_size_on_the_page_is_no_crash() {
    let mut read = read(&[0]);
    read.pages[0].size = Size::new(0.0, 0.0);
    assert!(pdf(&read, &two_pages()).is_ok());
    assert!(pdf(&read, b"no image at all").is_err());
}
