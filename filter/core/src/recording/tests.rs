//! Recordings of a live Envoy, a real vault and real peers, made by `make recordings`: the same events have the same
//! effects, and what must hold in any order holds when theirs is changed.

mod changed;
mod lived;
mod replay;
mod script;

use proptest::prelude::*;

use lived::Lived;
use replay::replay;

const MTLS_INBOUND: &str = include_str!("../../tests/recordings/mtls-inbound.jsonl");
const PIN_UPSTREAM: &str = include_str!("../../tests/recordings/pin-upstream.jsonl");
const VAULT_DOWN: &str = include_str!("../../tests/recordings/vault-down.jsonl");
const TWO_WORKERS: &str = include_str!("../../tests/recordings/two-workers.jsonl");
const WATCHER: &str = include_str!("../../tests/recordings/watcher.jsonl");
const TCP: &str = include_str!("../../tests/recordings/tcp.jsonl");
const CHECK_CALLERS: &str = include_str!("../../tests/recordings/check-callers.jsonl");
const ENCRYPT: &str = include_str!("../../tests/recordings/encrypt-bodies.jsonl");
const INJECT: &str = include_str!("../../tests/recordings/inject-credentials.jsonl");

const ALL: [&str; 9] = [
    MTLS_INBOUND,
    PIN_UPSTREAM,
    VAULT_DOWN,
    TWO_WORKERS,
    WATCHER,
    TCP,
    CHECK_CALLERS,
    ENCRYPT,
    INJECT,
];

/// A recording replays, and has all of this in it.
fn replays(recording: &str, wanted: &[&str]) {
    if let Err(parting) = replay(recording) {
        panic!("{parting}");
    }
    for words in wanted {
        assert!(recording.contains(words), "it has no {words:?}");
    }
}

#[test]
fn clients_with_rotation_and_revocation_on_an_open_connection() {
    replays(
        MTLS_INBOUND,
        &[
            "count sallyport.downstream.verified",
            "count sallyport.downstream.known.connection",
            "deny 403 pin_mismatch",
            "deny 403 certificate_revoked",
        ],
    );
}

#[test]
fn pins_of_a_server_and_their_rotation() {
    replays(
        PIN_UPSTREAM,
        &[
            ": hold\"",
            "log info upstream pinned: role=active",
            "count sallyport.upstream.known.peer",
            "deny 502 pin_mismatch",
        ],
    );
}

#[test]
fn a_vault_that_is_down_at_the_start_and_comes_up() {
    replays(
        VAULT_DOWN,
        &[
            "log warn vault: unreachable: no answer (status 503)",
            "deny 503 secret_absent",
            "log info vault: answers again",
            "resume",
        ],
    );
}

#[test]
fn two_workers_and_the_main_thread_that_share_data() {
    replays(
        TWO_WORKERS,
        &[
            "count sallyport.shared.lease_taken",
            "count sallyport.shared.publications",
            "show sallyport.downstream.generation 2",
            "resume",
        ],
    );
}

#[test]
fn a_service_that_watches_for_filters_of_both_sides() {
    replays(
        WATCHER,
        &[
            r#"\"watcher\": {}"#,
            "count sallyport.shared.publications",
            "show sallyport.upstream.generation",
            "add authorization: Basic ",
        ],
    );
}

#[test]
fn tcp_connections_that_are_let_go_refused_and_cut() {
    replays(
        TCP,
        &[
            "see",
            "resume",
            "count sallyport.downstream.denied.unknown_issuer",
            "count sallyport.downstream.cut.pin_mismatch",
            "close",
        ],
    );
}

#[test]
fn callers_by_what_they_show() {
    replays(
        CHECK_CALLERS,
        &[
            "count sallyport.check.basic.current",
            "count sallyport.check.basic.previous",
            "deny 401 credential_wrong",
            "deny 403 signature_replayed",
            "collect",
        ],
    );
}

#[test]
fn credentials_that_are_injected_and_rotated() {
    replays(
        INJECT,
        &[
            "add authorization: Basic ",
            "count sallyport.inject.injected",
        ],
    );
}

#[test]
fn bodies_that_are_encrypted_by_chance_and_opened_again() {
    replays(
        ENCRYPT,
        &[
            r#"{"draw":"#,
            "content-type\\\", \\\"application/jose",
            "deny 400 decryption_failed",
        ],
    );
}

#[test]
fn what_parts_from_a_recording_is_told_with_its_line_and_both_sides() {
    let tampered = MTLS_INBOUND.replacen("deny 403 certificate_revoked", "resume", 1);
    let parting = replay(&tampered).unwrap_err();
    let line = tampered
        .lines()
        .position(|line| !MTLS_INBOUND.contains(line));
    assert_eq!(Some(parting.line), line.map(|line| line + 1));
    let text = parting.to_string();
    assert!(
        text.contains("resume") && text.contains("certificate_revoked"),
        "{text}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn nobody_stays_held_or_passes_undecided_when_a_recorded_order_is_changed(
        which in 0..ALL.len(),
        changes in proptest::collection::vec(changed::change(), 0..8),
    ) {
        for lived in Lived::of(ALL[which]) {
            changed::play(&lived, &changes);
        }
    }
}

#[test]
fn what_must_hold_holds_in_every_recording_as_it_is() {
    for recording in ALL {
        let filters = Lived::of(recording);
        let decided = filters.iter().map(|lived| changed::play(lived, &[]));
        assert!(decided.sum::<usize>() > 0);
    }
}
