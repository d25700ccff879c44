//! Certificates that Envoy asks for when the first client wants them, by the name that the client says.

use http::StatusCode;
use sallyport_tests::Result;
use sallyport_tests::client::Client;
use sallyport_tests::envoy::Envoy;
use sallyport_tests::pki::Authority;
use sallyport_tests::wait::{PATIENCE, until};

use super::{Scene, WAYS};

/// Envoy 1.40 does not resume sessions of such a listener.
const ON_DEMAND: &str = r#"
    disable_stateless_session_resumption: true,
    disable_stateful_session_resumption: true,
    common_tls_context: {
        tls_params: {tls_minimum_protocol_version: TLSv1_2, tls_maximum_protocol_version: TLSv1_3},
        custom_tls_certificate_selector: {
            name: envoy.tls.certificate_selectors.on_demand_secret,
            typed_config: {
                "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.cert_selectors.on_demand_secret.v3.Config,
                config_source: ${SDS},
                certificate_mapper: {
                    name: sni,
                    typed_config: {
                        "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.cert_mappers.sni.v3.SNI,
                        default_value: nobody,
                    },
                },
            },
        },
    },"#;

/// Which context has the certificate of a server name.
const NAMES: &str = r#"[sds_names]
"gateway.test" = "secret://payments/tlsContexts/inbound#certificate"
"later.test" = "secret://payments/tlsContexts/later#certificate"
"#;

/// A vault that knows these names.
async fn scene() -> Result<Scene> {
    let mut scene = Scene::new().await?;
    let named = |settings: String| settings.replace("[sds_names]", NAMES);
    scene.configure(named).await?;
    Ok(scene)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_comes_with_the_first_client_that_wants_it_and_follows_the_vault()
-> Result<()> {
    let scene = scene().await?;
    let envoy = scene.listen("on-demand", WAYS[1], ON_DEMAND).await?;
    assert_eq!(served(&scene, "gateway.test").await?, [""; 0]);
    let client = scene.stage.client(None)?;
    assert!(is_answered(&client, &envoy).await);
    assert!(is_answered(&client, &envoy).await);
    assert_eq!(served(&scene, "gateway.test").await?, ["allowed"]);

    // Nobody else is shown it.
    let root = scene.stage.gateway_ca().certificate();
    let stranger = Client::new(&root, "stranger.test", None)?;
    assert!(!is_answered(&stranger, &envoy).await);
    assert!(!is_answered(&client.clone().without_server_name(), &envoy).await);
    assert!(is_answered(&client, &envoy).await);

    // What it is rotated to is shown to the next client.
    let authority = Authority::root("Next gateway CA")?;
    let next = authority.server("gateway.test")?;
    next.write_to(&scene.stage.pki(), "next")?;
    scene
        .say("keystore replace gateway --group payments --certificate next.pem --key next.key")
        .await?;
    let client = Client::new(&authority.certificate(), "gateway.test", None)?;
    becomes_answered(&client, &envoy).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_was_not_there_is_shown_when_it_is() -> Result<()> {
    let scene = scene().await?;
    let envoy = scene.listen("on-demand", WAYS[3], ON_DEMAND).await?;
    let authority = Authority::root("Later CA")?;
    let client = Client::new(&authority.certificate(), "later.test", None)?;
    assert!(!is_answered(&client, &envoy).await);
    assert_eq!(served(&scene, "later.test").await?, ["refused"]);
    authority
        .server("later.test")?
        .write_to(&scene.stage.pki(), "later")?;
    for command in [
        "keystore create later --group payments --certificate later.pem --key later.key",
        "tls-context create later --group payments --keystore later",
    ] {
        scene.say(command).await?;
    }
    becomes_answered(&client, &envoy).await
}

async fn is_answered(client: &Client, envoy: &Envoy) -> bool {
    let answer = client.get(envoy.listener(), "/").await;
    answer.is_ok_and(|answer| answer.status == StatusCode::OK)
}

async fn becomes_answered(client: &Client, envoy: &Envoy) -> Result<()> {
    until("an answer", PATIENCE, async || {
        Ok(is_answered(client, envoy).await.then_some(()))
    })
    .await
}

/// How it ended when a name was asked for, each time.
async fn served(scene: &Scene, name: &str) -> Result<Vec<String>> {
    let search = [
        "audit",
        "search",
        "--operation",
        "secret.sds",
        "--object",
        name,
    ];
    let found = scene.stage.cli.json(&search).await?;
    let outcomes = found.as_array().into_iter().flatten();
    let outcomes = outcomes.filter_map(|entry| entry["outcome"].as_str().map(str::to_owned));
    Ok(outcomes.collect())
}
