//! How the shared library is linked.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        // The number is that of incompatible ABIs, see `LBK_ABI_VERSION`.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,liblimbeck.so.0");
        // Threads of the library and destructors of thread-local values must not lose their code to a dlclose.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
