//! Credentials in queries, cookies and headers that may stay.

use sallyport_model::{Material, Outcome, SharedSecret};

use super::trusting;
use crate::direction::Direction;
use crate::facts::Facts;
use crate::fixtures::{Authority, Contents, Fate, Host, Leaf, Lines, to_server};
use crate::metric::Counter;
use crate::reason::Reason;

const TOKENS: &str = "secret://payments/sharedSecrets/tokens";

fn blob(text: &str) -> Material<String> {
    let content = text.to_owned();
    Material::SharedSecret(SharedSecret::Blob { content })
}

struct Scene {
    leaf: Leaf,
    ca: Authority,
}

impl Scene {
    fn new() -> Self {
        let ca = Authority::new("root");
        let leaf = ca.server("backend.test");
        Self { leaf, ca }
    }

    fn contents(&self, document: &str) -> Contents {
        trusting(&[&self.ca]).with(TOKENS, blob(document))
    }

    /// A filter with one injection of that blob.
    fn host(&self, injection: &str, document: &str) -> Host {
        let inject = format!(r#","inject":[{{{injection}}}]"#);
        Host::ready(&Host::upstream(&inject), &self.contents(document))
    }

    fn sends(&self, host: &mut Host, lines: Lines) -> Fate {
        host.messages_of_next(lines, true);
        host.server(&self.leaf)
    }
}

fn get(target: &str) -> Lines {
    Lines::of("GET", target)
}

const QUERY: &str = r#""query":"key","value":"secret://payments/sharedSecrets/tokens""#;
const COOKIE: &str = r#""cookie":"session","value":"secret://payments/sharedSecrets/tokens""#;

#[test]
fn a_parameter_takes_the_place_of_the_clients_in_any_spelling() {
    let scene = Scene::new();
    let mut host = scene.host(QUERY, "s3 cr&t");
    for (target, sent) in [
        ("/orders", "/orders?key=s3%20cr%26t"),
        ("/orders?", "/orders?key=s3%20cr%26t"),
        ("/orders?key=mine&a=1", "/orders?a=1&key=s3%20cr%26t"),
        (
            "/orders?a=1&%6Bey=mine&key=x&b",
            "/orders?a=1&b&key=s3%20cr%26t",
        ),
        ("/orders?a=1;key=mine", "/orders?a=1&key=s3%20cr%26t"),
        (
            "/orders?Key=mine&keys=2",
            "/orders?Key=mine&keys=2&key=s3%20cr%26t",
        ),
    ] {
        host.headers.clear();
        assert_eq!(scene.sends(&mut host, get(target)), Fate::Resumed);
        let original = format!("+x-envoy-original-path: {target}");
        assert_eq!(
            host.headers,
            [
                "-x-envoy-original-path",
                &original,
                &format!("=:path: {sent}")
            ]
        );
    }
    assert_eq!(host.count(Counter::Injected), 6);
    assert_eq!(host.count(Counter::Allowed(Direction::Upstream)), 6);
    assert!(host.log.iter().all(|line| !line.contains("s3")));
}

#[test]
fn a_cookie_takes_the_place_of_the_clients_and_leaves_the_others() {
    let scene = Scene::new();
    let mut host = scene.host(COOKIE, "abc");
    for (cookies, sent) in [
        (vec![], "session=abc"),
        (vec!["session=mine"], "session=abc"),
        (vec!["a=1; session=mine; b=2"], "a=1; b=2; session=abc"),
        (vec!["a=1", "session =mine", "b=2"], "a=1; b=2; session=abc"),
    ] {
        host.headers.clear();
        let lines = cookies
            .iter()
            .fold(get("/"), |lines, cookie| lines.with("cookie", cookie));
        assert_eq!(scene.sends(&mut host, lines), Fate::Resumed);
        assert_eq!(host.headers, ["-cookie", &format!("+cookie: {sent}")]);
    }
    for content in ["a;b", "a b", "a\"", "ä"] {
        let mut host = scene.host(COOKIE, content);
        let fate = scene.sends(&mut host, get("/"));
        assert_eq!(fate.reason(), Some(Reason::CredentialUnusable), "{content}");
    }
}

#[test]
fn a_bearer_token_comes_out_of_a_json_document() {
    let scene = Scene::new();
    let injection = |pointer: &str| {
        format!(r#""header":"authorization","bearer":"{TOKENS}","pointer":"{pointer}""#)
    };
    let document = r#"{"tokens":["a\u0062c",17,true,null,"",{"x":"y"},"a\r\nb"]}"#;
    for (pointer, sent) in [("/tokens/0", "Bearer abc"), ("/tokens/1", "Bearer 17")] {
        let mut host = scene.host(&injection(pointer), document);
        assert_eq!(host.server(&scene.leaf), Fate::Resumed);
        assert_eq!(
            host.headers,
            ["-authorization", &format!("+authorization: {sent}")]
        );
    }
    for pointer in [
        "/tokens/2",
        "/tokens/3",
        "/tokens/4",
        "/tokens/5",
        "/tokens/6",
        "/tokens/7",
        "/x",
        "",
    ] {
        let mut host = scene.host(&injection(pointer), document);
        let fate = host.server(&scene.leaf);
        assert_eq!(fate.reason(), Some(Reason::CredentialUnusable), "{pointer}");
        assert!(host.headers.is_empty());
    }
    for document in ["no json", r#"{"tokens":["a"],"tokens":["b"]}"#, "[]"] {
        let mut host = scene.host(&injection("/tokens/0"), document);
        assert_eq!(host.server(&scene.leaf).status(), Some(503), "{document}");
    }
}

#[test]
fn what_the_client_sent_stays_where_the_configuration_says_so() {
    let scene = Scene::new();
    for (injection, with, without) in [
        (
            r#""header":"x-token","value":"secret://payments/sharedSecrets/tokens","overwrite":false"#,
            get("/").with("x-token", "mine"),
            vec!["-x-token", "+x-token: abc"],
        ),
        (
            &format!(r#"{QUERY},"overwrite":false"#),
            get("/?key=mine"),
            vec![
                "-x-envoy-original-path",
                "+x-envoy-original-path: /",
                "=:path: /?key=abc",
            ],
        ),
        (
            &format!(r#"{COOKIE},"overwrite":false"#),
            get("/").with("cookie", "session=mine"),
            vec!["-cookie", "+cookie: session=abc"],
        ),
    ] {
        let mut host = scene.host(injection, "abc");
        assert_eq!(scene.sends(&mut host, with), Fate::Resumed);
        assert!(host.headers.is_empty(), "{:?}", host.headers);
        assert_eq!(host.count(Counter::Injected), 0);
        assert_eq!(scene.sends(&mut host, get("/")), Fate::Resumed);
        assert_eq!(host.headers, without);
    }
}

#[test]
fn a_request_goes_without_a_credential_only_where_that_is_allowed() {
    let scene = Scene::new();
    let mut contents = scene.contents("abc");
    contents.set(TOKENS, Outcome::Withdrawn {});
    for (allowed, reason) in [("false", Some(Reason::SecretWithdrawn)), ("true", None)] {
        let inject =
            format!(r#","inject":[{{{QUERY},"allowRequestWithoutCredential":{allowed}}}]"#);
        let mut host = Host::ready(&Host::upstream(&inject), &contents);
        let fate = scene.sends(&mut host, get("/?key=mine"));
        assert_eq!(fate.reason(), reason);
        if reason.is_none() {
            // What the client made up is gone all the same.
            assert_eq!(host.headers.last().unwrap(), "=:path: /");
        }
    }
    // A secret that is there but unfit is a mistake, not an absence.
    let inject = format!(r#","inject":[{{{COOKIE},"allowRequestWithoutCredential":true}}]"#);
    let mut host = Host::ready(&Host::upstream(&inject), &scene.contents("a;b"));
    let fate = scene.sends(&mut host, get("/"));
    assert_eq!(fate.reason(), Some(Reason::CredentialUnusable));
}

#[test]
fn a_server_that_did_not_pass_gets_neither_our_credential_nor_the_clients() {
    let scene = Scene::new();
    let stranger = Authority::new("other root").server("backend.test");
    for more in ["", r#","overwrite":false"#] {
        let inject = format!(r#","mode":"observe","inject":[{{{QUERY}{more}}}]"#);
        let mut host = Host::ready(&Host::upstream(&inject), &scene.contents("abc"));
        host.messages_of_next(get("/?key=mine&a=1"), true);
        assert_eq!(host.server(&stranger), Fate::Resumed);
        assert_eq!(host.headers.last().unwrap(), "=:path: /?a=1");
        assert_eq!(host.count(Counter::Injected), 0);
        assert_eq!(host.count(Counter::Allowed(Direction::Upstream)), 0);
    }
}

#[test]
fn a_second_attempt_of_the_same_request_is_filled_like_the_first() {
    let scene = Scene::new();
    let mut host = scene.host(QUERY, "abc");
    let second = get("/?a=1&key=abc").with("x-envoy-original-path", "/?a=1");
    assert_eq!(scene.sends(&mut host, second), Fate::Resumed);
    assert_eq!(host.headers, ["=:path: /?a=1&key=abc"]);
    let facts = Facts::Upstream(to_server(&scene.leaf));
    host.messages_of_next(get("/"), true);
    let stream = host.request(facts);
    assert_eq!(host.fates[&stream], Fate::Resumed);
}
