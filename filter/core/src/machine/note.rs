//! What an access log shows of a decision: one value per side, a word and then `key=value` pairs.
//! Everything of the peer's own making is quoted and cut, so that a line stays a line.

use std::fmt::Write as _;
use std::sync::Arc;

use sallyport_model::{Reference, VersionSelector};

use super::State;
use crate::config::{Policy, PolicyIndex};
use crate::decide::{Denial, Identity};

/// Most characters of one quoted text.
const MAX_QUOTED: usize = 256;

/// Most secrets that are named, where requests choose among many.
const MAX_USED: usize = 32;

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
    let credentials = match (&state.config.policy, observed) {
        (Policy::Upstream(upstream), []) => Some(upstream.credentials()),
        _ => None,
    };
    let decided_by = state.config.policy.get(policy).references();
    used(
        &mut text,
        state,
        decided_by.chain(credentials.into_iter().flatten()),
    );
    if let Some(peer) = peer {
        let _ = write!(text, " sha256={}", peer.fingerprint);
        quote(&mut text, "subject", &peer.subject);
    }
    text.into()
}

/// Of somebody who did not pass.
pub(super) fn of_denial(state: &State, word: &str, policy: PolicyIndex, denial: &Denial) -> Note {
    let mut text = begin(state, word, policy, std::slice::from_ref(denial));
    used(
        &mut text,
        state,
        state.config.policy.get(policy).references(),
    );
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

/// What is at hand of these, by versions.
fn used<'a>(text: &mut String, state: &State, references: impl Iterator<Item = &'a Reference>) {
    let mut said: Vec<&Reference> = Vec::new();
    let mut before = " material=";
    for reference in references {
        if said.contains(&reference) {
            continue;
        }
        if said.len() >= MAX_USED {
            let _ = write!(text, "{before}...");
            break;
        }
        said.push(reference);
        let Some(edition) = state.snapshot.edition(reference) else {
            continue;
        };
        let exact = Reference {
            version: Some(VersionSelector::Number(edition.version)),
            ..reference.clone()
        };
        let _ = write!(text, "{before}{exact}");
        before = ",";
        for part in &edition.parts {
            // The vault's own words, but a line stays a line.
            let _ = write!(text, ",{}", part.escape_debug());
        }
    }
}

fn quote(text: &mut String, key: &str, value: &str) {
    let cut: String = value.chars().take(MAX_QUOTED).collect();
    let _ = write!(text, " {key}={cut:?}");
}
