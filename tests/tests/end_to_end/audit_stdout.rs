//! The audit log on the service's stdout: all of it, and what becomes of values when nobody reads it.

use std::collections::BTreeSet;
use std::io::read_to_string;
use std::process::ChildStdout;

use sallyport_tests::demo::{Options, Stage};
use sallyport_tests::pki::Identity;
use sallyport_tests::provider::Provider;
use sallyport_tests::wait::{PATIENCE, until};
use sallyport_tests::{Result, files};

use super::audit_kept::export;

const REFERENCE: &str = "secret://payments/sharedSecrets/backend";

/// Pipes take 64 KiB, and entries of reads a few hundred bytes.
const MORE_THAN_A_PIPE_TAKES: usize = 1_000;

/// A vault whose audit log goes to its stdout, and a gateway that may read.
struct Scene {
    stage: Stage,
    stdout: Option<ChildStdout>,
    provider: Provider,
}

impl Scene {
    async fn new() -> Result<Self> {
        let mut stage = Stage::furnish(Options::default()).await?;
        stage.vault.stop();
        let sink = "\n[[audit_sinks]]\nkind = \"stdout\"\n";
        files::append(&stage.vault.data().join("vault.toml"), sink)?;
        let stdout = stage.vault.resume_piped().await?;
        let provider = Provider::new(&stage.vault, Some(&Identity::of_gateway(&stage.edge)?))?;
        Ok(Self {
            stage,
            stdout,
            provider,
        })
    }

    async fn reads(&self) -> bool {
        let outcome = self.provider.outcome(REFERENCE).await;
        outcome.is_ok_and(|outcome| outcome.get("current").is_some())
    }

    /// Waits until the vault says that it is not ready because of this.
    async fn says(&self, why: &str) -> Result<()> {
        until(why, PATIENCE, async || {
            let answer = self.provider.readiness().await?;
            Ok(answer.contains(why).then_some(()))
        })
        .await
    }

    /// Stdout is the end of the log, each line once.
    async fn is_the_log(&self, stdout: &str) -> Result<()> {
        let log = export(&self.stage.vault.data()).await?;
        assert!(log.ends_with(stdout), "{stdout}");
        let lines: BTreeSet<_> = stdout.lines().collect();
        assert_eq!(lines.len(), stdout.lines().count());
        assert!(stdout.contains("secret.resolve"), "{stdout}");
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stdout_has_the_log_from_the_start_on_and_nothing_else() -> Result<()> {
    let mut scene = Scene::new().await?;
    for _ in 0..3 {
        assert!(scene.reads().await);
    }
    scene.stage.vault.stop();
    let stdout = read_to_string(scene.stdout.take().unwrap()).unwrap();
    assert_eq!(stdout.matches("secret.resolve").count(), 3);
    scene.is_the_log(&stdout).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_that_nobody_reads_holds_values_back_until_somebody_does() -> Result<()> {
    let mut scene = Scene::new().await?;
    let mut values = 0;
    while scene.reads().await {
        values += 1;
        assert!(values < MORE_THAN_A_PIPE_TAKES);
    }
    scene.says("stdout: blocked").await?;
    let mut stdout = scene.stdout.take().unwrap();
    let reader = std::thread::spawn(move || read_to_string(&mut stdout).unwrap());
    until("a value", PATIENCE, async || {
        Ok(scene.reads().await.then_some(()))
    })
    .await?;
    scene.stage.vault.stop();
    let stdout = reader.join().unwrap();
    assert!(stdout.matches("secret.resolve").count() > values);
    scene.is_the_log(&stdout).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_pipe_holds_values_back_and_the_vault_says_why() -> Result<()> {
    let mut scene = Scene::new().await?;
    assert!(scene.reads().await);
    scene.stdout = None;
    until("a refusal", PATIENCE, async || {
        Ok((!scene.reads().await).then_some(()))
    })
    .await?;
    scene.says("stdout: failing: Broken pipe").await?;
    assert!(!scene.reads().await);
    Ok(())
}
