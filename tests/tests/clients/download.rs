//! Stored keystores and truststores, downloaded as a gateway with our own command line, and read by
//! keytool and OpenSSL.

use std::path::{Path, PathBuf};

use sallyport_tests::cli::Cli;
use sallyport_tests::pki::Authority;
use sallyport_tests::said::Said;
use sallyport_tests::scratch::Scratch;
use sallyport_tests::vault::Vault;
use sallyport_tests::{Result, files, program};
use tokio::process::Command;

const PASSPHRASE: &str = "Download-pass1";

/// A vault with a downloadable group, and a gateway that may read it.
struct Scene {
    scratch: Scratch,
    vault: Vault,
    cli: Cli,
}

impl Scene {
    async fn open() -> Result<Self> {
        let scratch = Scratch::new()?;
        let vault = Vault::start(&scratch.directory("vault")?).await?;
        let cli = Cli::login(&scratch.directory("cli")?, &vault).await?;
        cli.ok(&["group", "create", "payments", "--downloadable"])
            .await?;
        let gateway = scratch.join("java");
        let gateway = gateway.to_string_lossy();
        cli.ok(&["gateway", "create", "java", "--out", &gateway])
            .await?;
        cli.ok(&["grant", "add", "--group", "payments", "--gateway", "java"])
            .await?;
        Ok(Self {
            scratch,
            vault,
            cli,
        })
    }

    /// Runs `gateway download`; gives the file.
    async fn download(&self, reference: &str, format: &str, file: &str) -> Result<(Said, PathBuf)> {
        let out = self.scratch.join(file);
        let passphrase = self.scratch.join("passphrase");
        files::write(&passphrase, PASSPHRASE)?;
        let (url, gateway) = (
            format!("https://{}", self.vault.provider()),
            self.scratch.join("java"),
        );
        let (gateway, target) = (gateway.to_string_lossy(), out.to_string_lossy());
        let mut arguments = vec![
            "gateway",
            "download",
            reference,
            "--provider-url",
            &url,
            "--gateway",
            &gateway,
            "--format",
            format,
            "--out",
            &target,
        ];
        let passphrase = passphrase.to_string_lossy();
        if format == "pkcs12" {
            arguments.extend(["--passphrase-file", &passphrase]);
        }
        let said = self.cli.run(&arguments, "").await?;
        Ok((said, out))
    }

    async fn file(&self, reference: &str, format: &str, file: &str) -> Result<PathBuf> {
        let (said, out) = self.download(reference, format, file).await?;
        said.success("sallyport gateway download")?;
        Ok(out)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn downloaded_stores_are_read_by_keytool_and_openssl() -> Result<()> {
    let scene = Scene::open().await?;
    let root = Authority::root("Partner Root")?;
    let server = root.server("orders.internal")?;
    let written = server.write_to(&scene.scratch.directory("files")?, "server")?;
    let ca = scene.scratch.join("ca.pem");
    files::write(&ca, &root.certificate())?;
    let path = |path: &Path| path.to_string_lossy().into_owned();
    let (certificate, key, ca) = (path(&written.chain), path(&written.key), path(&ca));
    let keystore = ["--certificate", &certificate, "--key", &key];
    let create = ["keystore", "create", "edge", "--group", "payments"];
    scene.cli.ok(&[&create[..], &keystore].concat()).await?;
    let create = ["truststore", "create", "partners", "--group", "payments"];
    let truststore = ["--file", ca.as_str()];
    scene.cli.ok(&[&create[..], &truststore].concat()).await?;

    let keystore = "secret://payments/keystores/edge";
    let p12 = scene.file(keystore, "pkcs12", "edge.p12").await?;
    let listed = keytool(&p12).await?;
    assert!(listed.contains("PrivateKeyEntry"), "{listed}");
    let pem = scene.file(keystore, "pem", "edge.pem").await?;
    let own = openssl(&["pkey", "-pubout", "-in"], &pem).await?;
    let given = openssl(&["pkey", "-pubout", "-in"], &written.key).await?;
    assert_eq!(own, given);

    let truststore = "secret://payments/truststores/partners";
    let p12 = scene.file(truststore, "pkcs12", "partners.p12").await?;
    let listed = keytool(&p12).await?;
    assert!(listed.contains("trustedCertEntry"), "{listed}");
    let pem = scene.file(truststore, "pem", "partners.pem").await?;
    let subject = openssl(&["x509", "-noout", "-subject", "-in"], &pem).await?;
    assert!(subject.contains("Partner Root"), "{subject}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_is_refused_leaves_no_file_and_says_what_to_do() -> Result<()> {
    let scene = Scene::open().await?;
    for (reference, expected) in [
        ("secret://payments/keystores/none", "no keystore"),
        ("secret://paymnts/keystores/edge", "no read grant"),
        (
            "secret://payments/sharedSecrets/x",
            "not there for download",
        ),
    ] {
        let (said, out) = scene.download(reference, "pem", "none.pem").await?;
        assert_eq!(said.code, Some(1), "{}", said.stderr);
        assert!(said.stderr.contains(expected), "{}", said.stderr);
        assert!(!out.exists());
    }
    let group = ["group", "update", "payments", "--downloadable", "false"];
    scene.cli.ok(&group).await?;
    let reference = "secret://payments/keystores/none";
    let (said, _) = scene.download(reference, "pem", "none.pem").await?;
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    Ok(())
}

async fn keytool(store: &Path) -> Result<String> {
    let mut command = Command::new(program::keytool()?);
    command
        .arg("-J-XX:TieredStopAtLevel=1")
        .args(["-list", "-storetype", "PKCS12", "-keystore"])
        .arg(store)
        .env("STORE", PASSPHRASE)
        .args(["-storepass:env", "STORE"]);
    let said = Said::by(&mut command, "").await?;
    Ok(said.success("keytool -list")?.stdout)
}

async fn openssl(arguments: &[&str], file: &Path) -> Result<String> {
    let mut command = Command::new(program::openssl()?);
    command.args(arguments).arg(file);
    let said = Said::by(&mut command, "").await?;
    Ok(said.success("openssl")?.stdout)
}
