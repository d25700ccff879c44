//! What CRL distributors publish: taken from whoever has fetched a CRL, verified, reduced, and served
//! to gateways with the TLS contexts that refer to the distributor.

use sallyport_model::{Collection, Der, RevocationMaterial, SecretId};
use sallyport_pki::{Certificate, CrlRules, CrlUpdate, Revocations, UnixTime, crl_from_pem};

use super::Manager;
use super::crl_source::CrlSource;
use super::error::ManagerError;
use super::metadata::Metadata;
use super::secrets::{audited, entry, explain};
use super::violation::{Problem, Violation};
use crate::access::Caller;
use crate::audit::Entry;
use crate::store::{GroupRecord, PublishedLists, SecretRecord, StoreError, VersionRecord, Write};

/// Lists in force, and who published them last.
pub struct ListsInForce {
    /// Counts from 1; 0 if nothing was published yet.
    pub edition: u64,
    /// When, and the name of who published them.
    pub published: Option<(UnixTime, String)>,
    /// The lists.
    pub revocations: Revocations,
    /// Certificates that may have signed them.
    pub signers: Vec<Certificate>,
}

/// What to do with a newer list that lists fewer certificates than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DroppedCertificates {
    /// Refuse it if one of them was revoked after this moment: it has hardly expired since
    /// (CVE-2021-29653 in HashiCorp Vault). A hold may end at any time.
    RefusedAfter(UnixTime),
    /// Take it: somebody has looked at it.
    Accepted,
}

/// Who publishes a list.
struct Publisher<'a> {
    name: &'a str,
    entry: Entry,
    dropped: DroppedCertificates,
}

impl Manager {
    /// Verifies a CRL, complete or delta, in DER or PEM, with the certificates of its distributor,
    /// and publishes it beside the lists of other signers and scopes. An older one is refused, and
    /// nothing is written if it is there already. It takes effect at once, also while somebody has an
    /// edit session open: a revocation must not wait for that.
    pub async fn publish_crl(
        &self,
        caller: &Caller,
        group: &GroupRecord,
        id: SecretId,
        crl: impl AsRef<[u8]> + Send + 'static,
        now: UnixTime,
    ) -> Result<(CrlUpdate, ListsInForce), ManagerError> {
        let (secret, version, _) = self
            .secret(group, Collection::CrlDistributorConfigs, id)
            .await?;
        let by = Publisher {
            name: &caller.name,
            entry: entry(caller, group, &secret, "publish", now),
            dropped: DroppedCertificates::Accepted,
        };
        self.put_into_force(group, &secret, &version, by, crl, now)
            .await
    }

    /// Does the same with a CRL that `job` has fetched: nobody has looked at it, so that one that
    /// drops what it cannot drop yet is refused as well. [`ManagerError::Changed`] if the distributor is
    /// another version than the one that said where the list is.
    pub async fn publish_fetched_crl(
        &self,
        job: &'static str,
        source: &CrlSource,
        crl: impl AsRef<[u8]> + Send + 'static,
        dropped: DroppedCertificates,
        now: UnixTime,
    ) -> Result<(CrlUpdate, ListsInForce), ManagerError> {
        let (group, collection) = (&source.group, Collection::CrlDistributorConfigs);
        let (secret, version, _) = self.secret(group, collection, source.id()).await?;
        let found = version.number;
        if found != source.version() {
            return Err(ManagerError::Changed { found });
        }
        let object = audited(group, &secret);
        let operation = format!("{collection}.publish");
        let by = Publisher {
            name: job,
            entry: Entry::of_service(job, group.scope, operation, object, now),
            dropped,
        };
        self.put_into_force(group, &secret, &version, by, crl, now)
            .await
    }

    async fn put_into_force(
        &self,
        group: &GroupRecord,
        secret: &SecretRecord,
        version: &VersionRecord,
        by: Publisher<'_>,
        crl: impl AsRef<[u8]> + Send + 'static,
        now: UnixTime,
    ) -> Result<(CrlUpdate, ListsInForce), ManagerError> {
        let before = self.in_force(group, secret.id, version).await?;
        let signed = self.published.signed_lists(secret.id).await?;
        let expected = before.edition;
        let signers = before.signers.clone();
        // Sorting a million serial numbers is no work for the threads that answer.
        let taken = tokio::task::spawn_blocking(move || {
            take(before, signed, crl.as_ref(), by.dropped, now)
        });
        let taken = taken.await;
        let (update, mut lists) = taken.map_err(interrupted)??;
        let Some((json, signed)) = lists.json.take() else {
            return Ok((update, lists.of(signers)));
        };
        let published = PublishedLists {
            distributor: secret.id,
            edition: expected.saturating_add(1),
            lists: json,
            published_at: now,
            published_by: by.name.to_owned(),
        };
        lists.edition = published.edition;
        lists.published = Some((now, by.name.to_owned()));
        let write = Write::PublishLists {
            lists: published,
            expected,
        };
        let entry = by.entry.version(lists.edition);
        self.published
            .commit(vec![write, keep_signed(secret.id, signed), entry.allowed()])
            .await
            .map_err(|error| explain(error, group, secret))?;
        Ok((update, lists.of(signers)))
    }

    /// The lists that a CRL distributor publishes.
    pub async fn lists_in_force(
        &self,
        group: &GroupRecord,
        id: SecretId,
    ) -> Result<ListsInForce, ManagerError> {
        let (_, version, _) = self
            .secret(group, Collection::CrlDistributorConfigs, id)
            .await?;
        self.in_force(group, id, &version).await
    }

    async fn in_force(
        &self,
        group: &GroupRecord,
        id: SecretId,
        version: &VersionRecord,
    ) -> Result<ListsInForce, ManagerError> {
        let signers = self.signers(group, version).await?;
        let Some(published) = self.published.published_lists(id).await? else {
            return Ok(ListsInForce {
                edition: 0,
                published: None,
                revocations: Revocations::default(),
                signers,
            });
        };
        let what = "revocation lists";
        let read = tokio::task::spawn_blocking(move || {
            let material: RevocationMaterial = serde_json::from_slice(&published.lists).ok()?;
            Revocations::try_from(material).ok()
        });
        let revocations = read.await.map_err(interrupted)?;
        Ok(ListsInForce {
            edition: published.edition,
            published: Some((published.published_at, published.published_by)),
            revocations: revocations.ok_or(StoreError::Damaged { what })?,
            signers,
        })
    }

    /// The certificates a distributor refers to: that of the signer, and perhaps that of the CA.
    pub(super) async fn signers(
        &self,
        group: &GroupRecord,
        version: &VersionRecord,
    ) -> Result<Vec<Certificate>, ManagerError> {
        let mut signers = Vec::new();
        for id in &version.refers_to {
            let collection = Collection::Certificates;
            if let Some(secret) = self.published.secret(group.id, collection, *id).await? {
                let version = self.published.version(secret.id, secret.current).await?;
                let what = "current version";
                let version = version.ok_or(StoreError::Damaged { what })?;
                signers.extend(Metadata::of(&version)?.read_certificates()?);
            }
        }
        Ok(signers)
    }
}

/// Lists after a CRL was taken.
struct Taken {
    edition: u64,
    published: Option<(UnixTime, String)>,
    revocations: Revocations,
    /// The lists, and the CRLs they are made of; `None` if nothing has changed.
    json: Option<(Vec<u8>, Vec<u8>)>,
}

impl Taken {
    fn of(self, signers: Vec<Certificate>) -> ListsInForce {
        ListsInForce {
            edition: self.edition,
            published: self.published,
            revocations: self.revocations,
            signers,
        }
    }
}

/// For Envoy, which reads nothing else.
fn keep_signed(distributor: SecretId, signed: Vec<u8>) -> Write {
    Write::KeepSignedLists {
        distributor,
        signed,
    }
}

/// The CRLs in force, after a newer one has come.
fn signed_in_force(
    before: Option<Vec<u8>>,
    newest: Vec<u8>,
    revocations: &Revocations,
) -> Result<Vec<u8>, serde_json::Error> {
    let mut signed: Vec<Der> = match before {
        Some(json) => serde_json::from_slice(&json)?,
        None => Vec::new(),
    };
    signed.push(Der(newest));
    signed.retain(|crl| revocations.has_in_force(&crl.0));
    serde_json::to_vec(&signed)
}

fn take(
    before: ListsInForce,
    signed: Option<Vec<u8>>,
    crl: &[u8],
    dropped: DroppedCertificates,
    now: UnixTime,
) -> Result<(CrlUpdate, Taken), ManagerError> {
    let ListsInForce {
        edition,
        published,
        mut revocations,
        signers,
    } = before;
    let refuse = |error| Violation::new("", Problem::Crl(error));
    let der = match crl.trim_ascii_start().starts_with(b"-----BEGIN") {
        true => crl_from_pem(crl).map_err(refuse)?,
        false => crl.to_vec(),
    };
    let rules = CrlRules::new(now);
    let ended_before = ended(&revocations, now);
    let update = revocations.update(&der, &signers, &rules).map_err(refuse)?;
    dropped.check(update)?;
    if ended(&revocations, now) > ended_before {
        let expected =
            "has ended: everybody would be denied by it. What is right is a list that has not";
        return Err(Violation::new(
            "",
            Problem::Value {
                expected: expected.to_owned(),
            },
        )
        .into());
    }
    let json = match update {
        CrlUpdate::Unchanged => None,
        CrlUpdate::Added | CrlUpdate::Replaced { .. } => {
            let lists = serde_json::to_vec(&RevocationMaterial::from(&revocations))?;
            Some((lists, signed_in_force(signed, der, &revocations)?))
        }
    };
    let taken = Taken {
        edition,
        published,
        revocations,
        json,
    };
    Ok((update, taken))
}

impl DroppedCertificates {
    fn check(self, update: CrlUpdate) -> Result<(), Violation> {
        let CrlUpdate::Replaced { dropped } = update else {
            return Ok(());
        };
        match (self, dropped.last_revoked) {
            (Self::RefusedAfter(moment), Some(last_revoked)) if last_revoked > moment => {
                let problem = Problem::CrlDropped {
                    certificates: dropped.certificates,
                    last_revoked,
                };
                Err(Violation::new("", problem))
            }
            _ => Ok(()),
        }
    }
}

/// How many lists are past their nextUpdate.
fn ended(revocations: &Revocations, now: UnixTime) -> usize {
    let lists = revocations.lists().iter();
    let editions = lists.flat_map(|list| std::iter::once(&list.complete).chain(&list.delta));
    editions
        .filter(|edition| edition.next_update() <= now)
        .count()
}

fn interrupted(error: tokio::task::JoinError) -> ManagerError {
    ManagerError::Store(StoreError::Engine(Box::new(error)))
}
