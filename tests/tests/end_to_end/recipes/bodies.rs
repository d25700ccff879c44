//! `encrypt-bodies`: jwcrypto at the other end, as the client and as the partner's server.

use http::{Request, Response};
use sallyport_tests::client::{Client, Reply};
use sallyport_tests::demo::{NEXT_SEALING_KEY, Options, SEALING_KEY, Stage};
use sallyport_tests::envoy::Envoy;
use sallyport_tests::jose::Peer;
use sallyport_tests::upstream::SeenRequest;
use sallyport_tests::wait::{PATIENCE, until};
use sallyport_tests::{Result, files, program, wire};
use serde_json::{Value, json};

use super::{followed_to_the_end, gateway};

const FIRST: Peer<'_> = Peer { key: SEALING_KEY };
const NEXT: Peer<'_> = Peer {
    key: NEXT_SEALING_KEY,
};
const KID: &str = "secret://payments/sharedSecrets/sealing";

fn header() -> Value {
    json!({"alg": "A256KW", "enc": "A256GCM", "cty": "json"})
}

fn post(target: &str, media_type: &str, body: impl Into<String>) -> Result<Request<String>> {
    let request = Request::post(target).header("content-type", media_type);
    Ok(request.body(body.into())?)
}

/// One request on a connection of its own.
async fn sends(stage: &mut Stage, client: &Client, request: Request<String>) -> Result<Reply> {
    let listener = stage.gateway()?.listener();
    client.send(listener, request).await
}

fn answer(body: &str) -> Result<Response<String>> {
    let answer = Response::builder().header("content-type", "application/jose");
    Ok(answer.body(body.to_owned())?)
}

/// The gateway may have no key any more.
async fn remove_grant(stage: &Stage) -> Result<()> {
    let grant = ["--group", "payments", "--gateway", "edge"];
    let remove = [&["grant", "remove", "--yes"][..], &grant].concat();
    stage.cli.ok(&remove).await?;
    Ok(())
}

fn body(seen: &SeenRequest) -> &str {
    std::str::from_utf8(&seen.body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_encrypted_arrives_in_plain_and_a_rotation_keeps_it_readable() -> Result<()> {
    let mut stage = gateway("encrypt-bodies").await?;
    let client = stage.client(None)?;
    let plain = r#"{"pay": 10}"#;
    let message = FIRST.encrypts(&header(), plain).await?;
    let reply = sends(
        &mut stage,
        &client,
        post("/orders", "application/jose", &message)?,
    )
    .await?;
    assert_eq!(reply.verdict(), (200, ""));
    let seen = stage.backend.last_request().unwrap();
    assert_eq!(
        (body(&seen), seen.header("content-type")),
        (plain, "application/json")
    );
    assert_eq!(seen.header("content-length"), "11");

    let listener = stage.gateway()?.listener();
    let request = post("https://gateway.test/orders", "application/jose", &message)?;
    let reply = wire::http2(&client, listener, request).await?;
    assert_eq!(reply.verdict(), (200, ""));
    assert_eq!(body(&stage.backend.last_request().unwrap()), plain);

    // Not one byte of what is not opened goes on.
    let before = stage.backend.requests().len();
    let mut altered = message.clone();
    let last = altered.pop();
    altered.push(if last == Some('A') { 'Q' } else { 'A' });
    let stranger = json!({"alg": "A256KW", "enc": "A256GCM", "kid": "stranger"});
    for sent in [
        altered,
        NEXT.encrypts(&header(), plain).await?,
        FIRST.encrypts(&stranger, plain).await?,
        FIRST
            .encrypts(&json!({"alg": "dir", "enc": "A256GCM"}), plain)
            .await?,
        FIRST
            .encrypts(
                &json!({"alg": "A256KW", "enc": "A256GCM", "zip": "DEF"}),
                plain,
            )
            .await?,
        plain.to_owned(),
    ] {
        let reply = sends(
            &mut stage,
            &client,
            post("/orders", "application/jose", &sent)?,
        )
        .await?;
        assert_eq!(reply.verdict(), (400, "decryption_failed"), "{sent}");
        assert!(!reply.body.contains("pay"));
    }
    let grpc = post("/orders", "application/grpc", &message)?;
    let reply = sends(&mut stage, &client, grpc).await?;
    // Envoy puts the status of an answer to gRPC where its clients look for it.
    assert_eq!(reply.verdict(), (200, "body_unsupported"));
    assert_eq!(reply.header("grpc-status"), "2");
    let encoded = Request::post("/orders").header("content-encoding", "gzip");
    let reply = sends(&mut stage, &client, encoded.body(message.clone())?).await?;
    assert_eq!(reply.verdict(), (415, "body_unsupported"));
    let long = post("/orders", "application/jose", "x".repeat(1_000_001))?;
    let reply = sends(&mut stage, &client, long).await?;
    assert_eq!(reply.verdict(), (413, "body_too_large"));
    assert_eq!(stage.backend.requests().len(), before);

    stage.follow("Rotate").await?;
    let named =
        json!({"alg": "A256KW", "enc": "A256GCM", "cty": "json", "kid": format!("{KID}@2")});
    let next = NEXT.encrypts(&named, plain).await?;
    until("the next key", PATIENCE, async || {
        let reply = sends(
            &mut stage,
            &client,
            post("/orders", "application/jose", &next)?,
        )
        .await?;
        Ok((reply.status == 200).then_some(()))
    })
    .await?;
    let old = json!({"alg": "A256KW", "enc": "A256GCM", "kid": format!("{KID}@1")});
    for message in [message, FIRST.encrypts(&old, plain).await?] {
        until("the first key beside it", PATIENCE, async || {
            let request = post("/orders", "application/jose", &message)?;
            let reply = sends(&mut stage, &client, request).await?;
            Ok((reply.status == 200).then_some(()))
        })
        .await?;
    }
    let gateway = stage.gateway()?;
    gateway
        .stat_becomes("wasmcustom.sallyport.decrypt.previous", 2)
        .await?;
    let log = files::read(gateway.log())?;
    for secret in [SEALING_KEY, NEXT_SEALING_KEY, plain] {
        assert!(!log.contains(secret), "a secret is in Envoy's log");
    }
    followed_to_the_end(&stage);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn single_fields_arrive_in_plain_and_the_text_around_them_as_it_was() -> Result<()> {
    let mut stage = gateway("encrypt-bodies").await?;
    let client = stage.client(None)?;
    let number = FIRST.encrypts(&header(), "\"4111 1111\"").await?;
    let cvc = FIRST.encrypts(&header(), "123").await?;
    let document = |number: &str, cvc: &str| {
        format!("{{\"id\": 1.00, \"card\": {{\"number\": {number}, \"cvc\":{cvc}}}}}\n")
    };
    let sealed = document(&format!("\"{number}\""), &format!("\"{cvc}\""));
    let reply = sends(
        &mut stage,
        &client,
        post("/cards", "application/json", sealed)?,
    )
    .await?;
    assert_eq!(reply.verdict(), (200, ""));
    let seen = stage.backend.last_request().unwrap();
    assert_eq!(body(&seen), document("\"4111 1111\"", "123"));
    assert_eq!(seen.header("content-type"), "application/json");

    for sent in [
        document(&format!("\"{number}\""), "123"),
        format!("{{\"card\":{{\"number\":\"{number}\"}}}}"),
        format!("{{\"card\":{{\"number\":\"{number}\",\"cvc\":\"{cvc}\",\"cvc\":\"{cvc}\"}}}}"),
    ] {
        let reply = sends(
            &mut stage,
            &client,
            post("/cards", "application/json", &sent)?,
        )
        .await?;
        assert_eq!(reply.verdict(), (400, "decryption_failed"), "{sent}");
    }
    assert_eq!(stage.backend.requests().len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_gets_what_only_holders_of_the_key_can_read() -> Result<()> {
    let mut stage = gateway("encrypt-bodies").await?;
    let partner = stage.clients.partner.clone();
    let client = stage.client(Some(&partner))?;
    let sealed = FIRST.encrypts(&header(), r#"{"paid": 10}"#).await?;
    stage.backend.answer_with(answer(&sealed)?);
    let long = format!("{{\"pay\": 10, \"note\": \"{}\"}}", "x".repeat(400_000));
    for plain in ["{\"pay\": 10}", &long] {
        let request = post("/partner", "application/json; charset=utf-8", plain)?;
        let reply = sends(&mut stage, &client, request).await?;
        assert_eq!(reply.verdict(), (200, ""));
        assert_eq!(reply.body, r#"{"paid": 10}"#);
        assert_eq!(reply.header("content-type"), "application/json");
        let seen = stage.backend.last_request().unwrap();
        assert_eq!(seen.header("content-type"), "application/jose");
        assert_eq!(seen.header("content-length"), seen.body.len().to_string());
        let opened = FIRST.decrypts(body(&seen)).await?;
        assert_eq!(opened.plaintext, plain);
        let expected = json!({
            "alg": "A256KW", "enc": "A256GCM", "kid": format!("{KID}@1"), "cty": "json; charset=utf-8",
        });
        assert_eq!(opened.header, expected);
    }

    // In chunks, whose number nobody knew before.
    let listener = stage.gateway()?.listener();
    let sent = "POST /partner HTTP/1.1\r\nhost: gateway.test\r\ncontent-type: text/plain\r\n\
                content-digest: sha-256=:AAAA:\r\ntransfer-encoding: chunked\r\n\r\n\
                4\r\npay \r\n2\r\n10\r\n0\r\n\r\n";
    let (status, _) = wire::bytes(&client, listener, sent.as_bytes()).await?;
    let seen = stage.backend.last_request().unwrap();
    assert_eq!(
        (
            status,
            FIRST.decrypts(body(&seen)).await?.plaintext.as_str()
        ),
        (200, "pay 10")
    );
    assert_eq!(seen.header("content-digest"), "");

    // Rotated, the next message is under the next key; without a key there is no message.
    stage.follow("Rotate").await?;
    until("a message under the next key", PATIENCE, async || {
        sends(
            &mut stage,
            &client,
            post("/partner", "text/plain", "pay 10")?,
        )
        .await?;
        let seen = stage.backend.last_request().unwrap();
        Ok(NEXT.decrypts(body(&seen)).await.ok())
    })
    .await?;
    remove_grant(&stage).await?;
    until("a refusal", PATIENCE, async || {
        let reply = sends(
            &mut stage,
            &client,
            post("/partner", "text/plain", "pay 10")?,
        )
        .await?;
        Ok((reply.status == 503).then_some(()))
    })
    .await?;
    assert!(
        stage
            .backend
            .requests()
            .iter()
            .all(|seen| !body(seen).contains(' '))
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_answers_is_encrypted_for_the_client() -> Result<()> {
    let mut stage = gateway("encrypt-bodies").await?;
    let client = stage.client(None)?;
    let listener = stage.gateway()?.listener();
    for long in [10, 400_000] {
        let plain = format!("{{\"paid\": \"{}\"}}", "1".repeat(long));
        let answer = Response::builder()
            .header("content-type", "application/json")
            .header("etag", "\"v1\"");
        stage.backend.answer_with(answer.body(plain.clone())?);
        let request = Request::get("https://gateway.test/orders").header("range", "bytes=0-3");
        for reply in [
            client.get(listener, "/orders").await?,
            wire::http2(&client, listener, request.body(String::new())?).await?,
        ] {
            assert_eq!(reply.verdict(), (200, ""));
            assert_eq!(reply.header("content-type"), "application/jose");
            assert_eq!(reply.header("content-length"), reply.body.len().to_string());
            assert_eq!(reply.header("etag"), "");
            let opened = FIRST.decrypts(&reply.body).await?;
            assert_eq!(opened.plaintext, plain);
            assert_eq!(opened.header["kid"], format!("{KID}@1"));
            assert_eq!(opened.header["cty"], "json");
        }
    }
    let seen = stage.backend.last_request().unwrap();
    assert_eq!(
        (seen.header("range"), seen.header("accept-encoding")),
        ("", "identity")
    );

    let head = Request::head("/orders").body(String::new())?;
    let reply = sends(&mut stage, &client, head).await?;
    assert_eq!((reply.verdict(), reply.body.as_str()), ((200, ""), ""));
    assert_eq!(
        (reply.header("content-length"), reply.header("etag")),
        ("", "")
    );

    for (name, value, body, verdict) in [
        ("x-nothing", "", String::new(), (200, "")),
        (
            "content-type",
            "text/event-stream",
            "data: paid\n\n".to_owned(),
            (502, "response_unsupported"),
        ),
        (
            "content-encoding",
            "gzip",
            "paid".to_owned(),
            (502, "response_unsupported"),
        ),
        (
            "x-long",
            "",
            "paid ".repeat(200_001),
            (502, "response_too_large"),
        ),
    ] {
        let answer = Response::builder().header(name, value);
        stage.backend.answer_with(answer.body(body)?);
        let reply = client.get(listener, "/orders").await?;
        assert_eq!(reply.verdict(), verdict, "{name}");
        assert!(!reply.body.contains("paid"));
    }

    // A refusal of the gateway itself is for everybody to read, an answer of Envoy in place of the server is not.
    let reply = sends(
        &mut stage,
        &client,
        post("/orders", "application/jose", "plain")?,
    )
    .await?;
    assert!(
        reply.body.contains("\"error\":\"decryption_failed\""),
        "{}",
        reply.body
    );
    let unsent = stage.backend.requests().len();
    let nowhere = client.get(listener, "/nowhere").await?;
    assert_eq!(nowhere.status, 404);
    assert!(
        FIRST
            .decrypts(&nowhere.body)
            .await?
            .plaintext
            .contains("nowhere")
    );
    assert_eq!(stage.backend.requests().len(), unsent);

    stage.follow("Rotate").await?;
    let plain = "{\"paid\": 10}";
    stage.backend.answer_with(Response::new(plain));
    until("an answer under the next key", PATIENCE, async || {
        let reply = client.get(listener, "/orders").await?;
        let opened = NEXT.decrypts(&reply.body).await.ok();
        Ok(opened.filter(|opened| opened.plaintext == plain))
    })
    .await?;
    remove_grant(&stage).await?;
    until("a refusal", PATIENCE, async || {
        let reply = client.get(listener, "/orders").await?;
        assert!(!reply.body.contains("paid"));
        Ok((reply.status == 503).then_some(()))
    })
    .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_partner_did_not_encrypt_for_us_does_not_reach_the_client() -> Result<()> {
    let mut stage = gateway("encrypt-bodies").await?;
    let partner = stage.clients.partner.clone();
    let client = stage.client(Some(&partner))?;
    let mut altered = FIRST.encrypts(&header(), "paid 10").await?;
    let last = altered.pop();
    altered.push(if last == Some('A') { 'Q' } else { 'A' });
    for sent in [
        altered,
        NEXT.encrypts(&header(), "paid 10").await?,
        "paid 10".to_owned(),
    ] {
        stage.backend.answer_with(answer(&sent)?);
        let reply = sends(
            &mut stage,
            &client,
            post("/partner", "text/plain", "pay 10")?,
        )
        .await?;
        assert_eq!(reply.verdict(), (502, "response_decryption_failed"));
        assert!(!reply.body.contains("paid") && !reply.body.contains(&sent[..20.min(sent.len())]));
    }
    let gateway = stage.gateway()?;
    let name = "wasmcustom.sallyport.upstream.denied.response_decryption_failed";
    gateway.stat_becomes(name, 3).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_that_is_not_told_of_responses_does_not_start_with_a_policy_for_them() -> Result<()>
{
    let (without, told) = (program::filter_wasm()?, program::filter_responses_wasm()?);
    if without == told {
        // What was only built, and not made to be shipped, is told of everything.
        return Ok(());
    }
    let stage = Stage::furnish(Options {
        recipe: Some("encrypt-bodies"),
        ..Options::default()
    })
    .await?;
    let configuration = stage.envoy_configuration()?;
    let configuration = configuration.replace(&*told.to_string_lossy(), &without.to_string_lossy());
    let directory = stage.scratch().directory("envoy")?;
    assert!(Envoy::start(&directory, &configuration).await.is_err());
    let log = files::read(&directory.join("envoy.log"))?;
    assert!(
        log.contains("responses are for filter-responses.wasm"),
        "{log}"
    );
    Ok(())
}
