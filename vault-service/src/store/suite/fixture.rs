//! Small records to write.

use std::sync::Arc;

use sallyport_model::{ActorId, Collection, GroupId, Scope, SecretId};
use sallyport_pki::UnixTime;
use uuid::Uuid;

use crate::store::{
    ActorKind, ActorRecord, AuditOutcome, AuditRecord, EnvironmentRecord, GroupKeyRecord,
    GroupRecord, OrganizationRecord, SecretRecord, Store, VersionRecord, Write,
};

pub(crate) const NOW: UnixTime = UnixTime(1_795_470_600);

/// The same UUID for the same number.
pub(crate) fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(0x1000_0000_0000_4000_8000_0000_0000_0000 + number)
}

pub(crate) fn scope() -> Scope {
    Scope {
        organization: uuid(1).to_string().parse().unwrap(),
        environment: uuid(2).to_string().parse().unwrap(),
    }
}

pub(crate) fn group_id(number: u128) -> GroupId {
    GroupId::new(uuid(100 + number))
}

pub(crate) fn secret_id(number: u128) -> SecretId {
    SecretId::new(uuid(1000 + number))
}

pub(crate) fn actor_id(number: u128) -> ActorId {
    ActorId::new(uuid(10_000 + number))
}

/// An organization with one environment.
pub(crate) async fn settle(store: &Arc<dyn Store>) {
    let Scope {
        organization,
        environment,
    } = scope();
    store
        .commit(vec![
            Write::CreateOrganization(OrganizationRecord {
                id: organization,
                name: "Org".to_owned(),
            }),
            Write::CreateEnvironment(EnvironmentRecord {
                id: environment,
                organization,
                name: "Sandbox".to_owned(),
                production: false,
            }),
        ])
        .await
        .unwrap();
}

pub(crate) fn group(number: u128, name: &str) -> Write {
    let record = GroupRecord {
        id: group_id(number),
        scope: scope(),
        name: name.parse().unwrap(),
        downloadable: false,
        created_at: NOW,
        modified_at: NOW,
        modified_by: "ada".to_owned(),
        deleted_at: None,
    };
    let key = GroupKeyRecord {
        group: record.id,
        term: 1,
        public_key: vec![1; 32],
        sealed_private_key: vec![2; 80],
        created_at: NOW,
    };
    Write::CreateGroup(record, key)
}

pub(crate) fn secret(number: u128, group: u128, name: &str) -> Write {
    let record = SecretRecord {
        id: secret_id(number),
        group: group_id(group),
        collection: Collection::SharedSecrets,
        name: name.parse().unwrap(),
        current: 1,
        created_at: NOW,
        modified_at: NOW,
        deleted_at: None,
    };
    Write::CreateSecret(record, version(number, 1, b"first"))
}

pub(crate) fn version(secret: u128, number: u64, envelope: &[u8]) -> VersionRecord {
    VersionRecord {
        secret: secret_id(secret),
        number,
        metadata: "{}".to_owned(),
        envelope: envelope.to_vec(),
        expiration_date: None,
        refers_to: Vec::new(),
        created_at: NOW,
        created_by: "ada".to_owned(),
    }
}

pub(crate) fn replace(secret: u128, expected: u64, envelope: &[u8]) -> Write {
    Write::ReplaceSecret {
        name: "backend".parse().unwrap(),
        version: version(secret, expected + 1, envelope),
        expected,
    }
}

pub(crate) fn gateway(number: u128, name: &str) -> Write {
    Write::CreateActor(ActorRecord {
        id: actor_id(number),
        kind: ActorKind::Gateway,
        organization: scope().organization,
        environment: Some(scope().environment),
        name: name.to_owned(),
        administrator: false,
        secret_hash: None,
        created_at: NOW,
        certificate_not_after: Some(NOW),
    })
}

pub(crate) fn audit(object: &str) -> Write {
    Write::Audit(AuditRecord {
        seq: 0,
        at: NOW,
        scope: scope(),
        actor: None,
        actor_name: "ada".to_owned(),
        actor_kind: None,
        operation: "test".to_owned(),
        object: object.to_owned(),
        outcome: AuditOutcome::Allowed,
        reason: None,
        version: Some(1),
    })
}
