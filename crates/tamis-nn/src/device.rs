//! Where a network runs, chosen at run time: the processor, or a graphics adapter if the crate is
//! built with the feature `wgpu`.

use std::fmt;
use std::str::FromStr;

use crate::Error;
#[cfg(feature = "wgpu")]
use crate::adapters;

/// A device of this build. `cpu` is always there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Device {
    /// The processor.
    #[default]
    Cpu,
    /// A graphics adapter.
    #[cfg(feature = "wgpu")]
    Wgpu(Adapter),
}

/// Number of a graphics adapter. A value exists only if the adapter was opened.
#[cfg(feature = "wgpu")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adapter(usize);

impl Device {
    /// What the hardware calls itself; `None` for the processor.
    pub fn hardware(self) -> Option<&'static str> {
        match self {
            Device::Cpu => None,
            #[cfg(feature = "wgpu")]
            Device::Wgpu(Adapter(number)) => adapters::open(number).ok(),
        }
    }

    /// The tensor library's device, with gradients on.
    pub(crate) fn autodiff(self) -> burn::tensor::Device {
        match self {
            Device::Cpu => burn::tensor::Device::flex().autodiff(),
            #[cfg(feature = "wgpu")]
            Device::Wgpu(Adapter(number)) => adapters::device(number).autodiff(),
        }
    }

    /// The error of a device that gave up while a network ran on it.
    pub(crate) fn failed(self, reason: impl fmt::Display) -> Error {
        let (doing, device) = ("running a network on", self.to_string());
        Error::DeviceFailed { doing, device, reason: reason.to_string() }
    }
}

/// The name that [`Device::from_str`] reads.
impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Cpu => f.write_str("cpu"),
            #[cfg(feature = "wgpu")]
            Device::Wgpu(Adapter(number)) => write!(f, "wgpu:{number}"),
        }
    }
}

/// `cpu`, `wgpu:N` for the graphics adapter of that number, `wgpu` for the first one. The adapter
/// is opened.
impl FromStr for Device {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match (text, adapter_number(text)) {
            ("cpu", _) => Ok(Device::Cpu),
            (_, Some(number)) => open(text, number),
            _ => Err(unknown(text, "devices are named cpu, wgpu and wgpu:N")),
        }
    }
}

/// The number in `wgpu:N`, 0 for `wgpu`.
fn adapter_number(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("wgpu")?;
    if rest.is_empty() {
        return Some(0);
    }
    let digits = rest.strip_prefix(':')?;
    let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

#[cfg(feature = "wgpu")]
fn open(_text: &str, number: usize) -> Result<Device, Error> {
    adapters::open(number)?;
    Ok(Device::Wgpu(Adapter(number)))
}

#[cfg(not(feature = "wgpu"))]
fn open(text: &str, _number: usize) -> Result<Device, Error> {
    Err(unknown(text, "this program was built without graphics; build it with --features wgpu"))
}

fn unknown(text: &str, hint: &'static str) -> Error {
    let expected = if cfg!(feature = "wgpu") { "cpu, wgpu, wgpu:N" } else { "cpu" };
    Error::UnknownDevice { found: text.to_owned(), expected: expected.to_owned(), hint }
}

/// How the hot operations of a network are computed. Both compute the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// Tamis's own fused kernels where they exist for the device and number type.
    #[default]
    Fused,
    /// The tensor library's operations, one by one: the reference for the fused kernels, and what
    /// runs on every other device.
    Composed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adapters_are_numbered_from_0_and_nothing_else_is_a_number() {
        assert_eq!(adapter_number("wgpu"), Some(0));
        assert_eq!(adapter_number("wgpu:0"), Some(0));
        assert_eq!(adapter_number("wgpu:12"), Some(12));
        for wrong in ["cpu", "wgpu:", "wgpu12", "wgpu:-1", "wgpu:+1", "wgpu: 1", "WGPU", ""] {
            assert_eq!(adapter_number(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_device_is_read_back_from_its_own_name() {
        assert_eq!(Device::Cpu.to_string().parse(), Ok(Device::Cpu));
    }

    #[test]
    fn a_name_that_no_build_knows_is_refused_with_the_names_there_are() {
        let message = "abacus".parse::<Device>().unwrap_err().to_string();
        assert!(message.contains("`abacus`") && message.contains("wgpu:N"), "{message}");
    }

    #[cfg(not(feature = "wgpu"))]
    #[test]
    fn a_build_without_graphics_says_how_to_get_it() {
        for name in ["wgpu", "wgpu:1"] {
            let message = name.parse::<Device>().unwrap_err().to_string();
            assert!(message.contains(&format!("`{name}`")), "{message}");
            assert!(message.contains("hint: ") && message.contains("--features wgpu"), "{message}");
        }
    }
}
