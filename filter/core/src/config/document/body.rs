//! `body`: how much of a body is held, and for how long, where a message policy needs it.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::object::object;
use super::wait;
use crate::config::{BodyLimits, ConfigError, Fault};

pub(super) const MAX_BYTES: usize = 16 * 1024 * 1024;

const WAIT: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(60);

/// How much of a body is held, and for how long.
#[derive(Default)]
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(rename = "Body", rename_all = "camelCase", deny_unknown_fields)
)]
pub(super) struct BodyDocument {
    /// Most bytes; longer bodies are refused.
    max_bytes: Option<usize>,
    /// How long a body may take to arrive.
    wait: Option<String>,
}

object!(BodyDocument {
    max_bytes = "maxBytes";
    wait = "wait";
});

impl BodyDocument {
    pub(super) fn read(self, section: &str) -> Result<BodyLimits, ConfigError> {
        let max_bytes = self.max_bytes.unwrap_or(1024 * 1024);
        if max_bytes > MAX_BYTES {
            let (found, max) = (max_bytes, MAX_BYTES);
            let pointer = format!("{section}/maxBytes");
            return Err(ConfigError::at(pointer, Fault::TooMany { found, max }));
        }
        let default = Duration::from_secs(10);
        Ok(BodyLimits {
            max_bytes,
            wait: wait(&format!("{section}/wait"), self.wait, &WAIT, default)?,
        })
    }
}
