//! The vault's data: made once, durable, opened by its own key only.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use sallyport_tests::manager::Manager;
use sallyport_tests::scratch::Scratch;
use sallyport_tests::vault::{Vault, initialise};
use sallyport_tests::{Result, program};
use serde_json::json;
use tokio::task::JoinSet;

/// Clients that write until the service is killed.
const WRITERS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn init_never_overwrites_and_keeps_others_out() -> Result<()> {
    let scratch = Scratch::new()?;
    let data = scratch.join("data");
    initialise(&data)?;
    let mode = |name: &str| {
        std::fs::metadata(data.join(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(
        (mode("."), mode("root.key"), mode("sallyport.db")),
        (0o700, 0o600, 0o600)
    );

    let before = std::fs::read(data.join("root.key")).unwrap();
    let said = initialise(&data).unwrap_err().to_string();
    assert!(said.contains("not empty"), "{said}");
    assert_eq!(std::fs::read(data.join("root.key")).unwrap(), before);

    std::fs::set_permissions(
        data.join("root.key"),
        std::fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    let said = serve(&data);
    assert!(said.contains("chmod 600"), "{said}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_that_crashes_leaves_no_memory_on_the_disk() -> Result<()> {
    let scratch = Scratch::new()?;
    let vault = Vault::start(&scratch.directory("vault")?).await?;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", vault.id().unwrap())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let words: Vec<&str> = core.unwrap().split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{words:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_service_on_the_same_data_is_refused() -> Result<()> {
    let scratch = Scratch::new()?;
    let vault = Vault::start(&scratch.directory("vault")?).await?;
    let said = serve(&vault.data());
    assert!(said.contains("in use by another"), "{said}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_during_writes_loses_no_acknowledged_write() -> Result<()> {
    let scratch = Scratch::new()?;
    let mut vault = Vault::start(&scratch.directory("vault")?).await?;
    let manager = Manager::login(&vault).await?;
    let group = manager.create_group("payments").await?;
    let path = manager.path(&format!("secretGroups/{group}/sharedSecrets"));

    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (manager, path) = (Manager::login(&vault).await?, path.clone());
        writers.spawn(async move {
            let mut acknowledged = Vec::new();
            for number in 0.. {
                let name = format!("secret-{writer}-{number}");
                let body = json!({
                    "type": "UsernamePassword", "name": name, "username": "u", "password": "p",
                });
                match manager.post(&path, &body).await {
                    Ok(reply) if reply.status == http::StatusCode::CREATED => {
                        acknowledged.push(name)
                    }
                    _ => break,
                }
            }
            acknowledged
        });
    }
    sallyport_tests::wait::until("some writes", sallyport_tests::wait::PATIENCE, async || {
        let list = manager.list(&path).await?;
        Ok((list.as_array().map_or(0, Vec::len) >= 50).then_some(()))
    })
    .await?;
    vault.kill();
    let mut acknowledged = Vec::new();
    while let Some(names) = writers.join_next().await {
        acknowledged.extend(names.unwrap());
    }
    vault.resume().await?;

    let list = Manager::login(&vault).await?.list(&path).await?;
    let kept: Vec<&str> = list
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|item| item["name"].as_str())
        .collect();
    let lost: Vec<_> = acknowledged
        .iter()
        .filter(|name| !kept.contains(&name.as_str()))
        .collect();
    assert!(
        acknowledged.len() >= 50 - WRITERS && lost.is_empty(),
        "lost: {lost:?}"
    );
    Ok(())
}

/// What a service that does not start says.
fn serve(data: &std::path::Path) -> String {
    let output = Command::new(program::vault().unwrap())
        .args([
            "serve",
            "--manager-listen",
            "127.0.0.1:0",
            "--provider-listen",
            "127.0.0.1:0",
            "--health-listen",
            "off",
        ])
        .arg("--data-dir")
        .arg(data)
        .output()
        .unwrap();
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}
