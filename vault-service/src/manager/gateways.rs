//! Gateways: actors with a client certificate of the internal CA.

use sallyport_model::{ActorId, GatewayIdentity, Permission, Scope, SecretName, TrustDomain};
use sallyport_pki::{Digest, UnixTime};
use serde::Deserialize;
use thiserror::Error;
use uuid::Uuid;

use super::Manager;
use super::error::{ManagerError, taken};
use super::groups::random;
use super::members::Sight;
use super::violation::{Problem, Violation};
use crate::access::{Caller, Decision, Wish};
use crate::audit::Entry;
use crate::store::{ActorKind, ActorRecord, Write};

/// Signs gateway certificates. The key that signs is not in this room.
pub trait GatewayIssuer: Send + Sync {
    /// A certificate for the public key of a signing request, with this identity and nothing else
    /// the request asks for.
    fn issue(
        &self,
        identity: &GatewayIdentity,
        signing_request: &str,
        renewing: Renewing,
        now: UnixTime,
    ) -> Result<GatewayCertificate, IssueError>;

    /// The trust domain of the identities.
    fn trust_domain(&self) -> &TrustDomain;
}

/// Who fetches the certificate after this one; how long this one lives depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewing {
    /// The gateway, long before it ends.
    ByItself,
    /// An administrator, who may be on holiday.
    ByHand,
}

/// A certificate that was just issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayCertificate {
    /// The gateway it is for.
    pub identity: GatewayIdentity,
    /// The certificate, PEM.
    pub certificate: String,
    /// The internal CA, PEM.
    pub ca: String,
    /// When it ends.
    pub not_after: UnixTime,
    /// SHA-256 of its public key.
    pub key: Digest,
}

/// Why no certificate was issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum IssueError {
    /// The signing request does not read, or does not prove possession of its key.
    #[error("not a certificate signing request")]
    SigningRequest,
    /// The CA key cannot sign.
    #[error("the CA cannot sign")]
    Signing,
}

/// The JSON body of a registration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewGateway {
    name: SecretName,
    csr: String,
}

impl NewGateway {
    /// The name asked for.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }
}

pub(super) const WHAT: &str = "gateway";

impl Manager {
    /// Gateways of an environment, by name, and how much of them the caller sees: who may grant access
    /// to a group sees names.
    pub async fn gateways(
        &self,
        caller: &Caller,
        scope: Scope,
        now: UnixTime,
    ) -> Result<(Sight, Vec<ActorRecord>), ManagerError> {
        let standing = self.standing(caller, scope.organization).await?;
        let wish = Wish::InEnvironment(Permission::ManageSecretGroups);
        let whole = standing.decide(Some(scope.environment), &[], wish) == Decision::Allow;
        let environment = self
            .store
            .environment(scope.organization, scope.environment)
            .await?;
        if !whole && environment.is_some() && self.may_grant(caller, &standing, scope).await? {
            return Ok((Sight::Names, self.store.gateways(scope).await?));
        }
        self.require_gateways(caller, scope, "gateway.list", now)
            .await?;
        Ok((Sight::Whole, self.store.gateways(scope).await?))
    }

    /// The identity a gateway's certificate carries.
    pub fn gateway_identity(&self, scope: Scope, gateway: ActorId) -> GatewayIdentity {
        GatewayIdentity {
            trust_domain: self.issuer.trust_domain().clone(),
            scope,
            gateway,
        }
    }

    /// Registers a gateway and issues its first certificate. It may read nothing until granted.
    pub async fn create_gateway(
        &self,
        caller: &Caller,
        scope: Scope,
        new: NewGateway,
        now: UnixTime,
    ) -> Result<(ActorId, GatewayCertificate), ManagerError> {
        self.require_gateways(caller, scope, "gateway.create", now)
            .await?;
        let id = ActorId::new(Uuid::from_bytes(random()?));
        let issued = self.issue(scope, id, &new.csr, Renewing::ByHand, now)?;
        let gateway = new_gateway(id, scope, new.name.as_str(), now);
        let renewed = renewed(id, &issued);
        let entry = Entry::new(
            caller,
            scope,
            "gateway.create",
            format!("{} ({id})", new.name),
            now,
        )
        .allowed();
        self.store
            .commit(vec![Write::CreateActor(gateway), renewed, entry])
            .await
            .map_err(|error| taken(error, WHAT, new.name.as_str()))?;
        Ok((id, issued))
    }

    /// Issues a further certificate to a gateway; earlier ones stay valid until they end.
    pub async fn renew_gateway(
        &self,
        caller: &Caller,
        scope: Scope,
        id: ActorId,
        signing_request: &str,
        now: UnixTime,
    ) -> Result<(ActorRecord, GatewayCertificate), ManagerError> {
        let gateway = self
            .gateway(caller, scope, id, "gateway.renew", now)
            .await?;
        let issued = self.issue(scope, id, signing_request, Renewing::ByHand, now)?;
        let renew = renewed(id, &issued);
        let entry = Entry::new(
            caller,
            scope,
            "gateway.renew",
            format!("{} ({id})", gateway.name),
            now,
        )
        .allowed();
        self.store.commit(vec![renew, entry]).await?;
        Ok((gateway, issued))
    }

    /// Deletes a gateway with its grants; its certificates open nothing from now on.
    pub async fn delete_gateway(
        &self,
        caller: &Caller,
        scope: Scope,
        id: ActorId,
        now: UnixTime,
    ) -> Result<(), ManagerError> {
        let gateway = self
            .gateway(caller, scope, id, "gateway.delete", now)
            .await?;
        let entry = Entry::new(
            caller,
            scope,
            "gateway.delete",
            format!("{} ({id})", gateway.name),
            now,
        )
        .allowed();
        self.store
            .commit(vec![Write::DeleteActor(id), entry])
            .await?;
        Ok(())
    }

    pub(super) async fn require_gateways(
        &self,
        caller: &Caller,
        scope: Scope,
        operation: &str,
        now: UnixTime,
    ) -> Result<(), ManagerError> {
        let wish = Wish::InEnvironment(Permission::ManageSecretGroups);
        self.require_environment(caller, scope, wish, operation, now)
            .await
    }

    /// A gateway of this scope.
    async fn gateway(
        &self,
        caller: &Caller,
        scope: Scope,
        id: ActorId,
        operation: &str,
        now: UnixTime,
    ) -> Result<ActorRecord, ManagerError> {
        self.require_gateways(caller, scope, operation, now).await?;
        self.store
            .actor(id)
            .await?
            .filter(|actor| actor.kind == ActorKind::Gateway)
            .filter(|actor| actor.organization == scope.organization)
            .filter(|actor| actor.environment == Some(scope.environment))
            .ok_or_else(|| ManagerError::NoSuch {
                what: WHAT,
                name: id.to_string(),
            })
    }

    pub(super) fn issue(
        &self,
        scope: Scope,
        id: ActorId,
        signing_request: &str,
        renewing: Renewing,
        now: UnixTime,
    ) -> Result<GatewayCertificate, ManagerError> {
        let identity = self.gateway_identity(scope, id);
        self.issuer
            .issue(&identity, signing_request, renewing, now)
            .map_err(|error| match error {
                IssueError::SigningRequest => {
                    Violation::new("/csr", Problem::SigningRequest).into()
                }
                IssueError::Signing => ManagerError::Issue,
            })
    }
}

/// The record of a gateway that has no certificate yet.
pub(super) fn new_gateway(id: ActorId, scope: Scope, name: &str, now: UnixTime) -> ActorRecord {
    ActorRecord {
        id,
        kind: ActorKind::Gateway,
        organization: scope.organization,
        environment: Some(scope.environment),
        name: name.to_owned(),
        administrator: false,
        secret_hash: None,
        created_at: now,
        certificate_not_after: None,
    }
}

/// Notes a certificate that was just issued.
pub(crate) fn renewed(gateway: ActorId, issued: &GatewayCertificate) -> Write {
    Write::RenewGateway {
        gateway,
        certificate_not_after: issued.not_after,
        key: *issued.key.as_bytes(),
    }
}
