//! How far the fetching of a CRL distributor's lists has come.

use rusqlite::{Connection, named_params};

use super::super::super::{CrlFetchRecord, StoreError};
use super::super::integer;
use super::super::reads::crl_fetch;
use super::secrets::Living;
use super::{consistent, execute};

pub(super) fn put(
    db: &Connection,
    fetch: &CrlFetchRecord,
    expected: u64,
) -> Result<(), StoreError> {
    consistent(
        fetch.revision == expected.saturating_add(1),
        "revision of a CRL fetch",
    )?;
    Living::find(db, fetch.distributor)?;
    let found = crl_fetch(db, fetch.distributor)?.map_or(0, |fetch| fetch.revision);
    if found != expected {
        return Err(StoreError::Stale { expected, found });
    }
    execute(
        db,
        "CRL fetch",
        "INSERT INTO crl_fetch (distributor, revision, next_at, claimed_until, progress)
         VALUES (:distributor, :revision, :next_at, :claimed_until, :progress)
         ON CONFLICT (distributor) DO UPDATE SET revision = excluded.revision,
             next_at = excluded.next_at, claimed_until = excluded.claimed_until,
             progress = excluded.progress",
        named_params! {
            ":distributor": fetch.distributor.as_bytes(),
            ":revision": integer(fetch.revision)?,
            ":next_at": fetch.next_at.0,
            ":claimed_until": fetch.claimed_until.map(|until| until.0),
            ":progress": fetch.progress,
        },
    )
    .map(drop)
}
