//! Which gateway a client certificate belongs to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls_pki_types::CertificateDer;
use sallyport_model::{ActorId, GatewayIdentity, Scope};
use sallyport_pki::{Certificate, Digest, UnixTime};
use tracing::warn;

use super::external_ca::{Checked, ExternalCas, Voucher};
use super::{Provider, ProviderError};
use crate::access::{Caller, ExternalIdentity};
use crate::audit::Entry;
use crate::clock;
use crate::manager::GatewayIssuer as _;
use crate::metrics::TurnedAway;
use crate::store::{ActorKind, AuditPlace};

/// What is audited of whoever is turned away, and who says so.
const OPERATION: &str = "gateway.authenticate";
const DOOR: &str = "secrets-provider";

pub(super) const NOT_REGISTERED: ProviderError = ProviderError::NotAGateway {
    why: TurnedAway::NotRegistered,
};

/// Longest name of a certificate that is told, in bytes.
const MAX_SHOWN: usize = 512;

/// A gateway whose certificate was verified in the TLS handshake and that is registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    pub(super) caller: Caller,
    pub(super) scope: Scope,
    pub(super) renewal: Renewal,
    /// What it has shown, if that may be revoked while a call is open.
    revocable: Option<Arc<[CertificateDer<'static>]>>,
}

/// Who signs its next certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Renewal {
    /// The internal CA.
    Ours,
    /// Another CA. A certificate of ours would outlive what that one takes back.
    OfAnotherCa,
}

/// How a gateway has shown who it is, on a call that stays open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A client's certificates, leaf first, whose chain the listener has verified.
    Certificate(Arc<Vec<CertificateDer<'static>>>),
    /// A process of this machine that the settings know as this gateway.
    Process(GatewayIdentity),
}

impl Credential {
    /// The last moment at which it counts; for ever if absent.
    pub(super) fn not_after(&self) -> Option<UnixTime> {
        match self {
            Self::Certificate(chain) => {
                let certificate = Certificate::from_der(chain.first()?).ok()?;
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

/// Who says which gateway it is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Identity {
    /// We do: in a certificate of the internal CA, or in the settings.
    Own(GatewayIdentity),
    /// Another CA.
    External(ExternalIdentity),
}

/// Whom certificates name; that never changes, whatever becomes of the gateway. What revocation lists
/// say of them does.
#[derive(Default)]
pub(super) struct Identities(Mutex<HashMap<Vec<u8>, Known>>);

/// Whom a certificate names, and what the lists of its CA said of it.
#[derive(Clone)]
struct Known {
    identity: Identity,
    checked: Option<Checked>,
}

impl Identities {
    /// Most certificates that are remembered.
    const CAPACITY: usize = 16_384;

    /// The name in the leaf of a chain, if who signed it may give that name.
    fn of(
        &self,
        chain: &[CertificateDer<'static>],
        external: &ExternalCas,
        now: UnixTime,
    ) -> Option<Known> {
        let leaf = chain.first()?;
        let holds = |known: &&Known| {
            let checked = known.checked;
            checked.is_none_or(|checked| external.still(checked, now))
        };
        if let Some(known) = self.known().get(leaf.as_ref()).filter(holds) {
            return Some(known.clone());
        }
        let parsed = Certificate::from_der(leaf).ok()?;
        let (identity, checked) = match external.voucher(chain, &parsed, now)? {
            // Exactly one URI SAN, as SPIFFE demands.
            Voucher::Internal => match parsed.uri_names() {
                [uri] => (Identity::Own(uri.parse().ok()?), None),
                _ => return None,
            },
            Voucher::External(identity, checked) => (Identity::External(identity), checked),
        };
        let found = Known { identity, checked };
        let mut known = self.known();
        if known.len() >= Self::CAPACITY {
            known.clear();
        }
        known.insert(leaf.to_vec(), found.clone());
        Some(found)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Provider {
    /// The gateway of a credential, if it is registered now.
    pub(super) async fn admit(&self, credential: &Credential) -> Result<Gateway, ProviderError> {
        match credential {
            Credential::Certificate(chain) => self.authenticate(chain).await,
            Credential::Process(identity) => self.own(identity).await,
        }
    }

    /// The gateway of a client's certificates, leaf first, whose chain the listener has verified. With a
    /// certificate of the internal CA: exactly one URI SAN (as SPIFFE demands), of our trust domain,
    /// naming an actor that is registered there now. With one of another CA: a name that this CA may
    /// give, by which a gateway is registered now.
    pub async fn authenticate(
        &self,
        chain: &[CertificateDer<'static>],
    ) -> Result<Gateway, ProviderError> {
        let now = clock::now();
        match self.identities.of(chain, &self.external, now) {
            None => {
                let why = match self.external.is_revoked(chain, now) {
                    true => TurnedAway::Revoked,
                    false => TurnedAway::NoIdentity,
                };
                let nobody = Err(ProviderError::NotAGateway { why });
                let shown = || shown(chain);
                self.noted(nobody, AuditPlace::Vault, shown).await
            }
            Some(Known { identity, checked }) => match identity {
                Identity::Own(identity) => self.own(&identity).await,
                Identity::External(identity) => {
                    let gateway = self.known_as(&identity).await.map(|gateway| Gateway {
                        revocable: checked.map(|_| chain.into()),
                        ..gateway
                    });
                    let name = || identity.to_string();
                    self.noted(gateway, AuditPlace::Vault, name).await
                }
            },
        }
    }

    async fn own(&self, identity: &GatewayIdentity) -> Result<Gateway, ProviderError> {
        let gateway = self.registered(identity).await;
        let name = || identity.to_string();
        self.noted(gateway, identity.scope.into(), name).await
    }

    /// Whoever is turned away is in the log.
    async fn noted<T: Send>(
        &self,
        admitted: Result<T, ProviderError>,
        place: AuditPlace,
        object: impl FnOnce() -> String + Send,
    ) -> Result<T, ProviderError> {
        if let Err(ProviderError::NotAGateway { why }) = admitted {
            self.metrics.gateways.turned_away(why);
            let object = object();
            warn!(%object, "turned away: not a registered gateway, or revoked by its CA");
            let entry = Entry::of_service(DOOR, place, OPERATION, object, clock::now());
            let refused = entry.refused("not_a_gateway");
            self.audit.record(vec![refused]).await?;
        }
        admitted
    }

    async fn registered(&self, identity: &GatewayIdentity) -> Result<Gateway, ProviderError> {
        if identity.trust_domain != *self.ca.trust_domain() {
            return Err(NOT_REGISTERED);
        }
        let caller = self.gateway_actor(identity.gateway).await?;
        let caller = caller
            .filter(|caller| caller.organization == identity.scope.organization)
            .filter(|caller| caller.environment == Some(identity.scope.environment))
            .ok_or(NOT_REGISTERED)?;
        Ok(Gateway {
            caller,
            scope: identity.scope,
            renewal: Renewal::Ours,
            revocable: None,
        })
    }

    async fn known_as(&self, identity: &ExternalIdentity) -> Result<Gateway, ProviderError> {
        let gateway = self.store.gateway_known_as(&identity.to_string()).await?;
        let caller = match gateway {
            Some(gateway) => self.gateway_actor(gateway).await?,
            None => None,
        };
        let caller = caller.ok_or(NOT_REGISTERED)?;
        let environment = caller.environment.ok_or(NOT_REGISTERED)?;
        Ok(Gateway {
            scope: Scope {
                organization: caller.organization,
                environment,
            },
            caller,
            renewal: Renewal::OfAnotherCa,
            revocable: None,
        })
    }

    async fn gateway_actor(&self, id: ActorId) -> Result<Option<Caller>, ProviderError> {
        let actor = self.store.actor(id).await?;
        let gateway = actor.filter(|actor| actor.kind == ActorKind::Gateway);
        Ok(gateway.map(|actor| Arc::unwrap_or_clone(actor).into()))
    }

    /// Whether the gateway is still registered, and what it has shown not revoked; asked again before
    /// every answer of an open call.
    pub(super) async fn still_registered(&self, gateway: &Gateway) -> Result<(), ProviderError> {
        let still = self.is_registered(gateway).await;
        let name = || gateway.caller.name.clone();
        self.noted(still, gateway.scope.into(), name).await
    }

    async fn is_registered(&self, gateway: &Gateway) -> Result<(), ProviderError> {
        if let Some(chain) = &gateway.revocable {
            let known = self.identities.of(chain, &self.external, clock::now());
            let why = TurnedAway::Revoked;
            known.ok_or(ProviderError::NotAGateway { why })?;
        }
        match self.store.actor(gateway.caller.id).await? {
            Some(_) => Ok(()),
            None => Err(NOT_REGISTERED),
        }
    }
}

/// What stands in the log for a chain that names no gateway.
fn shown(chain: &[CertificateDer<'static>]) -> String {
    let Some(leaf) = chain.first() else {
        return "no certificate".to_owned();
    };
    let parsed = Certificate::from_der(leaf).ok();
    match parsed.as_ref().map(Certificate::uri_names) {
        Some([uri]) if uri.len() <= MAX_SHOWN => (*uri).to_owned(),
        _ => format!("certificate {}", Digest::of(leaf)),
    }
}
