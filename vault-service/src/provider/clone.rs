//! Copying a secret to another group: open, give it the new ids, seal.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use sallyport_model::{Collection, SecretId};

use super::Provider;
use super::opened::OpenError;
use crate::keys::binding::SecretBinding;
use crate::keys::seal::GroupPublicKey;
use crate::manager::{CopyError, SecretCopier};
use crate::store::{GroupRecord, SecretRecord, VersionRecord};

#[async_trait]
impl SecretCopier for Provider {
    async fn copy(
        &self,
        (group, secret, version): (&GroupRecord, &SecretRecord, &VersionRecord),
        (key, place): (&GroupPublicKey, &SecretBinding),
        ids: &BTreeMap<SecretId, SecretId>,
    ) -> Result<Vec<u8>, CopyError> {
        let mut payload = self.opened(group, secret, version).await?;
        // Certificate and CA of a CRL distributor may be one: after its first turn the old id is gone.
        for old in &BTreeSet::from_iter(version.refers_to.iter().copied()) {
            let new = ids.get(old).ok_or(CopyError::References)?;
            rename(&mut payload, *old, *new).ok_or(CopyError::References)?;
        }
        Ok(key.seal(place, &payload)?)
    }
}

impl From<OpenError> for CopyError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::NoKey { term } => Self::NoKey { term },
            OpenError::Key(error) => Self::Key(error),
            OpenError::Store(error) => Self::Store(error),
        }
    }
}

/// Writes one id over another, in place: ids are of one length, and no copy of the payload is left
/// behind. `None` when it is not there. Ids stand alone or in a path; only those that the payload
/// refers to are looked for, and no kind that refers to others holds text of a user's choice that
/// could look like either in quotes.
fn rename(payload: &mut [u8], old: SecretId, new: SecretId) -> Option<()> {
    let paths = Collection::ALL.map(|collection| format!("{collection}/"));
    let prefixes = std::iter::once("").chain(paths.iter().map(String::as_str));
    let found = prefixes.map(|prefix| {
        let (old, new) = (format!("\"{prefix}{old}\""), format!("\"{prefix}{new}\""));
        overwrite(payload, old.as_bytes(), new.as_bytes())
    });
    found.fold(None, Option::or)
}

fn overwrite(payload: &mut [u8], old: &[u8], new: &[u8]) -> Option<()> {
    let mut found = None;
    let mut rest = payload;
    while let Some(at) = rest.windows(old.len()).position(|window| window == old) {
        let (_, tail) = rest.split_at_mut_checked(at)?;
        let (id, tail) = tail.split_at_mut_checked(old.len())?;
        id.copy_from_slice(new);
        found = Some(());
        rest = tail;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "11111111-1111-4111-8111-111111111111";
    const NEW: &str = "22222222-2222-4222-8222-222222222222";

    #[test]
    fn every_occurrence_of_an_id_is_renamed_and_nothing_else() {
        let text = format!(
            r#"{{"a":"{OLD}","b":["{OLD}","x{OLD}"],"c":"{NEW}","d":"http://a/{OLD}","e":"certificatePinsets/{OLD}"}}"#
        );
        let mut payload = text.clone().into_bytes();
        rename(&mut payload, OLD.parse().unwrap(), NEW.parse().unwrap()).unwrap();
        let quoted = |id| format!("\"{id}\"");
        let in_path = |id| format!("\"certificatePinsets/{id}\"");
        assert_eq!(
            String::from_utf8(payload).unwrap(),
            text.replace(&quoted(OLD), &quoted(NEW))
                .replace(&in_path(OLD), &in_path(NEW))
        );
    }

    #[test]
    fn an_id_that_is_not_there_is_noticed() {
        let mut payload = format!(r#"{{"a":"{NEW}"}}"#).into_bytes();
        let renamed = rename(&mut payload, OLD.parse().unwrap(), NEW.parse().unwrap());
        assert_eq!(renamed, None);
    }
}
