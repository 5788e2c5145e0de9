//! `recto inspect`.

use std::fs;

use crate::{run, testdata};

#[test]
fn the_report_is_one_page_with_images_and_boxes() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("report.html");
    let input = testdata("pages/report.pdf");
    run(["inspect".as_ref(), input.as_os_str(), "-o".as_ref(), file.as_os_str()])
        .exits(0)
        .prints_nothing();
    let html = fs::read_to_string(&file).expect("the report");
    assert_eq!(html.matches("<section").count(), 2);
    assert_eq!(html.matches("href=\"data:image/jpeg;base64,/9j/").count(), 2);
    assert!(html.contains("Rain Gardens on Mill Street") && html.contains("class=\"cell"));
}

#[test]
fn pages_are_chosen_and_drawn_alike() {
    let input = testdata("pages/report.pdf");
    let ran =
        run(["inspect".as_ref(), input.as_os_str(), "--pages".as_ref(), "1".as_ref()]).exits(0);
    assert_eq!(ran.stdout.matches("<section").count(), 1);
    assert!(ran.stdout.contains("id=\"page-1\""));
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let input = testdata("pages/report.pdf");
    run(["inspect".as_ref(), input.as_os_str(), "--image-dpi".as_ref(), "5".as_ref()])
        .exits(2)
        .prints_nothing();
    run(["inspect", "nowhere.pdf"]).exits(1).prints_nothing();
}
