use sallyport_model::{Material, Outcome};

use super::{TLS, trusting};
use crate::direction::Direction;
use crate::event::Event;
use crate::facts::{DownstreamFacts, Facts, UpstreamFacts};
use crate::fixtures::{Authority, Fate, Host};
use crate::metric::Counter;
use crate::reason::Reason;

const OBSERVE: &str = r#","mode":"observe""#;
const OBSERVE_AND_INJECT: &str = r#","mode":"observe","handshakeWait":"100ms",
    "inject":[{"header":"x-api-key","template":"${secret://payments/sharedSecrets/backend#password}"}]"#;
const PASSWORD: &str = "secret://payments/sharedSecrets/backend#password";

#[test]
fn a_client_that_would_be_denied_goes_on_and_is_counted_with_the_same_reason() {
    let (ca, other) = (Authority::new("root"), Authority::new("other root"));
    let mut host = Host::ready(&Host::downstream(OBSERVE), &trusting(&[&ca]));
    assert_eq!(host.client(&other.client("rogue")), Fate::Resumed);
    let observed = Counter::Observed(Direction::Downstream, Reason::UnknownIssuer);
    assert_eq!(host.count(observed), 1);
    assert!(
        host.log
            .last()
            .unwrap()
            .contains("observed: code=unknown_issuer")
    );
    assert_eq!(host.count(Counter::Allowed(Direction::Downstream)), 0);
}

#[test]
fn observing_never_denies_whatever_is_wrong() {
    let ca = Authority::new("root");
    let mut contents = trusting(&[&ca]);
    let mut host = Host::new(&Host::downstream(OBSERVE));
    let early = host.request(Facts::Downstream(DownstreamFacts::default()));
    host.tick(2000);
    assert_eq!(host.fates[&early], Fate::Resumed);
    host.vault_answers(&contents);
    let blank = host.request(Facts::Downstream(DownstreamFacts::default()));
    assert_eq!(host.fates[&blank], Fate::Resumed);
    contents.set(TLS, Outcome::Withdrawn {});
    host.vault_answers(&contents);
    assert_eq!(host.client(&ca.client("partner")), Fate::Resumed);
    for reason in [
        Reason::SecretAbsent,
        Reason::TlsVersionUnknown,
        Reason::SecretWithdrawn,
    ] {
        let observed = Counter::Observed(Direction::Downstream, reason);
        assert_eq!(host.count(observed), 1, "{}", reason.code());
    }
}

#[test]
fn observing_still_injects_only_towards_a_server_that_passed() {
    let (ca, other) = (Authority::new("root"), Authority::new("other root"));
    let contents = trusting(&[&ca]).with(PASSWORD, Material::Field("p".to_owned()));
    let mut host = Host::ready(&Host::upstream(OBSERVE_AND_INJECT), &contents);
    assert_eq!(host.server(&other.server("backend.test")), Fate::Resumed);
    assert_eq!(host.headers, ["-x-api-key"]);
    let slow = host.request(Facts::Upstream(UpstreamFacts::default()));
    host.tick(100);
    host.feed(Event::Probed(slow, UpstreamFacts::default()));
    assert_eq!(host.fates[&slow], Fate::Resumed);
    assert_eq!(host.headers, ["-x-api-key", "-x-api-key"]);
    assert_eq!(host.server(&ca.server("backend.test")), Fate::Resumed);
    assert_eq!(host.headers.last().unwrap(), "+x-api-key: p");
}

#[test]
fn observing_lets_a_request_go_on_without_a_credential_that_is_not_there() {
    let ca = Authority::new("root");
    let mut host = Host::ready(&Host::upstream(OBSERVE_AND_INJECT), &trusting(&[&ca]));
    assert_eq!(host.server(&ca.server("backend.test")), Fate::Resumed);
    assert_eq!(host.headers, ["-x-api-key"]);
    let observed = Counter::Observed(Direction::Upstream, Reason::SecretRefused);
    assert_eq!(host.count(observed), 1);
}
