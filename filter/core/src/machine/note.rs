//! What an access log shows of a decision: one value per side, a word and then `key=value` pairs.
//! Everything of the peer's own making is quoted and cut, so that a line stays a line.

use std::fmt::Write as _;
use std::sync::Arc;

use super::State;
use crate::config::PolicyIndex;
use crate::decide::{Denial, Identity};

/// Most characters of one quoted text.
const MAX_QUOTED: usize = 256;

/// A value for the access log.
pub(super) type Note = Arc<str>;

/// Of a peer that passes, with what it did not pass but is only observed.
pub(super) fn of_allowance(
    state: &State,
    policy: PolicyIndex,
    peer: Option<&Identity>,
    observed: &[Denial],
) -> Note {
    let word = match observed.is_empty() {
        true => "allowed",
        false => "observed",
    };
    let mut text = begin(state, word, policy, observed);
    if let Some(peer) = peer {
        let _ = write!(text, " sha256={}", peer.fingerprint);
        quote(&mut text, "subject", &peer.subject);
    }
    text.into()
}

/// Of somebody who did not pass.
pub(super) fn of_denial(state: &State, word: &str, policy: PolicyIndex, denial: &Denial) -> Note {
    let mut text = begin(state, word, policy, std::slice::from_ref(denial));
    if let Some(fingerprint) = &denial.fingerprint {
        let _ = write!(text, " sha256={fingerprint}");
    }
    if let Some(subject) = &denial.subject {
        quote(&mut text, "subject", subject);
    }
    if let Some(detail) = &denial.detail {
        quote(&mut text, "detail", detail);
    }
    text.into()
}

fn begin(state: &State, word: &str, policy: PolicyIndex, denials: &[Denial]) -> String {
    let mut text = word.to_owned();
    let codes: Vec<&str> = denials.iter().map(|denial| denial.reason.code()).collect();
    if !codes.is_empty() {
        let _ = write!(text, " code={}", codes.join(","));
    }
    let _ = write!(text, " policy={policy}");
    if let Some(context) = &state.config.policy.get(policy).tls_context {
        let _ = write!(text, " tls_context={context}");
    }
    let _ = write!(text, " generation={}", state.snapshot.generation());
    text
}

fn quote(text: &mut String, key: &str, value: &str) {
    let cut: String = value.chars().take(MAX_QUOTED).collect();
    let _ = write!(text, " {key}={cut:?}");
}
