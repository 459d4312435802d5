//! How the shared libraries are linked: liblimbeck, and liblimbeck_mpi, which `rust/capi-mpi` makes of the same sources.

fn main() {
    println!("cargo:rerun-if-changed=../capi/build.rs");
    println!("cargo:rustc-check-cfg=cfg(mpi)");
    let with_mpi = std::env::var("CARGO_PKG_NAME").is_ok_and(|package| package == "limbeck-mpi");
    if with_mpi {
        println!("cargo:rustc-cfg=mpi");
    }
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        // The number is that of incompatible ABIs, see `LBK_ABI_VERSION`.
        let name = if with_mpi { "liblimbeck_mpi" } else { "liblimbeck" };
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,{name}.so.0");
        // Threads of the library and destructors of thread-local values must not lose their code to a dlclose.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
