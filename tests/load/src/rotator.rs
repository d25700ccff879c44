//! Rotates the credential that the gateway injects, and finds out when it was in use.

use std::time::{Duration, Instant};

use http::Method;
use sallyport_tests::demo::{Stage, USERNAME, basic};
use sallyport_tests::manager::Manager;
use sallyport_tests::wait::{PATIENCE, until};
use sallyport_tests::{Error, Result};
use serde_json::{Value, json};

use crate::backend::{Backend, Sighting};

/// The administrator with the path of the credential.
pub(crate) struct Rotator {
    manager: Manager,
    path: String,
    rotations: u64,
    credential: String,
}

/// How soon a rotation was in use, counted from the Manager's answer.
#[derive(Clone, Copy)]
pub(crate) struct Reached {
    /// Until the first request with the new value.
    pub(crate) first_new: Duration,
    /// Until the last request with the old value.
    pub(crate) last_old: Duration,
}

impl Rotator {
    pub(crate) async fn find(stage: &Stage) -> Result<Self> {
        let manager = Manager::login(&stage.vault).await?;
        let group = id_of(&manager, "secretGroups", "payments").await?;
        let collection = format!("secretGroups/{group}/sharedSecrets");
        let secret = id_of(&manager, &collection, "backend").await?;
        Ok(Self {
            path: manager.path(&format!("{collection}/{secret}")),
            manager,
            rotations: 0,
            credential: basic(USERNAME, stage.password()),
        })
    }

    /// Stores a new password; gives the moment of the answer.
    pub(crate) async fn rotate(&mut self) -> Result<(Instant, Change)> {
        self.rotations += 1;
        let password = format!("load-password-{}-77ab19", self.rotations);
        let body = json!({
            "name": "backend", "type": "UsernamePassword",
            "username": USERNAME, "password": password,
        });
        let reply = self.manager.json(Method::PUT, &self.path, &body).await?;
        let at = Instant::now();
        reply.success("the rotation")?;
        let new = basic(USERNAME, &password);
        let old = std::mem::replace(&mut self.credential, new.clone());
        Ok((at, Change { old, new }))
    }
}

/// What a rotation replaced by what.
pub(crate) struct Change {
    old: String,
    new: String,
}

impl Change {
    /// Waits for the new value, then some more for the last of the old one.
    pub(crate) async fn reaches(
        &self,
        backend: &Backend,
        at: Instant,
        quiet: Duration,
    ) -> Result<Reached> {
        let first_new = until("the new credential", PATIENCE, async || {
            Ok(of(&backend.sightings(), &self.new).map(|seen| seen.first))
        })
        .await?;
        tokio::time::sleep(quiet).await;
        let last_old = of(&backend.sightings(), &self.old).map_or(at, |seen| seen.last);
        Ok(Reached {
            first_new: first_new.saturating_duration_since(at),
            last_old: last_old.saturating_duration_since(at),
        })
    }
}

fn of(sightings: &[Sighting], credential: &str) -> Option<Sighting> {
    let mut newest_first = sightings.iter().rev();
    newest_first
        .find(|seen| seen.credential == credential.as_bytes())
        .cloned()
}

/// The id of what has that name.
pub(crate) async fn id_of(manager: &Manager, collection: &str, name: &str) -> Result<String> {
    let list = manager.list(&manager.path(collection)).await?;
    let items = list.as_array().into_iter().flatten();
    let found = items
        .filter(|item| named(item) == Some(name))
        .find_map(|item| {
            let id = item.get("id").or_else(|| item.pointer("/meta/id"))?;
            id.as_str().map(str::to_owned)
        });
    found.ok_or_else(|| Error::Timeout {
        what: format!("{name} in {list}"),
        waited: Duration::ZERO,
    })
}

fn named(item: &Value) -> Option<&str> {
    item.get("name")
        .or_else(|| item.pointer("/meta/name"))
        .and_then(Value::as_str)
}
