//! The C++ half of the bridge; its header is `limbeck-cpp/src/bridge.rs.h` in the folder told to the tests.

fn main() {
    println!("cargo:rerun-if-changed=src/bridge.rs");
    cxx_build::bridge("src/bridge.rs").std("c++17").compile("limbeck-cpp-bridge");
    let out = std::env::var("OUT_DIR").unwrap_or_default();
    println!("cargo:rustc-env=LIMBECK_BRIDGE_INCLUDE={out}/cxxbridge/include");
}
