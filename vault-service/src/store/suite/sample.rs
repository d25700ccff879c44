//! Records to write, and a small house they fit into.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sallyport_model::{
    Access, ActorId, Collection, EnvironmentId, GroupId, GroupName, OrganizationId, Permission,
    Reach, Scope, SecretId, SecretName,
};
use sallyport_pki::UnixTime;
use uuid::Uuid;

use super::super::{
    ActorKind, ActorRecord, AuditOutcome, AuditRecord, EnvironmentRecord, GrantRecord,
    GroupKeyRecord, GroupRecord, OrganizationRecord, PermissionRecord, SecretRecord, Store,
    StoreError, TokenRecord, VersionRecord, Write,
};

pub(crate) const NOW: UnixTime = UnixTime(1_800_000_000);

/// An organization with an environment, an administrator and a gateway.
pub(crate) struct House {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) scope: Scope,
    pub(crate) gateway: ActorId,
}

impl House {
    pub(crate) async fn in_store(store: &Arc<dyn Store>) -> Self {
        let organization = organization();
        let environment = environment(organization.id, "production");
        let scope = Scope {
            organization: organization.id,
            environment: environment.id,
        };
        let gateway = gateway(scope, "edge-1");
        let house = Self {
            store: Arc::clone(store),
            scope,
            gateway: gateway.id,
        };
        house
            .commit(vec![
                Write::CreateOrganization(organization),
                Write::CreateEnvironment(environment),
                Write::CreateActor(gateway),
            ])
            .await
            .unwrap();
        house
    }

    pub(crate) async fn commit(&self, batch: Vec<Write>) -> Result<(), StoreError> {
        self.store.commit(batch).await
    }

    pub(crate) async fn add_environment(&self, name: &str) -> Scope {
        let environment = environment(self.scope.organization, name);
        let scope = Scope {
            environment: environment.id,
            ..self.scope
        };
        self.commit(vec![Write::CreateEnvironment(environment)])
            .await
            .unwrap();
        scope
    }

    pub(crate) async fn add_group(&self, name: &str) -> GroupRecord {
        let (group, key) = group(self.scope, name);
        self.commit(vec![Write::CreateGroup(group.clone(), key)])
            .await
            .unwrap();
        group
    }

    pub(crate) async fn add_secret(
        &self,
        group: GroupId,
        collection: Collection,
        name: &str,
    ) -> (SecretRecord, VersionRecord) {
        let (secret, version) = secret(group, collection, name);
        self.commit(vec![Write::CreateSecret(secret.clone(), version.clone())])
            .await
            .unwrap();
        (secret, version)
    }

    pub(crate) async fn delete_group(&self, group: GroupId, at: UnixTime) {
        self.commit(vec![Write::DeleteGroup { group, at }])
            .await
            .unwrap();
    }
}

/// A UUID that no other sample of this process has.
pub(crate) fn uuid() -> Uuid {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let number = LAST.fetch_add(1, Ordering::Relaxed) + 1;
    Uuid::from_u64_pair(0x5a11_7000_0000_4000, 0x8000_0000_0000_0000 | number)
}

pub(crate) fn later(seconds: i64) -> UnixTime {
    UnixTime(NOW.0 + seconds)
}

pub(crate) fn organization() -> OrganizationRecord {
    OrganizationRecord {
        id: OrganizationId::new(uuid()),
        name: "Kontor Süd".to_owned(),
        parent: None,
    }
}

pub(crate) fn environment(organization: OrganizationId, name: &str) -> EnvironmentRecord {
    EnvironmentRecord {
        id: EnvironmentId::new(uuid()),
        organization,
        name: name.to_owned(),
        production: true,
    }
}

pub(crate) fn gateway(scope: Scope, name: &str) -> ActorRecord {
    ActorRecord {
        id: ActorId::new(uuid()),
        kind: ActorKind::Gateway,
        organization: scope.organization,
        environment: Some(scope.environment),
        name: name.to_owned(),
        administrator: false,
        secret_hash: None,
        created_at: NOW,
        certificate_not_after: Some(later(86_400)),
    }
}

pub(crate) fn connected_app(organization: OrganizationId, name: &str) -> ActorRecord {
    ActorRecord {
        id: ActorId::new(uuid()),
        kind: ActorKind::ConnectedApp,
        organization,
        environment: None,
        name: name.to_owned(),
        administrator: true,
        secret_hash: Some("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned()),
        created_at: NOW,
        certificate_not_after: None,
    }
}

pub(crate) fn user(organization: OrganizationId, name: &str) -> ActorRecord {
    ActorRecord {
        kind: ActorKind::User,
        ..connected_app(organization, name)
    }
}

pub(crate) fn permission(
    actor: ActorId,
    organization: OrganizationId,
    environment: Option<EnvironmentId>,
    permission: Permission,
) -> PermissionRecord {
    PermissionRecord {
        actor,
        permission,
        organization,
        environment,
        granted_at: NOW,
        granted_by: "ada".to_owned(),
    }
}

pub(crate) fn token(actor: ActorId, sha256: [u8; 32], expires_at: UnixTime) -> TokenRecord {
    TokenRecord {
        sha256,
        actor,
        expires_at,
    }
}

pub(crate) fn group(scope: Scope, name: &str) -> (GroupRecord, GroupKeyRecord) {
    let group = GroupRecord {
        id: GroupId::new(uuid()),
        scope,
        name: GroupName::stored(name).unwrap(),
        downloadable: false,
        created_at: NOW,
        modified_at: NOW,
        modified_by: "ada".to_owned(),
        deleted_at: None,
    };
    let key = GroupKeyRecord {
        group: group.id,
        term: 1,
        public_key: vec![1; 32],
        sealed_private_key: vec![0, 255, 7],
        created_at: NOW,
    };
    (group, key)
}

pub(crate) fn secret(
    group: GroupId,
    collection: Collection,
    name: &str,
) -> (SecretRecord, VersionRecord) {
    let secret = SecretRecord {
        id: SecretId::new(uuid()),
        group,
        collection,
        name: SecretName::stored(name).unwrap(),
        current: 1,
        previous: None,
        pending: None,
        newest: 1,
        created_at: NOW,
        modified_at: NOW,
        deleted_at: None,
    };
    let version = version(secret.id, 1);
    (secret, version)
}

pub(crate) fn version(secret: SecretId, number: u64) -> VersionRecord {
    VersionRecord {
        secret,
        number,
        metadata: format!(r#"{{"number":{number}}}"#),
        envelope: vec![0, 1, 0, 254, 255],
        expiration_date: Some("2031-12-31".to_owned()),
        refers_to: Vec::new(),
        created_at: NOW,
        created_by: "grace".to_owned(),
    }
}

pub(crate) fn replace(secret: &SecretRecord, expected: u64) -> Write {
    Write::ReplaceSecret {
        name: secret.name.clone(),
        version: version(secret.id, expected + 1),
        expected,
    }
}

pub(crate) fn grant(group: GroupId, actor: ActorId, access: Access) -> GrantRecord {
    GrantRecord {
        group,
        actor,
        access,
        reach: Reach::Group,
        granted_at: NOW,
        granted_by: "ada".to_owned(),
    }
}

pub(crate) fn audit_entry(scope: Scope, object: &str) -> AuditRecord {
    AuditRecord {
        seq: 0,
        at: NOW,
        place: scope.into(),
        actor: Some(ActorId::new(uuid())),
        actor_name: "edge-1".to_owned(),
        actor_kind: Some(ActorKind::Gateway),
        operation: "secret.resolve".to_owned(),
        object: object.to_owned(),
        outcome: AuditOutcome::Refused,
        reason: Some("no_grant".to_owned()),
        version: Some(3),
        trace: None,
    }
}

/// Asserts that a result is this refusal.
macro_rules! assert_refused {
    ($result:expr, $($refusal:tt)+) => {{
        let result = $result;
        assert!(matches!(&result, Err($($refusal)+)), "{result:?}");
    }};
}

pub(crate) use assert_refused;
