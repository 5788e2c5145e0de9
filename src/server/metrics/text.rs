//! Metrics that are kept elsewhere, written as they are asked for.

use std::fmt::Write as _;

use crate::ChildCounts;

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

/// Child processes, and why others had to be started in their place.
pub(in crate::server) fn children_text(children: &ChildCounts) -> String {
    let mut text = String::new();
    line(&mut text, "recto_children", "gauge", "Child processes that read pages.", children.living);
    let help = "Resident memory of the child processes; pages that they share count for each.";
    line(&mut text, "recto_children_resident_memory_bytes", "gauge", help, children.memory_bytes);
    let name = "recto_child_restarts_total";
    let _ = writeln!(text, "# HELP {name} Child processes that ended, by the reason.");
    let _ = writeln!(text, "# TYPE {name} counter");
    for (reason, count) in [
        ("crash", children.crashed),
        ("memory", children.out_of_memory),
        ("killed", children.killed),
        ("timeout", children.timed_out),
        ("cancelled", children.cancelled),
        ("recycled", children.recycled),
    ] {
        let _ = writeln!(text, "{name}{{reason=\"{reason}\"}} {count}");
    }
    text
}

/// A metric of one number.
pub(in crate::server) fn line(text: &mut String, name: &str, kind: &str, help: &str, value: u64) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
}
