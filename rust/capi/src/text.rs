//! Strings and arrays across the boundary.

use std::ffi::{CStr, c_char};
use std::path::PathBuf;

use crate::error::Failure;
use crate::status::LBK_BUFFER_TOO_SMALL;

/// A string argument.
///
/// # Safety
/// `text` is NULL or points to a NUL-terminated string that stays unchanged during `'a`.
pub unsafe fn string<'a>(text: *const c_char, argument: &str) -> Result<&'a str, Failure> {
    if text.is_null() {
        return Err(Failure::argument(format!("{argument} is NULL")));
    }
    // SAFETY: not NULL, and NUL-terminated by the caller's word.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map_err(|_| Failure::argument(format!("{argument} is not valid UTF-8")))
}

/// A path argument: any bytes that the file system takes, and not empty.
///
/// # Safety
/// As [`string`].
pub unsafe fn path(text: *const c_char, argument: &str) -> Result<PathBuf, Failure> {
    if text.is_null() {
        return Err(Failure::argument(format!("{argument} is NULL")));
    }
    // SAFETY: not NULL, and NUL-terminated by the caller's word.
    let text = unsafe { CStr::from_ptr(text) };
    if text.is_empty() {
        return Err(Failure::argument(format!("{argument} is empty")));
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        Ok(PathBuf::from(std::ffi::OsStr::from_bytes(text.to_bytes())))
    }
    #[cfg(not(unix))]
    text.to_str().map(PathBuf::from).map_err(|_| Failure::argument(format!("{argument} is not valid UTF-8")))
}

/// An array argument of `length` numbers; NULL only if there are none.
///
/// # Safety
/// `array` is NULL or points to `length` values that stay unchanged during `'a`.
pub unsafe fn array<'a, T>(array: *const T, length: usize, argument: &str) -> Result<&'a [T], Failure> {
    if length == 0 {
        return Ok(&[]);
    }
    check_pointer(array, length, argument)?;
    // SAFETY: not NULL, aligned, short enough, and `length` values long by the caller's word.
    Ok(unsafe { std::slice::from_raw_parts(array, length) })
}

/// An array of `length` numbers to be filled; NULL only if there are none.
///
/// # Safety
/// `array` is NULL or points to `length` values that nobody else reads or writes during `'a`.
pub unsafe fn array_mut<'a, T>(array: *mut T, length: usize, argument: &str) -> Result<&'a mut [T], Failure> {
    if length == 0 {
        return Ok(&mut []);
    }
    check_pointer(array.cast_const(), length, argument)?;
    // SAFETY: not NULL, aligned, short enough, and `length` values long by the caller's word.
    Ok(unsafe { std::slice::from_raw_parts_mut(array, length) })
}

fn check_pointer<T>(array: *const T, length: usize, argument: &str) -> Result<(), Failure> {
    if array.is_null() {
        return Err(Failure::argument(format!("{argument} is NULL")));
    }
    if !array.is_aligned() {
        return Err(Failure::argument(format!("{argument} is not aligned for its type")));
    }
    if length.checked_mul(size_of::<T>()).is_none_or(|bytes| bytes > isize::MAX as usize) {
        return Err(Failure::argument(format!("{argument} would be larger than the memory can be")));
    }
    Ok(())
}

/// Refuses a NULL pointer to an output or to data, before any work is done.
pub fn output<T>(pointer: *mut T, argument: &str) -> Result<(), Failure> {
    if pointer.is_null() { Err(Failure::argument(format!("{argument} is NULL"))) } else { Ok(()) }
}

/// Writes an output that may be NULL.
///
/// # Safety
/// `pointer` is NULL or may be written to.
pub unsafe fn set<T>(pointer: *mut T, value: T) {
    if !pointer.is_null() {
        // SAFETY: not NULL, and writable by the caller's word. Alignment is not relied on.
        unsafe { pointer.write_unaligned(value) };
    }
}

/// A non-negative size or index.
pub fn non_negative(value: i64, argument: &str) -> Result<usize, Failure> {
    usize::try_from(value).map_err(|_| Failure::argument(format!("{argument} is {value}; it must not be negative")))
}

/// Several of them.
pub fn all_non_negative(values: &[i64], argument: &str) -> Result<Vec<usize>, Failure> {
    values.iter().enumerate().map(|(axis, &v)| non_negative(v, &format!("{argument}[{axis}]"))).collect()
}

/// Hands a text out whole or not at all: `buffer` NULL and `size` 0 only asks for the size.
///
/// # Safety
/// `buffer` is NULL or has `size` writable bytes; `needed` is NULL or writable.
pub unsafe fn give(text: &str, buffer: *mut c_char, size: usize, needed: *mut usize) -> Result<(), Failure> {
    let required = text.len() + 1;
    if !(buffer.is_null() && size == 0) {
        output(buffer, "buffer")?;
        if size < required {
            // SAFETY: passed on from the caller.
            unsafe { set(needed, required) };
            return Err(Failure::new(
                LBK_BUFFER_TOO_SMALL,
                format!("the text needs {required} bytes, the buffer has {size}"),
            ));
        }
        // SAFETY: `required <= size` bytes of `buffer` are writable, passed on from the caller.
        unsafe { write_text(text.as_bytes(), buffer) };
    }
    // SAFETY: passed on from the caller.
    unsafe { set(needed, required) };
    Ok(())
}

/// Hands out as much of a text as fits, cut between characters.
///
/// # Safety
/// As [`give`].
pub unsafe fn give_truncated(text: &str, buffer: *mut c_char, size: usize, needed: *mut usize) -> Result<(), Failure> {
    if size > 0 {
        output(buffer, "buffer")?;
        let fitting = text.floor_char_boundary(size - 1);
        // SAFETY: `fitting + 1 <= size` bytes of `buffer` are writable, passed on from the caller.
        unsafe { write_text(&text.as_bytes()[..fitting], buffer) };
    }
    // SAFETY: passed on from the caller.
    unsafe { set(needed, text.len() + 1) };
    Ok(())
}

/// # Safety
/// `buffer` has room for `bytes` and a NUL.
unsafe fn write_text(bytes: &[u8], buffer: *mut c_char) {
    // A NUL inside would end the text early for C.
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    // SAFETY: the caller vouches for the room; the two cannot overlap, as `bytes` is the library's own.
    unsafe {
        std::ptr::copy_nonoverlapping(bytes.as_ptr().cast(), buffer, end);
        buffer.add(end).write(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_given_whole_or_cut_between_characters() {
        let mut buffer = [b'#' as c_char; 8];
        let mut needed = 0;
        let p = buffer.as_mut_ptr();
        // SAFETY: sizes are at most the buffer's.
        unsafe {
            assert!(give("abc", p, 4, &raw mut needed).is_ok());
            assert_eq!((buffer[3], buffer[4], needed), (0, b'#' as c_char, 4));
            assert_eq!(give("abcdefgh", p, 8, &raw mut needed).unwrap_err().status, LBK_BUFFER_TOO_SMALL);
            assert_eq!((buffer[0], needed), (b'a' as c_char, 9));
            assert!(give("abcdefgh", std::ptr::null_mut(), 0, &raw mut needed).is_ok());
            assert!(give("abc", std::ptr::null_mut(), 8, &raw mut needed).is_err());
            give_truncated("aé", p, 3, &raw mut needed).unwrap();
            assert_eq!((buffer[0], buffer[1], needed), (b'a' as c_char, 0, 4));
        }
    }
}
