//! Metrics that are kept elsewhere, written as they are asked for.

use std::fmt::Write as _;

/// Stored files and their bytes.
pub(in crate::server) fn files_text((files, bytes): (u64, u64)) -> String {
    let mut text = String::new();
    for (name, help, value) in [
        ("recto_files", "Stored files.", files),
        ("recto_file_bytes", "Size of the stored files.", bytes),
    ] {
        line(&mut text, name, "gauge", help, value);
    }
    text
}

/// A metric of one number.
pub(in crate::server) fn line(text: &mut String, name: &str, kind: &str, help: &str, value: u64) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
}
