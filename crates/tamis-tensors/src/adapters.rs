//! The graphics adapters of this machine: listed once a process, opened when first chosen.
//!
//! Built with the feature `wgpu` only. Left alone, the tensor library opens an adapter at the first
//! tensor and panics if it cannot; here it is listed and opened beforehand and refused in words.
//!
//! Adapters are numbered GPUs first: discrete, integrated, virtual, and then a processor that
//! poses as one (software Vulkan or OpenGL). Those of no known kind are left out: nothing opens them
//! by name.

use std::sync::OnceLock;

use burn::tensor::{Device, DeviceKind, DeviceType};

use crate::error::Error;

/// An adapter, and what came of opening it: its name, or why it did not open.
struct Adapter {
    kind: DeviceKind,
    opened: OnceLock<Result<String, String>>,
}

/// Opens an adapter, if it is not open yet, and returns the name that it gives itself.
///
/// # Errors
///
/// [`Error::NoAdapter`] if there is none of this number, [`Error::Opening`] if it does not open.
pub(crate) fn open(number: usize) -> Result<&'static str, Error> {
    let adapters = adapters();
    let Some(adapter) = adapters.get(number) else {
        return Err(Error::NoAdapter { number, found: adapters.len() });
    };
    match adapter.opened.get_or_init(|| open_kind(&adapter.kind)) {
        Ok(name) => Ok(name),
        Err(reason) => Err(Error::Opening { reason: reason.clone() }),
    }
}

/// The tensor library's device for an adapter that was opened.
pub(crate) fn device(number: usize) -> Device {
    let kind = adapters().get(number).map(|adapter| adapter.kind.clone());
    Device::wgpu(kind.unwrap_or_default())
}

fn adapters() -> &'static [Adapter] {
    static ADAPTERS: OnceLock<Vec<Adapter>> = OnceLock::new();
    ADAPTERS.get_or_init(|| {
        let kinds = kinds(&Device::enumerate(DeviceType::Wgpu)).into_iter();
        kinds.map(|kind| Adapter { kind, opened: OnceLock::new() }).collect()
    })
}

/// What the listed devices are called, in the order of their numbers.
fn kinds(listed: &[Device]) -> Vec<DeviceKind> {
    let numbers = || 0..listed.len();
    let gpus = numbers().map(DeviceKind::DiscreteGpu);
    let gpus = gpus.chain(numbers().map(DeviceKind::IntegratedGpu));
    let gpus = gpus.chain(numbers().map(DeviceKind::VirtualGpu));
    let all = gpus.chain([DeviceKind::Cpu]);
    all.filter(|kind| listed.contains(&Device::wgpu(kind.clone()))).collect()
}

fn open_kind(kind: &DeviceKind) -> Result<String, String> {
    let options = Device::wgpu_options().device_kind(kind.clone());
    let (_, setup) = options.init_with_setup().map_err(|error| error.to_string())?;
    Ok(setup.adapter.get_info().name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpus_come_before_the_processor_whatever_the_order_of_the_list() {
        let order = [
            DeviceKind::DiscreteGpu(0),
            DeviceKind::DiscreteGpu(1),
            DeviceKind::IntegratedGpu(0),
            DeviceKind::VirtualGpu(0),
            DeviceKind::Cpu,
        ];
        let listed: Vec<Device> = order.iter().rev().cloned().map(Device::wgpu).collect();
        assert_eq!(kinds(&listed), order);
        assert!(kinds(&[]).is_empty());
    }

    #[test]
    fn a_number_past_the_last_adapter_is_refused_with_how_many_there_are() {
        let missing = matches!(open(60_000), Err(Error::NoAdapter { number: 60_000, .. }));
        assert!(missing);
    }
}
