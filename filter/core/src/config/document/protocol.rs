//! `protocol`, and what it leaves no sense to.

use crate::config::{ConfigError, Fault, Protocol, RouteMatch};
use crate::word::words;

words! {
    #[derive(Clone, Copy, Default)]
    pub(super) enum ProtocolWord {
        #[default]
        Http = "http",
        Tcp = "tcp",
    }
}

impl ProtocolWord {
    /// Refuses a setting that is about requests where there are none.
    pub(super) fn for_requests(self, pointer: &str, given: bool) -> Result<(), ConfigError> {
        match self {
            Self::Tcp if given => Err(ConfigError::at(pointer, Fault::RequestsOnly)),
            Self::Tcp | Self::Http => Ok(()),
        }
    }

    /// Connections have a server name, and nothing else to be told apart by.
    pub(super) fn check_match(self, section: &str, wanted: &RouteMatch) -> Result<(), ConfigError> {
        for (field, given) in [
            ("route", wanted.route.is_some()),
            ("virtualHost", wanted.virtual_host.is_some()),
            ("cluster", wanted.cluster.is_some()),
        ] {
            self.for_requests(&format!("{section}/{field}"), given)?;
        }
        Ok(())
    }
}

impl From<ProtocolWord> for Protocol {
    fn from(word: ProtocolWord) -> Self {
        match word {
            ProtocolWord::Http => Self::Http,
            ProtocolWord::Tcp => Self::Tcp,
        }
    }
}
