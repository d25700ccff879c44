//! Revocation lists.

use rusqlite::{Connection, named_params};
use sallyport_model::SecretId;

use super::super::super::{PublishedLists, StoreError};
use super::super::reads::published_edition;
use super::secrets::Living;
use super::{consistent, execute};

pub(super) fn publish(
    db: &Connection,
    lists: &PublishedLists,
    expected: u64,
) -> Result<(), StoreError> {
    consistent(
        lists.edition == expected.saturating_add(1),
        "edition of revocation lists",
    )?;
    Living::find(db, lists.distributor)?;
    let found = published_edition(db, lists.distributor)?;
    if found != expected {
        return Err(StoreError::Stale { expected, found });
    }
    let edition = i64::try_from(lists.edition).map_err(|_| StoreError::Damaged {
        what: "edition of revocation lists",
    })?;
    execute(
        db,
        "revocation lists",
        "INSERT INTO published_lists (distributor, edition, lists, published_at, published_by)
         VALUES (:distributor, :edition, :lists, :published_at, :published_by)
         ON CONFLICT (distributor) DO UPDATE SET edition = excluded.edition,
             lists = excluded.lists, published_at = excluded.published_at,
             published_by = excluded.published_by",
        named_params! {
            ":distributor": lists.distributor.as_bytes(),
            ":edition": edition,
            ":lists": lists.lists,
            ":published_at": lists.published_at.0,
            ":published_by": lists.published_by,
        },
    )
    .map(drop)
}

/// Beside the edition that the same batch publishes.
pub(super) fn keep_signed(
    db: &Connection,
    distributor: SecretId,
    signed: &[u8],
) -> Result<(), StoreError> {
    execute(
        db,
        "signed revocation lists",
        "INSERT INTO signed_lists (distributor, signed) VALUES (:distributor, :signed)
         ON CONFLICT (distributor) DO UPDATE SET signed = excluded.signed",
        named_params! { ":distributor": distributor.as_bytes(), ":signed": signed },
    )
    .map(drop)
}
