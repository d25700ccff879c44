//! The gateway while the vault is away.

use http::StatusCode;
use rcgen::SanType;
use sallyport_tests::demo::{Options, Stage};
use sallyport_tests::envoy::Envoy;
use sallyport_tests::pki::Authority;
use sallyport_tests::wait::{PATIENCE, until};
use sallyport_tests::{Result, files};

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_that_is_down_at_the_start_means_503_until_it_comes_up() -> Result<()> {
    // The demo's listener has no certificate until the vault is there.
    let options = Options {
        startup_wait: "200ms",
        recipe: Some("mtls-inbound"),
        ..Options::default()
    };
    let mut stage = Stage::furnish(options).await?;
    stage.vault.stop();
    stage.start_gateway().await?;
    let listener = stage.gateway()?.listener();
    let client = stage.client(Some(&stage.clients.partner))?;

    let reply = client.get(listener, "/early").await?;
    assert_eq!(
        (reply.status, reply.header("x-sallyport-reason")),
        (StatusCode::SERVICE_UNAVAILABLE, "secret_absent")
    );
    assert!(stage.backend.requests().is_empty());

    stage.vault.resume().await?;
    until("the gateway to recover by itself", PATIENCE, async || {
        Ok((client.get(listener, "/later").await?.status == StatusCode::OK).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_that_goes_away_later_leaves_enforcement_in_place() -> Result<()> {
    let mut stage = Stage::open(Options::default()).await?;
    let listener = stage.gateway()?.listener();
    let partner = stage.client(Some(&stage.clients.partner))?;
    let rogue = stage.client(Some(&stage.clients.rogue))?;
    // Both workers have their snapshot once enough new connections have passed.
    for _ in 0..20 {
        assert_eq!(partner.get(listener, "/with").await?.status, StatusCode::OK);
    }
    stage.vault.kill();
    for _ in 0..20 {
        assert_eq!(
            partner.get(listener, "/without").await?.status,
            StatusCode::OK
        );
        assert_eq!(
            rogue.get(listener, "/without").await?.status,
            StatusCode::FORBIDDEN
        );
    }
    stage.vault.resume().await?;
    stage.rotate("demo-password-after-the-outage").await?;
    let credential =
        sallyport_tests::demo::basic(sallyport_tests::demo::USERNAME, stage.password());
    until("the value rotated after the outage", PATIENCE, async || {
        partner.get(listener, "/back").await?;
        let seen = stage.backend.last_request();
        Ok(seen
            .filter(|seen| seen.header("authorization") == credential)
            .map(|_| ()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typo_in_the_filter_configuration_stops_envoy_and_names_the_place() -> Result<()> {
    let stage = Stage::furnish(Options::default()).await?;
    let good = stage.envoy_configuration()?;
    for (typed, meant, place) in [
        (
            "certificatePinst",
            "certificatePinset",
            "/downstream/certificatePinst",
        ),
        (
            r#""tlsContext": "secret://payments/tlsContext/"#,
            r#""tlsContext": "secret://payments/tlsContexts/"#,
            "/downstream/tlsContext",
        ),
    ] {
        let directory = stage
            .scratch()
            .directory(&format!("envoy-{}", typed.len()))?;
        let error = Envoy::start(&directory, &good.replacen(meant, typed, 1))
            .await
            .unwrap_err();
        let said = error.to_string();
        assert!(said.contains(place), "{place} is not in: {said}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_that_refuses_the_gateways_certificate_is_told_from_one_that_is_away() -> Result<()>
{
    let stage = Stage::furnish(Options {
        startup_wait: "200ms",
        recipe: Some("mtls-inbound"),
        ..Options::default()
    })
    .await?;
    // The name of the gateway, by a CA that the vault does not know.
    let gateways = stage.cli.json(&["gateway", "list"]).await?;
    let identity = gateways[0]["identity"].as_str().unwrap().try_into()?;
    let impostor = Authority::root("Another CA")?.client_as("edge", |parameters| {
        parameters.subject_alt_names = vec![SanType::URI(identity)];
    })?;
    let directory = stage.scratch().directory("impostor")?;
    let written = impostor.write_to(&directory, "gateway")?;
    files::write(&directory.join("ca.pem"), &stage.vault.ca()?)?;

    let shown = [
        (
            "IDENTITY_CERTIFICATE",
            written.chain.to_string_lossy().into_owned(),
        ),
        ("IDENTITY_KEY", written.key.to_string_lossy().into_owned()),
    ];
    let configuration = stage.fill(&stage.recipe().configuration()?, &shown)?;
    let envoy = Envoy::start(&stage.scratch().directory("envoy")?, &configuration).await?;
    until("the refusal in the log", PATIENCE, async || {
        let log = files::read(envoy.log())?;
        Ok(log.contains("vault: connection ended: ").then_some(()))
    })
    .await?;

    let (url, directory) = (
        format!("https://{}", stage.vault.provider()),
        directory.to_string_lossy(),
    );
    let renew = [
        "gateway",
        "renew",
        "--provider-url",
        &url,
        "--out",
        &directory,
    ];
    let said = stage.cli.run(&renew, "").await?;
    assert_eq!(said.code, Some(3), "{said:?}");
    let advice = "the vault does not take the gateway's certificate";
    assert!(said.stderr.contains(advice), "{said:?}");
    Ok(())
}
