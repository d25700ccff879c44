//! Gateways with certificates of another CA: registered by the name that these have.

use std::collections::HashMap;

use sallyport_model::{ActorId, Scope, SecretName};
use sallyport_pki::{SpiffeId, UnixTime, certificate_from_pem};
use serde::Deserialize;
use uuid::Uuid;

use super::Manager;
use super::error::{ManagerError, taken};
use super::gateways::{WHAT, new_gateway};
use super::groups::random;
use super::violation::{Problem, Violation};
use crate::access::{Caller, ExternalIdentity};
use crate::audit::Entry;
use crate::store::{EXTERNAL_IDENTITY, StoreError, Write};

/// The JSON body of a registration: one of the two names.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewExternalGateway {
    name: SecretName,
    /// The SPIFFE ID in its certificates.
    spiffe_id: Option<String>,
    /// A certificate, PEM, with the subject that all of its certificates have.
    certificate: Option<String>,
}

/// A gateway that was registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalGateway {
    /// Its id.
    pub id: ActorId,
    /// Its name.
    pub name: String,
    /// How it is known.
    pub identity: ExternalIdentity,
}

impl NewExternalGateway {
    fn identity(&self) -> Result<ExternalIdentity, Violation> {
        let value = |place: &str, expected: &str| {
            let expected = expected.to_owned();
            Violation::new(place, Problem::Value { expected })
        };
        match (&self.spiffe_id, &self.certificate) {
            (Some(text), None) => match text.parse::<SpiffeId>() {
                Ok(id) => Ok(ExternalIdentity::Spiffe(id)),
                Err(error) => Err(value("/spiffeId", &error.to_string())),
            },
            (None, Some(pem)) => {
                let certificate = certificate_from_pem(pem.as_bytes())
                    .map_err(|_| value("/certificate", "is one certificate in PEM"))?;
                match ExternalIdentity::of(&certificate) {
                    Some(subject @ ExternalIdentity::Subject(_)) => Ok(subject),
                    _ => Err(value(
                        "/certificate",
                        "is a certificate with a subject, without URI names, and no CA's",
                    )),
                }
            }
            _ => Err(value("", "has a spiffeId or a certificate, one of them")),
        }
    }
}

impl Manager {
    /// Names in certificates of other CAs, by gateway of an environment.
    pub async fn external_identities(
        &self,
        scope: Scope,
    ) -> Result<HashMap<ActorId, String>, ManagerError> {
        let identities = self.store.external_identities(scope).await?;
        Ok(identities.into_iter().collect())
    }

    /// Registers a gateway whose certificates another CA signs. It may read nothing until granted.
    pub async fn register_external_gateway(
        &self,
        caller: &Caller,
        scope: Scope,
        new: NewExternalGateway,
        now: UnixTime,
    ) -> Result<ExternalGateway, ManagerError> {
        const OPERATION: &str = "gateway.register";
        self.require_gateways(caller, scope, OPERATION, now).await?;
        let identity = new.identity()?;
        if let ExternalIdentity::Spiffe(id) = &identity
            && id.trust_domain() == self.issuer.trust_domain().as_str()
        {
            let expected =
                "is of the vault's own trust domain, whose certificates the vault issues itself: \
                 `gateway create` or `gateway enroll`"
                    .to_owned();
            return Err(Violation::new("/spiffeId", Problem::Value { expected }).into());
        }
        let id = ActorId::new(Uuid::from_bytes(random()?));
        let gateway = new_gateway(id, scope, new.name.as_str(), now);
        let object = format!("{} ({id}) as {identity}", new.name);
        let known = Write::PutExternalIdentity {
            gateway: id,
            identity: identity.to_string(),
        };
        let entry = Entry::new(caller, scope, OPERATION, object, now).allowed();
        let batch = vec![Write::CreateActor(gateway), known, entry];
        let committed = self.store.commit(batch).await;
        committed.map_err(|error| match error {
            StoreError::Taken {
                what: EXTERNAL_IDENTITY,
            } => taken(error, WHAT, &identity.to_string()),
            error => taken(error, WHAT, new.name.as_str()),
        })?;
        Ok(ExternalGateway {
            id,
            name: new.name.to_string(),
            identity,
        })
    }
}
