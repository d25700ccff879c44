//! The example of `docs/provider.md`: curl asks for two references as a gateway.

use sallyport_tests::cli::Cli;
use sallyport_tests::said::Said;
use sallyport_tests::scratch::Scratch;
use sallyport_tests::vault::Vault;
use sallyport_tests::{Result, files};
use serde_json::Value;
use tokio::process::Command;

const DOCUMENT: &str = include_str!("../../../docs/provider.md");

#[tokio::test(flavor = "multi_thread")]
async fn curl_asks_as_the_document_says_and_is_answered_as_it_says() -> Result<()> {
    let scratch = Scratch::new()?;
    let vault = Vault::start(&scratch.directory("vault")?).await?;
    let cli = Cli::login(&scratch.directory("cli")?, &vault).await?;
    let edge = scratch.join("edge");
    let edge = edge.to_string_lossy();
    cli.ok(&["group", "create", "payments"]).await?;
    cli.ok(&["gateway", "create", "edge", "--out", &edge])
        .await?;
    cli.ok(&["grant", "add", "--group", "payments", "--gateway", "edge"])
        .await?;
    let create = ["secret", "create", "backend", "--group", "payments"];
    let create = [
        &create[..],
        &["--username", "gateway", "--password-file", "-"],
    ]
    .concat();
    cli.told(&create, "correct horse").await?;

    let account = vault.account();
    let question = indented("{\n      \"scope\"")
        .replace(
            "11111111-1111-4111-8111-111111111111",
            &account.organization.id,
        )
        .replace(
            "22222222-2222-4222-8222-222222222222",
            &account.environment.id,
        );
    files::write(&scratch.join("ask.json"), &question)?;
    let command = indented("curl ").replace("vault.example:8444", &vault.provider().to_string());
    let said = Said::by(
        Command::new("sh")
            .args(["-c", &command])
            .current_dir(scratch.path()),
        "",
    )
    .await?;
    let answered = without_revision(&said.success("curl")?.stdout);
    assert_eq!(
        answered,
        without_revision(&indented("{\n      \"answers\""))
    );
    Ok(())
}

/// The indented lines of the document that begin like that, up to an empty one.
fn indented(beginning: &str) -> String {
    let at = DOCUMENT.find(&format!("\n    {beginning}")).unwrap();
    let lines = DOCUMENT[at..].trim_start_matches('\n').lines();
    let lines = lines.take_while(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

/// The one of a secret's own is another one for each vault.
fn without_revision(answer: &str) -> Value {
    let mut answer: Value = serde_json::from_str(answer).unwrap();
    let revision = answer.pointer_mut("/answers/0/revision").unwrap().take();
    assert!(revision.is_string(), "{answer}");
    answer
}
