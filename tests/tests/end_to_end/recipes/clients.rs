//! `mtls-inbound`, `crl`, `observe-first`: who gets in.

use std::time::{Duration, SystemTime};

use sallyport_tests::demo::{Options, Stage};
use sallyport_tests::envoy::Envoy;
use sallyport_tests::pki::{Identity, Validity};
use sallyport_tests::wait::{PATIENCE, until};
use sallyport_tests::{Result, files};

use super::{followed_to_the_end, gateway, gets};

#[tokio::test(flavor = "multi_thread")]
async fn clients_need_a_certificate_of_the_ca_that_is_in_the_vault() -> Result<()> {
    let mut stage = gateway("mtls-inbound").await?;
    let clients = stage.clients.clone();
    let ended = clients.authority.client_with("app", Validity::Expired)?;
    for (client, verdict) in [
        (&clients.partner, (200, "")),
        (&clients.rogue, (403, "unknown_issuer")),
        (&ended, (403, "certificate_expired")),
    ] {
        gets(&mut stage, Some(client), "/orders", verdict).await?;
    }
    let listener = stage.gateway()?.listener();
    assert!(stage.client(None)?.get(listener, "/orders").await.is_err());

    let partner = stage.client(Some(&clients.partner))?;
    let mut partner = partner.connect(listener).await?;
    let colleague = stage.client(Some(&clients.colleague))?;
    let mut colleague = colleague.connect(listener).await?;
    partner.ends_with("/before", (200, "")).await?;
    stage.follow("Change the CA").await?;
    partner.ends_with("/after", (403, "unknown_issuer")).await?;
    colleague.ends_with("/after", (200, "")).await?;
    followed_to_the_end(&stage);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_filter_anybody_gets_in_and_envoy_check_finds_that() -> Result<()> {
    let stage = Stage::furnish(Options {
        recipe: Some("mtls-inbound"),
        ..Options::default()
    })
    .await?;
    let whole = stage.envoy_configuration()?;
    let (before, filter) = whole
        .split_once("          - name: sallyport.downstream")
        .unwrap();
    let (_, after) = filter
        .split_once("          - name: envoy.filters.http.router")
        .unwrap();
    let without = format!("{before}          - name: envoy.filters.http.router{after}");
    let envoy = Envoy::start(&stage.scratch().directory("envoy")?, &without).await?;
    let rogue = stage.client(Some(&stage.clients.rogue))?;
    let reply = rogue.get(envoy.listener(), "/anybody").await?;
    assert_eq!(reply.verdict(), (200, ""));

    let file = envoy.configuration().to_string_lossy();
    let said = stage.cli.run(&["envoy", "check", &file], "").await?;
    assert_eq!(said.code, Some(6), "{said:?}");
    for words in [
        "/validation_context/trust_chain_verification",
        "ACCEPT_UNTRUSTED",
    ] {
        assert!(
            said.stdout.contains(words),
            "{words} is not in: {}",
            said.stdout
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_list_decides_about_open_connections_too() -> Result<()> {
    let mut stage = gateway("crl").await?;
    let partner = stage.clients.partner.clone();
    let unpinned = stage.clients.unpinned.clone();
    gets(&mut stage, Some(&partner), "/", (403, "revocation_unknown")).await?;

    let issuing = stage.clients.authority.clone();
    let file = stage.pki().join("issuing.crl");
    let list =
        |number: u64, revoked: &[&Identity]| files::write(&file, &issuing.crl(number, revoked)?);
    let listener = stage.gateway()?.listener();
    let mut connection = stage.client(Some(&partner))?.connect(listener).await?;
    list(1, &[&unpinned])?;
    stage.follow("Publish a list").await?;
    connection.ends_with("/", (200, "")).await?;
    let mut other = stage.client(Some(&unpinned))?.connect(listener).await?;
    other.ends_with("/", (403, "certificate_revoked")).await?;

    list(2, &[&unpinned, &partner])?;
    stage.follow("Publish a list").await?;
    connection
        .ends_with("/", (403, "certificate_revoked"))
        .await?;

    let soon = SystemTime::now() + Duration::from_secs(4);
    files::write(&file, &issuing.crl_until(soon, 3, &[])?)?;
    stage.follow("Publish a list").await?;
    connection
        .ends_with("/", (403, "revocation_expired"))
        .await?;
    followed_to_the_end(&stage);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn observing_counts_who_would_be_refused_and_refuses_nobody() -> Result<()> {
    let mut stage = gateway("observe-first").await?;
    let clients = stage.clients.clone();
    for client in [&clients.partner, &clients.unpinned, &clients.rogue] {
        gets(&mut stage, Some(client), "/", (200, "")).await?;
    }
    let sent = super::CONNECTIONS as u64;
    let gateway = stage.gateway()?;
    for counter in [
        "allowed",
        "observed.pin_mismatch",
        "observed.unknown_issuer",
    ] {
        let counter = format!("wasmcustom.sallyport.downstream.{counter}");
        gateway.stat_becomes(&counter, sent).await?;
    }
    // Who shows no certificate does not come as far as the filter.
    let stranger = stage.client(None)?;
    let gateway = stage.gateway()?;
    assert!(stranger.get(gateway.listener(), "/").await.is_err());
    until("the client without a certificate", PATIENCE, async || {
        let refused = gateway.sum(".ssl.fail_verify_no_cert").await?;
        Ok((refused > 0).then_some(()))
    })
    .await?;

    let refused = (403, "pin_mismatch");
    for (name, setting, of_unpinned) in [
        ("enforcing", r#""mode": "enforce""#, refused),
        ("observing-pins", r#""observe": ["pins"]"#, (200, "")),
    ] {
        let configuration = stage.envoy_configuration()?;
        let configuration = configuration.replacen(r#""mode": "observe""#, setting, 1);
        let directory = stage.scratch().directory(name)?;
        let gateway = Envoy::start(&directory, &configuration).await?;
        for (client, verdict) in [
            (&clients.partner, (200, "")),
            (&clients.unpinned, of_unpinned),
            (&clients.rogue, (403, "unknown_issuer")),
        ] {
            let client = stage.client(Some(client))?;
            let reply = client.get(gateway.listener(), "/").await?;
            assert_eq!(reply.verdict(), verdict, "{name}");
        }
    }
    followed_to_the_end(&stage);
    Ok(())
}
