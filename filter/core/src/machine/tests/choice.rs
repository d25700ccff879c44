//! Secrets that each request chooses, among those that the configuration lists.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sallyport_model::{Outcome, SecretString};

use super::trusting;
use crate::direction::Direction;
use crate::facts::Facts;
use crate::fixtures::{
    Authority, Contents, Fate, Host, Leaf, Lines, basic, from_client, secret_key, symmetric,
    to_server,
};
use crate::metric::Counter;
use crate::reason::Reason;

const GROUP: &str = "secret://payments/sharedSecrets";
const SNI: &[&str] = &["connection", "requested_server_name"];

fn get() -> Lines {
    Lines::of("GET", "/orders")
}

struct Scene {
    ca: Authority,
    leaf: Leaf,
    contents: Contents,
}

impl Scene {
    fn new() -> Self {
        let ca = Authority::new("root");
        let leaf = ca.server("backend.test");
        let contents = ["acme", "globex"]
            .into_iter()
            .fold(trusting(&[&ca]), |all, name| {
                all.with_password(&format!("{GROUP}/{name}"), name, "secret")
            });
        Self { ca, leaf, contents }
    }

    /// A filter that injects what the request chooses.
    fn host(&self, by: &str, more: &str) -> Host {
        let choice = format!(
            r#"{{"by":{by},"secrets":{{"acme":"{GROUP}/acme","globex":"{GROUP}/globex"}}{more}}}"#
        );
        let settings = format!(r#","inject":[{{"header":"authorization","basic":{choice}}}]"#);
        Host::ready(&Host::upstream(&settings), &self.contents)
    }

    fn sends(&self, host: &mut Host, lines: Lines) -> Fate {
        host.headers.clear();
        host.messages_of_next(lines, true);
        host.server(&self.leaf)
    }
}

fn sent(name: &str) -> [String; 2] {
    let credential = basic(name, "secret");
    [
        "-authorization".to_owned(),
        format!("+authorization: {credential}"),
    ]
}

#[test]
fn a_header_chooses_and_a_request_that_names_nothing_or_two_is_refused() {
    let scene = Scene::new();
    let mut host = scene.host(r#"{"header":"x-tenant"}"#, "");
    for name in ["acme", "globex", "acme"] {
        let lines = get().with("x-tenant", name).with("authorization", "forged");
        assert_eq!(scene.sends(&mut host, lines), Fate::Resumed);
        assert_eq!(host.headers, sent(name));
    }
    for (lines, reason) in [
        (get(), Reason::SecretNotChosen),
        (get().with("x-tenant", ""), Reason::SecretNotChosen),
        (get().with("x-tenant", "Acme"), Reason::SecretNotChosen),
        (
            get().with("x-tenant", "acme, globex"),
            Reason::SecretNotChosen,
        ),
        (
            get().with("x-tenant", "acme").with("x-tenant", "acme"),
            Reason::CredentialAmbiguous,
        ),
    ] {
        let fate = scene.sends(&mut host, lines.with("authorization", "forged"));
        assert_eq!(fate.reason(), Some(reason));
        assert_eq!(host.headers, ["-authorization"]);
    }
    assert_eq!(host.count(Counter::Injected), 3);
    let refused = Counter::Denied(Direction::Upstream, Reason::SecretNotChosen);
    assert_eq!(host.count(refused), 4);
    assert!(
        host.log.iter().all(|line| !line.contains("Acme")),
        "{:?}",
        host.log
    );
}

#[test]
fn any_other_value_chooses_the_default_where_there_is_one() {
    let scene = Scene::new();
    let default = format!(r#","default":"{GROUP}/globex""#);
    let mut host = scene.host(r#"{"header":"x-tenant"}"#, &default);
    for (lines, name) in [
        (get(), "globex"),
        (get().with("x-tenant", "else"), "globex"),
        (get().with("x-tenant", "acme"), "acme"),
    ] {
        assert_eq!(scene.sends(&mut host, lines), Fate::Resumed);
        assert_eq!(host.headers, sent(name));
    }
}

#[test]
fn an_attribute_chooses_and_a_header_of_its_name_does_not() {
    let scene = Scene::new();
    let mut host = scene.host(
        r#"{"attribute":["connection","requested_server_name"]}"#,
        "",
    );
    let lines = get().saying(SNI, "globex").with("connection", "acme");
    assert_eq!(scene.sends(&mut host, lines), Fate::Resumed);
    assert_eq!(host.headers, sent("globex"));
    for lines in [
        get().with("connection.requested_server_name", "acme"),
        get().saying(SNI, "acme\nglobex"),
    ] {
        let fate = scene.sends(&mut host, lines);
        assert_eq!(fate.reason(), Some(Reason::SecretNotChosen));
    }
}

#[test]
fn the_clients_names_choose_after_the_filter_of_its_listener_let_it_pass() {
    let scene = Scene::new();
    let told = |host: &Host| host.told.values().last().cloned();
    let settings = r#","clientNames":"tell""#;
    let mut downstream = Host::ready(&Host::downstream(settings), &scene.contents);
    let partner = scene
        .ca
        .client_named("partner", &["partner.test", "spiffe://td/acme"]);
    assert_eq!(downstream.client(&partner), Fate::Resumed);
    let names = told(&downstream).unwrap();
    assert_eq!(names, "dns:partner.test\nuri:spiffe://td/acme\n");

    let choice = |name: &str| {
        format!(
            r#","sign":{{"scheme":"signature","secret":{{"by":{{"client":"name"}},
               "secrets":{{"{name}":"{GROUP}/acme"}}}}}}"#
        )
    };
    let contents = scene
        .contents
        .clone()
        .with(&format!("{GROUP}/acme"), symmetric(&secret_key(1)));
    let name = names.lines().next().unwrap();
    let mut upstream = Host::ready(&Host::upstream(&choice(name)), &contents);
    let told_so = get().saying(&[crate::attribute::CLIENT_NAMES], &names);
    assert_eq!(scene.sends(&mut upstream, told_so), Fate::Resumed);
    assert_eq!(upstream.count(Counter::Signed), 1);
    let fate = scene.sends(&mut upstream, get().with("signature", "forged"));
    assert_eq!(
        (fate.reason(), fate.status()),
        (Some(Reason::SecretNotChosen), Some(403))
    );
    assert!(upstream.headers.contains(&"-signature".to_owned()));
    let log = upstream.log.join("\n");
    assert!(log.contains("none was told"), "{log}");
    let other = get().saying(&[crate::attribute::CLIENT_NAMES], "dns:other.test\n");
    let fate = scene.sends(&mut upstream, other);
    assert_eq!(fate.reason(), Some(Reason::SecretNotChosen));
    let last = upstream.log.last().unwrap();
    assert!(!last.contains("none was told"), "{last}");

    // Nothing is told of a stranger, whether it is refused or only observed, or where nobody asked.
    let stranger = Authority::new("other root").client_named("partner", &["partner.test"]);
    for (settings, leaf, passes) in [
        (r#","clientNames":"tell""#, &stranger, false),
        (r#","clientNames":"tell","mode":"observe""#, &stranger, true),
        ("", &partner, true),
    ] {
        let mut host = Host::ready(&Host::downstream(settings), &scene.contents);
        assert_eq!(host.client(leaf) == Fate::Resumed, passes, "{settings}");
        assert_eq!(told(&host), None, "{settings}");
    }
}

#[test]
fn a_known_connection_is_told_of_at_each_of_its_requests() {
    let scene = Scene::new();
    let settings = r#","clientNames":"tell""#;
    let mut host = Host::ready(&Host::downstream(settings), &scene.contents);
    let place = crate::config::Place {
        peer: Some(crate::known_peers::PeerId::Connection(7)),
        ..crate::config::Place::default()
    };
    let facts = from_client(
        &scene
            .ca
            .client_named("partner", &["partner.test", "spiffe://td/acme"]),
    );
    let all: Vec<_> = (0..3)
        .map(|_| host.arrive(place.clone(), facts.clone()))
        .collect();
    assert_eq!(
        host.count(Counter::KnownConnection(Direction::Downstream)),
        2
    );
    let told: Vec<_> = all.iter().map(|stream| host.told.get(stream)).collect();
    assert!(
        told[0].is_some() && told.iter().all(|names| *names == told[0]),
        "{told:?}"
    );
}

#[test]
fn what_is_wrong_with_one_secret_is_nothing_to_those_who_choose_another() {
    let mut scene = Scene::new();
    scene
        .contents
        .set(&format!("{GROUP}/acme"), Outcome::Withdrawn {});
    let mut host = scene.host(r#"{"header":"x-tenant"}"#, "");
    let fate = scene.sends(&mut host, get().with("x-tenant", "acme"));
    assert_eq!(fate.reason(), Some(Reason::SecretWithdrawn));
    let fate = scene.sends(&mut host, get().with("x-tenant", "globex"));
    assert_eq!(fate, Fate::Resumed);
}

#[test]
fn a_request_that_is_let_pass_without_the_secret_it_chose_gets_none_of_the_others() {
    let mut scene = Scene::new();
    scene
        .contents
        .set(&format!("{GROUP}/acme"), Outcome::Withdrawn {});
    let settings = format!(
        r#","inject":[{{"header":"authorization","basic":"{GROUP}/globex"}},
           {{"header":"x-key","value":{{"by":{{"header":"x-tenant"}},
             "secrets":{{"acme":"{GROUP}/acme#password"}}}}}}]"#
    );
    let config =
        Host::upstream(&settings).replacen('{', r#"{"onFailure":{"denied":"letPass"},"#, 1);
    let mut host = Host::ready(&config, &scene.contents);
    let lines = get().with("x-tenant", "acme").with("x-key", "mine");
    host.messages_of_next(lines.clone(), true);
    let stream = host.request(Facts::Upstream(to_server(&scene.leaf)));
    assert_eq!(host.fates[&stream], Fate::Resumed);
    let sent = host.as_sent(stream, lines);
    for name in ["authorization", "x-key"] {
        assert!(sent.values(name).is_empty(), "{name}");
    }
}

#[test]
fn a_caller_is_held_against_the_secrets_of_its_tenant_only() {
    let scene = Scene::new();
    let keys = [("acme", secret_key(1)), ("globex", secret_key(2))];
    let contents = keys.iter().fold(Contents::default(), |all, (name, key)| {
        all.with(&format!("{GROUP}/{name}"), symmetric(key))
    });
    let contents = contents.with_password(&format!("{GROUP}/desk"), "desk", "secret");
    let check = format!(
        r#""check":{{"accept":[
            {{"scheme":"apiKey","secrets":{{"by":{{"header":"x-tenant"}},
              "secrets":{{"acme":["{GROUP}/acme"],"globex":["{GROUP}/globex","{GROUP}/globex@previous"]}}}}}},
            {{"scheme":"basic","secrets":["{GROUP}/desk"]}}]}}"#
    );
    let config = Host::downstream("").replace(
        r#""tlsContext":"secret://payments/tlsContexts/tls""#,
        &check,
    );
    let mut host = Host::ready(&config, &contents);
    let shows = |tenant: &str, key: &str| get().with("x-tenant", tenant).with("x-api-key", key);
    let desk = get().with("authorization", &basic("desk", "secret"));
    for (lines, reason) in [
        (shows("acme", &keys[0].1), None),
        (shows("globex", &keys[1].1), None),
        (shows("acme", &keys[1].1), Some(Reason::CredentialWrong)),
        (shows("initech", &keys[1].1), Some(Reason::SecretNotChosen)),
        (
            get().with("x-tenant", "acme"),
            Some(Reason::CredentialAbsent),
        ),
        // Another way is open to who chooses nothing.
        (desk, None),
    ] {
        assert_eq!(host.sends(lines).reason(), reason);
    }
    drop(scene);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn whatever_a_request_says_it_gets_what_its_one_name_stands_for_or_nothing(
        listed in prop::collection::btree_map("[a-c]{1,2}", 0_usize..3, 1..5),
        default in prop::option::of(0_usize..3),
        lines in prop::collection::vec("[a-c]{0,3}", 0..3),
    ) {
        let scene = Scene::new();
        let secret = |number: &usize| format!("{GROUP}/s{number}");
        let contents = (0..3).fold(trusting(&[&scene.ca]), |all, number| {
            all.with(&secret(&number), symmetric(&secret_key(number as u8)))
        });
        let secrets: BTreeMap<_, _> = listed.iter().map(|(name, number)| (name, secret(number))).collect();
        let mut choice = serde_json::json!({"by": {"header": "x-tenant"}, "secrets": secrets});
        if let Some(default) = &default {
            choice["default"] = secret(default).into();
        }
        let settings = format!(r#","inject":[{{"header":"x-key","value":{choice}}}]"#);
        let mut host = Host::ready(&Host::upstream(&settings), &contents);
        let request = lines.iter().fold(get(), |all, value| all.with("x-tenant", value));
        let fate = scene.sends(&mut host, request);
        let named = match lines.as_slice() {
            [one] => listed.get(one),
            _ => None,
        };
        let expected = if lines.len() > 1 { None } else { named.or(default.as_ref()) };
        let expected = expected.map(|number| format!("+x-key: {}", secret_key(*number as u8)));
        prop_assert_eq!(host.headers.get(1), expected.as_ref());
        prop_assert_eq!(fate == Fate::Resumed, expected.is_some());
    }
}

#[test]
fn a_server_that_did_not_pass_gets_neither_the_chosen_secret_nor_the_clients() {
    let scene = Scene::new();
    let stranger = Authority::new("other root").server("backend.test");
    let choice = format!(r#"{{"by":{{"header":"x-tenant"}},"secrets":{{"acme":"{GROUP}/acme"}}}}"#);
    let settings =
        format!(r#","mode":"observe","inject":[{{"header":"authorization","basic":{choice}}}]"#);
    let mut host = Host::ready(&Host::upstream(&settings), &scene.contents);
    let lines = get().with("x-tenant", "acme").with("authorization", "mine");
    host.messages_of_next(lines, true);
    let stream = host.request(Facts::Upstream(to_server(&stranger)));
    assert_eq!(host.fates[&stream], Fate::Resumed);
    assert_eq!(host.headers, ["-authorization"]);
    let shown = SecretString::new(basic("acme", "secret"));
    assert!(!host.headers.concat().contains(shown.expose()));
}
