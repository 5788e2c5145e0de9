//! What the system knows of this process and its children, under the names that Prometheus' own clients
//! use. Linux only; elsewhere, and where it cannot be read, nothing is told.

/// The metrics; empty where there are none.
pub(super) fn text() -> String {
    #[cfg(target_os = "linux")]
    {
        linux::text()
    }
    #[cfg(not(target_os = "linux"))]
    {
        String::new()
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeSet;
    use std::fs;

    use super::super::text::line;

    pub(super) fn text() -> String {
        let mut text = String::new();
        let mut tell = |name, kind, help, value: Option<u64>| {
            if let Some(value) = value {
                line(&mut text, name, kind, help, value);
            }
        };
        tell(
            "process_resident_memory_bytes",
            "gauge",
            "Resident memory of the server itself.",
            resident("self"),
        );
        tell("process_open_fds", "gauge", "Open file descriptors.", descriptors());
        let children = children();
        let memory = children.as_ref().map(|ids| ids.iter().filter_map(|id| resident(id)).sum());
        let count = children.map(|ids| ids.len() as u64);
        tell("recto_children", "gauge", "Child processes.", count);
        tell(
            "recto_children_resident_memory_bytes",
            "gauge",
            "Resident memory of the child processes; pages that they share count for each.",
            memory,
        );
        text
    }

    /// proc(5), statm: the second number is resident pages.
    fn resident(process: &str) -> Option<u64> {
        let statm = fs::read_to_string(format!("/proc/{process}/statm")).ok()?;
        let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
        Some(pages * rustix::param::page_size() as u64)
    }

    fn descriptors() -> Option<u64> {
        // One of them is this look.
        Some((fs::read_dir("/proc/self/fd").ok()?.count() as u64).saturating_sub(1))
    }

    /// The children's ids: each thread has a list of those that it started. Kernels without it tell
    /// nothing.
    fn children() -> Option<BTreeSet<String>> {
        let mut found = BTreeSet::new();
        for thread in fs::read_dir("/proc/self/task").ok()?.flatten() {
            // A thread may end meanwhile.
            let Ok(list) = fs::read_to_string(thread.path().join("children")) else {
                if thread.path().exists() {
                    return None;
                }
                continue;
            };
            found.extend(list.split_whitespace().map(str::to_owned));
        }
        Some(found)
    }

    #[cfg(test)]
    mod tests {
        #[test]
        fn a_process_has_memory_and_descriptors() {
            let text = super::text();
            let value = |name: &str| -> Option<u64> {
                text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
            };
            assert!(value("process_resident_memory_bytes ").is_some_and(|n| n > 1 << 20), "{text}");
            assert!(value("process_open_fds ").is_some_and(|n| n >= 3), "{text}");
        }

        #[test]
        fn children_are_counted_with_their_memory() {
            let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
            let mine = super::children();
            let id = child.id().to_string();
            let known = super::resident(&id);
            child.kill().unwrap();
            child.wait().unwrap();
            if let Some(mine) = mine {
                assert!(mine.contains(&id), "{mine:?}");
            }
            assert!(known.is_some());
        }
    }
}
