//! The changes of an edit session as one batch, after the set they lead to was checked as a whole.

use std::collections::{BTreeMap, BTreeSet};

use sallyport_model::{Collection, SecretId, SecretName};
use sallyport_pki::{Certificate, UnixTime};
use serde_json::Value;

use super::Manager;
use super::error::ManagerError;
use super::metadata::Metadata;
use super::secrets::entry;
use super::staging::Staging;
use super::violation::{Problem, Violation};
use crate::access::Caller;
use crate::clock;
use crate::store::{
    GroupRecord, SecretRecord, StagedAction, StagedChange, StoreError, Users, VersionRecord, Write,
};

impl Manager {
    /// Checks what the session leads to, and gives the writes that lead there.
    pub(super) async fn check_and_apply(
        &self,
        caller: &Caller,
        group: &GroupRecord,
        staging: &Staging,
        now: UnixTime,
    ) -> Result<Vec<Write>, ManagerError> {
        let mut set = Vec::new();
        for collection in Collection::ALL {
            set.extend(self.store.secrets(group.id, collection).await?);
        }
        let mut violations = same_names(&set);
        violations.extend(self.dangling(staging, &set).await?);
        violations.extend(expired_since(staging, now)?);
        if !violations.is_empty() {
            return Err(ManagerError::Invalid(violations));
        }
        self.writes(caller, group, staging, now).await
    }

    /// References to what is not in the set: of everything staged, and of everything else to what is
    /// deleted.
    async fn dangling(
        &self,
        staging: &Staging,
        set: &[(SecretRecord, VersionRecord)],
    ) -> Result<Vec<Violation>, ManagerError> {
        let live: BTreeSet<SecretId> = set.iter().map(|(secret, _)| secret.id).collect();
        let is_deleted = |id: &SecretId| {
            staging
                .change(*id)
                .is_some_and(|change| change.action == StagedAction::Delete)
        };
        let mut violations = Vec::new();
        for (secret, current) in set {
            let staged = staging.change(secret.id).map(|change| &change.action);
            let staged = staged.is_some_and(|action| action.version().is_some());
            let mut versions = vec![(current.clone(), staged)];
            if let Some(pending) = secret.pending {
                let pending = self.store.version(secret.id, pending).await?;
                versions.extend(pending.map(|pending| (pending, false)));
            }
            for (version, staged) in versions {
                for target in &version.refers_to {
                    if is_deleted(target) || (staged && !live.contains(target)) {
                        let name = &secret.name;
                        violations.push(dangling(secret.collection, name, &version, *target)?);
                    }
                }
            }
        }
        Ok(violations)
    }

    /// Deletions first, then names that others want, then the rest: what is referred to before what
    /// refers to it, which is the order of the collections.
    async fn writes(
        &self,
        caller: &Caller,
        group: &GroupRecord,
        staging: &Staging,
        now: UnixTime,
    ) -> Result<Vec<Write>, ManagerError> {
        let mut published: BTreeMap<SecretId, SecretRecord> = BTreeMap::new();
        for change in &staging.changes {
            let secret = self
                .published
                .secret(group.id, change.collection, change.secret)
                .await?;
            published.extend(secret.map(|secret| (change.secret, secret)));
        }
        let mut deletions = Vec::new();
        let mut freed = Vec::new();
        let mut others = Vec::new();
        let mut changes: Vec<&StagedChange> = staging.changes.iter().collect();
        changes.sort_by_key(|change| change.collection);
        for change in changes {
            let StagedAction::Create(version) = &change.action else {
                let secret = published.get(&change.secret).ok_or(StoreError::Damaged {
                    what: "edit session",
                })?;
                let (operation, number, write) = change_of(secret, change, now);
                let audited = SecretRecord {
                    name: change.name.clone(),
                    ..secret.clone()
                };
                let entry = entry(caller, group, &audited, operation, now).version(number);
                if change.action == StagedAction::Delete {
                    deletions.extend([write, entry.allowed()]);
                    continue;
                }
                if change.name != secret.name {
                    freed.push(Write::FreeName(secret.id));
                }
                others.extend([write, entry.allowed()]);
                continue;
            };
            let secret = SecretRecord {
                id: change.secret,
                group: group.id,
                collection: change.collection,
                name: change.name.clone(),
                current: version.number,
                previous: None,
                pending: None,
                newest: version.number,
                created_at: now,
                modified_at: now,
                deleted_at: None,
            };
            let entry = entry(caller, group, &secret, "create", now).version(version.number);
            others.push(Write::CreateSecret(secret, version.clone()));
            others.push(entry.allowed());
        }
        deletions.extend(freed);
        deletions.extend(others);
        Ok(deletions)
    }
}

/// The write for a change of a secret that is there: its word, the version it is about, itself.
fn change_of(
    secret: &SecretRecord,
    change: &StagedChange,
    now: UnixTime,
) -> (&'static str, u64, Write) {
    let expected = secret.current;
    let word = change.action.as_str();
    match &change.action {
        StagedAction::Create(version) | StagedAction::Replace(version) => {
            let replace = Write::ReplaceSecret {
                name: change.name.clone(),
                version: version.clone(),
                expected,
            };
            (word, version.number, replace)
        }
        StagedAction::Update { expiration_date } => {
            let update = Write::UpdateSecret {
                secret: secret.id,
                name: change.name.clone(),
                expiration_date: expiration_date.clone(),
                expected,
                at: now,
            };
            (word, expected, update)
        }
        StagedAction::Delete => {
            let delete = Write::DeleteSecret {
                secret: secret.id,
                expected,
                // Checked over the whole set.
                users: Users::Ignore,
                at: now,
            };
            (word, expected, delete)
        }
    }
}

fn same_names(set: &[(SecretRecord, VersionRecord)]) -> Vec<Violation> {
    let mut names = BTreeSet::new();
    set.iter()
        .filter(|(secret, _)| !names.insert((secret.collection, &secret.name)))
        .map(|(secret, _)| {
            let what = secret.collection.singular();
            let place = format!("{}/name", place(secret.collection, &secret.name));
            Violation::new(place, Problem::SameName { what })
        })
        .collect()
}

fn dangling(
    collection: Collection,
    name: &SecretName,
    version: &VersionRecord,
    target: SecretId,
) -> Result<Violation, ManagerError> {
    let shown = Value::Object(Metadata::of(version)?.shown);
    let reference = find_reference(&shown, target);
    let what = reference
        .as_ref()
        .map_or("secret", |(_, collection)| collection.singular());
    let field = reference.map_or_else(String::new, |(pointer, _)| pointer);
    let place = format!("{}{field}", place(collection, name));
    Ok(Violation::new(place, Problem::NoSuchSecret { what }))
}

/// Where in what is shown of a version stands `{"path": "<collection>/<id>"}`, and the collection.
fn find_reference(shown: &Value, target: SecretId) -> Option<(String, Collection)> {
    let fields = shown.as_object()?;
    if let Some((collection, id)) = fields
        .get("path")
        .and_then(Value::as_str)
        .and_then(|path| path.split_once('/'))
        && id == target.to_string()
        && let Ok(collection) = collection.parse()
    {
        return Some((String::new(), collection));
    }
    fields.iter().find_map(|(field, value)| {
        let (pointer, collection) = find_reference(value, target)?;
        Some((format!("/{field}{pointer}"), collection))
    })
}

/// Certificates that were good when they were staged and are not any more.
fn expired_since(staging: &Staging, now: UnixTime) -> Result<Vec<Violation>, ManagerError> {
    let mut violations = Vec::new();
    for change in &staging.changes {
        let checked = matches!(
            change.collection,
            Collection::Keystores | Collection::Certificates
        );
        let Some(version) = change.action.version().filter(|_| checked) else {
            continue;
        };
        for certificate in &Metadata::of(version)?.certificates {
            let Ok(certificate) = Certificate::from_der(&certificate.0) else {
                continue;
            };
            let ended = certificate.not_after();
            // One that had ended when it was uploaded was allowed then.
            if ended < now && ended >= version.created_at {
                let problem = Problem::ExpiredSince {
                    subject: certificate.subject().to_owned(),
                    not_after: clock::date(ended),
                };
                violations.push(Violation::new(
                    place(change.collection, &change.name),
                    problem,
                ));
            }
        }
    }
    Ok(violations)
}

/// `/tlsContexts/<name>`, a JSON pointer (RFC 6901).
fn place(collection: Collection, name: &SecretName) -> String {
    let name = name.as_str().replace('~', "~0").replace('/', "~1");
    format!("/{collection}/{name}")
}
