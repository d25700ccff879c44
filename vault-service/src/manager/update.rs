//! Changing what is not sealed: the name of a secret, the date it ends, and the pins of a pinset.

use sallyport_model::{Collection, SecretName};
use sallyport_pki::UnixTime;
use serde::Deserialize;

use super::Manager;
use super::error::ManagerError;
use super::expiring::warning;
use super::pin_upload::PinUpload;
use super::secrets::{entry, explain};
use super::target::Target;
use super::violation::{Problem, Violation};
use crate::access::Caller;
use crate::clock;
use crate::store::{GroupRecord, StagedAction, Write};

/// The JSON body of a PATCH; what is absent stays.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretChange {
    pub(super) name: Option<SecretName>,
    pub(super) expiration_date: Option<String>,
    /// Of a pinset: all pins there shall be besides the certificates.
    pub(super) pins: Option<Vec<PinUpload>>,
}

impl SecretChange {
    /// Whether it changes what is pinned, which takes a new version.
    pub const fn changes_pins(&self) -> bool {
        self.pins.is_some()
    }

    /// Whether one of its pins is there to be refused.
    pub fn retires_pins(&self) -> bool {
        self.pins.iter().flatten().any(PinUpload::is_retired)
    }

    /// Refuses a change of nothing and a date that is none.
    pub(super) fn check(&self, collection: Collection) -> Result<(), Violation> {
        if self.pins.is_some() && collection != Collection::CertificatePinsets {
            let known = "name, expirationDate";
            return Err(Violation::new("/pins", Problem::Unknown { known }));
        }
        if self.name.is_none() && self.expiration_date.is_none() && self.pins.is_none() {
            let expected = "has a name or an expirationDate or both".to_owned();
            return Err(Violation::new("", Problem::Value { expected }));
        }
        match &self.expiration_date {
            Some(date) if !clock::is_date(date) => {
                Err(Violation::new("/expirationDate", Problem::Date))
            }
            _ => Ok(()),
        }
    }

    /// A sentence if the date it sets is soon or past.
    pub fn expiry_warning(&self, now: UnixTime) -> Option<String> {
        warning("the secret", self.expiration_date.as_deref()?, now)
    }
}

impl Manager {
    /// Changes name and date: at once, or in the caller's edit session. No new version is made. Gives
    /// the number of the current one.
    pub async fn change_secret(
        &self,
        caller: &Caller,
        group: &GroupRecord,
        collection: Collection,
        target: impl Into<Target> + Send,
        change: SecretChange,
        now: UnixTime,
    ) -> Result<u64, ManagerError> {
        change.check(collection)?;
        let Target { id, precondition } = target.into();
        let seen = self.seen_by(caller, group).await?;
        let (mut secret, version, _) = seen.secret(group, collection, id).await?;
        precondition.check(secret.current)?;
        if let Some(name) = change.name {
            secret.name = name;
        }
        let expiration_date = change.expiration_date.or(version.expiration_date);
        if let Some(staging) = &seen.staging {
            let update = StagedAction::Update { expiration_date };
            seen.stage(caller, group, staging, &secret, update, now)
                .await?;
            return Ok(secret.current);
        }
        let entry = entry(caller, group, &secret, "update", now).version(secret.current);
        let update = Write::UpdateSecret {
            secret: id,
            name: secret.name.clone(),
            expiration_date,
            expected: secret.current,
            at: now,
        };
        seen.publish(group, update, entry)
            .await
            .map_err(|error| explain(error, group, &secret))?;
        Ok(secret.current)
    }
}
