//! Line 5: a rotated password under load.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::{Line, Stage, USERNAME, basic};
use crate::client::{Client, Connection};
use crate::upstream::SeenRequest;
use crate::wait::{PATIENCE, until};
use crate::{Error, Result};

/// Connections that send one request after the other.
const CONNECTIONS: usize = 4;

/// Requests that have to have passed before the password is rotated, and with the new one after.
const ENOUGH: usize = 100;

/// How soon the new value has to be in use everywhere.
const LIMIT: Duration = Duration::from_secs(1);

const PATH: &str = "/load";

/// (5) The new password is in use within a second, no request fails, nothing is restarted.
pub async fn rotation_reaches_running_load(stage: &mut Stage) -> Result<Line> {
    let old = basic(USERNAME, stage.password());
    let password = format!("demo-password-{}-b81f07", stage.passwords().len() + 1);
    let new = basic(USERNAME, &password);
    let processes = (stage.gateway()?.id(), stage.vault.id());

    let client = stage.client(Some(&stage.clients.partner))?;
    let load = Load::start(&client, stage.gateway()?.listener()).await?;
    let sent = async |stage: &Stage, credential: &str| {
        let count = with_credential(stage, credential).count();
        Ok((count >= ENOUGH).then_some(()))
    };
    until("the load", PATIENCE, async || sent(stage, &old).await).await?;
    stage.rotate(&password).await?;
    let rotated = Instant::now();
    until("the new password", PATIENCE, async || {
        let enough = sent(stage, &new).await?;
        Ok(enough.filter(|()| rotated.elapsed() > LIMIT))
    })
    .await?;
    let (requests, failures) = load.stop().await?;

    let first_new = with_credential(stage, &new).map(|seen| seen.at).min();
    let last_old = with_credential(stage, &old).map(|seen| seen.at).max();
    let after = |at: Option<Instant>| at.unwrap_or(rotated).saturating_duration_since(rotated);
    let (first_new, last_old) = (after(first_new), after(last_old));
    stage.gateway()?.still_runs()?;
    let restarted = processes != (stage.gateway()?.id(), stage.vault.id());
    Ok(Line {
        number: 5,
        title: "the password rotated in the vault while a load runs",
        expected: "new value in use within 1 s, no request failed, nothing restarted".to_owned(),
        got: format!(
            "first use {} ms and last use of the old value {} ms after the command returned, \
             {failures} of {requests} requests failed, {}",
            first_new.as_millis(),
            last_old.as_millis(),
            if restarted {
                "RESTARTED"
            } else {
                "nothing restarted"
            },
        ),
        holds: first_new < LIMIT && last_old < LIMIT && failures == 0 && !restarted,
    })
}

fn with_credential(stage: &Stage, credential: &str) -> impl Iterator<Item = SeenRequest> {
    let credential = credential.to_owned();
    stage
        .backend
        .requests()
        .into_iter()
        .filter(move |seen| seen.path == PATH && seen.header("authorization") == credential)
}

/// Requests on kept-alive connections until it is stopped.
struct Load {
    stop: Arc<AtomicBool>,
    workers: JoinSet<Result<(usize, usize)>>,
}

impl Load {
    async fn start(client: &Client, gateway: SocketAddr) -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut workers = JoinSet::new();
        for _ in 0..CONNECTIONS {
            let connection = client.connect(gateway).await?;
            workers.spawn(work(connection, Arc::clone(&stop)));
        }
        Ok(Self { stop, workers })
    }

    /// How many requests were sent, and how many of them failed.
    async fn stop(mut self) -> Result<(usize, usize)> {
        self.stop.store(true, Ordering::Release);
        let mut sum = (0, 0);
        while let Some(ended) = self.workers.join_next().await {
            let (requests, failures) = ended.map_err(|_| Error::NotStarted("the load"))??;
            sum = (sum.0 + requests, sum.1 + failures);
        }
        Ok(sum)
    }
}

async fn work(mut connection: Connection, stop: Arc<AtomicBool>) -> Result<(usize, usize)> {
    let (mut requests, mut failures) = (0, 0);
    while !stop.load(Ordering::Acquire) {
        let reply = connection.get(PATH).await?;
        requests += 1;
        failures += usize::from(reply.status != http::StatusCode::OK);
    }
    Ok((requests, failures))
}
