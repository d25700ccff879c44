//! Revocation by CRLs (RFC 5280 sections 5 and 6.3).
//!
//! A CRL is verified once, when it is loaded, and reduced to sorted serial numbers; a path is then
//! checked by look-ups, whose cost does not depend on the size of the CRL.

mod buckets;
mod certificate_facts;
mod check;
mod crl;
mod crl_error;
mod crl_number;
mod der;
mod distribution_point;
mod entries;
mod error;
mod extension;
mod list;
mod pem;
mod policy;
mod reason;
mod scope;
mod serials;
mod signer;
mod store;

pub use buckets::{ReadBucket, SerialBuckets, UnreadableBucket};
pub use check::{CertificateStatus, RevocationEvidence};
pub use crl::MAX_CRL_BYTES;
pub use crl_error::CrlError;
pub use crl_number::CrlNumber;
pub use entries::MAX_CRL_ENTRIES;
pub use error::{RevocationCause, RevocationError};
pub use list::{CrlEdition, Dropped, InvalidListedSerials, ListedSerials, RevocationList};
pub use pem::crl_from_pem;
pub use policy::{CheckedCertificates, ExpiredCrl, RevocationPolicy, UnknownStatus};
pub use reason::RevocationReason;
pub use scope::{CrlCertificates, CrlScope};
pub use signer::{CrlDelegation, CrlSigner};
pub use store::{CrlRules, CrlUpdate, InvalidRevocations, MAX_CRLS, RefusedCrl, Revocations};
