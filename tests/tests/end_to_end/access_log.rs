//! What one line of Envoy's access log tells of a decision, and what its statistics are tagged with.

use std::path::Path;

use http::StatusCode;
use sallyport_tests::demo::{Options, Stage};
use sallyport_tests::wait::{PATIENCE, until};
use sallyport_tests::{Result, files};

#[tokio::test(flavor = "multi_thread")]
async fn one_line_of_the_access_log_explains_a_refusal_on_either_side() -> Result<()> {
    let mut stage = Stage::open(Options::default()).await?;
    let listener = stage.gateway()?.listener();
    let (partner, rogue) = (stage.clients.partner.clone(), stage.clients.rogue.clone());
    let client = stage.client(Some(&partner))?;
    let stranger = stage.client(Some(&rogue))?;
    for (client, path, status) in [
        (&client, "/allowed?key=hidden", StatusCode::OK),
        (&client, "/impostor", StatusCode::BAD_GATEWAY),
        (&stranger, "/refused", StatusCode::FORBIDDEN),
    ] {
        assert_eq!(client.get(listener, path).await?.status, status, "{path}");
    }
    let log = stage.gateway()?.log().to_owned();
    let context = "tls_context=secret://payments/tlsContexts";

    let line = line_about(&log, "/allowed").await?;
    assert!(!line.contains("hidden"), "{line}");
    let downstream = format!("downstream=[allowed policy=default {context}/partner-inbound ");
    assert!(line.contains(&downstream), "{line}");
    let upstream = format!("upstream=[allowed policy=default {context}/backend-outbound ");
    assert!(line.contains(&upstream), "{line}");

    let line = line_about(&log, "/impostor").await?;
    assert!(
        line.contains(" 502 sallyport_upstream_pin_mismatch "),
        "{line}"
    );
    let denied =
        format!("upstream=[denied code=pin_mismatch policy=default {context}/backend-outbound ");
    assert!(line.contains(&denied), "{line}");

    let line = line_about(&log, "/refused").await?;
    assert!(
        line.contains(" 403 sallyport_downstream_unknown_issuer "),
        "{line}"
    );
    let denied =
        format!("downstream=[denied code=unknown_issuer policy=default {context}/partner-inbound ");
    assert!(line.contains(&denied), "{line}");
    assert!(
        line.contains("sha256=") && line.contains("subject=\"O=Sallyport demo,CN=partner-app\""),
        "{line}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_access_log_names_the_versions_that_were_used() -> Result<()> {
    let mut stage = Stage::open(Options::default()).await?;
    let listener = stage.gateway()?.listener();
    let client = stage.client(Some(&stage.clients.partner))?;
    assert_eq!(client.get(listener, "/first").await?.status, StatusCode::OK);
    let log = stage.gateway()?.log().to_owned();
    let line = line_about(&log, "/first").await?;
    let [context, trusted] = ["tlsContexts/partner-inbound", "truststores/partners"]
        .map(|secret| format!("secret://payments/{secret}@1"));
    assert!(
        line.contains(&format!(" material={context},{trusted},")),
        "{line}"
    );
    let credential = |version: u64| format!(",secret://payments/sharedSecrets/backend@{version}");
    assert!(line.contains(&credential(1)), "{line}");

    stage.rotate("demo-password-in-the-log").await?;
    until("the next version in a line", PATIENCE, async || {
        client.get(listener, "/rotated").await?;
        let text = files::read(&log)?;
        let mut lines = text.lines().filter(|line| line.contains(" GET /rotated "));
        Ok(lines
            .any(|line| line.contains(&credential(2)))
            .then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_gets_side_reason_and_role_as_tags() -> Result<()> {
    let mut stage = Stage::open(Options::default()).await?;
    let listener = stage.gateway()?.listener();
    let (partner, rogue) = (stage.clients.partner.clone(), stage.clients.rogue.clone());
    for (identity, path, status) in [
        (&partner, "/", StatusCode::OK),
        (&partner, "/impostor", StatusCode::BAD_GATEWAY),
        (&rogue, "/", StatusCode::FORBIDDEN),
    ] {
        let client = stage.client(Some(identity))?;
        assert_eq!(client.get(listener, path).await?.status, status, "{path}");
    }
    for (side, requests) in [("downstream", 2), ("upstream", 1)] {
        let allowed = format!("wasmcustom.sallyport.{side}.allowed");
        stage.gateway()?.stat_becomes(&allowed, requests).await?;
    }
    let (_, text) = stage.gateway()?.admin().get("/stats/prometheus").await?;
    let ours: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("sallyport_"))
        .collect();
    for wanted in [
        r#"sallyport_allowed{sallyport_side="downstream"} 2"#,
        r#"sallyport_allowed{sallyport_side="upstream"} 1"#,
        r#"sallyport_denied{sallyport_side="downstream",sallyport_reason="unknown_issuer"} 1"#,
        r#"sallyport_denied{sallyport_side="upstream",sallyport_reason="pin_mismatch"} 1"#,
        r#"sallyport_pinned{sallyport_side="upstream",sallyport_role="active"} 1"#,
    ] {
        assert!(ours.contains(&wanted), "{wanted} is not in {ours:#?}");
    }
    Ok(())
}

/// The line of the access log about a path; Envoy writes it a little after the answer.
async fn line_about(log: &Path, path: &str) -> Result<String> {
    let about = format!(" GET {path} ");
    until("a line of the access log", PATIENCE, async || {
        let text = files::read(log)?;
        let mut lines = text.lines();
        Ok(lines.find(|line| line.contains(&about)).map(str::to_owned))
    })
    .await
}
