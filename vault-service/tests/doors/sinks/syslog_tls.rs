//! Syslog over TLS (RFC 5425): a server that shows its certificate, and nobody else, gets the lines.

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, mpsc};

use rcgen::{CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use sallyport_vault::settings::{ClientFiles, SinkSettings, SyslogAddress, SyslogTls};
use tempfile::TempDir;

use super::{BACKEND, PASSWORD, accepting, nothing_is_handed_out, record, stocked, stored, syslog};
use crate::vault::ca;

type Authority = CertifiedIssuer<'static, KeyPair>;

/// Whoever hears this hangs up and does not listen again.
const FAREWELL: &str = "farewell";

/// A server that takes one connection after the other; gives the messages of each.
struct Server {
    port: u16,
    heard: mpsc::Receiver<Vec<String>>,
}

impl Server {
    /// Of that name, with a certificate of `authority`, for anybody or for clients of an authority.
    fn listen(name: &str, authority: &Authority, clients: Option<&Authority>) -> Self {
        let configuration = Arc::new(configuration(name, authority, clients));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, heard) = mpsc::channel();
        std::thread::spawn(move || {
            let mut listener = Some(listener);
            while let Some((stream, _)) = listener.as_ref().map(|open| open.accept().unwrap()) {
                let connection = ServerConnection::new(Arc::clone(&configuration)).unwrap();
                let mut stream = StreamOwned::new(connection, stream);
                let messages = messages(&mut stream);
                if messages.last().is_some_and(|last| last.contains(FAREWELL)) {
                    stream.conn.send_close_notify();
                    let _ = stream.flush();
                    listener = None;
                }
                drop(stream);
                if sender.send(messages).is_err() {
                    return;
                }
            }
        });
        Self { port, heard }
    }

    fn sink(
        &self,
        place: &TempDir,
        trusted: &Authority,
        client: Option<ClientFiles>,
    ) -> SinkSettings {
        syslog(SyslogAddress::Tls(SyslogTls {
            server: format!("localhost:{}", self.port),
            ca_file: write(place, "ca.pem", &trusted.pem()),
            client,
        }))
    }
}

fn configuration(name: &str, authority: &Authority, clients: Option<&Authority>) -> ServerConfig {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new([name.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.der().clone()).unwrap();
            let provider = Arc::new(aws_lc_rs::default_provider());
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let chain = vec![certificate.der().clone()];
    builder.with_single_cert(chain, key).unwrap()
}

/// What arrives: each message has its length before it (RFC 5425, section 4.3).
fn messages(stream: &mut StreamOwned<ServerConnection, TcpStream>) -> Vec<String> {
    let mut messages: Vec<String> = Vec::new();
    while !messages.last().is_some_and(|last| last.contains(FAREWELL)) {
        let mut length = 0;
        loop {
            let mut byte = [0];
            match stream.read(&mut byte) {
                Ok(1) if byte[0].is_ascii_digit() => {
                    length = length * 10 + usize::from(byte[0] - b'0');
                }
                Ok(1) => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => return messages,
            }
        }
        let mut message = vec![0; length];
        if stream.read_exact(&mut message).is_err() {
            return messages;
        }
        messages.push(String::from_utf8(message).unwrap());
    }
    messages
}

fn write(place: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = place.path().join(name);
    fs::write(&path, text).unwrap();
    path
}

fn client(place: &TempDir, authority: &Authority) -> ClientFiles {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let certificate = params.signed_by(&key, authority).unwrap();
    ClientFiles {
        certificate: write(place, "client.pem", &certificate.pem()),
        key: write(place, "client.key", &key.serialize_pem()),
    }
}

#[tokio::test]
async fn a_server_with_its_certificate_gets_the_lines_of_a_vault_with_its_own() {
    let (servers, clients) = (ca(), ca());
    let place = TempDir::new().unwrap();
    let server = Server::listen("localhost", &servers, Some(&clients));
    let identity = client(&place, &clients);
    let sinks = [server.sink(&place, &servers, Some(identity))];
    let (vault, gateway) = stocked(place, &sinks).await;
    accepting(&vault).await;
    vault.resolve(&gateway, BACKEND, None, 0).await.unwrap();
    record(&vault, "last").await;
    vault.sinks.taken().await.unwrap();
    let stored = stored(&vault).await;
    drop(vault);

    let heard = server.heard.recv().unwrap();
    let lines = heard.iter().map(|message| {
        assert!(message.starts_with("<110>1 2"), "{message}");
        let (_, line) = message.split_once(" audit - ").unwrap();
        line.to_owned()
    });
    let lines: Vec<_> = lines.collect();
    assert!(lines.len() > 3 && stored.ends_with(&lines), "{lines:?}");
    assert!(lines.last().unwrap().contains("last"));
    assert!(!lines.concat().contains(PASSWORD));
}

#[tokio::test]
async fn nobody_else_is_given_a_line_and_then_nothing_is_handed_out() {
    let (servers, clients, strangers) = (ca(), ca(), ca());
    for (name, signer, wants_clients, shows, why) in [
        (
            "localhost",
            &strangers,
            None,
            None,
            "invalid peer certificate: BadSignature",
        ),
        (
            "log.example",
            &servers,
            None,
            None,
            "invalid peer certificate: certificate not valid for name",
        ),
        (
            "localhost",
            &servers,
            Some(&clients),
            None,
            "received fatal alert: CertificateRequired",
        ),
        (
            "localhost",
            &servers,
            Some(&clients),
            Some(&strangers),
            "received fatal alert",
        ),
    ] {
        let place = TempDir::new().unwrap();
        let server = Server::listen(name, signer, wants_clients);
        let identity = shows.map(|authority| client(&place, authority));
        let sinks = [server.sink(&place, &servers, identity)];
        let (vault, gateway) = stocked(place, &sinks).await;
        let why = format!("syslog: failing: {why}");
        nothing_is_handed_out(&vault, &gateway, &why).await;
        drop(vault);
        let heard: Vec<_> = server.heard.try_iter().flatten().collect();
        assert_eq!(heard, [""; 0], "{why}");
    }
}

#[tokio::test]
async fn a_server_that_says_farewell_is_noticed_before_the_next_value_leaves() {
    let servers = ca();
    let place = TempDir::new().unwrap();
    let server = Server::listen("localhost", &servers, None);
    let sinks = [server.sink(&place, &servers, None)];
    let (vault, gateway) = stocked(place, &sinks).await;
    accepting(&vault).await;
    vault.resolve(&gateway, BACKEND, None, 0).await.unwrap();
    record(&vault, FAREWELL).await;
    vault.sinks.taken().await.unwrap();
    assert!(server.heard.recv().unwrap().len() > 1);
    let refused = vault.resolve(&gateway, BACKEND, None, 0).await;
    assert!(refused.is_err());
    nothing_is_handed_out(&vault, &gateway, "syslog: failing").await;
}

#[tokio::test]
async fn files_that_are_not_what_they_should_be_are_named_and_not_shown() {
    let servers = ca();
    let place = TempDir::new().unwrap();
    let server = Server::listen("localhost", &servers, None);
    let mut identity = client(&place, &servers);
    identity.key = write(&place, "client.key", "-----BEGIN canary\n");
    for (ca_file, client, why) in [
        (
            PathBuf::from("/nowhere/ca.pem"),
            None,
            "ca_file: No such file",
        ),
        (write(&place, "empty.pem", ""), None, "ca_file is no PEM"),
        (
            write(&place, "ca.pem", &servers.pem()),
            Some(identity),
            "key_file is no PEM",
        ),
    ] {
        let sink = syslog(SyslogAddress::Tls(SyslogTls {
            server: format!("localhost:{}", server.port),
            ca_file,
            client,
        }));
        let (vault, gateway) = stocked(TempDir::new().unwrap(), &[sink]).await;
        nothing_is_handed_out(&vault, &gateway, &format!("syslog: failing: {why}")).await;
        let standing = vault.sinks.standings()[0].standing.to_string();
        assert!(!standing.contains("canary"), "{standing}");
    }
}
