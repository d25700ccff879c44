//! Who a peer is: the names in its subject alternative name (RFC 5280 section 4.2.1.6), and nothing
//! else. The common name is never an identity.

mod allowed_names;
mod dns_name;
mod email_address;
mod name_pattern;
mod peer_name;
mod server_name;
mod spiffe_id;

pub use allowed_names::{AllowedNames, AllowedNamesError, MAX_NAME_PATTERNS, NameRefusal};
pub use dns_name::{DnsName, DnsNameError, MAX_DNS_NAME_BYTES};
pub use email_address::{EmailAddress, EmailAddressError};
pub use name_pattern::{NamePattern, NamePatternError};
pub use peer_name::PeerName;
pub use server_name::{ServerNameError, verify_server_name};
pub use spiffe_id::{MAX_SPIFFE_ID_BYTES, SpiffeId, SpiffeIdError, SpiffePattern};
