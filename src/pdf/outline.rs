//! The outline as evidence for headings: which of its entries say something.

use super::ffi::Bookmark;

/// Leaves out what programs put into outlines by themselves: "Page 3", "Slide 12", names of
/// files, and outlines that are nothing but one entry for each page.
pub(super) fn telling(mut all: Vec<Bookmark>, page_count: usize) -> Vec<Bookmark> {
    /// With fewer pages, one entry for each may be their titles.
    const LEAST_PAGES: usize = 3;
    let flat = all.iter().all(|b| b.depth == 0);
    let by_page = all.windows(2).all(|w| w[0].page < w[1].page);
    if flat && by_page && all.len() >= page_count && page_count >= LEAST_PAGES {
        return Vec::new();
    }
    let own = all.iter().filter(|b| !is_made_up(&b.title)).count();
    if own * 2 < all.len() {
        return Vec::new();
    }
    all.retain(|b| !is_made_up(&b.title));
    all
}

/// Whether a program made the title up: a word for a page with its number, or a file's name.
fn is_made_up(title: &str) -> bool {
    const WORDS: [&str; 16] = [
        "page",
        "slide",
        "sheet",
        "folie",
        "seite",
        "diapositive",
        "diapositiva",
        "p",
        "pg",
        "blank",
        "untitled",
        "página",
        "sida",
        "strana",
        "страница",
        "bookmark",
    ];
    let lower = title.trim().to_lowercase();
    let file = [".pdf", ".doc", ".docx", ".ppt", ".pptx", ".indd", ".xls", ".xlsx", ".tif", ".jpg"];
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty()).collect();
    let only_number = words.is_empty();
    file.iter().any(|end| lower.ends_with(end))
        || only_number
        || words.iter().all(|w| WORDS.contains(w))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(title: &str, depth: u8, page: usize) -> Bookmark {
        Bookmark { title: title.to_owned(), depth, page, at: None }
    }

    #[test]
    fn entries_made_by_programs_say_nothing() {
        for title in ["Page 3", "Slide 12", "12", "report-final.docx", "Seite 4", "- 7 -"] {
            assert!(is_made_up(title), "{title}");
        }
        for title in ["Pages of a book", "1 Slides", "Introduction", "Chapter 1", "図 4"] {
            assert!(!is_made_up(title), "{title}");
        }
        let pages: Vec<Bookmark> = (0..4).map(|n| entry(&format!("Page {n}"), 0, n)).collect();
        assert_eq!(telling(pages, 9), []);
    }

    #[test]
    fn one_entry_for_each_page_is_no_outline() {
        let each: Vec<Bookmark> = (0..4).map(|n| entry("Some title", 0, n)).collect();
        assert_eq!(telling(each.clone(), 4), []);
        // Of a longer document the same are chapters.
        assert_eq!(telling(each.clone(), 20), each);
        let nested = vec![entry("A", 0, 0), entry("B", 1, 1), entry("C", 1, 2)];
        assert_eq!(telling(nested.clone(), 3), nested);
    }
}
