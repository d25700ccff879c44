//! What is said of configurations that are refused: where, why, and what to do.

use serde_json::{Value, json};

use super::{Config, downstream, route, upstream, with, with_routes};

const SECRET: &str = "secret://payments/sharedSecrets/partner";

fn said(document: Value, pointer: &str, value: Value) -> String {
    with(document, pointer, value).unwrap_err().to_string()
}

/// An entry with these ways to show who calls.
fn accepting(ways: &[Value]) -> Value {
    let mut document = downstream();
    document["downstream"] = json!({"check": {"accept": ways}});
    document
}

fn basic() -> Value {
    json!({"scheme": "basic", "secrets": [SECRET]})
}

fn api_key(header: &str) -> Value {
    json!({"scheme": "apiKey", "header": header, "secrets": [SECRET]})
}

fn jwt() -> Value {
    json!({"scheme": "jwt", "algorithm": "HS256", "secrets": [SECRET]})
}

fn signature(tag: Option<&str>) -> Value {
    json!({"scheme": "signature", "tag": tag, "secrets": [SECRET]})
}

#[test]
fn a_name_that_is_taken_is_said_with_the_place_that_has_it() {
    assert_eq!(
        said(
            upstream(),
            "/upstream/inject/1/header",
            json!("Authorization")
        ),
        "/upstream/inject/1/header: authorization is taken by /upstream/inject/0/header. \
         Choose another name, or leave one of them out"
    );
    let document = accepting(&[api_key("x-key"), basic()]);
    let identity = |headers: Value| said(document.clone(), "/downstream/check/identity", headers);
    assert_eq!(
        identity(json!([{"header": "x-user"}, {"header": "authorization"}])),
        "/downstream/check/identity/1/header: authorization is taken by /downstream/check/accept/1. \
         Choose another name, or leave one of them out"
    );
    assert_eq!(
        identity(json!([{"header": "x-user"}, {"header": "X-User"}])),
        "/downstream/check/identity/1/header: x-user is taken by /downstream/check/identity/0/header. \
         Choose another name, or leave one of them out"
    );
}

#[test]
fn durations_are_said_as_they_were_written_and_as_they_may_be() {
    for (document, pointer, written, text) in [
        (
            downstream(),
            "/vault/wait",
            "0ms",
            "0ms is not allowed here: write 1s to 60s",
        ),
        (
            accepting(&[basic()]),
            "/downstream/body",
            "0s",
            "0s is not allowed here: write 1s to 60s",
        ),
        (
            accepting(&[jwt()]),
            "/downstream/check/accept/0/maxAge",
            "0s",
            "0s is not allowed here: write 1s to 86400s",
        ),
        (
            upstream(),
            "/upstream/handshakeWait",
            "5ms",
            "5ms is not allowed here: write 10ms to 60s",
        ),
    ] {
        let (value, place) = match pointer.ends_with("body") {
            true => (json!({"wait": written}), format!("{pointer}/wait")),
            false => (json!(written), pointer.to_owned()),
        };
        assert_eq!(said(document, pointer, value), format!("{place}: {text}"));
    }
}

#[test]
fn responses_that_nobody_calls_for_are_said_with_the_module_that_does() {
    let encrypt = json!({"encrypt": {"secret": SECRET}});
    let mut routed = route(json!({"route": "sealed"}));
    routed["response"] = encrypt.clone();
    let mut with_route = downstream();
    with_route["downstream"]["routes"] = json!([route(json!({"route": "plain"})), routed]);
    let mut own = upstream();
    own["upstream"]["response"] = encrypt;
    for (document, place) in [
        (with_route, "/downstream/routes/1/response"),
        (own, "/upstream/response"),
    ] {
        let config: Config = document.to_string().parse().unwrap();
        let refused = config.policy.without_responses().unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!(
                "{place}: responses are for filter-responses.wasm, and this is filter.wasm. Name that \
                 file in vm_config.code of every entry with this vm_id, or leave this out"
            )
        );
    }
    let config: Config = upstream().to_string().parse().unwrap();
    assert_eq!(config.policy.without_responses(), Ok(()));
}

#[test]
fn a_way_to_show_who_calls_that_is_never_used_is_refused_with_the_one_that_decides() {
    let refused = accepting(&[api_key("x-key"), basic(), basic()]).to_string();
    assert_eq!(
        refused.parse::<Config>().unwrap_err().to_string(),
        "/downstream/check/accept/2: never used: /downstream/check/accept/1 comes first and decides about \
         whoever shows this. List the secrets of both there, or leave one out"
    );
    for (first, second) in [
        (api_key("x-key"), api_key("X-Key")),
        (jwt(), jwt()),
        (signature(None), signature(Some("a"))),
        (signature(Some("a")), signature(Some("a"))),
    ] {
        let error = accepting(&[first, second]).to_string().parse::<Config>();
        assert_eq!(error.unwrap_err().pointer, "/downstream/check/accept/1");
    }
}

#[test]
fn ways_to_show_who_calls_that_some_request_comes_to_are_taken() {
    let choice = |default: Option<&str>| {
        let default = default.map(|secret| json!([secret]));
        json!({"scheme": "basic", "secrets": {
            "by": {"header": "x-tenant"}, "secrets": {"acme": [SECRET]}, "default": default,
        }})
    };
    for ways in [
        [basic(), jwt()],
        [api_key("x-key"), api_key("x-other-key")],
        [signature(Some("a")), signature(None)],
        [signature(Some("a")), signature(Some("b"))],
        [choice(None), basic()],
    ] {
        let read = accepting(&ways).to_string().parse::<Config>();
        assert!(read.is_ok(), "{ways:?}: {}", read.unwrap_err());
    }
    let total = accepting(&[choice(Some(SECRET)), basic()]).to_string();
    assert!(total.parse::<Config>().is_err());
}

#[test]
fn a_route_that_no_request_comes_to_is_refused_with_the_one_that_takes_them() {
    let wide = route(json!({"cluster": "orders"}));
    let narrow = route(json!({"cluster": "orders", "route": "partners"}));
    let refused = with_routes(json!([wide, narrow])).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "/downstream/routes/1/match: never used: /downstream/routes/0/match comes first and takes all of \
         these requests. Put the narrower match first"
    );
    assert!(with_routes(json!([narrow, wide])).is_ok());
    let named = |name: &str| route(json!({"serverName": name}));
    for (first, second, hidden) in [
        ("*.example", "a.example", true),
        ("a.example", "*.example", false),
        ("*.example", "*.a.example", false),
        ("*.example", "b.a.example", false),
    ] {
        let read = with_routes(json!([named(first), named(second)]));
        assert_eq!(read.is_err(), hidden, "{first}, {second}");
    }
}
