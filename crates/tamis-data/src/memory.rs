//! How much memory there is to take.

use std::path::Path;

/// Bytes that can be taken without others having to give way: what the system has free or can free, swap
/// included, and no more than what is left to the control group of this process. `None` where the
/// system does not say.
pub(crate) fn available() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let system = of_system(&text)?;
    Some(of_group(Path::new("/sys/fs/cgroup")).map_or(system, |group| group.min(system)))
}

fn of_system(meminfo: &str) -> Option<u64> {
    let of = |name: &str| {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kibibytes << 10)
    };
    Some(of("MemAvailable")? + of("SwapFree").unwrap_or(0))
}

/// What is left to a control group with a limit. What it holds of files can be given back.
fn of_group(folder: &Path) -> Option<u64> {
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
    let number = |name: &str| text(name)?.trim().parse::<u64>().ok();
    let files = text("memory.stat").and_then(|stat| {
        stat.lines().find_map(|line| line.strip_prefix("file ")?.trim().parse::<u64>().ok())
    });
    let used = number("memory.current")?.saturating_sub(files.unwrap_or(0));
    Some(number("memory.max")?.saturating_sub(used))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a file of a test need not survive")]
mod tests {
    use super::*;

    #[test]
    fn free_memory_is_what_the_system_says_with_swap() {
        let text = "MemTotal:  100 kB\nMemAvailable:    12 kB\nSwapFree:  3 kB\n";
        assert_eq!(of_system(text), Some(15 << 10));
        assert_eq!(of_system("MemAvailable: 12 kB\n"), Some(12 << 10));
        assert_eq!(of_system("MemTotal: 100 kB\n"), None);
    }

    #[test]
    fn a_group_without_a_limit_has_none_and_pages_of_files_are_free() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
        assert_eq!(of_group(folder.path()), None);
        write("memory.current", "700\n").unwrap();
        write("memory.max", "max\n").unwrap();
        assert_eq!(of_group(folder.path()), None);
        write("memory.max", "1000\n").unwrap();
        assert_eq!(of_group(folder.path()), Some(300));
        write("memory.stat", "anon 500\nfile 200\n").unwrap();
        assert_eq!(of_group(folder.path()), Some(500));
    }
}
