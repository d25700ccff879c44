//! The demo's gateway with the filter that dies when a client says so.

use http::{Request, StatusCode};
use sallyport_tests::client::{Client, Connection, Reply};
use sallyport_tests::demo::{Options, Stage, USERNAME, basic};
use sallyport_tests::envoy::Envoy;
use sallyport_tests::wait::{PATIENCE, until};
use sallyport_tests::{Result, files, program};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// New connections that are enough to meet both workers.
const CONNECTIONS: usize = 20;

/// The gateway, two workers.
pub(super) struct Scene {
    pub(super) stage: Stage,
    pub(super) envoy: Envoy,
}

/// A client of another authority that knocks until it is told to stop.
pub(super) struct Stranger {
    stop: watch::Sender<bool>,
    knocks: JoinHandle<Result<Vec<StatusCode>>>,
}

impl Scene {
    /// With the demo's configuration, changed.
    pub(super) async fn open(change: impl FnOnce(String) -> String) -> Result<Self> {
        Self::of(Stage::furnish(Options::default()).await?, change).await
    }

    /// The same, on a stage that is there.
    pub(super) async fn of(stage: Stage, change: impl FnOnce(String) -> String) -> Result<Self> {
        let shipped = program::filter_wasm()?;
        let trapping = program::trapping_filter_wasm()?;
        let configuration = stage
            .envoy_configuration()?
            .replace(&*shipped.to_string_lossy(), &trapping.to_string_lossy());
        let directory = stage.scratch().directory("traps")?;
        let envoy = Envoy::start(&directory, &change(configuration)).await?;
        Ok(Self { stage, envoy })
    }

    /// A connection of a client that may come in.
    pub(super) async fn connect(&self) -> Result<Connection> {
        self.partner()?.connect(self.envoy.listener()).await
    }

    pub(super) fn partner(&self) -> Result<Client> {
        self.stage.client(Some(&self.stage.clients.partner))
    }

    /// A client that may not come in begins to knock.
    pub(super) fn stranger(&self) -> Result<Stranger> {
        let client = self.stage.client(Some(&self.stage.clients.rogue))?;
        let listener = self.envoy.listener();
        let (stop, stopped) = watch::channel(false);
        let knocks = tokio::spawn(async move {
            let mut statuses = Vec::new();
            while !*stopped.borrow() {
                statuses.push(client.get(listener, "/stranger").await?.status);
            }
            Ok(statuses)
        });
        Ok(Stranger { stop, knocks })
    }

    /// Every worker lets a client in that may come in.
    pub(super) async fn everybody_passes(&self) -> Result<()> {
        let client = self.partner()?;
        until("every worker to let requests pass", PATIENCE, async || {
            for _ in 0..CONNECTIONS {
                let reply = client.get(self.envoy.listener(), "/after").await?;
                if reply.status != StatusCode::OK {
                    return Ok(None);
                }
            }
            Ok(Some(()))
        })
        .await
    }

    /// A new credential reaches the backend from every worker.
    pub(super) async fn a_rotation_arrives(&mut self, password: &str) -> Result<()> {
        self.stage.rotate(password).await?;
        let client = self.partner()?;
        let credential = basic(USERNAME, password);
        let stage = &self.stage;
        until("the credential from every worker", PATIENCE, async || {
            for _ in 0..CONNECTIONS {
                client.get(self.envoy.listener(), "/rotated").await?;
                let seen = stage.backend.last_request();
                if seen.is_none_or(|seen| seen.header("authorization") != credential) {
                    return Ok(None);
                }
            }
            Ok(Some(()))
        })
        .await
    }

    /// Whether the backend saw a request for that path.
    pub(super) fn passed(&self, path: &str) -> bool {
        self.stage
            .backend
            .requests()
            .iter()
            .any(|seen| seen.path == path)
    }

    /// Waits for a line of Envoy's log.
    pub(super) async fn logged(&self, text: &str) -> Result<()> {
        until(text, PATIENCE, async || {
            Ok(files::read(self.envoy.log())?.contains(text).then_some(()))
        })
        .await
    }
}

impl Stranger {
    /// It never came in, however often it knocked.
    pub(super) async fn never_passed(self, scene: &Scene) -> Result<()> {
        self.stop.send_replace(true);
        let statuses = self.knocks.await.unwrap()?;
        assert!(!statuses.is_empty());
        let passed = |status: &&StatusCode| status.is_success();
        assert_eq!(statuses.iter().find(passed), None);
        assert!(!scene.passed("/stranger"));
        Ok(())
    }
}

/// A request that orders a death: whose, and when.
pub(super) fn order(path: &str, order: &str) -> Result<Request<String>> {
    Ok(Request::get(path)
        .header("x-trap", order)
        .body(String::new())?)
}

/// It was not let pass, whatever became of it.
pub(super) fn refused(reply: &Result<Reply>) -> bool {
    reply
        .as_ref()
        .map_or(true, |reply| !reply.status.is_success())
}
