//! Gateways with identities of their own, and grants on the group of the stage's credential: many with one each, or
//! one with many.

use std::time::Duration;

use http::{Method, StatusCode};
use sallyport_tests::client::Reply;
use sallyport_tests::demo::Stage;
use sallyport_tests::manager::Manager;
use sallyport_tests::pki::Identity;
use sallyport_tests::{Error, Result};
use serde_json::{Value, json};

use crate::rotator::id_of;

/// Between attempts while the public door has enough of us.
const PAUSE: Duration = Duration::from_secs(1);

/// Registers that many and lets them read.
pub(crate) async fn register(stage: &Stage, count: usize) -> Result<Vec<Identity>> {
    let manager = Manager::login(&stage.vault).await?;
    let group = id_of(&manager, "secretGroups", "payments").await?;
    let mut gateways = Vec::with_capacity(count);
    for number in 0..count {
        let name = format!("gateway-{number}");
        gateways.push(registered(&manager, &name, std::slice::from_ref(&group)).await?);
    }
    Ok(gateways)
}

/// Registers one and lets it read that many groups, of which one has the credential.
pub(crate) async fn register_with_grants(stage: &Stage, count: usize) -> Result<Identity> {
    let manager = Manager::login(&stage.vault).await?;
    let mut groups = vec![id_of(&manager, "secretGroups", "payments").await?];
    for number in 1..count {
        groups.push(manager.create_group(&format!("group-{number}")).await?);
    }
    registered(&manager, "wide", &groups).await
}

async fn registered(manager: &Manager, name: &str, groups: &[String]) -> Result<Identity> {
    let sign = async |csr| {
        let gateway = json!({"name": name, "csr": csr});
        let gateways = manager.own_path("gateways");
        let answer = sent(manager, Method::POST, &gateways, &gateway).await?;
        let answer = answer.success("the registration")?.json()?;
        for group in groups {
            let grant = format!("secretGroups/{group}/grants/{}", text(&answer, "id")?);
            let access = json!({"access": ["read"]});
            let reply = sent(manager, Method::PUT, &manager.own_path(&grant), &access).await?;
            reply.success("the grant")?;
        }
        text(&answer, "certificate").map(str::to_owned)
    };
    Identity::signed_by(sign).await
}

/// The public door lets a client make so many requests per second.
async fn sent(manager: &Manager, method: Method, path: &str, body: &Value) -> Result<Reply> {
    loop {
        let reply = manager.json(method.clone(), path, body).await?;
        if reply.status != StatusCode::TOO_MANY_REQUESTS {
            return Ok(reply);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn text<'a>(answer: &'a Value, field: &str) -> Result<&'a str> {
    let found = answer.get(field).and_then(Value::as_str);
    found.ok_or_else(|| Error::Shape {
        what: "the registration".to_owned(),
        missing: field.to_owned(),
        got: answer.to_string(),
    })
}
