//! One message policy at a time, and the requests that it lets pass.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sallyport_message::http_signatures::{Component, Signer, content_digest_value};
use sallyport_message::{BodyDigest, Header, Key, Request as Message, UnixTime};
use sallyport_model::SecretString;
use sallyport_tests::demo::{HMAC_KEY, Stage, USERNAME, basic};
use sallyport_tests::{Error, Result, files};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::hammer::Request;
use crate::scene::with;

const TARGET: &str = "/load";
const AUTHORITY: &str = "gateway.test";
const SECRETS: &str = "secret://payments/sharedSecrets";

/// What the filters do with messages, besides looking at both peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Protection {
    /// Nothing: what the others are held against.
    None,
    CheckBasic,
    CheckApiKey,
    CheckJwt,
    /// Over method, URI and body; once.
    CheckSignature,
    InjectHeader,
    InjectQuery,
    InjectCookie,
    /// A header whose credential another header chooses.
    InjectChosen,
    /// AWS Signature Version 4, with the hash of the body.
    SignSigV4,
    /// RFC 9421, over method, URI and body.
    SignSignature,
}

impl Protection {
    pub(crate) const ALL: [Self; 11] = [
        Self::None,
        Self::CheckBasic,
        Self::CheckApiKey,
        Self::CheckJwt,
        Self::CheckSignature,
        Self::InjectHeader,
        Self::InjectQuery,
        Self::InjectCookie,
        Self::InjectChosen,
        Self::SignSigV4,
        Self::SignSignature,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::None => "peers only",
            Self::CheckBasic => "check basic",
            Self::CheckApiKey => "check apiKey",
            Self::CheckJwt => "check jwt",
            Self::CheckSignature => "check signature",
            Self::InjectHeader => "inject header",
            Self::InjectQuery => "inject query",
            Self::InjectCookie => "inject cookie",
            Self::InjectChosen => "inject chosen",
            Self::SignSigV4 => "sign sigV4",
            Self::SignSignature => "sign signature",
        }
    }

    /// Whether bodies are held for it.
    pub(crate) const fn reads_bodies(self) -> bool {
        matches!(
            self,
            Self::CheckSignature | Self::SignSigV4 | Self::SignSignature
        )
    }

    /// The policies of both sides with this one in them.
    pub(crate) fn added_to(self, [downstream, upstream]: [Value; 2]) -> [Value; 2] {
        let check = |accept: Value| json!({"accept": [accept]});
        let value = format!("{SECRETS}/backend#password");
        let key = format!("{SECRETS}/hmac");
        let (side, field, added) = match self {
            Self::None => return [downstream, upstream],
            Self::CheckBasic => {
                let secret = format!("{SECRETS}/backend");
                (
                    0,
                    "check",
                    check(json!({"scheme": "basic", "secrets": [secret]})),
                )
            }
            Self::CheckApiKey => (
                0,
                "check",
                check(json!({"scheme": "apiKey", "secrets": [key]})),
            ),
            Self::CheckJwt => {
                let accept = json!({"scheme": "jwt", "algorithm": "HS256", "secrets": [key]});
                (0, "check", check(accept))
            }
            Self::CheckSignature => (
                0,
                "check",
                check(json!({"scheme": "signature", "secrets": [key]})),
            ),
            Self::InjectHeader => (
                1,
                "inject",
                json!([{"header": "authorization", "bearer": value}]),
            ),
            Self::InjectQuery => (1, "inject", json!([{"query": "key", "value": value}])),
            Self::InjectCookie => (1, "inject", json!([{"cookie": "key", "value": value}])),
            Self::InjectChosen => {
                let choice = json!({"by": {"header": "x-tenant"}, "secrets": {"acme": value}});
                (
                    1,
                    "inject",
                    json!([{"header": "authorization", "bearer": choice}]),
                )
            }
            Self::SignSigV4 => (
                1,
                "sign",
                json!({"scheme": "sigV4", "secret": format!("{SECRETS}/store")}),
            ),
            Self::SignSignature => (1, "sign", json!({"scheme": "signature", "secret": key})),
        };
        match side {
            0 => [with(downstream, field, added), upstream],
            _ => [downstream, with(upstream, field, added)],
        }
    }

    /// A request with a body of so many bytes that it lets pass.
    pub(crate) fn request(self, stage: &Stage, body: usize) -> Result<Request> {
        let body = vec![b'x'; body];
        let shown = match self {
            Self::CheckBasic => vec![("authorization", basic(USERNAME, stage.password()))],
            Self::CheckApiKey => vec![("x-api-key", HMAC_KEY.to_owned())],
            Self::CheckJwt => vec![("authorization", token()?)],
            Self::CheckSignature => return signed(body),
            Self::InjectChosen => vec![("x-tenant", "acme".to_owned())],
            _ => Vec::new(),
        };
        Ok(Request::Text(request(&shown, &body)))
    }

    /// Stores the secrets that they need besides those of the demo.
    pub(crate) async fn store_secrets(stage: &Stage) -> Result<()> {
        let file = stage.pki().join("store.key");
        files::write(&file, "bench")?;
        let create = ["secret", "create"];
        let store = ["store", "--group", "payments", "--access-key-id", "GATEWAY"];
        let file = file.to_string_lossy();
        let value = ["--secret-access-key-file", &file];
        stage
            .cli
            .ok(&[&create[..], &store, &value].concat())
            .await?;
        let hmac = ["hmac", "--group", "payments", "--key-file", "hmac.key"];
        stage.cli.ok(&[&create[..], &hmac].concat()).await?;
        Ok(())
    }
}

fn request(headers: &[(&str, String)], body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut head =
        format!("POST {TARGET} HTTP/1.1\r\nhost: {AUTHORITY}\r\ncontent-length: {length}\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs().cast_signed())
}

/// RFC 7519; it is good for an hour.
fn token() -> Result<String> {
    let claims = json!({"sub": "load", "exp": now() + 3600}).to_string();
    let parts = [r#"{"alg":"HS256","typ":"JWT"}"#, &claims];
    let signed = parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
    let key = STANDARD.decode(HMAC_KEY).unwrap_or_default();
    let mac = Hmac::<Sha256>::new_from_slice(&key);
    let mut mac = mac.map_err(|_| Error::NotStarted("a key"))?;
    mac.update(signed.as_bytes());
    let tag = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    Ok(format!("Bearer {signed}.{tag}"))
}

/// RFC 9421, each time with a nonce of its own: the default of `check` takes none twice.
fn signed(body: Vec<u8>) -> Result<Request> {
    let key = Key::symmetric(&SecretString::new(HMAC_KEY.to_owned()));
    let key = key.map_err(|_| Error::NotStarted("a key"))?;
    let digest = content_digest_value(&BodyDigest::of(&body));
    let signer = Signer {
        label: "load".to_owned(),
        components: vec![
            Component::Method,
            Component::TargetUri,
            Component::Field("content-digest".to_owned()),
        ],
        lifetime: None,
        tag: None,
    };
    let nonce = AtomicU64::new(0);
    Ok(Request::New(Arc::new(move || {
        let covered = [Header {
            name: "content-digest",
            value: digest.as_bytes(),
        }];
        let message = Message {
            method: "POST",
            scheme: "https",
            authority: AUTHORITY,
            target: TARGET,
            headers: &covered,
        };
        let number = nonce.fetch_add(1, Ordering::Relaxed);
        // Other bodies have nonces of their own.
        let nonce = format!("{}-{number}", body.len());
        let made = signer.sign(&message, &key, Some(&nonce), UnixTime(now()));
        // Without a signature the request is refused, and the measurement ends.
        let (input, signature) = made
            .map(|made| (made.signature_input, made.signature))
            .unwrap_or_default();
        let headers = [
            ("content-digest", digest.clone()),
            ("signature-input", input),
            ("signature", signature),
        ];
        request(&headers, &body)
    })))
}
