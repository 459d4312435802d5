//! How the shared libraries are linked: liblimbeck, and liblimbeck_mpi, which `rust/capi-mpi` makes of the same sources.

fn main() {
    println!("cargo:rerun-if-changed=../capi/build.rs");
    println!("cargo:rustc-check-cfg=cfg(mpi)");
    let with_mpi = std::env::var("CARGO_PKG_NAME").is_ok_and(|package| package == "limbeck-mpi");
    if with_mpi {
        println!("cargo:rustc-cfg=mpi");
        // Where the loader finds an MPI that is not in a directory of the system; CMake knows.
        println!("cargo:rerun-if-env-changed=LIMBECK_MPI_RUN_PATH");
        if let Some(path) = std::env::var("LIMBECK_MPI_RUN_PATH").ok().filter(|path| !path.is_empty()) {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-rpath,{path}");
        }
    }
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        // The number is that of incompatible ABIs, see `LBK_ABI_VERSION`.
        let name = if with_mpi { "liblimbeck_mpi" } else { "liblimbeck" };
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,{name}.so.0");
        // Threads of the library and destructors of thread-local values must not lose their code to a dlclose.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
        if std::env::var_os("CARGO_FEATURE_GPU").is_some() {
            // CubeCL registers its parts in sections of their own, whose ends are not for others.
            println!("cargo:rustc-cdylib-link-arg=-Wl,-z,start-stop-visibility=hidden");
        }
    }
}
