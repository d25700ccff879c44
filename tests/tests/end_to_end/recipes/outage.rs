//! `keep-working-without-vault`: what is decided while the vault is away.

use sallyport_tests::Result;
use sallyport_tests::client::Client;
use sallyport_tests::demo::{Options, Stage, USERNAME, basic};
use sallyport_tests::envoy::Envoy;
use sallyport_tests::wait::{PATIENCE, until};

use super::{followed_to_the_end, gets, sends_the_next_password};

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_goes_on_without_the_vault_and_a_new_one_waits_for_it() -> Result<()> {
    let mut stage = Stage::furnish(Options {
        recipe: Some("keep-working-without-vault"),
        startup_wait: "200ms",
        ..Options::default()
    })
    .await?;
    let clients = stage.clients.clone();
    let partner = stage.client(Some(&clients.partner))?;
    stage.start_gateway().await?;
    let listener = stage.gateway()?.listener();
    // Both workers have heard from the vault once enough new connections in a row have passed.
    let mut passed = 0;
    until("both workers", PATIENCE, async || {
        let reply = partner.get(listener, "/with").await?;
        passed = if reply.status.is_success() {
            passed + 1
        } else {
            0
        };
        Ok((passed == 20).then_some(()))
    })
    .await?;

    stage.vault.kill();
    for _ in 0..3 {
        gets(&mut stage, Some(&clients.partner), "/without", (200, "")).await?;
        let rogue = (403, "unknown_issuer");
        gets(&mut stage, Some(&clients.rogue), "/without", rogue).await?;
    }
    let seen = stage.backend.last_request().unwrap();
    let credential = basic(USERNAME, stage.password());
    assert_eq!(seen.header("authorization"), credential);

    let served = stage.backend.requests().len();
    stage.start_gateway().await?;
    gets(
        &mut stage,
        Some(&clients.partner),
        "/",
        (503, "secret_absent"),
    )
    .await?;
    gets(
        &mut stage,
        Some(&clients.rogue),
        "/",
        (503, "secret_absent"),
    )
    .await?;
    assert_eq!(stage.backend.requests().len(), served);
    let_pass(&stage, &partner).await?;

    stage.vault.resume().await?;
    stage.follow("Rotate").await?;
    let mut connection = partner.connect(stage.gateway()?.listener()).await?;
    sends_the_next_password(&stage, &mut connection).await?;
    followed_to_the_end(&stage);
    Ok(())
}

/// With `onFailure` a gateway that has not heard from the vault lets requests pass, without a credential.
async fn let_pass(stage: &Stage, partner: &Client) -> Result<()> {
    let wait = r#""startupWait": "200ms","#;
    let with = format!(r#"{wait} "onFailure": {{"unreachable": "letPass"}},"#);
    let configuration = stage.envoy_configuration()?.replace(wait, &with);
    let directory = stage.scratch().directory("let-pass")?;
    let gateway = Envoy::start(&directory, &configuration).await?;
    let reply = partner.get(gateway.listener(), "/unchecked").await?;
    assert_eq!(reply.verdict(), (200, ""));
    let seen = stage.backend.last_request().unwrap();
    assert_eq!(seen.header("authorization"), "");
    for side in ["downstream", "upstream"] {
        let counter = format!("wasmcustom.sallyport.{side}.let_pass.secret_absent");
        gateway.stat_becomes(&counter, 1).await?;
    }
    Ok(())
}
