//! How JCEKS protects a private key: `PBEWithMD5AndTripleDES` of Java's SunJCE provider, an
//! invention of Sun that no standard has.

use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt as _, KeyIvInit as _};
use des::TdesEde3;
use md5::Md5;
use pkcs8::der::asn1::ObjectIdentifier;
use sha2::Digest as _;
use zeroize::Zeroizing;

use super::passphrase::Passphrase;
use super::protection::{ProtectionError, SaltAndIterations, malformed};

/// Sun's identifier of it.
pub(super) const OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.42.2.19.1");

const HALF: usize = 4;
const KEY_BYTES: usize = 24;
const MD5_BYTES: usize = 16;

/// The key. Padding is all that tells a wrong passphrase here. The iterations are for the caller to
/// check.
pub(super) fn decrypt(
    parameters: &SaltAndIterations<'_>,
    data: &[u8],
    passphrase: Passphrase<'_>,
) -> Result<Zeroizing<Vec<u8>>, ProtectionError> {
    let halves = || {
        let (first, second) = parameters.salt.split_at_checked(HALF)?;
        Some((first.try_into().ok()?, second.try_into().ok()?))
    };
    let (first, second) = halves().ok_or_else(|| malformed("a JCEKS salt is not 8 bytes"))?;
    // Java refuses to write a key under a passphrase that is not ASCII.
    let passphrase = passphrase.ascii().ok_or(ProtectionError::WrongPassphrase)?;

    let first = if first == second {
        sun_inverted(first)
    } else {
        first
    };
    let mut material = Zeroizing::new([0; 2 * MD5_BYTES]);
    for (half, out) in [first, second].iter().zip(material.chunks_mut(MD5_BYTES)) {
        out.copy_from_slice(&*derive(half, passphrase, parameters.iterations));
    }
    let (key, iv) = material.split_at(KEY_BYTES);

    let mut buffer = Zeroizing::new(data.to_vec());
    let cipher = cbc::Decryptor::<TdesEde3>::new_from_slices(key, iv)
        .map_err(|_| malformed("a JCEKS key"))?;
    let length = cipher
        .decrypt_padded::<Pkcs7>(&mut buffer)
        .map_err(|_| ProtectionError::WrongPassphrase)?
        .len();
    buffer.truncate(length);
    Ok(buffer)
}

/// MD5 over (previous digest, passphrase), as often as asked for.
fn derive(salt: &[u8; HALF], passphrase: &[u8], iterations: u64) -> Zeroizing<[u8; MD5_BYTES]> {
    let mut digest = Zeroizing::new([0; MD5_BYTES]);
    for round in 0..iterations {
        let previous: &[u8] = if round == 0 { salt } else { &*digest };
        let next = Md5::new_with_prefix(previous).chain_update(passphrase);
        *digest = next.finalize().into();
    }
    digest
}

/// What Java does to the first half of a salt whose halves are equal. It was meant to be reversed;
/// an index in Sun's code is wrong, and keystores out there depend on it.
fn sun_inverted([a, b, _, d]: [u8; HALF]) -> [u8; HALF] {
    [d, a, b, d]
}

#[cfg(test)]
mod tests {
    use super::sun_inverted;

    #[test]
    fn equal_halves_are_inverted_with_suns_mistake() {
        // for (i = 0; i < 2; i++) { tmp = salt[i]; salt[i] = salt[3 - i]; salt[3 - 1] = tmp; }
        let mut salt = [1, 2, 3, 4];
        for i in 0..2 {
            let tmp = salt[i];
            salt[i] = salt[3 - i];
            salt[3 - 1] = tmp;
        }
        assert_eq!(sun_inverted([1, 2, 3, 4]), salt);
    }
}
