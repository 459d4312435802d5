//! Which devices there are, and those that are open.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Condvar, Mutex, Once, PoisonError};

use cubecl::client::Client;
use cubecl::config::{CubeClRuntimeConfig, RuntimeConfig};
use cubecl::ir::{ElemType, FloatKind, Type};
use cubecl::server::{Handle, ServerError};
use cubecl::wgpu::{AutoGraphicsApi, RuntimeOptions, WgpuDevice, WgpuDeviceKind, wgpu};

use crate::device::{Adapter, AdapterKind};
use crate::error::{Error, Result};

/// All adapters, hardware before software.
pub fn adapters() -> Vec<Adapter> {
    let _one = lock(&OPENED);
    let backends = wgpu::Backends::VULKAN | wgpu::Backends::METAL;
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends,
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    let found = cubecl::future::block_on(instance.enumerate_adapters(backends));
    let mut seen = [0usize; 5];
    let mut adapters: Vec<Adapter> = found
        .iter()
        .map(|adapter| {
            let info = adapter.get_info();
            let kind = match info.device_type {
                wgpu::DeviceType::DiscreteGpu => AdapterKind::Discrete,
                wgpu::DeviceType::IntegratedGpu => AdapterKind::Integrated,
                wgpu::DeviceType::VirtualGpu => AdapterKind::Virtual,
                wgpu::DeviceType::Cpu => AdapterKind::Software,
                wgpu::DeviceType::Other => AdapterKind::Other,
            };
            let index = seen[kind as usize];
            seen[kind as usize] += 1;
            Adapter { name: info.name, kind, interface: format!("{:?}", info.backend).to_lowercase(), index }
        })
        .collect();
    // The library knows the first device in software only.
    adapters.retain(|a| a.is_hardware() || a.index == 0);
    adapters.sort_by_key(|a| !a.is_hardware());
    adapters
}

/// As the library names it.
fn selector(adapter: &Adapter) -> WgpuDevice {
    WgpuDevice::new(match adapter.kind {
        AdapterKind::Discrete => WgpuDeviceKind::DiscreteGpu(adapter.index),
        AdapterKind::Integrated => WgpuDeviceKind::IntegratedGpu(adapter.index),
        AdapterKind::Virtual => WgpuDeviceKind::VirtualGpu(adapter.index),
        AdapterKind::Software => WgpuDeviceKind::Cpu,
        AdapterKind::Other => WgpuDeviceKind::Other(adapter.index),
    })
}

/// What activations and deltas are kept in while gradients are computed. Weights, coordinates, sums and all else are in single precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activations {
    /// 32 bits.
    Single,
    /// 16 bits, which halves what is read and written. Gradients are off by some 2^-11 of their layer's largest.
    Half,
}

impl Activations {
    pub(super) fn bytes(self) -> usize {
        match self {
            Activations::Single => 4,
            Activations::Half => 2,
        }
    }
}

/// A device in use. There is one for each adapter in a process; it stays until the process ends, as drivers want it.
pub struct Device {
    /// What it is.
    pub adapter: Adapter,
    /// Bytes of its memory that may be used.
    pub memory: u64,
    /// Of the gradients that are computed on it.
    pub activations: Activations,
    pub(super) client: Client,
    /// Of the half of the memory that is for volumes: bytes in use.
    volumes: Arc<(Mutex<u64>, Condvar)>,
    /// Held while a grid is evaluated: its arrays are those of one at a time.
    pub(super) evaluating: Mutex<()>,
    handle: wgpu::Device,
    /// Most bytes of one array.
    pub(super) largest: u64,
}

/// Guards whatever makes or asks the drivers, too: they are not to be asked from two threads.
static OPENED: Mutex<Vec<(Adapter, Client, wgpu::Device)>> = Mutex::new(Vec::new());

impl Device {
    /// Opens a device, with a bound on the memory that is used.
    ///
    /// # Errors
    /// `Device` if the driver refuses, or the device has no numbers of 16 bits and they are asked for.
    pub fn open(adapter: &Adapter, memory: u64, activations: Activations) -> Result<Arc<Device>> {
        configure();
        let mut opened = lock(&OPENED);
        let known = opened.iter().find(|(a, ..)| a == adapter).map(|(_, c, h)| (c.clone(), h.clone()));
        let (client, handle) = match known {
            Some(known) => known,
            None => {
                let device = selector(adapter);
                let options = RuntimeOptions::try_default().map_err(|e| Error::Device(e.to_string()))?;
                let setup = cubecl::wgpu::try_init_setup::<AutoGraphicsApi>(&device, options)
                    .map_err(|e| Error::Device(format!("{}: {e}", adapter.name)))?;
                let client = cubecl::Device::Wgpu(device).client();
                opened.push((adapter.clone(), client.clone(), setup.device.clone()));
                (client, setup.device)
            }
        };
        let half = Type::from(ElemType::Float(FloatKind::F16));
        if activations == Activations::Half && !client.properties().supports_type(half) {
            return Err(Error::Device(format!("{}: has no numbers of 16 bits", adapter.name)));
        }
        let largest = client.properties().memory.max_page_size.min(u64::from(u32::MAX));
        let volumes = Arc::new((Mutex::new(0), Condvar::new()));
        let evaluating = Mutex::new(());
        Ok(Arc::new(Device {
            adapter: adapter.clone(),
            memory,
            activations,
            client,
            volumes,
            evaluating,
            handle,
            largest,
        }))
    }

    /// Takes the device away from everybody who uses it in this process, as a driver does that resets it. For tests.
    #[doc(hidden)]
    pub fn lose(&self) {
        self.handle.destroy();
    }

    /// Room for a volume, until dropped; waits for that of others. Half of the memory is for volumes, so that who holds one and trains
    /// is never in the way of others for long.
    ///
    /// # Errors
    /// `DeviceMemory` if it can never be had.
    pub(super) fn reserve(&self, bytes: u64) -> Result<Room> {
        let most = self.largest.min(self.memory / 2);
        if bytes > most {
            return Err(Error::DeviceMemory { device: self.adapter.name.clone(), needed: bytes, there: most });
        }
        let (used, freed) = self.volumes.as_ref();
        let mut used = lock(used);
        while *used + bytes > self.memory / 2 {
            used = freed.wait(used).unwrap_or_else(PoisonError::into_inner);
        }
        *used += bytes;
        Ok(Room { volumes: Arc::clone(&self.volumes), bytes })
    }

    /// Copies to the device.
    pub(super) fn upload<T: bytemuck::NoUninit>(&self, data: &[T]) -> Handle {
        self.client.create_from_slice(bytemuck::cast_slice(data))
    }

    /// Copies floats back, once all that was begun before is done.
    pub(super) fn download(&self, handles: Vec<Handle>) -> Result<Vec<Vec<f32>>> {
        let bytes = self.guarded(|| self.client.read(handles).map_err(|e| self.error(&e)))?;
        Ok(bytes.iter().map(|b| bytemuck::pod_collect_to_vec(b)).collect())
    }

    /// Waits until all that was begun is done.
    pub(super) fn wait(&self) -> Result<()> {
        cubecl::future::block_on(self.client.sync()).map_err(|e| self.error(&e))
    }

    /// Drivers, and the libraries over them, may panic where they should fail.
    pub(super) fn guarded<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            Err(Error::Device(format!("{}: {}", self.adapter.name, text.unwrap_or("its driver panicked"))))
        })
    }

    pub(super) fn error(&self, error: &ServerError) -> Error {
        let text = error.to_string();
        // What follows is a trace of the libraries' own functions.
        let text = text.split("Backtrace").next().unwrap_or_default();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        Error::Device(format!("{}: {text}", self.adapter.name))
    }
}

/// Room that is taken of a device's memory.
pub(super) struct Room {
    volumes: Arc<(Mutex<u64>, Condvar)>,
    bytes: u64,
}

impl Drop for Room {
    fn drop(&mut self) {
        *lock(&self.volumes.0) -= self.bytes;
        self.volumes.1.notify_all();
    }
}

/// The library looks for files of settings in the directory that the host happens to run in, unless it has them already.
fn configure() {
    static CONFIGURED: Once = Once::new();
    CONFIGURED.call_once(|| {
        let _ = CubeClRuntimeConfig::try_set(CubeClRuntimeConfig::default());
    });
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
