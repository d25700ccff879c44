//! From references to the keys of a policy: the current version of each secret, and the previous one
//! where there is one.

use sallyport_message::Key;
use sallyport_model::{Reference, SecretString, SharedSecret};

use crate::material::Prepared;
use crate::reason::Reason;
use crate::usable::{Age, Usable};

/// Which version of a secret something was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// The one that the reference names.
    Current,
    /// The one before: a rotation is under way.
    Previous,
}

/// A secret that is at hand.
pub(super) struct Found<'a> {
    pub(super) reference: &'a Reference,
    pub(super) version: Version,
    pub(super) prepared: &'a Prepared,
}

/// Why there is none.
pub(crate) type Missing<'a> = (&'a Reference, Reason);

impl Version {
    /// The word in counters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Previous => "previous",
        }
    }

    pub(super) fn of(reference: &Reference) -> Self {
        match reference.is_previous() {
            true => Self::Previous,
            false => Self::Current,
        }
    }
}

/// What the references stand for. A previous version that is not there, or that the vault has in a form that
/// cannot be used, is no fault: most secrets were rotated never or long ago.
pub(super) fn find<'a>(
    references: &'a [Reference],
    usable: Usable<'a>,
) -> Result<(Vec<Found<'a>>, Age), Missing<'a>> {
    let mut all = Vec::with_capacity(references.len());
    let mut oldest = Age::Fresh;
    for reference in references {
        let version = Version::of(reference);
        match usable.look_up(reference) {
            Ok((prepared, age)) => {
                oldest = oldest.max(age);
                all.push(Found {
                    reference,
                    version,
                    prepared,
                });
            }
            Err(Reason::SecretRefused | Reason::SecretWithdrawn | Reason::SecretMalformed)
                if version == Version::Previous => {}
            Err(reason) => return Err((reference, reason)),
        }
    }
    Ok((all, oldest))
}

/// Those of which something can be made, and what. A previous version that nothing can be made of is left out: a bad one that was
/// rolled back must not keep the good one from working.
pub(super) fn fitting<'a, T>(
    found: Vec<Found<'a>>,
    make: impl Fn(&Found<'a>) -> Result<T, Missing<'a>>,
) -> Result<(Vec<Found<'a>>, Vec<T>), Missing<'a>> {
    let mut all = Vec::with_capacity(found.len());
    for one in found {
        match make(&one) {
            Ok(made) => all.push((one, made)),
            Err(_) if one.version == Version::Previous => {}
            Err(missing) => return Err(missing),
        }
    }
    Ok(all.into_iter().unzip())
}

impl<'a> Found<'a> {
    /// It is there, but does not fit.
    pub(super) const fn unusable(&self) -> Missing<'a> {
        (self.reference, Reason::CredentialUnusable)
    }

    /// The key of a `SymmetricKey` secret.
    pub(super) fn key(&self) -> Result<Key, Missing<'a>> {
        let Prepared::SharedSecret(SharedSecret::SymmetricKey { key }, derived) = self.prepared
        else {
            return Err(self.unusable());
        };
        derived.key(key).cloned().map_err(|_| self.unusable())
    }

    /// A secret that is one text: a field, a symmetric key as it is written, a blob.
    pub(super) fn text(&self) -> Result<&'a SecretString, Missing<'a>> {
        match self.prepared {
            Prepared::Field(text)
            | Prepared::SharedSecret(
                SharedSecret::SymmetricKey { key: text } | SharedSecret::Blob { content: text },
                _,
            ) => Ok(text),
            _ => Err(self.unusable()),
        }
    }

    /// User name and password.
    pub(super) fn pair(&self) -> Result<(&'a str, &'a SecretString), Missing<'a>> {
        match self.prepared {
            Prepared::SharedSecret(SharedSecret::UsernamePassword { username, password }, _) => {
                Ok((username, password))
            }
            _ => Err(self.unusable()),
        }
    }
}
