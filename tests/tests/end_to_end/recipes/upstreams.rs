//! `pin-upstream`, `inject-credentials`: which server gets a request, and a credential.

use sallyport_tests::Result;
use sallyport_tests::client::get;
use sallyport_tests::demo::{NEXT_PASSWORD, USERNAME, basic};
use sallyport_tests::pki::Authority;
use sallyport_tests::wait::{PATIENCE, until};

use super::{followed_to_the_end, gateway, gets, sends_the_next_password};

#[tokio::test(flavor = "multi_thread")]
async fn only_servers_with_a_pinned_key_get_requests() -> Result<()> {
    let mut stage = gateway("pin-upstream").await?;
    gets(&mut stage, None, "/", (200, "")).await?;
    gets(&mut stage, None, "/impostor", (502, "pin_mismatch")).await?;
    stage.impostor.reached().await?;
    assert_eq!(stage.impostor.received_bytes(), 0);

    let listener = stage.gateway()?.listener();
    let mut connection = stage.client(None)?.connect(listener).await?;
    stage.follow("Announce the next key").await?;
    connection.ends_with("/impostor", (200, "")).await?;
    connection.ends_with("/", (200, "")).await?;
    stage.follow("Drop the old key").await?;
    connection.ends_with("/", (502, "pin_mismatch")).await?;
    connection.ends_with("/impostor", (200, "")).await?;
    followed_to_the_end(&stage);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_envoy_does_not_trust_gets_no_connection() -> Result<()> {
    let mut stage = gateway("pin-upstream").await?;
    let stranger = Authority::root("Rogue CA")?.server("backend.test")?;
    stage.backend.present(&stranger)?;
    gets(&mut stage, None, "/", (503, "")).await?;
    assert_eq!(stage.backend.received_bytes(), 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_stand_in_query_cookie_and_header_and_the_clients_do_not() -> Result<()> {
    let mut stage = gateway("inject-anywhere").await?;
    let listener = stage.gateway()?.listener();
    let mut connection = stage.client(None)?.connect(listener).await?;
    let key = stage.password().to_owned();
    for (target, tenant) in [
        ("/orders?a=1&key=forged&%6Bey=x", None),
        ("/orders?a=1", Some("mine")),
    ] {
        let mut request = get(target)?;
        for (name, value) in [
            ("authorization", Some("forged")),
            ("cookie", Some("a=1; session=forged; b=2")),
            ("x-tenant-token", tenant),
        ] {
            if let Some(value) = value {
                let value = value.parse().map_err(http::Error::from)?;
                request.headers_mut().insert(name, value);
            }
        }
        assert_eq!(connection.send(request).await?.verdict(), (200, ""));
        let seen = stage.backend.last_request().unwrap();
        assert_eq!(seen.path, format!("/orders?a=1&key={key}"));
        assert_eq!(seen.header("cookie"), "a=1; b=2; session=demo-session-4be1");
        assert_eq!(seen.header("authorization"), "Bearer demo-token-77c0");
        assert_eq!(seen.header("x-tenant-token"), tenant.unwrap_or_default());
    }
    stage.follow("Rotate").await?;
    until("the next password", PATIENCE, async || {
        connection.get("/rotated").await?;
        let seen = stage.backend.last_request();
        Ok(seen.filter(|seen| seen.path == format!("/rotated?key={NEXT_PASSWORD}")))
    })
    .await?;
    gets(
        &mut stage,
        None,
        "/impostor?key=forged",
        (502, "pin_mismatch"),
    )
    .await?;
    followed_to_the_end(&stage);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pinned_server_gets_the_credential_and_no_other_does() -> Result<()> {
    let mut stage = gateway("inject-credentials").await?;
    gets(&mut stage, None, "/impostor", (502, "pin_mismatch")).await?;
    assert_eq!(stage.impostor.received_bytes(), 0);

    let listener = stage.gateway()?.listener();
    let mut connection = stage.client(None)?.connect(listener).await?;
    let mut request = get("/")?;
    for name in ["authorization", "x-api-key"] {
        let forged = "forged".parse().map_err(http::Error::from)?;
        request.headers_mut().insert(name, forged);
    }
    assert_eq!(connection.send(request).await?.verdict(), (200, ""));
    let seen = stage.backend.last_request().unwrap();
    for (name, value) in [
        ("authorization", basic(USERNAME, stage.password())),
        ("x-api-key", format!("key {}", stage.password())),
    ] {
        let sent: Vec<_> = seen.headers.get_all(name).iter().collect();
        assert_eq!(sent, [value.as_str()], "{name}");
    }

    stage.follow("Rotate").await?;
    sends_the_next_password(&stage, &mut connection).await?;
    followed_to_the_end(&stage);
    Ok(())
}
