//! What a gateway does when the vault fails it: each way to fail, for clients, servers and credentials,
//! at the start of the gateway and later.

use sallyport_tests::Result;
use sallyport_tests::demo::{Options, Stage, USERNAME, basic};
use sallyport_tests::false_door::Trick;
use sallyport_tests::pki::Identity;
use sallyport_tests::wait::{PATIENCE, until};

/// What becomes of requests that would pass.
#[derive(Clone, Copy)]
enum Outcome {
    /// They pass; those that would be refused are refused.
    Decided,
    /// None passes, for this reason.
    Closed(&'static str),
}

/// Whether requests may for a moment be answered as before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    None,
    Awaited,
}

use Outcome::{Closed, Decided};

/// A trick, what a gateway does that never heard a good word, and one that has its secrets. Until the vault itself
/// says something else, nothing passes undecided and what was heard stays in force.
const MATRIX: [(Trick, Outcome, Outcome); 15] = [
    (Trick::HangUp, Closed("secret_absent"), Decided),
    (Trick::Silence, Closed("secret_absent"), Decided),
    (Trick::ServerError, Closed("secret_absent"), Decided),
    (Trick::AnotherServersError, Closed("secret_absent"), Decided),
    (Trick::Garbage, Closed("secret_absent"), Decided),
    (Trick::HalfOfTheJson, Closed("secret_absent"), Decided),
    (Trick::CutOff, Closed("secret_absent"), Decided),
    (Trick::AnotherVersion, Closed("secret_absent"), Decided),
    (Trick::NoMarker, Closed("secret_absent"), Decided),
    (Trick::AnotherReference, Closed("secret_absent"), Decided),
    (
        Trick::NoTime,
        Closed("secret_expired"),
        Closed("secret_expired"),
    ),
    (
        Trick::Denied,
        Closed("gateway_denied"),
        Closed("gateway_denied"),
    ),
    (
        Trick::Withdrawn,
        Closed("secret_withdrawn"),
        Closed("secret_withdrawn"),
    ),
    (
        Trick::Refused,
        Closed("secret_refused"),
        Closed("secret_refused"),
    ),
    // The last one: from here on the gateway has heard a good word.
    (Trick::EndlessTime, Decided, Decided),
];

/// Answers in a row, on connections of their own, that show what both workers do.
const IN_A_ROW: usize = 12;

/// Times that a trick has to be played before its outcome is looked at: the first one has had its effect when
/// the next call comes.
const PLAYED: u64 = 2;

#[tokio::test(flavor = "multi_thread")]
async fn clients_are_decided_about_by_what_the_vault_said_or_not_at_all() -> Result<()> {
    Scene::of_clients().await?.holds().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_get_requests_with_the_credential_the_vault_gave_or_none() -> Result<()> {
    let stage = Scene::of_servers().await?.holds().await?;
    let credential = basic(USERNAME, stage.password());
    let requests = stage.backend.requests();
    assert!(requests.len() > IN_A_ROW);
    for seen in requests {
        assert_eq!(seen.header("authorization"), credential);
    }
    assert_eq!(stage.impostor.received_bytes(), 0);
    Ok(())
}

/// One recipe behind a false door.
struct Scene {
    stage: Stage,
    good: Request,
    bad: Request,
}

/// A request and how it is answered when all is well.
struct Request {
    client: Option<Identity>,
    path: &'static str,
    verdict: (u16, &'static str),
}

impl Scene {
    async fn of_clients() -> Result<Self> {
        let stage = behind_a_false_door("mtls-inbound").await?;
        let clients = stage.clients.clone();
        Ok(Self {
            stage,
            good: Request {
                client: Some(clients.partner),
                path: "/",
                verdict: (200, ""),
            },
            bad: Request {
                client: Some(clients.rogue),
                path: "/",
                verdict: (403, "unknown_issuer"),
            },
        })
    }

    async fn of_servers() -> Result<Self> {
        Ok(Self {
            stage: behind_a_false_door("inject-credentials").await?,
            good: Request {
                client: None,
                path: "/",
                verdict: (200, ""),
            },
            bad: Request {
                client: None,
                path: "/impostor",
                verdict: (502, "pin_mismatch"),
            },
        })
    }

    async fn holds(mut self) -> Result<Stage> {
        let (first, ..) = MATRIX[0];
        self.stage.false_door()?.play(first);
        self.stage.start_gateway().await?;
        for (trick, never_heard, _) in MATRIX {
            self.stage.false_door()?.play(trick);
            self.shows(trick, never_heard, Change::Awaited).await?;
        }
        for (trick, _, heard) in MATRIX {
            self.stage.false_door()?.play(Trick::Honest);
            self.shows(Trick::Honest, Decided, Change::Awaited).await?;
            self.stage.false_door()?.play(trick);
            let change = match heard {
                Decided => Change::None,
                Closed(_) => Change::Awaited,
            };
            self.shows(trick, heard, change).await?;
        }
        self.stage.gateway()?.still_runs()?;
        Ok(self.stage)
    }

    async fn shows(&mut self, trick: Trick, outcome: Outcome, change: Change) -> Result<()> {
        let what = format!("{trick:?}");
        until(&what, PATIENCE, async || {
            let played = self.stage.false_door()?.played();
            Ok((trick == Trick::Honest || played >= PLAYED).then_some(()))
        })
        .await?;
        let (good, bad) = match outcome {
            Decided => (self.good.verdict, self.bad.verdict),
            Closed(reason) => ((503, reason), (503, reason)),
        };
        let listener = self.stage.gateway()?.listener();
        for (request, verdict) in [(&self.good, good), (&self.bad, bad)] {
            let client = self.stage.client(request.client.as_ref())?;
            let mut in_a_row = 0;
            until(&format!("{what}: {verdict:?}"), PATIENCE, async || {
                let reply = client.get(listener, request.path).await?;
                let found = reply.verdict();
                if change == Change::None {
                    assert_eq!(found, verdict, "{what}");
                }
                in_a_row = if found == verdict { in_a_row + 1 } else { 0 };
                Ok((in_a_row == IN_A_ROW).then_some(()))
            })
            .await?;
        }
        Ok(())
    }
}

async fn behind_a_false_door(recipe: &'static str) -> Result<Stage> {
    let mut stage = Stage::furnish(Options {
        recipe: Some(recipe),
        startup_wait: "50ms",
        ..Options::default()
    })
    .await?;
    stage.put_false_door().await?;
    Ok(stage)
}
