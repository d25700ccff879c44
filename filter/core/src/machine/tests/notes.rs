//! What an access log shows of a decision.

use rcgen::DnType;
use sallyport_model::{Material, Outcome};

use super::{PIN_SETTING, PINS, TLS, trusting};
use crate::config::Place;
use crate::facts::Facts;
use crate::fixtures::{
    Authority, Contents, Host, Lines, from_client, pinset, tls_context, to_server,
};

/// The configuration that has all requests noted.
fn all(configuration: &str) -> String {
    configuration.replacen('{', r#"{"notes":"all","#, 1)
}

/// The note of one more request.
fn note(host: &mut Host, facts: Facts) -> String {
    let stream = host.request(facts);
    host.notes[&stream].clone()
}

#[test]
fn a_denial_says_which_policy_refused_whom_and_why() {
    let (ca, other) = (Authority::new("root"), Authority::new("other root"));
    let mut host = Host::ready(&Host::downstream(""), &trusting(&[&ca]));
    let rogue = other.client("rogue");
    let digest = rogue.certificate().sha256();
    let text = note(&mut host, from_client(&rogue));
    let expected = format!(
        "denied code=unknown_issuer policy=default tls_context={TLS} generation=1 material={TLS}@1 \
         sha256={digest} subject=\"CN=rogue\" detail="
    );
    assert!(text.starts_with(&expected), "{text}");
}

#[test]
fn who_passes_is_named_too_on_both_sides() {
    let ca = Authority::new("root");
    let leaf = ca.client("partner");
    let mut host = Host::ready(&all(&Host::downstream("")), &trusting(&[&ca]));
    let digest = leaf.certificate().sha256();
    let expected = format!(
        "allowed policy=default tls_context={TLS} generation=1 material={TLS}@1 sha256={digest} \
         subject=\"CN=partner\""
    );
    for _ in 0..2 {
        assert_eq!(note(&mut host, from_client(&leaf)), expected);
    }
    let server = ca.server("backend.test");
    let mut host = Host::ready(&all(&Host::upstream("")), &trusting(&[&ca]));
    let text = note(&mut host, Facts::Upstream(to_server(&server)));
    assert!(text.starts_with("allowed policy=default ") && text.contains("backend.test"));
}

#[test]
fn who_passes_without_anything_observed_is_noted_only_where_all_are() {
    let ca = Authority::new("root");
    for facts in [
        from_client(&ca.client("partner")),
        Facts::Upstream(to_server(&ca.server("a.test"))),
    ] {
        let configuration = match &facts {
            Facts::Downstream(_) => Host::downstream(""),
            Facts::Upstream(_) => Host::upstream(""),
        };
        let mut host = Host::ready(&configuration, &trusting(&[&ca]));
        host.request(facts);
        assert!(host.notes.is_empty(), "{:?}", host.notes);
    }
}

#[test]
fn what_is_observed_or_let_pass_says_so() {
    let (ca, other) = (Authority::new("root"), Authority::new("other root"));
    let rogue = other.client("rogue");
    for settings in [r#","mode":"observe""#, r#","observe":["path"]"#] {
        let mut host = Host::ready(&Host::downstream(settings), &trusting(&[&ca]));
        let text = note(&mut host, from_client(&rogue));
        assert!(text.starts_with("observed code=unknown_issuer "), "{text}");
        assert!(text.contains("subject=\"CN=rogue\""), "{text}");
    }
    let config = Host::downstream("").replacen('{', r#"{"onFailure":{"denied":"letPass"},"#, 1);
    let mut contents = trusting(&[&ca]);
    let mut host = Host::ready(&config, &contents);
    contents.set(TLS, Outcome::Withdrawn {});
    host.vault_answers(&contents);
    let text = note(&mut host, from_client(&rogue));
    assert!(
        text.starts_with("let_pass code=secret_withdrawn "),
        "{text}"
    );
    assert!(
        text.ends_with(&format!("generation=2 detail=\"{TLS}\"")),
        "{text}"
    );
}

#[test]
fn a_route_is_named_by_its_place_in_the_configuration() {
    let ca = Authority::new("root");
    let settings = format!(r#","routes":[{{"match":{{"route":"a"}},"tlsContext":"{TLS}"}}]"#);
    let mut host = Host::ready(&all(&Host::downstream(&settings)), &trusting(&[&ca]));
    let place = Place {
        route: Some(b"a".to_vec()),
        ..Place::default()
    };
    let stream = host.request_to(place, from_client(&ca.client("partner")));
    assert!(host.notes[&stream].starts_with("allowed policy=routes/0 "));
}

#[test]
fn a_connection_says_why_it_was_closed_at_its_start_or_cut_later() {
    let (ca, other) = (Authority::new("root"), Authority::new("other root"));
    let tcp = Host::downstream(r#","protocol":"tcp""#);
    let mut contents = trusting(&[&ca]);
    let mut host = Host::ready(&tcp, &contents);
    let (rogue, _) = host.caller(&other.client("rogue"));
    let text = &host.notes[&rogue];
    let expected =
        format!("denied code=unknown_issuer policy=default tls_context={TLS} generation=1");
    assert!(
        text.starts_with(&expected) && text.contains("subject=\"CN=rogue\""),
        "{text}"
    );

    let (partner, _) = host.caller(&ca.client("partner"));
    assert!(!host.notes.contains_key(&partner));
    contents.set(TLS, Outcome::Withdrawn {});
    host.vault_answers(&contents);
    let text = &host.notes[&partner];
    assert!(text.starts_with("cut code=secret_withdrawn "), "{text}");
}

#[test]
fn a_connection_that_passes_is_noted_where_all_are_or_something_is_observed() {
    let (ca, other) = (Authority::new("root"), Authority::new("other root"));
    let tcp = all(&Host::downstream(r#","protocol":"tcp""#));
    let mut host = Host::ready(&tcp, &trusting(&[&ca]));
    let (partner, _) = host.caller(&ca.client("partner"));
    let text = &host.notes[&partner];
    assert!(
        text.starts_with("allowed policy=default ") && text.contains("CN=partner"),
        "{text}"
    );
    for settings in [r#","mode":"observe""#, r#","observe":["path"]"#] {
        let tcp = Host::downstream(&format!(r#","protocol":"tcp"{settings}"#));
        let mut host = Host::ready(&tcp, &trusting(&[&ca]));
        let (rogue, _) = host.caller(&other.client("rogue"));
        let text = &host.notes[&rogue];
        assert!(text.starts_with("observed code=unknown_issuer "), "{text}");
    }
}

#[test]
fn what_was_used_is_named_with_its_versions_and_what_it_was_made_of() {
    let ca = Authority::new("root");
    let (server, stranger) = (ca.server("backend.test"), ca.server("other.test"));
    let secret = "secret://payments/sharedSecrets/backend";
    let settings = format!(
        r#"{PIN_SETTING},"inject":[{{"header":"authorization","basic":"{secret}"}},
           {{"header":"x-key","value":"{secret}#password@previous"}}]"#
    );
    let key = server.certificate().spki_sha256();
    let mut contents = Contents::default()
        .with(
            &format!("{secret}#password@previous"),
            Material::Field("old".to_owned()),
        )
        .with(PINS, pinset(&[key]))
        .with_password(secret, "gateway", "new");
    contents.set(
        TLS,
        made_of(&ca, &["secret://payments/truststores/backend@7"]),
    );
    let mut host = Host::ready(&all(&Host::upstream(&settings)), &contents);
    let text = note(&mut host, Facts::Upstream(to_server(&stranger)));
    let decided_by = format!("material={TLS}@4,secret://payments/truststores/backend@7,{PINS}@2");
    assert!(text.contains(&format!(" {decided_by} sha256=")), "{text}");
    let text = note(&mut host, Facts::Upstream(to_server(&server)));
    let with = format!("{decided_by},{secret}@3,{secret}#password@1 sha256=");
    assert!(text.contains(&with), "{text}");
    // The same where nothing is decided anew.
    assert_eq!(note(&mut host, Facts::Upstream(to_server(&server))), text);
}

#[test]
fn a_new_version_is_in_the_next_note_and_one_that_is_not_at_hand_in_none() {
    let ca = Authority::new("root");
    let mut contents = trusting(&[&ca]);
    let mut host = Host::ready(&all(&Host::downstream("")), &contents);
    let leaf = ca.client("partner");
    let of = |host: &mut Host| note(host, from_client(&leaf));
    assert!(of(&mut host).contains(&format!("material={TLS}@1 ")));
    contents.put(TLS, Material::TlsContext(tls_context(&[&ca])));
    host.vault_answers(&contents);
    assert!(of(&mut host).contains(&format!("material={TLS}@2 ")));
    contents.set(TLS, Outcome::Withdrawn {});
    host.vault_answers(&contents);
    assert!(!of(&mut host).contains("material="));
}

#[test]
fn of_many_secrets_among_which_requests_choose_the_first_are_named() {
    let ca = Authority::new("root");
    let secret = |number: u8| format!("secret://payments/sharedSecrets/tenant-{number:02}");
    let secrets = (0..40).map(|number| format!(r#""{number}":"{}""#, secret(number)));
    let secrets: Vec<String> = secrets.collect();
    let settings = format!(
        r#","inject":[{{"header":"authorization","basic":{{"by":{{"header":"x-tenant"}},"secrets":{{{}}}}}}}]"#,
        secrets.join(",")
    );
    let contents = (0..40).fold(trusting(&[&ca]), |contents, number| {
        contents.with_password(&secret(number), "gateway", "pw")
    });
    let mut host = Host::ready(&all(&Host::upstream(&settings)), &contents);
    let server = to_server(&ca.server("backend.test"));
    host.messages_of_next(Lines::of("GET", "/").with("x-tenant", "7"), true);
    let text = note(&mut host, Facts::Upstream(server));
    let (_, material) = text.split_once(" material=").unwrap();
    let (material, _) = material.split_once(' ').unwrap();
    let named: Vec<&str> = material.split(',').collect();
    assert_eq!(
        (named.len(), named.last()),
        (33, Some(&"...")),
        "{material}"
    );
}

/// A context that trusts an authority, and what it was made of.
fn made_of(ca: &Authority, parts: &[&str]) -> Outcome<String> {
    Outcome::Current {
        version: 4,
        parts: parts.iter().map(ToString::to_string).collect(),
        freshness: Contents::FRESHNESS,
        material: Material::TlsContext(tls_context(&[ca])),
    }
}

#[test]
fn a_subject_cannot_end_the_line_or_its_quotes_or_flood_the_log() {
    let ca = Authority::new("root");
    let mut host = Host::ready(&all(&Host::downstream("")), &trusting(&[&ca]));
    let hostile = format!("x\" denied code=none\n{}", "y".repeat(40_000));
    let leaf = ca.client_with(|params| {
        params.distinguished_name.push(DnType::CommonName, hostile);
    });
    let text = note(&mut host, from_client(&leaf));
    assert!(text.len() < 1024, "{} bytes", text.len());
    assert!(
        !text.contains('\n') && !text.contains("x\" denied"),
        "{text}"
    );
}
