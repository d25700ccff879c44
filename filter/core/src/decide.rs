//! The verdict: a pure function of policy, facts and time. Enforcing and observing are the same up
//! to here.

mod check;
mod explain;
mod inquiry;
mod path;

use std::fmt;
use std::sync::Arc;

use sallyport_model::{ClientCertificatePolicy, ServerCertificatePolicy, TlsVersion};
use sallyport_pki::{
    AllowedNames, Certificate, Digest, PinMatch, PinRefusal, PinSet,
    SignatureVerificationAlgorithm, UnixTime, Usage, certificate_from_pem, verify_server_name,
};

use crate::facts::{DownstreamFacts, Facts, UpstreamFacts};
use crate::material::TlsContext;
use crate::reason::Reason;
use crate::xfcc;
pub use check::{Check, Checks};
use check::{Listener, Silent};
pub use explain::{Explained, Explanation, Outcome, explain};
use inquiry::Inquiry;
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
    /// Checks that let pass: what comes out of them is told, and does not count. The certificate
    /// itself cannot be one of them, for the others ask it.
    pub observed: Checks,
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
        /// What it did not pass, but is only observed.
        observed: Vec<Denial>,
        /// Who it is, where it has to say so.
        peer: Option<Arc<Identity>>,
    },
    /// The peer does not pass.
    Deny(Denial),
}

/// Whose certificate it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Subject of the certificate.
    pub subject: String,
    /// SHA-256 of the certificate.
    pub fingerprint: Digest,
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
    let mut inquiry = Inquiry {
        policy,
        at,
        listener,
        observed: Vec::new(),
    };
    let passed = match facts {
        Facts::Downstream(facts) => downstream(&mut inquiry, facts),
        Facts::Upstream(facts) => upstream(&mut inquiry, facts),
    };
    match passed {
        Ok(passed) => passed.allow(inquiry.observed),
        Err(denial) => Verdict::Deny(denial),
    }
}

impl Identity {
    fn of(certificate: &Certificate) -> Self {
        Self {
            subject: certificate.subject().to_owned(),
            fingerprint: certificate.sha256(),
        }
    }
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

/// What an allowed peer showed that ends its verdict.
struct Passed {
    /// `None` where nobody verifies the path, or there is none and that is only observed.
    path: Option<Verified>,
    pins: Vec<PinMatch>,
    peer: Option<Identity>,
}

fn downstream(inquiry: &mut Inquiry<'_>, facts: &DownstreamFacts) -> Result<Passed, Denial> {
    let policy = inquiry.policy;
    inquiry.version(facts.tls_version.as_deref())?;
    if policy.context.client_certificate == ClientCertificatePolicy::Ignore {
        if policy.has_pins() {
            inquiry.settle::<()>(Err(Denial::new(Reason::PinsWithoutCertificate)))?;
        }
        if policy.peer_names.is_some() {
            inquiry.settle::<()>(Err(Denial::new(Reason::NamesWithoutCertificate)))?;
        }
        return Ok(Passed::NOTHING);
    }
    if facts.mtls != Some(true) {
        return Err(Denial::new(Reason::CertificateMissing));
    }
    let leaf = leaf(facts.peer_certificate.as_deref(), inquiry.listener)?;
    let forwarded = facts.forwarded_client_certificate.as_deref();
    let presented = forwarded.map_or(Ok(Vec::new()), |header| xfcc::intermediates(header, &leaf));
    let peer = Peer {
        leaf: &leaf,
        intermediates: presented.as_deref().unwrap_or_default(),
        usage: Usage::ClientAuth,
    };
    let before = inquiry.observed.len();
    let path = inquiry.path(peer);
    // Without its intermediates a good client looks like a stranger: say why they are missing.
    let explained = |denial: Denial| match &presented {
        Ok(_) => denial,
        Err(error) => {
            let detail = denial.detail.clone().unwrap_or_default();
            denial.with_detail(format!("{detail}; x-forwarded-client-cert: {error}"))
        }
    };
    let noted = inquiry.observed.split_off(before);
    inquiry.observed.extend(noted.into_iter().map(explained));
    let path = path.map_err(explained)?;
    let pins = inquiry.pins(&leaf, path.as_ref())?;
    inquiry.names(&leaf)?;
    Ok(Passed {
        path,
        pins,
        peer: Some(Identity::of(&leaf)),
    })
}

fn upstream(inquiry: &mut Inquiry<'_>, facts: &UpstreamFacts) -> Result<Passed, Denial> {
    let policy = inquiry.policy;
    inquiry.version(facts.tls_version.as_deref())?;
    let leaf = leaf(facts.peer_certificate.as_deref(), inquiry.listener)?;
    let path = match policy.context.server_certificate {
        // Envoy shows no chain of a server: its issuer has to be in the truststore.
        ServerCertificatePolicy::Verify => inquiry.path(Peer {
            leaf: &leaf,
            intermediates: &[],
            usage: Usage::ServerAuth,
        })?,
        ServerCertificatePolicy::Skip => None,
    };
    let pins = inquiry.pins(&leaf, path.as_ref())?;
    if let Some(name) = policy.server_name {
        let verified = verify_server_name(&leaf, name);
        let checked = verified.map_err(|error| {
            Denial::new(Reason::ServerNameMismatch)
                .about(&leaf)
                .with_detail(error)
        });
        if inquiry.settle(checked)?.is_some() {
            let listener = &mut inquiry.listener;
            listener.passed(Check::ServerName, &|| name.to_owned());
        }
    }
    inquiry.names(&leaf)?;
    Ok(Passed {
        path,
        pins,
        peer: Some(Identity::of(&leaf)),
    })
}

impl Inquiry<'_> {
    fn version(&mut self, version: Option<&[u8]>) -> Result<(), Denial> {
        let checked = check_version(self.policy.context, version, self.listener);
        self.settle(checked).map(drop)
    }

    /// The pins that match on the path, or the peer's own where there is none.
    fn pins(
        &mut self,
        leaf: &Certificate,
        path: Option<&Verified>,
    ) -> Result<Vec<PinMatch>, Denial> {
        let at = self.at;
        let find = |pins: &PinSet| match path {
            Some(verified) => pins.match_path(&verified.path, at),
            None => pins.match_certificate(leaf, at),
        };
        let matched = self.policy.match_pins(leaf, at, find, self.listener);
        Ok(self.settle(matched)?.unwrap_or_default())
    }

    fn names(&mut self, leaf: &Certificate) -> Result<(), Denial> {
        let checked = check_names(self.policy, leaf, self.listener);
        self.settle(checked).map(drop)
    }
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

impl Passed {
    const NOTHING: Self = Self {
        path: None,
        pins: Vec::new(),
        peer: None,
    };

    fn allow(self, observed: Vec<Denial>) -> Verdict {
        // Without a path nothing depends on time, but perhaps the pins.
        let always = (UnixTime(i64::MIN), UnixTime(i64::MAX));
        let (mut from, mut until) = self
            .path
            .map_or(always, |verified| (verified.from, verified.until));
        for PinMatch { pin, .. } in &self.pins {
            from = pin.not_before.map_or(from, |begin| begin.max(from));
            until = pin.not_after.map_or(until, |end| end.min(until));
        }
        Verdict::Allow {
            from,
            until,
            pin: self.pins.into_iter().next(),
            observed,
            peer: self.peer.map(Arc::new),
        }
    }
}
