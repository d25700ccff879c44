//! `encrypt-bodies`, where a server breaks off in the middle of its answer, and where a client leaves.

use http::Request;
use sallyport_tests::client::Client;
use sallyport_tests::demo::{Options, SEALING_KEY, Stage};
use sallyport_tests::envoy::Envoy;
use sallyport_tests::half_upstream::{HalfUpstream, Then};
use sallyport_tests::jose::Peer;
use sallyport_tests::pki::Identity;
use sallyport_tests::wait::{PATIENCE, until};
use sallyport_tests::{Result, files};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

const PLAIN: &str = "half of what nobody may read in plain";

/// Answers of which half a body is missing, each framed in another way.
fn halves(body: &str) -> [String; 2] {
    let length = body.len();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/jose\r\n";
    [
        format!("{head}content-length: {}\r\n\r\n{body}", 2 * length),
        format!("{head}transfer-encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n"),
    ]
}

struct Scene {
    stage: Stage,
    envoy: Envoy,
}

impl Scene {
    /// The recipe; its servers say this.
    async fn with(says: String, then: Then) -> Result<(Self, HalfUpstream)> {
        let stage = Stage::furnish(Options {
            recipe: Some("encrypt-bodies"),
            ..Options::default()
        })
        .await?;
        let upstream = HalfUpstream::start(stage.genuine(), says, then).await?;
        let [genuine, half] = [stage.backend.address(), upstream.address()];
        let port = |port: u16| format!("port_value: {port}}}");
        let configuration = stage.envoy_configuration()?;
        assert!(configuration.contains(&port(genuine.port())));
        let configuration = configuration.replace(&port(genuine.port()), &port(half.port()));
        let directory = stage.scratch().directory("envoy")?;
        let envoy = Envoy::start(&directory, &configuration).await?;
        let scene = Self { stage, envoy };
        // Envoy itself answers there, and its answer is encrypted: the key is at hand.
        let client = scene.stage.client(None)?;
        until("the gateway's secrets", PATIENCE, async || {
            let reply = client.get(scene.envoy.listener(), "/nowhere").await?;
            Ok((reply.status == 404).then_some(()))
        })
        .await?;
        Ok((scene, upstream))
    }

    fn partner(&self) -> Result<Client> {
        let partner: Identity = self.stage.clients.partner.clone();
        self.stage.client(Some(&partner))
    }

    /// Requests get neither half of an answer for a whole one, nor any of what is in it.
    async fn asks_in_vain(
        &mut self,
        client: &Client,
        path: &str,
        upstream: &HalfUpstream,
    ) -> Result<()> {
        for turn in 1..=3 {
            let request = Request::get(path).body(String::new())?;
            if let Ok(reply) = client.send(self.envoy.listener(), request).await {
                assert_ne!(reply.status, 200);
                assert!(!reply.body.contains("half of"), "{}", reply.body);
            }
            assert!(upstream.said() >= turn);
        }
        self.is_at_rest().await
    }

    /// No request is under way any more, and Envoy neither died nor had to rebuild the filter.
    async fn is_at_rest(&mut self) -> Result<()> {
        let active = "http.ingress.downstream_rq_active";
        self.envoy.stat_becomes(active, 0).await?;
        self.envoy.still_runs()?;
        let log = files::read(self.envoy.log())?;
        assert!(!log.contains("panicked"), "{log}");
        assert!(!log.contains(PLAIN), "{log}");
        let client = self.stage.client(None)?;
        let reply = client.get(self.envoy.listener(), "/nowhere").await?;
        assert_eq!(reply.verdict(), (404, ""));
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_plain_answer_that_broke_off_reaches_the_client() -> Result<()> {
    for says in halves(PLAIN) {
        let (mut scene, upstream) = Scene::with(says, Then::Ends).await?;
        let client = scene.stage.client(None)?;
        scene.asks_in_vain(&client, "/orders", &upstream).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_the_server_that_broke_off_is_not_opened() -> Result<()> {
    let peer = Peer { key: SEALING_KEY };
    let message = peer
        .encrypts(&json!({"alg": "A256KW", "enc": "A256GCM"}), PLAIN)
        .await?;
    // A whole message, of which the length says that more was to come.
    for says in halves(&message) {
        let (mut scene, upstream) = Scene::with(says, Then::Ends).await?;
        let partner = scene.partner()?;
        scene.asks_in_vain(&partner, "/partner", &upstream).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_in_the_middle_of_its_body_leaves_nothing_behind() -> Result<()> {
    let [whole, _] = halves("");
    let (mut scene, upstream) = Scene::with(whole, Then::Ends).await?;
    let client = scene.stage.client(None)?;
    for _ in 0..3 {
        let mut stream = client.tls(scene.envoy.listener()).await?;
        let head = "POST /orders HTTP/1.1\r\nhost: gateway.test\r\ncontent-length: 1000\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(b"eyJhbGciOiJBMjU2S1ci").await.unwrap();
        stream.flush().await.unwrap();
        let active = "http.ingress.downstream_rq_active";
        scene.envoy.stat_becomes(active, 1).await?;
        drop(stream);
        scene.envoy.stat_becomes(active, 0).await?;
    }
    assert_eq!(upstream.said(), 0, "nothing of it went on");
    scene.is_at_rest().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_while_its_answer_is_held_ends_the_answer() -> Result<()> {
    for says in halves(PLAIN) {
        let (mut scene, upstream) = Scene::with(says, Then::IsSilent).await?;
        let client = scene.stage.client(None)?;
        for turn in 1..=3 {
            let mut stream = client.tls(scene.envoy.listener()).await?;
            let head = "GET /orders HTTP/1.1\r\nhost: gateway.test\r\n\r\n";
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
            until("half of an answer", PATIENCE, async || {
                Ok((upstream.said() == turn).then_some(()))
            })
            .await?;
            drop(stream);
            until("the end of the other half", PATIENCE, async || {
                Ok((upstream.ended() == turn).then_some(()))
            })
            .await?;
        }
        scene.is_at_rest().await?;
    }
    Ok(())
}
