use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::error::Error;
use crate::provider::OcrPage;

/// Counts what it is asked for; fails documents that say so.
#[derive(Debug, Default)]
struct Counting(AtomicUsize);

impl OcrProvider for Counting {
    fn name(&self) -> &str {
        "counting"
    }

    fn models(&self) -> Result<Vec<OcrModel>> {
        Ok(Vec::new())
    }

    fn ocr(&self, request: &OcrRequest, _: &Call) -> Result<OcrResponse> {
        let n = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        let Source::Bytes { bytes, .. } = &request.document else {
            return Ok(OcrResponse::new("file", "a/b", "a"));
        };
        let mut response = OcrResponse::new(format!("ocr_{n}"), "a/b", "a");
        match &bytes[..] {
            b"bad" => return Err(Error::EmptyInput { name: "x".to_owned() }),
            b"partly" => response.status = Status::Partial,
            bytes => {
                let markdown = String::from_utf8_lossy(bytes).into_owned();
                response.pages.push(OcrPage { markdown, ..OcrPage::default() });
            }
        }
        response.usage.cost = Some(0.5);
        Ok(response)
    }
}

const DAY: Duration = Duration::from_secs(86_400);

fn cached(folder: &Path, max_bytes: u64) -> (Cached, Arc<Counting>) {
    let inner = Arc::new(Counting::default());
    let store = CacheStore::open(folder, max_bytes, DAY).unwrap();
    (Cached::new(Arc::clone(&inner) as Arc<dyn OcrProvider>, store, "1"), inner)
}

fn request(content: &[u8]) -> OcrRequest {
    OcrRequest { model: Some("a/b".to_owned()), ..OcrRequest::new(Source::bytes(content, "x.pdf")) }
}

fn ask(provider: &Cached, request: &OcrRequest) -> OcrResponse {
    provider.ocr(request, &Call::default()).unwrap()
}

fn is_hit(response: &OcrResponse) -> bool {
    response.extra_fields["cache_debug"]["cache_hit"] == true
}

#[test]
fn the_same_request_is_read_once_also_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (provider, inner) = cached(dir.path(), 1 << 20);
    let first = ask(&provider, &request(b"one"));
    assert!(!is_hit(&first));
    assert_eq!(first.usage.cost, Some(0.5));
    let again = ask(&provider, &OcrRequest { id: Some("mine".into()), ..request(b"one") });
    assert!(is_hit(&again));
    assert_eq!((again.id.as_str(), again.usage.cost), ("mine", Some(0.0)));
    assert_eq!(again.pages, first.pages);
    let debug = &again.extra_fields["cache_debug"];
    assert_eq!((&debug["hit_type"], &debug["requested_provider"]), (&json!("direct"), &json!("a")));
    assert_eq!((&debug["requested_model"], &debug["model_used"]), (&json!("b"), &json!("a/b")));
    assert_eq!(inner.0.load(Ordering::Relaxed), 1);

    let (restarted, inner) = cached(dir.path(), 1 << 20);
    assert!(is_hit(&ask(&restarted, &request(b"one"))));
    assert_eq!(inner.0.load(Ordering::Relaxed), 0);
}

#[test]
fn whatever_changes_the_answer_is_another_request() {
    let dir = tempfile::tempdir().unwrap();
    let (provider, _) = cached(dir.path(), 1 << 20);
    ask(&provider, &request(b"one"));
    let others = [
        request(b"two"),
        OcrRequest { model: None, ..request(b"one") },
        OcrRequest { pages: Some("0".parse().unwrap()), ..request(b"one") },
        OcrRequest { include_blocks: true, ..request(b"one") },
        OcrRequest { image_limit: Some(0), ..request(b"one") },
        OcrRequest { parameters: json!({ "lang": ["sv"] }), ..request(b"one") },
        OcrRequest { document_name: Some("y.pdf".into()), ..request(b"one") },
        OcrRequest { document_annotation_prompt: Some("?".into()), ..request(b"one") },
    ];
    for other in &others {
        assert!(!is_hit(&ask(&provider, other)), "{other:?}");
    }
    for other in &others {
        assert!(is_hit(&ask(&provider, other)), "{other:?}");
    }
    let newer = Cached::new(Arc::new(Counting::default()), provider.store, "2");
    assert!(!is_hit(&ask(&newer, &request(b"one"))));
}

#[test]
fn failures_and_parts_are_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let (provider, inner) = cached(dir.path(), 1 << 20);
    for _ in 0..2 {
        assert!(provider.ocr(&request(b"bad"), &Call::default()).is_err());
        assert!(!is_hit(&ask(&provider, &request(b"partly"))));
    }
    assert_eq!(inner.0.load(Ordering::Relaxed), 4);
}

#[test]
fn files_count_by_content_and_urls_are_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let (provider, _) = cached(&dir.path().join("cache"), 1 << 20);
    let path = dir.path().join("a.pdf");
    std::fs::write(&path, b"1").unwrap();
    let file = OcrRequest::new(Source::path(&path));
    assert!(!is_hit(&ask(&provider, &file)));
    assert!(is_hit(&ask(&provider, &file)));
    std::fs::write(&path, b"2").unwrap();
    assert!(!is_hit(&ask(&provider, &file)));

    let url = OcrRequest::new("https://example.org/a.pdf".parse().unwrap());
    for _ in 0..2 {
        let response = ask(&provider, &url);
        assert!(!is_hit(&response));
        assert_eq!(response.extra_fields["cache_debug"]["cache_id"], Value::Null);
    }
}

#[test]
fn what_was_used_longest_ago_makes_room() {
    let dir = tempfile::tempdir().unwrap();
    let size = {
        let (provider, _) = cached(&dir.path().join("measure"), 1 << 20);
        ask(&provider, &request(b"0"));
        let file = std::fs::read_dir(dir.path().join("measure")).unwrap().next().unwrap().unwrap();
        file.metadata().unwrap().len()
    };
    let (provider, _) = cached(&dir.path().join("small"), size * 3 + size / 2);
    for content in [b"1", b"2", b"3"] {
        ask(&provider, &request(content));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(is_hit(&ask(&provider, &request(b"1"))), "used just now");
    ask(&provider, &request(b"4"));
    assert!(is_hit(&ask(&provider, &request(b"1"))));
    assert!(is_hit(&ask(&provider, &request(b"4"))));
    assert!(!is_hit(&ask(&provider, &request(b"2"))));
}

#[test]
fn old_and_damaged_answers_are_read_anew() {
    let dir = tempfile::tempdir().unwrap();
    let (provider, inner) = cached(dir.path(), 1 << 20);
    ask(&provider, &request(b"one"));
    let file = std::fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&file, b"{").unwrap();
    assert!(!is_hit(&ask(&provider, &request(b"one"))));
    assert!(is_hit(&ask(&provider, &request(b"one"))));
    let strict = CacheStore::open(dir.path(), 1 << 20, Duration::ZERO).unwrap();
    std::thread::sleep(Duration::from_millis(20));
    let provider = Cached::new(inner, strict, "1");
    assert!(!is_hit(&ask(&provider, &request(b"one"))));
}
