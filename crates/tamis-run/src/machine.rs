//! What a run wants to know of the machine it runs on.

use std::fs;

use serde::Serialize;

/// The machine, as far as it bears on speed and on bit-for-bit repetition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// Operating system.
    pub os: &'static str,
    /// Processor family.
    pub arch: &'static str,
    /// Model of the processor, where the system tells.
    pub processor: Option<String>,
    /// Processors that this process may use.
    pub processors: usize,
}

impl Machine {
    /// This machine.
    pub fn this() -> Machine {
        Machine {
            os: std::env::consts::OS,
            arch: std::env::consts::ARCH,
            processor: field("/proc/cpuinfo", "model name"),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// Most memory that this process has had resident, in bytes; `None` where the system does not
/// tell.
pub fn peak_rss_bytes() -> Option<u64> {
    let kibibytes: u64 =
        field("/proc/self/status", "VmHWM")?.strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// The value of `key: value` in a file of such lines.
fn field(path: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_memory_of_this_process_is_plausible_where_the_system_tells() {
        if let Some(bytes) = peak_rss_bytes() {
            assert!((1 << 20..1 << 40).contains(&bytes), "{bytes}");
        }
    }
}
