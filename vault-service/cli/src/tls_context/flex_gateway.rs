//! Target FlexGateway.

use clap::Args;
use sallyport_model::{AlpnProtocol, CipherSuite, TlsVersion};
use serde_json::json;

use crate::error::Error;
use crate::request::Fields;

/// The suites for TLS 1.2 if none are chosen: forward secrecy and AEAD (the Anypoint defaults).
const TLS_1_2_DEFAULTS: [&str; 6] = [
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
];

/// The settings of this target alone.
#[derive(Args)]
#[command(next_help_heading = "Options of the target flex-gateway")]
pub(super) struct FlexGateway {
    /// Oldest TLS version allowed: TLSv1.1, TLSv1.2 or TLSv1.3 [default: TLSv1.2]
    #[arg(long, value_name = "VERSION")]
    min_tls_version: Option<TlsVersion>,

    /// Newest TLS version allowed [default: TLSv1.3]
    #[arg(long, value_name = "VERSION")]
    max_tls_version: Option<TlsVersion>,

    /// Application protocol: h2 or http/1.1; repeat it, most preferred first [default: h2 http/1.1]
    #[arg(long, value_name = "PROTOCOL")]
    alpn: Vec<AlpnProtocol>,

    /// Inbound: refuse clients without a certificate that chains to the truststore
    #[arg(long, requires = "truststore")]
    require_client_certificate: bool,

    /// Outbound: do not check the upstream's chain (pins still count)
    #[arg(long)]
    skip_server_verification: bool,
}

impl FlexGateway {
    /// A given option.
    pub(super) fn given(&self) -> Option<&'static str> {
        [
            (self.min_tls_version.is_some(), "--min-tls-version"),
            (self.max_tls_version.is_some(), "--max-tls-version"),
            (!self.alpn.is_empty(), "--alpn"),
            (
                self.require_client_certificate,
                "--require-client-certificate",
            ),
            (self.skip_server_verification, "--skip-server-verification"),
        ]
        .into_iter()
        .find_map(|(given, flag)| given.then_some(flag))
    }

    /// In the order the Anypoint CLI writes it.
    pub(super) fn add_to(&self, fields: Fields, ciphers: &[String]) -> Result<Fields, Error> {
        let oldest = self.min_tls_version.unwrap_or(TlsVersion::V1_2);
        let newest = self.max_tls_version.unwrap_or(TlsVersion::V1_3);
        let alpn: &[AlpnProtocol] = if self.alpn.is_empty() {
            &[AlpnProtocol::H2, AlpnProtocol::Http1]
        } else {
            &self.alpn
        };
        let suites: Vec<&str> = if ciphers.is_empty() && oldest <= TlsVersion::V1_2 {
            TLS_1_2_DEFAULTS.to_vec()
        } else {
            suites(ciphers)?
        };
        let (client, server) = (
            self.require_client_certificate,
            self.skip_server_verification,
        );
        Ok(fields
            .plain("minTlsVersion", oldest.as_str())
            .plain("maxTlsVersion", newest.as_str())
            .plain("alpnProtocols", json!(alpn))
            .plain(
                "inboundSettings",
                json!({"enableClientCertValidation": client}),
            )
            .plain(
                "outboundSettings",
                json!({"skipServerCertValidation": server}),
            )
            .plain("cipherSuites", suites))
    }
}

/// The names of suites this target knows.
pub(super) fn suites(ciphers: &[String]) -> Result<Vec<&'static str>, Error> {
    let suite = |name: &String| match name.parse::<CipherSuite>() {
        Ok(suite) => Ok(suite.as_str()),
        Err(_) => {
            let shown: String = name.chars().take(64).collect();
            let all: Vec<&str> = CipherSuite::all().map(CipherSuite::as_str).collect();
            let all = all.join(", ");
            Err(Error::Flag {
                flag: "--cipher",
                reason: format!("has an unknown cipher suite {shown:?}; there are: {all}").into(),
            })
        }
    };
    ciphers.iter().map(suite).collect()
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
