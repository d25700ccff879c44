use sallyport_model::{Material, Outcome, Refusal, SharedSecret};

use super::{TLS, trusting};
use crate::facts::{Facts, UpstreamFacts};
use crate::fixtures::{Authority, Contents, Fate, Host};
use crate::metric::Counter;
use crate::reason::Reason;

const BACKEND: &str = "secret://payments/sharedSecrets/backend";
const PASSWORD: &str = "secret://payments/sharedSecrets/backend#password";
const INJECT: &str = r#","inject":[
    {"header":"Authorization","basic":"secret://payments/sharedSecrets/backend"},
    {"header":"x-api-key","template":"key ${secret://payments/sharedSecrets/backend#password}!"}]"#;

fn vault(ca: &Authority, username: &str, password: &str) -> Contents {
    trusting(&[ca])
        .with_password(BACKEND, username, password)
        .with(PASSWORD, Material::Field(password.to_owned()))
}

#[test]
fn credentials_go_to_a_server_that_passed_and_replace_what_the_client_sent() {
    let ca = Authority::new("root");
    let config = Host::upstream(INJECT);
    let mut host = Host::ready(&config, &vault(&ca, "Aladdin", "open sesame"));
    assert_eq!(host.server(&ca.server("backend.test")), Fate::Resumed);
    assert_eq!(
        host.headers,
        [
            "-authorization",
            "-x-api-key",
            // RFC 7617 section 2.
            "+authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            "+x-api-key: key open sesame!",
        ]
    );
    assert_eq!(host.count(Counter::Injected), 2);
}

#[test]
fn no_credential_goes_anywhere_before_the_server_passed() {
    let (ca, other) = (Authority::new("root"), Authority::new("other root"));
    let mut host = Host::ready(&Host::upstream(INJECT), &vault(&ca, "u", "p"));
    let held = host.request(Facts::Upstream(UpstreamFacts::default()));
    assert_eq!(host.fates[&held], Fate::Held);
    assert!(host.headers.is_empty());
    let fate = host.server(&other.server("backend.test"));
    assert_eq!(fate.reason(), Some(Reason::UnknownIssuer));
    assert!(host.headers.is_empty());
    assert_eq!(host.count(Counter::Injected), 0);
}

#[test]
fn a_rotated_password_is_in_the_next_request() {
    let ca = Authority::new("root");
    let leaf = ca.server("backend.test");
    let mut contents = vault(&ca, "u", "old");
    let mut host = Host::ready(&Host::upstream(INJECT), &contents);
    host.server(&leaf);
    assert!(host.headers.contains(&"+x-api-key: key old!".to_owned()));
    contents.put(PASSWORD, Material::Field("new".to_owned()));
    host.vault_answers(&contents);
    host.server(&leaf);
    assert_eq!(host.headers.last().unwrap(), "+x-api-key: key new!");
}

#[test]
fn a_request_without_its_credential_is_not_sent() {
    let ca = Authority::new("root");
    let leaf = ca.server("backend.test");
    let refused = Outcome::Refused {
        reason: Refusal::NotGranted,
        detail: "no grant on payments".to_owned(),
    };
    for (outcome, reason) in [
        (refused, Reason::SecretRefused),
        (Outcome::Withdrawn {}, Reason::SecretWithdrawn),
    ] {
        let mut contents = vault(&ca, "u", "p");
        contents.set(PASSWORD, outcome);
        let mut host = Host::ready(&Host::upstream(INJECT), &contents);
        let fate = host.server(&leaf);
        assert_eq!(fate.status(), Some(503));
        assert_eq!(fate.reason(), Some(reason));
        assert!(host.headers.is_empty(), "no part of the set is injected");
        assert_eq!(host.count(Counter::InjectFailed), 1);
        assert!(host.log.last().unwrap().contains(PASSWORD));
    }
}

#[test]
fn a_secret_that_would_end_the_header_is_not_injected_and_not_logged() {
    let ca = Authority::new("root");
    let leaf = ca.server("backend.test");
    for (username, password) in [
        ("u", "canary\r\nx-evil: 1"),
        ("u", "canary\n"),
        ("u", "canary\0"),
        ("canary\r", "p"),
        ("canary:x", "p"),
    ] {
        let mut host = Host::ready(&Host::upstream(INJECT), &vault(&ca, username, password));
        let fate = host.server(&leaf);
        assert_eq!(fate.status(), Some(503));
        assert_eq!(fate.reason(), Some(Reason::CredentialUnusable));
        assert!(host.headers.is_empty());
        assert!(host.log.iter().all(|line| !line.contains("canary")));
    }
}

#[test]
fn an_empty_field_and_a_secret_of_another_type_are_unusable() {
    let ca = Authority::new("root");
    let leaf = ca.server("backend.test");
    let empty = vault(&ca, "u", "p").with(PASSWORD, Material::Field(String::new()));
    let mut host = Host::ready(&Host::upstream(INJECT), &empty);
    assert_eq!(
        host.server(&leaf).reason(),
        Some(Reason::CredentialUnusable)
    );
    let key = SharedSecret::SymmetricKey {
        key: "AAAA".to_owned(),
    };
    let other = vault(&ca, "u", "p").with(BACKEND, Material::SharedSecret(key));
    let mut host = Host::ready(&Host::upstream(INJECT), &other);
    assert_eq!(
        host.server(&leaf).reason(),
        Some(Reason::CredentialUnusable)
    );
}

#[test]
fn a_context_in_place_of_a_credential_is_malformed() {
    let ca = Authority::new("root");
    let field = Material::Field("x".to_owned());
    let mut host = Host::ready(&Host::upstream(""), &trusting(&[&ca]).with(TLS, field));
    let fate = host.server(&ca.server("backend.test"));
    assert_eq!(fate.reason(), Some(Reason::SecretMalformed));
}

#[test]
fn credentials_are_made_once_and_dropped_with_the_secrets_they_are_made_of() {
    let ca = Authority::new("root");
    let mut contents = vault(&ca, "Aladdin", "open sesame");
    let mut host = Host::ready(&Host::upstream(INJECT), &contents);
    let leaf = ca.server("backend.test");
    let ready = |host: &Host| host.state.credentials.is_some();
    assert!(!ready(&host));
    for _ in 0..2 {
        assert_eq!(host.server(&leaf), Fate::Resumed);
        assert!(ready(&host));
    }
    contents.set(PASSWORD, Outcome::Withdrawn {});
    host.vault_answers(&contents);
    assert!(!ready(&host), "before any request");
    assert_eq!(host.server(&leaf).reason(), Some(Reason::SecretWithdrawn));
    assert!(!ready(&host));

    contents.put(PASSWORD, Material::Field("another".to_owned()));
    host.vault_answers(&contents);
    assert_eq!(host.server(&leaf), Fate::Resumed);
    assert_eq!(host.headers.last().unwrap(), "+x-api-key: key another!");
}

#[test]
fn credentials_of_stale_secrets_are_looked_at_again_for_every_request() {
    let ca = Authority::new("root");
    let contents = Contents::default().fresh(10, 20);
    let contents = contents
        .with(
            TLS,
            Material::TlsContext(crate::fixtures::tls_context(&[&ca])),
        )
        .with_password(BACKEND, "Aladdin", "open sesame")
        .with(PASSWORD, Material::Field("open sesame".to_owned()));
    let mut host = Host::ready(&Host::upstream(INJECT), &contents);
    let leaf = ca.server("backend.test");
    assert_eq!(host.server(&leaf), Fate::Resumed);
    host.pass(29_999);
    assert_eq!(host.server(&leaf), Fate::Resumed);
    host.pass(1);
    assert_eq!(host.server(&leaf).reason(), Some(Reason::SecretExpired));
}
