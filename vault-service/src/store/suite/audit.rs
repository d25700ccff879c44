//! The audit log: in order, complete, in pages.

use std::sync::Arc;

use sallyport_model::Scope;
use sallyport_model::audit::{AuditVerifier, OpenTail, Signatures};
use sallyport_pki::UnixTime;

use super::super::{
    ActorKind, AuditActor, AuditFilter, AuditOperation, AuditOutcome, AuditRecord, Store,
    StoreError, Write,
};
use super::sample::{House, NOW, assert_refused, audit_entry, environment};
use crate::keys::audit::{AuditKeys, CheckpointKey};
use crate::trace::TraceId;

pub(crate) async fn entries_read_back_in_the_order_of_their_commits(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let mut entries = vec![
        audit_entry(house.scope, "first"),
        AuditRecord {
            actor: None,
            actor_kind: None,
            actor_name: "CN=stranger\0\u{202e}".to_owned(),
            reason: None,
            version: None,
            outcome: AuditOutcome::Failed,
            ..audit_entry(house.scope, "")
        },
        AuditRecord {
            actor_kind: Some(ActorKind::ConnectedApp),
            outcome: AuditOutcome::Allowed,
            // Numbers of a batch are the store's.
            seq: 77,
            trace: trace("4bf92f3577b34da6a3ce929d0e0e4736"),
            ..audit_entry(house.scope, "third")
        },
    ];
    let (alone, together) = entries.split_at(1);
    for batch in [alone, together] {
        let batch = batch.iter().cloned().map(Write::Audit).collect();
        house.commit(batch).await.unwrap();
    }

    let found = store.audit(house.scope, None, 10).await.unwrap();
    assert!(found.is_sorted_by(|one, next| one.seq < next.seq));
    for (entry, found) in entries.iter_mut().zip(&found) {
        entry.seq = found.seq;
    }
    assert_eq!(found, entries);
}

pub(crate) async fn entries_of_an_organization_are_in_none_of_its_environments(
    store: Arc<dyn Store>,
) {
    let house = House::in_store(&store).await;
    let home = house.scope.organization;
    let of_organization = AuditRecord {
        place: home.into(),
        ..audit_entry(house.scope, "a user")
    };
    house
        .commit(vec![
            Write::Audit(audit_entry(house.scope, "a group")),
            Write::Audit(of_organization.clone()),
        ])
        .await
        .unwrap();
    let in_environment = store.audit(house.scope, None, 10).await.unwrap();
    assert_eq!(objects(&in_environment), ["a group"]);
    for after in [None, Some(0)] {
        let found = store.organization_audit(home, after, 10).await.unwrap();
        let [entry] = found.as_slice() else {
            panic!("{found:?}");
        };
        let seq = entry.seq;
        assert_eq!(
            entry,
            &AuditRecord {
                seq,
                ..of_organization.clone()
            }
        );
        let rest = store.organization_audit(home, Some(seq), 10).await.unwrap();
        assert_eq!(rest, []);
    }
}

pub(crate) async fn pages_follow_each_other_without_gap_or_overlap(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    append(&house, 0..25).await;

    let all = store.audit(house.scope, None, 1000).await.unwrap();
    assert_eq!(objects(&all), numbers(0..25));
    let newest = store.audit(house.scope, None, 3).await.unwrap();
    assert_eq!(objects(&newest), numbers(22..25));

    let mut pages = Vec::new();
    let mut after = 0;
    loop {
        let page = store.audit(house.scope, Some(after), 10).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.seq;
        pages.push(objects(&page));
    }
    assert_eq!(pages, [numbers(0..10), numbers(10..20), numbers(20..25)]);

    for beyond in [after, u64::MAX] {
        let page = store.audit(house.scope, Some(beyond), 10).await.unwrap();
        assert_eq!(page, []);
    }
    assert_eq!(store.audit(house.scope, None, 0).await.unwrap(), []);
}

pub(crate) async fn a_reader_that_follows_the_log_misses_nothing_while_it_grows(
    store: Arc<dyn Store>,
) {
    const WRITERS: usize = 8;
    const EACH: usize = 50;
    let house = Arc::new(House::in_store(&store).await);
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let house = Arc::clone(&house);
            tokio::spawn(async move { append(&house, writer * EACH..(writer + 1) * EACH).await })
        })
        .collect();

    let mut seen = Vec::new();
    let mut after = 0;
    while seen.len() < WRITERS * EACH {
        let written = writers.iter().all(|writer| writer.is_finished());
        let page = store.audit(house.scope, Some(after), 7).await.unwrap();
        assert!(!(written && page.is_empty()), "only {} came", seen.len());
        after = page.last().map_or(after, |entry| entry.seq);
        seen.extend(objects(&page));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    seen.sort();
    let mut expected = numbers(0..WRITERS * EACH);
    expected.sort();
    assert_eq!(seen, expected);
}

pub(crate) async fn entries_of_another_environment_are_not_shown(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let elsewhere = house.add_environment("sandbox").await;
    // What a stranger asked for may be nowhere; it is in the log all the same.
    let nowhere = Scope {
        organization: elsewhere.organization,
        environment: sallyport_model::EnvironmentId::new(super::sample::uuid()),
    };
    for (scope, object) in [
        (house.scope, "here"),
        (elsewhere, "there"),
        (nowhere, "nowhere"),
    ] {
        house
            .commit(vec![Write::Audit(audit_entry(scope, object))])
            .await
            .unwrap();
    }
    for (scope, object) in [
        (house.scope, "here"),
        (elsewhere, "there"),
        (nowhere, "nowhere"),
    ] {
        for after in [None, Some(0)] {
            let found = store.audit(scope, after, 10).await.unwrap();
            assert_eq!(objects(&found), [object]);
        }
    }
}

pub(crate) async fn entries_are_found_by_what_they_say(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let elsewhere = house.add_environment("sandbox").await;
    let entry = |object: &str| AuditRecord {
        operation: "secret.resolve".to_owned(),
        outcome: AuditOutcome::Allowed,
        ..audit_entry(house.scope, object)
    };
    let (id, at) = (house.gateway, NOW.0);
    let entries = [
        entry("secret://payments/sharedSecrets/a"),
        entry("secret://payments-eu/sharedSecrets/payments"),
        AuditRecord {
            at: UnixTime(at + 10),
            trace: trace("0000000000000000000000000000000a"),
            operation: "secretGroups.update".to_owned(),
            ..entry("payments (1)")
        },
        AuditRecord {
            at: UnixTime(at + 20),
            actor_name: "edge'; --".to_owned(),
            actor: Some(id),
            outcome: AuditOutcome::Refused,
            trace: trace("0000000000000000000000000000000b"),
            ..entry("secret://o/e/payments/sharedSecrets/100%_b")
        },
        AuditRecord {
            place: elsewhere.into(),
            ..entry("secret://payments/sharedSecrets/a")
        },
    ];
    house
        .commit(entries.map(Write::Audit).to_vec())
        .await
        .unwrap();
    let found = async |filter: AuditFilter| {
        let page = store.search_audit(house.scope.into(), filter, 0, 100).await;
        let page = page.unwrap();
        assert_eq!(page.next, None);
        let at = |entry: AuditRecord| objects(&[entry]).remove(0).chars().last().unwrap();
        page.entries.into_iter().map(at).collect::<String>()
    };
    let any = AuditFilter::default;
    let text = |text: &str| Some(text.to_owned());
    let name = |text: &str| Some(AuditActor::Name(text.to_owned()));
    let operation = |text: &str| Some(AuditOperation::Exactly(text.to_owned()));
    let beginning = |text: &str| Some(AuditOperation::Beginning(text.to_owned()));
    let time = |seconds| Some(UnixTime(at + seconds));
    for (filter, expected) in [
        (any(), "as)b"),
        (
            AuditFilter {
                group: "payments".parse().ok(),
                ..any()
            },
            "a)b",
        ),
        (
            AuditFilter {
                object: text("100%_"),
                ..any()
            },
            "b",
        ),
        (
            AuditFilter {
                object: text("%"),
                ..any()
            },
            "b",
        ),
        (
            AuditFilter {
                actor: name("edge'; --"),
                ..any()
            },
            "b",
        ),
        (
            AuditFilter {
                actor: Some(AuditActor::Id(id)),
                outcome: Some(AuditOutcome::Allowed),
                ..any()
            },
            "",
        ),
        (
            AuditFilter {
                operation: operation("secret"),
                ..any()
            },
            "",
        ),
        (
            AuditFilter {
                operation: operation("secret.resolve"),
                ..any()
            },
            "asb",
        ),
        (
            AuditFilter {
                operation: beginning("secret"),
                ..any()
            },
            "as)b",
        ),
        (
            AuditFilter {
                outcome: Some(AuditOutcome::Refused),
                ..any()
            },
            "b",
        ),
        (
            AuditFilter {
                trace: trace("0000000000000000000000000000000b"),
                ..any()
            },
            "b",
        ),
        (
            AuditFilter {
                since: time(10),
                until: time(19),
                ..any()
            },
            ")",
        ),
        (
            AuditFilter {
                since: time(1),
                group: "payments".parse().ok(),
                ..any()
            },
            ")b",
        ),
    ] {
        assert_eq!(found(filter.clone()).await, expected, "{filter:?}");
    }
    // Page by page, and from where one has ended.
    let mut after = 0;
    let mut pages = Vec::new();
    loop {
        let page = store
            .search_audit(house.scope.into(), any(), after, 3)
            .await;
        let page = page.unwrap();
        pages.push(page.entries.len());
        let Some(next) = page.next else { break };
        after = next;
    }
    assert_eq!(pages, [3, 1]);
    let organization = house.scope.organization.into();
    let page = store.search_audit(organization, any(), 0, 9).await.unwrap();
    assert_eq!(page.entries, []);
}

pub(crate) async fn the_whole_log_is_chained_and_signed(store: Arc<dyn Store>) {
    let house = House::in_store(&store).await;
    let elsewhere = house.add_environment("sandbox").await;
    let mut following = store.log_lines();
    let mut head = store.log_head();
    let from = *head.borrow_and_update();
    let key = checkpoint_key();
    let entry = |scope, object: &str| Write::Audit(audit_entry(scope, object));
    for batch in [
        vec![
            entry(house.scope, "one"),
            entry(elsewhere, "two\n\"\u{202e}"),
        ],
        vec![checkpoint(&key)],
        vec![entry(house.scope, "three"), checkpoint(&key)],
    ] {
        house.commit(batch).await.unwrap();
    }
    assert!(head.has_changed().unwrap());
    let log = store.log(0, 100).await.unwrap();
    assert_eq!(log.last().unwrap().seq, *head.borrow());

    let mut verifier = AuditVerifier::new(Signatures::Of(key.public().unwrap()), 1);
    for line in &log {
        verifier.line(line.line.as_bytes()).unwrap();
    }
    let proof = verifier.finish(None, OpenTail::Refuse).unwrap();
    assert_eq!((proof.last, proof.checkpoints), (from + 5, 2));

    let mut heard = Vec::new();
    while let Ok(lines) = following.try_recv() {
        heard.extend(lines.iter().cloned());
    }
    assert_eq!(heard, store.log(from, 100).await.unwrap());
    assert_eq!(store.log(from + 1, 2).await.unwrap(), heard[1..3]);
    assert_eq!(store.log(u64::MAX, 2).await.unwrap(), []);
    // A checkpoint is nobody's.
    let seen = store.audit(house.scope, None, 10).await.unwrap();
    assert_eq!(objects(&seen), ["one", "three"]);
}

pub(crate) async fn what_a_refused_batch_would_have_done_is_in_the_log_as_failed(
    store: Arc<dyn Store>,
) {
    let house = House::in_store(&store).await;
    let taken = environment(house.scope.organization, "production");
    let done = AuditRecord {
        outcome: AuditOutcome::Allowed,
        ..audit_entry(house.scope, "done")
    };
    let batch = vec![Write::Audit(done.clone()), Write::CreateEnvironment(taken)];
    assert_refused!(house.commit(batch).await, StoreError::Taken { .. });
    let found = store.audit(house.scope, None, 10).await.unwrap();
    let failed = AuditRecord {
        seq: found[0].seq,
        outcome: AuditOutcome::Failed,
        reason: Some("taken".to_owned()),
        ..done
    };
    assert_eq!(found, [failed]);
}

pub(crate) fn checkpoint_key() -> Arc<CheckpointKey> {
    AuditKeys::sample().unwrap().checkpoint
}

pub(crate) fn checkpoint(key: &Arc<CheckpointKey>) -> Write {
    let key = Arc::clone(key);
    Write::Checkpoint { at: NOW, key }
}

async fn append(house: &House, range: std::ops::Range<usize>) {
    for number in numbers(range) {
        house
            .commit(vec![Write::Audit(audit_entry(house.scope, &number))])
            .await
            .unwrap();
    }
}

fn trace(text: &str) -> Option<TraceId> {
    Some(text.parse().unwrap())
}

fn objects(entries: &[AuditRecord]) -> Vec<String> {
    entries.iter().map(|entry| entry.object.clone()).collect()
}

fn numbers(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|number| number.to_string()).collect()
}
