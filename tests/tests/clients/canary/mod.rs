//! Every secret that is sent is a canary, and after a run over the whole API, and over every mistake,
//! none of them is found anywhere: not in the data, not in the log at its most talkative, not in the
//! audit log, not in an answer.

mod calls;
mod canaries;
mod mistakes;
mod recorder;

use http::Method;
use sallyport_tests::keytool::Keytool;
use sallyport_tests::needle::Needle;
use sallyport_tests::scratch::Scratch;
use sallyport_tests::vault::{LogLevel, Vault};
use sallyport_tests::{Result, files};
use serde_json::json;

use canaries::Canaries;
use recorder::Recorder;

/// Something public that has to be found, so that a search in nothing is not taken for a good one.
const PUBLIC: &str = "payments-public-7s8d";

/// A talkative vault, a caller that keeps every answer, and the secrets that were sent.
struct Scene {
    scratch: Scratch,
    vault: Vault,
    recorder: Recorder,
    canaries: Canaries,
    keytool: Keytool,
    /// Id of the group called [`PUBLIC`].
    group: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_leaves_a_secret_in_data_log_audit_or_answers() -> Result<()> {
    let mut scene = Scene::open().await?;
    calls::every_call(&mut scene).await?;
    scene.search().await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_mistake_leaves_a_secret_in_data_log_audit_or_answers() -> Result<()> {
    let mut scene = Scene::open().await?;
    mistakes::every_mistake(&mut scene).await?;
    scene.search().await
}

impl Scene {
    async fn open() -> Result<Self> {
        let scratch = Scratch::new()?;
        let vault = Vault::start_logging(&scratch.directory("vault")?, LogLevel::Trace).await?;
        let mut canaries = Canaries::default();
        canaries.add(
            "the administrator's client secret",
            &vault.account().client_secret,
        );
        let mut recorder = Recorder::login(&vault, &mut canaries).await?;
        let groups = recorder.path("secretGroups");
        let body = json!({"name": PUBLIC, "downloadable": true});
        let reply = recorder.json(Method::POST, &groups, &body).await?;
        Ok(Self {
            group: reply.created()?,
            keytool: Keytool::new(&scratch.directory("files")?),
            vault,
            recorder,
            canaries,
            scratch,
        })
    }

    /// Path below the group among Anypoint's routes.
    fn at(&self, rest: &str) -> String {
        let path = format!("secretGroups/{}/{rest}", self.group);
        self.recorder.path(&path)
    }

    /// Path below the group among Sallyport's own routes.
    fn own(&self, rest: &str) -> String {
        let path = format!("secretGroups/{}/{rest}", self.group);
        self.recorder.own_path(&path)
    }

    /// Looks for every canary in everything.
    async fn search(mut self) -> Result<()> {
        self.recorder.audit().await?;
        let needles = self.canaries.needles();
        let mut written = self.recorder.answers();
        // While it runs, with its write-ahead log, and after a proper end.
        for state in ["running", "stopped"] {
            for path in files::below(&self.scratch.join("vault"))? {
                let place = format!("{} ({state})", path.display());
                written.push((place, files::read_bytes(&path)?));
            }
            self.vault.stop();
        }
        let found = found(&needles, &written);
        assert!(found.is_empty(), "{}", found.join("\n"));
        assert_searched(&written);
        assert_json(&files::read(&self.vault.log())?);
        Ok(())
    }
}

/// What is public is in the data and in the answers, and the log is talkative.
fn assert_searched(written: &[(String, Vec<u8>)]) {
    for (place, public) in [
        ("sallyport.db", PUBLIC),
        ("GET ", PUBLIC),
        ("vault.log", "\"TRACE\""),
    ] {
        let public = Needle::new("public", public);
        assert!(
            written
                .iter()
                .any(|(name, bytes)| name.contains(place) && public.is_in(bytes)),
            "the search did not look into {place}"
        );
    }
}

/// Whoever collects the log can read every line of it.
fn assert_json(log: &str) {
    for line in log.lines() {
        let read = serde_json::from_str::<serde_json::Value>(line);
        assert!(read.is_ok_and(|read| read["level"].is_string()), "{line}");
    }
}

fn found(needles: &[Needle], written: &[(String, Vec<u8>)]) -> Vec<String> {
    written
        .iter()
        .flat_map(|(place, bytes)| {
            needles
                .iter()
                .filter(|needle| needle.is_in(bytes))
                .map(move |needle| {
                    format!("{} in {place}\n  {}", needle.name, around(needle, bytes))
                })
        })
        .collect()
}

/// What stands around it. These secrets are nobody's.
fn around(needle: &Needle, bytes: &[u8]) -> String {
    const CONTEXT: usize = 100;
    let at = bytes
        .windows(needle.bytes.len())
        .position(|window| window == needle.bytes)
        .unwrap_or_default();
    let end = (at + needle.bytes.len() + CONTEXT).min(bytes.len());
    String::from_utf8_lossy(&bytes[at.saturating_sub(CONTEXT)..end]).into_owned()
}
