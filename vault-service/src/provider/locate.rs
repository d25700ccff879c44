//! From a reference to the versions it means, or to the reason why not. Nothing is opened here.

use std::sync::Arc;

use sallyport_model::{
    Access, Collection, Reach, Reference, Refusal, Revision, Scope, SecretId, Selector,
    VersionSelector,
};

use super::gateway::Gateway;
use super::revision;
use super::{Provider, ProviderError};
use crate::access::{Decision, Held, Wish, decide};
use crate::store::{GroupRecord, SecretRecord, StoreError, VersionRecord};

/// What a gateway wants with a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Its filter decides by it.
    Filter,
    /// It wants a file.
    Download,
    /// Its Envoy shows who it is: the keystore of a TLS context.
    Identity,
    /// Its Envoy verifies peers by a TLS context.
    Validation,
    /// Its Envoy uses a value.
    Value,
}

impl Purpose {
    /// Whether a kind is there for it; private keys never go to a filter.
    const fn takes(self, collection: Collection) -> bool {
        use Collection as C;
        match self {
            Self::Filter => matches!(
                collection,
                C::SharedSecrets | C::Truststores | C::CertificatePinsets | C::TlsContexts
            ),
            Self::Download => matches!(collection, C::Keystores | C::Truststores | C::Certificates),
            Self::Identity | Self::Validation => matches!(collection, C::TlsContexts),
            Self::Value => matches!(collection, C::SharedSecrets),
        }
    }

    /// Collections of what goes into it besides: a new version of that is news. Keystores are no news
    /// to a filter.
    const fn needs(self) -> &'static [Collection] {
        use Collection as C;
        match self {
            Self::Filter | Self::Validation => &[
                C::Truststores,
                C::CertificatePinsets,
                C::CrlDistributorConfigs,
            ],
            Self::Identity => &[C::Keystores],
            Self::Download | Self::Value => &[],
        }
    }

    const fn refusal(self) -> &'static str {
        match self {
            Self::Filter => "are not served to filters",
            Self::Download => "are not there for download",
            Self::Identity | Self::Validation | Self::Value => "are not served like this",
        }
    }
}

/// What a reference means right now.
pub(super) enum Located {
    /// Material can be made of this.
    Found(Box<Found>),
    /// It was deleted.
    Withdrawn,
    /// The gateway does not get it.
    Refused {
        /// Why.
        reason: Refusal,
        /// For people.
        detail: String,
    },
}

/// What a reference means to all who may know.
pub(super) struct Placed {
    /// The secret it is about, live or deleted, if there is one.
    pub(super) secret: Option<SecretId>,
    /// What it means.
    pub(super) located: Located,
}

/// A group that a gateway may read, live or deleted.
pub(super) struct Granted {
    pub(super) group: Arc<GroupRecord>,
    reach: Reach,
}

/// A version of a secret, and what it depends on.
pub(super) struct Found {
    pub(super) reference: Reference,
    pub(super) group: Arc<GroupRecord>,
    pub(super) secret: Arc<SecretRecord>,
    pub(super) version: Arc<VersionRecord>,
    /// Current versions of what a TLS context refers to and is needed.
    pub(super) dependencies: Vec<Dependency>,
    /// Editions of the revocation lists of CRL distributors among them.
    pub(super) editions: Vec<(SecretId, u64)>,
    /// The token for all of it.
    pub(super) revision: Revision,
}

/// A secret that another refers to, in its current version.
pub(super) type Dependency = (Arc<SecretRecord>, Arc<VersionRecord>);

impl Located {
    /// The token for it.
    pub(super) fn revision(&self) -> Revision {
        match self {
            Self::Found(found) => found.revision.clone(),
            Self::Withdrawn => revision::of_withdrawal(),
            Self::Refused { reason, .. } => revision::of_refusal(*reason),
        }
    }
}

impl Provider {
    /// Finds what a reference means for a gateway. `scope` is that of short references.
    pub(super) async fn locate(
        &self,
        gateway: &Gateway,
        scope: Scope,
        text: &str,
        purpose: Purpose,
    ) -> Result<Located, ProviderError> {
        let reference: Reference = match text.parse() {
            Ok(reference) => reference,
            Err(error) => return Ok(refuse(Refusal::MalformedReference, format!("{error}"))),
        };
        let granted = match self.granted_group(gateway, scope, &reference).await? {
            Ok(granted) => granted,
            Err(refused) => return Ok(refused),
        };
        let group = Arc::clone(&granted.group);
        let placed = self.locate_in(group, reference.clone(), purpose).await?;
        match granted.reaches(&reference, placed.secret) {
            true => Ok(placed.located),
            false => Ok(not_granted(gateway, &reference)),
        }
    }

    /// The same, where the gateway may read the group: the answer is the same for all such gateways,
    /// but only for those whose grant reaches the secret.
    pub(super) async fn locate_in(
        &self,
        group: Arc<GroupRecord>,
        reference: Reference,
        purpose: Purpose,
    ) -> Result<Placed, ProviderError> {
        let nowhere = |located| {
            let secret = None;
            Ok(Placed { secret, located })
        };
        if group.deleted_at.is_some() {
            return nowhere(Located::Withdrawn);
        }
        if !purpose.takes(reference.collection) {
            let detail = format!("{} {}", reference.collection, purpose.refusal());
            return nowhere(refuse(Refusal::NotServed, detail));
        }
        let secret = match &reference.secret {
            Selector::Id(id) => {
                self.store
                    .secret_or_tombstone(group.id, reference.collection, *id)
                    .await?
            }
            Selector::Name(name) => {
                self.store
                    .secret_by_name(group.id, reference.collection, name)
                    .await?
            }
        };
        let Some(secret) = secret else {
            let (what, name) = (
                reference.collection.singular(),
                reference.secret.to_string(),
            );
            return nowhere(not_found(format!(
                "no {what} {name:?} in group {:?}",
                group.name.as_str()
            )));
        };
        let id = secret.id;
        let located = match secret.deleted_at {
            Some(_) => Located::Withdrawn,
            None => self.version(reference, group, secret, purpose).await?,
        };
        Ok(Placed {
            secret: Some(id),
            located,
        })
    }

    /// The group, live or deleted, if the gateway may read it. Absent and not granted look the same.
    pub(super) async fn granted_group(
        &self,
        gateway: &Gateway,
        scope: Scope,
        reference: &Reference,
    ) -> Result<Result<Granted, Located>, StoreError> {
        let scope = reference.scope.unwrap_or(scope);
        let group = self.readable_group(gateway, scope, reference).await?;
        Ok(group.ok_or_else(|| not_granted(gateway, reference)))
    }

    async fn readable_group(
        &self,
        gateway: &Gateway,
        scope: Scope,
        reference: &Reference,
    ) -> Result<Option<Granted>, StoreError> {
        if scope != gateway.scope {
            return Ok(None);
        }
        let group = match &reference.group {
            Selector::Id(id) => self.store.group_or_tombstone(scope, *id).await?,
            Selector::Name(name) => self.store.group_by_name(scope, name).await?,
        };
        let Some(group) = group else {
            return Ok(None);
        };
        let grants = self.store.grants_of(group.id, gateway.caller.id).await?;
        let held = Held {
            grants: &grants,
            ..Held::default()
        };
        let wish = Wish::InGroup(Access::Read);
        let decision = decide(&gateway.caller, held, &scope.into(), wish);
        let mut grants = grants.iter();
        let read = grants.find(|grant| grant.access == Access::Read);
        let read = read.filter(|_| decision == Decision::Allow);
        Ok(read.map(|grant| Granted {
            group,
            reach: grant.reach.clone(),
        }))
    }

    async fn version(
        &self,
        reference: Reference,
        group: Arc<GroupRecord>,
        secret: Arc<SecretRecord>,
        purpose: Purpose,
    ) -> Result<Located, ProviderError> {
        let (number, wanted) = match reference.version {
            None | Some(VersionSelector::Current) => {
                (Some(secret.current), "current version".to_owned())
            }
            Some(VersionSelector::Previous) => (secret.previous, "previous version".to_owned()),
            Some(VersionSelector::Pending) => (secret.pending, "pending version".to_owned()),
            // What is pending is served to nobody who did not ask for it by that name.
            Some(VersionSelector::Number(number)) => (
                Some(number).filter(|number| Some(*number) != secret.pending),
                format!("version {number}"),
            ),
        };
        let version = match number {
            Some(number) => self.store.version(secret.id, number).await?,
            None => None,
        };
        let Some(version) = version else {
            let (what, name) = (
                reference.collection.singular(),
                reference.secret.to_string(),
            );
            return Ok(not_found(format!("{what} {name:?} has no {wanted}")));
        };
        if let Some(field) = &reference.field
            && reference.collection != Collection::SharedSecrets
        {
            let (what, field) = (reference.collection.singular(), field.as_str());
            return Ok(not_found(format!("a {what} has no field {field:?}")));
        }
        let dependencies = self.dependencies_of(&group, &version, purpose).await?;
        let mut editions = Vec::new();
        for (secret, _) in &dependencies {
            if secret.collection == Collection::CrlDistributorConfigs {
                let edition = self.store.published_edition(secret.id).await?;
                editions.push((secret.id, edition));
            }
        }
        let mut made_of = vec![(secret.id, version.number)];
        let depends_on = dependencies.iter();
        made_of.extend(depends_on.map(|(secret, version)| (secret.id, version.number)));
        made_of.extend_from_slice(&editions);
        Ok(Located::Found(Box::new(Found {
            revision: revision::of_versions(&made_of, reference.field.as_ref()),
            reference,
            group,
            secret,
            version,
            dependencies,
            editions,
        })))
    }

    /// The current versions of what a version refers to, if it is needed.
    async fn dependencies_of(
        &self,
        group: &GroupRecord,
        version: &VersionRecord,
        purpose: Purpose,
    ) -> Result<Vec<Dependency>, StoreError> {
        let mut dependencies = Vec::new();
        for id in &version.refers_to {
            for collection in purpose.needs() {
                let Some(secret) = self.store.secret(group.id, *collection, *id).await? else {
                    continue;
                };
                let what = "current version of what a TLS context refers to";
                let version = self.store.version(secret.id, secret.current).await?;
                let version = version.ok_or(StoreError::Damaged { what })?;
                dependencies.push((secret, version));
                break;
            }
        }
        Ok(dependencies)
    }
}

impl Found {
    /// Versions in force that a gateway runs which has it; none if it is one of another time.
    pub(super) fn in_force(&self) -> impl Iterator<Item = (SecretId, u64)> {
        let current = self.version.number == self.secret.current;
        let own = std::iter::once((self.secret.id, self.version.number));
        let others = self.dependencies.iter();
        own.chain(others.map(|(secret, version)| (secret.id, version.number)))
            .filter(move |_| current)
    }

    /// What it is made of besides, as references with versions.
    pub(super) fn parts(&self) -> Vec<String> {
        let parts = self.dependencies.iter().map(|(secret, version)| {
            let part = Reference {
                collection: secret.collection,
                secret: Selector::Name(secret.name.clone()),
                field: None,
                version: Some(VersionSelector::Number(version.number)),
                ..self.reference.clone()
            };
            let mut editions = self.editions.iter();
            match editions.find(|(of, _)| *of == secret.id) {
                Some((_, edition)) => format!("{part}:{edition}"),
                None => part.to_string(),
            }
        });
        parts.collect()
    }

    /// What the version refers to under this id, if it is still there.
    pub(super) fn dependency(
        &self,
        collection: Collection,
        id: SecretId,
    ) -> Option<(&SecretRecord, &VersionRecord)> {
        self.dependencies
            .iter()
            .find(|(secret, _)| secret.id == id && secret.collection == collection)
            .map(|(secret, version)| (&**secret, &**version))
    }
}

impl Granted {
    /// Whether it reaches what a reference is about, there or not. That a group is gone is told to all
    /// who could read anything in it.
    pub(super) fn reaches(&self, reference: &Reference, secret: Option<SecretId>) -> bool {
        self.group.deleted_at.is_some() || self.reach.includes(reference.collection, secret)
    }
}

/// The same for a group that is not granted or not there, and for a secret in it that the grant does
/// not reach or that is not there.
pub(super) fn not_granted(gateway: &Gateway, reference: &Reference) -> Located {
    let detail = format!(
        "gateway {:?} holds no read grant that reaches this in a secret group {:?} of its environment",
        gateway.caller.name,
        reference.group.to_string()
    );
    refuse(Refusal::NotGranted, detail)
}

fn refuse(reason: Refusal, detail: String) -> Located {
    Located::Refused { reason, detail }
}

fn not_found(detail: String) -> Located {
    refuse(Refusal::NotFound, detail)
}
