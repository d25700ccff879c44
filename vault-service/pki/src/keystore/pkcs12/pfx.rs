//! The outer structure of a PKCS#12 store (RFC 7292 section 4).

use pkcs8::der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use pkcs8::der::{self, Decode, ErrorKind, Reader as _, SliceReader, Tag, Tagged as _};
use pkcs8::spki::AlgorithmIdentifierRef;

use super::bags::explicit;
use super::mac::StoreMac;
use crate::keystore::error::KeystoreError;
use crate::keystore::protection::{Protected, malformed};

pub(super) const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
pub(super) const ENCRYPTED_DATA: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.6");
pub(super) const PFX_VERSION: u8 = 3;
/// Most encrypted or plain parts in one store: writers make two or three, Java one per kind.
const MAX_SAFES: usize = 32;
/// How BER begins what has no length of its own.
const INDEFINITE_LENGTH: u8 = 0x80;
/// `[0] IMPLICIT OCTET STRING`.
const IMPLICIT_OCTETS: Tag = Tag::ContextSpecific {
    constructed: false,
    number: der::TagNumber(0),
};

/// A whole store.
pub(super) struct Pfx<'a> {
    /// What the MAC is over: the encoding of the AuthenticatedSafe.
    pub(super) content: &'a [u8],
    pub(super) mac: Option<StoreMac<'a>>,
}

/// One part of the store.
pub(super) enum Safe<'a> {
    /// The encoding of its SafeContents.
    Plain(&'a [u8]),
    /// The same, encrypted.
    Encrypted(Protected<'a>),
}

impl<'a> Pfx<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, KeystoreError> {
        if bytes.get(1) == Some(&INDEFINITE_LENGTH) {
            return Err(malformed(
                "its lengths are indefinite (BER, not DER): write it again with `openssl pkcs12`",
            ));
        }
        let read = || {
            let mut reader = SliceReader::new(bytes)?;
            let pfx = reader.sequence(|reader| {
                let version = u8::decode(reader)?;
                let content = reader.sequence(ContentInfo::read)?;
                let mac = match reader.is_finished() {
                    true => None,
                    false => Some(reader.sequence(StoreMac::read)?),
                };
                Ok::<_, der::Error>((version, content, mac))
            })?;
            reader.finish()?;
            Ok::<_, der::Error>(pfx)
        };
        let (version, content, mac) = read().map_err(|error| match error.kind() {
            ErrorKind::Incomplete { .. } => KeystoreError::Truncated {
                offset: bytes.len(),
            },
            _ => malformed("not the outer structure of a PKCS#12 store"),
        })?;
        if version != PFX_VERSION {
            return Err(malformed("the PKCS#12 version is not 3"));
        }
        let content = content.data()?;
        Ok(Self { content, mac })
    }

    /// The parts of the store: what is in them is not looked at.
    pub(super) fn safes(&self) -> Result<Vec<Safe<'a>>, KeystoreError> {
        let unreadable = |_: der::Error| malformed("the list of parts of the PKCS#12 store");
        let list = AnyRef::from_der(self.content).map_err(unreadable)?;
        list.tag().assert_eq(Tag::Sequence).map_err(unreadable)?;
        let mut reader = SliceReader::new(list.value()).map_err(unreadable)?;
        let mut safes = Vec::new();
        while !reader.is_finished() {
            if safes.len() >= MAX_SAFES {
                return Err(KeystoreError::TooManyEntries { limit: MAX_SAFES });
            }
            let info = reader.sequence(ContentInfo::read).map_err(unreadable)?;
            safes.push(info.safe()?);
        }
        Ok(safes)
    }
}

/// ContentInfo of PKCS#7 (RFC 2315 section 7).
struct ContentInfo<'a> {
    kind: ObjectIdentifier,
    content: &'a [u8],
}

impl<'a> ContentInfo<'a> {
    fn read(reader: &mut SliceReader<'a>) -> der::Result<Self> {
        Ok(Self {
            kind: ObjectIdentifier::decode(reader)?,
            content: explicit(AnyRef::decode(reader)?)?,
        })
    }

    fn data(&self) -> Result<&'a [u8], KeystoreError> {
        if self.kind != DATA {
            // Signed stores have no passphrase; nobody writes them.
            return Err(self.unsupported());
        }
        <&OctetStringRef>::from_der(self.content)
            .map(OctetStringRef::as_bytes)
            .map_err(|_| malformed("a part of the PKCS#12 store"))
    }

    fn safe(&self) -> Result<Safe<'a>, KeystoreError> {
        match self.kind {
            DATA => self.data().map(Safe::Plain),
            ENCRYPTED_DATA => self
                .encrypted()
                .map(Safe::Encrypted)
                .map_err(|_| malformed("an encrypted part of the PKCS#12 store")),
            _ => Err(self.unsupported()),
        }
    }

    /// EncryptedData (RFC 2315 section 13).
    fn encrypted(&self) -> der::Result<Protected<'a>> {
        let mut reader = SliceReader::new(self.content)?;
        reader.sequence(|reader| {
            u8::decode(reader)?;
            reader.sequence(|reader| {
                <ObjectIdentifier>::decode(reader)?;
                let algorithm = AlgorithmIdentifierRef::decode(reader)?;
                let data = AnyRef::decode(reader)?;
                data.tag().assert_eq(IMPLICIT_OCTETS)?;
                Ok::<_, der::Error>(Protected {
                    algorithm,
                    data: data.value(),
                })
            })
        })
    }

    fn unsupported(&self) -> KeystoreError {
        KeystoreError::Unsupported {
            what: "a part",
            oid: self.kind.to_string(),
        }
    }
}
