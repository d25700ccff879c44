//! Whose bytes go through.

use sallyport_tests::wait::{PATIENCE, until};
use sallyport_tests::{Result, files};

use super::gateway::{Gateway, long};

#[tokio::test(flavor = "multi_thread")]
async fn bytes_of_a_good_client_go_both_ways_whole_and_in_order() -> Result<()> {
    let gateway = Gateway::open().await?;
    let mut stream = gateway.live().await?;
    assert_eq!(stream.echo(&long()).await?, long());
    stream.finish().await?;
    assert_eq!(stream.rest().await?, b"");
    assert_eq!(gateway.server.received().len(), long().len() + 5);
    gateway.envoy().counted("downstream.allowed", 1).await?;
    gateway.envoy().counted("upstream.allowed", 1).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_hears_nothing_of_a_client_that_does_not_pass() -> Result<()> {
    let gateway = Gateway::open().await?;
    let clients = &gateway.stage.clients;
    for (client, reason) in [
        (&clients.rogue, "unknown_issuer"),
        (&clients.unpinned, "pin_mismatch"),
    ] {
        gateway
            .refuses(&gateway.stage.client(Some(client))?)
            .await?;
        gateway
            .refuses(&gateway.stage.client_with_tls_1_2(Some(client))?)
            .await?;
        assert_eq!(
            gateway
                .envoy()
                .count(&format!("downstream.denied.{reason}"))
                .await?,
            2
        );
    }
    gateway.refuses(&gateway.stage.client(None)?).await?;
    gateway
        .refuses(&gateway.stage.client_with_tls_1_2(None)?)
        .await?;
    assert_eq!(gateway.server.received(), b"");
    gateway.live().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_name_has_clients_of_its_own() -> Result<()> {
    let mut gateway = Gateway::furnish(b"", "10s").await?;
    gateway
        .start(|recipe| recipe.replace("*.internal.test", "*.test"))
        .await?;
    let clients = gateway.stage.clients.clone();
    let (colleague, partner) = (clients.colleague, clients.partner);
    for (identity, other) in [(&colleague, &partner), (&partner, &colleague)] {
        let client = |identity, named| -> Result<_> {
            let client = gateway.stage.client(Some(identity))?;
            Ok(if named {
                client
            } else {
                client.without_server_name()
            })
        };
        let named = identity.certificate == colleague.certificate;
        let mut stream = gateway.connect_as(&client(identity, named)?).await?;
        assert_eq!(stream.echo(b"hello").await?, b"hello");
        gateway.refuses(&client(other, named)?).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resumed_session_is_decided_about_again() -> Result<()> {
    let gateway = Gateway::open().await?;
    let partner = gateway.stage.clients.partner.clone();
    let stage = &gateway.stage;
    for client in [
        stage.client(Some(&partner))?,
        stage.client_with_tls_1_2(Some(&partner))?,
    ] {
        gateway
            .replace("pinset", "partners", &partner.certificate)
            .await?;
        let allowed = gateway.envoy().count("downstream.allowed").await?;
        until("a resumed session", PATIENCE, async || {
            let mut stream = gateway.connect_as(&client).await?;
            match stream.echo(b"hello").await {
                Ok(heard) => assert_eq!(heard, b"hello"),
                // The pins are not back yet.
                Err(_) => return Ok(None),
            }
            Ok(stream.resumed().then_some(()))
        })
        .await?;
        gateway
            .envoy()
            .counted("downstream.allowed", allowed + 1)
            .await?;

        let other = &gateway.stage.clients.unpinned.certificate;
        gateway.replace("pinset", "partners", other).await?;
        until("a refused resumption", PATIENCE, async || {
            let denied = gateway
                .envoy()
                .count("downstream.denied.pin_mismatch")
                .await?;
            let before = gateway.server.received().len();
            let mut stream = gateway.connect_as(&client).await?;
            let resumed = stream.resumed();
            let answered = stream.echo(b"hello").await.is_ok();
            let refused = gateway
                .envoy()
                .count("downstream.denied.pin_mismatch")
                .await?
                > denied;
            if refused {
                assert!(!answered && gateway.server.received().len() == before);
            }
            Ok((resumed && refused).then_some(()))
        })
        .await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn observing_lets_everybody_go_and_counts() -> Result<()> {
    let mut gateway = Gateway::furnish(b"", "10s").await?;
    gateway
        .start(|recipe| {
            recipe.replace(
                "\"protocol\": \"tcp\",",
                "\"protocol\": \"tcp\", \"mode\": \"observe\",",
            )
        })
        .await?;
    let rogue = gateway.stage.clients.rogue.clone();
    let mut stream = gateway.connect(&rogue).await?;
    assert_eq!(stream.echo(&long()).await?, long());
    assert_eq!(
        gateway
            .envoy()
            .count("downstream.observed.unknown_issuer")
            .await?,
        1
    );
    assert_eq!(gateway.envoy().count("downstream.allowed").await?, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_line_of_the_access_log_explains_a_connection() -> Result<()> {
    let mut gateway = Gateway::furnish(b"", "10s").await?;
    gateway
        .start(|recipe| {
            let noted = recipe.replace("\"startupWait\":", "\"notes\": \"all\", \"startupWait\":");
            noted.replace(
                "cluster: backend\n          # The",
                &format!("cluster: backend\n{ACCESS_LOG}          # The"),
            )
        })
        .await?;
    gateway.live().await?.finish().await?;
    let rogue = gateway.stage.client(Some(&gateway.stage.clients.rogue))?;
    gateway.refuses(&rogue).await?;
    let context = "policy=default tls_context=secret://payments/tlsContexts";
    for said in [
        format!("downstream=[allowed {context}/partner-inbound generation="),
        format!("upstream=[allowed {context}/backend-outbound generation="),
        format!("downstream=[denied code=unknown_issuer {context}/partner-inbound generation="),
    ] {
        until(&said, PATIENCE, async || {
            let log = files::read(gateway.envoy().log())?;
            Ok(log.contains(&said).then_some(()))
        })
        .await?;
    }
    Ok(())
}

const ACCESS_LOG: &str = r#"          access_log:
          - name: envoy.access_loggers.stdout
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog
              log_format:
                text_format_source:
                  inline_string: "downstream=[%FILTER_STATE(wasm.sallyport.downstream:PLAIN)%] upstream=[%FILTER_STATE(wasm.sallyport.upstream:PLAIN)%]\n"
"#;
