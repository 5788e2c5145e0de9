use std::io::Read;

use super::*;

fn settings(change: impl FnOnce(&mut FileSettings)) -> FileSettings {
    let mut settings = FileSettings::default();
    change(&mut settings);
    settings
}

fn open(folder: &Path) -> FileStore {
    FileStore::open(folder, FileSettings::default()).unwrap()
}

fn new(owner: Option<&str>) -> NewFile {
    NewFile {
        filename: "../../etc/passwd".to_owned(),
        purpose: "reference_media".to_owned(),
        owner: owner.map(str::to_owned),
        ..NewFile::default()
    }
}

fn store(files: &FileStore, content: &[u8], new: NewFile) -> FileRecord {
    let mut upload = files.upload().unwrap();
    for piece in content.chunks(3) {
        upload.write(piece).unwrap();
    }
    upload.finish(new).unwrap()
}

/// The names in a folder, of which ids are shown as `ID`.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| match name.split_once('.') {
            Some((id, suffix)) if id.len() == 36 => format!("ID.{suffix}"),
            _ => name,
        })
        .collect();
    names.sort();
    names
}

fn content(files: &FileStore, record: &FileRecord) -> Vec<u8> {
    let mut bytes = Vec::new();
    files.open_content(record).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn files_of_one_tick_of_the_clock_are_listed_newest_first() {
    let dir = tempfile::tempdir().unwrap();
    let files = open(dir.path());
    // As many as surely share a tick, were each given the time it came at.
    let mut stored: Vec<_> = (0..40).map(|_| store(&files, b"x", new(None)).id).collect();
    stored.reverse();
    let listed: Vec<_> = files.list(None).unwrap().iter().map(|record| record.id).collect();
    assert_eq!(listed, stored);
}

#[test]
fn files_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let record = store(&open(dir.path()), b"hello", new(None));
    assert_eq!(record.bytes, 5);
    assert_eq!(record.expires_ms - record.created_ms, 7 * 24 * 3600 * 1000);
    let files = open(dir.path());
    assert_eq!(files.get(record.id, None).as_ref(), Some(&record));
    assert_eq!(files.list(None).unwrap(), std::slice::from_ref(&record));
    assert_eq!(content(&files, &record), b"hello");
    assert_eq!(files.usage(), (1, 5));
    assert_eq!(record.filename, "../../etc/passwd", "a name is no path");
}

#[test]
fn deleted_files_are_gone_from_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let files = open(dir.path());
    let record = store(&files, b"hello", new(None));
    assert_eq!(names(dir.path()), ["ID.data", "ID.json"]);
    assert!(files.delete(record.id, None).unwrap());
    assert_eq!(names(dir.path()), Vec::<String>::new());
    assert_eq!((files.get(record.id, None), files.usage()), (None, (0, 0)));
    assert!(!files.delete(record.id, None).unwrap());
}

#[test]
fn a_file_deleted_while_it_is_read_goes_when_the_read_ends() {
    let dir = tempfile::tempdir().unwrap();
    let files = open(dir.path());
    let record = store(&files, b"hello", new(None));
    let source = files.source(&record).unwrap();
    let crate::source::Source::Stored(file) = source.clone() else { panic!("{source:?}") };
    assert!(files.delete(record.id, None).unwrap());
    assert_eq!(files.list(None).unwrap(), []);
    // Another process that sweeps the folder leaves it alone too.
    open(dir.path());
    assert_eq!(fs::read(file.path()).unwrap(), b"hello");
    drop(source);
    assert_eq!(names(dir.path()), ["ID.data"]);
    drop(file);
    assert_eq!(names(dir.path()), Vec::<String>::new());
}

#[test]
fn reading_a_file_does_not_remove_it() {
    let dir = tempfile::tempdir().unwrap();
    let files = open(dir.path());
    let record = store(&files, b"hello", new(None));
    let (one, two) = (files.source(&record).unwrap(), files.source(&record).unwrap());
    drop((one, two));
    assert_eq!(content(&files, &record), b"hello");
}

#[test]
fn an_upload_that_is_cut_off_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let files = open(dir.path());
    let mut upload = files.upload().unwrap();
    upload.write(b"hello").unwrap();
    assert_eq!(names(dir.path()), ["ID.part"]);
    assert_eq!(files.list(None).unwrap(), []);
    drop(upload);
    assert_eq!(names(dir.path()), Vec::<String>::new());
    assert_eq!(files.inner.usage().arriving, 0);
}

#[test]
fn leftovers_are_removed_at_the_start_and_uploads_under_way_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let files = open(dir.path());
    let kept = store(&files, b"kept", new(None));
    let mut upload = files.upload().unwrap();
    upload.write(b"on its way").unwrap();
    for suffix in ["part", "data", "json.part"] {
        fs::write(dir.path().join(format!("{}.{suffix}", FileId::random())), "left over").unwrap();
    }
    fs::write(dir.path().join("notes.part"), "somebody's own").unwrap();
    let again = open(dir.path());
    assert_eq!(names(dir.path()), ["ID.data", "ID.json", "ID.part", "notes.part"]);
    assert_eq!(again.list(None).unwrap(), [kept]);
    let record = upload.finish(new(None)).unwrap();
    assert_eq!(content(&again, &record), b"on its way");
}

#[test]
fn expired_files_are_never_served_and_are_removed() {
    let dir = tempfile::tempdir().unwrap();
    let files = open(dir.path());
    let soon = NewFile { keep: Some(Duration::ZERO), ..new(None) };
    let record = store(&files, b"hello", soon);
    assert_eq!((files.get(record.id, None), files.list(None).unwrap()), (None, vec![]));
    let address = files.address(record.id, Duration::from_secs(60)).unwrap();
    let url = Url::parse(&format!("http://x/{address}")).unwrap();
    assert_eq!(files.follow(&Link::of(&url).unwrap()), Ok(None));
    assert!(!files.delete(record.id, None).unwrap());
    files.sweep().unwrap();
    assert_eq!(names(dir.path()), ["secret"]);
    assert_eq!(files.usage(), (0, 0));
}

#[test]
fn a_file_is_never_kept_longer_than_the_store_keeps_files() {
    let dir = tempfile::tempdir().unwrap();
    let short = settings(|s| s.retention = Duration::from_secs(60));
    let files = FileStore::open(dir.path(), short).unwrap();
    for (keep, seconds) in [(None, 60), (Some(3600), 60), (Some(10), 10)] {
        let keep = keep.map(Duration::from_secs);
        let record = store(&files, b"hello", NewFile { keep, ..new(None) });
        assert_eq!(record.expires_ms - record.created_ms, seconds * 1000);
    }
}

#[test]
fn sizes_are_limited_of_one_file_and_of_all() {
    let dir = tempfile::tempdir().unwrap();
    let small = settings(|s| (s.max_file_bytes, s.quota_bytes) = (6, 10));
    let files = FileStore::open(dir.path(), small).unwrap();
    let mut upload = files.upload().unwrap();
    upload.write(b"123456").unwrap();
    let error = upload.write(b"7").unwrap_err();
    assert_eq!(error.to_string(), "the file is larger than 6 bytes");
    // What is under way counts.
    let mut other = files.upload().unwrap();
    assert!(matches!(other.write(b"12345"), Err(FileError::Full(10))));
    drop(upload);
    other.write(b"12345").unwrap();
    let record = other.finish(new(None)).unwrap();
    let mut third = files.upload().unwrap();
    assert!(matches!(third.write(b"123456"), Err(FileError::Full(10))));
    files.delete(record.id, None).unwrap();
    third.write(b"123456").unwrap();
}

#[test]
fn content_that_its_purpose_does_not_take_is_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let files = open(dir.path());
    let mut upload = files.upload().unwrap();
    upload.write(b"hello").unwrap();
    let ocr = NewFile { purpose: "ocr".to_owned(), filename: "a.pdf".to_owned(), ..new(None) };
    assert!(matches!(upload.finish(ocr), Err(FileError::Content(_))));
    assert_eq!(names(dir.path()), Vec::<String>::new());
}

#[test]
fn files_belong_to_their_owner() {
    let dir = tempfile::tempdir().unwrap();
    let files = open(dir.path());
    let record = store(&files, b"hello", new(Some("ann")));
    for stranger in [None, Some("bob"), Some("")] {
        assert_eq!(files.get(record.id, stranger), None);
        assert_eq!(files.list(stranger).unwrap(), []);
        assert!(!files.delete(record.id, stranger).unwrap());
    }
    assert!(files.get(record.id, Some("ann")).is_some());
}

#[test]
fn the_newest_comes_first() {
    let dir = tempfile::tempdir().unwrap();
    let files = open(dir.path());
    let ids: Vec<FileId> = (0..3)
        .map(|_| {
            std::thread::sleep(Duration::from_millis(2));
            store(&files, b"hello", new(None)).id
        })
        .collect();
    let listed: Vec<FileId> = files.list(None).unwrap().iter().map(|r| r.id).rev().collect();
    assert_eq!(listed, ids);
}

#[test]
fn nothing_is_made_before_it_is_needed() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("a").join("b");
    let files = open(&folder);
    assert_eq!(files.list(None).unwrap(), []);
    assert_eq!(names(dir.path()), Vec::<String>::new());
    store(&files, b"hello", new(None));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        for entry in fs::read_dir(&folder).unwrap() {
            assert_eq!(mode(&entry.unwrap().path()), 0o600);
        }
    }
    fs::write(dir.path().join("file"), "").unwrap();
    let error = FileStore::open(dir.path().join("file"), FileSettings::default()).unwrap_err();
    assert!(matches!(error, Error::Io { action: "read", .. }), "{error}");
}
