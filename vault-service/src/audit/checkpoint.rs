//! Checkpoints: entries whose signature vouches for all before them.

use std::sync::Arc;
use std::time::Duration;

use sallyport_model::audit::AuditLine;
use sallyport_pki::UnixTime;
use tokio::sync::watch;
use tracing::error;

use crate::keys::audit::CheckpointKey;
use crate::store::{Store, Write};

/// The most time an entry waits for a signature.
const INTERVAL: Duration = Duration::from_secs(10);

/// Signs what is not signed yet, again and again, until `stop` says so. Where nothing happens nothing is signed.
pub async fn run(
    store: Arc<dyn Store>,
    key: Arc<CheckpointKey>,
    now: fn() -> UnixTime,
    mut stop: watch::Receiver<bool>,
) {
    let mut head = store.log_head();
    let mut signed = signed_through(&*store).await;
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            changed = head.wait_for(|head| *head > signed) => if changed.is_err() { return },
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
        let before = *head.borrow();
        if sign(&*store, &key, now()).await {
            // Perhaps further on: then there is one more, rather than an entry without.
            signed = before.saturating_add(1);
        }
    }
}

/// The last entry if it is a checkpoint, else what is before it: a vault that was killed has signed no end.
async fn signed_through(store: &dyn Store) -> u64 {
    let head = *store.log_head().borrow();
    let before = head.saturating_sub(1);
    let Ok(last) = store.log(before, 1).await else {
        return before;
    };
    let last = last
        .first()
        .map(|last| AuditLine::parse(last.line.as_bytes()));
    match last {
        Some(Ok(AuditLine {
            signature: Some(_), ..
        })) => head,
        _ => before,
    }
}

/// Signs all there is; whether it did.
pub async fn sign(store: &dyn Store, key: &Arc<CheckpointKey>, at: UnixTime) -> bool {
    let key = Arc::clone(key);
    let signed = store.commit(vec![Write::Checkpoint { at, key }]).await;
    if let Err(error) = &signed {
        error!(%error, source = ?std::error::Error::source(error), "no checkpoint of the audit log");
    }
    signed.is_ok()
}

#[cfg(test)]
mod tests {
    use sallyport_model::audit::{AuditVerifier, OpenTail, Signatures};

    use super::*;
    use crate::keys::audit::AuditKeys;
    use crate::store::SqliteStore;
    use crate::store::sample::{House, NOW, audit_entry};

    #[tokio::test]
    async fn what_a_killed_vault_left_unsigned_is_signed_without_anybody_asking() {
        let (_place, store, house) = open().await;
        let left = Write::Audit(audit_entry(house.scope, "left"));
        store.commit(vec![left]).await.unwrap();
        let key = AuditKeys::sample().unwrap().checkpoint;
        let mut head = store.log_head();
        tokio::time::pause();
        // The second finds that all is signed.
        for _ in 0..2 {
            let (stop, stopped) = watch::channel(false);
            let (signer, log) = (Arc::clone(&key), Arc::clone(&store));
            let running = tokio::spawn(async move { run(log, signer, || NOW, stopped).await });
            head.wait_for(|head| *head == 2).await.unwrap();
            tokio::time::sleep(INTERVAL * 3).await;
            stop.send(true).unwrap();
            running.await.unwrap();
            assert_eq!(*head.borrow(), 2);
        }
    }

    #[tokio::test]
    async fn what_is_new_is_signed_within_the_interval_and_nothing_twice() {
        let (_place, store, house) = open().await;
        let key = AuditKeys::sample().unwrap().checkpoint;
        let (stop, stopped) = watch::channel(false);
        tokio::time::pause();
        let (signer, log) = (Arc::clone(&key), Arc::clone(&store));
        let running = tokio::spawn(async move { run(log, signer, || NOW, stopped).await });
        let mut head = store.log_head();
        for round in 1..=2 {
            tokio::task::yield_now().await;
            let entry = Write::Audit(audit_entry(house.scope, "new"));
            store.commit(vec![entry]).await.unwrap();
            head.wait_for(|head| *head == 2 * round).await.unwrap();
        }
        tokio::time::sleep(INTERVAL * 3).await;
        assert_eq!(*head.borrow(), 4);
        stop.send(true).unwrap();
        running.await.unwrap();

        let mut verifier = AuditVerifier::new(Signatures::Of(key.public().unwrap()), 1);
        for line in store.log(0, 10).await.unwrap() {
            verifier.line(line.line.as_bytes()).unwrap();
        }
        assert_eq!(
            verifier.finish(None, OpenTail::Refuse).unwrap().checkpoints,
            2
        );
    }

    async fn open() -> (tempfile::TempDir, Arc<dyn Store>, House) {
        let place = tempfile::TempDir::new().unwrap();
        let store = SqliteStore::create(&place.path().join("sallyport.db")).unwrap();
        let store: Arc<dyn Store> = Arc::new(store);
        let house = House::in_store(&store).await;
        (place, store, house)
    }
}
