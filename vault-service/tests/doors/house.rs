//! An organization, its people with their tokens, and the public door with its edge as they see it.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use sallyport_model::{Access, ActorId, EnvironmentId, OrganizationId, Permission, Reach, Scope};
use sallyport_pki::UnixTime;
use sallyport_vault::accounts::Accounts;
use sallyport_vault::clock;
use sallyport_vault::http::edge::{self, Quotas};
use sallyport_vault::http::manager::{ManagerDoor, router};
use sallyport_vault::metrics::Metrics;
use sallyport_vault::store::{
    ActorKind, ActorRecord, AuditRecord, EnvironmentRecord, GrantRecord, OrganizationRecord,
    PermissionRecord, TokenRecord, Write,
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::contract;
use crate::listening::plenty;
use crate::vault::Vault;

pub(crate) struct House {
    pub(crate) vault: Vault,
    pub(crate) accounts: Accounts,
    router: Router,
}

/// Somebody with a token.
#[derive(Clone)]
pub(crate) struct Actor {
    pub(crate) id: ActorId,
    pub(crate) token: String,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    /// The id of what was created.
    pub(crate) fn id(&self) -> String {
        assert_eq!(self.status, StatusCode::CREATED, "{}", self.text);
        self.json()["id"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn uuid() -> Uuid {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).unwrap();
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

impl House {
    pub(crate) async fn new() -> Self {
        let vault = Vault::new().await;
        let accounts = Accounts::new(vault.store.clone());
        let routes = router(ManagerDoor {
            manager: vault.manager.clone(),
            accounts: accounts.clone(),
            rollout: vault.provider.rollout(),
            crl_fetching: vault.crl_fetching.clone(),
            gateway_cas: vault.gateway_cas.as_slice().into(),
            store: vault.store.clone(),
            sinks: vault.sinks.clone(),
        });
        Self {
            router: edge::around(routes, Arc::new(Quotas::new(plenty())), Metrics::new().door),
            accounts,
            vault,
        }
    }

    pub(crate) const fn organization(&self) -> OrganizationId {
        self.vault.scope.organization
    }

    /// Anypoint's path of an environment.
    pub(crate) fn anypoint(&self, rest: &str) -> String {
        anypoint(self.vault.scope, rest)
    }

    /// Our path of an environment.
    pub(crate) fn own(&self, rest: &str) -> String {
        own(self.vault.scope, rest)
    }

    /// Our path of the organization.
    pub(crate) fn home(&self, rest: &str) -> String {
        format!("/api/v1/organizations/{}{rest}", self.organization())
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<(&str, String)>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method.parse::<Method>().unwrap())
            .uri(path)
            // Two answers can only be compared when they name the same request.
            .header("x-request-id", "test");
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some((content_type, _)) = body {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        let sent = body
            .as_ref()
            .filter(|(content_type, _)| *content_type == "application/json")
            .and_then(|(_, text)| serde_json::from_str(text).ok());
        let body = body.map_or_else(Body::empty, |(_, text)| Body::from(text));
        let answer = self.answer(request.body(body).unwrap()).await;
        let content_type = answer.headers.get(header::CONTENT_TYPE);
        let content_type = content_type.map(|word| word.to_str().unwrap());
        let method = method.parse().unwrap();
        contract::check(
            &method,
            path,
            sent.as_ref(),
            answer.status,
            content_type,
            &answer.text,
        );
        answer
    }

    /// What any request is answered.
    pub(crate) async fn answer(&self, request: Request<Body>) -> Answer {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = answer.into_parts();
        let bytes = to_bytes(body, 1 << 20).await.unwrap();
        Answer {
            status: head.status,
            headers: head.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    pub(crate) async fn get(&self, path: &str, actor: &Actor) -> Answer {
        self.send("GET", path, Some(&actor.token), None).await
    }

    pub(crate) async fn delete(&self, path: &str, actor: &Actor) -> Answer {
        self.send("DELETE", path, Some(&actor.token), None).await
    }

    pub(crate) async fn json(
        &self,
        method: &str,
        path: &str,
        actor: &Actor,
        body: Value,
    ) -> Answer {
        let body = Some(("application/json", body.to_string()));
        self.send(method, path, Some(&actor.token), body).await
    }

    /// A request without a token.
    pub(crate) async fn sign_in(&self, path: &str, body: Value) -> Answer {
        let body = Some(("application/json", body.to_string()));
        self.send("POST", path, None, body).await
    }

    /// An actor without a secret, and a token for it: signing in is not what is tested.
    pub(crate) async fn actor(
        &self,
        kind: ActorKind,
        organization: OrganizationId,
        administrator: bool,
    ) -> Actor {
        let id = ActorId::new(uuid());
        let actor = ActorRecord {
            id,
            kind,
            organization,
            environment: None,
            name: format!("actor-{id}"),
            administrator,
            secret_hash: None,
            created_at: clock::now(),
            certificate_not_after: None,
        };
        self.vault
            .store
            .commit(vec![Write::CreateActor(actor)])
            .await
            .unwrap();
        self.token_of(id).await
    }

    /// A token for an actor that is there.
    pub(crate) async fn token_of(&self, id: ActorId) -> Actor {
        let token = uuid().to_string();
        let now = clock::now();
        let record = TokenRecord {
            sha256: Sha256::digest(token.as_bytes()).into(),
            actor: id,
            expires_at: UnixTime(now.0 + 600),
        };
        self.vault
            .store
            .commit(vec![Write::CreateToken { token: record, now }])
            .await
            .unwrap();
        Actor { id, token }
    }

    pub(crate) async fn administrator(&self) -> Actor {
        self.token_of(self.vault.administrator.id).await
    }

    /// A user of the vault's organization who may do nothing yet.
    pub(crate) async fn member(&self) -> Actor {
        self.actor(ActorKind::User, self.organization(), false)
            .await
    }

    /// A member with these permissions in the vault's environment.
    pub(crate) async fn permitted(&self, permissions: &[Permission]) -> Actor {
        let actor = self.member().await;
        let writes = permissions.iter().map(|permission| {
            Write::PutPermission(PermissionRecord {
                actor: actor.id,
                permission: *permission,
                organization: self.organization(),
                environment: Some(self.vault.scope.environment),
                granted_at: clock::now(),
                granted_by: "test".to_owned(),
            })
        });
        self.vault.store.commit(writes.collect()).await.unwrap();
        actor
    }

    /// A member with these grants on a group.
    pub(crate) async fn granted(&self, group: &str, access: &[Access]) -> Actor {
        let actor = self.member().await;
        let writes = access.iter().map(|access| {
            Write::PutGrant(GrantRecord {
                group: group.parse().unwrap(),
                actor: actor.id,
                access: *access,
                reach: Reach::Group,
                granted_at: clock::now(),
                granted_by: "test".to_owned(),
            })
        });
        self.vault.store.commit(writes.collect()).await.unwrap();
        actor
    }

    /// Another organization with an environment.
    pub(crate) async fn place(&self, parent: Option<OrganizationId>) -> Scope {
        let organization = OrganizationId::new(uuid());
        let environment = EnvironmentId::new(uuid());
        self.vault
            .store
            .commit(vec![
                Write::CreateOrganization(OrganizationRecord {
                    id: organization,
                    name: "Other".to_owned(),
                    parent,
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
        Scope {
            organization,
            environment,
        }
    }

    /// The newest entry about the organization, outside of its environments.
    pub(crate) async fn last_entry(&self, organization: OrganizationId) -> AuditRecord {
        let log = self.vault.store.organization_audit(organization, None, 1);
        log.await.unwrap().pop().unwrap()
    }
}

pub(crate) fn anypoint(scope: Scope, rest: &str) -> String {
    format!(
        "/secrets-manager/api/v1/organizations/{}/environments/{}{rest}",
        scope.organization, scope.environment
    )
}

pub(crate) fn own(scope: Scope, rest: &str) -> String {
    format!(
        "/api/v1/organizations/{}/environments/{}{rest}",
        scope.organization, scope.environment
    )
}
