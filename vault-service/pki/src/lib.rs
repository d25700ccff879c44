//! Certificates as data: parsing, path validation, pins, private keys, keystores.
//!
//! Pure: time and bytes are arguments, nothing is read from a clock, a file or a socket, so the
//! vault service and the gateway filter (WebAssembly) reach the same verdict from the same code.

#![forbid(unsafe_code)]

mod certificate;
mod details;
mod digest;
mod distinguished_name;
mod extensions;
#[cfg(feature = "keystores")]
mod keystore;
mod names;
mod path;
mod path_error;
mod pem_block;
mod pem_bundle;
mod pins;
mod policies;
#[cfg(feature = "keystores")]
mod private_key;
#[cfg(feature = "keystores")]
mod private_key_encryption;
mod profile;
mod public_key;
mod revocation;
mod signature;
mod trust_anchors;
mod unix_time;

pub use certificate::{Certificate, CertificateError, MAX_CERTIFICATE_BYTES};
pub use details::{BasicConstraintsDetails, CertificateDetails, NameDetails, ValidityDetails};
pub use digest::{Digest, DigestError};
#[cfg(feature = "keystores")]
pub use keystore::{
    EXPORT_RANDOM_BYTES, EntryKind, ExportError, Integrity, KeyEntry, Keystore, KeystoreEntry,
    KeystoreError, KeystoreFormat, MAX_KEYSTORE_BYTES, MAX_KEYSTORE_ENTRIES, PemKeyError,
    TrustedCertificate, export_certificates_pem, export_encrypted_pem, export_key_pem, export_pem,
    export_pkcs12, export_trusted_pkcs12,
};
pub use names::{
    AllowedNames, AllowedNamesError, DnsName, DnsNameError, EmailAddress, EmailAddressError,
    MAX_DNS_NAME_BYTES, MAX_NAME_PATTERNS, MAX_SPIFFE_ID_BYTES, NamePattern, NamePatternError,
    NameRefusal, PeerName, ServerNameError, SpiffeId, SpiffeIdError, SpiffePattern,
    verify_server_name,
};
pub use path::{FurtherCheck, MAX_INTERMEDIATES, PathRules, Usage, VerifiedPath};
pub use path_error::PathError;
pub use pem_bundle::{
    MAX_PEM_BLOCKS, MAX_PEM_BYTES, PemError, certificate_from_pem, certificates_from_pem,
    certificates_from_pem_up_to,
};
pub use pins::{
    MAX_PINNED_CERTIFICATES, MAX_PINS, Pin, PinKind, PinMatch, PinRefusal, PinRole, PinSet,
    PinSetError, PinUnusable, PinnedCertificateError, PinnedCertificates, UnknownPinWord,
    UnusablePin,
};
pub use policies::{
    AnyPolicy, ExplicitPolicy, InvalidPolicyId, PolicyId, PolicyMapping, PolicyRules,
};
#[cfg(feature = "keystores")]
pub use private_key::{PrivateKey, PrivateKeyError};
pub use profile::{
    AnyPurpose, BackupPin, CommonName, CriticalNames, CriticalPurposes, KeyIdentifiers, Profile,
    Purposes, RootAuthorityKey, RootPurposes, Rule, UnknownProfile,
};
pub use public_key::KeyError;
pub use revocation::{
    CertificateStatus, CheckedCertificates, CrlCertificates, CrlDelegation, CrlEdition, CrlError,
    CrlNumber, CrlRules, CrlScope, CrlSigner, CrlUpdate, Dropped, ExpiredCrl, InvalidListedSerials,
    InvalidRevocations, ListedSerials, MAX_CRL_BYTES, MAX_CRL_ENTRIES, MAX_CRLS, ReadBucket,
    RefusedCrl, RevocationCause, RevocationError, RevocationEvidence, RevocationList,
    RevocationPolicy, RevocationReason, Revocations, SerialBuckets, UnknownStatus,
    UnreadableBucket, crl_from_pem,
};
pub use rustls_pki_types::{
    AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id,
};
pub use signature::{ALGORITHMS as SIGNATURE_ALGORITHMS, check_key, is_verified_here};
pub use trust_anchors::{TrustAnchorError, TrustAnchors};
pub use unix_time::UnixTime;
