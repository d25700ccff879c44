//! The edge of the public door, over real TLS connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use http_body_util::{Full, StreamBody};
use hyper::body::Frame;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use sallyport_vault::http::listener::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::listening::{Answer, Listening, only, plenty, rest};
use crate::vault::Vault;

const TOKEN: &str = "/accounts/api/v2/oauth2/token";

async fn door(vault: &Vault) -> Listening {
    Listening::open(vault.routes(), plenty(), Limits::PUBLIC).await
}

fn post(path: &str, content_type: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    Request::post(path)
        .header("content-type", content_type)
        .body(Full::new(body.into()))
        .unwrap()
}

#[tokio::test]
async fn over_its_quota_a_client_is_told_so_before_its_body_is_read() {
    let vault = Vault::new().await;
    let door = Listening::open(vault.routes(), only(1), Limits::PUBLIC).await;
    assert_eq!(door.get("/livez").await.status, StatusCode::OK);

    // A server that wants the body says "100 Continue" first; this body never comes.
    let answer = door
        .send(
            format!(
                "POST {TOKEN} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                 Content-Length: 1000000\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
            )
            .as_bytes(),
        )
        .await;
    assert!(answer.starts_with("HTTP/1.1 429 "), "{answer}");
    assert!(answer.contains("\r\nretry-after: 3"), "{answer}");
    assert!(answer.contains(r#""name":"Too Many Requests""#), "{answer}");
}

#[tokio::test]
async fn an_answer_that_comes_before_the_end_of_a_body_is_not_lost() {
    let vault = Vault::new().await;
    let door = Listening::open(vault.routes(), only(2), Limits::PUBLIC).await;
    for (path, status) in [("/api/v1/me", "405 "), (TOKEN, "413 "), (TOKEN, "429 ")] {
        let mut request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: 8000000\r\n\r\n"
        );
        request.push_str(&"x".repeat(8_000_000));
        let answer = door.send(request.as_bytes()).await;
        let start = format!("HTTP/1.1 {status}");
        assert!(answer.starts_with(&start), "{path}: {answer}");
    }
}

#[tokio::test]
async fn over_http2_the_rest_of_a_body_is_let_in_before_the_stream_of_an_early_answer_ends() {
    const CHUNKS: usize = 500;
    let vault = Vault::new().await;
    let door = Listening::open(vault.routes(), only(2), Limits::PUBLIC).await;
    for (path, status) in [("/api/v1/me", 405), (TOKEN, 413), (TOKEN, 429)] {
        let left = Arc::new(AtomicUsize::new(CHUNKS));
        let chunk = Bytes::from(vec![b'x'; 16 * 1024]);
        let counter = Arc::clone(&left);
        let chunks = futures_util::stream::unfold(chunk, move |chunk| {
            let counter = Arc::clone(&counter);
            async move {
                counter
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                        left.checked_sub(1)
                    })
                    .ok()
                    .map(|_| (Ok::<_, std::io::Error>(Frame::data(chunk.clone())), chunk))
            }
        });
        let request = Request::post(format!("https://localhost{path}"))
            .header("content-type", "application/json")
            .body(StreamBody::new(Box::pin(chunks)))
            .unwrap();
        let answer = door.ask_http2(request).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(!answer.body.is_empty(), "{path}");
        assert_eq!(left.load(Ordering::Relaxed), 0, "{path}");
    }
}

#[tokio::test]
async fn one_client_has_one_quota_however_it_spells_its_request() {
    let vault = Vault::new().await;
    let door = Listening::open(vault.routes(), only(3), Limits::PUBLIC).await;
    for path in ["/livez", "//livez", "/%6civez"] {
        assert_ne!(
            door.get(path).await.status,
            StatusCode::TOO_MANY_REQUESTS,
            "{path}"
        );
    }
    let empty = || Full::<Bytes>::default();
    for request in [
        Request::get("/livez").body(empty()).unwrap(),
        Request::get("/LIVEZ/").body(empty()).unwrap(),
        Request::get("/livez")
            .header("x-forwarded-for", "192.0.2.1, 192.0.2.2")
            .header("forwarded", "for=192.0.2.3")
            .header("x-real-ip", "192.0.2.4")
            .body(empty())
            .unwrap(),
        post(TOKEN, "application/json", "{}"),
        post(TOKEN, "multipart/form-data; boundary=x", "--x--"),
        Request::post(TOKEN).body(empty()).unwrap(),
        Request::get("/api/v1/me")
            .header("authorization", "Bearer whatever")
            .body(empty())
            .unwrap(),
    ] {
        let shown = format!("{request:?}");
        let answer = door.ask(request).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{shown}");
        assert!(answer.header("retry-after").is_some());
    }
    let request = Request::get("https://localhost/livez").body(empty());
    let answer = door.ask_http2(request.unwrap()).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    let problem = answer.json();
    assert_eq!(problem["code"], "too_many_requests");
    assert_eq!(problem["requestId"], answer.header("x-request-id").unwrap());
}

#[tokio::test]
async fn every_answer_has_the_headers_and_the_shape_of_its_path() {
    let vault = Vault::new().await;
    let door = door(&vault).await;
    let organization = vault.scope.organization;
    let own = format!("/api/v1/organizations/{organization}/environments/x/gateways");
    let anypoint =
        format!("/secrets-manager/api/v1/organizations/{organization}/environments/x/secretGroups");
    let delete = |path: &str| Request::delete(path).body(Full::default()).unwrap();

    let check = |answer: Answer, status: u16, problem: bool| {
        assert_eq!(answer.status, status, "{answer:?}");
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("strict-transport-security", "max-age=31536000"),
            ("content-security-policy", "default-src 'none'"),
            ("referrer-policy", "no-referrer"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{answer:?}");
        }
        assert_eq!(answer.header("server"), None);
        let id = answer.header("x-request-id").unwrap();
        let body = answer.json();
        if problem {
            let content_type = answer.header("content-type");
            assert_eq!(content_type, Some("application/problem+json"));
            assert_eq!(body["status"], status);
            assert_eq!(body["requestId"], id);
        } else {
            assert_eq!(answer.header("content-type"), Some("application/json"));
            assert!(body["name"].is_string() && body["message"].is_string());
            assert_eq!(body["errors"].is_array(), status == 400, "{body}");
        }
        answer
    };
    check(door.get("/nothing").await, 404, true);
    check(door.get("/accounts/nothing").await, 404, false);
    check(door.get("/secrets-manager/nothing").await, 404, false);
    check(door.get("//livez").await, 400, true);
    check(door.get(&format!("{anypoint}//")).await, 400, false);
    check(door.get(&own).await, 401, true);
    check(door.get(&anypoint).await, 401, false);
    check(door.get(&format!("{anypoint}/")).await, 401, false);
    let answer = check(door.ask(delete(&own)).await, 405, true);
    assert_eq!(answer.header("allow"), Some("GET,HEAD,POST"));
    let answer = check(door.ask(delete(&anypoint)).await, 405, false);
    assert_eq!(answer.header("allow"), Some("GET,HEAD,POST"));
    let answer = check(door.get(TOKEN).await, 405, false);
    assert_eq!(answer.header("allow"), Some("POST"));
}

#[tokio::test]
async fn a_request_id_comes_back_when_it_is_harmless() {
    let vault = Vault::new().await;
    let door = door(&vault).await;
    let ask = async |id: &'static str| {
        let request = Request::get("/nothing").header("x-request-id", id);
        let answer = door.ask(request.body(Full::default()).unwrap()).await;
        let named = answer.header("x-request-id").unwrap().to_owned();
        assert_eq!(answer.json()["requestId"], named);
        named
    };
    assert_eq!(ask("build-7.trace_1").await, "build-7.trace_1");
    assert_ne!(ask("7\",\"level\":\"ERROR").await, "7\",\"level\":\"ERROR");
}

#[tokio::test]
async fn bombs_are_refused_with_what_would_be_right() {
    let vault = Vault::new().await;
    let group = vault.group("payments").await;
    let door = door(&vault).await;
    let keys: Vec<_> = (0..60_000).map(|n| format!("\"k{n}\":0")).collect();
    for (json, said) in [
        ("[".repeat(8000), "32 levels"),
        ("[[[[".to_owned(), ""),
        ("{\"a\":".repeat(1000), "32 levels"),
        (format!("{{\"client_id\":[{}]}}", "0,".repeat(3000)), ""),
    ] {
        let answer = door.ask(post(TOKEN, "application/json", json)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(said), "{message}");
    }

    let credentials = serde_json::json!({
        "client_id": vault.administrator.id,
        "client_secret": vault.made.client_secret.expose(),
        "grant_type": "client_credentials",
    });
    let answer = door
        .ask(post(TOKEN, "application/json", credentials.to_string()))
        .await;
    let bearer = format!("Bearer {}", answer.json()["access_token"].as_str().unwrap());
    let scope = vault.scope;
    let groups = format!(
        "/secrets-manager/api/v1/organizations/{}/environments/{}/secretGroups",
        scope.organization, scope.environment
    );
    let parts = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n".repeat(17_000);
    let bombs = [
        (
            post(
                &groups,
                "application/json",
                format!("{{{}}}", keys.join(",")),
            ),
            "10000",
        ),
        (
            post(
                &format!("{groups}/{}/keystores", group.id),
                "multipart/form-data; boundary=x",
                format!("{parts}--x--"),
            ),
            "a: is there twice",
        ),
    ];
    for (mut request, said) in bombs {
        let value = bearer.parse().unwrap();
        request.headers_mut().insert("authorization", value);
        let answer = door.ask(request).await;
        let body = answer.json();
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        assert!(body["message"].as_str().unwrap().contains(said), "{body}");
        assert_eq!(body["errors"].as_array().unwrap().len(), 1, "{body}");
    }
    assert_eq!(door.get("/livez").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_panic_costs_its_request_and_nothing_else() {
    async fn fail() -> &'static str {
        panic!("a secret in a panic message")
    }
    let routes = Router::new()
        .route("/accounts/fail", get(fail))
        .route("/fail", get(fail))
        .route("/livez", get(async || "ok"));
    let door = Listening::open(routes, plenty(), Limits::PUBLIC).await;
    for path in ["/accounts/fail", "/fail"] {
        let answer = door.get(path).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!format!("{answer:?}").contains("secret"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    assert_eq!(door.get("/livez").await.body, "ok");
}

#[tokio::test]
async fn heads_beyond_the_limits_are_refused() {
    let vault = Vault::new().await;
    let door = door(&vault).await;
    let many = "x: y\r\n".repeat(10_000);
    let long = format!("x: {}\r\n", "y".repeat(100_000));
    for headers in [many, long] {
        let head = format!("GET /livez HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        let answer = door.send(head.as_bytes()).await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 431 "),
            "{answer}"
        );
    }
    let request = Request::get("https://localhost/livez").header("x", "y".repeat(40_000));
    let answer = door.ask_http2(request.body(Full::default()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    assert_eq!(door.get("/livez").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_client_that_says_nothing_or_little_is_let_go() {
    let vault = Vault::new().await;
    let short = Duration::from_millis(100);
    let limits = Limits {
        head: short,
        ..Limits::PUBLIC
    };
    let door = Listening::open(vault.routes(), plenty(), limits).await;
    for protocol in ["http/1.1", "h2"] {
        let mut silent = door.connect(protocol).await.unwrap();
        let said = rest(&mut silent).await;
        assert!(!said.contains("200"), "{protocol}: {said}");
    }
    let mut slow = door.connect("http/1.1").await.unwrap();
    let _ = slow.write_all(b"GET /livez HTTP/1.1\r\nHost: local").await;
    assert_eq!(rest(&mut slow).await, "");

    let limits = Limits {
        handshake: short,
        ..Limits::PUBLIC
    };
    let door = Listening::open(vault.routes(), plenty(), limits).await;
    let mut no_handshake = TcpStream::connect(door.address).await.unwrap();
    assert_eq!(no_handshake.read(&mut [0; 16]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn a_connection_without_requests_is_given_back_over_either_version_of_http() {
    let vault = Vault::new().await;
    let limits = Limits {
        head: Duration::from_millis(100),
        ..Limits::PUBLIC
    };
    let door = Listening::open(vault.routes(), plenty(), limits).await;
    let request = || Request::get("https://localhost/livez").body(Full::<Bytes>::default());

    let stream = TokioIo::new(door.connect("h2").await.unwrap());
    let (mut client, connection) = http2::handshake(TokioExecutor::new(), stream)
        .await
        .unwrap();
    let connection = tokio::spawn(connection);
    let answer = client.send_request(request().unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    // The client would stay; the other side says goodbye.
    connection.await.unwrap().unwrap();

    let stream = TokioIo::new(door.connect("http/1.1").await.unwrap());
    let (mut client, connection) = http1::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let answer = client.send_request(request().unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let _ = connection.await.unwrap();
}

#[tokio::test]
async fn one_network_has_so_many_connections_and_no_more() {
    let vault = Vault::new().await;
    let limits = Limits {
        connections_per_network: 2,
        ..Limits::PUBLIC
    };
    let door = Listening::open(vault.routes(), plenty(), limits).await;
    let first = door.connect("http/1.1").await.unwrap();
    let _second = door.connect("h2").await.unwrap();
    assert!(door.connect("http/1.1").await.is_err());
    drop(first);
    while door.connect("http/1.1").await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn tls_1_1_is_refused() {
    let vault = Vault::new().await;
    let door = door(&vault).await;
    // ClientHello of TLS 1.1: one suite, no compression, signature algorithms and groups offered.
    let extensions: &[u8] = &[
        0, 13, 0, 4, 0, 2, 4, 3, // signature_algorithms: ecdsa_secp256r1_sha256
        0, 10, 0, 4, 0, 2, 0, 23, // supported_groups: secp256r1
        0, 11, 0, 2, 1, 0, // ec_point_formats: uncompressed
    ];
    let mut hello = vec![3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0xc0, 0x09, 1, 0]);
    hello.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
    hello.extend(extensions);
    let mut record = vec![22, 3, 1];
    let length = u16::try_from(hello.len()).unwrap();
    record.extend((length + 4).to_be_bytes());
    record.extend([1, 0]);
    record.extend(length.to_be_bytes());
    record.extend(hello);

    let mut stream = TcpStream::connect(door.address).await.unwrap();
    stream.write_all(&record).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    // Alert, fatal, protocol_version.
    assert_eq!(answer.first(), Some(&21), "{answer:?}");
    assert_eq!(answer.get(5..), Some(&[2, 70][..]), "{answer:?}");
}
