//! Gateways renew their certificates by themselves, with the one they have.

use sallyport_model::GatewayIdentity;
use sallyport_pki::{Certificate, UnixTime};
use thiserror::Error;

use super::gateway::{NOT_REGISTERED, Renewal};
use super::{Gateway, Provider, ProviderError};
use crate::audit::{AuditError, Entry};
use crate::manager::{GatewayCertificate, GatewayIssuer as _, IssueError, Renewing, renewed};
use crate::metrics::TurnedAway;
use crate::store::{StoreError, Write};

/// What is audited.
const OPERATION: &str = "gateway.renew";

/// Why a certificate was not renewed.
#[derive(Debug, Error)]
pub enum RenewalError {
    /// No answer at all.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The certificate belongs to the gateway, but a newer one has another key: whoever has an old key
    /// gets no new certificate.
    #[error("the certificate is not of the key that the gateway's newest certificate is of")]
    OtherKey,
    /// Its certificates are not ours to renew.
    #[error("the certificates of this gateway are signed by another CA")]
    AnotherCa,
    /// The signing request does not read.
    #[error(transparent)]
    Issue(#[from] IssueError),
}

impl Provider {
    /// Signs a new certificate for the gateway that shows its newest one. Which gateway that is its
    /// certificate says and nothing of the request; the request may bring another key.
    pub async fn renew(
        &self,
        gateway: &Gateway,
        shown: &[u8],
        signing_request: &str,
        now: UnixTime,
    ) -> Result<GatewayCertificate, RenewalError> {
        let caller = &gateway.caller;
        let object = format!("{} ({})", caller.name, caller.id);
        let entry = Entry::new(caller, gateway.scope, OPERATION, object, now);
        if gateway.renewal == Renewal::OfAnotherCa {
            let refused = entry.refused("another_ca");
            let recorded = self.audit.record(vec![refused]).await;
            recorded.map_err(ProviderError::from)?;
            return Err(RenewalError::AnotherCa);
        }
        let shown = Certificate::from_der(shown).map_err(|_| ProviderError::NotAGateway {
            why: TurnedAway::BadCertificate,
        })?;
        let key = *shown.spki_sha256().as_bytes();
        let newest = self.store.gateway_key(caller.id).await;
        let newest = newest.map_err(ProviderError::from)?;
        if newest.is_some_and(|newest| newest != key) {
            let refused = entry.refused("other_key");
            let recorded = self.audit.record(vec![refused]).await;
            recorded.map_err(ProviderError::from)?;
            return Err(RenewalError::OtherKey);
        }
        let identity = GatewayIdentity {
            trust_domain: self.ca.trust_domain().clone(),
            scope: gateway.scope,
            gateway: caller.id,
        };
        let issued = self
            .ca
            .issue(&identity, signing_request, Renewing::ByItself, now)?;
        let mut batch = vec![renewed(caller.id, &issued), entry.allowed()];
        if newest.is_some() {
            let gateway = caller.id;
            batch.insert(0, Write::RequireGatewayKey { gateway, key });
        }
        match self.audit.record(batch).await {
            Ok(()) => Ok(issued),
            Err(AuditError::Store(StoreError::Gone {
                what: "gateway key",
            })) => Err(RenewalError::OtherKey),
            Err(AuditError::Store(StoreError::Gone { .. })) => Err(NOT_REGISTERED.into()),
            Err(error) => Err(ProviderError::from(error).into()),
        }
    }
}
