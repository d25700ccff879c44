//! Checks that are only observed, while the others are enforced.

use sallyport_model::{Material, TlsContextMaterial, TlsVersion};
use sallyport_pki::{Digest, Pin, PinKind};

use super::revocation::{STRICT, revocation};
use super::{PINS, TLS};
use crate::config::Place;
use crate::direction::Direction;
use crate::facts::{DownstreamFacts, Facts};
use crate::fixtures::{
    AT, Authority, Contents, Fate, Host, Leaf, from_client, pinset, pinset_of, tls_context,
    to_server,
};
use crate::metric::Counter;
use crate::reason::Reason;

const PASSWORD: &str = "secret://payments/sharedSecrets/backend#password";
const EVERY_CHECK: [&str; 7] = [
    "tlsVersion",
    "path",
    "policies",
    "revocation",
    "pins",
    "serverName",
    "peerNames",
];

/// A gateway that asks everything there is to ask, and peers that lack one thing each.
struct Scene {
    ca: Authority,
    partner: Leaf,
    revoked: Leaf,
}

impl Scene {
    fn new() -> Self {
        let ca = Authority::new("root");
        let partner = ca.client_named("partner", &["app.partner.test"]);
        let revoked = ca.client_named("partner", &["app.partner.test"]);
        Self {
            ca,
            partner,
            revoked,
        }
    }

    /// Revocation is asked of everybody, pins and names as `settings` say.
    fn contents(&self, change: impl FnOnce(&mut TlsContextMaterial)) -> Contents {
        let mut context = tls_context(&[&self.ca]);
        let crl = self.ca.crl(&[self.revoked.certificate()], (12, 1));
        context.verification.revocation = Some(revocation(&[&self.ca], &[crl], STRICT));
        change(&mut context);
        Contents::default().with(TLS, Material::TlsContext(context))
    }

    fn host(&self, observe: &[&str], change: impl FnOnce(&mut TlsContextMaterial)) -> Host {
        let settings = format!(
            r#","observe":{observe:?},"peerNames":["dns:*.partner.test"],"certificatePinset":"{PINS}""#
        );
        let pins = pinset(&[self.ca.spki_sha256()]);
        let contents = self.contents(change).with(PINS, pins);
        Host::ready(&Host::downstream(&settings), &contents)
    }
}

fn observed(host: &Host) -> Vec<Reason> {
    let all = Reason::ALL.into_iter();
    all.filter(|reason| host.count(Counter::Observed(Direction::Downstream, *reason)) > 0)
        .collect()
}

/// A change of the TLS context, a client that does not pass, and why.
type Failing = (Box<dyn FnOnce(&mut TlsContextMaterial)>, Facts, Reason);

/// A client in every way in which one check alone is not passed.
fn failing(scene: &Scene, check: &str) -> Failing {
    let as_it_is = || Box::new(|_: &mut TlsContextMaterial| {});
    match check {
        "tlsVersion" => (
            Box::new(|context| context.min_version = TlsVersion::V1_3),
            Facts::Downstream(DownstreamFacts {
                tls_version: Some(b"TLSv1.2".to_vec()),
                ..client(&scene.partner)
            }),
            Reason::TlsVersionRefused,
        ),
        "policies" => (
            Box::new(|context| {
                context.verification.policies = Some(vec!["1.2.3".parse().unwrap()])
            }),
            from_client(&scene.partner),
            Reason::PolicyNotAcceptable,
        ),
        "revocation" => (
            as_it_is(),
            from_client(&scene.revoked),
            Reason::CertificateRevoked,
        ),
        "pins" => (
            Box::new(|context| {
                let pin = Pin::active(PinKind::Spki, Digest::of(b"another key"));
                context.verification.pins = Some(sallyport_model::PinsetMaterial::of(&[pin]));
            }),
            from_client(&scene.partner),
            Reason::PinMismatch,
        ),
        "peerNames" => (
            as_it_is(),
            from_client(&scene.ca.client_named("partner", &["app.stranger.test"])),
            Reason::PeerNameMismatch,
        ),
        other => panic!("{other}"),
    }
}

fn client(leaf: &Leaf) -> DownstreamFacts {
    match from_client(leaf) {
        Facts::Downstream(facts) => facts,
        Facts::Upstream(_) => unreachable!(),
    }
}

#[test]
fn a_check_that_is_observed_alone_lets_pass_and_is_reported_for_every_request() {
    let scene = Scene::new();
    for check in ["tlsVersion", "policies", "revocation", "pins", "peerNames"] {
        let (change, facts, reason) = failing(&scene, check);
        let mut host = scene.host(&[check], change);
        for _ in 0..2 {
            let stream = host.request(facts.clone());
            assert_eq!(host.fates[&stream], Fate::Resumed, "{check}");
        }
        let counter = Counter::Observed(Direction::Downstream, reason);
        assert_eq!(host.count(counter), 2, "{check}");
        assert_eq!(observed(&host), [reason]);
        assert_eq!(host.count(Counter::Allowed(Direction::Downstream)), 2);
        assert_eq!(host.count(Counter::Verified(Direction::Downstream)), 1);
        let said = format!("downstream observed: code={}", reason.code());
        let lines = host.log.iter().filter(|line| line.contains(&said));
        assert_eq!(lines.count(), 2, "{check}");
    }
}

#[test]
fn a_check_is_enforced_while_all_others_are_observed() {
    let scene = Scene::new();
    for check in ["tlsVersion", "policies", "revocation", "pins", "peerNames"] {
        let (change, facts, reason) = failing(&scene, check);
        let others: Vec<_> = EVERY_CHECK
            .into_iter()
            .filter(|one| *one != check)
            .collect();
        let mut host = scene.host(&others, change);
        let stream = host.request(facts);
        assert_eq!(host.fates[&stream].reason(), Some(reason), "{check}");
        assert!(observed(&host).is_empty(), "{check}: {:?}", observed(&host));
    }
}

#[test]
fn a_peer_that_passes_everything_is_not_reported() {
    let scene = Scene::new();
    let mut host = scene.host(&EVERY_CHECK, |_| {});
    assert_eq!(host.client(&scene.partner), Fate::Resumed);
    assert!(observed(&host).is_empty());
}

#[test]
fn all_observed_checks_that_are_not_passed_are_reported() {
    let scene = Scene::new();
    let mut host = scene.host(&["revocation", "policies", "tlsVersion"], |context| {
        context.min_version = TlsVersion::V1_3;
        context.verification.policies = Some(vec!["1.2.3".parse().unwrap()]);
    });
    let stream = host.request(Facts::Downstream(DownstreamFacts {
        tls_version: Some(b"TLSv1.2".to_vec()),
        ..client(&scene.revoked)
    }));
    assert_eq!(host.fates[&stream], Fate::Resumed);
    assert_eq!(
        observed(&host),
        [
            Reason::TlsVersionRefused,
            Reason::CertificateRevoked,
            Reason::PolicyNotAcceptable
        ]
    );
}

#[test]
fn an_enforced_check_beats_an_observed_one_whichever_is_made_first() {
    let scene = Scene::new();
    let revoked_stranger = scene.revoked.clone();
    let mut host = scene.host(&["revocation"], |context| {
        context.min_version = TlsVersion::V1_3;
    });
    let stream = host.request(Facts::Downstream(DownstreamFacts {
        tls_version: Some(b"TLSv1.2".to_vec()),
        ..client(&revoked_stranger)
    }));
    let reason = host.fates[&stream].reason();
    assert_eq!(reason, Some(Reason::TlsVersionRefused));
    assert!(observed(&host).is_empty());

    let settings = r#","observe":["revocation"],"peerNames":["dns:other.test"]"#;
    let mut host = Host::ready(&Host::downstream(settings), &scene.contents(|_| {}));
    let fate = host.client(&scene.revoked);
    assert_eq!(fate.reason(), Some(Reason::PeerNameMismatch));
    assert!(observed(&host).is_empty());
}

#[test]
fn without_a_path_pins_are_those_of_the_peer_itself() {
    let (ca, other) = (Authority::new("root"), Authority::new("other root"));
    let stranger = other.client("partner");
    let own = Pin::active(PinKind::Spki, stranger.certificate().spki_sha256());
    let issuer = Pin::active(PinKind::Spki, other.spki_sha256());
    let settings = format!(r#","observe":["path"],"certificatePinset":"{PINS}""#);
    for (pin, reason) in [(own, None), (issuer, Some(Reason::PinMismatch))] {
        let contents = super::trusting(&[&ca]).with(PINS, pinset_of(&[pin]));
        let mut host = Host::ready(&Host::downstream(&settings), &contents);
        assert_eq!(host.client(&stranger).reason(), reason);
        if reason.is_none() {
            assert_eq!(observed(&host), [Reason::UnknownIssuer]);
        }
    }
}

#[test]
fn who_enforces_revocation_lets_nobody_pass_whose_path_is_not_known() {
    let scene = Scene::new();
    let stranger = Authority::new("other root").client_named("x", &["app.partner.test"]);
    for (observe, reason) in [
        (["path", "pins"].as_slice(), Some(Reason::UnknownIssuer)),
        (&["path", "pins", "revocation"], None),
    ] {
        let mut host = scene.host(observe, |_| {});
        assert_eq!(host.client(&stranger).reason(), reason, "{observe:?}");
    }
}

#[test]
fn a_certificate_is_always_asked_for() {
    let scene = Scene::new();
    let mut host = scene.host(&EVERY_CHECK, |_| {});
    for (certificate, reason) in [
        (None, Reason::CertificateMissing),
        (Some(b"no PEM".to_vec()), Reason::CertificateMalformed),
    ] {
        let stream = host.request(Facts::Downstream(DownstreamFacts {
            peer_certificate: certificate,
            ..client(&scene.partner)
        }));
        assert_eq!(host.fates[&stream].reason(), Some(reason));
    }
}

#[test]
fn an_observed_denial_that_time_heals_is_made_again() {
    let scene = Scene::new();
    let mut host = scene.host(&["revocation"], |_| {});
    assert_eq!(host.client(&scene.revoked), Fate::Resumed);
    let verified = Counter::Verified(Direction::Downstream);
    host.wall.0 = AT.0 + 4;
    assert_eq!(host.client(&scene.revoked), Fate::Resumed);
    assert_eq!(host.count(verified), 1);
    host.wall.0 = AT.0 + 5;
    assert_eq!(host.client(&scene.revoked), Fate::Resumed);
    assert_eq!(host.count(verified), 2);
}

#[test]
fn no_credential_goes_to_a_server_with_something_observed() {
    let (ca, other) = (Authority::new("root"), Authority::new("other root"));
    let settings = r#","serverName":"backend.test","observe":["serverName","path"],
        "inject":[{"header":"x-api-key","template":"${secret://payments/sharedSecrets/backend#password}"}]"#;
    let contents = super::trusting(&[&ca]).with(PASSWORD, Material::Field("p".to_owned()));
    for (leaf, reasons) in [
        (ca.server("backend.test"), vec![]),
        (
            ca.server("elsewhere.test"),
            vec![Reason::ServerNameMismatch],
        ),
        (other.server("backend.test"), vec![Reason::UnknownIssuer]),
        (
            other.server("elsewhere.test"),
            vec![Reason::UnknownIssuer, Reason::ServerNameMismatch],
        ),
    ] {
        let mut host = Host::ready(&Host::upstream(settings), &contents);
        let stream = host.request(Facts::Upstream(to_server(&leaf)));
        assert_eq!(host.fates[&stream], Fate::Resumed);
        let passed = reasons.is_empty();
        assert_eq!(
            host.headers.iter().any(|line| line.starts_with('+')),
            passed
        );
        assert!(host.headers.contains(&"-x-api-key".to_owned()));
        for reason in reasons {
            let counter = Counter::Observed(Direction::Upstream, reason);
            assert_eq!(host.count(counter), 1, "{}", reason.code());
        }
    }
}

#[test]
fn each_route_observes_by_itself() {
    let scene = Scene::new();
    let settings = format!(
        r#","routes":[{{"match":{{"route":"new"}},"tlsContext":"{TLS}","observe":["revocation"]}}]"#
    );
    let mut host = Host::ready(&Host::downstream(&settings), &scene.contents(|_| {}));
    let new = Place {
        route: Some(b"new".to_vec()),
        ..Place::default()
    };
    let stream = host.request_to(new, from_client(&scene.revoked));
    assert_eq!(host.fates[&stream], Fate::Resumed);
    let fate = host.client(&scene.revoked);
    assert_eq!(fate.reason(), Some(Reason::CertificateRevoked));
}
