//! The scene: the recipe's gateway in front of a server that says everything back.

use sallyport_tests::byte_stream::ByteStream;
use sallyport_tests::byte_upstream::ByteUpstream;
use sallyport_tests::client::Client;
use sallyport_tests::demo::{Options, Stage};
use sallyport_tests::envoy::Envoy;
use sallyport_tests::pki::Identity;
use sallyport_tests::recipe::Recipe;
use sallyport_tests::{Result, files};

const GROUP: [&str; 2] = ["--group", "payments"];

/// The scene.
pub(super) struct Gateway {
    pub(super) stage: Stage,
    pub(super) server: ByteUpstream,
    pub(super) envoy: Option<Envoy>,
}

impl Gateway {
    /// The recipe as it stands.
    pub(super) async fn open() -> Result<Self> {
        let mut gateway = Self::furnish(b"", "10s").await?;
        gateway.start(|configuration| configuration).await?;
        Ok(gateway)
    }

    /// Everything but Envoy. The server may speak first.
    pub(super) async fn furnish(
        greeting: &'static [u8],
        startup_wait: &'static str,
    ) -> Result<Self> {
        let stage = Stage::furnish(Options {
            recipe: Some("tcp"),
            startup_wait,
            ..Options::default()
        })
        .await?;
        Ok(Self {
            server: ByteUpstream::with_greeting(stage.genuine(), greeting).await?,
            stage,
            envoy: None,
        })
    }

    /// Starts Envoy with the recipe, changed.
    pub(super) async fn start(&mut self, change: impl FnOnce(String) -> String) -> Result<()> {
        let port = ("BACKEND_PORT", self.server.address().port().to_string());
        let recipe = change(Recipe::open(Some("tcp"))?.configuration()?);
        let configuration = self.stage.fill(&recipe, &[port])?;
        let directory = self.stage.scratch().directory("envoy")?;
        self.envoy = Some(Envoy::start(&directory, &configuration).await?);
        Ok(())
    }

    pub(super) fn envoy(&self) -> &Envoy {
        self.envoy.as_ref().unwrap()
    }

    /// A connection of that client.
    pub(super) async fn connect(&self, identity: &Identity) -> Result<ByteStream> {
        self.connect_as(&self.stage.client(Some(identity))?).await
    }

    pub(super) async fn connect_as(&self, client: &Client) -> Result<ByteStream> {
        client.connect_bytes(self.envoy().listener()).await
    }

    /// A connection on which bytes went both ways.
    pub(super) async fn live(&self) -> Result<ByteStream> {
        let mut stream = self.connect(&self.stage.clients.partner).await?;
        assert_eq!(stream.echo(b"hello").await?, b"hello");
        Ok(stream)
    }

    pub(super) async fn say(&self, command: &[&str]) -> Result<String> {
        self.stage.cli.ok(&[command, &GROUP].concat()).await
    }

    /// Stores another content.
    pub(super) async fn replace(&self, kind: &str, name: &str, content: &str) -> Result<()> {
        let file = self.file(&format!("{kind}-{name}.pem"), content)?;
        self.say(&[kind, "replace", name, "--file", &file]).await?;
        Ok(())
    }

    /// Writes a file and gives its path.
    pub(super) fn file(&self, name: &str, content: &str) -> Result<String> {
        let path = self.stage.pki().join(name);
        files::write(&path, content)?;
        Ok(path.to_string_lossy().into_owned())
    }

    /// A client that is closed without an answer, and of which the server hears nothing.
    pub(super) async fn refuses(&self, client: &Client) -> Result<()> {
        let before = self.server.received().len();
        if let Ok(mut stream) = self.connect_as(client).await {
            // The gateway may be faster than the client.
            let _ = stream.send(b"anybody there?").await;
            assert_eq!(stream.rest().await?, b"");
        }
        assert_eq!(self.server.received().len(), before);
        Ok(())
    }
}

/// Some hundred KB in which no part is like another.
pub(super) fn long() -> Vec<u8> {
    (0_u32..80_000).flat_map(u32::to_be_bytes).collect()
}
