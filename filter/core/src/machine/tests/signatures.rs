use std::sync::atomic::{AtomicUsize, Ordering};

use super::trusting;
use crate::fixtures::verifying_host::good_host;
use crate::fixtures::{Authority, Fate, Host};
use crate::metric::Counter;
use crate::reason::Reason;
use crate::signatures::Signatures;

#[test]
fn a_client_is_judged_by_the_verifiers_that_were_chosen() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let signatures = Signatures::tried(|arguments| {
        ASKED.fetch_add(1, Ordering::Relaxed);
        good_host(arguments)
    });
    let (ca, impostor) = (Authority::new("root"), Authority::new("root"));
    let mut host = Host::with_signatures(&Host::downstream(""), signatures);
    host.tick(0);
    host.vault_answers(&trusting(&[&ca]));
    let asked = || ASKED.swap(0, Ordering::Relaxed);
    asked();
    assert_eq!(host.client(&ca.client("partner")), Fate::Resumed);
    assert_eq!(asked(), 1);
    let Fate::Denied(reply) = host.client(&impostor.client("partner")) else {
        panic!("passed")
    };
    assert_eq!((reply.reason, asked()), (Reason::InvalidSignature, 1));
}

#[test]
fn a_start_says_who_verifies() {
    for (signatures, counts, line) in [
        (Signatures::own(), [0, 0], None),
        (
            Signatures::tried(good_host),
            [12, 0],
            Some("verified by the host: ECDSA P-256"),
        ),
        (
            Signatures::tried(|_| None),
            [0, 12],
            Some("verified by the host: none; not by the host"),
        ),
    ] {
        let host = Host::with_signatures(&Host::downstream(""), signatures);
        let found = [Counter::SignaturesByHost, Counter::SignaturesHostFailed];
        assert_eq!(found.map(|counter| host.count(counter)), counts);
        assert_eq!(host.log.len(), usize::from(line.is_some()));
        let said = host.log.first().map_or("", String::as_str);
        assert!(said.contains(line.unwrap_or_default()), "{said}");
    }
}
