//! Which gateway a client certificate belongs to.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use rustls_pki_types::CertificateDer;
use sallyport_model::{ActorId, GatewayIdentity, Scope};
use sallyport_pki::{Certificate, UnixTime};

use super::{Provider, ProviderError};
use crate::access::Caller;
use crate::manager::GatewayIssuer as _;
use crate::store::ActorKind;

/// A gateway whose certificate was verified in the TLS handshake and that is registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    pub(super) caller: Caller,
    pub(super) scope: Scope,
}

/// How a gateway has shown who it is, on a call that stays open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A client certificate whose chain the listener has verified.
    Certificate(CertificateDer<'static>),
    /// A process of this machine that the settings know as this gateway.
    Process(GatewayIdentity),
}

impl Credential {
    /// The last moment at which it counts; for ever if absent.
    pub(super) fn not_after(&self) -> Option<UnixTime> {
        match self {
            Self::Certificate(certificate) => {
                let certificate = Certificate::from_der(certificate).ok()?;
                Some(certificate.not_after())
            }
            Self::Process(_) => None,
        }
    }
}

impl Gateway {
    /// Its id.
    pub fn id(&self) -> ActorId {
        self.caller.id
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.caller.name
    }
}

/// Whom certificates name; that never changes, whatever becomes of the gateway.
#[derive(Default)]
pub(super) struct Identities(Mutex<HashMap<Vec<u8>, GatewayIdentity>>);

impl Identities {
    /// Most certificates that are remembered.
    const CAPACITY: usize = 16_384;

    /// Exactly one URI SAN, as SPIFFE demands.
    fn of(&self, certificate: &[u8]) -> Option<GatewayIdentity> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(identity) = known.get(certificate) {
            return Some(identity.clone());
        }
        let parsed = Certificate::from_der(certificate).ok()?;
        let [uri] = parsed.uri_names() else {
            return None;
        };
        let identity: GatewayIdentity = uri.parse().ok()?;
        if known.len() >= Self::CAPACITY {
            known.clear();
        }
        known.insert(certificate.to_vec(), identity.clone());
        Some(identity)
    }
}

impl Provider {
    /// The gateway of a credential, if it is registered now.
    pub(super) async fn admit(&self, credential: &Credential) -> Result<Gateway, ProviderError> {
        match credential {
            Credential::Certificate(certificate) => self.authenticate(certificate).await,
            Credential::Process(identity) => self.registered(identity).await,
        }
    }

    /// The gateway of a client certificate whose chain the listener has verified: exactly one URI
    /// SAN (as SPIFFE demands), of our trust domain, naming an actor that is registered there now.
    pub async fn authenticate(&self, client_certificate: &[u8]) -> Result<Gateway, ProviderError> {
        let identity = self.identities.of(client_certificate);
        let identity = identity.ok_or(ProviderError::NotAGateway)?;
        self.registered(&identity).await
    }

    async fn registered(&self, identity: &GatewayIdentity) -> Result<Gateway, ProviderError> {
        if identity.trust_domain != *self.ca.trust_domain() {
            return Err(ProviderError::NotAGateway);
        }
        let caller = self
            .store
            .actor(identity.gateway)
            .await?
            .filter(|actor| actor.kind == ActorKind::Gateway)
            .filter(|actor| actor.organization == identity.scope.organization)
            .filter(|actor| actor.environment == Some(identity.scope.environment))
            .map(Caller::from)
            .ok_or(ProviderError::NotAGateway)?;
        Ok(Gateway {
            caller,
            scope: identity.scope,
        })
    }

    /// Whether the gateway is still registered; asked again before every answer of an open call.
    pub(super) async fn still_registered(&self, gateway: &Gateway) -> Result<(), ProviderError> {
        match self.store.actor(gateway.caller.id).await? {
            Some(_) => Ok(()),
            None => Err(ProviderError::NotAGateway),
        }
    }
}
