//! How strictly certificates are held to RFC 5280 and to good practice.
//!
//! Path building looks at signatures, dates, names and purposes; a profile is about the rest of each
//! certificate on a path that is otherwise good.

mod check;
mod rule;

use std::fmt;
use std::str::FromStr;

pub(crate) use check::check_issuer;
pub use rule::Rule;

/// Subject key identifiers on CAs, authority key identifiers on everything but self-signed roots
/// (RFC 5280 sections 4.2.1.1 and 4.2.1.2). Private PKIs often leave them out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyIdentifiers {
    /// They have to be there.
    Required,
    /// They may be missing.
    Optional,
}

/// anyExtendedKeyUsage beside the purpose that is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AnyPurpose {
    /// A peer that has it is refused.
    Refused,
    /// It does no harm, and no good: alone it is not enough.
    Accepted,
}

/// An extended key usage that is marked critical on the peer's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CriticalPurposes {
    /// Refused.
    Refused,
    /// As RFC 5280 section 4.2.1.12 leaves it to the issuer.
    Accepted,
}

/// An extended key usage on a self-signed root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RootPurposes {
    /// Refused.
    Refused,
    /// Accepted; it limits what the root's certificates are good for.
    Accepted,
}

/// What the authority key identifier of a self-signed root holds, if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RootAuthorityKey {
    /// Nothing but the root's own key identifier.
    OwnKeyOnly,
    /// Anything.
    Any,
}

/// A subject alternative name that is marked critical although there is a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CriticalNames {
    /// Refused.
    Refused,
    /// RFC 5280 section 4.2.1.6 has a SHOULD only.
    Accepted,
}

/// Extended key usage on the peer's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purposes {
    /// It has to be there.
    Required,
    /// Without it the certificate is good for everything (RFC 5280 section 4.2.1.12).
    Optional,
}

/// The common name of the peer's certificate, which is never taken for an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CommonName {
    /// If there is one, it repeats a DNS or IP subject alternative name.
    InNames,
    /// It may be anything.
    Ignored,
}

/// Backups in a pin set: without one, a lost key locks everybody out (RFC 7469 section 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BackupPin {
    /// One has to count, besides the pins in use.
    Required,
    /// There may be none.
    Optional,
}

/// A set of rules. [`Profile::default`] is [`Profile::BALANCED`].
///
/// Whatever the profile: weak keys, wrong serial numbers, malformed extensions and the other
/// violations of RFC 5280 that a [`Rule`] names are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each type says it")]
pub struct Profile {
    pub key_identifiers: KeyIdentifiers,
    pub any_purpose: AnyPurpose,
    pub critical_purposes: CriticalPurposes,
    pub root_purposes: RootPurposes,
    pub root_authority_key: RootAuthorityKey,
    pub critical_names: CriticalNames,
    pub purposes: Purposes,
    pub common_name: CommonName,
    pub backup_pin: BackupPin,
}

/// Not the name of a profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not a profile: rfc5280, balanced or strict")]
pub struct UnknownProfile {
    /// What was given.
    pub name: String,
}

impl Profile {
    /// What RFC 5280 says, no more.
    pub const RFC5280: Self = Self {
        key_identifiers: KeyIdentifiers::Required,
        any_purpose: AnyPurpose::Accepted,
        critical_purposes: CriticalPurposes::Accepted,
        root_purposes: RootPurposes::Accepted,
        root_authority_key: RootAuthorityKey::Any,
        critical_names: CriticalNames::Accepted,
        purposes: Purposes::Optional,
        common_name: CommonName::Ignored,
        backup_pin: BackupPin::Optional,
    };
    /// RFC 5280, and of the CA/Browser Forum's baseline requirements what private PKIs keep as well.
    pub const BALANCED: Self = Self {
        any_purpose: AnyPurpose::Refused,
        critical_purposes: CriticalPurposes::Refused,
        root_purposes: RootPurposes::Refused,
        root_authority_key: RootAuthorityKey::OwnKeyOnly,
        critical_names: CriticalNames::Refused,
        ..Self::RFC5280
    };
    /// As public web PKIs issue.
    pub const STRICT: Self = Self {
        purposes: Purposes::Required,
        common_name: CommonName::InNames,
        backup_pin: BackupPin::Required,
        ..Self::BALANCED
    };

    const NAMED: [(&'static str, Self); 3] = [
        ("rfc5280", Self::RFC5280),
        ("balanced", Self::BALANCED),
        ("strict", Self::STRICT),
    ];
}

impl Default for Profile {
    fn default() -> Self {
        Self::BALANCED
    }
}

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, UnknownProfile> {
        Self::NAMED
            .into_iter()
            .find(|(known, _)| *known == name)
            .map(|(_, profile)| profile)
            .ok_or_else(|| UnknownProfile {
                name: name.to_owned(),
            })
    }
}

impl fmt::Display for Profile {
    /// The name of the profile, `custom` if its knobs are set otherwise.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = Self::NAMED.iter().find(|(_, profile)| profile == self);
        f.write_str(named.map_or("custom", |(name, _)| name))
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyIdentifiers, Profile};

    #[test]
    fn profiles_are_read_and_written_by_name() {
        for name in ["rfc5280", "balanced", "strict"] {
            assert_eq!(name.parse::<Profile>().unwrap().to_string(), name);
        }
        assert_eq!(Profile::default().to_string(), "balanced");
        assert!("Balanced".parse::<Profile>().is_err());
        let custom = Profile {
            key_identifiers: KeyIdentifiers::Optional,
            ..Profile::BALANCED
        };
        assert_eq!(custom.to_string(), "custom");
    }
}
