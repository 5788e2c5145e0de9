//! What the system knows of this process, under the names that Prometheus' own clients
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
            resident(),
        );
        tell("process_open_fds", "gauge", "Open file descriptors.", descriptors());
        text
    }

    /// proc(5), statm: the second number is resident pages.
    fn resident() -> Option<u64> {
        let statm = fs::read_to_string("/proc/self/statm").ok()?;
        let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
        Some(pages * rustix::param::page_size() as u64)
    }

    fn descriptors() -> Option<u64> {
        // One of them is this look.
        Some((fs::read_dir("/proc/self/fd").ok()?.count() as u64).saturating_sub(1))
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
    }
}
