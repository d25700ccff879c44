//! The nouns of Sallyport and the wire format of the Provider.
//!
//! Everything here is data and pure functions: no clock, no socket, no runtime. The vault service,
//! the filter and the command line share these types, so a reference or a policy means the same in
//! all three.

#![forbid(unsafe_code)]

mod access;
mod account_name;
pub mod audit;
mod collection;
mod crl_distributor;
mod der;
mod download_api;
mod enrolment_api;
mod exact_json;
mod gateway;
mod id;
mod material;
mod name;
mod objects;
mod permission;
mod pinset;
mod provider_api;
mod reach;
mod reference;
mod revocation;
mod secret_path;
mod secret_string;
mod shared_secret;
mod store_type;
mod symmetric_key;
mod template;
mod tls;
mod verification;

pub use access::{Access, AccessError};
pub use account_name::{PlaceName, Username};
pub use collection::{Collection, UnknownCollection};
pub use crl_distributor::{CrlRefresh, CrlRefreshError, CrlUrl, CrlUrlError};
pub use der::Der;
pub use download_api::{DOWNLOAD_PATH, DownloadFormat, DownloadRequest, VERSION_HEADER};
pub use enrolment_api::{ENROLMENT_PATH, RENEWAL_PATH, RenewalRequest, RenewedCertificate};
pub use exact_json::exact_json;
pub use gateway::{GatewayIdentity, GatewayIdentityError, TrustDomain};
pub use id::{ActorId, EnvironmentId, GroupId, OrganizationId, Scope, SecretId};
pub use material::{Material, TlsContextMaterial, TruststoreMaterial};
pub use name::{GroupName, NameError, SecretName};
pub use objects::Objects;
pub use permission::{Permission, PermissionError};
pub use pinset::{PinKindWord, PinMaterial, PinRoleWord, PinsetMaterial, PinsetMaterialError};
pub use provider_api::{
    Answer, Freshness, Known, MARKER_HEADER, MARKER_VALUE, MAX_REFERENCES, MAX_WAIT_SECONDS,
    Outcome, RESOLVE_PATH, Refusal, ResolveRequest, ResolveResponse, Revision,
};
pub use reach::{GrantLimit, GrantLimitError, Reach};
pub use reference::{
    Field, REFERENCE_SCHEME, Reference, ReferenceError, Selector, VersionSelector,
};
pub use revocation::{
    CertificatesMaterial, DelegationMaterial, DenyOrAllow, EditionMaterial, ListedMaterial,
    RevocationListMaterial, RevocationMaterial, RevocationMaterialError, RevocationPolicyMaterial,
};
pub use secret_path::{GroupPath, GroupPathError, SecretPath};
pub use secret_string::SecretString;
pub use shared_secret::SharedSecret;
pub use store_type::{StoreType, UnknownStoreType};
pub use symmetric_key::{MAX_SYMMETRIC_KEY_BYTES, SymmetricKeyError, symmetric_key_bytes};
pub use template::{Template, TemplateError, TemplatePart};
pub use tls::{
    AcceptableTlsVersions, AlpnProtocol, AuthenticationOverrides, CertificateChecking,
    CertificatePinning, CipherSuite, ClientCertificatePolicy, FabricCipherSuite,
    FabricCipherSuites, ListedCertificates, MutualAuthentication, PolicyOid, PolicyOidError,
    RevocationMethod, RevocationSettings, ServerCertificatePolicy, TlsTarget, TlsVersion,
    UnknownTlsWord, VerificationSettings,
};
pub use verification::{
    RevocationCheck, SelfSigned, Tolerances, VerificationMaterial, VerificationProfile,
};
