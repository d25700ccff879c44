//! Whether the names on a path are within the name constraints of the CAs above them (RFC 5280
//! section 4.2.1.10).
//!
//! Fails closed: a constraint or a name that makes no sense is a violation where the two meet, and so
//! is a form of name that is not processed.

mod address;
mod host;

use super::work::Work;
use crate::certificate::Certificate;
use crate::distinguished_name::DirectoryName;
use crate::extensions::{AltName, NameConstraints, Subtree};
use crate::path_error::PathError;

/// What a subtree is for. A wildcard stands for many names: all of them have to be permitted, none
/// of them may be excluded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Permitted,
    Excluded,
}

/// A constraint or a name that makes no sense.
struct Senseless;

/// A name of a certificate.
#[derive(Clone, Copy)]
enum Name<'a> {
    Alternative(&'a AltName),
    Directory(&'a DirectoryName),
    Email(&'a str),
}

/// `path` has the peer's certificate first, the anchor's last.
pub(super) fn check(path: &[&Certificate], work: &Work) -> Result<(), PathError> {
    for (index, ca) in path.iter().enumerate().skip(1) {
        let Some(constraints) = &ca.extensions().name_constraints else {
            continue;
        };
        for (below, certificate) in path.iter().take(index).enumerate() {
            // So that a CA can roll over its key; the peer's own certificate is never exempt.
            if below > 0 && certificate.is_self_issued() {
                continue;
            }
            for name in names(certificate) {
                check_name(name, &constraints.value, work)?;
            }
        }
    }
    Ok(())
}

fn names(certificate: &Certificate) -> impl Iterator<Item = Name<'_>> {
    let subject = Some(certificate.directory_name()).filter(|name| !name.is_empty());
    let emails = certificate.directory_name().emails();
    let alternatives = certificate.extensions().subject_alt_name.iter();
    subject
        .map(Name::Directory)
        .into_iter()
        .chain(emails.iter().map(|address| Name::Email(address)))
        .chain(alternatives.flat_map(|names| names.value.iter().map(Name::Alternative)))
}

fn check_name(name: Name<'_>, constraints: &NameConstraints, work: &Work) -> Result<(), PathError> {
    // `None`: no permitted subtree is of this form, so the form is not constrained.
    let mut permitted = None;
    for subtree in &constraints.permitted {
        work.compare_name()?;
        match name.is_within(subtree, Side::Permitted) {
            Some(Ok(within)) => permitted = Some(within || permitted == Some(true)),
            Some(Err(Senseless)) => return Err(PathError::NameConstraint),
            None => {}
        }
    }
    if permitted == Some(false) {
        return Err(PathError::NameConstraint);
    }
    for subtree in &constraints.excluded {
        work.compare_name()?;
        if let Some(Ok(true) | Err(Senseless)) = name.is_within(subtree, Side::Excluded) {
            return Err(PathError::NameConstraint);
        }
    }
    Ok(())
}

impl Name<'_> {
    /// `None` if the subtree is about another form of name.
    fn is_within(self, subtree: &Subtree, side: Side) -> Option<Result<bool, Senseless>> {
        Some(match (self, subtree) {
            (Self::Alternative(AltName::Dns(name)), Subtree::Dns(base)) => {
                host::dns_is_within(name, base, side)
            }
            (Self::Alternative(AltName::Email(name)), Subtree::Email(base)) => {
                host::email_is_within(name, base)
            }
            (Self::Email(name), Subtree::Email(base)) => host::email_is_within(name, base),
            (Self::Alternative(AltName::Uri(name)), Subtree::Uri(base)) => {
                host::uri_is_within(name, base)
            }
            (Self::Alternative(AltName::Ip(name)), Subtree::Ip(base)) => {
                address::is_within(*name, base)
            }
            (Self::Alternative(AltName::Directory { name, .. }), Subtree::Directory(base))
            | (Self::Directory(name), Subtree::Directory(base)) => Ok(match side {
                Side::Permitted => name.is_within(base),
                Side::Excluded => name.may_be_within(base),
            }),
            (Self::Alternative(AltName::Other { form, .. }), Subtree::Other(other))
                if form == other =>
            {
                Err(Senseless)
            }
            _ => return None,
        })
    }
}
