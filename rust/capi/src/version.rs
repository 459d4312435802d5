//! Versions: of the library and of the ABI. That of the archive format is told by `lbk_archive_info`.

use std::ffi::{CStr, c_char};

/// The version of this interface: raised when a function, a number or a type is added, and, with it, the number in the
/// library's soname when something is taken away or changed. A library of ABI n serves every program built against
/// ABI n or lower with the same soname.
pub const LBK_ABI_VERSION: i32 = 0;

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => panic!("a version has no NUL"),
};

/// The version of the library that is loaded, say "0.1.0"; LBK_VERSION is that of the header.
///
/// Any thread; never fails. Since 0.1.
///
/// Returns a string that lives as long as the library.
#[unsafe(no_mangle)]
pub extern "C" fn lbk_version() -> *const c_char {
    VERSION.as_ptr()
}

/// The ABI of the library that is loaded; LBK_ABI_VERSION is that of the header.
///
/// Any thread; never fails. Since 0.1.
///
/// Returns the number.
#[unsafe(no_mangle)]
pub extern "C" fn lbk_abi_version() -> i32 {
    LBK_ABI_VERSION
}
