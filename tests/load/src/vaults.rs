//! Authorised reads of one secret: the Provider beside OpenBao, by turns, each with its own
//! processor, TLS and an audit log.

use std::path::Path;

use rustls::ALL_VERSIONS;
use sallyport_tests::demo::{Options, Stage};
use sallyport_tests::pki::Identity;
use sallyport_tests::{Result, files, tls};
use serde_json::{Value, json};

use crate::contest::Contest;
use crate::gateways::register_with_grants;
use crate::hammer::{Request, Target};
use crate::openbao::{OpenBao, Storage, Token};
use crate::process;

/// The servers' processor; client and everything else have the other one.
const PROCESSOR: usize = 0;

/// Of a gateway that may read much, beside one with a single grant.
const GRANTS: usize = 100;
const MANY_GRANTS: &str = "sallyport, 100 grants";

/// Prints a table and writes all numbers.
pub(crate) async fn run(bao: &Path, json: &Path) -> Result<()> {
    let stage = Stage::furnish(Options::default()).await?;
    let in_kernel = recording_in_the_kernel().await?;
    let openbao = OpenBao::start(bao, Storage::Raft).await?;
    let vault = stage.vault.id().unwrap_or_default();
    let vault_in_kernel = in_kernel.vault.id().unwrap_or_default();
    for server in [vault, vault_in_kernel, openbao.id()] {
        process::pin(server, PROCESSOR)?;
    }
    let edge = Identity::of_gateway(&stage.edge)?;
    let wide = register_with_grants(&stage, GRANTS).await?;
    let revision = revision(&stage, &edge).await?;
    let mut contest = Contest::new(6);
    for connections in [16, 1] {
        let mut add = |what, server, target| contest.add(what, server, target, connections);
        let fairest = openbao.read(Token::Fairest).await?;
        add("OpenBao, fairest token", openbao.id(), fairest);
        let as_created = openbao.read(Token::AsCreated).await?;
        add("OpenBao, token as created", openbao.id(), as_created);
        let one = resolve(&stage, &edge, None)?;
        add("sallyport, record on the disk", vault, one);
        let many = resolve(&stage, &wide, None)?;
        add(MANY_GRANTS, vault, many);
        let of_kernel = Identity::of_gateway(&in_kernel.edge)?;
        let of_kernel = resolve(&in_kernel, &of_kernel, None)?;
        add(
            "sallyport, record in the kernel",
            vault_in_kernel,
            of_kernel,
        );
        let unchanged = resolve(&stage, &edge, Some(&revision))?;
        add("sallyport, unchanged, no record", vault, unchanged);
    }
    contest.run().await?;
    contest.print("CPU : OpenBao, fairest", |turn| turn.processor);
    println!(
        "resident memory: sallyport {} KiB, OpenBao {} KiB",
        process::resident(vault)?,
        process::resident(openbao.id())?
    );
    contest.write(json)
}

/// A vault whose records of reads wait for the disk no more than those of OpenBao do.
async fn recording_in_the_kernel() -> Result<Stage> {
    let mut stage = Stage::furnish(Options::default()).await?;
    let settings = stage.vault.data().join("vault.toml");
    let strict = files::read(&settings)?;
    let durability = |word: &str| format!("audit_durability = \"{word}\"");
    files::write(
        &settings,
        &strict.replace(&durability("disk"), &durability("kernel")),
    )?;
    stage.vault.stop();
    stage.vault.resume().await?;
    Ok(stage)
}

/// One reference, as a gateway asks for it.
fn resolve(stage: &Stage, gateway: &Identity, revision: Option<&Value>) -> Result<Target> {
    let account = stage.vault.account();
    let mut known = json!({"reference": "secret://payments/sharedSecrets/backend"});
    if let (Some(revision), Some(known)) = (revision, known.as_object_mut()) {
        known.insert("revision".to_owned(), revision.clone());
    }
    let body = json!({
        "scope": {"organization": account.organization.id, "environment": account.environment.id},
        "references": [known],
        "wait": 0,
    })
    .to_string();
    Ok(Target {
        peer: stage.vault.provider(),
        name: "sallyport-vault",
        tls: tls::client(&stage.vault.ca()?, Some(gateway), ALL_VERSIONS)?,
        request: Request::Text(format!(
            "POST /provider/v1/resolve HTTP/1.1\r\nhost: sallyport-vault\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()),
    })
}

/// What the vault calls the newest version.
async fn revision(stage: &Stage, gateway: &Identity) -> Result<Value> {
    let provider = sallyport_tests::provider::Provider::new(&stage.vault, Some(gateway))?;
    let answer = provider
        .resolve("secret://payments/sharedSecrets/backend")
        .await?;
    let answer = answer.success("resolve")?.json()?;
    Ok(answer
        .pointer("/answers/0/revision")
        .cloned()
        .unwrap_or_default())
}
