//! The JSON document and its way to a [`Config`].

mod body;
mod check;
mod choice;
mod chosen_value;
mod downstream;
mod encryption;
mod injection;
mod mode;
mod name;
mod object;
mod on_failure;
mod peer_names;
mod policy;
mod protocol;
mod reference;
mod route;
#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
pub(super) mod schema;
mod sign;
mod upstream;
mod vault;

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Deserialize;

use super::{Config, ConfigError, Fault, Notes, Plugin, Policy};
use crate::duration;
use crate::word::words;
pub(super) use chosen_value::{XDS_NAMES, XDS_TREES};
use downstream::DownstreamDocument;
use object::object;
use on_failure::OnFailureDocument;
use upstream::UpstreamDocument;
use vault::{VaultDocument, WatchWord};

const MAX_BYTES: usize = 256 * 1024;

/// Of one entry; a process has several.
const MAX_REFERENCES: usize = 256;

const STARTUP_WAIT: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(60);

/// One entry of `filter.wasm`: in a filter chain it guards one side, as a service it watches.
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(rename = "Entry", rename_all = "camelCase", deny_unknown_fields)
)]
struct Document {
    /// Where the Provider is.
    vault: VaultDocument,
    /// How long requests wait for the vault's first answer, from the filter's start.
    startup_wait: Option<String>,
    /// What happens to requests that cannot be decided for want of a secret.
    on_failure: Option<OnFailureDocument>,
    /// Beside which requests the filter puts what it decided, for access logs.
    #[cfg_attr(test, schemars(default))]
    notes: NotesWord,
    /// What clients must show: for the HTTP filters of a listener.
    downstream: Option<DownstreamDocument>,
    /// What servers must show, and what they then get: for the upstream HTTP filters of a cluster.
    upstream: Option<UpstreamDocument>,
    /// A service that watches the vault for all filters of the process: for `envoy.bootstrap.wasm`.
    watcher: Option<WatcherDocument>,
}

object!(Document {
    vault = "vault", required;
    startup_wait = "startupWait";
    on_failure = "onFailure";
    notes = "notes";
    downstream = "downstream";
    upstream = "upstream";
    watcher = "watcher";
});

/// It has no settings of its own.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Watcher"))]
#[serde(deny_unknown_fields)]
struct WatcherDocument {}

words! {
    #[derive(Clone, Copy, Default, PartialEq, Eq)]
    enum NotesWord {
        /// Those with something refused, observed or let pass.
        #[default]
        Refusals = "refusals",
        /// All of them, which costs each a microsecond.
        All = "all",
    }
}

pub(super) fn parse(text: &str) -> Result<Plugin, ConfigError> {
    let found = text.len();
    if found > MAX_BYTES {
        let max = MAX_BYTES;
        return Err(ConfigError::at("", Fault::TooLarge { found, max }));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(text.as_bytes());
    let document = Document::deserialize(&mut deserializer)
        .map_err(|error| ConfigError::json(text, &error))?;
    deserializer.end().map_err(|error| {
        ConfigError::at(
            "",
            Fault::Json {
                message: "something follows the JSON document".to_owned(),
                line: error.line(),
                column: error.column(),
            },
        )
    })?;
    document.read()
}

impl Document {
    fn read(self) -> Result<Plugin, ConfigError> {
        let (protocol, policy) = match (self.downstream, self.upstream, self.watcher) {
            (Some(document), None, None) => (
                document.protocol,
                Policy::Downstream(document.read("/downstream")?),
            ),
            (None, Some(document), None) => (
                document.protocol,
                Policy::Upstream(document.read("/upstream")?),
            ),
            (None, None, Some(_)) => {
                let misplaced = [
                    ("/startupWait", self.startup_wait.is_some()),
                    ("/onFailure", self.on_failure.is_some()),
                    ("/notes", self.notes == NotesWord::All),
                    ("/vault/watch", self.vault.watch == WatchWord::Own),
                ];
                return match misplaced.iter().find(|(_, there)| *there) {
                    Some((pointer, _)) => Err(ConfigError::at(pointer, Fault::NotForWatchers)),
                    None => Ok(Plugin::Watcher(self.vault.read("/vault")?)),
                };
            }
            (None, None, None) => return Err(ConfigError::at("", Fault::Direction)),
            (Some(_), Some(_), _) => return Err(ConfigError::at("/upstream", Fault::Direction)),
            (_, _, Some(_)) => return Err(ConfigError::at("/watcher", Fault::Direction)),
        };
        let config = Config {
            vault: self.vault.read("/vault")?,
            startup_wait: wait(
                "/startupWait",
                self.startup_wait,
                &STARTUP_WAIT,
                Duration::from_secs(2),
            )?,
            on_failure: self.on_failure.unwrap_or_default().read("/onFailure")?,
            protocol: protocol.into(),
            notes: match self.notes {
                NotesWord::Refusals => Notes::Refusals,
                NotesWord::All => Notes::All,
            },
            policy,
        };
        let found = config.references().len();
        if found > MAX_REFERENCES {
            let max = MAX_REFERENCES;
            let pointer = match &config.policy {
                Policy::Downstream(_) => "/downstream/routes",
                Policy::Upstream(_) => "/upstream/inject",
            };
            return Err(ConfigError::at(pointer, Fault::TooMany { found, max }));
        }
        Ok(Plugin::Filter(Box::new(config)))
    }
}

/// A duration, or its default.
fn wait(
    pointer: &str,
    text: Option<String>,
    allowed: &RangeInclusive<Duration>,
    default: Duration,
) -> Result<Duration, ConfigError> {
    text.map_or(Ok(default), |text| duration::parse(&text, allowed))
        .map_err(|error| ConfigError::at(pointer, Fault::Duration(error)))
}

/// Lists are counted before anything in them is read.
fn count<T>(pointer: &str, list: &[T], max: usize) -> Result<(), ConfigError> {
    let found = list.len();
    match found > max {
        true => Err(ConfigError::at(pointer, Fault::TooMany { found, max })),
        false => Ok(()),
    }
}
