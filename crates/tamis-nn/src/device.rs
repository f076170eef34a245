//! Where a network runs, chosen at run time: the processor, or a graphics adapter if the crate is
//! built with the feature `wgpu`.

use std::fmt;
use std::str::FromStr;

use crate::Error;

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

/// A graphics adapter that was opened, and its number.
#[cfg(feature = "wgpu")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adapter {
    number: usize,
    device: tamis_tensors::Device,
}

#[cfg(feature = "wgpu")]
impl Adapter {
    fn open(number: usize) -> Result<Adapter, Error> {
        match tamis_tensors::Device::adapter(number) {
            Ok(device) => Ok(Adapter { number, device }),
            Err(tamis_tensors::Error::NoAdapter { found, .. }) => {
                let hint = match found {
                    0 => "install a graphics driver, with Vulkan say, or choose cpu",
                    _ => "adapters are counted from 0",
                };
                Err(Error::NoAdapter { number, found, hint })
            }
            Err(error) => Err(failed(number, &error)),
        }
    }

    pub(crate) fn device(self) -> tamis_tensors::Device {
        self.device
    }

    /// The error of an adapter that gave up while a network ran on it.
    pub(crate) fn failed(self, reason: &tamis_tensors::Error) -> Error {
        failed(self.number, reason)
    }
}

#[cfg(feature = "wgpu")]
fn failed(number: usize, reason: &tamis_tensors::Error) -> Error {
    Error::DeviceFailed { device: format!("wgpu:{number}"), reason: reason.to_string() }
}

impl Device {
    /// What the hardware calls itself; `None` for the processor.
    pub fn hardware(self) -> Option<&'static str> {
        match self {
            Device::Cpu => None,
            #[cfg(feature = "wgpu")]
            Device::Wgpu(adapter) => adapter.device.hardware(),
        }
    }
}

/// The name that [`Device::from_str`] reads.
impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Cpu => f.write_str("cpu"),
            #[cfg(feature = "wgpu")]
            Device::Wgpu(Adapter { number, .. }) => write!(f, "wgpu:{number}"),
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
    Ok(Device::Wgpu(Adapter::open(number)?))
}

#[cfg(not(feature = "wgpu"))]
fn open(text: &str, _number: usize) -> Result<Device, Error> {
    Err(unknown(text, "this program was built without graphics; build it with --features wgpu"))
}

fn unknown(text: &str, hint: &'static str) -> Error {
    let expected = if cfg!(feature = "wgpu") { "cpu, wgpu, wgpu:N" } else { "cpu" };
    Error::UnknownDevice { found: text.to_owned(), expected: expected.to_owned(), hint }
}

/// How search cells are computed on the processor. Both compute the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// By kernels of their own, all layers at once.
    #[default]
    Fused,
    /// Layer by layer, as any other network: what those kernels are held against.
    Layered,
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
