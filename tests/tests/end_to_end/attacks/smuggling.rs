//! E7, outgoing: a client that wants its own value, or a second one, in the header with the credential, or
//! wants the credential sent elsewhere.

use http::{HeaderName, HeaderValue, Request};
use sallyport_tests::Result;
use sallyport_tests::demo::{Stage, USERNAME, basic};
use sallyport_tests::wire;

use super::{furnished, gateway, unharmed};

/// Each request that reached the backend carries the credentials, once, and nothing that looks like them.
fn only_ours(stage: &Stage, what: &str) {
    let password = stage.password();
    let ours = [
        ("authorization", basic(USERNAME, password)),
        ("x-api-key", format!("key {password}")),
    ];
    for seen in stage.backend.requests() {
        for (name, value) in &ours {
            let sent: Vec<_> = seen.headers.get_all(*name).iter().collect();
            assert_eq!(sent, [value.as_str()], "{what}");
        }
        for (name, value) in &seen.headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            assert!(!value.contains("forged"), "{what}: {name}: {value}");
        }
    }
    assert_eq!(stage.impostor.received_bytes(), 0, "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_spelling_of_a_header_gets_past_the_injected_one() -> Result<()> {
    let stage = furnished("inject-credentials").await?;
    let mut gateway = gateway(&stage, &[]).await?;
    let client = stage.client(None)?;
    let head = "POST / HTTP/1.1\r\nhost: gateway.test\r\nconnection: close\r\n";
    let empty = "content-length: 0\r\n\r\n";
    for (fields, passes) in [
        ("AUTHORIZATION: forged\r\nX-Api-Key: forged\r\n", true),
        (
            "Authorization: forged\r\nauthorization: forged\r\naUtHoRiZaTiOn: forged\r\nx-api-key: forged\r\nX-API-KEY: forged\r\n",
            true,
        ),
        ("authorization:forged\r\nx-api-key:\tforged\r\n", true),
        (
            "connection: authorization, x-api-key\r\nauthorization: forged\r\n",
            true,
        ),
        ("te: trailers\r\ntrailer: authorization\r\n", true),
        ("authorization : forged\r\n", false),
        ("x: y\r\n authorization: folded\r\n", true),
        ("x_api_key: forged\r\n", false),
        ("x-api-key\0: forged\r\n", false),
        ("\0authorization: forged\r\n", false),
        ("authorization: a\nx-api-key: forged\r\n", true),
    ] {
        let sent = format!("{head}{fields}{empty}");
        let (status, _) = wire::bytes(&client, gateway.listener(), sent.as_bytes()).await?;
        let expected = if passes { 200..=200 } else { 400..=400 };
        assert!(expected.contains(&status), "{status}: {fields:?}");
        only_ours(&stage, fields);
    }
    // In the trailers of a chunked body, and in a second request hidden in the first.
    for (rest, statuses) in [
        (
            "transfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nauthorization: forged\r\nx-api-key: forged\r\n\r\n",
            [200, 200],
        ),
        (
            "content-length: 6\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /impostor HTTP/1.1\r\nauthorization: forged\r\n\r\n",
            [400, 400],
        ),
        (
            "content-length: 5\r\ncontent-length: 6\r\n\r\nabcdef",
            [400, 400],
        ),
        ("transfer-encoding: xchunked\r\n\r\n0\r\n\r\n", [400, 501]),
    ] {
        let sent = format!("{head}{rest}");
        let (status, _) = wire::bytes(&client, gateway.listener(), sent.as_bytes()).await?;
        assert!(statuses.contains(&status), "{status}: {rest:?}");
        only_ours(&stage, rest);
    }
    unharmed(&mut gateway).await
}

#[tokio::test(flavor = "multi_thread")]
async fn http_2_gets_no_further() -> Result<()> {
    let stage = furnished("inject-credentials").await?;
    let mut gateway = gateway(&stage, &[]).await?;
    let client = stage.client(None)?;
    let mut request = Request::post("https://gateway.test/two").body("a".to_owned())?;
    for name in ["authorization", "x-api-key"] {
        for value in ["forged", "", "forged, forged"] {
            let name = HeaderName::from_static(name);
            request
                .headers_mut()
                .append(name, HeaderValue::from_static(value));
        }
    }
    let reply = wire::http2(&client, gateway.listener(), request).await?;
    assert_eq!(reply.status.as_u16(), 200);
    only_ours(&stage, "duplicates");

    let request = Request::get("https://gateway.test/impostor").body(String::new())?;
    let reply = wire::http2(&client, gateway.listener(), request).await?;
    assert_eq!(reply.verdict(), (502, "pin_mismatch"));
    only_ours(&stage, "elsewhere");
    unharmed(&mut gateway).await
}

#[tokio::test(flavor = "multi_thread")]
async fn large_headers_do_not_push_the_credential_out() -> Result<()> {
    let stage = furnished("inject-credentials").await?;
    let mut gateway = gateway(&stage, &[]).await?;
    let client = stage.client(None)?;
    for (name, count, length) in [
        ("a", 1, 50_000),
        ("authorization", 1, 50_000),
        ("x", 90, 500),
        ("x", 1, 70_000),
    ] {
        let field = format!("{name}: {}\r\n", "f".repeat(length));
        let sent = format!(
            "GET /large HTTP/1.1\r\nhost: gateway.test\r\nconnection: close\r\n{}\r\n",
            field.repeat(count)
        );
        let (status, _) = wire::bytes(&client, gateway.listener(), sent.as_bytes()).await?;
        let too_large = count * length > 60 * 1024;
        assert_eq!(
            status,
            if too_large { 431 } else { 200 },
            "{name} {count} {length}"
        );
        only_ours(&stage, name);
    }
    unharmed(&mut gateway).await
}
