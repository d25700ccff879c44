//! Secrets that are not at hand, and what the configuration makes of it.

use sallyport_model::{Material, Outcome, Refusal};

use super::{TLS, trusting};
use crate::direction::Direction;
use crate::event::Event;
use crate::facts::{Facts, UpstreamFacts};
use crate::fixtures::{
    Authority, Contents, Fate, Host, from_client, pinset, tls_context, unavailable, vault_answer,
};
use crate::metric::Counter;
use crate::reason::Reason;

const INJECT: &str = r#","handshakeWait":"100ms",
    "inject":[{"header":"x-api-key","template":"${secret://payments/sharedSecrets/backend#password}"}]"#;
const PASSWORD: &str = "secret://payments/sharedSecrets/backend#password";

/// A configuration with `onFailure`.
fn with(config: &str, on_failure: &str) -> String {
    config.replacen('{', &format!(r#"{{"onFailure":{on_failure},"#), 1)
}

/// Fresh for 10 seconds, usable for 20 more.
fn briefly_fresh(ca: &Authority) -> Contents {
    let context = Material::TlsContext(tls_context(&[ca]));
    Contents::default().fresh(10, 20).with(TLS, context)
}

fn let_pass(reason: Reason) -> Counter {
    Counter::LetPass(Direction::Downstream, reason)
}

/// What the vault may do to a gateway that had everything, and what it is called.
fn withheld(ca: &Authority) -> Vec<(Outcome<String>, Reason, &'static str)> {
    let refused = Outcome::Refused {
        reason: Refusal::NotFound,
        detail: "no grant".to_owned(),
    };
    let malformed = Outcome::Current {
        version: 9,
        parts: Vec::new(),
        freshness: Contents::FRESHNESS,
        material: pinset(&[ca.spki_sha256()]),
    };
    vec![
        (Outcome::Withdrawn {}, Reason::SecretWithdrawn, "denied"),
        (refused, Reason::SecretRefused, "denied"),
        (malformed, Reason::SecretMalformed, "malformed"),
    ]
}

#[test]
fn without_a_setting_every_failure_denies() {
    let ca = Authority::new("root");
    for (outcome, reason, _) in withheld(&ca) {
        let mut contents = trusting(&[&ca]);
        let mut host = Host::ready(&Host::downstream(""), &contents);
        contents.set(TLS, outcome);
        host.vault_answers(&contents);
        assert_eq!(host.client(&ca.client("partner")).reason(), Some(reason));
    }
}

#[test]
fn a_class_that_lets_pass_does_so_for_its_own_reasons_only_and_says_so() {
    let ca = Authority::new("root");
    for (outcome, reason, class) in withheld(&ca) {
        for (set, passes) in [(class, true), ("unreachable", false)] {
            let config = with(&Host::downstream(""), &format!(r#"{{"{set}":"letPass"}}"#));
            let mut contents = trusting(&[&ca]);
            let mut host = Host::ready(&config, &contents);
            contents.set(TLS, outcome.clone());
            host.vault_answers(&contents);
            let fate = host.client(&ca.client("partner"));
            if passes {
                assert_eq!(fate, Fate::Resumed, "{set}");
                assert_eq!(host.count(let_pass(reason)), 1);
                let said = format!("downstream let pass: code={}", reason.code());
                assert!(host.log.last().unwrap().contains(&said), "{:?}", host.log);
            } else {
                assert_eq!(fate.reason(), Some(reason), "{set}");
                assert_eq!(host.count(let_pass(reason)), 0);
            }
            assert_eq!(host.count(Counter::Allowed(Direction::Downstream)), 0);
        }
    }
}

#[test]
fn a_gateway_the_vault_does_not_serve_is_denied_or_let_pass_as_one_class() {
    let ca = Authority::new("root");
    for (on_failure, reason) in [
        (r#"{"denied":"letPass"}"#, None),
        (r#"{"malformed":"letPass"}"#, Some(Reason::GatewayDenied)),
    ] {
        let config = with(&Host::downstream(""), on_failure);
        let mut host = Host::ready(&config, &trusting(&[&ca]));
        host.answer(vault_answer(403, String::new()));
        assert_eq!(host.client(&ca.client("partner")).reason(), reason);
    }
}

#[test]
fn an_absent_vault_lets_pass_only_after_the_wait_at_start_and_an_expired_answer_at_once() {
    let ca = Authority::new("root");
    let config = with(&Host::downstream(""), r#"{"unreachable":"letPass"}"#);
    let mut host = Host::new(&config);
    let early = host.request(from_client(&ca.client("partner")));
    host.tick(1999);
    host.answer(unavailable());
    assert_eq!(host.fates[&early], Fate::Held);
    host.tick(1);
    assert_eq!(host.fates[&early], Fate::Resumed);
    assert_eq!(host.count(let_pass(Reason::SecretAbsent)), 1);

    let mut host = Host::ready(&config, &briefly_fresh(&ca));
    let rogue = Authority::new("other root").client("rogue");
    host.pass(29_999);
    assert_eq!(host.client(&rogue).reason(), Some(Reason::UnknownIssuer));
    host.tick(1);
    assert_eq!(host.client(&rogue), Fate::Resumed);
    assert_eq!(host.count(let_pass(Reason::SecretExpired)), 1);
}

#[test]
fn a_peer_that_did_not_pass_is_denied_whatever_is_let_pass() {
    let (ca, other) = (Authority::new("root"), Authority::new("other root"));
    let all = r#"{"unreachable":"letPass","denied":"letPass","malformed":"letPass"}"#;
    let mut host = Host::ready(&with(&Host::downstream(""), all), &trusting(&[&ca]));
    let fate = host.client(&other.client("rogue"));
    assert_eq!(fate.reason(), Some(Reason::UnknownIssuer));
}

#[test]
fn who_is_let_pass_upstream_goes_without_a_credential_and_without_the_clients_own() {
    let ca = Authority::new("root");
    let config = with(&Host::upstream(INJECT), r#"{"denied":"letPass"}"#);
    let mut contents = trusting(&[&ca]).with(PASSWORD, Material::Field("p".to_owned()));
    let mut host = Host::ready(&config, &contents);
    // The context is gone, the credential is not.
    contents.set(TLS, Outcome::Withdrawn {});
    host.vault_answers(&contents);
    assert_eq!(host.server(&ca.server("backend.test")), Fate::Resumed);
    assert_eq!(host.headers, ["-x-api-key"]);
    // The other way round: the server passes, but there is nothing to inject.
    let mut contents = trusting(&[&ca]).with(PASSWORD, Material::Field("p".to_owned()));
    let mut host = Host::ready(&config, &contents);
    contents.set(PASSWORD, Outcome::Withdrawn {});
    host.vault_answers(&contents);
    assert_eq!(host.server(&ca.server("backend.test")), Fate::Resumed);
    assert_eq!(host.headers, ["-x-api-key"]);
    assert_eq!(host.count(Counter::Injected), 0);
    let counter = Counter::LetPass(Direction::Upstream, Reason::SecretWithdrawn);
    assert_eq!(host.count(counter), 1);
}

#[test]
fn a_handshake_that_takes_too_long_is_no_failure_of_the_vault() {
    let ca = Authority::new("root");
    let config = with(&Host::upstream(INJECT), r#"{"unreachable":"letPass"}"#);
    let contents = trusting(&[&ca]).with(PASSWORD, Material::Field("p".to_owned()));
    let mut host = Host::ready(&config, &contents);
    let slow = host.request(Facts::Upstream(UpstreamFacts::default()));
    host.tick(100);
    host.feed(Event::Probed(slow, UpstreamFacts::default()));
    let reason = host.fates[&slow].reason();
    assert_eq!(reason, Some(Reason::HandshakeTimeout));
}

#[test]
fn stale_secrets_are_used_or_not_as_it_is_set() {
    let ca = Authority::new("root");
    let contents = briefly_fresh(&ca).with(PASSWORD, Material::Field("p".to_owned()));
    for (on_failure, reason) in [
        (r#"{"stale":"use"}"#, None),
        (r#"{"stale":"deny"}"#, Some(Reason::SecretStale)),
    ] {
        for config in [Host::downstream(""), Host::upstream(INJECT)] {
            let upstream = config.contains("upstream");
            let mut host = Host::ready(&with(&config, on_failure), &contents);
            let fate = |host: &mut Host| match upstream {
                true => host.server(&ca.server("backend.test")),
                false => host.client(&ca.client("partner")),
            };
            host.pass(9_999);
            assert_eq!(fate(&mut host), Fate::Resumed);
            host.pass(1);
            assert_eq!(fate(&mut host).reason(), reason, "{config}");
        }
    }
}
