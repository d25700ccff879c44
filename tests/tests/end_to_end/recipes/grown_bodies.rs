//! `encrypt-bodies`, where bodies grow over what Envoy's buffers hold: a body that is encrypted is a third longer.

use http::{Request, Response};
use sallyport_tests::demo::{Options, SEALING_KEY, Stage};
use sallyport_tests::envoy::Envoy;
use sallyport_tests::jose::Peer;
use sallyport_tests::wait::{PATIENCE, until};
use sallyport_tests::{Result, files};
use serde_json::json;

/// Fits into Envoy's buffers of 1 MiB, and does not any more once it is encrypted.
const LONG: usize = 800_000;

#[tokio::test(flavor = "multi_thread")]
async fn what_grows_over_the_limit_of_the_policy_is_refused_by_it() -> Result<()> {
    let mut scene = Scene::with("1000000").await?;
    for _ in 0..2 {
        scene.answered(LONG, (502, "response_too_large")).await?;
        scene.sent(LONG, (413, "body_too_large")).await?;
        scene.answered(10, (200, "")).await?;
        scene.sent(10, (200, "")).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_grows_over_envoys_own_limit_is_refused_by_envoy_which_lives() -> Result<()> {
    let mut scene = Scene::with("4000000").await?;
    for _ in 0..2 {
        scene.answered(LONG, (500, "")).await?;
        scene.sent(LONG, (413, "")).await?;
        scene.answered(10, (200, "")).await?;
        scene.sent(10, (200, "")).await?;
    }
    Ok(())
}

struct Scene {
    stage: Stage,
    envoy: Envoy,
    /// What the partner's server answers; it has to be encrypted for us.
    sealed: String,
}

impl Scene {
    /// The recipe with another `maxBytes`; Envoy's buffers are as they are.
    async fn with(max_bytes: &str) -> Result<Self> {
        let stage = Stage::furnish(Options {
            recipe: Some("encrypt-bodies"),
            ..Options::default()
        })
        .await?;
        let configuration = stage.envoy_configuration()?;
        let given = format!("\"maxBytes\": {max_bytes}");
        let configuration = configuration.replace("\"maxBytes\": 1000000", &given);
        let directory = stage.scratch().directory("envoy")?;
        let envoy = Envoy::start(&directory, &configuration).await?;
        let peer = Peer { key: SEALING_KEY };
        let header = json!({"alg": "A256KW", "enc": "A256GCM"});
        let sealed = peer.encrypts(&header, "taken").await?;
        let scene = Self {
            stage,
            envoy,
            sealed,
        };
        let client = scene.stage.client(None)?;
        until("the gateway's secrets", PATIENCE, async || {
            let reply = client.get(scene.envoy.listener(), "/orders").await?;
            Ok((reply.status == 200).then_some(()))
        })
        .await?;
        Ok(scene)
    }

    /// The server answers so many bytes, which are encrypted for the client.
    async fn answered(&mut self, bytes: usize, verdict: (u16, &str)) -> Result<()> {
        let plain = "plain".repeat(bytes / 5);
        self.stage.backend.answer_with(Response::new(plain));
        let client = self.stage.client(None)?;
        let reply = client.get(self.envoy.listener(), "/orders").await?;
        assert_eq!(reply.verdict(), verdict);
        assert!(!reply.body.contains("plainplain"));
        self.lives()
    }

    /// A client sends so many bytes, which are encrypted for the partner.
    async fn sent(&mut self, bytes: usize, verdict: (u16, &str)) -> Result<()> {
        let answer = Response::builder().header("content-type", "application/jose");
        let answer = answer.body(self.sealed.clone())?;
        self.stage.backend.answer_with(answer);
        let partner = self.stage.clients.partner.clone();
        let client = self.stage.client(Some(&partner))?;
        let request = Request::post("/partner").header("content-type", "text/plain");
        let request = request.body("plain".repeat(bytes / 5))?;
        let reply = client.send(self.envoy.listener(), request).await?;
        assert_eq!(reply.verdict(), verdict);
        let seen = self.stage.backend.requests();
        let plain = |body: &[u8]| body.windows(10).any(|part| part == b"plainplain");
        assert!(!seen.iter().any(|seen| plain(&seen.body)));
        self.lives()
    }

    fn lives(&mut self) -> Result<()> {
        self.envoy.still_runs()?;
        let log = files::read(self.envoy.log())?;
        assert!(!log.contains("panicked"), "{log}");
        Ok(())
    }
}
