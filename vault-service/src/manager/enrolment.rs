//! Gateways that fetch their first certificate by themselves, with a token that is good for once.

use sallyport_model::{ActorId, Scope, SecretName, SecretString};
use sallyport_pki::UnixTime;
use serde::Deserialize;
use uuid::Uuid;

use super::Manager;
use super::error::{ManagerError, taken};
use super::gateways::{GatewayCertificate, Renewing, WHAT, new_gateway, renewed};
use super::groups::random;
use super::violation::{Problem, Violation};
use crate::access::Caller;
use crate::accounts::AccessToken;
use crate::audit::Entry;
use crate::store::{JoinTokenRecord, StoreError, Write};

/// The JSON body of a request for a join token.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewJoinToken {
    gateway: SecretName,
    valid_for: Option<u32>,
}

/// A join token, as it is handed out once.
pub struct JoinToken {
    /// The gateway it is for.
    pub gateway: ActorId,
    /// The name of the gateway.
    pub name: String,
    /// The token.
    pub token: AccessToken,
    /// When it ends.
    pub expires_at: UnixTime,
}

/// The JSON body of an enrolment.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrolment {
    token: SecretString,
    csr: String,
}

impl NewJoinToken {
    /// Seconds for which a token is good.
    const VALID_FOR: u32 = 60 * 60;
    /// The fewest and most seconds it may be good for.
    pub(crate) const RANGE: (u32, u32) = (60, 7 * 24 * 60 * 60);

    fn valid_for(&self) -> Result<i64, Violation> {
        let (min, max) = Self::RANGE;
        match self.valid_for.unwrap_or(Self::VALID_FOR) {
            seconds if (min..=max).contains(&seconds) => Ok(i64::from(seconds)),
            _ => {
                let expected = format!("is a number of seconds from {min} to {max}");
                Err(Violation::new("/validFor", Problem::Value { expected }))
            }
        }
    }
}

impl Manager {
    /// Makes a join token for a gateway of this name; registers the gateway if there is none. An earlier
    /// token of it is good for nothing any more.
    pub async fn create_join_token(
        &self,
        caller: &Caller,
        scope: Scope,
        new: NewJoinToken,
        now: UnixTime,
    ) -> Result<JoinToken, ManagerError> {
        const OPERATION: &str = "gateway.joinToken";
        self.require_gateways(caller, scope, OPERATION, now).await?;
        let valid_for = new.valid_for()?;
        let name = new.gateway.to_string();
        let known = self.store.gateways(scope).await?.into_iter();
        let known = known.into_iter().find(|gateway| gateway.name == name);
        let mut batch = Vec::new();
        let gateway = match known {
            Some(gateway) => gateway.id,
            None => {
                let id = ActorId::new(Uuid::from_bytes(random()?));
                batch.push(Write::CreateActor(new_gateway(id, scope, &name, now)));
                id
            }
        };
        let token = AccessToken::generate().map_err(|_| ManagerError::Randomness)?;
        let expires_at = UnixTime(now.0.saturating_add(valid_for));
        batch.push(Write::PutJoinToken(JoinTokenRecord {
            gateway,
            sha256: token.sha256(),
            expires_at,
        }));
        let object = format!("{name} ({gateway})");
        batch.push(Entry::new(caller, scope, OPERATION, object, now).allowed());
        let committed = self.store.commit(batch).await;
        committed.map_err(|error| taken(error, WHAT, &name))?;
        Ok(JoinToken {
            gateway,
            name,
            token,
            expires_at,
        })
    }

    /// Signs the first certificate of the gateway that a join token is for, and forgets the token.
    pub async fn enrol_gateway(
        &self,
        enrolment: Enrolment,
        now: UnixTime,
    ) -> Result<(ActorId, String, GatewayCertificate), ManagerError> {
        let sha256 = AccessToken::sha256_of(enrolment.token.expose());
        let token = self.store.join_token(sha256).await?;
        let token = token.filter(|token| token.expires_at > now);
        let token = token.ok_or(ManagerError::JoinToken)?;
        let gateway = self.store.actor(token.gateway).await?;
        let gateway = gateway.ok_or(ManagerError::JoinToken)?;
        let environment = gateway.environment.ok_or(ManagerError::JoinToken)?;
        let scope = Scope {
            organization: gateway.organization,
            environment,
        };
        let issued = self.issue(scope, gateway.id, &enrolment.csr, Renewing::ByItself, now)?;
        let caller = Caller::from(gateway);
        let object = format!("{} ({})", caller.name, caller.id);
        let batch = vec![
            Write::UseJoinToken { sha256, now },
            renewed(caller.id, &issued),
            Entry::new(&caller, scope, "gateway.enrol", object, now).allowed(),
        ];
        self.store
            .commit(batch)
            .await
            .map_err(|error| match error {
                // Somebody else was faster.
                StoreError::Gone { .. } => ManagerError::JoinToken,
                error => error.into(),
            })?;
        Ok((caller.id, caller.name, issued))
    }
}
