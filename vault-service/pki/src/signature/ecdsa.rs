//! ECDSA (FIPS 186-5 section 6) with uncompressed points only, as [`super::check_key`] lets through.

#[cfg(feature = "ecdsa")]
use ::signature::hazmat::PrehashVerifier as _;
use rustls_pki_types::InvalidSignature;
use sha2::Digest;

/// SEC 1 section 2.3.3: the first octet of an uncompressed point.
const UNCOMPRESSED: u8 = 4;

/// Whether it has the form of one, with coordinates of `bytes` each; not whether it is on the curve.
pub(super) fn is_point(public_key: &[u8], bytes: usize) -> bool {
    public_key.first() == Some(&UNCOMPRESSED) && public_key.len() == 1 + 2 * bytes
}

#[cfg(feature = "ecdsa")]
macro_rules! ecdsa_over {
    ($curve:ident) => {
        pub(super) fn $curve<D: Digest>(
            public_key: &[u8],
            message: &[u8],
            signature: &[u8],
        ) -> Result<(), InvalidSignature> {
            use ::$curve::ecdsa::{Signature, VerifyingKey};

            let key = VerifyingKey::from_sec1_bytes(public_key).map_err(|_| InvalidSignature)?;
            let signature = Signature::from_der(signature).map_err(|_| InvalidSignature)?;
            key.verify_prehash(&D::digest(message), &signature)
                .map_err(|_| InvalidSignature)
        }
    };
}

/// Left to a host: nothing is verified here.
#[cfg(not(feature = "ecdsa"))]
macro_rules! ecdsa_over {
    ($curve:ident) => {
        #[expect(
            clippy::extra_unused_type_parameters,
            reason = "the table names the hash"
        )]
        pub(super) fn $curve<D: Digest>(
            _: &[u8],
            _: &[u8],
            _: &[u8],
        ) -> Result<(), InvalidSignature> {
            Err(InvalidSignature)
        }
    };
}

ecdsa_over!(p256);
ecdsa_over!(p384);
ecdsa_over!(p521);
