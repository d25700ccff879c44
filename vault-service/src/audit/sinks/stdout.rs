//! The service's stdout, for whoever collects what containers say; its own log goes to stderr.

use std::io::{self, Write as _};

use super::carrier::{Device, DeviceError, Holds};
use super::file::joined;
use crate::store::LogLine;

/// Stdout.
pub(super) struct Stdout;

impl Device for Stdout {
    fn open(&mut self) -> Result<Holds, DeviceError> {
        Ok(Holds::Unknown)
    }

    fn write(&mut self, lines: &[LogLine]) -> Result<(), DeviceError> {
        let mut out = io::stdout().lock();
        out.write_all(&joined(lines))?;
        Ok(out.flush()?)
    }
}
