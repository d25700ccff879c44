//! Target SecurityFabric.

use std::collections::BTreeMap;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum, value_parser};
use sallyport_model::{
    AuthenticationOverrides, CertificateChecking, CertificatePinning, Collection,
    FabricCipherSuite, FabricCipherSuites, MutualAuthentication, PolicyOid, RevocationMethod,
    SecretPath, TlsVersion,
};
use serde_json::{Value, json};

use super::acceptable_versions;
use crate::collection::GroupCollection;
use crate::error::Error;
use crate::request::{Fields, parse};

/// If none are chosen: forward secrecy and AEAD.
const DEFAULT_SUITES: [FabricCipherSuite; 6] = [
    FabricCipherSuite::EcdheEcdsaAes128GcmSha256,
    FabricCipherSuite::EcdheEcdsaAes256GcmSha384,
    FabricCipherSuite::EcdheEcdsaChacha20Poly1305,
    FabricCipherSuite::EcdheRsaAes128GcmSha256,
    FabricCipherSuite::EcdheRsaAes256GcmSha384,
    FabricCipherSuite::EcdheRsaChacha20Poly1305,
];

/// The words of `authenticationOverrides`.
const OVERRIDES: [&str; 10] = [
    "certificateBadFormat",
    "certificateBadSignature",
    "certificateNotYetValid",
    "certificateHasExpired",
    "allowSelfSigned",
    "certificateUnresolved",
    "certificateUntrusted",
    "invalidCa",
    "invalidPurpose",
    "other",
];

/// The settings of this target alone.
#[derive(Args)]
#[command(next_help_heading = "Options of the target security-fabric")]
pub(super) struct SecurityFabric {
    /// Ask clients for a certificate; the options below say how it is checked
    #[arg(long, requires = "keystore", requires = "truststore")]
    mutual_authentication: bool,

    /// How strictly certificates are read [default: strict]
    #[arg(long, value_enum)]
    checking_strength: Option<Strength>,

    /// How many CAs may stand between the client's certificate and the truststore, 0 to 9
    /// [default: 1]
    #[arg(long, value_name = "N",
        value_parser = value_parser!(u8).range(0..=i64::from(MutualAuthentication::MAX_DEPTH)))]
    verification_depth: Option<u8>,

    /// Certificate policy (OID) to accept; repeat it
    #[arg(long, value_name = "OID")]
    certificate_policy: Vec<PolicyOid>,

    /// Check the names in the certificate
    #[arg(long)]
    domain_checking: bool,

    /// Check certificate policies
    #[arg(long)]
    policy_checking: bool,

    /// Demand an acceptable policy on the whole path
    #[arg(long)]
    initial_explicit_policy: bool,

    /// Demand a list for every CA of the path
    #[arg(long, requires = "crl_distributor")]
    crl_for_all_cas: bool,

    /// Send the names in the truststore to clients
    #[arg(long)]
    send_truststore: bool,

    /// Pin the certificates of this pinset of the same group, by name or id
    #[arg(long, value_name = "NAME")]
    pinset: Option<String>,

    /// Failure of a certificate that is let pass; repeat it
    #[arg(long, value_name = "FAILURE",
        value_parser = PossibleValuesParser::new(OVERRIDES))]
    overlook: Vec<String>,
}

/// `certCheckingStrength`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Strength {
    Strict,
    Lax,
}

impl SecurityFabric {
    /// A given option.
    pub(super) fn given(&self) -> Option<&'static str> {
        self.check_of_clients().or(self
            .mutual_authentication
            .then_some("--mutual-authentication"))
    }

    /// A given option that says nothing where clients are not asked for a certificate. Clap would ask for
    /// `--mutual-authentication`, and for the target only afterwards.
    pub(super) fn idle(&self) -> Option<&'static str> {
        self.check_of_clients()
            .filter(|_| !self.mutual_authentication)
    }

    fn check_of_clients(&self) -> Option<&'static str> {
        let options = [
            ("--checking-strength", self.checking_strength.is_some()),
            ("--verification-depth", self.verification_depth.is_some()),
            ("--certificate-policy", !self.certificate_policy.is_empty()),
            ("--domain-checking", self.domain_checking),
            ("--policy-checking", self.policy_checking),
            ("--initial-explicit-policy", self.initial_explicit_policy),
            ("--crl-for-all-cas", self.crl_for_all_cas),
            ("--send-truststore", self.send_truststore),
            ("--pinset", self.pinset.is_some()),
            ("--overlook", !self.overlook.is_empty()),
        ];
        let given = options.into_iter().find(|(_, given)| *given);
        given.map(|(option, _)| option)
    }

    /// Adds what the target knows; finds the pinset in `place`.
    pub(super) fn add_to(
        &self,
        fields: Fields,
        ciphers: &[String],
        versions: &[TlsVersion],
        crl_distributor: Option<SecretPath>,
        place: &mut GroupCollection,
    ) -> Result<Fields, Error> {
        let fields = fields
            .plain("acceptableTlsVersions", acceptable_versions(versions))
            .plain("acceptableCipherSuites", json!(suites(ciphers)?))
            .plain("enableMutualAuthentication", self.mutual_authentication);
        if !self.mutual_authentication {
            return Ok(fields);
        }
        Ok(fields.plain(
            "mutualAuthentication",
            json!(self.checks(crl_distributor, place)?),
        ))
    }

    fn checks(
        &self,
        crl: Option<SecretPath>,
        place: &mut GroupCollection,
    ) -> Result<MutualAuthentication, Error> {
        let pinset =
            place.optional_reference(Collection::CertificatePinsets, self.pinset.as_ref())?;
        Ok(MutualAuthentication {
            certificate_policies: self.certificate_policy.clone(),
            cert_checking_strength: match self.checking_strength {
                Some(Strength::Lax) => CertificateChecking::Lax,
                Some(Strength::Strict) | None => CertificateChecking::Strict,
            },
            verification_depth: self.verification_depth.unwrap_or(1),
            perform_domain_checking: self.domain_checking,
            certificate_policy_checking: self.policy_checking,
            require_initial_explicit_policy: self.initial_explicit_policy,
            revocation_checking: crl.is_some(),
            revocation_checking_method: crl.as_ref().map(|_| RevocationMethod::Crl),
            crl_distributor_config: crl,
            require_crl_for_all_ca: self.crl_for_all_cas,
            send_truststore: self.send_truststore,
            certificate_pinning: CertificatePinning {
                perform_certificate_pinning: pinset.is_some(),
                certificate_pinset: pinset,
            },
            authentication_overrides: self.overrides()?,
        })
    }

    fn overrides(&self) -> Result<AuthenticationOverrides, Error> {
        let on: Value = self
            .overlook
            .iter()
            .map(|word| (word.clone(), Value::Bool(true)))
            .collect();
        parse("--overlook", &on)
    }
}

/// The suites with these words.
pub(super) fn suites(words: &[String]) -> Result<FabricCipherSuites, Error> {
    let suite = |word: &String| {
        FabricCipherSuite::ALL
            .into_iter()
            .find(|suite| suite.as_str() == word)
            .ok_or_else(|| unknown(word))
    };
    let chosen: Vec<FabricCipherSuite> = if words.is_empty() {
        DEFAULT_SUITES.to_vec()
    } else {
        words.iter().map(suite).collect::<Result<_, _>>()?
    };
    let on: BTreeMap<_, _> = chosen.into_iter().map(|suite| (suite, true)).collect();
    Ok(on.into())
}

fn unknown(word: &str) -> Error {
    let shown: String = word.chars().take(60).collect();
    let known = FabricCipherSuite::ALL.map(FabricCipherSuite::as_str);
    Error::Flag {
        flag: "--cipher",
        reason: format!(
            "has an unknown word {shown:?}; there are: {}",
            known.join(", ")
        )
        .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_that_can_be_overlooked_is_one_of_the_api() {
        let all: Value = OVERRIDES
            .iter()
            .map(|word| ((*word).to_owned(), Value::Bool(true)))
            .collect();
        let overrides: AuthenticationOverrides = serde_json::from_value(all.clone()).unwrap();
        assert_eq!(json!(overrides), all);
    }
}
