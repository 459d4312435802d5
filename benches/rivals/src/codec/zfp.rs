//! ZFP in its fixed-accuracy mode, with the header that makes a stream complete in itself.

use std::ffi::c_void;
use std::ptr::null_mut;

use zfp_sys::*;

use crate::error::{Error, Result};

pub fn encode(values: &[f32], shape: &[usize], tolerance: f64) -> Result<Vec<u8>> {
    let zfp = Zfp::open(values.as_ptr().cast_mut().cast(), shape)?;
    // SAFETY: stream and field are open; the field's values are only read, and the buffer is as large as zfp asks for.
    unsafe {
        zfp_stream_set_accuracy(zfp.stream, tolerance);
        let mut buffer = vec![0u8; zfp_stream_maximum_size(zfp.stream, zfp.field)];
        let length = zfp.with_bits(&mut buffer, || {
            if zfp_write_header(zfp.stream, zfp.field, ZFP_HEADER_FULL) == 0 {
                return 0;
            }
            zfp_compress(zfp.stream, zfp.field)
        });
        if length == 0 {
            return Err(Error::of("ZFP", "it did not compress"));
        }
        buffer.truncate(length);
        Ok(buffer)
    }
}

pub fn decode(bytes: &[u8], shape: &[usize]) -> Result<Vec<f32>> {
    let mut values = vec![0.0f32; shape.iter().product()];
    let zfp = Zfp::open(values.as_mut_ptr().cast(), shape)?;
    // zfp reads whole words.
    let mut buffer = bytes.to_vec();
    buffer.resize(bytes.len().next_multiple_of(8) + 8, 0);
    // SAFETY: stream and field are open, and the field is written only if the header says the size that it has.
    let length = unsafe {
        zfp.with_bits(&mut buffer, || {
            let header = zfp_field_alloc();
            let read = zfp_read_header(zfp.stream, header, ZFP_HEADER_FULL);
            let same = read != 0
                && zfp_field_size(header, null_mut()) == values.len()
                && zfp_field_type(header) == zfp_type_zfp_type_float;
            zfp_field_free(header);
            if same { zfp_decompress(zfp.stream, zfp.field) } else { 0 }
        })
    };
    drop(zfp);
    if length == 0 { Err(Error::of("ZFP", "the stream does not hold these values")) } else { Ok(values) }
}

/// A stream and the description of the values.
struct Zfp {
    stream: *mut zfp_stream,
    field: *mut zfp_field,
}

impl Zfp {
    /// `values` must be as many as the shape has, and stay where they are.
    fn open(values: *mut c_void, shape: &[usize]) -> Result<Zfp> {
        let float = zfp_type_zfp_type_float;
        // SAFETY: these only note down pointer and lengths; zfp names the fastest axis first.
        let field = unsafe {
            match *shape {
                [nz, ny, nx] => zfp_field_3d(values, float, nx, ny, nz),
                [nt, nz, ny, nx] => zfp_field_4d(values, float, nx, ny, nz, nt),
                _ => return Err(Error::InvalidArgument(format!("ZFP is given 3 or 4 axes here, not {}", shape.len()))),
            }
        };
        // SAFETY: a stream without bits yet.
        Ok(Zfp { stream: unsafe { zfp_stream_open(null_mut()) }, field })
    }

    /// Does something with the buffer as the stream's bits.
    unsafe fn with_bits<T>(&self, buffer: &mut [u8], action: impl FnOnce() -> T) -> T {
        // SAFETY: the bit stream is closed again before the buffer is anybody else's.
        unsafe {
            let bits = stream_open(buffer.as_mut_ptr().cast(), buffer.len());
            zfp_stream_set_bit_stream(self.stream, bits);
            zfp_stream_rewind(self.stream);
            let done = action();
            zfp_stream_set_bit_stream(self.stream, null_mut());
            stream_close(bits);
            done
        }
    }
}

impl Drop for Zfp {
    fn drop(&mut self) {
        // SAFETY: both were opened by `open` and are freed once; the values are the caller's.
        unsafe {
            zfp_field_free(self.field);
            zfp_stream_close(self.stream);
        }
    }
}
