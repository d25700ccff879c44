//! One message policy at a time, and the requests that it lets pass.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sallyport_message::Key;
use sallyport_message::jwe::{ContentEncryption, KeyManagement, Label, Profile, RANDOM_BYTES};
use sallyport_model::SecretString;
use sallyport_tests::demo::{HMAC_KEY, Stage, USERNAME, basic};
use sallyport_tests::message_signature::{now, signed, token};
use sallyport_tests::{Error, Result, files, program};
use serde::Serialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::backend::ECHO;
use crate::hammer::Request;
use crate::scene::with;

const TARGET: &str = "/load";
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
    /// JWE, whole bodies, a key of AES-256 wrapped for each.
    EncryptRequest,
    DecryptRequest,
    /// Nothing, in the module that is told of responses: what the next ones are held against.
    NoneOfResponses,
    EncryptResponse,
    DecryptResponse,
}

impl Protection {
    pub(crate) const ALL: [Self; 16] = [
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
        Self::EncryptRequest,
        Self::DecryptRequest,
        Self::NoneOfResponses,
        Self::EncryptResponse,
        Self::DecryptResponse,
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
            Self::EncryptRequest => "encrypt request",
            Self::DecryptRequest => "decrypt request",
            Self::NoneOfResponses => "peers only, echoed",
            Self::EncryptResponse => "encrypt response",
            Self::DecryptResponse => "decrypt response",
        }
    }

    /// Whether bodies are held for it.
    pub(crate) const fn reads_bodies(self) -> bool {
        matches!(
            self,
            Self::CheckSignature
                | Self::SignSigV4
                | Self::SignSignature
                | Self::EncryptRequest
                | Self::DecryptRequest
                | Self::EncryptResponse
                | Self::DecryptResponse
        )
    }

    /// What its figures are held against: answers are as long as requests where they are converted.
    pub(crate) const fn beside(self) -> Self {
        match self.is_of_responses() {
            true => Self::NoneOfResponses,
            false => Self::None,
        }
    }

    const fn is_of_responses(self) -> bool {
        matches!(
            self,
            Self::NoneOfResponses | Self::EncryptResponse | Self::DecryptResponse
        )
    }

    /// The module that it needs.
    pub(crate) fn module(self) -> Result<PathBuf> {
        match self.is_of_responses() {
            true => program::filter_responses_wasm(),
            false => program::filter_wasm(),
        }
    }

    /// The policies of both sides with this one in them.
    pub(crate) fn added_to(self, [downstream, upstream]: [Value; 2]) -> [Value; 2] {
        let check = |accept: Value| json!({"accept": [accept]});
        let value = format!("{SECRETS}/backend#password");
        let key = format!("{SECRETS}/hmac");
        let (side, field, added) = match self {
            Self::None | Self::NoneOfResponses => return [downstream, upstream],
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
            Self::EncryptRequest => (0, "request", json!({"encrypt": {"secret": key}})),
            Self::DecryptRequest => (0, "request", json!({"decrypt": {"secrets": [key]}})),
            Self::EncryptResponse => (0, "response", json!({"encrypt": {"secret": key}})),
            Self::DecryptResponse => (0, "response", json!({"decrypt": {"secrets": [key]}})),
        };
        match side {
            0 => [with(downstream, field, added), upstream],
            _ => [downstream, with(upstream, field, added)],
        }
    }

    /// A request with a body of so many bytes that it lets pass.
    pub(crate) fn request(self, stage: &Stage, body: usize) -> Result<Request> {
        let plain = vec![b'x'; body];
        let body = match self {
            Self::DecryptRequest | Self::DecryptResponse => encrypted(&plain)?,
            _ => plain,
        };
        let target = match self.is_of_responses() {
            true => ECHO,
            false => TARGET,
        };
        let shown = match self {
            Self::CheckBasic => vec![("authorization", basic(USERNAME, stage.password()))],
            Self::CheckApiKey => vec![("x-api-key", HMAC_KEY.to_owned())],
            Self::CheckJwt => {
                let claims = json!({"sub": "load", "exp": now() + 3600}).to_string();
                let token = token(r#"{"alg":"HS256","typ":"JWT"}"#, &claims);
                vec![("authorization", token)]
            }
            Self::CheckSignature => return Ok(each_signed(body)),
            Self::InjectChosen => vec![("x-tenant", "acme".to_owned())],
            _ => Vec::new(),
        };
        Ok(Request::Text(request(target, &shown, &body)))
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

fn request(target: &str, headers: &[(&str, String)], body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut head =
        format!("POST {target} HTTP/1.1\r\nhost: gateway.test\r\ncontent-length: {length}\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}

/// JWE as a partner would send it. The one key and the randomness are for measuring only.
fn encrypted(plain: &[u8]) -> Result<Vec<u8>> {
    let profile = Profile::new(KeyManagement::A256Kw, ContentEncryption::A256Gcm);
    let refused = |_| Error::NotStarted("a message to decrypt");
    let key = Key::symmetric(&SecretString::new(HMAC_KEY.to_owned()));
    let key = key.map_err(|_| Error::NotStarted("the key of a message"))?;
    let random = Zeroizing::new([7; RANDOM_BYTES]);
    let message = profile.encrypt(plain, Label::default(), &key, &random);
    Ok(message.map_err(refused)?.into_bytes())
}

/// RFC 9421, each time with a nonce of its own: the default of `check` takes none twice.
fn each_signed(body: Vec<u8>) -> Request {
    let number = AtomicU64::new(0);
    Request::New(Arc::new(move || {
        // Other bodies have nonces of their own.
        let number = number.fetch_add(1, Ordering::Relaxed);
        let nonce = format!("{}-{number}", body.len());
        request(TARGET, &signed(TARGET, &nonce, &body), &body)
    }))
}
