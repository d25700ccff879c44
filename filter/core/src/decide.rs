//! The verdict: a pure function of policy, facts and time. Enforcing and observing are the same up
//! to here.

mod check;
mod explain;
mod path;

use std::fmt;

use sallyport_model::{ClientCertificatePolicy, ServerCertificatePolicy, TlsVersion};
use sallyport_pki::{
    AllowedNames, Certificate, Digest, PinMatch, PinRefusal, PinSet,
    SignatureVerificationAlgorithm, UnixTime, Usage, certificate_from_pem, verify_server_name,
};

use crate::facts::{DownstreamFacts, Facts, UpstreamFacts};
use crate::material::TlsContext;
use crate::reason::Reason;
use crate::xfcc;
pub use check::Check;
use check::{Listener, Silent};
pub use explain::{Explained, Explanation, Outcome, explain};
use path::{Peer, Verified};

/// What a peer is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    /// The TLS context.
    pub context: &'a TlsContext,
    /// The pinset, where one is configured; that of the context counts as well.
    pub pins: Option<&'a PinSet>,
    /// A name that a server's certificate must carry.
    pub server_name: Option<&'a str>,
    /// Names of which the peer's certificate must carry one, where they are configured.
    pub peer_names: Option<&'a AllowedNames>,
    /// Signature algorithms that are accepted, each with its verifier.
    pub algorithms: &'a [&'a dyn SignatureVerificationAlgorithm],
}

/// The outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The peer passes, as long as the policy stays and time is within these bounds.
    Allow {
        /// The latest `notBefore` on the path and of the pins.
        from: UnixTime,
        /// The earliest `notAfter` on the path and of the pins, and `nextUpdate` of the revocation
        /// lists.
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
    judge(policy, facts, at, &mut Silent)
}

fn judge(policy: &Policy<'_>, facts: &Facts, at: UnixTime, listener: &mut dyn Listener) -> Verdict {
    let verdict = match facts {
        Facts::Downstream(facts) => downstream(policy, facts, at, listener),
        Facts::Upstream(facts) => upstream(policy, facts, at, listener),
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
    listener: &mut dyn Listener,
) -> Result<Verdict, Denial> {
    check_version(policy.context, facts.tls_version.as_deref(), listener)?;
    match policy.context.client_certificate {
        ClientCertificatePolicy::Require => {}
        ClientCertificatePolicy::Ignore if policy.has_pins() => {
            return Err(Denial::new(Reason::PinsWithoutCertificate));
        }
        ClientCertificatePolicy::Ignore if policy.peer_names.is_some() => {
            return Err(Denial::new(Reason::NamesWithoutCertificate));
        }
        ClientCertificatePolicy::Ignore => return Ok(Verdict::always([])),
    }
    if facts.mtls != Some(true) {
        return Err(Denial::new(Reason::CertificateMissing));
    }
    let leaf = leaf(facts.peer_certificate.as_deref(), listener)?;
    let forwarded = facts.forwarded_client_certificate.as_deref();
    let presented = forwarded.map_or(Ok(Vec::new()), |header| xfcc::intermediates(header, &leaf));
    let intermediates = presented.as_deref().unwrap_or_default();
    let peer = Peer {
        leaf: &leaf,
        intermediates,
        usage: Usage::ClientAuth,
    };
    let verified = path::verify(policy, peer, at, listener).map_err(|denial| {
        // Without its intermediates a good client looks like a stranger: say why they are missing.
        match &presented {
            Ok(_) => denial,
            Err(error) => {
                let detail = denial.detail.clone().unwrap_or_default();
                denial.with_detail(format!("{detail}; x-forwarded-client-cert: {error}"))
            }
        }
    })?;
    let find = |pins: &PinSet| pins.match_path(&verified.path, at);
    let pins = policy.match_pins(&leaf, at, find, listener)?;
    check_names(policy, &leaf, listener)?;
    Ok(Verdict::along(&verified, pins))
}

fn upstream(
    policy: &Policy<'_>,
    facts: &UpstreamFacts,
    at: UnixTime,
    listener: &mut dyn Listener,
) -> Result<Verdict, Denial> {
    check_version(policy.context, facts.tls_version.as_deref(), listener)?;
    let leaf = leaf(facts.peer_certificate.as_deref(), listener)?;
    let verdict = match policy.context.server_certificate {
        ServerCertificatePolicy::Verify => {
            // Envoy shows no chain of a server: its issuer has to be in the truststore.
            let peer = Peer {
                leaf: &leaf,
                intermediates: &[],
                usage: Usage::ServerAuth,
            };
            let verified = path::verify(policy, peer, at, listener)?;
            let find = |pins: &PinSet| pins.match_path(&verified.path, at);
            let pins = policy.match_pins(&leaf, at, find, listener)?;
            Verdict::along(&verified, pins)
        }
        ServerCertificatePolicy::Skip => {
            let find = |pins: &PinSet| pins.match_certificate(&leaf, at);
            let pins = policy.match_pins(&leaf, at, find, listener)?;
            Verdict::always(pins)
        }
    };
    if let Some(name) = policy.server_name {
        verify_server_name(&leaf, name).map_err(|error| {
            Denial::new(Reason::ServerNameMismatch)
                .about(&leaf)
                .with_detail(error)
        })?;
        listener.passed(Check::ServerName, &|| name.to_owned());
    }
    check_names(policy, &leaf, listener)?;
    Ok(verdict)
}

fn check_version(
    context: &TlsContext,
    version: Option<&[u8]>,
    listener: &mut dyn Listener,
) -> Result<(), Denial> {
    let version = version.ok_or_else(|| Denial::new(Reason::TlsVersionUnknown))?;
    let text = String::from_utf8_lossy(version);
    let version: TlsVersion = text
        .parse()
        .map_err(|error| Denial::new(Reason::TlsVersionUnknown).with_detail(error))?;
    if context.versions.contains(version) {
        listener.passed(Check::TlsVersion, &|| version.to_string());
        return Ok(());
    }
    let allowed = [TlsVersion::V1_1, TlsVersion::V1_2, TlsVersion::V1_3];
    let allowed = allowed.map(|one| context.versions.contains(one).then_some(one.as_str()));
    let allowed: Vec<&str> = allowed.into_iter().flatten().collect();
    Err(Denial::new(Reason::TlsVersionRefused)
        .with_detail(format!("{version} is not one of {}", allowed.join(", "))))
}

fn leaf(pem: Option<&[u8]>, listener: &mut dyn Listener) -> Result<Certificate, Denial> {
    let pem = pem.ok_or_else(|| Denial::new(Reason::CertificateMissing))?;
    let leaf = certificate_from_pem(pem)
        .map_err(|error| Denial::new(Reason::CertificateMalformed).with_detail(error))?;
    listener.passed(Check::Certificate, &|| {
        format!("`{}`, SHA-256 {}", leaf.subject(), leaf.sha256())
    });
    Ok(leaf)
}

impl fmt::Display for Denial {
    /// The reason and what was found; without the certificate it is about.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason.code())?;
        match &self.detail {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

impl Policy<'_> {
    /// The pinset of the configuration, and that of the context.
    fn pin_sets(&self) -> [Option<&PinSet>; 2] {
        [self.pins, self.context.verification.pins.as_ref()]
    }

    fn has_pins(&self) -> bool {
        self.pin_sets().iter().any(Option::is_some)
    }

    /// What `find` finds in each pinset: all of them have to match.
    fn match_pins(
        &self,
        leaf: &Certificate,
        at: UnixTime,
        find: impl Fn(&PinSet) -> Result<PinMatch, PinRefusal>,
        listener: &mut dyn Listener,
    ) -> Result<Vec<PinMatch>, Denial> {
        // Whoever pins in a context has Anypoint's pinsets, which know no backup.
        let backup = self.pins.map_or(Ok(()), |pins| {
            pins.check_backup(&self.context.verification.profile, at)
        });
        let found = self.pin_sets().into_iter().flatten().map(find);
        let found = backup.and_then(|()| found.collect::<Result<_, _>>());
        let found: Vec<PinMatch> = found.map_err(|refusal| {
            let reason = match refusal {
                PinRefusal::OutOfDate { .. } => Reason::PinsOutOfDate,
                PinRefusal::NoBackup { .. } => Reason::PinsWithoutBackup,
                _ => Reason::PinMismatch,
            };
            let spki = leaf.spki_sha256();
            Denial::new(reason)
                .about(leaf)
                .with_detail(format!("{refusal}; SPKI SHA-256 of the leaf is {spki}"))
        })?;
        if !found.is_empty() {
            listener.passed(Check::Pins, &|| joined(&found));
        }
        Ok(found)
    }
}

fn check_names(
    policy: &Policy<'_>,
    leaf: &Certificate,
    listener: &mut dyn Listener,
) -> Result<(), Denial> {
    let Some(names) = policy.peer_names else {
        return Ok(());
    };
    let name = names.check(leaf).map_err(|error| {
        Denial::new(Reason::PeerNameMismatch)
            .about(leaf)
            .with_detail(error)
    })?;
    listener.passed(Check::PeerNames, &|| name.to_string());
    Ok(())
}

/// Evidence of several things.
fn joined<T: fmt::Display>(items: &[T]) -> String {
    let items: Vec<String> = items.iter().map(T::to_string).collect();
    items.join("; ")
}

impl Verdict {
    fn along(verified: &Verified, pins: impl IntoIterator<Item = PinMatch>) -> Self {
        Self::between(verified.from, verified.until, pins)
    }

    /// Nothing in it depends on time, but perhaps the pins.
    fn always(pins: impl IntoIterator<Item = PinMatch>) -> Self {
        Self::between(UnixTime(i64::MIN), UnixTime(i64::MAX), pins)
    }

    fn between(
        mut from: UnixTime,
        mut until: UnixTime,
        pins: impl IntoIterator<Item = PinMatch>,
    ) -> Self {
        let mut first = None;
        for found in pins {
            from = found.pin.not_before.map_or(from, |begin| begin.max(from));
            until = found.pin.not_after.map_or(until, |end| end.min(until));
            first.get_or_insert(found);
        }
        Self::Allow {
            from,
            until,
            pin: first,
        }
    }
}
