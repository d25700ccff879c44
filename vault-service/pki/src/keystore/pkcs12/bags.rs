//! The bags of a PKCS#12 store (RFC 7292 section 4.2): what is in them, not yet put together.

use pkcs8::der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use pkcs8::der::{self, Decode, Reader as _, SliceReader, Tag, Tagged as _};
use zeroize::Zeroizing;

use crate::certificate::Certificate;
use crate::keystore::MAX_KEYSTORE_ENTRIES;
use crate::keystore::entry::StoredKey;
use crate::keystore::error::KeystoreError;
use crate::keystore::protection::malformed;

const KEY_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.1");
pub(super) const SHROUDED_KEY_BAG: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.2");
pub(super) const CERTIFICATE_BAG: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.3");
const CRL_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.4");
const SECRET_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.5");
pub(super) const X509_CERTIFICATE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.22.1");
pub(super) const FRIENDLY_NAME: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.20");
pub(super) const LOCAL_KEY_ID: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.21");
/// Oracle's `trustedKeyUsage`: Java's mark of a certificate that is trusted.
pub(super) const TRUSTED_KEY_USAGE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("2.16.840.1.113894.746875.1.1");

/// What the attributes of a bag say.
#[derive(Default)]
pub(super) struct Attributes {
    pub(super) friendly_name: Option<String>,
    pub(super) local_key_id: Option<Vec<u8>>,
    pub(super) trusted: bool,
}

/// Everything that was found, in order.
#[derive(Default)]
pub(super) struct Bags {
    pub(super) keys: Vec<(Attributes, StoredKey)>,
    pub(super) certificates: Vec<(Attributes, Certificate)>,
    pub(super) secret_keys: Vec<Attributes>,
}

impl Bags {
    /// Adds those of one SafeContents.
    pub(super) fn add(&mut self, safe_contents: &[u8]) -> Result<(), KeystoreError> {
        let mut reader = SliceReader::new(safe_contents).map_err(unreadable)?;
        let bags = AnyRef::decode(&mut reader).map_err(unreadable)?;
        reader.finish().map_err(unreadable)?;
        bags.tag().assert_eq(Tag::Sequence).map_err(unreadable)?;
        let mut reader = SliceReader::new(bags.value()).map_err(unreadable)?;
        while !reader.is_finished() {
            let bag = reader.sequence(Bag::read).map_err(unreadable)?;
            self.add_bag(bag)?;
        }
        Ok(())
    }

    fn add_bag(&mut self, bag: Bag<'_>) -> Result<(), KeystoreError> {
        if self.keys.len() + self.certificates.len() + self.secret_keys.len()
            >= MAX_KEYSTORE_ENTRIES
        {
            return Err(KeystoreError::TooManyEntries {
                limit: MAX_KEYSTORE_ENTRIES,
            });
        }
        match bag.kind {
            KEY_BAG => {
                let key = StoredKey::Plain(Zeroizing::new(bag.value.to_vec()));
                self.keys.push((bag.attributes, key));
            }
            SHROUDED_KEY_BAG => {
                let key = StoredKey::Protected(bag.value.to_vec());
                self.keys.push((bag.attributes, key));
            }
            CERTIFICATE_BAG => {
                let certificate = self.certificate(&bag)?;
                self.certificates.push((bag.attributes, certificate));
            }
            SECRET_BAG => self.secret_keys.push(bag.attributes),
            CRL_BAG => {}
            kind => {
                return Err(KeystoreError::Unsupported {
                    what: "a bag",
                    oid: kind.to_string(),
                });
            }
        }
        Ok(())
    }

    fn certificate(&self, bag: &Bag<'_>) -> Result<Certificate, KeystoreError> {
        let read = || {
            let mut reader = SliceReader::new(bag.value)?;
            reader.sequence(|reader| {
                let kind = ObjectIdentifier::decode(reader)?;
                let value = AnyRef::decode(reader)?;
                Ok::<_, der::Error>((kind, explicit(value)?))
            })
        };
        let (kind, value) = read().map_err(unreadable)?;
        if kind != X509_CERTIFICATE {
            return Err(KeystoreError::Unsupported {
                what: "a certificate",
                oid: kind.to_string(),
            });
        }
        let der = <&OctetStringRef>::from_der(value).map_err(unreadable)?;
        Certificate::from_der(der.as_bytes()).map_err(|error| {
            let named = bag.attributes.friendly_name.clone();
            let number = self.certificates.len() + 1;
            KeystoreError::Certificate {
                alias: named.unwrap_or_else(|| format!("certificate {number}")),
                error,
            }
        })
    }
}

/// SafeBag.
struct Bag<'a> {
    kind: ObjectIdentifier,
    /// Encoding of the bag's value.
    value: &'a [u8],
    attributes: Attributes,
}

impl<'a> Bag<'a> {
    fn read(reader: &mut SliceReader<'a>) -> der::Result<Self> {
        let kind = ObjectIdentifier::decode(reader)?;
        let value = explicit(AnyRef::decode(reader)?)?;
        let mut attributes = Attributes::default();
        if !reader.is_finished() {
            let set = AnyRef::decode(reader)?;
            set.tag().assert_eq(Tag::Set)?;
            let mut set = SliceReader::new(set.value())?;
            while !set.is_finished() {
                set.sequence(|attribute| attributes.read(attribute))?;
            }
        }
        Ok(Self {
            kind,
            value,
            attributes,
        })
    }
}

impl Attributes {
    fn read(&mut self, reader: &mut SliceReader<'_>) -> der::Result<()> {
        let kind = ObjectIdentifier::decode(reader)?;
        let values = AnyRef::decode(reader)?;
        values.tag().assert_eq(Tag::Set)?;
        let mut values = SliceReader::new(values.value())?;
        if values.is_finished() {
            return Ok(());
        }
        let value = AnyRef::decode(&mut values)?;
        match kind {
            FRIENDLY_NAME => self.friendly_name = text(value),
            LOCAL_KEY_ID => self.local_key_id = Some(value.value().to_vec()),
            TRUSTED_KEY_USAGE => self.trusted = true,
            _ => {}
        }
        Ok(())
    }
}

/// A BMPString, or the UTF8String that some write in its place.
fn text(value: AnyRef<'_>) -> Option<String> {
    match value.tag() {
        Tag::BmpString => {
            let (pairs, _) = value.value().as_chunks();
            let units: Vec<u16> = pairs.iter().copied().map(u16::from_be_bytes).collect();
            Some(String::from_utf16_lossy(&units))
        }
        Tag::Utf8String => std::str::from_utf8(value.value()).ok().map(str::to_owned),
        _ => None,
    }
}

/// What is in `[0] EXPLICIT`.
pub(super) fn explicit(value: AnyRef<'_>) -> der::Result<&[u8]> {
    let expected = Tag::ContextSpecific {
        constructed: true,
        number: der::TagNumber(0),
    };
    value.tag().assert_eq(expected)?;
    Ok(value.value())
}

fn unreadable(_: der::Error) -> KeystoreError {
    malformed("a bag of the PKCS#12 store")
}
