//! Who verifies signatures: the host, where it has shown that it can, and our own code otherwise, as far as
//! it was built in.
//!
//! Envoy has native code for it ([`VERIFY_SIGNATURE`]), which is an order of magnitude faster than
//! ours in WebAssembly. It takes the place of our verifier of an algorithm only after it told good
//! signatures from broken ones, and the verdict stays ours in everything else: which keys are
//! strong enough, and which algorithms there are. What neither can verify is not accepted.

mod exchange;
mod host_verifier;
mod self_test;

use std::fmt::Write as _;

use sallyport_pki::{
    AlgorithmIdentifier, SIGNATURE_ALGORITHMS, SignatureVerificationAlgorithm, is_verified_here,
};

use crate::effect::{Effect, Line};
use crate::metric::Counter;
use host_verifier::HostVerifier;
use self_test::{Flaw, KNOWN};

/// Name of Envoy's foreign function.
pub const VERIFY_SIGNATURE: &str = "verify_signature";

/// Calls [`VERIFY_SIGNATURE`] with a serialized `VerifySignatureArguments`; the serialized
/// `VerifySignatureResult`, `None` if the host does not have the function or it failed.
pub type AskHost = fn(&[u8]) -> Option<Vec<u8>>;

/// Signature algorithms, each with its verifier.
#[derive(Clone, Debug)]
pub struct Signatures {
    algorithms: &'static [&'static dyn SignatureVerificationAlgorithm],
    trial: Option<Trial>,
}

/// How the host did.
#[derive(Clone, Debug, Default)]
struct Trial {
    passed: Vec<String>,
    failed: Vec<(String, Flaw)>,
    /// Nobody verifies these.
    left_out: Vec<String>,
}

impl Signatures {
    /// Our own code for all of them.
    pub const fn own() -> Self {
        Self {
            algorithms: SIGNATURE_ALGORITHMS,
            trial: None,
        }
    }

    /// Puts the host to the test, 60 questions, and lets it verify what it is good at.
    ///
    /// What is chosen is never freed: once per VM is enough.
    pub fn tried(ask: AskHost) -> Self {
        Self::tried_beside(is_verified_here, ask)
    }

    /// The same beside verifiers of our own for some kinds of keys.
    fn tried_beside(has_own: fn(AlgorithmIdentifier) -> bool, ask: AskHost) -> Self {
        let mut trial = Trial::default();
        let mut hosts: Vec<Option<HostVerifier>> = Vec::with_capacity(SIGNATURE_ALGORITHMS.len());
        for own in SIGNATURE_ALGORITHMS {
            let known = KNOWN.iter().find(|known| known.is_of(*own));
            hosts.push(known.and_then(|known| {
                let host = HostVerifier::new(*own, known.hash, ask);
                match known.try_out(&host) {
                    Ok(()) => {
                        trial.passed.push(format!("{own:?}"));
                        Some(host)
                    }
                    Err(flaw) => {
                        trial.failed.push((format!("{own:?}"), flaw));
                        None
                    }
                }
            }));
        }
        // One that takes a broken signature for a good one is not believed in anything.
        let flaws = &mut trial.failed.iter().map(|(_, flaw)| flaw);
        let believed = flaws.all(|flaw| *flaw != Flaw::AcceptsBroken);
        if !believed {
            trial.passed.clear();
        }
        let mut algorithms: Vec<&'static dyn SignatureVerificationAlgorithm> = Vec::new();
        for (own, host) in SIGNATURE_ALGORITHMS.iter().zip(hosts) {
            match host.filter(|_| believed) {
                Some(host) => algorithms.push(Box::leak(Box::new(host))),
                None if has_own(own.public_key_alg_id()) => algorithms.push(*own),
                None => trial.left_out.push(format!("{own:?}")),
            }
        }
        Self {
            algorithms: Vec::leak(algorithms),
            trial: Some(trial),
        }
    }

    /// For path validation.
    pub const fn algorithms(&self) -> &'static [&'static dyn SignatureVerificationAlgorithm] {
        self.algorithms
    }

    /// One line for the log and the counters of a start; nothing if there was no host to try.
    pub(crate) fn report(&self, effects: &mut Vec<Effect>) {
        let Some(trial) = &self.trial else {
            return;
        };
        let counted = |count: usize, counter| (0..count).map(move |_| Effect::Count(counter));
        effects.extend(counted(trial.passed.len(), Counter::SignaturesByHost));
        effects.extend(counted(trial.failed.len(), Counter::SignaturesHostFailed));
        effects.push(Effect::Log(trial.line()));
    }
}

impl Trial {
    fn line(&self) -> Line {
        let mut text = String::from("signatures: verified by the host: ");
        match self.passed.is_empty() {
            true => text.push_str("none"),
            false => text.push_str(&self.passed.join(", ")),
        }
        if self.failed.is_empty() {
            return Line::info(text);
        }
        text.push_str("; not by the host, which failed the test:");
        for (algorithm, flaw) in &self.failed {
            let _ = write!(text, " {algorithm} ({flaw})");
        }
        if !self.left_out.is_empty() {
            text.push_str("; by nobody, so that such certificates are refused: ");
            text.push_str(&self.left_out.join(", "));
        }
        Line::warn(text)
    }
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
