//! `onFailure`: what happens to requests that cannot be decided for want of a secret.

use super::object::object;
use crate::config::{ConfigError, Failure, Fault, OnFailure};
use crate::usable::OnStale;
use crate::word::words;

/// What happens to requests that cannot be decided, by why the secret is not at hand. A peer that
/// did not pass is no failure: nothing here lets it pass.
#[derive(Default)]
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(
        rename = "OnFailure",
        rename_all = "camelCase",
        deny_unknown_fields,
        default
    )
)]
pub(super) struct OnFailureDocument {
    /// The vault did not answer, or not for longer than its last answer may be used.
    unreachable: FailureWord,
    /// The vault withdrew the secret, refuses it, or does not serve this gateway.
    denied: FailureWord,
    /// What the vault sent cannot be used.
    malformed: FailureWord,
    /// The vault did not confirm the secret in time, which it allows for a while.
    stale: StaleWord,
}

object!(OnFailureDocument {
    unreachable = "unreachable";
    denied = "denied";
    malformed = "malformed";
    stale = "stale";
});

words! {
    #[derive(Clone, Copy, Default)]
    enum FailureWord {
        #[default]
        Deny = "deny",
        LetPass = "letPass",
    }
}

words! {
    #[derive(Clone, Copy, Default)]
    enum StaleWord {
        #[default]
        Use = "use",
        Deny = "deny",
    }
}

impl OnFailureDocument {
    pub(super) fn read(self, section: &str) -> Result<OnFailure, ConfigError> {
        let on_failure = OnFailure {
            unreachable: self.unreachable.into(),
            denied: self.denied.into(),
            malformed: self.malformed.into(),
            stale: match self.stale {
                StaleWord::Use => OnStale::Use,
                StaleWord::Deny => OnStale::Deny,
            },
        };
        match (on_failure.stale, on_failure.unreachable) {
            // Denied while it is stale, let pass once it has expired: nobody means that.
            (OnStale::Deny, Failure::LetPass) => {
                let pointer = format!("{section}/stale");
                Err(ConfigError::at(pointer, Fault::StaleDenied))
            }
            _ => Ok(on_failure),
        }
    }
}

impl From<FailureWord> for Failure {
    fn from(word: FailureWord) -> Self {
        match word {
            FailureWord::Deny => Self::Deny,
            FailureWord::LetPass => Self::LetPass,
        }
    }
}
