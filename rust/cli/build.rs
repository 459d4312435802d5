//! How the program is linked.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Where the loader finds an MPI that is not in a directory of the system; CMake knows.
    println!("cargo:rerun-if-env-changed=LIMBECK_MPI_RUN_PATH");
    let path = std::env::var("LIMBECK_MPI_RUN_PATH").ok().filter(|path| !path.is_empty());
    if let (Ok(_), Some(path)) = (std::env::var("CARGO_FEATURE_MPI"), path) {
        println!("cargo:rustc-link-arg-bins=-Wl,-rpath,{path}");
    }
}
