//! A gateway that fetches its certificates by itself, with our own command line.

use std::os::unix::fs::PermissionsExt as _;

use sallyport_tests::cli::Cli;
use sallyport_tests::scratch::Scratch;
use sallyport_tests::vault::Vault;
use sallyport_tests::{Result, files};

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_enrols_with_a_token_renews_by_itself_and_ends_when_it_is_deleted() -> Result<()>
{
    let scratch = Scratch::new()?;
    let vault = Vault::start(&scratch.directory("vault")?).await?;
    let cli = Cli::login(&scratch.directory("cli")?, &vault).await?;
    let path = |name: &str| scratch.join(name).to_string_lossy().into_owned();
    let (token, dir, ca) = (path("edge.token"), path("edge"), path("ca.pem"));
    files::write(&scratch.join("ca.pem"), &vault.ca()?)?;
    cli.ok(&["gateway", "join-token", "edge-1", "--out", &token])
        .await?;
    let mode = |file: &str| std::fs::metadata(file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&token), 0o600);

    let url = vault.url();
    let enroll = async |dir: &str| {
        let arguments = [
            "gateway",
            "enroll",
            "--url",
            &url,
            "--ca-file",
            &ca,
            "--token-file",
            &token,
            "--dir",
            dir,
        ];
        // The gateway's host has no profile: what it needs is in files.
        let host = Cli::stranger(&scratch.directory("host")?)?;
        host.run(&arguments, "").await
    };
    enroll(&dir).await?.success("gateway enroll")?;
    assert_eq!(mode(&format!("{dir}/gateway.key")), 0o600);
    let again = enroll(&path("other")).await?.success("gateway enroll");
    let refused = again.unwrap_err().to_string();
    assert!(refused.contains("join token"), "{refused}");

    let provider = format!("https://{}", vault.provider());
    let renew = [
        "gateway",
        "renew",
        "--out",
        &dir,
        "--provider-url",
        &provider,
    ];
    let certificate = || files::read(&scratch.join("edge/gateway.pem"));
    let first = certificate()?;
    let early = cli.ok(&[&renew[..], &["--when-due"]].concat()).await?;
    assert!(early.contains("Nothing to do"), "{early}");
    assert_eq!(certificate()?, first);
    cli.ok(&renew).await?;
    assert_ne!(certificate()?, first);

    cli.ok(&["gateway", "delete", "edge-1", "--yes"]).await?;
    let refused = cli.ok(&renew).await.unwrap_err().to_string();
    assert!(refused.contains("registered gateway"), "{refused}");
    Ok(())
}
