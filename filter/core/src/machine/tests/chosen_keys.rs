//! Bodies that are encrypted and decrypted with keys that each request chooses.

use sallyport_message::jwe::KeyManagement;

use super::decryption::{a256kw, key, plain, posts, profile, without_context};
use crate::event::StreamId;
use crate::fixtures::{Contents, Fate, Host, Lines, aes_key, basic, symmetric};
use crate::reason::Reason;

const GROUP: &str = "secret://payments/sharedSecrets";
const TENANTS: [(&str, u8); 2] = [("acme", 1), ("globex", 2)];

fn sealed(number: u8) -> Vec<u8> {
    a256kw(number, None, b"{}")
}

/// A choice of one key for each tenant, or of a list with one key in it.
fn choice(listed: bool) -> String {
    let of = |name| match listed {
        true => format!(r#""{name}":["{GROUP}/{name}"]"#),
        false => format!(r#""{name}":"{GROUP}/{name}""#),
    };
    let [acme, globex] = TENANTS.map(|(name, _)| of(name));
    format!(r#"{{"by":{{"header":"x-tenant"}},"secrets":{{{acme},{globex}}}}}"#)
}

/// Opens requests and seals their responses, with the keys of the tenant.
fn both_ways(mode: &str) -> String {
    let (one, list) = (choice(false), choice(true));
    format!(
        r#""request":{{"decrypt":{{"secrets":{list}{mode}}}}},"response":{{"encrypt":{{"secret":{one}}}}}"#
    )
}

fn listener(policy: &str) -> Host {
    let contents = TENANTS
        .iter()
        .fold(Contents::default(), |all, (name, number)| {
            let all = all.with(&format!("{GROUP}/{name}"), symmetric(&aes_key(*number)));
            all.with_password(&format!("{GROUP}/{name}-app"), name, "secret")
        });
    without_context(policy, &contents)
}

fn post() -> Lines {
    Lines::of("POST", "/orders")
}

/// Whose key opens the response of a request.
fn answered_to(host: &mut Host, stream: StreamId) -> Vec<&'static str> {
    let head = Lines::default().with(":status", "200");
    assert_eq!(host.answers(stream, head, false), Fate::Held);
    assert_eq!(host.answer_body(stream, b"secret"), Fate::Resumed);
    let message = host.answers_rewritten[&stream].body.as_ref().unwrap();
    let message = std::str::from_utf8(message).unwrap();
    let profile = profile(KeyManagement::A256Kw);
    let opens = |number| profile.decrypt(message, &[key(number, None)]).is_ok();
    let tenants = TENANTS.iter().filter(|(_, number)| opens(*number));
    tenants.map(|(name, _)| *name).collect()
}

#[test]
fn a_tenants_body_is_opened_with_its_own_key_and_answered_under_it() {
    let mut host = listener(&both_ways(""));
    for (name, number) in TENANTS {
        let (stream, fate) = posts(&mut host, post().with("x-tenant", name), &sealed(number));
        assert_eq!(fate, Fate::Resumed);
        assert_eq!(answered_to(&mut host, stream), [name]);
    }
    let (_, fate) = posts(&mut host, post().with("x-tenant", "globex"), &sealed(1));
    assert_eq!(fate.reason(), Some(Reason::DecryptionFailed));
}

#[test]
fn who_chooses_no_key_is_refused_before_the_body_is_there_even_where_opening_is_only_observed() {
    for mode in ["", r#","mode":"observe""#] {
        let mut host = listener(&both_ways(mode));
        let two = post().with("x-tenant", "acme").with("x-tenant", "globex");
        for (lines, reason, status) in [
            (post(), Reason::SecretNotChosen, 403),
            (
                post().with("x-tenant", "initech"),
                Reason::SecretNotChosen,
                403,
            ),
            (two, Reason::CredentialAmbiguous, 400),
        ] {
            let (_, fate) = posts(&mut host, lines, b"");
            assert_eq!(
                (fate.reason(), fate.status()),
                (Some(reason), Some(status)),
                "{mode}"
            );
        }
    }
}

#[test]
fn an_observed_body_whose_key_is_not_chosen_goes_on_as_it_came() {
    let list = choice(true);
    let mut host = listener(&format!(
        r#""request":{{"decrypt":{{"secrets":{list},"mode":"observe"}}}}"#
    ));
    let (stream, fate) = posts(&mut host, post(), &sealed(1));
    assert_eq!(fate, Fate::Resumed);
    assert!(!host.rewritten.contains_key(&stream));
}

#[test]
fn a_header_that_tells_who_called_chooses_by_what_was_proven() {
    let apps = TENANTS.map(|(name, _)| format!(r#""{GROUP}/{name}-app""#));
    let check = format!(
        r#""check":{{"accept":[{{"scheme":"basic","secrets":[{}]}}],"identity":[{{"header":"x-tenant"}}]}}"#,
        apps.join(",")
    );
    let mut host = listener(&format!("{check},{}", both_ways("")));
    let shown = post().with("authorization", &basic("acme", "secret"));
    for lines in [shown.clone(), shown.with("x-tenant", "globex")] {
        let (stream, fate) = posts(&mut host, lines, &sealed(1));
        assert_eq!(fate, Fate::Resumed);
        assert_eq!(answered_to(&mut host, stream), ["acme"]);
    }
}

#[test]
fn nothing_is_told_in_plain_by_whoever_answers_before_a_key_was_chosen() {
    let policy = both_ways("");
    let mut host = Host::new(&Host::downstream(&format!(",{policy}")));
    let stream = host.starts(post().with("x-tenant", "acme"), false, plain());
    assert_eq!(
        host.fates[&stream],
        Fate::Held,
        "the vault has not answered"
    );
    let head = Lines::default().with(":status", "503");
    assert_eq!(host.answers(stream, head, false), Fate::Held);
    let fate = host.answer_body(stream, b"upstream secret");
    assert_eq!(fate.reason(), Some(Reason::SecretNotChosen));
    assert!(!host.answers_rewritten.contains_key(&stream));
}
