//! Who may come in, by name.

use super::name_pattern::NamePattern;
use super::peer_name::PeerName;
use super::spiffe_id::{SpiffeId, SpiffeIdError};
use crate::certificate::Certificate;

/// Most patterns in one list.
pub const MAX_NAME_PATTERNS: usize = 64;

/// Most names of a certificate that a refusal repeats.
const MAX_REPEATED: usize = 8;

/// A non-empty list of patterns: a peer passes if one of its names fits one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedNames {
    patterns: Vec<NamePattern>,
}

/// Why patterns are not a list of allowed names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AllowedNamesError {
    /// No pattern: nobody could pass, or everybody, depending on the reader.
    #[error("at least one name is needed")]
    Empty,
    /// More than [`MAX_NAME_PATTERNS`].
    #[error("at most {limit} names are allowed, found {count}")]
    TooMany {
        /// How many there were.
        count: usize,
        /// [`MAX_NAME_PATTERNS`].
        limit: usize,
    },
}

/// Why a peer's names do not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameRefusal {
    /// None of the names is allowed.
    #[error("none of the peer's names is allowed: {}", presented.join(", "))]
    Mismatch {
        /// What the certificate has, each with its type; the first few.
        presented: Vec<String>,
    },
    /// A SPIFFE ID is wanted, and the certificate claims one without keeping the rules.
    #[error("the certificate has no valid SPIFFE ID: {0}")]
    Spiffe(#[from] SpiffeIdError),
}

impl AllowedNames {
    /// A list of patterns.
    ///
    /// # Errors
    /// None, or more than [`MAX_NAME_PATTERNS`].
    pub fn new(patterns: Vec<NamePattern>) -> Result<Self, AllowedNamesError> {
        match patterns.len() {
            0 => Err(AllowedNamesError::Empty),
            count if count > MAX_NAME_PATTERNS => Err(AllowedNamesError::TooMany {
                count,
                limit: MAX_NAME_PATTERNS,
            }),
            _ => Ok(Self { patterns }),
        }
    }

    /// The patterns, in the order given.
    pub fn patterns(&self) -> &[NamePattern] {
        &self.patterns
    }

    /// The first of the peer's names that fits a pattern. This says nothing about trust: verify the
    /// path as well.
    ///
    /// # Errors
    /// None fits.
    pub fn check(&self, peer: &Certificate) -> Result<PeerName, NameRefusal> {
        let names = PeerName::all_of(peer);
        let allowed = |name: &&PeerName| self.patterns.iter().any(|wanted| wanted.matches(name));
        if let Some(name) = names.iter().find(allowed) {
            return Ok(name.clone());
        }
        let refusal = match self.workload(peer) {
            Some(Ok(id)) => return Ok(PeerName::Uri(id.as_str().to_owned())),
            Some(Err(error)) => NameRefusal::Spiffe(error),
            None => {
                let presented = peer.details().subject_alternative_name.into_iter();
                let presented = presented.take(MAX_REPEATED).collect();
                NameRefusal::Mismatch { presented }
            }
        };
        Err(refusal)
    }

    /// The peer's SPIFFE ID, if it is allowed, or what is wrong with it, if one is wanted and claimed.
    fn workload(&self, peer: &Certificate) -> Option<Result<SpiffeId, SpiffeIdError>> {
        let wanted = self.patterns.iter().filter_map(|pattern| match pattern {
            NamePattern::Spiffe(pattern) => Some(pattern),
            _ => None,
        });
        let mut wanted = wanted.peekable();
        wanted.peek()?;
        match SpiffeId::of(peer) {
            Ok(id) => wanted.any(|pattern| pattern.matches(&id)).then_some(Ok(id)),
            Err(SpiffeIdError::UriNames { count: 0 } | SpiffeIdError::Scheme) => None,
            Err(error) => Some(Err(error)),
        }
    }
}
