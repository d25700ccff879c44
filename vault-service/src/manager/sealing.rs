//! From a checked draft to a sealed version.

use sallyport_pki::UnixTime;

use super::Manager;
use super::draft::Draft;
use super::error::ManagerError;
use super::secrets::gone;
use crate::access::Caller;
use crate::keys::binding::SecretBinding;
use crate::keys::seal::GroupPublicKey;
use crate::store::{GroupRecord, VersionRecord};

impl Manager {
    /// Seals a draft for the place it will have, to the group's active key.
    pub(super) async fn seal(
        &self,
        caller: &Caller,
        group: &GroupRecord,
        place: &SecretBinding,
        draft: Draft,
        now: UnixTime,
    ) -> Result<VersionRecord, ManagerError> {
        let key = self
            .store
            .active_group_key(group.id)
            .await?
            .ok_or_else(|| gone(group))?;
        let payload = draft.payload.encode()?;
        let envelope =
            GroupPublicKey::from_bytes(key.term, &key.public_key)?.seal(place, &payload)?;
        Ok(VersionRecord {
            secret: place.secret,
            number: place.version,
            metadata: serde_json::to_string(&draft.metadata)?,
            envelope,
            expiration_date: draft.expiration_date,
            refers_to: draft.refers_to,
            created_at: now,
            created_by: caller.name.clone(),
        })
    }
}
