//! Documents that tests make up.

// Not every test uses all of them.
#![allow(dead_code)]

/// A PDF with so many pages, each with its number as text.
pub(crate) fn pdf(pages: usize) -> Vec<u8> {
    pdf_of(pages, |page| vec![format!("This is page {page}")])
}

/// A PDF with so many pages of these lines each: some 90 characters fit in one, and 50 on a page.
pub(crate) fn pdf_of(pages: usize, lines: impl Fn(usize) -> Vec<String>) -> Vec<u8> {
    let pages: Vec<_> = (0..pages).map(|page| Some(lines(page))).collect();
    pdf_with(&pages)
}

/// A PDF with a page of lines each; `None` is a page that is not there.
pub(crate) fn pdf_with(pages: &[Option<Vec<String>>]) -> Vec<u8> {
    let mut objects = vec![
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        String::new(),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
    ];
    let mut kids = String::new();
    for page in pages {
        let Some(lines) = page else {
            kids.push_str("999 0 R ");
            continue;
        };
        let lines = lines.join(") Tj T* (");
        let content = format!("BT /F 12 Tf 14 TL 72 720 Td ({lines}) Tj ET");
        objects.push(format!("<</Length {}>>stream\n{content}\nendstream", content.len()));
        objects.push(format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents {} 0 R\
             /Resources<</Font<</F 3 0 R>>>>>>",
            objects.len()
        ));
        kids.push_str(&format!("{} 0 R ", objects.len()));
    }
    objects[1] = format!("<</Type/Pages/Kids[{kids}]/Count {}>>", pages.len());
    file_of(&objects)
}

/// A PDF with one page of US Letter that draws this content; the font is F. What else the page
/// needs stands in `resources`, and refers to the objects from 5 on.
pub(crate) fn page_of(content: &str, resources: &str, objects: &[String]) -> Vec<u8> {
    let mut all = vec![
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F \
             <</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>{resources}>>>>"
        ),
        stream("", content),
    ];
    all.extend_from_slice(objects);
    file_of(&all)
}

/// A stream with these entries in its dictionary.
pub(crate) fn stream(entries: &str, content: &str) -> String {
    format!("<<{entries}/Length {}>>stream\n{content}\nendstream", content.len())
}

/// A PDF of these objects, numbered from 1; the first is the catalog.
pub(crate) fn file_of(objects: &[String]) -> Vec<u8> {
    let mut file = "%PDF-1.4\n".to_owned();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (i, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.push_str(&format!("{} 0 obj\n{object}\nendobj\n", i + 1));
    }
    let start = file.len();
    file.push_str(&table);
    file.push_str(&format!(
        "trailer<</Size {}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n",
        objects.len() + 1
    ));
    file.into_bytes()
}
