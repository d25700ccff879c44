//! An HTTPS server with canned answers that records every request.

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

pub(crate) const ORGANIZATION: &str = "0a000000-0000-4000-8000-000000000001";
pub(crate) const ENVIRONMENT: &str = "0e000000-0000-4000-8000-000000000001";
/// The status of an answer that never comes: the connection ends after the request.
pub(crate) const LOST: u16 = 0;
pub(crate) const TOKEN: &str = "/accounts/api/v2/oauth2/token";

/// One request as it came.
#[derive(Clone)]
pub(crate) struct Heard {
    pub(crate) method: String,
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// One part of a form.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) file: Option<String>,
    pub(crate) content: String,
}

/// Running until the test process ends.
pub(crate) struct FakeVault {
    address: SocketAddr,
    /// What the client must trust.
    pub(crate) ca_pem: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    heard: Mutex<Vec<Heard>>,
    /// Per method and path: the answers in their order; the last one stays.
    answers: Mutex<HashMap<(String, String), VecDeque<Answer>>>,
}

#[derive(Clone)]
struct Answer {
    status: u16,
    extra_header: String,
    body: String,
}

impl FakeVault {
    /// Listens on a free port and knows one organization with one environment.
    pub(crate) fn start() -> Self {
        let (ca_pem, config) = server_config();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let vault = Self {
            address: listener.local_addr().unwrap(),
            ca_pem,
            shared: Arc::default(),
        };
        vault.accept_tokens(&["token-1"]);
        vault.answer(
            "GET",
            "/accounts/api/me",
            200,
            json!({
                "client": {"org_id": ORGANIZATION, "name": "administrator", "client_id": "app"},
                "user": {
                    "organization": {"id": ORGANIZATION, "name": "Acme"},
                    "memberOfOrganizations": [{"id": ORGANIZATION, "name": "Acme", "isRoot": true}],
                },
            }),
        );
        vault.answer(
            "GET",
            &format!("/accounts/api/organizations/{ORGANIZATION}/environments"),
            200,
            json!({"data": [{"id": ENVIRONMENT, "name": "production"}], "total": 1}),
        );
        let shared = Arc::clone(&vault.shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shared, config) = (Arc::clone(&shared), Arc::clone(&config));
                thread::spawn(move || shared.serve(stream, config));
            }
        });
        vault
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Answers `method path` with this from now on, after the answers given before.
    pub(crate) fn answer(&self, method: &str, path: &str, status: u16, body: Value) {
        self.answer_text(method, path, status, "", &body.to_string());
    }

    pub(crate) fn answer_text(
        &self,
        method: &str,
        path: &str,
        status: u16,
        extra_header: &str,
        body: &str,
    ) {
        self.shared
            .answers
            .lock()
            .unwrap()
            .entry((method.to_owned(), path.to_owned()))
            .or_default()
            .push_back(Answer {
                status,
                extra_header: extra_header.to_owned(),
                body: body.to_owned(),
            });
    }

    /// Hands out these tokens one after the other.
    pub(crate) fn accept_tokens(&self, tokens: &[&str]) {
        let key = ("POST".to_owned(), TOKEN.to_owned());
        self.shared.answers.lock().unwrap().remove(&key);
        for token in tokens {
            let body = json!({"access_token": token, "expires_in": 3600, "token_type": "bearer"});
            self.answer("POST", TOKEN, 200, body);
        }
    }

    /// What was heard since the last call.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        std::mem::take(&mut self.shared.heard.lock().unwrap())
    }

    /// Method and path of what was heard since the last call.
    pub(crate) fn heard_lines(&self) -> Vec<String> {
        self.heard().iter().map(Heard::line).collect()
    }
}

impl Heard {
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"));
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The parts of a `multipart/form-data` body, in their order.
    pub(crate) fn parts(&self) -> Vec<Part> {
        let boundary = self
            .header("content-type")
            .and_then(|value| value.strip_prefix("multipart/form-data; boundary="))
            .expect("a form");
        let body = String::from_utf8(self.body.clone()).unwrap();
        let body = body
            .strip_suffix(&format!("\r\n--{boundary}--\r\n"))
            .unwrap();
        format!("\r\n{body}")
            .split(&format!("\r\n--{boundary}\r\n"))
            .skip(1)
            .map(part)
            .collect()
    }
}

fn part(text: &str) -> Part {
    let (head, content) = text.split_once("\r\n\r\n").unwrap();
    let attribute = |name: &str| {
        let (_, rest) = head.split_once(&format!("; {name}=\""))?;
        Some(rest.split_once('"')?.0.to_owned())
    };
    Part {
        name: attribute("name").unwrap(),
        file: attribute("filename"),
        content: content.to_owned(),
    }
}

impl Shared {
    /// Requests of one connection, until the client closes it or TLS fails.
    fn serve(&self, stream: TcpStream, config: Arc<ServerConfig>) -> Option<()> {
        let connection = ServerConnection::new(config).ok()?;
        let mut stream = BufReader::new(StreamOwned::new(connection, stream));
        loop {
            let heard = read_request(&mut stream)?;
            let answer = self.answer_to(&heard);
            self.heard.lock().unwrap().push(heard);
            if answer.status == LOST {
                return None;
            }
            write!(
                stream.get_mut(),
                "HTTP/1.1 {} x\r\ncontent-type: application/json\r\n{}content-length: {}\r\n\r\n{}",
                answer.status,
                answer.extra_header,
                answer.body.len(),
                answer.body
            )
            .ok()?;
            stream.get_mut().flush().ok()?;
        }
    }

    fn answer_to(&self, heard: &Heard) -> Answer {
        let key = (heard.method.clone(), heard.path.clone());
        let mut answers = self.answers.lock().unwrap();
        match answers.get_mut(&key) {
            Some(queue) if queue.len() > 1 => queue.pop_front().unwrap(),
            Some(queue) => queue.front().unwrap().clone(),
            None => Answer {
                status: 404,
                extra_header: String::new(),
                body: json!({"name": "NotFound", "message": format!("nothing scripted for {}", heard.line())})
                    .to_string(),
            },
        }
    }
}

fn read_request(stream: &mut impl BufRead) -> Option<Heard> {
    let mut line = || {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        Some(line.trim_end().to_owned())
    };
    let request = line()?;
    let mut words = request.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let header = line()?;
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(": ")?;
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let mut heard = Heard {
        method,
        path,
        headers,
        body: Vec::new(),
    };
    let length = heard
        .header("content-length")
        .map_or(0, |value| value.parse().unwrap());
    heard.body = vec![0; length];
    stream.read_exact(&mut heard.body).ok()?;
    Some(heard)
}

fn server_config() -> (String, Arc<ServerConfig>) {
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()])
        .unwrap()
        .signed_by(&key, &ca)
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.der().clone()],
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
        .unwrap();
    (ca.pem(), Arc::new(config))
}
