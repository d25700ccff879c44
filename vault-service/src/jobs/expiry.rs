//! Once a day: a line in the log for every secret that ends soon or has ended. Nobody should hear of
//! it from a failed handshake.

use std::sync::Arc;
use std::time::Duration;

use sallyport_model::SecretId;
use sallyport_pki::UnixTime;
use tokio::sync::watch;
use tracing::{error, warn};

use crate::manager::{WARNED_DAYS, days_left, last_day};
use crate::store::{Store, StoreError};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A secret that ends soon or has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Where it is: `payments/keystores/inbound`.
    pub secret: String,
    /// Its id.
    pub id: SecretId,
    /// Its last day, `YYYY-MM-DD`.
    pub expiration_date: String,
    /// Days until then; negative after it.
    pub days_left: i64,
}

/// Looks at once, then every day, until `stop` says so.
pub async fn run(
    store: Arc<dyn Store>,
    now: impl Fn() -> UnixTime + Send,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        match notices(&*store, now()).await {
            Ok(notices) => notices.iter().for_each(log),
            Err(error) => error!(%error, "cannot look for secrets that expire"),
        }
        // Told to stop, or nobody is left who could tell.
        let told = tokio::time::timeout(DAY, stop.wait_for(|stop| *stop));
        if told.await.is_ok() {
            return;
        }
    }
}

/// What there is to say at a time, soonest first.
pub async fn notices(store: &dyn Store, now: UnixTime) -> Result<Vec<Notice>, StoreError> {
    let ending = store.expiring(None, &last_day(WARNED_DAYS, now)).await?;
    Ok(ending
        .into_iter()
        .filter_map(|item| {
            let days_left = days_left(&item.expiration_date, now)?;
            let (group, secret) = (item.group, item.secret);
            Some(Notice {
                secret: format!("{}/{}/{}", group.name, secret.collection, secret.name),
                id: secret.id,
                expiration_date: item.expiration_date,
                days_left,
            })
        })
        .collect())
}

fn log(notice: &Notice) {
    let Notice {
        secret,
        id,
        expiration_date,
        days_left,
    } = notice;
    match days_left {
        ..0 => warn!(secret, %id, expiration_date, days_left, "a secret has expired"),
        0.. => warn!(secret, %id, expiration_date, days_left, "a secret expires soon"),
    }
}

#[cfg(test)]
mod tests {
    use sallyport_model::Collection;
    use tempfile::TempDir;

    use super::*;
    use crate::store::sample::{House, NOW, secret};
    use crate::store::{SqliteStore, Write};

    #[tokio::test]
    async fn what_ends_within_thirty_days_or_has_ended_is_named_with_its_place() {
        let place = TempDir::new().unwrap();
        let store: Arc<dyn Store> =
            Arc::new(SqliteStore::create(&place.path().join("sallyport.db")).unwrap());
        let house = House::in_store(&store).await;
        let group = house.add_group("payments").await.id;
        // NOW is 2027-01-15.
        for (name, date) in [
            ("past", "2027-01-14"),
            ("soon", "2027-02-14"),
            ("later", "2027-02-15"),
        ] {
            let (record, mut first) = secret(group, Collection::Keystores, name);
            first.expiration_date = Some(date.to_owned());
            house
                .commit(vec![Write::CreateSecret(record, first)])
                .await
                .unwrap();
        }
        let said: Vec<_> = notices(&*store, NOW)
            .await
            .unwrap()
            .into_iter()
            .map(|notice| (notice.secret, notice.days_left))
            .collect();
        assert_eq!(
            said,
            [
                ("payments/keystores/past".to_owned(), -1),
                ("payments/keystores/soon".to_owned(), 30),
            ]
        );
    }

    #[tokio::test]
    async fn the_job_ends_when_it_is_told() {
        let place = TempDir::new().unwrap();
        let store = SqliteStore::create(&place.path().join("sallyport.db")).unwrap();
        let (tell, stop) = watch::channel(false);
        let job = tokio::spawn(run(Arc::new(store), || NOW, stop));
        tell.send_replace(true);
        tokio::time::timeout(Duration::from_secs(60), job)
            .await
            .unwrap()
            .unwrap();
    }
}
