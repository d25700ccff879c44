//! References: how configuration names a secret without holding it.
//!
//! ```text
//! secret://<group>/<collection>/<name-or-id>[#field][@version]
//! secret://<organization>/<environment>/<group>/<collection>/<name-or-id>[#field][@version]
//! ```
//!
//! The collection is one of the API's plurals. Characters that have a meaning in the grammar
//! (`/ # @ % { }`), spaces and everything outside ASCII are percent-encoded in names (RFC 3986).

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::collection::{Collection, UnknownCollection};
use crate::id::{EnvironmentId, GroupId, OrganizationId, Scope, SecretId};
use crate::name::{GroupName, NameError, SecretName};

/// What every reference starts with.
pub const REFERENCE_SCHEME: &str = "secret://";

/// Longest reference, in bytes, percent-encoding included.
const MAX_LENGTH: usize = 1024;

/// A reference to a secret, or to one field or version of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// Organization and environment, where the long form names them.
    pub scope: Option<Scope>,
    /// The secret group.
    pub group: Selector<GroupName, GroupId>,
    /// The kind of secret.
    pub collection: Collection,
    /// The secret.
    pub secret: Selector<SecretName, SecretId>,
    /// One field of a shared secret.
    pub field: Option<Field>,
    /// Which version; the current one where absent.
    pub version: Option<VersionSelector>,
}

/// Something named by name or by id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Selector<N, I> {
    /// By name.
    Name(N),
    /// By UUID.
    Id(I),
}

/// The name of a field: 1 to 64 ASCII letters and digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Field(String);

/// Which version of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VersionSelector {
    /// The version in force.
    Current,
    /// The one that was in force before.
    Previous,
    /// The one that waits to be promoted.
    Pending,
    /// Exactly this one; versions count from 1.
    Number(u64),
}

/// Why a text is not a reference.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReferenceError {
    /// Does not start with `secret://`.
    #[error("a reference starts with secret://")]
    Scheme,
    /// Longer than any reference.
    #[error("a reference has at most {MAX_LENGTH} bytes, this one has {0}")]
    TooLong(usize),
    /// Neither three nor five path segments.
    #[error(
        "a reference has 3 segments (group/collection/name) or 5 \
         (organization/environment/group/collection/name), this one has {0}"
    )]
    Segments(usize),
    /// The organization or environment is not a UUID.
    #[error("the {0} of a reference is a UUID")]
    Scope(&'static str),
    /// The group's name breaks the rule for names.
    #[error("group: {0}")]
    Group(NameError),
    /// No such collection.
    #[error(transparent)]
    Collection(#[from] UnknownCollection),
    /// The secret's name breaks the rule for names.
    #[error("name: {0}")]
    Name(NameError),
    /// A character that must be percent-encoded, or an incomplete escape.
    #[error("character {character:?} at byte {position} must be percent-encoded")]
    Encoding {
        /// The character.
        character: char,
        /// Byte offset in the segment.
        position: usize,
    },
    /// An escape that is not UTF-8 text.
    #[error("percent-encoded bytes are not UTF-8")]
    Utf8,
    /// `#` with something that is no field name.
    #[error("a field is 1 to 64 letters and digits after '#'")]
    Field,
    /// `@` with something that is no version.
    #[error("a version is current, previous, pending or a number from 1 after '@'")]
    Version,
}

impl Field {
    const MAX: usize = 64;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Field {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let valid = (1..=Self::MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(ReferenceError::Field)
        }
    }
}

impl Reference {
    /// Whether it names the version before the current one, which a secret that was never rotated has not.
    pub fn is_previous(&self) -> bool {
        self.version == Some(VersionSelector::Previous)
    }
}

impl FromStr for VersionSelector {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        match text {
            "current" => Ok(Self::Current),
            "previous" => Ok(Self::Previous),
            "pending" => Ok(Self::Pending),
            _ if text.starts_with('0') || text.starts_with('+') => Err(ReferenceError::Version),
            _ => text
                .parse()
                .map(Self::Number)
                .map_err(|_| ReferenceError::Version),
        }
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        if text.len() > MAX_LENGTH {
            return Err(ReferenceError::TooLong(text.len()));
        }
        let rest = text
            .strip_prefix(REFERENCE_SCHEME)
            .ok_or(ReferenceError::Scheme)?;
        let (rest, version) = match rest.rsplit_once('@') {
            Some((rest, version)) => (rest, Some(version.parse()?)),
            None => (rest, None),
        };
        let (path, field) = match rest.split_once('#') {
            Some((path, field)) => (path, Some(field.parse()?)),
            None => (rest, None),
        };
        let segments: Vec<&str> = path.split('/').collect();
        let (scope, group, collection, secret) = match segments.as_slice() {
            [group, collection, secret] => (None, group, collection, secret),
            [organization, environment, group, collection, secret] => (
                Some(parse_scope(organization, environment)?),
                group,
                collection,
                secret,
            ),
            _ => return Err(ReferenceError::Segments(segments.len())),
        };
        Ok(Self {
            scope,
            group: parse_selector(&decode(group)?).map_err(ReferenceError::Group)?,
            collection: collection.parse()?,
            secret: parse_selector(&decode(secret)?).map_err(ReferenceError::Name)?,
            field,
            version,
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REFERENCE_SCHEME)?;
        if let Some(Scope {
            organization,
            environment,
        }) = self.scope
        {
            write!(f, "{organization}/{environment}/")?;
        }
        match &self.group {
            Selector::Name(name) => encode(name.as_str(), f)?,
            Selector::Id(id) => id.fmt(f)?,
        }
        write!(f, "/{}/", self.collection)?;
        match &self.secret {
            Selector::Name(name) => encode(name.as_str(), f)?,
            Selector::Id(id) => id.fmt(f)?,
        }
        if let Some(field) = &self.field {
            write!(f, "#{}", field.as_str())?;
        }
        match self.version {
            None => Ok(()),
            Some(VersionSelector::Current) => f.write_str("@current"),
            Some(VersionSelector::Previous) => f.write_str("@previous"),
            Some(VersionSelector::Pending) => f.write_str("@pending"),
            Some(VersionSelector::Number(number)) => write!(f, "@{number}"),
        }
    }
}

impl<N: fmt::Display, I: fmt::Display> fmt::Display for Selector<N, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Id(id) => id.fmt(f),
        }
    }
}

fn parse_scope(organization: &str, environment: &str) -> Result<Scope, ReferenceError> {
    Ok(Scope {
        organization: organization
            .parse::<OrganizationId>()
            .map_err(|_| ReferenceError::Scope("organization"))?,
        environment: environment
            .parse::<EnvironmentId>()
            .map_err(|_| ReferenceError::Scope("environment"))?,
    })
}

pub(crate) fn parse_selector<N: FromStr<Err = NameError>, I: FromStr>(
    text: &str,
) -> Result<Selector<N, I>, NameError> {
    match text.parse() {
        Ok(id) => Ok(Selector::Id(id)),
        Err(_) => text.parse().map(Selector::Name),
    }
}

/// Characters that stand for themselves in a segment: RFC 3986 `unreserved` and a few sub-delims.
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b'!'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b':'
                | b';'
                | b'='
        )
}

pub(crate) fn encode(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for byte in text.bytes() {
        if is_plain(byte) {
            write!(f, "{}", byte as char)?;
        } else {
            write!(f, "%{byte:02X}")?;
        }
    }
    Ok(())
}

pub(crate) fn decode(segment: &str) -> Result<String, ReferenceError> {
    let bytes = segment.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut position = 0;
    while let Some(&byte) = bytes.get(position) {
        let escape = (byte == b'%')
            .then(|| bytes.get(position + 1..position + 3))
            .flatten()
            .and_then(hex_pair);
        match escape {
            Some(value) => {
                decoded.push(value);
                position += 3;
            }
            None if is_plain(byte) => {
                decoded.push(byte);
                position += 1;
            }
            None => {
                let character = segment
                    .get(position..)
                    .and_then(|rest| rest.chars().next())
                    .unwrap_or('%');
                return Err(ReferenceError::Encoding {
                    character,
                    position,
                });
            }
        }
    }
    String::from_utf8(decoded).map_err(|_| ReferenceError::Utf8)
}

fn hex_pair(pair: &[u8]) -> Option<u8> {
    let digit = |byte: u8| {
        (byte as char)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> ReferenceError {
        text.parse::<Reference>().unwrap_err()
    }

    #[test]
    fn the_short_form_names_group_collection_and_secret() {
        let reference: Reference = "secret://payments/tlsContexts/partner-inbound"
            .parse()
            .unwrap();
        assert_eq!(reference.scope, None);
        assert_eq!(reference.group.to_string(), "payments");
        assert_eq!(reference.collection, Collection::TlsContexts);
        assert_eq!(reference.secret.to_string(), "partner-inbound");
        assert_eq!((reference.field, reference.version), (None, None));
    }

    #[test]
    fn the_long_form_names_organization_and_environment_too() {
        let text = "secret://11111111-1111-4111-8111-111111111111/22222222-2222-4222-8222-222222222222/payments/sharedSecrets/backend#password@3";
        let reference: Reference = text.parse().unwrap();
        assert!(reference.scope.is_some());
        assert_eq!(reference.version, Some(VersionSelector::Number(3)));
        assert_eq!(reference.to_string(), text);
    }

    #[test]
    fn a_version_is_a_label_or_a_number() {
        for (text, version) in [
            ("@current", VersionSelector::Current),
            ("@previous", VersionSelector::Previous),
            ("@pending", VersionSelector::Pending),
            ("@7", VersionSelector::Number(7)),
        ] {
            let text = format!("secret://payments/keystores/inbound{text}");
            let reference: Reference = text.parse().unwrap();
            assert_eq!(reference.version, Some(version));
            assert_eq!(reference.to_string(), text);
        }
    }

    #[test]
    fn a_uuid_selects_by_id_anything_else_by_name() {
        let text = "secret://payments/keystores/33333333-3333-4333-8333-333333333333";
        let reference: Reference = text.parse().unwrap();
        assert!(matches!(reference.secret, Selector::Id(_)));
    }

    #[test]
    fn names_with_grammar_characters_are_percent_encoded() {
        let text = "secret://payments/sharedSecrets/a%2Fb%20%40%23%C3%BC";
        let reference: Reference = text.parse().unwrap();
        assert_eq!(reference.secret.to_string(), "a/b @#ü");
        assert_eq!(reference.to_string(), text);
    }

    #[test]
    fn what_is_not_exactly_a_reference_is_refused_with_the_reason() {
        assert_eq!(error("payments/sharedSecrets/x"), ReferenceError::Scheme);
        assert_eq!(
            error("Secret://payments/sharedSecrets/x"),
            ReferenceError::Scheme
        );
        assert_eq!(
            error(" secret://payments/sharedSecrets/x"),
            ReferenceError::Scheme
        );
        assert_eq!(error("secret://payments/x"), ReferenceError::Segments(2));
        assert_eq!(
            error("secret://payments/sharedSecrets/x/y"),
            ReferenceError::Segments(4)
        );
        assert_eq!(
            error("secret://a/b/payments/sharedSecrets/x"),
            ReferenceError::Scope("organization")
        );
        assert!(matches!(
            error("secret://payments/sharedsecrets/x"),
            ReferenceError::Collection(_)
        ));
        assert!(matches!(
            error("secret://p/sharedSecrets/x"),
            ReferenceError::Group(_)
        ));
        assert!(matches!(
            error("secret://payments/sharedSecrets/"),
            ReferenceError::Name(_)
        ));
        assert!(matches!(
            error("secret://payments/sharedSecrets/a b"),
            ReferenceError::Encoding {
                character: ' ',
                position: 1
            }
        ));
        assert!(matches!(
            error("secret://payments/sharedSecrets/a%2"),
            ReferenceError::Encoding { .. }
        ));
        assert_eq!(
            error("secret://payments/sharedSecrets/%ff"),
            ReferenceError::Utf8
        );
        assert_eq!(
            error("secret://payments/sharedSecrets/x#"),
            ReferenceError::Field
        );
        assert_eq!(
            error("secret://payments/sharedSecrets/x@0"),
            ReferenceError::Version
        );
        assert_eq!(
            error("secret://payments/sharedSecrets/x@latest"),
            ReferenceError::Version
        );
        assert_eq!(
            error(&format!("secret://{}", "a".repeat(2000))),
            ReferenceError::TooLong(2009)
        );
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn every_name_survives_being_written_and_read(name in "\\PC{1,40}", version in 1u64..) {
            if let Ok(name) = name.parse::<SecretName>() {
                let reference = Reference {
                    scope: None,
                    group: Selector::Name("payments".parse().unwrap()),
                    collection: Collection::SharedSecrets,
                    secret: Selector::Name(name),
                    field: Some("password".parse().unwrap()),
                    version: Some(VersionSelector::Number(version)),
                };
                proptest::prop_assert_eq!(reference.to_string().parse::<Reference>().unwrap(), reference);
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,80}") {
            let _ = text.parse::<Reference>();
            let _ = format!("secret://{text}").parse::<Reference>();
        }
    }
}
