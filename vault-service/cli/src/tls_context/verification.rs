//! What a context of the target FlexGateway asks of peers' certificates.

use clap::{Args, ValueEnum, value_parser};
use sallyport_model::{
    DenyOrAllow, ListedCertificates, RevocationSettings, SecretPath, VerificationProfile,
    VerificationSettings,
};
use serde_json::json;

use crate::request::Fields;

/// The settings; the CRL distributor is one of more targets.
#[derive(Args)]
#[command(next_help_heading = "Verification, target flex-gateway")]
pub(super) struct Verification {
    /// How strictly certificates are looked at [default: balanced]
    #[arg(long, value_enum)]
    profile: Option<Profile>,

    /// How many CAs may stand between the peer's certificate and the truststore, 0 to 9
    /// [default: no limit]
    #[arg(long, value_name = "N",
        value_parser = value_parser!(u8).range(0..=i64::from(VerificationSettings::MAX_DEPTH)))]
    max_depth: Option<u8>,

    /// Let certificates pass that no revocation list is about
    #[arg(long, requires = "crl_distributor")]
    allow_unknown_revocation: bool,

    /// Let certificates pass that only expired revocation lists are about
    #[arg(long, requires = "crl_distributor")]
    allow_expired_crl: bool,

    /// Demand a revocation list for the peer's certificate alone, not for the CAs above it
    #[arg(long, requires = "crl_distributor")]
    crl_for_peer_only: bool,
}

/// `verification.profile`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Profile {
    /// What RFC 5280 says, no more
    Rfc5280,
    /// And what private PKIs keep of the CA/Browser Forum's requirements
    Balanced,
    /// As public web PKIs issue
    Strict,
}

impl Verification {
    /// A given option.
    pub(super) fn given(&self) -> Option<&'static str> {
        [
            (self.profile.is_some(), "--profile"),
            (self.max_depth.is_some(), "--max-depth"),
            (self.allow_unknown_revocation, "--allow-unknown-revocation"),
            (self.allow_expired_crl, "--allow-expired-crl"),
            (self.crl_for_peer_only, "--crl-for-peer-only"),
        ]
        .into_iter()
        .find_map(|(given, flag)| given.then_some(flag))
    }

    /// Nothing is added where nothing is asked for: Anypoint has no such field.
    pub(super) fn add_to(&self, fields: Fields, crl_distributor: Option<SecretPath>) -> Fields {
        if self.given().is_none() && crl_distributor.is_none() {
            return fields;
        }
        let settings = VerificationSettings {
            profile: match self.profile {
                Some(Profile::Rfc5280) => VerificationProfile::Rfc5280,
                Some(Profile::Balanced) | None => VerificationProfile::Balanced,
                Some(Profile::Strict) => VerificationProfile::Strict,
            },
            max_depth: self.max_depth,
            revocation: crl_distributor.map(|distributor| self.revocation(distributor)),
        };
        fields.plain("verification", json!(settings))
    }

    fn revocation(&self, crl_distributor_config: SecretPath) -> RevocationSettings {
        let allow = |given: bool| match given {
            true => DenyOrAllow::Allow,
            false => DenyOrAllow::Deny,
        };
        RevocationSettings {
            crl_distributor_config,
            unknown: allow(self.allow_unknown_revocation),
            expired: allow(self.allow_expired_crl),
            certificates: match self.crl_for_peer_only {
                true => ListedCertificates::Peer,
                false => ListedCertificates::All,
            },
        }
    }
}
