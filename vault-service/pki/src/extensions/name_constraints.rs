//! Name constraints, as a CA states them.

use x509_parser::asn1_rs::{Any, Class, FromDer as _, Tag};
use x509_parser::extensions::GeneralName;

use crate::distinguished_name::DirectoryName;

/// RFC 5280 section 4.2.1.10.
#[derive(Clone, Debug, Default)]
pub(crate) struct NameConstraints {
    pub(crate) permitted: Vec<Subtree>,
    pub(crate) excluded: Vec<Subtree>,
}

/// The base of one subtree; not yet checked for sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subtree {
    Dns(String),
    Email(String),
    Uri(String),
    /// An address and a mask, one behind the other.
    Ip(Vec<u8>),
    Directory(DirectoryName),
    /// A form that is not looked into: its number in `GeneralName`.
    Other(u8),
}

impl NameConstraints {
    /// Reads the content of the extension. `None` if it is malformed, which a subtree with a minimum
    /// or maximum is as well: RFC 5280 allows only their defaults, and DER leaves those out.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let (rest, sequence) = Any::from_der(der).ok()?;
        let whole = rest.is_empty() && sequence.tag() == Tag::Sequence;
        let mut constraints = Self::default();
        let mut last = None;
        for list in elements(whole.then_some(sequence.data)?)? {
            let tag = (list.class() == Class::ContextSpecific).then_some(list.tag().0);
            if last >= tag {
                return None;
            }
            last = tag;
            let subtrees = elements(list.data)?;
            let subtrees = subtrees.iter().map(Subtree::read).collect::<Option<_>>()?;
            match tag {
                Some(0) => constraints.permitted = subtrees,
                Some(1) => constraints.excluded = subtrees,
                _ => return None,
            }
        }
        Some(constraints)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.permitted.is_empty() && self.excluded.is_empty()
    }

    pub(crate) fn has_leading_dot(&self) -> bool {
        let mut subtrees = self.permitted.iter().chain(&self.excluded);
        subtrees.any(|subtree| matches!(subtree, Subtree::Dns(name) if name.starts_with('.')))
    }
}

impl Subtree {
    fn read(subtree: &Any<'_>) -> Option<Self> {
        let content = (subtree.tag() == Tag::Sequence).then_some(subtree.data)?;
        let (rest, base) = Any::from_der(content).ok()?;
        if !rest.is_empty() {
            return None;
        }
        Some(match GeneralName::try_from(base).ok()? {
            GeneralName::DNSName(name) => Self::Dns(name.to_owned()),
            GeneralName::RFC822Name(address) => Self::Email(address.to_owned()),
            GeneralName::URI(host) => Self::Uri(host.to_owned()),
            GeneralName::IPAddress(octets) => Self::Ip(octets.to_vec()),
            GeneralName::DirectoryName(name) => Self::Directory(DirectoryName::read(&name)),
            GeneralName::OtherName(..) => Self::Other(0),
            GeneralName::X400Address(_) => Self::Other(3),
            GeneralName::EDIPartyName(_) => Self::Other(5),
            GeneralName::RegisteredID(_) => Self::Other(8),
            GeneralName::Invalid(..) => return None,
        })
    }
}

/// The elements that follow each other in `der`.
fn elements(mut der: &[u8]) -> Option<Vec<Any<'_>>> {
    let mut found = Vec::new();
    while !der.is_empty() {
        let (rest, element) = Any::from_der(der).ok()?;
        found.push(element);
        der = rest;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::{NameConstraints, Subtree};

    #[test]
    fn subtrees_are_read_by_side() {
        let der = b"\x30\x10\xa0\x06\x30\x04\x82\x02ab\xa1\x06\x30\x04\x86\x02cd";
        let constraints = NameConstraints::read(der).unwrap();
        assert_eq!(constraints.permitted, [Subtree::Dns("ab".to_owned())]);
        assert_eq!(constraints.excluded, [Subtree::Uri("cd".to_owned())]);
    }

    #[test]
    fn minimum_maximum_and_anything_else_out_of_place_is_malformed() {
        for der in [
            &b"\x30\x0b\xa0\x09\x30\x07\x82\x02ab\x80\x01\x00"[..],
            b"\x30\x0b\xa0\x09\x30\x07\x82\x02ab\x81\x01\x07",
            // The excluded ones first, a third list, the same list twice, another class.
            b"\x30\x10\xa1\x06\x30\x04\x82\x02ab\xa0\x06\x30\x04\x82\x02ab",
            b"\x30\x08\xa2\x06\x30\x04\x82\x02ab",
            b"\x30\x10\xa0\x06\x30\x04\x82\x02ab\xa0\x06\x30\x04\x82\x02ab",
            b"\x30\x08\x30\x06\x30\x04\x82\x02ab",
            // Not a subtree, nothing in it, an unknown form, something behind it, cut off.
            b"\x30\x06\xa0\x04\x82\x02ab",
            b"\x30\x04\xa0\x02\x30\x00",
            b"\x30\x08\xa0\x06\x30\x04\x8a\x02ab",
            b"\x30\x08\xa0\x06\x30\x04\x82\x02ab\x05\x00",
            b"\x30\x08\xa0\x06\x30\x04\x82\x02a",
            b"",
        ] {
            assert!(NameConstraints::read(der).is_none(), "{der:02x?}");
        }
    }
}
