//! Callers whose secrets are withdrawn, of no use, or not there yet.

use sallyport_message::UnixTime;
use sallyport_model::{Material, Outcome};

use super::check::{PARTNER, PREVIOUS, configuration, get, host, host_time, plain};
use crate::fixtures::{Contents, Fate, Host, basic, secret_key, symmetric, token};
use crate::reason::Reason;

#[test]
fn a_withdrawn_secret_admits_nobody_from_then_on() {
    let mut contents = Contents::default().with_password(PARTNER, "app", "p");
    let mut host = host(r#""scheme":"basic""#, "", &contents);
    let shown = || get().with("authorization", &basic("app", "p"));
    assert_eq!(host.sends(shown()), Fate::Resumed);
    contents.set(PARTNER, Outcome::Withdrawn {});
    host.vault_answers(&contents);
    let fate = host.sends(shown());
    assert_eq!(
        (fate.reason(), fate.status()),
        (Some(Reason::SecretWithdrawn), Some(503))
    );
}

#[test]
fn a_secret_of_another_type_admits_nobody() {
    for material in [
        symmetric(&secret_key(1)),
        Material::SharedSecret(sallyport_model::SharedSecret::Blob {
            content: "app:p".to_owned(),
        }),
    ] {
        let contents = Contents::default().with(PARTNER, material);
        let mut host = host(r#""scheme":"basic""#, "", &contents);
        let fate = host.sends(get().with("authorization", &basic("app", "p")));
        assert_eq!(fate.reason(), Some(Reason::CredentialUnusable));
    }
    let contents = Contents::default().with(PARTNER, symmetric("c2hvcnQ="));
    for scheme in [
        r#""scheme":"signature""#,
        r#""scheme":"jwt","algorithm":"HS256""#,
    ] {
        let mut host = host(scheme, "", &contents);
        let at = UnixTime(host_time());
        let token = token(&secret_key(1), r#"{"alg":"HS256"}"#, "{}");
        let lines = get().with("authorization", &format!("Bearer {token}"));
        let fate = host.sends(lines.signed(&secret_key(1), None, Some("n"), at));
        assert_eq!(fate.reason(), Some(Reason::CredentialUnusable), "{scheme}");
    }
}

#[test]
fn a_previous_secret_that_cannot_be_used_admits_nobody_and_is_in_nobodys_way() {
    let good = secret_key(1);
    let bearer = token(&good, r#"{"alg":"HS256"}"#, "{}");
    let shown = get()
        .with("x-api-key", &good)
        .with("authorization", &format!("Bearer {bearer}"));
    let shown = shown.signed(&good, None, Some("n"), UnixTime(host_time()));
    for (scheme, previous) in [
        (r#""scheme":"apiKey""#, basic_pair()),
        (
            r#""scheme":"jwt","algorithm":"HS256","expiry":"optional""#,
            symmetric("c2hvcnQ="),
        ),
        (
            r#""scheme":"jwt","algorithm":"HS256","expiry":"optional""#,
            basic_pair(),
        ),
        (r#""scheme":"signature""#, symmetric("c2hvcnQ=")),
        (r#""scheme":"signature""#, basic_pair()),
    ] {
        let contents = Contents::default()
            .with(PREVIOUS, previous)
            .with(PARTNER, symmetric(&good));
        let mut host = host(scheme, "", &contents);
        assert_eq!(host.sends(shown.clone()), Fate::Resumed, "{scheme}");
        assert_eq!(host.sends(get()).reason(), Some(Reason::CredentialAbsent));
    }
    let contents = Contents::default()
        .with(PREVIOUS, symmetric(&good))
        .with_password(PARTNER, "app", "p");
    let mut host = host(r#""scheme":"basic""#, "", &contents);
    let lines = get().with("authorization", &basic("app", "p"));
    assert_eq!(host.sends(lines), Fate::Resumed);
}

fn basic_pair() -> Material<String> {
    Material::SharedSecret(sallyport_model::SharedSecret::UsernamePassword {
        username: "app".to_owned(),
        password: "p".to_owned(),
    })
}

#[test]
fn callers_wait_for_the_vault_and_are_refused_without_it() {
    let mut host = Host::new(&configuration(r#""scheme":"basic""#, ""));
    let shown = get().with("authorization", &basic("app", "p"));
    let stream = host.starts(shown.clone(), true, plain());
    assert_eq!(host.fates[&stream], Fate::Held);
    host.tick(0);
    host.vault_answers(&Contents::default().with_password(PARTNER, "app", "p"));
    assert_eq!(host.fates[&stream], Fate::Resumed);

    let mut host = Host::new(&configuration(r#""scheme":"basic""#, ""));
    let stream = host.starts(shown, true, plain());
    host.tick(2000);
    assert_eq!(host.fates[&stream].reason(), Some(Reason::SecretAbsent));
}
