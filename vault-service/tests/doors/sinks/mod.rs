//! The audit log elsewhere: what sinks get, and what happens when they do not take it.

mod files;
mod syslog_tls;

use std::fs::{self, File, OpenOptions};
use std::io::Read as _;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode};
use axum::response::Response;
use sallyport_model::audit::{AuditLine, AuditVerifier, OpenTail, Signatures};
use sallyport_vault::audit::{AuditError, Entry, Sinks, Standing};
use sallyport_vault::clock;
use sallyport_vault::metrics::Metrics;
use sallyport_vault::provider::{Gateway, ProviderError, Unready};
use sallyport_vault::settings::{FileSink, SinkSettings, SinkTarget, SyslogAddress};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt as _;

use crate::vault::Vault;

const BACKEND: &str = "secret://payments/sharedSecrets/backend";
const PASSWORD: &str = "open sesame";

/// So long that only what never comes exceeds it.
const PATIENT: Duration = Duration::from_secs(30);

/// So short that what does not come is noticed.
const HASTY: Duration = Duration::from_millis(50);

#[tokio::test]
async fn every_sink_gets_the_lines_of_the_store() {
    let place = TempDir::new().unwrap();
    let (path, socket) = (place.path().join("audit.jsonl"), place.path().join("log"));
    let datagrams = UnixDatagram::bind(&socket).unwrap();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap().to_string();
    let sinks = [
        file(&path, PATIENT),
        syslog(SyslogAddress::Unix(socket)),
        syslog(SyslogAddress::Tcp(address)),
    ];
    let (vault, gateway) = stocked(place, &sinks).await;
    accepting(&vault).await;
    vault.resolve(&gateway, BACKEND, None, 0).await.unwrap();
    vault.sinks.settle().await;

    // A file has the log from its beginning on, and is proof by itself.
    let text = fs::read_to_string(&path).unwrap();
    let stored = stored(&vault).await;
    assert_eq!(lines(&text), stored);
    verify(&text);
    assert_eq!(mode(&path), 0o600);
    assert!(!text.contains(PASSWORD));
    let last = stored.last().unwrap();

    let (mut stream, _) = server.accept().unwrap();
    let mut buffer = [0; 64 * 1024];
    let read = stream.read(&mut buffer).unwrap();
    let stream = String::from_utf8_lossy(&buffer[..read]).into_owned();
    let (length, rest) = stream.split_once(' ').unwrap();
    assert!(rest.starts_with("<110>1 2"), "{rest}");
    let message = &rest[..length.parse().unwrap()];
    // What is sent is what is stored, from the start of the service on.
    let (_, line) = message.split_once(" audit - ").unwrap();
    assert!(stored.contains(&line.to_owned()), "{line}");
    let mut last_datagram = String::new();
    while !last_datagram.ends_with(last.as_str()) {
        let read = datagrams.recv(&mut buffer).unwrap();
        last_datagram = String::from_utf8_lossy(&buffer[..read]).into_owned();
    }
}

#[tokio::test]
async fn with_a_full_device_nothing_is_handed_out_at_either_door() {
    let place = TempDir::new().unwrap();
    let (vault, gateway) = stocked(place, &[file(Path::new("/dev/full"), PATIENT)]).await;
    nothing_is_handed_out(&vault, &gateway, "file: failing: No space left").await;
}

#[tokio::test]
async fn who_is_answered_too_late_is_told_that_a_change_may_have_been_made() {
    let place = TempDir::new().unwrap();
    // It is known to be full when the first entry comes.
    let vault = Vault::with_sinks(place, &[file(Path::new("/dev/full"), PATIENT)]).await;
    accepting(&vault).await;
    let login = "/accounts/api/v2/oauth2/token";
    let (client, secret) = (vault.made.client_id, vault.made.client_secret.expose());
    let body = format!("grant_type=client_credentials&client_id={client}&client_secret={secret}");
    let request = Request::post(login)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(body))
        .unwrap();
    let (status, held) = said(vault.routes().oneshot(request).await.unwrap()).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{held}");
    assert!(held.contains("may have been made"), "{held}");
    let (_, refused) = ask(&vault, Method::POST, login).await;
    assert!(refused.contains("nothing is handed out"), "{refused}");
}

#[tokio::test]
async fn with_a_pipe_nobody_reads_nothing_is_handed_out_until_somebody_does() {
    let place = TempDir::new().unwrap();
    let pipe = pipe(&place);
    let (vault, gateway) = stocked(place, &[file(&pipe, HASTY)]).await;
    nothing_is_handed_out(&vault, &gateway, "file: blocked").await;

    let mut reader = reader(&pipe);
    accepting(&vault).await;
    // Nothing may be lost on the way to who reads late.
    vault.resolve(&gateway, BACKEND, None, 0).await.unwrap();
    let mut buffer = vec![0; 64 * 1024];
    let read = reader.read(&mut buffer).unwrap();
    let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
    assert!(stored(&vault).await.ends_with(&lines(&text)));
}

#[tokio::test]
async fn a_pipe_whose_reader_stopped_reading_holds_nobody_up_while_another_sink_takes_entries() {
    let place = TempDir::new().unwrap();
    let (pipe, path) = (pipe(&place), place.path().join("audit.jsonl"));
    let reader = reader(&pipe);
    let sinks = [file(&pipe, HASTY), file(&path, PATIENT)];
    let (vault, gateway) = stocked(place, &sinks).await;
    accepting(&vault).await;
    // More than a pipe takes, 64 KiB on Linux.
    flood(&vault, 400).await;
    until(&vault.sinks, |standing| {
        matches!(standing, Standing::Blocked { .. })
    })
    .await;
    vault.resolve(&gateway, BACKEND, None, 0).await.unwrap();
    let (status, ready) = ask(&vault, Method::GET, "/readyz").await;
    assert_eq!(status, StatusCode::OK, "{ready}");
    for said in ["audit sink file: blocked", "audit sink file-2: accepting"] {
        assert!(ready.contains(said), "{ready}");
    }
    assert_eq!(
        lines(&fs::read_to_string(&path).unwrap()),
        stored(&vault).await
    );
    drop(reader);
}

#[tokio::test]
async fn a_sink_that_comes_back_gets_what_it_missed() {
    let place = TempDir::new().unwrap();
    let socket = place.path().join("log");
    let sinks = [syslog(SyslogAddress::Unix(socket.clone()))];
    let (vault, gateway) = stocked(place, &sinks).await;
    nothing_is_handed_out(&vault, &gateway, "syslog: failing: No such file").await;
    flood(&vault, 300).await;

    let datagrams = UnixDatagram::bind(&socket).unwrap();
    let heard = std::thread::spawn(move || {
        let mut buffer = [0; 64 * 1024];
        let mut heard = Vec::new();
        while !heard.iter().any(|line: &String| line.contains("done")) {
            let read = datagrams.recv(&mut buffer).unwrap();
            let message = String::from_utf8_lossy(&buffer[..read]).into_owned();
            heard.push(message.split_once(" audit - ").unwrap().1.to_owned());
        }
        heard
    });
    accepting(&vault).await;
    vault.resolve(&gateway, BACKEND, None, 0).await.unwrap();
    record(&vault, "done").await;
    assert!(stored(&vault).await.ends_with(&heard.join().unwrap()));
}

#[tokio::test]
async fn a_syslog_server_that_went_away_is_noticed_before_the_next_value_leaves() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap().to_string();
    let sinks = [syslog(SyslogAddress::Tcp(address))];
    let (vault, gateway) = stocked(TempDir::new().unwrap(), &sinks).await;
    let (stream, _) = server.accept().unwrap();
    accepting(&vault).await;
    vault.resolve(&gateway, BACKEND, None, 0).await.unwrap();
    drop((stream, server));
    let refused = vault.resolve(&gateway, BACKEND, None, 0).await;
    assert!(refused.is_err());
    nothing_is_handed_out(&vault, &gateway, "syslog: failing").await;
}

#[tokio::test]
async fn udp_does_not_count_because_nobody_answers_for_it() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    let full = file(Path::new("/dev/full"), PATIENT);
    let udp = syslog(SyslogAddress::Udp(address));
    let (vault, gateway) = stocked(TempDir::new().unwrap(), &[udp.clone(), full]).await;
    nothing_is_handed_out(&vault, &gateway, "file: failing").await;
    let mut buffer = [0; 64 * 1024];
    let read = socket.recv(&mut buffer).unwrap();
    assert!(buffer[..read].starts_with(b"<110>1 "));
    // Alone it neither helps nor harms: the store decides.
    let (vault, gateway) = stocked(TempDir::new().unwrap(), &[udp]).await;
    vault.resolve(&gateway, BACKEND, None, 0).await.unwrap();
}

/// A vault with a secret, and a gateway that may read it.
async fn stocked(place: TempDir, sinks: &[SinkSettings]) -> (Vault, Gateway) {
    let vault = Vault::with_sinks(place, sinks).await;
    let group = vault.group("payments").await;
    vault.password(&group, "backend", PASSWORD).await;
    let (id, gateway) = vault.gateway("edge").await;
    vault.grant(&group, id).await;
    (vault, gateway)
}

/// A sink takes entries.
async fn accepting(vault: &Vault) {
    until(&vault.sinks, |standing| *standing == Standing::Accepting).await;
}

/// Neither a value nor metadata nor a token, and readiness says why.
async fn nothing_is_handed_out(vault: &Vault, gateway: &Gateway, why: &str) {
    until(&vault.sinks, |standing| {
        format!("file: {standing} syslog: {standing}").contains(why)
    })
    .await;
    let refused = vault.resolve(gateway, BACKEND, None, 0).await.unwrap_err();
    assert!(
        matches!(refused, ProviderError::Audit(AuditError::Sinks(_))),
        "{refused}"
    );
    let path = format!(
        "/api/v1/organizations/{}/environments/{}/gateways",
        vault.scope.organization, vault.scope.environment
    );
    let (status, refused) = ask(vault, Method::GET, &path).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{refused}");
    assert!(refused.contains("\"audit_unavailable\""), "{refused}");
    let (status, refused) = ask(vault, Method::POST, "/accounts/api/v2/oauth2/token").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{refused}");

    let (status, ready) = ask(vault, Method::GET, "/readyz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{ready}");
    let ready: Value = serde_json::from_str(&ready).unwrap();
    let detail = ready["detail"].as_str().unwrap();
    assert!(detail.contains(why), "{detail}");
    // No path: anybody may ask.
    assert!(!detail.contains('/'), "{detail}");
    let reasons = vault.provider.unready().await;
    let [reason @ Unready::Audit(_)] = reasons.as_slice() else {
        panic!("{reasons:?}");
    };
    assert!(reason.to_string().contains(why), "{reason}");
}

/// What the public door says to a stranger.
async fn ask(vault: &Vault, method: Method, path: &str) -> (StatusCode, String) {
    let request = Request::builder().method(method).uri(path);
    let request = request.body(Body::empty()).unwrap();
    said(vault.routes().oneshot(request).await.unwrap()).await
}

async fn said(answer: Response) -> (StatusCode, String) {
    let status = answer.status();
    let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// A sink more for a vault that runs.
fn beside(vault: &Vault, sink: &SinkSettings) -> (Sinks, Metrics) {
    let metrics = Metrics::new();
    let sinks = Sinks::start(&vault.store, std::slice::from_ref(sink), &metrics.audit);
    (sinks.unwrap(), metrics)
}

async fn until(sinks: &Sinks, mut holds: impl FnMut(&Standing) -> bool) {
    let wait = async {
        while !sinks.standings().iter().any(|sink| holds(&sink.standing)) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENT, wait).await;
    assert!(waited.is_ok(), "{:?}", sinks.standings());
}

async fn flood(vault: &Vault, entries: usize) {
    let entries = (0..entries).map(|number| entry(vault, &number.to_string()));
    vault.store.commit(entries.collect()).await.unwrap();
}

async fn record(vault: &Vault, object: &str) {
    vault
        .store
        .commit(vec![entry(vault, object)])
        .await
        .unwrap();
}

fn entry(vault: &Vault, object: &str) -> sallyport_vault::store::Write {
    let entry = Entry::new(
        &vault.administrator,
        vault.scope,
        "test",
        object,
        clock::now(),
    );
    entry.allowed()
}

async fn stored(vault: &Vault) -> Vec<String> {
    let log = vault.store.log(0, 10_000).await.unwrap();
    log.iter().map(|line| line.line.to_string()).collect()
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

fn verify(text: &str) {
    let first = text.lines().next().unwrap();
    let from = AuditLine::parse(first.as_bytes()).unwrap().entry.seq;
    let mut verifier = AuditVerifier::new(Signatures::Unchecked, from);
    for line in text.lines() {
        verifier.line(line.as_bytes()).unwrap();
    }
    verifier.finish(None, OpenTail::Accept).unwrap();
}

fn file(path: &Path, deadline: Duration) -> SinkSettings {
    SinkSettings {
        target: SinkTarget::File(FileSink {
            path: path.to_owned(),
            max_bytes: 100 * 1024 * 1024,
            keep: 10.try_into().unwrap(),
        }),
        deadline,
    }
}

fn syslog(address: SyslogAddress) -> SinkSettings {
    SinkSettings {
        target: SinkTarget::Syslog(address),
        deadline: PATIENT,
    }
}

fn pipe(place: &TempDir) -> PathBuf {
    let path = place.path().join("pipe");
    let made = Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    path
}

/// Somebody who could read; opened so that it does not wait for a writer.
fn reader(pipe: &Path) -> File {
    const NON_BLOCKING: i32 = 0o4000;
    let mut options = OpenOptions::new();
    let file = options.read(true).custom_flags(NON_BLOCKING).open(pipe);
    file.unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}
