//! The audit log of a vault that is killed while gateways ask.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::{Pid, Signal, kill_process};
use sallyport_tests::demo::{Options, Stage};
use sallyport_tests::manager::Manager;
use sallyport_tests::pki::Identity;
use sallyport_tests::provider::Provider;
use sallyport_tests::said::Said;
use sallyport_tests::scratch::Scratch;
use sallyport_tests::vault::Vault;
use sallyport_tests::wait::{PATIENCE, until};
use sallyport_tests::{Result, files, program};
use serde_json::Value;
use tokio::process::Command;
use tokio::task::JoinSet;

const REFERENCE: &str = "secret://payments/sharedSecrets/backend";

/// Gateways that ask at the same time, and how often in all before the vault is killed.
const GATEWAYS: usize = 8;
const ANSWERS: usize = 400;

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_under_load_loses_no_entry_of_a_value_that_left() -> Result<()> {
    let mut stage = Stage::furnish(Options::default()).await?;
    let copy = stage.vault.data().join("copy.jsonl");
    stage.vault.stop();
    let sink = format!("\n[[audit_sinks]]\nkind = \"file\"\npath = {copy:?}\n");
    let settings = stage.vault.data().join("vault.toml");
    files::append(&settings, &sink)?;
    let strict = files::read(&settings)?;

    let mut before = 0;
    for durability in ["disk", "kernel", "disk"] {
        let chosen = format!("audit_durability = {durability:?}");
        files::write(
            &settings,
            &strict.replace("audit_durability = \"disk\"", &chosen),
        )?;
        assert!(files::read(&settings)?.contains(&chosen));
        stage.vault.resume().await?;
        let answered = hammer(&mut stage).await?;
        // Nobody has opened the data since.
        let log = export(&stage.vault.data()).await?;
        let values = values(&log);
        assert!(
            values >= before + answered,
            "{answered} values left, the log has {} more",
            values - before
        );
        before = values;
    }
    stage.vault.resume().await?;
    stage.vault.stop();
    let log = export(&stage.vault.data()).await?;
    assert_eq!(values(&log), before);
    let whole = stage.vault.data().join("export.jsonl");
    files::write(&whole, &log)?;
    let key = stage.vault.data().join("audit.pem");
    for file in [&whole, &copy] {
        let arguments = ["audit", "verify", text(file), "--public-key", text(&key)];
        let said = stage.cli.ok(&arguments).await?;
        assert!(said.contains("Complete"), "{said}");
    }
    // The copy has every line, and each of them once.
    assert_eq!(files::read(&copy)?, log);
    assert_eq!(
        log.lines().collect::<BTreeSet<_>>().len(),
        log.lines().count()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_file_that_was_moved_is_made_anew_after_a_hang_up() -> Result<()> {
    let scratch = Scratch::new()?;
    let mut vault = Vault::start(&scratch.directory("vault")?).await?;
    let (file, moved) = (scratch.join("audit.jsonl"), scratch.join("moved.jsonl"));
    vault.stop();
    let sink = format!("\n[[audit_sinks]]\nkind = \"file\"\npath = {file:?}\n");
    files::append(&vault.data().join("vault.toml"), &sink)?;
    vault.resume().await?;
    Manager::login(&vault).await?;
    std::fs::rename(&file, &moved).unwrap();
    let id = i32::try_from(vault.id().unwrap()).unwrap();
    kill_process(Pid::from_raw(id).unwrap(), Signal::HUP).unwrap();
    until("the signal", PATIENCE, async || {
        let said = files::read(&vault.log())?.contains("opening audit files anew");
        Ok(said.then_some(()))
    })
    .await?;
    Manager::login(&vault).await?;
    vault.stop();
    let (before, after) = (files::read(&moved)?, files::read(&file)?);
    assert!(after.contains("token.create"), "{after}");
    assert_eq!(before + &after, export(&vault.data()).await?);
    Ok(())
}

/// Asks until the vault is killed; gives how many values have arrived.
async fn hammer(stage: &mut Stage) -> Result<usize> {
    let identity = Identity::of_gateway(&stage.edge)?;
    let answered = Arc::new(AtomicUsize::new(0));
    let mut gateways = JoinSet::new();
    for _ in 0..GATEWAYS {
        let provider = Provider::new(&stage.vault, Some(&identity))?;
        let answered = Arc::clone(&answered);
        gateways.spawn(async move {
            while let Ok(outcome) = provider.outcome(REFERENCE).await {
                assert!(outcome.get("current").is_some(), "{outcome}");
                answered.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    until("some answers", PATIENCE, async || {
        Ok((answered.load(Ordering::Relaxed) >= ANSWERS).then_some(()))
    })
    .await?;
    stage.vault.kill();
    while let Some(ended) = gateways.join_next().await {
        ended.unwrap();
    }
    Ok(answered.load(Ordering::Relaxed))
}

pub(super) async fn export(data: &Path) -> Result<String> {
    let mut command = Command::new(program::vault()?);
    command.args(["export-audit", "--data-dir"]).arg(data);
    let said = Said::by(&mut command, "").await?;
    Ok(said.success("sallyport-vault export-audit")?.stdout)
}

fn values(log: &str) -> usize {
    let entries = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    entries
        .filter(|entry| entry["operation"] == "secret.resolve" && entry["outcome"] == "allowed")
        .count()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
