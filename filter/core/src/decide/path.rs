//! The path from a peer's certificate to whom a TLS context trusts, and how long it holds.

use std::cell::{Cell, RefCell};

use sallyport_model::{DenyOrAllow, SelfSigned};
use sallyport_pki::{
    Certificate, CertificateStatus, CheckedCertificates, ExpiredCrl, ExplicitPolicy, PathError,
    PathRules, PolicyId, PolicyRules, RevocationEvidence, RevocationPolicy, UnixTime,
    UnknownStatus, Usage, VerifiedPath,
};

use super::check::{Check, Checks, Listener};
use super::{Denial, Policy, joined};
use crate::material::Verification;
use crate::reason::Reason;

/// A path that breaks no rule of the context.
pub(super) struct Verified {
    pub(super) path: VerifiedPath,
    /// First and last moment at which the same comes out.
    pub(super) from: UnixTime,
    pub(super) until: UnixTime,
}

/// Whom to verify.
#[derive(Clone, Copy)]
pub(super) struct Peer<'a> {
    pub(super) leaf: &'a Certificate,
    pub(super) intermediates: &'a [Certificate],
    pub(super) usage: Usage,
}

/// When dates are looked at, which is not now where wrong ones are let pass.
struct Moment {
    at: UnixTime,
    from: UnixTime,
    until: UnixTime,
}

/// The path by all rules but those of `skipped`, which may be policies and revocation.
pub(super) fn verify(
    policy: &Policy<'_>,
    peer: Peer<'_>,
    skipped: Checks,
    at: UnixTime,
    listener: &mut dyn Listener,
) -> Result<Verified, Denial> {
    let context = policy.context;
    let moment = Moment::of(&context.verification, peer.leaf, at);
    let found = find(policy, peer, skipped, at, moment.at, listener);
    let found = match found {
        Err(Refusal::Path(PathError::WrongUsage { .. }))
            if context.verification.tolerances.other_purpose == DenyOrAllow::Allow =>
        {
            let usage = match peer.usage {
                Usage::ClientAuth => Usage::ServerAuth,
                Usage::ServerAuth => Usage::ClientAuth,
            };
            find(
                policy,
                Peer { usage, ..peer },
                skipped,
                at,
                moment.at,
                listener,
            )
        }
        found => found,
    };
    let (path, listed_until) = found.map_err(|refusal| refusal.denial(peer.leaf))?;
    let (from, until) = if moment.at == at {
        let (from, until) = (path.not_before(), path.not_after());
        // Where another date is looked at, something else may come out.
        (from.max(moment.from), until.min(moment.until))
    } else {
        (moment.from, moment.until)
    };
    Ok(Verified {
        path,
        from,
        until: listed_until.map_or(until, |end| end.min(until)),
    })
}

enum Refusal {
    Path(PathError),
    Other(Reason, Option<&'static str>),
}

/// The path, and how long the revocation lists hold that speak for it.
fn find(
    policy: &Policy<'_>,
    peer: Peer<'_>,
    skipped: Checks,
    now: UnixTime,
    at: UnixTime,
    listener: &mut dyn Listener,
) -> Result<(VerifiedPath, Option<UnixTime>), Refusal> {
    let context = policy.context;
    let verification = &context.verification;
    let wanted_policies = match skipped.contains(Check::Policies) {
        true => None,
        false => verification.policies.as_deref(),
    };
    let policies = PolicyRules {
        acceptable: wanted_policies.unwrap_or_default(),
        explicit: match wanted_policies {
            Some(_) => ExplicitPolicy::Required,
            None => ExplicitPolicy::Optional,
        },
        ..PolicyRules::default()
    };
    if let Some(path) = context.pinned.verify(peer.leaf, peer.usage, at) {
        check_pinned(verification, peer.leaf)?;
        // Nobody stands above a pinned certificate: its own policies count.
        policies.check(&[peer.leaf, peer.leaf])?;
        let path = path?;
        let evidence = || "the truststore has exactly this certificate".to_owned();
        listener.passed(Check::Path, &evidence);
        return Ok((path, None));
    }
    let Some(anchors) = &context.truststore else {
        return Err(match context.pinned.is_empty() {
            true => Refusal::Other(Reason::TruststoreMissing, None),
            false => Refusal::Other(
                Reason::UnknownIssuer,
                Some("not one of the pinned certificates, and there are no trust anchors"),
            ),
        });
    };
    let listed_until = Cell::new(None);
    let listener = RefCell::new(listener);
    let revocation = |path: &[&Certificate]| {
        let mut listener = listener.borrow_mut();
        listener.passed(Check::Path, &|| subjects(path));
        if let Some(acceptable) = wanted_policies {
            listener.passed(Check::Policies, &|| wanted(acceptable));
        }
        if skipped.contains(Check::Revocation) {
            return Ok(());
        }
        // Dates of lists are a matter of now, whatever the peer's own are.
        if let Some(found) = check_revocation(verification, path, now)? {
            listener.passed(Check::Revocation, &|| statuses(&found));
            listed_until.set(found.good_until());
        }
        Ok(())
    };
    let rules = PathRules {
        profile: verification.profile,
        max_depth: verification.max_depth,
        policies,
        algorithms: policy.algorithms,
        further: Some(&revocation),
        ..PathRules::new(peer.usage, at)
    };
    let path = rules.verify(peer.leaf, peer.intermediates, anchors)?;
    Ok((path, listed_until.get()))
}

fn subjects(path: &[&Certificate]) -> String {
    let subjects = path
        .iter()
        .map(|certificate| format!("`{}`", certificate.subject()));
    subjects.collect::<Vec<_>>().join(" < ")
}

fn wanted(acceptable: &[PolicyId]) -> String {
    match acceptable {
        [] => "any policy".to_owned(),
        some => format!("one of {}", joined(some)),
    }
}

fn statuses(found: &RevocationEvidence) -> String {
    let statuses = found.certificates.iter().map(|status| match status {
        CertificateStatus::Good {
            number,
            next_update,
        } => {
            format!("not on list {number}, which holds until {next_update}")
        }
        CertificateStatus::Stale { next_update } => {
            format!("not on a list that expired at {next_update}, which is allowed")
        }
        CertificateStatus::Unknown => "on no list, which is allowed".to_owned(),
    });
    joined(&statuses.collect::<Vec<_>>())
}

fn check_pinned(verification: &Verification, leaf: &Certificate) -> Result<(), Refusal> {
    let refused = verification.tolerances.self_signed == SelfSigned::Refused;
    if refused && leaf.is_self_issued() {
        let detail = "the certificate is self-signed, which the TLS context does not allow";
        return Err(Refusal::Other(Reason::UnknownIssuer, Some(detail)));
    }
    Ok(())
}

/// What the lists say, where revocation is checked.
fn check_revocation(
    verification: &Verification,
    path: &[&Certificate],
    now: UnixTime,
) -> Result<Option<RevocationEvidence>, PathError> {
    let Some((policy, revocations)) = &verification.revocation else {
        return Ok(None);
    };
    let evidence = revocations.check(path, now, policy)?;
    if policy.certificates == CheckedCertificates::PeerOnly {
        // CAs need no list, but one that is known to be revoked is not let pass.
        let known_only = RevocationPolicy {
            unknown: UnknownStatus::Allow,
            expired: ExpiredCrl::Allow,
            certificates: CheckedCertificates::AllBelowAnchor,
        };
        revocations.check(path, now, &known_only)?;
    }
    Ok(Some(evidence))
}

impl Moment {
    /// The nearest moment at which the certificate is valid, as far as that is let pass.
    fn of(verification: &Verification, leaf: &Certificate, now: UnixTime) -> Self {
        let tolerances = &verification.tolerances;
        let (first, last) = (leaf.not_before(), leaf.not_after());
        let early = tolerances.not_yet_valid == DenyOrAllow::Allow && now < first;
        let late = tolerances.expired == DenyOrAllow::Allow && now > last;
        let (at, from, until) = if first > last {
            (now, UnixTime(i64::MIN), UnixTime(i64::MAX))
        } else if early {
            (
                first,
                UnixTime(i64::MIN),
                UnixTime(first.0.saturating_sub(1)),
            )
        } else if late {
            (last, UnixTime(last.0.saturating_add(1)), UnixTime(i64::MAX))
        } else {
            (now, first, last)
        };
        Self { at, from, until }
    }
}

impl From<PathError> for Refusal {
    fn from(error: PathError) -> Self {
        Self::Path(error)
    }
}

impl Refusal {
    fn denial(&self, leaf: &Certificate) -> Denial {
        match self {
            Self::Other(reason, None) => Denial::new(*reason).about(leaf),
            Self::Other(reason, Some(detail)) => {
                Denial::new(*reason).about(leaf).with_detail(detail)
            }
            Self::Path(error) => {
                let detail = format!("{}: {error}", error.code());
                Denial::new(reason(error)).about(leaf).with_detail(detail)
            }
        }
    }
}

fn reason(error: &PathError) -> Reason {
    match error {
        PathError::UnknownIssuer { .. } => Reason::UnknownIssuer,
        PathError::Expired { .. } => Reason::CertificateExpired,
        PathError::NotYetValid { .. } => Reason::CertificateNotYetValid,
        PathError::WrongUsage { .. } => Reason::WrongUsage,
        PathError::InvalidSignature => Reason::InvalidSignature,
        PathError::Malformed => Reason::CertificateMalformed,
        PathError::TooDeep { .. } => Reason::PathTooDeep,
        PathError::NoAcceptablePolicy { .. } => Reason::PolicyNotAcceptable,
        PathError::Further { code, .. } => match *code {
            "certificate_revoked" => Reason::CertificateRevoked,
            "crl_expired" => Reason::RevocationExpired,
            _ => Reason::RevocationUnknown,
        },
        _ => Reason::CertificateRefused,
    }
}
