//! The verdict: a pure function of policy, facts and time. Enforcing and observing are the same up
//! to here.

use sallyport_model::{ClientCertificatePolicy, ServerCertificatePolicy, TlsVersion};
use sallyport_pki::{
    AllowedNames, Certificate, Digest, KeyIdentifiers, PathError, PathRules, PinMatch, PinRefusal,
    PinSet, Profile, UnixTime, Usage, VerifiedPath, certificate_from_pem, verify_server_name,
};

use crate::facts::{DownstreamFacts, Facts, UpstreamFacts};
use crate::material::TlsContext;
use crate::reason::Reason;
use crate::xfcc;

/// Partners' private PKIs often leave out key identifiers, and nothing is decided by them.
const PROFILE: Profile = Profile {
    key_identifiers: KeyIdentifiers::Optional,
    ..Profile::BALANCED
};

/// What a peer is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    /// The TLS context.
    pub context: &'a TlsContext,
    /// The pinset, where one is configured.
    pub pins: Option<&'a PinSet>,
    /// A name that a server's certificate must carry.
    pub server_name: Option<&'a str>,
    /// Names of which the peer's certificate must carry one, where they are configured.
    pub peer_names: Option<&'a AllowedNames>,
}

/// The outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The peer passes, as long as the policy stays and time is within these bounds.
    Allow {
        /// The latest `notBefore` on the path and of the pin.
        from: UnixTime,
        /// The earliest `notAfter` on the path and of the pin.
        until: UnixTime,
        /// The pin that matched, where there are pins.
        pin: Option<PinMatch>,
    },
    /// The peer does not pass.
    Deny(Denial),
}

/// A reason with its evidence; the evidence is for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// Why.
    pub reason: Reason,
    /// Subject of the peer's certificate, where there was one.
    pub subject: Option<String>,
    /// SHA-256 of the peer's certificate, where there was one.
    pub fingerprint: Option<Digest>,
    /// What exactly was found.
    pub detail: Option<String>,
}

/// Judges a peer at the moment `at`.
pub fn decide(policy: &Policy<'_>, facts: &Facts, at: UnixTime) -> Verdict {
    let verdict = match facts {
        Facts::Downstream(facts) => downstream(policy, facts, at),
        Facts::Upstream(facts) => upstream(policy, facts, at),
    };
    verdict.unwrap_or_else(Verdict::Deny)
}

impl Denial {
    /// A denial without evidence.
    pub const fn new(reason: Reason) -> Self {
        Self {
            reason,
            subject: None,
            fingerprint: None,
            detail: None,
        }
    }

    pub(crate) fn with_detail(mut self, detail: impl ToString) -> Self {
        self.detail = Some(detail.to_string());
        self
    }

    fn about(mut self, certificate: &Certificate) -> Self {
        self.subject = Some(certificate.subject().to_owned());
        self.fingerprint = Some(certificate.sha256());
        self
    }
}

fn downstream(
    policy: &Policy<'_>,
    facts: &DownstreamFacts,
    at: UnixTime,
) -> Result<Verdict, Denial> {
    check_version(policy.context, facts.tls_version.as_deref())?;
    match policy.context.client_certificate {
        ClientCertificatePolicy::Require => {}
        ClientCertificatePolicy::Ignore if policy.pins.is_some() => {
            return Err(Denial::new(Reason::PinsWithoutCertificate));
        }
        ClientCertificatePolicy::Ignore if policy.peer_names.is_some() => {
            return Err(Denial::new(Reason::NamesWithoutCertificate));
        }
        ClientCertificatePolicy::Ignore => return Ok(Verdict::always(None)),
    }
    if facts.mtls != Some(true) {
        return Err(Denial::new(Reason::CertificateMissing));
    }
    let leaf = leaf(facts.peer_certificate.as_deref())?;
    let forwarded = facts.forwarded_client_certificate.as_deref();
    let presented = forwarded.map_or(Ok(Vec::new()), |header| xfcc::intermediates(header, &leaf));
    let intermediates = presented.as_deref().unwrap_or_default();
    let path = verified(policy, &leaf, intermediates, Usage::ClientAuth, at).map_err(|denial| {
        // Without its intermediates a good client looks like a stranger: say why they are missing.
        match &presented {
            Ok(_) => denial,
            Err(error) => {
                let detail = denial.detail.clone().unwrap_or_default();
                denial.with_detail(format!("{detail}; x-forwarded-client-cert: {error}"))
            }
        }
    })?;
    let pin = pinned(policy, &leaf, at, |pins| pins.match_path(&path, at))?;
    check_names(policy, &leaf)?;
    Ok(Verdict::along(&path, pin))
}

fn upstream(policy: &Policy<'_>, facts: &UpstreamFacts, at: UnixTime) -> Result<Verdict, Denial> {
    check_version(policy.context, facts.tls_version.as_deref())?;
    let leaf = leaf(facts.peer_certificate.as_deref())?;
    let verdict = match policy.context.server_certificate {
        ServerCertificatePolicy::Verify => {
            // Envoy shows no chain of a server: its issuer has to be in the truststore.
            let path = verified(policy, &leaf, &[], Usage::ServerAuth, at)?;
            let pin = pinned(policy, &leaf, at, |pins| pins.match_path(&path, at))?;
            Verdict::along(&path, pin)
        }
        ServerCertificatePolicy::Skip => {
            let pin = pinned(policy, &leaf, at, |pins| pins.match_certificate(&leaf, at))?;
            Verdict::always(pin)
        }
    };
    if let Some(name) = policy.server_name {
        verify_server_name(&leaf, name).map_err(|error| {
            Denial::new(Reason::ServerNameMismatch)
                .about(&leaf)
                .with_detail(error)
        })?;
    }
    check_names(policy, &leaf)?;
    Ok(verdict)
}

fn check_version(context: &TlsContext, version: Option<&[u8]>) -> Result<(), Denial> {
    let version = version.ok_or_else(|| Denial::new(Reason::TlsVersionUnknown))?;
    let text = String::from_utf8_lossy(version);
    let version: TlsVersion = text
        .parse()
        .map_err(|error| Denial::new(Reason::TlsVersionUnknown).with_detail(error))?;
    if (context.min_version..=context.max_version).contains(&version) {
        return Ok(());
    }
    let (min, max) = (context.min_version, context.max_version);
    Err(Denial::new(Reason::TlsVersionRefused)
        .with_detail(format!("{version} is outside of {min} to {max}")))
}

fn leaf(pem: Option<&[u8]>) -> Result<Certificate, Denial> {
    let pem = pem.ok_or_else(|| Denial::new(Reason::CertificateMissing))?;
    certificate_from_pem(pem)
        .map_err(|error| Denial::new(Reason::CertificateMalformed).with_detail(error))
}

fn verified(
    policy: &Policy<'_>,
    leaf: &Certificate,
    intermediates: &[Certificate],
    usage: Usage,
    at: UnixTime,
) -> Result<VerifiedPath, Denial> {
    let rules = PathRules {
        profile: PROFILE,
        ..PathRules::new(usage, at)
    };
    let context = policy.context;
    let path = match (context.pinned.verify(leaf, usage, at), &context.truststore) {
        (Some(path), _) => path,
        (None, Some(anchors)) => rules.verify(leaf, intermediates, anchors),
        (None, None) if context.pinned.is_empty() => {
            return Err(Denial::new(Reason::TruststoreMissing).about(leaf));
        }
        (None, None) => {
            return Err(Denial::new(Reason::UnknownIssuer).about(leaf).with_detail(
                "not one of the pinned certificates, and there are no trust anchors",
            ));
        }
    };
    path.map_err(|error| {
        let reason = match &error {
            PathError::UnknownIssuer { .. } => Reason::UnknownIssuer,
            PathError::Expired { .. } => Reason::CertificateExpired,
            PathError::NotYetValid { .. } => Reason::CertificateNotYetValid,
            PathError::WrongUsage { .. } => Reason::WrongUsage,
            PathError::InvalidSignature => Reason::InvalidSignature,
            PathError::Malformed => Reason::CertificateMalformed,
            _ => Reason::CertificateRefused,
        };
        let detail = format!("{}: {error}", error.code());
        Denial::new(reason).about(leaf).with_detail(detail)
    })
}

/// The pin that `find` finds, if there are pins.
fn pinned(
    policy: &Policy<'_>,
    leaf: &Certificate,
    at: UnixTime,
    find: impl FnOnce(&PinSet) -> Result<PinMatch, PinRefusal>,
) -> Result<Option<PinMatch>, Denial> {
    let checked = policy.pins.map(|pins| {
        pins.check_backup(&PROFILE, at)?;
        find(pins)
    });
    checked.transpose().map_err(|refusal| {
        let reason = match refusal {
            PinRefusal::OutOfDate { .. } => Reason::PinsOutOfDate,
            PinRefusal::NoBackup { .. } => Reason::PinsWithoutBackup,
            _ => Reason::PinMismatch,
        };
        let spki = leaf.spki_sha256();
        Denial::new(reason)
            .about(leaf)
            .with_detail(format!("{refusal}; SPKI SHA-256 of the leaf is {spki}"))
    })
}

fn check_names(policy: &Policy<'_>, leaf: &Certificate) -> Result<(), Denial> {
    let Some(names) = policy.peer_names else {
        return Ok(());
    };
    names.check(leaf).map(|_| ()).map_err(|error| {
        Denial::new(Reason::PeerNameMismatch)
            .about(leaf)
            .with_detail(error)
    })
}

impl Verdict {
    fn along(path: &VerifiedPath, pin: Option<PinMatch>) -> Self {
        Self::between(path.not_before(), path.not_after(), pin)
    }

    /// Nothing in it depends on time, but perhaps the pin.
    fn always(pin: Option<PinMatch>) -> Self {
        Self::between(UnixTime(i64::MIN), UnixTime(i64::MAX), pin)
    }

    fn between(from: UnixTime, until: UnixTime, pin: Option<PinMatch>) -> Self {
        let pinned = pin.map(|found| found.pin);
        let pinned_from = pinned.and_then(|pin| pin.not_before);
        let pinned_until = pinned.and_then(|pin| pin.not_after);
        Self::Allow {
            from: pinned_from.map_or(from, |pinned| pinned.max(from)),
            until: pinned_until.map_or(until, |pinned| pinned.min(until)),
            pin,
        }
    }
}
