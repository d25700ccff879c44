//! `check-callers`: who called, by what it shows.

use http::Request;
use sallyport_tests::client::{Client, Reply};
use sallyport_tests::demo::{FIRST_PASSWORD, HMAC_KEY, NEXT_PASSWORD, Stage, basic};
use sallyport_tests::message_signature::{now, signed, token};
use sallyport_tests::wait::{PATIENCE, until};
use sallyport_tests::{Result, files};

use super::{followed_to_the_end, gateway};

const USER: &str = "partner-app";

/// One request on a connection of its own.
async fn sends(
    stage: &mut Stage,
    client: &Client,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Reply> {
    let method = if body.is_empty() { "GET" } else { "POST" };
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let listener = stage.gateway()?.listener();
    client.send(listener, request.body(body.to_vec())?).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_or_a_key_admits_and_the_upstream_learns_who_called() -> Result<()> {
    let mut stage = gateway("check-callers").await?;
    let client = stage.client(None)?;
    let first = basic(USER, FIRST_PASSWORD);
    let wrong = basic(USER, "wrong");
    for (headers, verdict) in [
        (vec![], (401, "credential_absent")),
        (
            vec![("authorization", wrong.as_str())],
            (401, "credential_wrong"),
        ),
        (
            vec![
                ("authorization", first.as_str()),
                ("authorization", first.as_str()),
            ],
            // Envoy makes one line of both.
            (401, "credential_malformed"),
        ),
        (vec![("x-api-key", "wrong")], (401, "credential_wrong")),
        (
            vec![("x-api-key", HMAC_KEY), ("x-api-key", "wrong")],
            (400, "credential_ambiguous"),
        ),
    ] {
        let reply = sends(&mut stage, &client, "/orders", &headers, b"").await?;
        assert_eq!(reply.verdict(), verdict);
        let challenge = r#"Basic realm="orders", charset="UTF-8", ApiKey realm="orders""#;
        let expected = if verdict.0 == 401 { challenge } else { "" };
        assert_eq!(reply.header("www-authenticate"), expected);
    }
    assert!(stage.backend.requests().is_empty());

    for (name, value, caller) in [
        ("authorization", first.as_str(), USER),
        ("x-api-key", HMAC_KEY, "partner-key"),
    ] {
        let headers = [(name, value), ("x-caller", "root"), ("X-Caller", "admin")];
        let reply = sends(&mut stage, &client, "/orders", &headers, b"").await?;
        assert_eq!(reply.verdict(), (200, ""));
        let seen = stage.backend.last_request().unwrap();
        let callers: Vec<_> = seen.headers.get_all("x-caller").iter().collect();
        assert_eq!(callers, [caller]);
        assert!(!seen.headers.contains_key(name), "{name}");
    }

    stage.follow("Rotate").await?;
    let next = basic(USER, NEXT_PASSWORD);
    until("the next password", PATIENCE, async || {
        let headers = [("authorization", next.as_str())];
        let reply = sends(&mut stage, &client, "/orders", &headers, b"").await?;
        Ok((reply.verdict() == (200, "")).then_some(()))
    })
    .await?;
    let headers = [("authorization", first.as_str())];
    until("the first password beside it", PATIENCE, async || {
        let reply = sends(&mut stage, &client, "/orders", &headers, b"").await?;
        Ok((reply.verdict() == (200, "")).then_some(()))
    })
    .await?;
    stage
        .gateway()?
        .stat_becomes("wasmcustom.sallyport.check.api_key.current", 1)
        .await?;
    let log = files::read(stage.gateway()?.log())?;
    for secret in [
        FIRST_PASSWORD,
        NEXT_PASSWORD,
        HMAC_KEY,
        first.as_str(),
        next.as_str(),
    ] {
        assert!(!log.contains(secret), "a secret is in Envoy's log");
    }
    followed_to_the_end(&stage);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_believed_for_its_issuer_audience_and_time_only() -> Result<()> {
    let mut stage = gateway("check-callers").await?;
    let client = stage.client(None)?;
    let header = r#"{"alg":"HS256","typ":"JWT"}"#;
    let claims = |audience: &str, ends: u64| {
        format!(
            r#"{{"iss":"https://idp.test","aud":"{audience}","sub":"alice","tenant":"acme","exp":{ends}}}"#
        )
    };
    let good = claims("orders", now() + 60);
    for (token, verdict) in [
        (token(r#"{"alg":"none"}"#, &good), (401, "credential_wrong")),
        (
            token(r#"{"alg":"HS512"}"#, &good),
            (401, "credential_wrong"),
        ),
        (
            token(header, &claims("ledger", now() + 60)),
            (403, "caller_refused"),
        ),
        (
            token(header, &claims("orders", now() - 120)),
            (401, "credential_expired"),
        ),
        (token(header, &good) + "!", (401, "credential_malformed")),
        (token(header, &good), (200, "")),
    ] {
        let headers = [("authorization", token.as_str()), ("x-tenant", "root")];
        let reply = sends(&mut stage, &client, "/tokens", &headers, b"").await?;
        assert_eq!(reply.verdict(), verdict, "{token}");
    }
    let seen = stage.backend.last_request().unwrap();
    assert_eq!(stage.backend.requests().len(), 1);
    assert_eq!(
        (seen.header("x-caller"), seen.header("x-tenant")),
        ("alice", "acme")
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_body_arrives_whole_once_and_unchanged() -> Result<()> {
    let mut stage = gateway("check-callers").await?;
    let client = stage.client(None)?;
    let long = vec![b'x'; 60_000];
    let too_long = vec![b'x'; 70_000];
    for (nonce, signed_body, body, verdict) in [
        ("n1", b"pay 10".as_slice(), b"pay 10".as_slice(), (200, "")),
        ("n1", b"pay 10", b"pay 10", (403, "signature_replayed")),
        ("n2", b"pay 10", b"pay 99", (400, "body_altered")),
        ("n2", b"pay 10", b"pay 10", (200, "")),
        ("n3", &long, &long, (200, "")),
        ("n4", &too_long, &too_long, (413, "body_too_large")),
    ] {
        let lines = signed("/signed", nonce, signed_body);
        let lines: Vec<_> = lines
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let reply = sends(&mut stage, &client, "/signed", &lines, body).await?;
        assert_eq!(reply.verdict(), verdict, "{nonce}");
    }
    let lengths: Vec<_> = stage
        .backend
        .requests()
        .iter()
        .map(|seen| seen.body.len())
        .collect();
    assert_eq!(lengths, [6, 6, 60_000]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn where_both_are_asked_for_neither_is_enough() -> Result<()> {
    let mut stage = gateway("check-callers").await?;
    let clients = stage.clients.clone();
    let credential = basic(USER, FIRST_PASSWORD);
    let shown = [("authorization", credential.as_str())];
    for (identity, headers, verdict) in [
        (None, shown.as_slice(), (403, "certificate_missing")),
        (Some(&clients.rogue), &shown, (403, "unknown_issuer")),
        (Some(&clients.partner), &[], (401, "credential_absent")),
        (Some(&clients.partner), &shown, (200, "")),
    ] {
        let client = stage.client(identity)?;
        for _ in 0..2 {
            let reply = sends(&mut stage, &client, "/both", headers, b"").await?;
            assert_eq!(reply.verdict(), verdict);
        }
    }
    Ok(())
}

/// The head of a request whose body comes in chunks.
fn chunked_head(nonce: &str, body: &[u8]) -> String {
    let mut head = "POST /signed HTTP/1.1\r\nhost: gateway.test\r\n".to_owned();
    for (name, value) in signed("/signed", nonce, body) {
        head += &format!("{name}: {value}\r\n");
    }
    head + "transfer-encoding: chunked\r\nconnection: close\r\n\r\n"
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_in_chunks_arrives_whole_or_not_at_all() -> Result<()> {
    let mut stage = gateway("check-callers").await?;
    let client = stage.client(None)?;
    let listener = stage.gateway()?.listener();
    let mut stream = client.connect_bytes(listener).await?;
    stream
        .send(chunked_head("c1", b"pay 10").as_bytes())
        .await?;
    for chunk in ["3\r\npay\r\n", "3\r\n 10\r\n", "0\r\n\r\n"] {
        assert!(stage.backend.requests().is_empty(), "before {chunk:?}");
        stream.send(chunk.as_bytes()).await?;
    }
    let reply = String::from_utf8_lossy(&stream.rest().await?).into_owned();
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    assert_eq!(stage.backend.last_request().unwrap().body.len(), 6);

    // A client that hangs up leaves nothing behind; one that waits for ever is answered.
    let mut gone = client.connect_bytes(listener).await?;
    gone.send(chunked_head("c2", b"pay 10").as_bytes()).await?;
    gone.send(b"3\r\npay\r\n").await?;
    drop(gone);
    let mut silent = client.connect_bytes(listener).await?;
    silent
        .send(chunked_head("c3", b"pay 10").as_bytes())
        .await?;
    silent.send(b"3\r\npay\r\n").await?;
    let reply = String::from_utf8_lossy(&silent.rest().await?).into_owned();
    assert!(reply.starts_with("HTTP/1.1 408"), "{reply}");
    assert!(reply.contains("body_timeout"), "{reply}");
    assert_eq!(stage.backend.requests().len(), 1);
    Ok(())
}
