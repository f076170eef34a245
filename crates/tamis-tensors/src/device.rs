//! Where networks run.

#[cfg(feature = "wgpu")]
use crate::adapters;
#[cfg(feature = "wgpu")]
use crate::error::Error;

/// A device that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    #[cfg(feature = "processor")]
    Processor,
    #[cfg(feature = "wgpu")]
    Adapter(usize),
}

impl Device {
    /// The processor.
    #[cfg(feature = "processor")]
    pub fn processor() -> Device {
        Device(Kind::Processor)
    }

    /// The graphics adapter of this number, opened if it is not yet. Adapters are numbered GPUs first:
    /// discrete, integrated, virtual, and then a processor that poses as one (software Vulkan or OpenGL).
    ///
    /// # Errors
    ///
    /// [`Error::NoAdapter`] if there is none of this number, [`Error::Opening`] if it does not open.
    #[cfg(feature = "wgpu")]
    pub fn adapter(number: usize) -> Result<Device, Error> {
        adapters::open(number)?;
        Ok(Device(Kind::Adapter(number)))
    }

    /// What the hardware calls itself; `None` for the processor.
    pub fn hardware(self) -> Option<&'static str> {
        match self.0 {
            #[cfg(feature = "processor")]
            Kind::Processor => None,
            #[cfg(feature = "wgpu")]
            Kind::Adapter(number) => adapters::open(number).ok(),
        }
    }

    /// The tensor library's device, with gradients on.
    pub(crate) fn autodiff(self) -> burn::tensor::Device {
        match self.0 {
            #[cfg(feature = "processor")]
            Kind::Processor => burn::tensor::Device::flex().autodiff(),
            #[cfg(feature = "wgpu")]
            Kind::Adapter(number) => adapters::device(number).autodiff(),
        }
    }
}
