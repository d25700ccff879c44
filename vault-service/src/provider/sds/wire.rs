//! The protobuf messages of SDS v3, as far as they are used here. Fields and numbers are those of
//! Envoy's `service/discovery/v3/discovery.proto` and `extensions/transport_sockets/tls/v3`; what a
//! client sends besides is skipped. Messages that may hold a secret do not print it.

use std::fmt;

use prost::bytes::Bytes;

/// The type of every resource here.
pub const SECRET_TYPE: &str =
    "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";

/// `StreamSecrets` and `FetchSecrets`: what a client wants, and what it made of the last response.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct DiscoveryRequest {
    /// Version of the last response that was accepted.
    #[prost(string, tag = "1")]
    pub version_info: String,
    /// All the names that are wanted.
    #[prost(string, repeated, tag = "3")]
    pub resource_names: Vec<String>,
    /// [`SECRET_TYPE`], or nothing.
    #[prost(string, tag = "4")]
    pub type_url: String,
    /// Nonce of the response that this one is about; empty in the first request.
    #[prost(string, tag = "5")]
    pub response_nonce: String,
    /// Why that response was not accepted.
    #[prost(message, optional, tag = "6")]
    pub error_detail: Option<Rejection>,
}

/// State of the World: everything there is of the wanted names.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct DiscoveryResponse {
    /// Version of all of it.
    #[prost(string, tag = "1")]
    pub version_info: String,
    /// Secrets.
    #[prost(message, repeated, tag = "2")]
    pub resources: Vec<AnySecret>,
    /// [`SECRET_TYPE`].
    #[prost(string, tag = "4")]
    pub type_url: String,
    /// What the client answers with.
    #[prost(string, tag = "5")]
    pub nonce: String,
}

/// `DeltaSecrets`: what a client wants from now on, and what it made of a response.
#[derive(Clone, PartialEq, prost::Message)]
pub struct DeltaDiscoveryRequest {
    /// [`SECRET_TYPE`], or nothing.
    #[prost(string, tag = "2")]
    pub type_url: String,
    /// Names that are wanted from now on.
    #[prost(string, repeated, tag = "3")]
    pub resource_names_subscribe: Vec<String>,
    /// Names that are not wanted any more.
    #[prost(string, repeated, tag = "4")]
    pub resource_names_unsubscribe: Vec<String>,
    /// In the first request: what the client still has, by name.
    #[prost(btree_map = "string, string", tag = "5")]
    pub initial_resource_versions: std::collections::BTreeMap<String, String>,
    /// Nonce of the response that this one is about; empty if it is about none.
    #[prost(string, tag = "6")]
    pub response_nonce: String,
    /// Why that response was not accepted.
    #[prost(message, optional, tag = "7")]
    pub error_detail: Option<Rejection>,
}

/// What has changed of the wanted names.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct DeltaDiscoveryResponse {
    /// New or changed.
    #[prost(message, repeated, tag = "2")]
    pub resources: Vec<Resource>,
    /// [`SECRET_TYPE`].
    #[prost(string, tag = "4")]
    pub type_url: String,
    /// What the client answers with.
    #[prost(string, tag = "5")]
    pub nonce: String,
    /// Names of which there is nothing, or nothing any more.
    #[prost(string, repeated, tag = "6")]
    pub removed_resources: Vec<String>,
}

/// A secret with its own version.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Resource {
    /// Its version.
    #[prost(string, tag = "1")]
    pub version: String,
    /// The secret.
    #[prost(message, optional, tag = "2")]
    pub resource: Option<AnySecret>,
    /// The name it was asked for under.
    #[prost(string, tag = "3")]
    pub name: String,
}

/// `google.rpc.Status`: why a client does not accept a response.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Rejection {
    /// A gRPC code.
    #[prost(int32, tag = "1")]
    pub code: i32,
    /// For people; the client's words.
    #[prost(string, tag = "2")]
    pub message: String,
}

/// `google.protobuf.Any` with a [`Secret`] in it.
#[derive(Clone, PartialEq, Eq, prost::Message)]
#[prost(skip_debug)]
pub struct AnySecret {
    /// [`SECRET_TYPE`].
    #[prost(string, tag = "1")]
    pub type_url: String,
    /// The secret, encoded.
    #[prost(bytes = "bytes", tag = "2")]
    pub value: Bytes,
}

/// A secret: exactly one of its fields is there.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Secret {
    /// The name it was asked for under.
    #[prost(string, tag = "1")]
    pub name: String,
    /// A certificate chain with its private key.
    #[prost(message, optional, tag = "2")]
    pub tls_certificate: Option<TlsCertificate>,
    /// Keys of session tickets.
    #[prost(message, optional, tag = "3")]
    pub session_ticket_keys: Option<SessionTicketKeys>,
    /// How a peer's certificate is verified.
    #[prost(message, optional, tag = "4")]
    pub validation_context: Option<ValidationContext>,
    /// Anything else.
    #[prost(message, optional, tag = "5")]
    pub generic_secret: Option<GenericSecret>,
}

/// `TlsCertificate`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct TlsCertificate {
    /// PEM, leaf first.
    #[prost(message, optional, tag = "1")]
    pub certificate_chain: Option<DataSource>,
    /// PEM, PKCS#8.
    #[prost(message, optional, tag = "2")]
    pub private_key: Option<DataSource>,
}

/// `CertificateValidationContext`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ValidationContext {
    /// PEM.
    #[prost(message, optional, tag = "1")]
    pub trusted_ca: Option<DataSource>,
    /// SHA-256 of the peer's certificate, hexadecimal.
    #[prost(string, repeated, tag = "2")]
    pub verify_certificate_hash: Vec<String>,
    /// SHA-256 of its SubjectPublicKeyInfo, base64.
    #[prost(string, repeated, tag = "3")]
    pub verify_certificate_spki: Vec<String>,
    /// PEM.
    #[prost(message, optional, tag = "7")]
    pub crl: Option<DataSource>,
    /// Whether the dates of certificates are overlooked.
    #[prost(bool, tag = "8")]
    pub allow_expired_certificate: bool,
    /// [`VERIFY_TRUST_CHAIN`] or [`ACCEPT_UNTRUSTED`].
    #[prost(int32, tag = "10")]
    pub trust_chain_verification: i32,
    /// Whether CAs need no list.
    #[prost(bool, tag = "14")]
    pub only_verify_leaf_cert_crl: bool,
    /// Most certificates of CAs in a path.
    #[prost(message, optional, tag = "16")]
    pub max_verify_depth: Option<u32>,
}

/// A path to a trusted CA is demanded.
pub const VERIFY_TRUST_CHAIN: i32 = 0;

/// It is not.
pub const ACCEPT_UNTRUSTED: i32 = 1;

/// `GenericSecret`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct GenericSecret {
    /// The bytes.
    #[prost(message, optional, tag = "1")]
    pub secret: Option<DataSource>,
}

/// `TlsSessionTicketKeys`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct SessionTicketKeys {
    /// The first one encrypts, all of them decrypt.
    #[prost(message, repeated, tag = "1")]
    pub keys: Vec<DataSource>,
}

/// `DataSource`, with the bytes in it: nothing here ever names a file of the gateway.
#[derive(Clone, PartialEq, Eq, prost::Message)]
#[prost(skip_debug)]
pub struct DataSource {
    /// The bytes.
    #[prost(bytes = "bytes", tag = "2")]
    pub inline_bytes: Bytes,
}

impl fmt::Debug for AnySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnySecret").finish_non_exhaustive()
    }
}

impl fmt::Debug for DataSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataSource").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;

    fn secret() -> Secret {
        Secret {
            name: "n".to_owned(),
            generic_secret: Some(GenericSecret {
                secret: Some(DataSource {
                    inline_bytes: Bytes::from_static(b"open sesame"),
                }),
            }),
            ..Secret::default()
        }
    }

    #[test]
    fn a_secret_is_written_as_protobuf_says() {
        // name = 1: "n"; generic_secret = 5: {secret = 1: {inline_bytes = 2: "open sesame"}}
        let expected = b"\x0a\x01n\x2a\x0f\x0a\x0d\x12\x0bopen sesame";
        assert_eq!(secret().encode_to_vec(), expected);
    }

    #[test]
    fn the_depth_is_a_wrapped_number() {
        let context = ValidationContext {
            max_verify_depth: Some(3),
            trust_chain_verification: ACCEPT_UNTRUSTED,
            ..ValidationContext::default()
        };
        // trust_chain_verification = 10: 1; max_verify_depth = 16: UInt32Value {value = 1: 3}
        let expected = b"\x50\x01\x82\x01\x02\x08\x03";
        assert_eq!(context.encode_to_vec(), expected);
    }

    #[test]
    fn no_message_prints_the_secret_in_it() {
        let any = AnySecret {
            type_url: SECRET_TYPE.to_owned(),
            value: secret().encode_to_vec().into(),
        };
        let response = DiscoveryResponse {
            resources: vec![any],
            ..DiscoveryResponse::default()
        };
        let printed = format!("{:?} {response:?}", secret());
        assert!(!printed.contains("sesame"), "{printed}");
        assert!(!printed.contains("111, 112, 101, 110"), "{printed}");
    }
}
