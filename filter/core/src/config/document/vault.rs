//! `vault`: where the Provider is.

use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use super::object::object;
use super::{name, wait};
use crate::config::{ConfigError, Fault, Vault, WatchMode};
use crate::word::words;
use sallyport_model::{MAX_WAIT_SECONDS, Scope};

const TIMEOUT: RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_secs(60);
const WAIT: RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_secs(MAX_WAIT_SECONDS as u64);

/// The Provider, as Envoy reaches it.
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(rename = "Vault", rename_all = "camelCase", deny_unknown_fields)
)]
pub(super) struct VaultDocument {
    /// Name of the Envoy cluster of the Provider.
    cluster: String,
    /// Organization of short references, a UUID.
    organization: String,
    /// Environment of short references, a UUID.
    environment: String,
    /// `:authority` of the calls.
    authority: Option<String>,
    /// How long an answer may take, on top of `wait`.
    timeout: Option<String>,
    /// How long a call stays open for a change, in whole seconds.
    wait: Option<String>,
    /// Whether the filters of a process share one watch, or each has its own in each worker.
    #[cfg_attr(test, schemars(default))]
    pub(super) watch: WatchWord,
}

object!(VaultDocument {
    cluster = "cluster", required;
    organization = "organization", required;
    environment = "environment", required;
    authority = "authority";
    timeout = "timeout";
    wait = "wait";
    watch = "watch";
});

words! {
    #[derive(Clone, Copy, Default, PartialEq, Eq)]
    pub(super) enum WatchWord {
        #[default]
        Shared = "shared",
        Own = "own",
    }
}

impl VaultDocument {
    pub(super) fn read(self, section: &str) -> Result<Vault, ConfigError> {
        let at = |field: &str| format!("{section}/{field}");
        let open = wait(&at("wait"), self.wait, &WAIT, Duration::from_secs(25))?;
        if open.subsec_nanos() != 0 {
            return Err(ConfigError::at(at("wait"), Fault::WholeSeconds));
        }
        let authority = self
            .authority
            .unwrap_or_else(|| "sallyport-vault".to_owned());
        Ok(Vault {
            cluster: name::word(&at("cluster"), self.cluster)?,
            scope: Scope {
                organization: uuid(&at("organization"), &self.organization)?,
                environment: uuid(&at("environment"), &self.environment)?,
            },
            authority: name::word(&at("authority"), authority)?,
            timeout: wait(
                &at("timeout"),
                self.timeout,
                &TIMEOUT,
                Duration::from_secs(2),
            )?,
            wait: open,
            watch: match self.watch {
                WatchWord::Shared => WatchMode::Shared,
                WatchWord::Own => WatchMode::Own,
            },
        })
    }
}

fn uuid<T: FromStr>(pointer: &str, text: &str) -> Result<T, ConfigError> {
    text.parse()
        .map_err(|_| ConfigError::at(pointer, Fault::Uuid))
}
