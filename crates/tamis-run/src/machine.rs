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

/// Whether this process ignores the signal of this number, as `nohup` has it do; `None` where the
/// system does not tell.
pub fn ignores_signal(signal: i32) -> Option<bool> {
    let ignored = u64::from_str_radix(&field("/proc/self/status", "SigIgn")?, 16).ok()?;
    let bit = u32::try_from(signal).ok()?.checked_sub(1)?;
    Some(ignored.checked_shr(bit)? & 1 == 1)
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

    #[test]
    fn signals_that_this_process_ignores_are_told_from_others_where_the_system_tells() {
        const PIPE: i32 = 13;
        const KILL: i32 = 9;
        if let Some(ignored) = ignores_signal(PIPE) {
            // Every Rust program does, and none can ignore the other.
            assert!(ignored);
            assert_eq!(ignores_signal(KILL), Some(false));
        }
        assert_eq!([0, -1, 65].map(ignores_signal), [None; 3]);
    }
}
