//! The brain as it ships: compiled to WebAssembly, configured, and stepped through an allowance
//! and a denial. Everything else is tested natively.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::expect_used, clippy::panic)]

use std::time::Duration;

use sallyport_filter_core::config::Place;
use sallyport_filter_core::{
    Call, CallAnswer, Config, DownstreamFacts, Effect, Event, Facts, Now, Reason, State, StreamId,
    UnixTime, step,
};
use serde_json::{Value, json};
use wasm_bindgen_test::wasm_bindgen_test;

const ROOT: &str = include_str!("fixtures/root.pem");
const CLIENT: &str = include_str!("fixtures/client.pem");
const ROGUE: &str = include_str!("fixtures/rogue.pem");

/// Within the ten years of the certificates.
const WALL: UnixTime = UnixTime(1_830_000_000);

const CONTEXT: &str = "secret://payments/tlsContexts/partner-inbound";

fn now(millis: u64) -> Now {
    Now {
        wall: WALL,
        uptime: Duration::from_millis(millis),
    }
}

fn configured() -> State {
    let config = json!({
        "vault": {
            "cluster": "provider",
            "organization": "11111111-1111-4111-8111-111111111111",
            "environment": "22222222-2222-4222-8222-222222222222"
        },
        "downstream": {"tlsContext": CONTEXT}
    });
    let config: Config = config.to_string().parse().expect("a valid configuration");
    State::new(config)
}

fn call(effects: Vec<Effect>) -> Call {
    effects
        .into_iter()
        .find_map(|effect| match effect {
            Effect::Call(call) => Some(call),
            _ => None,
        })
        .expect("a call")
}

fn answer() -> CallAnswer {
    let root: String = ROOT
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let body: Value = json!({"answers": [{
        "reference": CONTEXT,
        "revision": "1",
        "outcome": {"current": {
            "version": 1,
            "freshness": {"ttl": 60, "staleFor": 600},
            "material": {"tlsContext": {
                "minVersion": "TLSv1.2",
                "maxVersion": "TLSv1.3",
                "cipherSuites": [],
                "alpnProtocols": [],
                "clientCertificate": "require",
                "serverCertificate": "verify",
                "truststore": {"anchors": [root]}
            }}
        }}
    }]});
    CallAnswer::new(
        Some(200),
        Some(b"1".to_vec()),
        body.to_string().into_bytes(),
    )
}

fn client(pem: &str) -> Facts {
    Facts::Downstream(DownstreamFacts {
        mtls: Some(true),
        tls_version: Some(b"TLSv1.3".to_vec()),
        peer_certificate: Some(pem.as_bytes().to_vec()),
        forwarded_client_certificate: None,
    })
}

/// The reason of a denial, or nothing for a request that goes on.
fn outcome(effects: &[Effect]) -> Option<Reason> {
    effects
        .iter()
        .find_map(|effect| match effect {
            Effect::Resume(_) => Some(None),
            Effect::Deny(_, reply) => Some(Some(reply.reason)),
            _ => None,
        })
        .expect("an outcome")
}

#[wasm_bindgen_test]
fn a_held_client_passes_when_the_vault_answers_and_a_stranger_is_denied() {
    let mut state = configured();
    step(&mut state, Event::Start, now(0));
    let held = step(
        &mut state,
        Event::Request(StreamId(1), Place::default(), client(CLIENT)),
        now(1),
    );
    assert!(held.iter().any(|effect| matches!(effect, Effect::Hold(_))));
    let call = call(step(&mut state, Event::Tick, now(2)));
    let released = step(&mut state, Event::Answer(call.call, answer()), now(3));
    assert_eq!(outcome(&released), None);
    let stranger = step(
        &mut state,
        Event::Request(StreamId(2), Place::default(), client(ROGUE)),
        now(4),
    );
    assert_eq!(outcome(&stranger), Some(Reason::UnknownIssuer));
    let known = step(
        &mut state,
        Event::Request(StreamId(3), Place::default(), client(CLIENT)),
        now(5),
    );
    assert_eq!(outcome(&known), None);
}

#[wasm_bindgen_test]
fn without_an_answer_of_the_vault_nobody_passes() {
    let mut state = configured();
    step(&mut state, Event::Start, now(0));
    let late = step(
        &mut state,
        Event::Request(StreamId(1), Place::default(), client(CLIENT)),
        now(2000),
    );
    assert_eq!(outcome(&late), Some(Reason::SecretAbsent));
}

#[wasm_bindgen_test]
fn a_configuration_with_a_typo_is_refused_with_its_place() {
    let text = r#"{"vault":{"clustre":"x"}}"#;
    let error = text.parse::<Config>().expect_err("a typo");
    assert_eq!(error.pointer, "/vault/clustre");
}
