//! Counters and gauges: closed lists.

use std::fmt;

use sallyport_pki::PinRole;

use crate::direction::Direction;
use crate::policy::check::SchemeName;
use crate::policy::keys::Version;
use crate::reason::Reason;

/// Counts, by the host around the brain, parts of revocation lists that were looked up.
pub const BUCKET_READS: &str = "sallyport.shared.bucket_reads";

/// A counter. Its name is what `Display` writes; Envoy puts `wasmcustom.` in front of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Counter {
    /// Requests whose peer passed.
    Allowed(Direction),
    /// Requests whose peer passed by a pin, by the pin's role.
    Pinned(Direction, PinRole),
    /// Requests denied, by reason.
    Denied(Direction, Reason),
    /// Connections that had been let go and were closed later, by reason.
    Cut(Direction, Reason),
    /// Requests that would have been denied, by reason.
    Observed(Direction, Reason),
    /// Requests that went on undecided for want of a secret, by reason.
    LetPass(Direction, Reason),
    /// Requests that had to wait, for the vault or a handshake.
    Held(Direction),
    /// Requests decided by material that the vault did not confirm in time.
    Stale(Direction),
    /// Requests on connections of which it is known that their client passes.
    KnownConnection(Direction),
    /// Requests of peers about whom a verdict was at hand.
    KnownPeer(Direction),
    /// Verdicts that were not at hand and took a path validation.
    Verified(Direction),
    /// Callers who passed, by what they showed and by the version of the secret.
    Caller(SchemeName, Version),
    /// Calls to the vault.
    VaultCalls,
    /// Answers of the vault that were taken over.
    VaultAnswers,
    /// Entries that an answer changed.
    VaultChanges,
    /// Calls without an answer of the vault.
    VaultUnreachable,
    /// Answers that did not come to their end; one larger than Envoy holds is one of them.
    VaultCutOff,
    /// Answers of more than is parsed.
    VaultTooLarge,
    /// Answers of the vault that cannot be used, whole or in part.
    VaultMalformed,
    /// Answers by which the vault does not serve this gateway.
    VaultDenied,
    /// Indexes published for the filters of this process.
    SharedPublications,
    /// Indexes that a filter took over.
    SharedApplied,
    /// Times that a member became the one who watches.
    SharedLeaseTaken,
    /// Times that it ceased to be.
    SharedLeaseLost,
    /// Credentials put into a request.
    Injected,
    /// Credentials that could not be made.
    InjectFailed,
    /// Requests that were signed.
    Signed,
    /// Requests that could not be.
    SignFailed,
    /// Bodies that were encrypted.
    Encrypted,
    /// Bodies that were decrypted, by the version of the secret.
    Decrypted(Version),
    /// Signature algorithms that the host verifies, when a filter starts.
    SignaturesByHost,
    /// Signature algorithms in which the host failed its test, when a filter starts.
    SignaturesHostFailed,
}

impl Counter {
    /// Whether it counts what most requests do: such counts may be written together, a little later.
    pub const fn is_of_every_request(self) -> bool {
        matches!(
            self,
            Self::Allowed(_)
                | Self::Pinned(..)
                | Self::KnownConnection(_)
                | Self::KnownPeer(_)
                | Self::Injected
                | Self::Signed
                | Self::Encrypted
                | Self::Decrypted(_)
                | Self::Caller(..)
        )
    }
}

/// A gauge, named like a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gauge {
    /// Generation of the index that a filter of this side took over last.
    Generation(Direction),
}

impl fmt::Display for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Generation(direction) = self;
        write!(f, "sallyport.{}.generation", direction.as_str())
    }
}

impl fmt::Display for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = Direction::as_str;
        match *self {
            Self::Allowed(direction) => write!(f, "sallyport.{}.allowed", side(direction)),
            Self::Pinned(direction, role) => {
                write!(f, "sallyport.{}.pinned.{}", side(direction), role.as_str())
            }
            Self::Denied(direction, reason) => {
                write!(f, "sallyport.{}.denied.{}", side(direction), reason.code())
            }
            Self::Cut(direction, reason) => {
                write!(f, "sallyport.{}.cut.{}", side(direction), reason.code())
            }
            Self::Observed(direction, reason) => {
                write!(
                    f,
                    "sallyport.{}.observed.{}",
                    side(direction),
                    reason.code()
                )
            }
            Self::LetPass(direction, reason) => {
                write!(
                    f,
                    "sallyport.{}.let_pass.{}",
                    side(direction),
                    reason.code()
                )
            }
            Self::Held(direction) => write!(f, "sallyport.{}.held", side(direction)),
            Self::Stale(direction) => write!(f, "sallyport.{}.stale", side(direction)),
            Self::KnownConnection(direction) => {
                write!(f, "sallyport.{}.known.connection", side(direction))
            }
            Self::KnownPeer(direction) => write!(f, "sallyport.{}.known.peer", side(direction)),
            Self::Verified(direction) => write!(f, "sallyport.{}.verified", side(direction)),
            Self::Caller(scheme, version) => write!(
                f,
                "sallyport.check.{}.{}",
                scheme.as_str(),
                version.as_str()
            ),
            Self::VaultCalls => f.write_str("sallyport.vault.calls"),
            Self::VaultAnswers => f.write_str("sallyport.vault.answers"),
            Self::VaultChanges => f.write_str("sallyport.vault.changes"),
            Self::VaultUnreachable => f.write_str("sallyport.vault.unreachable"),
            Self::VaultCutOff => f.write_str("sallyport.vault.cut_off"),
            Self::VaultTooLarge => f.write_str("sallyport.vault.too_large"),
            Self::VaultMalformed => f.write_str("sallyport.vault.malformed"),
            Self::VaultDenied => f.write_str("sallyport.vault.denied"),
            Self::SharedPublications => f.write_str("sallyport.shared.publications"),
            Self::SharedApplied => f.write_str("sallyport.shared.applied"),
            Self::SharedLeaseTaken => f.write_str("sallyport.shared.lease_taken"),
            Self::SharedLeaseLost => f.write_str("sallyport.shared.lease_lost"),
            Self::Injected => f.write_str("sallyport.inject.injected"),
            Self::InjectFailed => f.write_str("sallyport.inject.failed"),
            Self::Signed => f.write_str("sallyport.sign.signed"),
            Self::SignFailed => f.write_str("sallyport.sign.failed"),
            Self::Encrypted => f.write_str("sallyport.encrypt.encrypted"),
            Self::Decrypted(version) => write!(f, "sallyport.decrypt.{}", version.as_str()),
            Self::SignaturesByHost => f.write_str("sallyport.signatures.host"),
            Self::SignaturesHostFailed => f.write_str("sallyport.signatures.host_failed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_direction_and_reason() {
        let denied = Counter::Denied(Direction::Downstream, Reason::PinMismatch);
        assert_eq!(
            denied.to_string(),
            "sallyport.downstream.denied.pin_mismatch"
        );
        let pinned = Counter::Pinned(Direction::Upstream, PinRole::Backup);
        assert_eq!(pinned.to_string(), "sallyport.upstream.pinned.backup");
        let observed = Counter::Observed(Direction::Upstream, Reason::UnknownIssuer);
        assert_eq!(
            observed.to_string(),
            "sallyport.upstream.observed.unknown_issuer"
        );
    }

    #[cfg(not(target_arch = "wasm32"))]
    #[test]
    fn the_tags_of_the_demo_and_the_documents_find_the_reason_of_every_counter_that_has_one() {
        let documents = [
            include_str!("../../../envoy/demo/envoy.yaml"),
            include_str!("../../../docs/filter-observability.md"),
        ];
        let [side, reason, role] = ["side", "reason", "role"].map(|tag| {
            let expression = |document: &str| {
                let start = format!("{{tag_name: sallyport.{tag}, regex: '");
                let (_, rest) = document.split_once(&start).unwrap();
                rest.split_once("'}").unwrap().0.to_owned()
            };
            let [demo, text] = documents.map(expression);
            assert_eq!(demo, text);
            regex::Regex::new(&demo).unwrap()
        });
        for direction in [Direction::Downstream, Direction::Upstream] {
            let counted = Reason::ALL.iter().flat_map(|&reason| {
                let counters = [
                    Counter::Denied(direction, reason),
                    Counter::Cut(direction, reason),
                    Counter::Observed(direction, reason),
                    Counter::LetPass(direction, reason),
                ];
                counters.map(|counter| (counter, reason.code()))
            });
            for (counter, code) in counted {
                let name = format!("wasmcustom.{counter}");
                // The second group is a tag's value.
                assert_eq!(&side.captures(&name).unwrap()[2], direction.as_str());
                assert_eq!(&reason.captures(&name).unwrap()[2], code);
            }
            let name = format!("wasmcustom.{}", Counter::Pinned(direction, PinRole::Active));
            assert_eq!(&role.captures(&name).unwrap()[2], "active");
            let name = format!("wasmcustom.{}", Counter::Allowed(direction));
            assert!(reason.captures(&name).is_none() && role.captures(&name).is_none());
        }
    }
}
