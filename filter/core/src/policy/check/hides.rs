//! Ways to show who calls that come after one that decides first.

use super::{Accept, Scheme};

impl Accept {
    /// Whether it decides about every caller whom `later` could decide about.
    pub(crate) fn hides(&self, later: &Self) -> bool {
        self.secrets.is_total() && self.scheme.takes(&later.scheme)
    }
}

impl Scheme {
    /// Whether whoever shows the other shows this.
    fn takes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Basic, Self::Basic) | (Self::Jwt(_), Self::Jwt(_)) => true,
            (Self::ApiKey(header), Self::ApiKey(other)) => header == other,
            (Self::ApiKey(header), Self::Basic | Self::Jwt(_)) => {
                header.as_str() == "authorization"
            }
            (Self::Signature(check), Self::Signature(other)) => {
                check.policy.tag.is_none() || check.policy.tag == other.policy.tag
            }
            _ => false,
        }
    }
}
