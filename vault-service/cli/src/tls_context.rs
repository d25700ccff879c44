//! `tls-context create|replace|list|show`, target FlexGateway.

use clap::{ArgGroup, Args, Subcommand};
use sallyport_model::{AlpnProtocol, CipherSuite, Collection, SecretName, TlsVersion};
use serde::Serialize;
use serde_json::Value;

use crate::arguments::{Existing, InGroup};
use crate::client::{Body, to_json};
use crate::collection::{self, GroupCollection};
use crate::error::Error;
use crate::output::Output;
use crate::session::Session;

const COLLECTION: Collection = Collection::TlsContexts;

/// The suites for TLS 1.2 if none are chosen: forward secrecy and AEAD (the Anypoint defaults).
const TLS_1_2_DEFAULTS: [&str; 6] = [
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
];

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Store what a TLS connection must look like
    #[command(
        after_help = "Example:\n  sallyport tls-context create partner-inbound --group payments \\\n      \
                      --truststore partner-ca --require-client-certificate"
    )]
    Create {
        /// 1 to 128 characters
        name: SecretName,
        #[command(flatten)]
        at: InGroup,
        #[command(flatten)]
        settings: Settings,
    },
    /// Replace all settings of a TLS context; what is not given falls back to its default
    #[command(
        after_help = "Example:\n  sallyport tls-context replace partner-inbound --group payments \\\n      \
                      --truststore partner-ca --require-client-certificate --min-tls-version TLSv1.3"
    )]
    Replace {
        #[command(flatten)]
        existing: Existing,
        #[command(flatten)]
        settings: Settings,
    },
    /// List the TLS contexts of a group
    #[command(after_help = "Example:\n  sallyport tls-context list --group payments")]
    List(InGroup),
    /// Show a TLS context
    #[command(
        after_help = "Example:\n  sallyport tls-context show partner-inbound --group payments"
    )]
    Show(Existing),
}

/// The settings; a keystore or a truststore must be there.
#[derive(Args)]
#[command(group = ArgGroup::new("material").args(["keystore", "truststore"]).required(true).multiple(true))]
pub(crate) struct Settings {
    /// Keystore of the same group, by name or id: the certificate shown to the peer
    #[arg(long, value_name = "NAME")]
    keystore: Option<String>,

    /// Truststore of the same group, by name or id: what the peer's certificate must chain to
    #[arg(long, value_name = "NAME")]
    truststore: Option<String>,

    /// Oldest TLS version allowed: TLSv1.1, TLSv1.2 or TLSv1.3
    #[arg(long, value_name = "VERSION", default_value = "TLSv1.2")]
    min_tls_version: TlsVersion,

    /// Newest TLS version allowed
    #[arg(long, value_name = "VERSION", default_value = "TLSv1.3")]
    max_tls_version: TlsVersion,

    /// Application protocol: h2 or http/1.1; repeat it, most preferred first [default: h2 http/1.1]
    #[arg(long, value_name = "PROTOCOL")]
    alpn: Vec<AlpnProtocol>,

    /// Cipher suite for TLS 1.2 and older, IANA name, repeat it [default: the six ECDHE suites with
    /// AES-GCM or ChaCha20-Poly1305 if TLS 1.2 is allowed]
    #[arg(long, value_name = "SUITE")]
    cipher: Vec<CipherSuite>,

    /// Inbound: refuse clients without a certificate that chains to the truststore
    #[arg(long, requires = "truststore")]
    require_client_certificate: bool,

    /// Outbound: do not check the upstream's chain (pins still count)
    #[arg(long)]
    skip_server_verification: bool,
}

/// The body of POST and PUT, in the order the Anypoint CLI writes it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FlexGateway<'a> {
    target: &'static str,
    name: &'a str,
    min_tls_version: TlsVersion,
    max_tls_version: TlsVersion,
    alpn_protocols: &'a [AlpnProtocol],
    inbound_settings: InboundSettings,
    outbound_settings: OutboundSettings,
    cipher_suites: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keystore: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    truststore: Option<Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InboundSettings {
    enable_client_cert_validation: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OutboundSettings {
    skip_server_cert_validation: bool,
}

/// Runs a verb.
pub(crate) fn run(command: Command, output: Output) -> Result<(), Error> {
    match command {
        Command::Create { name, at, settings } => {
            let mut session = Session::open()?;
            let contexts = GroupCollection::open(&mut session, &at, COLLECTION)?;
            let body = settings.body(&mut session, &at, name.as_str())?;
            contexts.create(&mut session, name.as_str(), "", &body, output)
        }
        Command::Replace { existing, settings } => {
            let mut session = Session::open()?;
            let contexts = GroupCollection::open(&mut session, &existing.at, COLLECTION)?;
            let named = contexts.pick(&mut session, &existing.name)?;
            let body = settings.body(&mut session, &existing.at, &named.name)?;
            contexts.replace(&mut session, &named, "", &body, output)
        }
        Command::List(at) => collection::list(&at, COLLECTION, output),
        Command::Show(existing) => collection::show(&existing, COLLECTION, output),
    }
}

impl Settings {
    fn body(
        &self,
        session: &mut Session,
        at: &InGroup,
        name: &str,
    ) -> Result<Body<'static>, Error> {
        let mut reference = |wanted: &Option<String>, collection| {
            let Some(wanted) = wanted else {
                return Ok(None);
            };
            let stores = GroupCollection::open(session, at, collection)?;
            let id = stores.find(session, wanted)?;
            Ok(Some(stores.reference(id)))
        };
        let keystore = reference(&self.keystore, Collection::Keystores)?;
        let truststore = reference(&self.truststore, Collection::Truststores)?;
        Ok(Body::Json(to_json(&FlexGateway {
            target: "FlexGateway",
            name,
            min_tls_version: self.min_tls_version,
            max_tls_version: self.max_tls_version,
            alpn_protocols: if self.alpn.is_empty() {
                &[AlpnProtocol::H2, AlpnProtocol::Http1]
            } else {
                &self.alpn
            },
            inbound_settings: InboundSettings {
                enable_client_cert_validation: self.require_client_certificate,
            },
            outbound_settings: OutboundSettings {
                skip_server_cert_validation: self.skip_server_verification,
            },
            cipher_suites: self.cipher_suites(),
            keystore,
            truststore,
        })?))
    }

    fn cipher_suites(&self) -> Vec<&'static str> {
        if self.cipher.is_empty() && self.min_tls_version <= TlsVersion::V1_2 {
            return TLS_1_2_DEFAULTS.to_vec();
        }
        self.cipher.iter().map(|suite| suite.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_suites_are_suites_of_tls_1_2() {
        for name in TLS_1_2_DEFAULTS {
            assert!(name.parse::<CipherSuite>().unwrap().fits(TlsVersion::V1_2));
        }
    }
}
