//! `choose-secret`: which credential a request gets.

use http::{Request, Response};
use rcgen::SanType;
use sallyport_tests::client::Client;
use sallyport_tests::demo::{HMAC_KEY, NEXT_PASSWORD, Options, SEALING_KEY, Stage, password_of};
use sallyport_tests::envoy::Envoy;
use sallyport_tests::jose::Peer;
use sallyport_tests::pki::Identity;
use sallyport_tests::upstream::SeenRequest;
use sallyport_tests::wait::{PATIENCE, until};
use sallyport_tests::{Error, Result};

use serde_json::json;

use super::{followed_to_the_end, gateway};

/// A client of the partners' CA with these names.
fn named(stage: &Stage, names: &[&str]) -> Result<Identity> {
    let names = names.iter().map(|name| match name.contains(':') {
        true => SanType::URI((*name).try_into().unwrap()),
        false => SanType::DnsName((*name).try_into().unwrap()),
    });
    let names: Vec<_> = names.collect();
    let authority = &stage.clients.authority;
    authority.client_as("app", |parameters| parameters.subject_alt_names = names)
}

/// What one request on a connection of its own comes to.
async fn sends(
    stage: &mut Stage,
    client: &Client,
    path: &str,
    plans: &[&str],
) -> Result<(u16, String)> {
    let mut request = Request::get(path);
    for plan in plans {
        request = request.header("x-plan", *plan);
    }
    // What a client makes up is worth nothing in any of the places.
    for name in ["authorization", "x-region-key", "x-site-key"] {
        request = request.header(name, "forged");
    }
    let listener = stage.gateway()?.listener();
    let reply = client.send(listener, request.body(Vec::new())?).await?;
    let (status, reason) = reply.verdict();
    Ok((status, reason.to_owned()))
}

fn credentials(seen: &SeenRequest) -> [&str; 4] {
    [
        seen.header("authorization"),
        seen.header("x-region-key"),
        seen.header("x-site-key"),
        seen.path.rsplit_once("plan=").unwrap_or_default().1,
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_gets_what_its_client_route_and_words_stand_for() -> Result<()> {
    let mut stage = gateway("choose-secret").await?;
    let acme = named(&stage, &["other.example", "spiffe://partners/acme"])?;
    let globex = named(&stage, &["globex.example"])?;
    let acme = stage.client(Some(&acme))?;
    let globex = stage.client(Some(&globex))?;
    let silent = globex.clone().without_server_name();
    for (client, path, plans, chosen) in [
        (&acme, "/", [].as_slice(), ["acme", "world", "eu", "free"]),
        (&acme, "/eu", &["paid"], ["acme", "eu", "eu", "paid"]),
        (&globex, "/", &["trial"], ["globex", "world", "eu", "free"]),
        (
            &globex,
            "/eu?plan=paid",
            &["gold"],
            ["globex", "eu", "eu", "free"],
        ),
        (
            &silent,
            "/",
            &["paid"],
            ["globex", "world", "world", "paid"],
        ),
    ] {
        // On both workers, and on connections of which it is known that their client passes.
        for _ in 0..super::CONNECTIONS {
            let verdict = sends(&mut stage, client, path, plans).await?;
            assert_eq!(verdict, (200, String::new()), "{path} {plans:?}");
            let seen = stage.backend.last_request().unwrap();
            let [first, rest @ ..] = chosen.map(password_of);
            let [sent, others @ ..] = credentials(&seen);
            assert_eq!(sent, format!("Bearer {first}"));
            assert_eq!(others.as_slice(), rest, "{path} {plans:?}");
        }
    }

    let before = stage.backend.requests().len();
    let nobody = stage.clients.partner.clone();
    let nobody = stage.client(Some(&nobody))?;
    let verdict = sends(&mut stage, &nobody, "/", &[]).await?;
    assert_eq!(verdict, (403, "secret_not_chosen".to_owned()));
    let both = named(&stage, &["globex.example", "spiffe://partners/acme"])?;
    let both = stage.client(Some(&both))?;
    let ambiguous = (400, "credential_ambiguous".to_owned());
    assert_eq!(sends(&mut stage, &both, "/", &[]).await?, ambiguous);
    let twice = ["paid", "free"];
    assert_eq!(sends(&mut stage, &acme, "/", &twice).await?, ambiguous);
    assert_eq!(stage.backend.requests().len(), before);

    stage.follow("Rotate").await?;
    until("the next password", PATIENCE, async || {
        sends(&mut stage, &acme, "/", &[]).await?;
        let seen = stage.backend.last_request();
        let next = format!("Bearer {NEXT_PASSWORD}");
        Ok(seen.filter(|seen| seen.header("authorization") == next))
    })
    .await?;
    stage.follow("Withdraw").await?;
    let withdrawn = (503, "secret_withdrawn".to_owned());
    until("the withdrawal", PATIENCE, async || {
        let verdict = sends(&mut stage, &acme, "/", &["paid"]).await?;
        Ok((verdict == withdrawn).then_some(()))
    })
    .await?;
    let verdict = sends(&mut stage, &acme, "/", &["free"]).await?;
    assert_eq!(verdict, (200, String::new()));
    followed_to_the_end(&stage);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_counts_only_if_the_filter_of_the_listener_let_its_client_pass() -> Result<()> {
    let stage = gateway("choose-secret").await?;
    let acme = named(&stage, &["spiffe://partners/acme"])?;
    let rogue = sallyport_tests::pki::Authority::root("Rogue CA")?;
    let rogue = rogue.client_as("app", |parameters| {
        let name = SanType::URI("spiffe://partners/acme".try_into().unwrap());
        parameters.subject_alt_names = vec![name];
    })?;
    let refused = (403, "secret_not_chosen".to_owned());
    for (setting, identity, verdict) in [
        (r#""clientNames": "withhold""#, &acme, refused.clone()),
        (
            r#""clientNames": "tell", "mode": "observe""#,
            &rogue,
            refused,
        ),
        (
            r#""clientNames": "tell", "mode": "observe""#,
            &acme,
            (200, String::new()),
        ),
    ] {
        let configuration = stage.envoy_configuration()?;
        let configuration = configuration.replacen(r#""clientNames": "tell""#, setting, 1);
        let directory = stage.scratch().directory("again")?;
        let gateway = Envoy::start(&directory, &configuration).await?;
        let client = stage.client(Some(identity))?;
        let reply = client.get(gateway.listener(), "/").await?;
        let (status, reason) = reply.verdict();
        assert_eq!((status, reason.to_owned()), verdict, "{setting}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_chooses_among_whole_templates() -> Result<()> {
    let stage = gateway("choose-secret").await?;
    let configuration = stage.envoy_configuration()?;
    let template = r#""inject": [
      {
        "header": "x-contract",
        "template": {
          "by": {"header": "x-plan"},
          "secrets": {
            "paid": "paid:${secret://payments/sharedSecrets/paid#username}:${secret://payments/sharedSecrets/paid#password}",
            "free": "free:${secret://payments/sharedSecrets/free#password}"
          }
        }
      },"#;
    // One line: the indentation of what stands around it is YAML's.
    let configuration = configuration.replacen(r#""inject": ["#, &template.replace('\n', " "), 1);
    let directory = stage.scratch().directory("again")?;
    let gateway = Envoy::start(&directory, &configuration).await?;
    let acme = named(&stage, &["spiffe://partners/acme"])?;
    let acme = stage.client(Some(&acme))?;
    let sends = async |plan: &str| {
        let request = Request::get("/").header("x-plan", plan);
        let request = request.header("x-contract", "forged").body(String::new())?;
        let reply = acme.send(gateway.listener(), request).await?;
        let (status, reason) = reply.verdict();
        Ok::<_, Error>((status, reason.to_owned()))
    };
    let [paid, free] = ["paid", "free"].map(password_of);
    for (plan, contract) in [
        ("paid", format!("paid:paid:{paid}")),
        ("free", format!("free:{free}")),
    ] {
        assert_eq!(sends(plan).await?, (200, String::new()));
        let seen = stage.backend.last_request().unwrap();
        assert_eq!(seen.header("x-contract"), contract);
    }
    let before = stage.backend.requests().len();
    let refused = (403, "secret_not_chosen".to_owned());
    assert_eq!(sends("gold").await?, refused);
    assert_eq!(stage.backend.requests().len(), before);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_tenants_bodies_are_under_a_key_of_its_own_both_ways() -> Result<()> {
    let stage = Stage::furnish(Options {
        recipe: Some("encrypt-bodies"),
        ..Options::default()
    })
    .await?;
    let key = ["globex", "--group", "payments", "--key-file", "hmac.key"];
    stage
        .cli
        .ok(&[&["secret", "create"][..], &key].concat())
        .await?;
    let sealing = "secret://payments/sharedSecrets/sealing";
    let globex = "secret://payments/sharedSecrets/globex";
    let chosen = |acme: &str, globex: &str| {
        format!(
            r#"{{"by": {{"header": "x-tenant"}}, "secrets": {{"acme": {acme}, "globex": {globex}}}}}"#
        )
    };
    let configuration = stage.envoy_configuration()?;
    let before = format!(r#""secrets": ["{sealing}", "{sealing}@previous"]"#);
    let list = chosen(&format!(r#"["{sealing}"]"#), &format!(r#"["{globex}"]"#));
    let configuration = configuration.replacen(&before, &format!(r#""secrets": {list}"#), 1);
    let before = format!(r#""encrypt": {{"secret": "{sealing}"}}"#);
    let one = chosen(&format!(r#""{sealing}""#), &format!(r#""{globex}""#));
    let configuration =
        configuration.replacen(&before, &format!(r#""encrypt": {{"secret": {one}}}"#), 1);
    let directory = stage.scratch().directory("again")?;
    let gateway = Envoy::start(&directory, &configuration).await?;

    let client = stage.client(None)?;
    let header = json!({"alg": "A256KW", "enc": "A256GCM"});
    let (acme, globex) = (Peer { key: SEALING_KEY }, Peer { key: HMAC_KEY });
    let sends = async |tenant: &str, message: String| {
        let request = Request::post("/orders").header("x-tenant", tenant);
        client
            .send(gateway.listener(), request.body(message)?)
            .await
    };
    stage.backend.answer_with(Response::new("paid"));
    for (tenant, peer, other) in [("acme", acme, globex), ("globex", globex, acme)] {
        let message = peer.encrypts(&header, tenant).await?;
        let reply = sends(tenant, message).await?;
        assert_eq!(reply.verdict(), (200, ""));
        assert_eq!(stage.backend.last_request().unwrap().body, tenant);
        assert_eq!(peer.decrypts(&reply.body).await?.plaintext, "paid");
        let message = other.encrypts(&header, tenant).await?;
        let reply = sends(tenant, message).await?;
        assert_eq!(reply.verdict(), (400, "decryption_failed"));
    }
    let before = stage.backend.requests().len();
    let message = acme.encrypts(&header, "acme").await?;
    let reply = sends("initech", message).await?;
    assert_eq!(reply.verdict(), (403, "secret_not_chosen"));
    assert_eq!(stage.backend.requests().len(), before);
    Ok(())
}
