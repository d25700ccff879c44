//! What a TLS context asks of clients, enforced on a live gateway while it changes.

use http::StatusCode;
use sallyport_tests::demo::{Options, Stage};
use sallyport_tests::list_server::ListServer;
use sallyport_tests::wait::{PATIENCE, until};
use sallyport_tests::{Result, files};

const GROUP: [&str; 2] = ["--group", "payments"];

async fn say(stage: &Stage, command: &[&str], options: &[&str]) -> Result<String> {
    stage.cli.ok(&[command, &GROUP, options].concat()).await
}

/// Writes a file and gives its path.
fn file(stage: &Stage, name: &str, content: &str) -> Result<String> {
    let path = stage.pki().join(name);
    files::write(&path, content)?;
    Ok(path.to_string_lossy().into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_security_fabric_context_limits_depth_and_pins_clients() -> Result<()> {
    let mut stage = Stage::open(Options::default()).await?;
    let client = stage.client(Some(&stage.clients.partner))?;
    let mut connection = client.connect(stage.gateway()?.listener()).await?;
    assert_eq!(connection.get("/before").await?.status, StatusCode::OK);

    let fabric = [
        "--target",
        "security-fabric",
        "--keystore",
        "gateway",
        "--truststore",
        "partners",
        "--tls-version",
        "TLSv1.2",
        "--tls-version",
        "TLSv1.3",
        "--mutual-authentication",
        "--checking-strength",
        "lax",
    ];
    let name = "partner-inbound";
    say(&stage, &["tls-context", "delete", name], &["--yes"]).await?;
    let depth = |number: &'static str| [&fabric[..], &["--verification-depth", number]].concat();
    say(&stage, &["tls-context", "create", name], &depth("0")).await?;
    connection
        .ends_with("/after", (403, "path_too_deep"))
        .await?;
    say(&stage, &["tls-context", "replace", name], &depth("1")).await?;
    connection.ends_with("/after", (200, "")).await?;

    // The gateway's own configuration pins the partner; the context pins somebody else.
    let pins = file(&stage, "others.pem", &stage.clients.unpinned.certificate)?;
    say(&stage, &["pinset", "create", "others"], &["--file", &pins]).await?;
    let pinned = [&depth("1")[..], &["--pinset", "others"]].concat();
    say(&stage, &["tls-context", "replace", name], &pinned).await?;
    connection
        .ends_with("/after", (403, "pin_mismatch"))
        .await?;
    let pins = file(&stage, "partner.pem", &stage.clients.partner.certificate)?;
    say(&stage, &["pinset", "replace", "others"], &["--file", &pins]).await?;
    connection.ends_with("/after", (200, "")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_crl_denies_the_next_request_on_an_open_connection() -> Result<()> {
    let mut stage = Stage::open(Options::default()).await?;
    let client = stage.client(Some(&stage.clients.partner))?;
    let mut connection = client.connect(stage.gateway()?.listener()).await?;
    assert_eq!(connection.get("/before").await?.status, StatusCode::OK);

    let issuing = stage.clients.authority.clone();
    ask_for_lists(&stage, "http://pki.test/issuing.crl").await?;
    connection
        .ends_with("/after", (403, "revocation_unknown"))
        .await?;

    let publish = async |number: u64, revoked: &[&sallyport_tests::pki::Identity]| {
        let crl = issuing.crl(number, revoked)?;
        let crl = file(&stage, "issuing.crl", &crl)?;
        say(
            &stage,
            &["crl-distributor", "publish", "partners"],
            &["--file", &crl],
        )
        .await
    };
    publish(1, &[&stage.clients.unpinned]).await?;
    connection.ends_with("/after", (200, "")).await?;
    publish(2, &[&stage.clients.unpinned, &stage.clients.partner]).await?;
    connection
        .ends_with("/after", (403, "certificate_revoked"))
        .await?;
    let status = say(&stage, &["crl-distributor", "status", "partners"], &[]).await?;
    assert!(status.contains("Partner issuing CA"), "{status}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetched_crl_denies_the_next_request_on_an_open_connection() -> Result<()> {
    let mut stage = Stage::open(Options::default()).await?;
    let client = stage.client(Some(&stage.clients.partner))?;
    let mut connection = client.connect(stage.gateway()?.listener()).await?;
    assert_eq!(connection.get("/before").await?.status, StatusCode::OK);

    let server = ListServer::start().await?;
    let issuing = stage.clients.authority.clone();
    let (partner, other) = (&stage.clients.partner, &stage.clients.unpinned);
    server.put(issuing.crl(1, &[other])?);
    // Nobody asks for it to be fetched.
    ask_for_lists(&stage, &server.url()).await?;
    let lists = async || say(&stage, &["crl-distributor", "status", "partners"], &[]).await;
    until("the first list", PATIENCE, async || {
        Ok(lists().await?.contains("Partner issuing CA").then_some(()))
    })
    .await?;
    connection.ends_with("/after", (200, "")).await?;

    server.put(issuing.crl(2, &[other, partner])?);
    say(&stage, &["crl-distributor", "fetch", "partners"], &[]).await?;
    let revoked = (403, "certificate_revoked");
    connection.ends_with("/after", revoked).await?;

    // An older one changes nothing.
    server.put(issuing.crl(1, &[other])?);
    let fetch = [
        "crl-distributor",
        "fetch",
        "partners",
        "--group",
        "payments",
    ];
    assert!(stage.cli.ok(&fetch).await.is_err());
    assert!(lists().await?.contains("number"), "{}", lists().await?);
    connection.ends_with("/after", revoked).await
}

/// Certificates of clients have to be on no list of the partners' issuing authority.
async fn ask_for_lists(stage: &Stage, url: &str) -> Result<()> {
    let issuing = &stage.clients.authority;
    let certificate = file(stage, "issuing.pem", &issuing.certificate())?;
    let options = ["--file", &certificate];
    say(stage, &["certificate", "create", "issuing"], &options).await?;
    let options = [
        "--complete-url",
        url,
        "--frequency",
        "60",
        "--distributor-certificate",
        "issuing",
    ];
    say(stage, &["crl-distributor", "create", "partners"], &options).await?;
    let options = [
        "--keystore",
        "gateway",
        "--truststore",
        "partners",
        "--require-client-certificate",
        "--crl-distributor",
        "partners",
        "--crl-for-peer-only",
    ];
    say(
        stage,
        &["tls-context", "replace", "partner-inbound"],
        &options,
    )
    .await?;
    Ok(())
}
