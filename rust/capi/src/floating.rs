//! The floating-point environment of a call: limbeck computes in the default one, whatever the host has set.
//!
//! Hosts switch traps on to find their own mistakes (`-ffpe-trap`, feenableexcept), flush denormal numbers to zero
//! (`-ffast-math`) or round otherwise. In limbeck a NaN among the data is no mistake, and an archive decodes to the same
//! bits everywhere. Threads inherit the environment of the thread that starts them, so that this holds for the workers
//! as well.

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod environment {
    use std::mem::MaybeUninit;

    /// `fenv_t`: 32 bytes on x86-64, 8 on aarch64.
    #[repr(C, align(8))]
    struct Environment([u8; 32]);

    #[link(name = "m")]
    unsafe extern "C" {
        fn fegetenv(environment: *mut Environment) -> i32;
        fn fesetenv(environment: *const Environment) -> i32;
    }

    /// `FE_DFL_ENV` of glibc and musl.
    const DEFAULT: *const Environment = std::ptr::without_provenance(usize::MAX);

    /// The host's environment, until this is dropped.
    pub struct Kept(MaybeUninit<Environment>);

    impl Kept {
        /// Keeps the environment of this thread and sets the default one.
        pub fn new() -> Kept {
            let mut kept = MaybeUninit::uninit();
            // SAFETY: there is room for an environment, and the default is a constant that the C library knows.
            unsafe {
                fegetenv(kept.as_mut_ptr());
                fesetenv(DEFAULT);
            }
            Kept(kept)
        }
    }

    impl Drop for Kept {
        fn drop(&mut self) {
            // SAFETY: what fegetenv has written. Exceptions that limbeck raised are forgotten.
            unsafe { fesetenv(self.0.as_ptr()) };
        }
    }
}

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod environment {
    /// Nothing is known of the environment here.
    pub struct Kept;

    impl Kept {
        /// Does nothing.
        pub fn new() -> Kept {
            Kept
        }
    }
}

pub use environment::Kept;
