//! A gateway that runs a recipe with the recording filter.

use super::log::{Keep, recording};
use crate::client::{Client, Connection};
use crate::demo::{Options, Stage};
use crate::envoy::{Envoy, Room};
use crate::pki::Identity;
use crate::{Result, files};

/// The gateway.
pub(super) struct Scene {
    pub(super) stage: Stage,
    envoy: Option<Envoy>,
    workers: usize,
}

impl Scene {
    /// Everything but Envoy.
    pub(super) async fn furnish(
        recipe: impl Into<Option<&'static str>>,
        startup_wait: &'static str,
    ) -> Result<Self> {
        let stage = Stage::furnish(Options {
            recipe: recipe.into(),
            startup_wait,
            ..Options::default()
        })
        .await?;
        Ok(Self {
            stage,
            envoy: None,
            workers: 1,
        })
    }

    /// The recipe with one worker, whose filters watch for themselves.
    pub(super) async fn open(recipe: &'static str) -> Result<Self> {
        let mut scene = Self::furnish(recipe, "10s").await?;
        scene.start(own_watch, &[]).await?;
        Ok(scene)
    }

    /// The same with that many workers.
    pub(super) fn with_workers(self, workers: usize) -> Self {
        Self { workers, ..self }
    }

    /// Starts Envoy with the recipe, changed, and all decisions noted.
    pub(super) async fn start(
        &mut self,
        change: impl FnOnce(String) -> String,
        values: &[(&'static str, String)],
    ) -> Result<()> {
        let recipe = self.stage.recipe().configuration()?;
        let recipe = match recipe.contains("\"notes\":") {
            true => recipe,
            false => recipe.replace("\"startupWait\":", "\"notes\": \"all\", \"startupWait\":"),
        };
        let configuration = self.stage.fill(&change(recipe), values)?;
        let room = Room {
            workers: self.workers,
            processor: None,
        };
        let directory = self.stage.scratch().directory("recorded")?;
        self.envoy = Some(Envoy::start_in(room, &directory, &configuration).await?);
        Ok(())
    }

    pub(super) fn envoy(&self) -> Result<&Envoy> {
        self.envoy.as_ref().ok_or(crate::Error::NotStarted("Envoy"))
    }

    pub(super) fn client(&self, identity: Option<&Identity>) -> Result<Client> {
        self.stage.client(identity)
    }

    /// An open connection of that client.
    pub(super) async fn connect(&self, identity: Option<&Identity>) -> Result<Connection> {
        self.client(identity)?
            .connect(self.envoy()?.listener())
            .await
    }

    /// Runs a command on the group of all recipes.
    pub(super) async fn say(&self, command: &[&str]) -> Result<()> {
        let group = ["--group", "payments"];
        self.stage.cli.ok(&[command, &group].concat()).await?;
        Ok(())
    }

    /// Writes a file that commands read.
    pub(super) fn write(&self, name: &str, content: &str) -> Result<()> {
        files::write(&self.stage.pki().join(name), content)
    }

    /// What was recorded.
    pub(super) fn end(self, keep: Keep) -> Result<String> {
        recording(&files::read(self.envoy()?.log())?, keep)
    }
}

/// One call to the vault for each filter, and few ticks.
pub(super) fn own_watch(recipe: String) -> String {
    recipe.replace("\"environment\":", "\"watch\": \"own\", \"environment\":")
}
