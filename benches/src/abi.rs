//! A run through limbeck's C ABI, as a simulation sees it. The only `unsafe` calls of the benches besides the peak loop.

use std::ffi::{CString, c_char, c_void};
use std::path::Path;
use std::ptr::null_mut;

use limbeck::*;

use crate::{Error, Result};

/// A run with one variable in one block.
pub struct Run {
    session: *mut lbk_session,
    block: *mut lbk_block,
    values: usize,
}

/// What the block is in the caller's memory.
pub struct Block<'a> {
    /// Values along each axis, slowest first.
    pub count: &'a [usize],
    /// Distance in bytes along each axis; none if contiguous.
    pub strides: Option<&'a [usize]>,
    /// LBK_FLOAT32 or LBK_FLOAT64.
    pub kind: lbk_type,
    /// Values from the first to the last of the block, gaps included: what a slice handed to `put` must hold.
    pub span: usize,
}

impl Run {
    /// Opens a run with these options, defines the variable and its only block, and commits.
    pub fn open(path: &Path, options: &[(&str, &str)], name: &str, block: &Block<'_>) -> Result<Run> {
        let mut config = null_mut();
        let (mut session, mut variable, mut handle) = (null_mut(), null_mut(), null_mut());
        let path = text(&path.to_string_lossy())?;
        let name = text(name)?;
        let count: Vec<i64> = block.count.iter().map(|&n| n as i64).collect();
        let zeros = vec![0i64; count.len()];
        let strides: Option<Vec<i64>> = block.strides.map(|s| s.iter().map(|&n| n as i64).collect());
        let strides = strides.as_ref().map_or(std::ptr::null(), |s| s.as_ptr());
        // SAFETY: outputs are pointers to locals, strings are NUL-terminated, arrays have as many entries as axes.
        unsafe {
            check(lbk_config_create(&mut config))?;
            for (key, value) in options {
                check(lbk_config_set(config, text(key)?.as_ptr(), text(value)?.as_ptr()))?;
            }
            let opened = check(lbk_session_open(config, path.as_ptr(), LBK_NO_COMM, &mut session));
            lbk_config_free(config);
            opened?;
            let rank = count.len() as i32;
            check(lbk_variable_define(session, name.as_ptr(), block.kind, rank, count.as_ptr(), &mut variable))?;
            check(lbk_variable_add_block(variable, zeros.as_ptr(), count.as_ptr(), strides, &mut handle))?;
            check(lbk_session_commit(session))?;
        }
        Ok(Run { session, block: handle, values: block.span })
    }

    /// Begins a step.
    pub fn begin(&mut self, cycle: i64) -> Result<()> {
        // SAFETY: a live handle.
        unsafe { check(lbk_step_begin(self.session, cycle, cycle as f64)) }
    }

    /// Hands the block over, and ends the step.
    pub fn put<T>(&mut self, data: &[T]) -> Result<()> {
        if data.len() < self.values {
            return Err(Error::Setup(format!("{} values for a block that spans {}", data.len(), self.values)));
        }
        // SAFETY: live handles, and the slice holds the whole span of the block.
        unsafe {
            check(lbk_put(self.session, self.block, data.as_ptr().cast::<c_void>()))?;
            check(lbk_step_end(self.session))
        }
    }

    /// Waits until a cycle is durable: then nothing of it is left to do but distilling.
    pub fn wait(&mut self, cycle: i64) -> Result<()> {
        // SAFETY: a live handle.
        unsafe { check(lbk_session_wait(self.session, cycle, 600.0)) }
    }

    /// The run's metrics, as JSON.
    pub fn metrics(&mut self) -> Result<serde_json::Value> {
        let mut needed = 0;
        let mut buffer: Vec<u8> = Vec::new();
        loop {
            // SAFETY: a live handle, and the buffer is as long as said.
            let status = unsafe {
                lbk_session_metrics(self.session, buffer.as_mut_ptr().cast::<c_char>(), buffer.len(), &mut needed)
            };
            if status != LBK_BUFFER_TOO_SMALL {
                check(status)?;
                break;
            }
            buffer.resize(needed + 4096, 0);
        }
        let end = buffer.iter().position(|&b| b == 0).unwrap_or(buffer.len());
        serde_json::from_slice(&buffer[..end]).map_err(|e| Error::Setup(format!("the metrics are no JSON: {e}")))
    }

    /// Ends the run.
    pub fn close(mut self) -> Result<()> {
        // SAFETY: the address of a live handle.
        unsafe { check(lbk_session_close(&mut self.session)) }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // SAFETY: the address of a live handle, or of NULL after `close`.
        unsafe { lbk_session_close(&mut self.session) };
    }
}

fn text(text: &str) -> Result<CString> {
    CString::new(text).map_err(|_| Error::Setup(format!("{text:?} holds a NUL")))
}

/// Errors become errors; warnings are the run's own business.
fn check(status: lbk_status) -> Result<()> {
    if status <= LBK_OK {
        return Ok(());
    }
    let mut buffer = [0u8; 1024];
    // SAFETY: the buffer is as long as said, and the needed size may be NULL.
    unsafe { lbk_last_error(buffer.as_mut_ptr().cast::<c_char>(), buffer.len(), null_mut()) };
    let end = buffer.iter().position(|&b| b == 0).unwrap_or(buffer.len());
    Err(Error::Setup(format!("status {status}: {}", String::from_utf8_lossy(&buffer[..end]))))
}
