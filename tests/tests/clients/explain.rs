//! `sallyport explain`: the filter's verdict on the command line, with the TLS context as a gateway
//! gets it.

use std::path::Path;

use sallyport_tests::cli::Cli;
use sallyport_tests::pki::{Authority, Identity, Validity};
use sallyport_tests::said::Said;
use sallyport_tests::scratch::Scratch;
use sallyport_tests::vault::Vault;
use sallyport_tests::{Result, files};
use serde_json::Value;

struct Scene {
    scratch: Scratch,
    vault: Vault,
    cli: Cli,
    root: Authority,
}

impl Scene {
    /// A TLS context that wants clients of a root, and a gateway that may read it.
    async fn open() -> Result<Self> {
        let scratch = Scratch::new()?;
        let vault = Vault::start(&scratch.directory("vault")?).await?;
        let cli = Cli::login(&scratch.directory("cli")?, &vault).await?;
        let root = Authority::root("Partner Root")?;
        let ca = scratch.join("ca.pem");
        files::write(&ca, &root.certificate())?;
        let (ca, gateway) = (text(&ca), text(&scratch.join("edge")));
        for command in [
            vec!["group", "create", "payments"],
            vec![
                "truststore",
                "create",
                "partners",
                "--group",
                "payments",
                "--file",
                &ca,
            ],
            vec![
                "tls-context",
                "create",
                "inbound",
                "--group",
                "payments",
                "--truststore",
                "partners",
                "--require-client-certificate",
            ],
            vec!["gateway", "create", "edge", "--out", &gateway],
            vec!["grant", "add", "--group", "payments", "--gateway", "edge"],
        ] {
            cli.ok(&command).await?;
        }
        Ok(Self {
            scratch,
            vault,
            cli,
            root,
        })
    }

    /// Exit code and JSON of an explanation.
    async fn explain(&self, peer: &Identity, more: &[&str]) -> Result<(Option<i32>, Value)> {
        let said = self.explained(peer, more).await?;
        let printed = serde_json::from_str(&said.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", said.stdout, said.stderr));
        Ok((said.code, printed))
    }

    async fn explained(&self, peer: &Identity, more: &[&str]) -> Result<Said> {
        let (cert, chain) = (
            self.scratch.join("peer.pem"),
            self.scratch.join("chain.pem"),
        );
        files::write(&cert, &peer.certificate)?;
        files::write(&chain, &peer.chain)?;
        let url = format!("https://{}", self.vault.provider());
        let (cert, chain) = (text(&cert), text(&chain));
        let gateway = text(&self.scratch.join("edge"));
        let fixed = [
            "explain",
            "--cert",
            &cert,
            "--chain",
            &chain,
            "--provider-url",
            &url,
            "--gateway",
            &gateway,
            "-o",
            "json",
        ];
        self.cli.run(&[&fixed[..], more].concat(), "").await
    }
}

const CONTEXT: [&str; 2] = ["--context", "secret://payments/tlsContexts/inbound"];

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_explained_by_the_context_that_gateways_get() -> Result<()> {
    let scene = Scene::open().await?;
    let partner = scene.root.intermediate("Partner Issuing")?.client("app")?;
    let (code, said) = scene.explain(&partner, &CONTEXT).await?;
    assert_eq!((code, &said["verdict"]), (Some(0), &"allowed".into()));
    let (passed, path) = outcome(&said, "path");
    let names = ["CN=app` < `", "CN=Partner Issuing` < `", "CN=Partner Root`"];
    assert_eq!(passed, "passed");
    assert!(names.iter().all(|name| path.contains(name)), "{path}");
    assert_eq!(outcome(&said, "pins").0, "not_asked");

    let stranger = Authority::root("Stranger")?.client("app")?;
    let (code, said) = scene.explain(&stranger, &CONTEXT).await?;
    assert_eq!((code, &said["verdict"]), (Some(5), &"denied".into()));
    assert_eq!(said["reason"], "unknown_issuer");
    assert_eq!(outcome(&said, "path").0, "failed");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn time_version_and_names_are_a_matter_of_options() -> Result<()> {
    let scene = Scene::open().await?;
    let old = scene.root.client_with("app", Validity::Expired)?;
    let (code, said) = scene.explain(&old, &CONTEXT).await?;
    assert_eq!(
        (code, &said["reason"]),
        (Some(5), &"certificate_expired".into())
    );
    let then = [&CONTEXT[..], &["--at", "2020-06-01T00:00:00Z"]].concat();
    assert_eq!(scene.explain(&old, &then).await?.0, Some(0));

    let client = scene.root.client("app")?;
    let version = [&CONTEXT[..], &["--tls-version", "TLSv1.1"]].concat();
    let (_, said) = scene.explain(&client, &version).await?;
    assert_eq!(said["reason"], "tls_version_refused");
    assert_eq!(outcome(&said, "path").0, "not_reached");

    // A reference is taken for what its flag says, and nothing of the other side is ignored.
    let context = CONTEXT[1];
    let side = ["--server-name", "upstream.example"];
    for more in [&["--pinset", context][..], &side[..]] {
        let said = scene
            .explained(&client, &[&CONTEXT[..], more].concat())
            .await?;
        assert_eq!(said.code, Some(2), "{}", said.stdout);
        assert!(said.stderr.contains(more[0]), "{}", said.stderr);
    }

    let name = [&CONTEXT[..], &["--peer-name", "dns:other.example"]].concat();
    let (_, said) = scene.explain(&client, &name).await?;
    assert_eq!(said["reason"], "peer_name_mismatch");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truststore_in_a_file_needs_no_vault() -> Result<()> {
    let scene = Scene::open().await?;
    let ca = text(&scene.scratch.join("ca.pem"));
    let (cert, client) = (scene.scratch.join("peer.pem"), scene.root.client("app")?);
    files::write(&cert, &client.certificate)?;
    let cert = text(&cert);
    let alone = ["explain", "--cert", &cert, "--truststore", &ca];
    let said = scene.cli.run(&alone, "").await?;
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    for expected in ["CHECK", "path", "passed", "verdict", "allowed"] {
        assert!(said.stdout.contains(expected), "{}", said.stdout);
    }
    Ok(())
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn outcome<'a>(said: &'a Value, check: &str) -> (&'a str, &'a str) {
    let checks = said["checks"].as_array().unwrap();
    let found = checks.iter().find(|one| one["check"] == check).unwrap();
    let evidence = found["evidence"].as_str().unwrap_or_default();
    (found["outcome"].as_str().unwrap(), evidence)
}
