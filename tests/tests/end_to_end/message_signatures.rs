//! HTTP message signatures on live traffic, with a library that is not ours at the other end.

use http::Request;
use sallyport_tests::client::{Client, Reply};
use sallyport_tests::demo::{HMAC_KEY, Options, Stage};
use sallyport_tests::envoy::Envoy;
use sallyport_tests::message_signature::now;
use sallyport_tests::signature_peer::made;
use sallyport_tests::{Result, files, program};
use serde_json::{Value, json};

const COMPONENTS: [&str; 4] = ["@method", "@target-uri", "@authority", "content-type"];

/// A request that is to be signed with our key, now, changed by what is given.
fn job(nonce: &str, change: &Value) -> Value {
    let mut job = json!({
        "do": "sign", "method": "POST", "url": "https://gateway.test/signed?order=1", "body": "pay 10",
        "headers": {"content-type": "text/plain"}, "components": COMPONENTS,
        "key": HMAC_KEY, "keyId": "partner", "nonce": nonce, "created": now(), "expires": now() + 60,
    });
    for (field, value) in change.as_object().unwrap() {
        job[field] = value.clone();
    }
    job
}

async fn sends(stage: &mut Stage, client: &Client, headers: &Value, body: &str) -> Result<Reply> {
    let mut request = Request::post("/signed?order=1");
    for (name, value) in headers.as_object().unwrap() {
        request = request.header(name, value.as_str().unwrap());
    }
    let listener = stage.gateway()?.listener();
    client.send(listener, request.body(body.to_owned())?).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_library_signed_is_taken_once_unchanged_and_in_time() -> Result<()> {
    let mut stage = Stage::open(Options {
        recipe: Some("check-callers"),
        ..Options::default()
    })
    .await?;
    let client = stage.client(None)?;
    let none = json!({});
    let over = json!({"created": now() - 200, "expires": now() - 100});
    let other_key = json!({"key": "b3RoZXIta2V5LW90aGVyLWtleS1vdGhlci1rZXktMTI="});
    let less = json!({"components": ["@method", "content-type"]});
    let jobs = json!([
        job("py-1", &none),
        job("py-2", &none),
        job("py-3", &none),
        job("py-4", &over),
        job("py-5", &other_key),
        job("py-6", &less),
        job(
            "py-7",
            &json!({"url": "https://gateway.test/signed?order=2"})
        ),
    ]);
    let signed = made(&jobs).await?;
    let [good, altered, retyped, over, other_key, less, elsewhere] = signed.as_slice() else {
        panic!("{signed:?}")
    };
    let mut retyped = retyped.clone();
    retyped["content-type"] = json!("text/html");
    for (headers, body, verdict) in [
        (good, "pay 10", (200, "")),
        (good, "pay 10", (403, "signature_replayed")),
        (altered, "pay 99", (400, "body_altered")),
        (&retyped, "pay 10", (401, "credential_wrong")),
        (over, "pay 10", (401, "credential_expired")),
        (other_key, "pay 10", (401, "credential_wrong")),
        (less, "pay 10", (403, "caller_refused")),
        (elsewhere, "pay 10", (401, "credential_wrong")),
    ] {
        let reply = sends(&mut stage, &client, headers, body).await?;
        assert_eq!(reply.verdict(), verdict, "{headers}");
    }
    let seen = stage.backend.requests();
    assert_eq!((seen.len(), &*seen[0].body), (1, b"pay 10".as_slice()));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_gateway_signed_the_library_verifies_at_the_server() -> Result<()> {
    let stage = Stage::furnish(Options {
        recipe: Some("sign-s3"),
        ..Options::default()
    })
    .await?;
    let key = ["hmac", "--group", "payments", "--key-file", "hmac.key"];
    let create = ["secret", "create"];
    stage.cli.ok(&[&create[..], &key].concat()).await?;
    let recipe = program::repository().join("envoy/recipes/sign-s3/envoy.yaml");
    let sign = json!({
        "scheme": "signature", "secret": "secret://payments/sharedSecrets/hmac", "keyId": "edge", "tag": "orders",
        "components": COMPONENTS,
    });
    let recipe: String = files::read(&recipe)?
        .lines()
        .map(|line| match line.trim_start().starts_with("\"sign\": ") {
            true => {
                let indent = &line[..line.len() - line.trim_start().len()];
                format!("{indent}\"sign\": {sign},\n")
            }
            false => format!("{line}\n"),
        })
        .collect();
    let configuration = stage.fill(&recipe, &[])?;
    let gateway = Envoy::start(&stage.scratch().directory("envoy")?, &configuration).await?;
    let client = stage.client(None)?;
    for body in ["pay 10", ""] {
        let request = Request::post("/orders?a=1&b=%20")
            .header("content-type", "application/json")
            .header("signature-input", "forged=();keyid=\"x\"")
            .header("signature", "forged=:AAAA:")
            .header("content-digest", "sha-256=:AAAA:")
            .body(body.to_owned())?;
        let reply = client.send(gateway.listener(), request).await?;
        assert_eq!(reply.verdict(), (200, ""));
    }
    let seen = stage.backend.requests();
    let required = [COMPONENTS.as_slice(), &["content-digest"]].concat();
    let jobs = seen.iter().zip(["pay 10", ""]).map(|(seen, body)| {
        assert_eq!(&*seen.body, body.as_bytes());
        let headers = seen.headers.iter();
        let headers: serde_json::Map<_, _> = headers
            .map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap())))
            .collect();
        json!({
            "do": "verify", "method": "POST", "url": format!("https://gateway.test{}", seen.path),
            "headers": headers, "body": body, "key": HMAC_KEY, "tag": "orders",
            "components": required,
        })
    });
    let jobs: Vec<Value> = jobs.collect();
    let mut all = jobs.clone();
    for (pointer, value) in [
        ("/body", json!("pay 99")),
        ("/url", json!("https://gateway.test/orders?a=2")),
        ("/method", json!("PUT")),
        ("/headers/content-type", json!("text/plain")),
        (
            "/headers/content-digest",
            json!("sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"),
        ),
        ("/tag", json!("ledger")),
        (
            "/key",
            json!("b3RoZXIta2V5LW90aGVyLWtleS1vdGhlci1rZXktMTI="),
        ),
    ] {
        let mut changed = jobs[0].clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        all.push(changed);
    }
    let found = made(&json!(all)).await?;
    let (good, bad) = found.split_at(2);
    for one in good {
        assert_eq!(
            one["parameters"],
            json!(["created", "keyid", "nonce", "tag"]),
            "{one}"
        );
        let covered = one["covered"].as_array().unwrap();
        assert_eq!(covered.len(), COMPONENTS.len() + 2, "{one}");
    }
    for one in bad {
        assert!(one["refused"].is_string(), "{one}");
    }
    // No two requests have the same nonce: a server that remembers them refuses what comes again.
    assert_ne!(good[0]["nonce"], good[1]["nonce"]);
    Ok(())
}
