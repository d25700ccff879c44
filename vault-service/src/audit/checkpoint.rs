//! Checkpoints: entries whose signature vouches for all before them.

use std::sync::Arc;
use std::time::Duration;

use sallyport_pki::UnixTime;
use tokio::sync::watch;
use tracing::error;

use crate::keys::audit::CheckpointKey;
use crate::store::{Store, Write};

/// The most time an entry waits for a signature.
const INTERVAL: Duration = Duration::from_secs(10);

/// Signs what is new, again and again, until `stop` says so. Where nothing happens nothing is signed.
pub async fn run(
    store: Arc<dyn Store>,
    key: Arc<CheckpointKey>,
    now: fn() -> UnixTime,
    mut stop: watch::Receiver<bool>,
) {
    let mut head = store.log_head();
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            changed = head.changed() => if changed.is_err() { return },
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
        sign(&*store, &key, now()).await;
        head.borrow_and_update();
    }
}

/// Signs all there is.
pub async fn sign(store: &dyn Store, key: &Arc<CheckpointKey>, at: UnixTime) {
    let key = Arc::clone(key);
    if let Err(error) = store.commit(vec![Write::Checkpoint { at, key }]).await {
        error!(%error, source = ?std::error::Error::source(&error), "no checkpoint of the audit log");
    }
}

#[cfg(test)]
mod tests {
    use sallyport_model::audit::{AuditVerifier, OpenTail, Signatures};

    use super::*;
    use crate::keys::audit::AuditKeys;
    use crate::store::SqliteStore;
    use crate::store::sample::{House, NOW, audit_entry};

    #[tokio::test]
    async fn what_is_new_is_signed_within_the_interval_and_nothing_twice() {
        let place = tempfile::TempDir::new().unwrap();
        let store = SqliteStore::create(&place.path().join("sallyport.db")).unwrap();
        let store: Arc<dyn Store> = Arc::new(store);
        let house = House::in_store(&store).await;
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
}
