//! Encrypted private keys (PKCS#8 EncryptedPrivateKeyInfo, RFC 5958 section 3, with PBES2 of
//! RFC 8018).

use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::der::asn1::ObjectIdentifier;
use pkcs8::der::{Decode as _, ErrorKind};
use pkcs8::pkcs5::pbes2::{Kdf, Parameters, Pbkdf2Params, Pbkdf2Prf, ScryptParams};
use pkcs8::pkcs5::{self, EncryptionScheme};
use zeroize::Zeroizing;

use crate::private_key::PrivateKeyError;

/// Most PBKDF2 iterations: about a second of work.
pub(crate) const MAX_PBKDF2_ITERATIONS: u32 = 1_000_000;
/// Most memory scrypt may ask for, in bytes (four times what OpenSSL asks for by default).
pub(crate) const MAX_SCRYPT_MEMORY: u64 = 64 * 1024 * 1024;
/// Most memory scrypt may go through, in bytes: memory times parallelization.
pub(crate) const MAX_SCRYPT_WORK: u64 = 4 * MAX_SCRYPT_MEMORY;
/// Memory that scrypt goes through in the time of one PBKDF2 iteration, about.
const SCRYPT_BYTES_PER_ITERATION: u64 = 512;

/// The decrypted PKCS#8 PrivateKeyInfo. The cost of the key derivation is checked before any of it
/// is done. A wrong passphrase is sometimes only seen when the result is read.
pub(crate) fn decrypt(der: &[u8], passphrase: &str) -> Result<Zeroizing<Vec<u8>>, PrivateKeyError> {
    let info = EncryptedPrivateKeyInfoRef::from_der(der).map_err(|error| unreadable(&error))?;
    let parameters = match &info.encryption_algorithm {
        EncryptionScheme::Pbes2(parameters) => parameters,
        other => return Err(unsupported(other.oid())),
    };
    check_prf(parameters)?;
    cost(parameters)?;
    decrypt_with(
        parameters,
        passphrase.as_bytes(),
        info.encrypted_data.as_bytes(),
    )
}

/// The content. The cost is for the caller to check, with [`cost`].
pub(crate) fn decrypt_with(
    parameters: &Parameters,
    passphrase: &[u8],
    data: &[u8],
) -> Result<Zeroizing<Vec<u8>>, PrivateKeyError> {
    let mut buffer = Zeroizing::new(data.to_vec());
    let length = parameters
        .decrypt_in_place(passphrase, &mut buffer)
        .map_err(failure)?
        .len();
    buffer.truncate(length);
    Ok(buffer)
}

/// Key files that still use the default of RFC 8018 are refused: `openssl pkcs8` can convert them.
fn check_prf(parameters: &Parameters) -> Result<(), PrivateKeyError> {
    match &parameters.kdf {
        Kdf::Pbkdf2(pbkdf2) if pbkdf2.prf == Pbkdf2Prf::HmacWithSha1 => {
            Err(unsupported(pbkdf2.prf.oid()))
        }
        _ => Ok(()),
    }
}

/// What the key derivation takes, in iterations of PBKDF2, if that is within the limits.
pub(crate) fn cost(parameters: &Parameters) -> Result<u64, PrivateKeyError> {
    match &parameters.kdf {
        Kdf::Pbkdf2(pbkdf2) => check_pbkdf2(pbkdf2),
        Kdf::Scrypt(scrypt) => check_scrypt(scrypt),
        other => Err(unsupported(other.oid())),
    }
}

fn check_pbkdf2(parameters: &Pbkdf2Params) -> Result<u64, PrivateKeyError> {
    if !(1..=MAX_PBKDF2_ITERATIONS).contains(&parameters.iteration_count) {
        return Err(PrivateKeyError::Pbkdf2Iterations {
            iterations: parameters.iteration_count,
            limit: MAX_PBKDF2_ITERATIONS,
        });
    }
    Ok(parameters.iteration_count.into())
}

fn check_scrypt(parameters: &ScryptParams) -> Result<u64, PrivateKeyError> {
    let (cost, block) = (parameters.cost_parameter, parameters.block_size);
    // The library assumes a cost that is a power of two above one (RFC 7914 section 6).
    if cost < 2 || !cost.is_power_of_two() || block == 0 || parameters.parallelization == 0 {
        return Err(PrivateKeyError::Malformed);
    }
    let memory = cost.saturating_mul(u64::from(block)).saturating_mul(128);
    let work = memory.saturating_mul(u64::from(parameters.parallelization));
    if memory > MAX_SCRYPT_MEMORY || work > MAX_SCRYPT_WORK {
        return Err(PrivateKeyError::ScryptMemory {
            bytes: work,
            limit: if memory > MAX_SCRYPT_MEMORY {
                MAX_SCRYPT_MEMORY
            } else {
                MAX_SCRYPT_WORK
            },
        });
    }
    Ok(work / SCRYPT_BYTES_PER_ITERATION)
}

pub(crate) fn unreadable(error: &pkcs8::der::Error) -> PrivateKeyError {
    match error.kind() {
        ErrorKind::OidUnknown { oid } => unsupported(oid),
        _ => PrivateKeyError::Malformed,
    }
}

fn failure(error: pkcs5::Error) -> PrivateKeyError {
    match error {
        pkcs5::Error::DecryptFailed => PrivateKeyError::WrongPassphrase,
        pkcs5::Error::UnsupportedAlgorithm { oid } => unsupported(oid),
        _ => PrivateKeyError::Malformed,
    }
}

fn unsupported(oid: ObjectIdentifier) -> PrivateKeyError {
    PrivateKeyError::UnsupportedEncryption {
        oid: oid.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use pkcs8::pkcs5::pbes2::{Pbkdf2Params, ScryptParams};

    use super::{
        MAX_PBKDF2_ITERATIONS, MAX_SCRYPT_MEMORY, MAX_SCRYPT_WORK, check_pbkdf2, check_scrypt,
    };
    use crate::private_key::PrivateKeyError;

    fn scrypt(cost: u64, block: u16, parallelization: u16) -> Result<u64, PrivateKeyError> {
        check_scrypt(&ScryptParams {
            salt: [0; 16].as_slice().try_into().unwrap(),
            cost_parameter: cost,
            block_size: block,
            parallelization,
            key_length: None,
        })
    }

    #[test]
    fn scrypt_is_limited_before_any_work_is_done() {
        // What OpenSSL asks for by default, and the most that is allowed.
        assert_eq!(scrypt(16_384, 8, 1), Ok(32_768));
        assert_eq!(scrypt(65_536, 8, 1), Ok(131_072));
        assert_eq!(scrypt(65_536, 8, 4), Ok(524_288));
        for (cost, block, parallelization, limit) in [
            (131_072, 8, 1, MAX_SCRYPT_MEMORY),
            (65_536, 8, 5, MAX_SCRYPT_WORK),
            (2, u16::MAX, u16::MAX, MAX_SCRYPT_WORK),
            (1 << 63, u16::MAX, u16::MAX, MAX_SCRYPT_MEMORY),
        ] {
            let verdict = scrypt(cost, block, parallelization);
            assert!(
                matches!(verdict, Err(PrivateKeyError::ScryptMemory { limit: found, .. }) if found == limit),
                "{cost} {block} {parallelization}: {verdict:?}"
            );
        }
    }

    #[test]
    fn scrypt_parameters_that_would_break_the_library_are_malformed() {
        for (cost, block, parallelization) in
            [(0, 8, 1), (1, 8, 1), (3, 8, 1), (16, 0, 1), (16, 8, 0)]
        {
            let verdict = scrypt(cost, block, parallelization);
            assert_eq!(verdict, Err(PrivateKeyError::Malformed), "{cost} {block}");
        }
    }

    #[test]
    fn pbkdf2_iterations_are_limited_on_both_sides() {
        for (iterations, accepted) in [
            (0, false),
            (1, true),
            (MAX_PBKDF2_ITERATIONS, true),
            (MAX_PBKDF2_ITERATIONS + 1, false),
        ] {
            let parameters = Pbkdf2Params::hmac_sha256(iterations, &[0; 16]).unwrap();
            assert_eq!(check_pbkdf2(&parameters).is_ok(), accepted, "{iterations}");
        }
    }
}
