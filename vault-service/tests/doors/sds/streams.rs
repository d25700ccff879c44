//! Streams: what is told, when, and to whom.

use sallyport_model::{Access, SecretId};
use sallyport_vault::clock;
use sallyport_vault::provider::sds::Aliases;
use sallyport_vault::provider::sds::wire::{
    DeltaDiscoveryRequest, DiscoveryRequest, DiscoveryResponse,
};
use sallyport_vault::store::{AuditOutcome, GroupRecord};

use super::door::{Connection, Door, Edge, PATIENCE, answers, secret, subscribes, wants};
use crate::vault::Vault;

pub(super) const BACKEND: &str = "secret://payments/sharedSecrets/backend#password";
const OTHER: &str = "secret://payments/sharedSecrets/other#password";

/// A shared secret, and a gateway at the door that may read it.
pub(super) struct Stage {
    pub(super) vault: Vault,
    pub(super) group: GroupRecord,
    backend: SecretId,
    pub(super) edge: Edge,
    pub(super) door: Door,
    pub(super) connection: Connection,
}

impl Stage {
    pub(super) async fn new() -> Self {
        Self::with(Aliases::new()).await
    }

    async fn with(aliases: Aliases) -> Self {
        let vault = Vault::new().await;
        let group = vault.group("payments").await;
        let backend = vault.password(&group, "backend", "first").await;
        let edge = Edge::enrol(&vault, "edge").await;
        vault.grant(&group, edge.id).await;
        let door = Door::open(&vault, aliases).await;
        let connection = door.connect(&edge).await;
        Self {
            vault,
            group,
            backend,
            edge,
            door,
            connection,
        }
    }

    pub(super) async fn rotate(&self, password: &str) {
        let (group, backend) = (&self.group, self.backend);
        self.vault.rotate(group, backend, "backend", password).await;
    }
}

pub(super) fn password(response: &DiscoveryResponse) -> String {
    let secret = secret(&response.resources[0]);
    let value = secret.generic_secret.unwrap().secret.unwrap();
    String::from_utf8(value.inline_bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn a_stream_follows_its_secret_and_the_log_has_every_version() {
    let stage = Stage::new().await;
    let connection = &stage.connection;
    let mut stream = connection.sotw().await;
    stream.say(wants(&[BACKEND])).await;
    let first = stream.hear().await;
    assert_eq!(password(&first), "first");
    assert_eq!(secret(&first.resources[0]).name, BACKEND);
    stream.say(answers(&[BACKEND], &first, None)).await;
    stage.rotate("second").await;
    let second = stream.hear().await;
    assert_eq!(password(&second), "second");
    assert_ne!(first.version_info, second.version_info);

    let log = stage.vault.audit().await;
    let served = log.iter().filter(|entry| entry.operation == "secret.sds");
    let served: Vec<_> = served
        .map(|entry| (entry.actor, entry.object.as_str(), entry.version))
        .collect();
    let expected = |version| (Some(stage.edge.id), BACKEND, Some(version));
    assert_eq!(served, [expected(1), expected(2)]);
    assert!(!format!("{log:?}").contains("first"));
}

#[tokio::test]
async fn a_rejected_secret_is_counted_and_comes_again_when_it_is_another() {
    let stage = Stage::new().await;
    let mut stream = stage.connection.sotw().await;
    stream.say(wants(&[BACKEND])).await;
    let first = stream.hear().await;
    stream.say(answers(&[BACKEND], &first, Some("no"))).await;
    // About the response before: not heard, whatever it wants.
    let stale = DiscoveryRequest {
        response_nonce: "0".to_owned(),
        ..wants(&[OTHER])
    };
    stream.say(stale).await;
    stage.rotate("second").await;
    let second = stream.hear().await;
    assert_eq!(
        (password(&second).as_str(), second.nonce.as_str()),
        ("second", "2")
    );
    assert_eq!(stage.door.sds.rejected(), 1);
    // Whether a gateway uses what it was given is in the log, once.
    for _ in 0..2 {
        stream.say(answers(&[BACKEND], &second, None)).await;
    }
    stage.rotate("third").await;
    stream.hear().await;
    let log = stage.vault.audit().await.into_iter();
    let log = log.filter(|entry| entry.operation.starts_with("secret.sds"));
    let log: Vec<_> = log
        .map(|entry| (entry.operation, entry.outcome, entry.version.unwrap()))
        .collect();
    let (told, answered) = (
        |version| ("secret.sds".to_owned(), AuditOutcome::Allowed, version),
        |outcome, version| ("secret.sds.answer".to_owned(), outcome, version),
    );
    let expected = [
        told(1),
        answered(AuditOutcome::Failed, 1),
        told(2),
        answered(AuditOutcome::Allowed, 2),
        told(3),
    ];
    assert_eq!(log, expected);
}

#[tokio::test]
async fn an_answer_that_comes_after_the_next_response_is_in_the_log_and_counts_as_run() {
    let stage = Stage::new().await;
    let mut stream = stage.connection.sotw().await;
    stream.say(wants(&[BACKEND])).await;
    let first = stream.hear().await;
    stage.rotate("second").await;
    let second = stream.hear().await;
    stream.say(answers(&[BACKEND], &first, None)).await;
    stream.say(answers(&[BACKEND], &second, Some("no"))).await;
    stage.rotate("third").await;
    stream.hear().await;
    let log = stage.vault.audit().await.into_iter();
    let answered = log.filter(|entry| entry.operation == "secret.sds.answer");
    let answered: Vec<_> = answered
        .map(|entry| (entry.outcome, entry.version))
        .collect();
    let expected = [
        (AuditOutcome::Allowed, Some(1)),
        (AuditOutcome::Failed, Some(2)),
    ];
    assert_eq!(answered, expected);
    let rollout = stage.vault.provider.rollout();
    let running = rollout.running(stage.edge.id, stage.backend).unwrap();
    assert_eq!(running.version, 1);
}

#[tokio::test]
async fn a_name_that_is_refused_keeps_no_other_back() {
    let stage = Stage::new().await;
    let foreign = stage.vault.group("foreign").await;
    stage.vault.password(&foreign, "backend", "hidden").await;
    let connection = &stage.connection;
    let names = [
        BACKEND,
        "default",
        "secret://foreign/sharedSecrets/backend#password",
        "secret://payments/sharedSecrets/absent#password",
        "secret://payments/sharedSecrets/backend#nothing",
        "secret://payments/sharedSecrets/backend#generic",
        "secret://payments/sharedSecrets/backend#sessionTicketKeys",
        "secret://payments/sharedSecrets/backend",
    ];
    let mut stream = connection.sotw().await;
    stream.say(wants(&names)).await;
    let response = stream.hear().await;
    assert_eq!(response.resources.len(), 1);
    assert_eq!(password(&response), "first");

    let mut stream = connection.delta().await;
    stream.say(subscribes(&names)).await;
    let response = stream.hear().await;
    assert_eq!(response.resources.len(), 1);
    assert_eq!(response.resources[0].name, BACKEND);
    assert_eq!(response.removed_resources.len(), names.len() - 1);

    let log = stage.vault.audit().await;
    let refused = log
        .iter()
        .filter(|entry| entry.outcome == AuditOutcome::Refused);
    let reasons: Vec<_> = refused
        .filter_map(|entry| entry.reason.as_deref())
        .collect();
    assert_eq!(reasons.len(), 2 * (names.len() - 1));
    for reason in [
        "malformed_reference",
        "not_granted",
        "not_found",
        "not_served",
    ] {
        assert!(reasons.contains(&reason), "{reason}: {reasons:?}");
    }
}

#[tokio::test]
async fn a_narrowed_grant_cuts_open_streams_and_shares_nothing_that_others_looked_up() {
    let stage = Stage::new().await;
    let vault = &stage.vault;
    vault.password(&stage.group, "other", "second").await;
    let wide = Edge::enrol(vault, "wide").await;
    vault.grant(&stage.group, wide.id).await;
    let wide = stage.door.connect(&wide).await;
    let (mut narrowed, mut whole) = (stage.connection.sotw().await, wide.sotw().await);
    for stream in [&mut narrowed, &mut whole] {
        stream.say(wants(&[BACKEND, OTHER])).await;
        assert_eq!(stream.hear().await.resources.len(), 2);
    }
    let (administrator, group) = (&vault.administrator, &stage.group);
    let only = [format!("sharedSecrets/{}", stage.backend)];
    let (access, now) = (vec![Access::Read], clock::now());
    let narrow = vault
        .manager
        .grant_only(administrator, group, stage.edge.id, access, &only, now);
    narrow.await.unwrap();
    let left = narrowed.hear().await;
    assert_eq!(left.resources.len(), 1);
    assert_eq!(secret(&left.resources[0]).name, BACKEND);
    // The other gateway has both still, and what it is told of is not told to the first.
    stage.rotate("third").await;
    assert_eq!(whole.hear().await.resources.len(), 2);
    assert_eq!(narrowed.hear().await.resources.len(), 1);
}

#[tokio::test]
async fn what_a_gateway_takes_over_sds_it_runs_and_what_it_rejects_it_does_not() {
    let stage = Stage::new().await;
    let rollout = stage.vault.provider.rollout();
    let running = || {
        let running = rollout.running(stage.edge.id, stage.backend);
        running.map(|running| running.version)
    };
    let (mut world, mut delta) = (
        stage.connection.sotw().await,
        stage.connection.delta().await,
    );
    world.say(wants(&[BACKEND])).await;
    let first = world.hear().await;
    assert_eq!(running(), None);
    world.say(answers(&[BACKEND], &first, None)).await;
    stage.rotate("second").await;
    let second = world.hear().await;
    assert_eq!(running(), Some(1));
    world.say(answers(&[BACKEND], &second, Some("no"))).await;
    stage.rotate("third").await;
    let third = world.hear().await;
    assert_eq!(running(), Some(1));
    world.say(answers(&[BACKEND], &third, None)).await;
    stage.rotate("fourth").await;
    world.hear().await;
    assert_eq!(running(), Some(3));

    delta.say(subscribes(&[BACKEND])).await;
    let fourth = delta.hear().await;
    let taken = DeltaDiscoveryRequest {
        response_nonce: fourth.nonce,
        ..DeltaDiscoveryRequest::default()
    };
    delta.say(taken).await;
    stage.rotate("fifth").await;
    delta.hear().await;
    assert_eq!(running(), Some(4));
}

#[tokio::test]
async fn a_delta_client_that_has_what_is_in_force_runs_it_without_being_sent_it_again() {
    let stage = Stage::new().await;
    let mut stream = stage.connection.delta().await;
    stream.say(subscribes(&[BACKEND])).await;
    let version = stream.hear().await.resources.remove(0).version;
    drop(stream);
    let rollout = stage.vault.provider.rollout();
    assert_eq!(rollout.running(stage.edge.id, stage.backend), None);
    let mut again = subscribes(&[BACKEND]);
    again.initial_resource_versions = [(BACKEND.to_owned(), version.clone())].into();
    let mut stream = stage.connection.delta().await;
    stream.say(again).await;
    let running = async {
        loop {
            if let Some(running) = rollout.running(stage.edge.id, stage.backend) {
                break running.version;
            }
            tokio::task::yield_now().await;
        }
    };
    assert_eq!(tokio::time::timeout(PATIENCE, running).await, Ok(1));
    stage.rotate("second").await;
    let sent = stream.hear().await.resources.remove(0);
    assert_ne!(sent.version, version);
}

#[tokio::test]
async fn a_delta_client_that_comes_back_is_sent_what_has_changed_only() {
    let stage = Stage::new().await;
    let (vault, group) = (&stage.vault, &stage.group);
    let other = vault.password(group, "other", "first").await;
    let connection = &stage.connection;
    let mut stream = connection.delta().await;
    stream.say(subscribes(&[BACKEND, OTHER])).await;
    let first = stream.hear().await;
    drop(stream);
    vault.rotate(group, other, "other", "second").await;
    let mut again = subscribes(&[BACKEND, OTHER]);
    let versions = first.resources.into_iter();
    again.initial_resource_versions = versions
        .map(|resource| (resource.name, resource.version))
        .collect();
    let mut stream = connection.delta().await;
    stream.say(again).await;
    let second = stream.hear().await;
    let names: Vec<_> = second.resources.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, [OTHER]);
}

#[tokio::test]
async fn a_single_answer_is_to_be_had_and_a_short_name_stands_for_a_resource() {
    let aliases = [("default".to_owned(), BACKEND.parse().unwrap())];
    let stage = Stage::with(aliases.into()).await;
    let connection = &stage.connection;
    let named = connection.fetch("default").await.unwrap();
    assert_eq!(password(&named), "first");
    assert_eq!(secret(&named.resources[0]).name, "default");
    let absent = connection.fetch("ROOTCA").await.unwrap();
    assert_eq!(absent.resources.len(), 0);
}

#[tokio::test]
async fn whoever_does_not_read_keeps_nobody_waiting() {
    let stage = Stage::new().await;
    let silent = stage.connection.sotw().await;
    silent.say(wants(&[BACKEND])).await;
    let mut stream = stage.connection.sotw().await;
    stream.say(wants(&[BACKEND])).await;
    assert_eq!(password(&stream.hear().await), "first");
    for number in 0..20 {
        let next = format!("{number}{}", "p".repeat(4000));
        stage.rotate(&next).await;
        assert_eq!(password(&stream.hear().await), next);
    }
    drop(silent);
}

#[tokio::test]
async fn what_a_stream_of_a_trace_is_sent_and_answers_is_in_the_log_under_it() {
    let stage = Stage::new().await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let traceparent = format!("00-{trace}-00f067aa0ba902b7-01");
    let mut stream = stage.connection.traced(&traceparent).await;
    stream.say(wants(&[BACKEND])).await;
    let first = stream.hear().await;
    stream.say(answers(&[BACKEND], &first, None)).await;
    stage.rotate("second").await;
    stream.hear().await;
    let log = stage.vault.audit().await;
    let of_trace = log.iter().filter(|entry| {
        let id = entry.trace.map(|trace| trace.to_string());
        id.as_deref() == Some(trace)
    });
    let operations: Vec<_> = of_trace.map(|entry| entry.operation.as_str()).collect();
    assert_eq!(
        operations,
        ["secret.sds", "secret.sds.answer", "secret.sds"]
    );
}
