//! The encryption schemes of PKCS#12 itself (RFC 7292 appendix C). All of them are weak; the ones
//! that old OpenSSL, Windows and Java write by default are read.

use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt as _, InnerIvInit as _, KeyInit as _};
use des::{TdesEde2, TdesEde3};
use pkcs8::der::asn1::ObjectIdentifier;
use rc2::Rc2;
use sha1::Sha1;
use zeroize::Zeroizing;

use super::kdf::{Purpose, derive};
use crate::keystore::passphrase::Passphrase;
use crate::keystore::protection::{ProtectionError, SaltAndIterations, malformed};

const IV_BYTES: usize = 8;

/// A scheme that is read: SHA-1 for the key derivation, CBC for the cipher.
#[derive(Clone, Copy)]
pub(in crate::keystore) enum Pbe {
    TripleDes,
    TwoKeyTripleDes,
    Rc2 { bits: u8 },
}

impl Pbe {
    /// `None` for what is not read: RC4, and everything that is not one of these.
    pub(in crate::keystore) fn of(oid: ObjectIdentifier) -> Option<Self> {
        let known = [
            ("1.2.840.113549.1.12.1.3", Self::TripleDes),
            ("1.2.840.113549.1.12.1.4", Self::TwoKeyTripleDes),
            ("1.2.840.113549.1.12.1.5", Self::Rc2 { bits: 128 }),
            ("1.2.840.113549.1.12.1.6", Self::Rc2 { bits: 40 }),
        ];
        let oid = oid.to_string();
        let found = known.into_iter().find(|(known, _)| *known == oid);
        found.map(|(_, pbe)| pbe)
    }

    /// The content. The iterations are for the caller to check; they are done once for the vector and
    /// once or twice for the key.
    pub(in crate::keystore) fn decrypt(
        self,
        parameters: &SaltAndIterations<'_>,
        data: &[u8],
        passphrase: Passphrase<'_>,
    ) -> Result<Zeroizing<Vec<u8>>, ProtectionError> {
        let derive = |purpose, length| {
            let passphrase = passphrase.bmp();
            derive::<Sha1>(
                &passphrase,
                parameters.salt,
                parameters.iterations,
                purpose,
                length,
            )
        };
        let key = derive(Purpose::Encryption, self.key_bytes());
        let iv = derive(Purpose::Iv, IV_BYTES);
        let bad_key = |_| malformed("an encryption key");
        match self {
            Self::TripleDes => {
                decrypt_cbc(TdesEde3::new_from_slice(&key).map_err(bad_key)?, &iv, data)
            }
            Self::TwoKeyTripleDes => {
                decrypt_cbc(TdesEde2::new_from_slice(&key).map_err(bad_key)?, &iv, data)
            }
            Self::Rc2 { bits } => {
                decrypt_cbc(Rc2::new_with_eff_key_len(&key, bits.into()), &iv, data)
            }
        }
    }

    fn key_bytes(self) -> usize {
        match self {
            Self::TripleDes => 24,
            Self::TwoKeyTripleDes => 16,
            Self::Rc2 { bits } => usize::from(bits / 8),
        }
    }
}

fn decrypt_cbc<C: BlockCipherDecrypt>(
    cipher: C,
    iv: &[u8],
    data: &[u8],
) -> Result<Zeroizing<Vec<u8>>, ProtectionError> {
    let mut buffer = Zeroizing::new(data.to_vec());
    let cipher = cbc::Decryptor::inner_iv_slice_init(cipher, iv)
        .map_err(|_| malformed("an initialization vector"))?;
    let length = cipher
        .decrypt_padded::<Pkcs7>(&mut buffer)
        .map_err(|_| ProtectionError::WrongPassphrase)?
        .len();
    buffer.truncate(length);
    Ok(buffer)
}
