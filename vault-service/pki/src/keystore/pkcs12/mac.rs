//! The MAC over a PKCS#12 store (RFC 7292 section 4).

use hmac::digest::block_api::BlockSizeUser;
use hmac::{KeyInit as _, Mac as _, SimpleHmac};
use pkcs8::der::asn1::{ObjectIdentifier, OctetStringRef};
use pkcs8::der::{self, Decode, Reader};
use pkcs8::spki::AlgorithmIdentifierRef;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512, Sha512_256};

use super::kdf::{Purpose, derive};
use crate::keystore::error::KeystoreError;
use crate::keystore::passphrase::Passphrase;
use crate::keystore::protection::{malformed, unsupported};
use crate::keystore::work::WorkBudget;

pub(super) const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// MacData.
pub(super) struct StoreMac<'a> {
    digest: ObjectIdentifier,
    value: &'a [u8],
    salt: &'a [u8],
    iterations: u64,
}

impl<'a> StoreMac<'a> {
    /// To be called at the content of the sequence.
    pub(super) fn read<R: Reader<'a>>(reader: &mut R) -> der::Result<Self> {
        let (digest, value) = reader.sequence(|reader| {
            let algorithm = AlgorithmIdentifierRef::decode(reader)?;
            let value = <&OctetStringRef>::decode(reader)?.as_bytes();
            Ok::<_, der::Error>((algorithm.oid, value))
        })?;
        let salt = <&OctetStringRef>::decode(reader)?.as_bytes();
        let iterations = match reader.is_finished() {
            true => 1,
            false => u32::decode(reader)?,
        };
        Ok(Self {
            digest,
            value,
            salt,
            iterations: iterations.into(),
        })
    }

    pub(super) fn iterations(&self) -> u64 {
        self.iterations
    }

    /// The passphrase, in the form that fits.
    pub(super) fn verify<'p>(
        &self,
        content: &[u8],
        passphrase: Passphrase<'p>,
        budget: &mut WorkBudget,
    ) -> Result<Passphrase<'p>, KeystoreError> {
        if self.iterations == 0 {
            return Err(malformed("the iteration count of the MAC is zero"));
        }
        for form in passphrase.forms() {
            budget.spend(self.iterations)?;
            if self.verify_form(content, form)? {
                return Ok(form);
            }
        }
        Err(KeystoreError::WrongPassphrase)
    }

    fn verify_form(
        &self,
        content: &[u8],
        passphrase: Passphrase<'_>,
    ) -> Result<bool, KeystoreError> {
        match self.digest.to_string().as_str() {
            "1.3.14.3.2.26" => Ok(self.fits::<Sha1>(content, passphrase)),
            "2.16.840.1.101.3.4.2.4" => Ok(self.fits::<Sha224>(content, passphrase)),
            "2.16.840.1.101.3.4.2.1" => Ok(self.fits::<Sha256>(content, passphrase)),
            "2.16.840.1.101.3.4.2.2" => Ok(self.fits::<Sha384>(content, passphrase)),
            "2.16.840.1.101.3.4.2.3" => Ok(self.fits::<Sha512>(content, passphrase)),
            "2.16.840.1.101.3.4.2.6" => Ok(self.fits::<Sha512_256>(content, passphrase)),
            _ => Err(unsupported(self.digest)),
        }
    }

    fn fits<D: Digest + BlockSizeUser + Clone>(
        &self,
        content: &[u8],
        passphrase: Passphrase<'_>,
    ) -> bool {
        let mac = hmac::<D>(content, passphrase, self.salt, self.iterations);
        mac.is_some_and(|mac| mac.verify_slice(self.value).is_ok())
    }
}

/// The MAC as it is to be, over `content`.
pub(super) fn hmac<D: Digest + BlockSizeUser + Clone>(
    content: &[u8],
    passphrase: Passphrase<'_>,
    salt: &[u8],
    iterations: u64,
) -> Option<SimpleHmac<D>> {
    let length = <D as Digest>::output_size();
    let key = derive::<D>(&passphrase.bmp(), salt, iterations, Purpose::Mac, length);
    Some(SimpleHmac::new_from_slice(&key).ok()?.chain_update(content))
}
