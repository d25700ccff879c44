use std::time::Duration;

use sallyport_model::{Der, Material, Outcome, PinsetMaterial, Refusal, ResolveRequest};
use zeroize::Zeroizing;

use super::{PIN_SETTING, PINS, TLS, trusting};
use crate::direction::Direction;
use crate::event::{CallAnswer, Event};
use crate::fixtures::{
    Authority, Fate, Host, pinset, secret_key, symmetric, unavailable, vault_answer,
};
use crate::metric::Counter;
use crate::reason::Reason;

fn asked(host: &Host) -> ResolveRequest {
    serde_json::from_str(&host.calls.last().unwrap().body).unwrap()
}

/// A filter with one good client, and that client.
fn guarded() -> (Host, crate::fixtures::Contents, crate::fixtures::Leaf) {
    let ca = Authority::new("root");
    let contents = trusting(&[&ca]).fresh(10, 20);
    let contents = contents.with(
        TLS,
        Material::TlsContext(crate::fixtures::tls_context(&[&ca])),
    );
    let host = Host::ready(&Host::downstream(""), &contents);
    (host, contents, ca.client("partner"))
}

#[test]
fn nothing_is_asked_before_the_first_tick() {
    let mut host = Host::new(&Host::downstream(""));
    assert!(host.calls.is_empty());
    assert_eq!(host.tick, Duration::from_millis(1));
    host.tick(1);
    assert_eq!(host.calls.len(), 1);
    let request = asked(&host);
    assert_eq!(request.wait, 0);
    assert_eq!(request.references.len(), 1);
    assert_eq!(request.references[0].revision, None);
    host.tick(1000);
    assert_eq!(host.calls.len(), 1, "one call at a time");
}

#[test]
fn after_the_first_answer_the_call_stays_open_and_names_what_is_held() {
    let (host, _, _) = guarded();
    let request = asked(&host);
    assert_eq!(host.calls.len(), 2);
    assert_eq!(request.wait, 9, "no longer than the material is fresh");
    assert!(request.references[0].revision.is_some());
    assert_eq!(host.calls[1].timeout, Duration::from_secs(11));
}

#[test]
fn a_secret_that_was_never_rotated_warns_of_no_absent_version_and_one_that_is_missing_does() {
    let ca = Authority::new("root");
    let key = "secret://payments/sharedSecrets/sealing";
    let decrypt = format!(r#","request":{{"decrypt":{{"secrets":["{key}","{key}@previous"]}}}}"#);
    let absent = || Outcome::Refused {
        reason: Refusal::NotFound,
        detail: "no such version".to_owned(),
    };
    let mut contents = trusting(&[&ca]).with(key, symmetric(&secret_key(1)));
    contents.set(&format!("{key}@previous"), absent());
    let host = Host::ready(&Host::downstream(&decrypt), &contents);
    assert_eq!(host.warnings, 0, "{:?}", host.log);
    let line = format!("vault: {key}@previous is absent");
    assert!(host.log.contains(&line), "{:?}", host.log);
    assert_eq!(host.count(Counter::VaultChanges), 3);

    contents.set(key, absent());
    let host = Host::ready(&Host::downstream(&decrypt), &contents);
    assert_eq!(host.warnings, 1, "{:?}", host.log);
}

#[test]
fn the_503_of_envoy_is_not_the_vault_and_the_snapshot_stays() {
    let (mut host, _, leaf) = guarded();
    host.answer(unavailable());
    assert_eq!(host.count(Counter::VaultUnreachable), 1);
    assert_eq!(host.client(&leaf), Fate::Resumed);
}

#[test]
fn a_connection_that_ended_is_said_with_what_may_be_wrong_with_the_certificate() {
    let (mut host, _, leaf) = guarded();
    host.log.clear();
    host.answer(unavailable());
    host.tick(1000);
    host.answer(CallAnswer::new(
        Some(503),
        None,
        b"upstream connect error or disconnect/reset before headers. reset reason: connection termination"
            .to_vec(),
    ));
    let said: Vec<_> = host
        .log
        .iter()
        .filter(|line| line.contains("vault: "))
        .collect();
    assert_eq!(
        said,
        [
            "vault: unreachable: no answer (status 503)",
            "vault: connection ended: the connection ended without an answer (status 503). So it is where the \
             vault does not take the gateway's certificate: see whether it has ended, and of which CA it is",
        ]
    );
    assert_eq!(host.count(Counter::VaultUnreachable), 2);
    assert_eq!(host.client(&leaf), Fate::Resumed);
}

#[test]
fn an_answer_without_the_marker_is_not_taken_whatever_it_says() {
    let (mut host, mut contents, leaf) = guarded();
    contents.set(TLS, Outcome::Withdrawn {});
    for status in [Some(200), Some(403), Some(504), None] {
        let call = host.calls.last().unwrap().clone();
        let answer = CallAnswer {
            status,
            marker: None,
            ..contents.answer(&call.body)
        };
        host.feed(Event::Answer(call.call, answer));
        assert_eq!(host.client(&leaf), Fate::Resumed);
        host.tick(1000);
    }
    assert_eq!(host.count(Counter::VaultUnreachable), 4);
    assert_eq!(host.count(Counter::VaultDenied), 0);
}

#[test]
fn a_vault_in_trouble_keeps_the_snapshot_too() {
    let (mut host, _, leaf) = guarded();
    for status in [500, 503, 429] {
        host.answer(vault_answer(status, String::new()));
        host.tick(1000);
    }
    assert_eq!(host.count(Counter::VaultUnreachable), 3);
    assert_eq!(host.client(&leaf), Fate::Resumed);
}

#[test]
fn a_malformed_answer_is_ignored_whole() {
    let ca = Authority::new("root");
    let contents = trusting(&[&ca]).with(PINS, pinset(&[ca.spki_sha256()]));
    let mut host = Host::ready(&Host::downstream(PIN_SETTING), &contents);
    let mut changed = contents;
    changed.set(TLS, Outcome::Withdrawn {});
    let body = |host: &Host, edit: fn(String) -> String| {
        let answer = changed.answer(&host.calls.last().unwrap().body);
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        vault_answer(200, edit(text))
    };
    for edit in [
        (|_| "{".to_owned()) as fn(String) -> String,
        |_| r#"{"answers":[]}"#.to_owned(),
        |text| text.replace("tlsContexts/tls", "tlsContexts/other"),
        |text| text[..text.len() - 1].to_owned(),
    ] {
        let answer = body(&host, edit);
        host.answer(answer);
        assert_eq!(host.client(&ca.client("partner")), Fate::Resumed);
        host.tick(1000);
    }
    assert_eq!(host.count(Counter::VaultMalformed), 4);
    assert_eq!(host.state.snapshot().generation(), 1);
    let answer = CallAnswer {
        marker: Some(b"2".to_vec()),
        ..body(&host, |text| text)
    };
    host.answer(answer);
    assert_eq!(host.count(Counter::VaultMalformed), 5);
    assert_eq!(host.client(&ca.client("partner")), Fate::Resumed);
}

#[test]
fn material_that_cannot_be_used_closes_its_own_entry_only() {
    let ca = Authority::new("root");
    let mut contents = trusting(&[&ca]).with(PINS, pinset(&[ca.spki_sha256()]));
    let mut host = Host::ready(&Host::downstream(PIN_SETTING), &contents);
    let short = PinsetMaterial {
        spki_sha256: vec![Der(vec![1, 2, 3])],
        pins: Vec::new(),
    };
    contents.put(PINS, Material::CertificatePinset(short));
    host.vault_answers(&contents);
    let leaf = ca.client("partner");
    assert_eq!(host.client(&leaf).reason(), Some(Reason::SecretMalformed));
    assert_eq!(host.count(Counter::VaultMalformed), 1);
    assert!(
        host.log
            .iter()
            .any(|line| line.contains("pin 1 is not a SHA-256"))
    );
    contents.put(PINS, pinset(&[ca.spki_sha256()]));
    host.vault_answers(&contents);
    assert_eq!(host.client(&leaf), Fate::Resumed);
}

#[test]
fn a_leaf_in_a_truststore_is_no_trust_anchor() {
    let ca = Authority::new("root");
    let leaf = ca.client("partner");
    let mut context = crate::fixtures::tls_context(&[&ca]);
    context.truststore.as_mut().unwrap().anchors = vec![Der(leaf.certificate().der().to_vec())];
    let contents = trusting(&[]).with(TLS, Material::TlsContext(context));
    let mut host = Host::ready(&Host::downstream(""), &contents);
    assert_eq!(host.client(&leaf).reason(), Some(Reason::SecretMalformed));
}

#[test]
fn a_withdrawn_secret_is_dropped_at_once() {
    let (mut host, mut contents, leaf) = guarded();
    assert_eq!(host.client(&leaf), Fate::Resumed);
    contents.set(TLS, Outcome::Withdrawn {});
    host.vault_answers(&contents);
    let fate = host.client(&leaf);
    assert_eq!(fate.status(), Some(503));
    assert_eq!(fate.reason(), Some(Reason::SecretWithdrawn));
}

#[test]
fn a_refused_secret_is_dropped_at_once_and_the_vaults_words_are_logged() {
    let (mut host, mut contents, leaf) = guarded();
    let reason = Refusal::NotGranted;
    let detail = "no grant on payments".to_owned();
    contents.set(TLS, Outcome::Refused { reason, detail });
    host.vault_answers(&contents);
    assert_eq!(host.client(&leaf).reason(), Some(Reason::SecretRefused));
    assert!(host.log.iter().any(|line| line.contains("not_granted")));
}

#[test]
fn a_gateway_that_the_vault_denies_drops_everything_at_once_and_recovers_when_it_is_back() {
    let (mut host, contents, leaf) = guarded();
    assert_eq!(host.client(&leaf), Fate::Resumed);
    host.answer(vault_answer(403, "{}".to_owned()));
    let fate = host.client(&leaf);
    assert_eq!(fate.status(), Some(503));
    assert_eq!(fate.reason(), Some(Reason::GatewayDenied));
    assert_eq!(host.count(Counter::VaultDenied), 1);
    host.tick(100);
    assert_eq!(asked(&host).references[0].revision, None);
    host.vault_answers(&contents);
    assert_eq!(host.client(&leaf), Fate::Resumed);
}

#[test]
fn stale_material_serves_until_its_time_is_over_and_not_longer() {
    let (mut host, contents, leaf) = guarded();
    let stale = Counter::Stale(Direction::Downstream);
    host.pass(9_999);
    assert_eq!(host.client(&leaf), Fate::Resumed);
    assert_eq!(host.count(stale), 0);
    host.pass(1);
    host.answer(unavailable());
    assert_eq!(host.client(&leaf), Fate::Resumed);
    assert_eq!(host.count(stale), 1);
    host.pass(19_999);
    assert_eq!(host.client(&leaf), Fate::Resumed);
    host.pass(1);
    let fate = host.client(&leaf);
    assert_eq!(fate.status(), Some(503));
    assert_eq!(fate.reason(), Some(Reason::SecretExpired));
    host.tick(0);
    assert_eq!(host.client(&leaf).reason(), Some(Reason::SecretExpired));
    assert_eq!(asked(&host).references[0].revision, None, "it is forgotten");
    host.vault_answers(&contents);
    assert_eq!(host.client(&leaf), Fate::Resumed);
}

#[test]
fn an_unchanged_answer_makes_stale_material_fresh_again() {
    let (mut host, contents, leaf) = guarded();
    let generation = host.state.snapshot().generation();
    host.pass(15_000);
    host.answer(unavailable());
    host.tick(100);
    assert_eq!(asked(&host).wait, 0);
    host.vault_answers(&contents);
    host.pass(9_000);
    assert_eq!(host.client(&leaf), Fate::Resumed);
    assert_eq!(host.count(Counter::Stale(Direction::Downstream)), 0);
    assert_eq!(host.state.snapshot().generation(), generation);
}

#[test]
fn failures_are_retried_with_growing_pauses_and_logged_once() {
    let mut host = Host::new(&Host::downstream(""));
    host.tick(0);
    let mut pauses = Vec::new();
    for _ in 0..6 {
        let calls = host.calls.len();
        host.answer(unavailable());
        let failed = host.uptime;
        while host.calls.len() == calls {
            let period = u64::try_from(host.tick.as_millis()).unwrap();
            host.tick(period);
        }
        pauses.push((host.uptime - failed).as_millis());
    }
    assert_eq!(pauses, [100, 200, 400, 800, 1000, 1000]);
    assert_eq!(host.log.len(), 1, "{:?}", host.log);
    assert_eq!(host.count(Counter::VaultCalls), 7);
}

#[test]
fn a_call_that_the_host_cannot_make_is_tried_again() {
    let ca = Authority::new("root");
    let mut host = Host::new(&Host::downstream(""));
    host.tick(0);
    host.feed(Event::CallFailed(host.calls[0].call));
    host.tick(100);
    assert_eq!(host.calls.len(), 2);
    host.vault_answers(&trusting(&[&ca]));
    assert_eq!(host.client(&ca.client("partner")), Fate::Resumed);
}

#[test]
fn an_answer_that_is_cut_off_or_too_large_is_told_apart_from_none_and_says_what_helps() {
    let (mut host, _, leaf) = guarded();
    host.log.clear();
    let call = host.calls.last().unwrap().call;
    host.feed(Event::CallCutOff(call));
    host.tick(1000);
    host.answer(vault_answer(200, " ".repeat((64 << 20) + 1)));
    let [cut_off, too_large] = host.log.as_slice() else {
        panic!("{:?}", host.log)
    };
    assert!(
        cut_off.starts_with("vault: cut off: ")
            && cut_off.contains("http.async_response_buffer_limit")
    );
    assert!(
        too_large.starts_with("vault: too large: the answer has 67108865 bytes"),
        "{too_large}"
    );
    for (counter, count) in [
        (Counter::VaultCutOff, 1),
        (Counter::VaultTooLarge, 1),
        (Counter::VaultUnreachable, 0),
        (Counter::VaultMalformed, 0),
    ] {
        assert_eq!(host.count(counter), count, "{counter}");
    }
    assert_eq!(host.client(&leaf), Fate::Resumed);
}

#[test]
fn a_call_that_the_host_lost_is_given_up_and_its_late_answer_is_ignored() {
    let (mut host, mut contents, leaf) = guarded();
    let lost = host.calls.last().unwrap().clone();
    host.tick(11_999);
    assert_eq!(host.calls.len(), 2);
    host.tick(1);
    host.tick(100);
    assert_eq!(host.calls.len(), 3);
    contents.set(TLS, Outcome::Withdrawn {});
    host.feed(Event::Answer(lost.call, contents.answer(&lost.body)));
    assert_eq!(host.client(&leaf), Fate::Resumed);
    assert_eq!(host.calls.len(), 3);
}

#[test]
fn values_of_an_answer_that_does_not_parse_are_not_logged() {
    let mut host = Host::new(&Host::downstream(""));
    host.tick(0);
    let body = r#"{"answers":[{"reference":"canary","revision":7}]}"#;
    host.answer(CallAnswer {
        body: Zeroizing::new(body.as_bytes().to_vec()),
        ..vault_answer(200, String::new())
    });
    assert!(host.log.iter().all(|line| !line.contains("canary")));
    assert_eq!(host.log.len(), 1);
}
