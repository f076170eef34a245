//! Where a network runs, chosen at run time.

use std::str::FromStr;

use crate::Error;

/// A device of this build. `cpu` is always there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Device {
    /// The processor.
    #[default]
    Cpu,
}

impl Device {
    /// The name that [`Device::from_str`] reads.
    pub fn name(self) -> &'static str {
        match self {
            Device::Cpu => "cpu",
        }
    }

    /// The tensor library's device, with gradients on.
    pub(crate) fn autodiff(self) -> burn::tensor::Device {
        match self {
            Device::Cpu => burn::tensor::Device::flex().autodiff(),
        }
    }
}

impl FromStr for Device {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "cpu" => Ok(Device::Cpu),
            _ => Err(Error::UnknownDevice {
                found: text.to_owned(),
                expected: "cpu".to_owned(),
                hint: "this build has no other device",
            }),
        }
    }
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
