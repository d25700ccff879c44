//! Session ticket keys from the vault: a session that one Envoy began goes on at another.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sallyport_tests::Result;
use sallyport_tests::client::Client;
use sallyport_tests::demo::Stage;
use sallyport_tests::envoy::Envoy;
use sallyport_tests::pki::Identity;
use sallyport_tests::wait::{PATIENCE, until};

use super::{Scene, WAYS};

/// Clients without certificates, and session tickets under the keys of the vault.
const TICKETS: &str = r#"
    session_ticket_keys_sds_secret_config: {name: "secret://payments/sharedSecrets/tickets#sessionTicketKeys", sds_config: ${SDS}},
    common_tls_context: {
        tls_params: {tls_minimum_protocol_version: TLSv1_2, tls_maximum_protocol_version: TLSv1_3},
        tls_certificate_sds_secret_configs: [{name: "secret://payments/tlsContexts/inbound#certificate", sds_config: ${SDS}}],
    },"#;

/// Each 80 bytes: name, HMAC key and AES key of Envoy.
const OLD: [u8; 80] = [0x0a; 80];
const NEW: [u8; 80] = [0x7b; 80];

#[tokio::test(flavor = "multi_thread")]
async fn a_tls_1_3_session_of_one_envoy_resumes_at_another_while_its_key_is_there() -> Result<()> {
    shared(Stage::client).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tls_1_2_session_of_one_envoy_resumes_at_another_while_its_key_is_there() -> Result<()> {
    shared(Stage::client_with_tls_1_2).await
}

async fn shared(client: impl Fn(&Stage, Option<&Identity>) -> Result<Client>) -> Result<()> {
    let scene = Scene::new().await?;
    write_keys(&scene, &[OLD])?;
    scene
        .say("secret create tickets --group payments --type SymmetricKey --key-file tickets.key")
        .await?;
    let [one, other] = [
        scene.listen("one", WAYS[0], TICKETS).await?,
        scene.listen("other", WAYS[1], TICKETS).await?,
    ];
    let client = || client(&scene.stage, None);

    let [first, second, third] = [client()?, client()?, client()?];
    for client in [&first, &second, &third] {
        assert!(!resumes(client, &one).await?);
    }
    assert!(resumes(&first, &other).await?);

    // A new key in front encrypts; the old one still decrypts.
    replace_keys(&scene, &[NEW, OLD], &[&one, &other]).await?;
    assert!(resumes(&second, &other).await?);
    // What was resumed has a ticket under the new key by now.
    replace_keys(&scene, &[NEW], &[&one, &other]).await?;
    assert!(resumes(&second, &one).await?);
    assert!(!resumes(&third, &other).await?);
    assert!(resumes(&third, &one).await?);
    Ok(())
}

/// Whether a connection goes on with a session of before; it takes the tickets for the next one.
async fn resumes(client: &Client, envoy: &Envoy) -> Result<bool> {
    let mut connection = client.connect(envoy.listener()).await?;
    assert_eq!(connection.get("/").await?.status, 200);
    Ok(connection.is_resumed())
}

fn write_keys(scene: &Scene, keys: &[[u8; 80]]) -> Result<()> {
    scene.file("tickets.key", &STANDARD.encode(keys.concat()))
}

/// Returns when both have taken the keys.
async fn replace_keys(scene: &Scene, keys: &[[u8; 80]], envoys: &[&Envoy]) -> Result<()> {
    const UPDATES: &str = ".server_ssl_socket_factory.ssl_context_update_by_sds";
    let mut before = Vec::new();
    for envoy in envoys {
        before.push(envoy.sum(UPDATES).await?);
    }
    write_keys(scene, keys)?;
    scene
        .say("secret replace tickets --group payments --type SymmetricKey --key-file tickets.key")
        .await?;
    for (envoy, before) in envoys.iter().zip(before) {
        until("the keys", PATIENCE, async || {
            Ok((envoy.sum(UPDATES).await? > before).then_some(()))
        })
        .await?;
    }
    Ok(())
}
