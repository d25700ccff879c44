//! What a version no longer allows that the one before did: pins that are gone without having been
//! retired, and keys of another length. Somebody who still needs it is refused without notice.

use sallyport_model::{Collection, SecretId};
use sallyport_pki::{Certificate, Pin, PinKind, PinRole};

use super::Manager;
use super::draft::Draft;
use super::error::ManagerError;
use super::key_length;
use super::metadata::Metadata;
use super::pin_upload;
use super::staging::Staging;
use crate::store::{GroupRecord, SecretRecord, StoreError};

impl Manager {
    /// What to warn of if a draft takes the place of what is there.
    pub async fn lost_by(
        &self,
        group: &GroupRecord,
        collection: Collection,
        id: SecretId,
        draft: &Draft,
    ) -> Result<Vec<String>, ManagerError> {
        if !has_losses(collection) {
            return Ok(Vec::new());
        }
        let (_, _, metadata) = self.secret(group, collection, id).await?;
        Ok(losses(&metadata, &draft.metadata)?)
    }

    /// The same if the version with that number does; none if there is no such version.
    pub(super) async fn lost_by_version(
        &self,
        secret: &SecretRecord,
        number: u64,
    ) -> Result<Vec<String>, StoreError> {
        if !has_losses(secret.collection) {
            return Ok(Vec::new());
        }
        let before = self.store.version(secret.id, secret.current).await?;
        let after = self.store.version(secret.id, number).await?;
        match before.zip(after) {
            Some((before, after)) => losses(&Metadata::of(&before)?, &Metadata::of(&after)?),
            None => Ok(Vec::new()),
        }
    }

    /// The same for all that an edit session puts in the place of what is published, with the names of
    /// the secrets.
    pub(super) async fn lost_by_session(
        &self,
        staging: &Staging,
    ) -> Result<Vec<String>, StoreError> {
        let mut warnings = Vec::new();
        for change in &staging.changes {
            let (id, collection) = (change.secret, change.collection);
            let version = change.action.version();
            let version = version.filter(|_| has_losses(collection));
            let published = self.published.secret(staging.session.group, collection, id);
            let Some((version, secret)) = version.zip(published.await?) else {
                continue;
            };
            if let Some(before) = self.published.version(id, secret.current).await? {
                let sentences = losses(&Metadata::of(&before)?, &Metadata::of(version)?)?;
                let named = |sentence| format!("/{collection}/{}: {sentence}", change.name);
                warnings.extend(sentences.into_iter().map(named));
            }
        }
        Ok(warnings)
    }
}

const fn has_losses(collection: Collection) -> bool {
    matches!(
        collection,
        Collection::CertificatePinsets | Collection::SharedSecrets
    )
}

/// A sentence for each thing that one version allows and the next does not.
pub(super) fn losses(before: &Metadata, after: &Metadata) -> Result<Vec<String>, StoreError> {
    let mut losses = dropped(before, after)?;
    if let Some((before, after)) = before.key_bytes.zip(after.key_bytes) {
        losses.extend(key_length::loss(before, after));
    }
    Ok(losses)
}

/// A sentence for each pin that counts in one version of a pinset and is not in the next.
fn dropped(before: &Metadata, after: &Metadata) -> Result<Vec<String>, StoreError> {
    let (before, after) = (pins(before)?, pins(after)?);
    let dropped = before.into_iter().filter(|pin| {
        let same = |other: &Pin| (other.kind, other.digest) == (pin.kind, pin.digest);
        pin.role != PinRole::Retired && !after.iter().any(same)
    });
    let sentences = dropped.map(|pin| {
        format!(
            "the {pin} is gone and was not retired before: peers that have no other are refused at once"
        )
    });
    Ok(sentences.collect())
}

/// The pins of a version, as its metadata has them.
fn pins(metadata: &Metadata) -> Result<Vec<Pin>, StoreError> {
    let certificates = metadata.read_certificates()?;
    let keys = certificates.iter().map(Certificate::spki_sha256);
    let mut pins: Vec<Pin> = keys.map(|key| Pin::active(PinKind::Spki, key)).collect();
    if let Some(shown) = metadata.shown.get("pins") {
        pins.extend(pin_upload::stored(shown)?);
    }
    Ok(pins)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::sample::{NOW, form, leaf};
    use super::*;

    const HEX: &str = "0101010101010101010101010101010101010101010101010101010101010101";
    const BASE64: &str = "sha256/AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

    #[test]
    fn a_pin_that_goes_without_being_retired_before_is_warned_of() {
        let with = |pins: Value| {
            let pins = pins.to_string();
            let form = form(&[("name", "x"), ("pins", &pins)], &[]);
            Manager::certificate_pinset(&form, NOW).unwrap().metadata
        };
        let pin = |role: &str| json!({"digest": HEX, "role": role});
        let other = json!({"digest": BASE64});
        let before = |role: &str| with(json!([pin(role), other]));
        let after = with(json!([other]));
        for role in ["active", "backup"] {
            let warnings = dropped(&before(role), &after).unwrap();
            let [warning] = warnings.as_slice() else {
                panic!("{warnings:?}");
            };
            assert!(warning.contains("was not retired"), "{warning}");
            // Its next step is to be retired, and it may go then.
            let retired = before("retired");
            assert_eq!(dropped(&before(role), &retired).unwrap(), [""; 0]);
            assert_eq!(dropped(&retired, &after).unwrap(), [""; 0]);
            // Another role, dates or note are another state of the same pin.
            let dated = json!([{"digest": HEX, "notAfter": "2030-01-01", "note": "n"}, other]);
            assert_eq!(dropped(&before(role), &with(dated)).unwrap(), [""; 0]);
        }
        let pem = leaf("a").certificate;
        let files: [(&str, &[u8]); 1] = [("certificatePinset", pem.as_bytes())];
        let draft = Manager::certificate_pinset(&form(&[("name", "x")], &files), NOW).unwrap();
        assert_eq!(dropped(&draft.metadata, &after).unwrap().len(), 1);
    }
}
