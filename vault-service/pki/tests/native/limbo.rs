//! x509-limbo: every verdict is the suite's, but for the divergences that are listed with a reason.
//!
//! Runs a selection, or the file that `SALLYPORT_LIMBO` names.

use std::collections::BTreeMap;

use crate::limbo_case::{Case, Verdict};
use sallyport_pki::{Profile, UnixTime};
use serde::Deserialize;

const SELECTION: &str = include_str!("../fixtures/limbo/selection.json");
const DIVERGENCES: &str = include_str!("limbo-divergences.json");
/// 2027-01-01.
const NOW: UnixTime = UnixTime(1_798_761_600);

#[derive(Deserialize)]
struct Suite {
    testcases: Vec<Case>,
}

#[derive(Deserialize)]
struct Divergence {
    id: String,
    kind: Kind,
    reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// Accepted, to be refused.
    Dangerous,
    /// Refused, to be accepted.
    Compat,
}

#[test]
fn verdicts_differ_from_the_suite_only_where_it_is_said_why() {
    let listed = listed();
    let cases = suite().testcases;
    assert!(cases.len() > 100, "{} cases", cases.len());
    let mut unexpected = Vec::new();
    for case in &cases {
        let outcome = case.run(Profile::BALANCED, NOW);
        let found = match (case.expected_result, Verdict::of(&outcome)) {
            (Verdict::Failure, Verdict::Success) => Some(Kind::Dangerous),
            (Verdict::Success, Verdict::Failure) => Some(Kind::Compat),
            _ => None,
        };
        let expected = listed.get(case.id.as_str()).copied();
        if found != expected {
            unexpected.push(format!("{}: {found:?} {outcome:?}", case.id));
        }
    }
    assert!(unexpected.is_empty(), "{unexpected:#?}");
}

#[test]
fn the_profiles_are_ordered() {
    for case in suite().testcases {
        let profiles = [Profile::RFC5280, Profile::BALANCED, Profile::STRICT];
        let accepted = profiles.map(|profile| case.run(profile, NOW).is_ok());
        assert!(
            accepted.is_sorted_by(|one, next| one >= next),
            "{}",
            case.id
        );
    }
}

#[test]
fn few_divergences_are_dangerous_and_each_has_a_reason() {
    let divergences: Vec<Divergence> = serde_json::from_str(DIVERGENCES).unwrap();
    let dangerous = divergences.iter().filter(|one| one.kind == Kind::Dangerous);
    assert!(dangerous.count() <= 13);
    assert!(divergences.iter().all(|one| one.reason.len() > 20));
    assert_eq!(listed().len(), divergences.len(), "an id twice");
}

fn suite() -> Suite {
    match std::env::var_os("SALLYPORT_LIMBO") {
        Some(file) => serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap(),
        None => serde_json::from_str(SELECTION).unwrap(),
    }
}

fn listed() -> BTreeMap<String, Kind> {
    let divergences: Vec<Divergence> = serde_json::from_str(DIVERGENCES).unwrap();
    let entries = divergences.into_iter().map(|one| (one.id, one.kind));
    entries.collect()
}
