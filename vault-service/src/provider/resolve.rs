//! Resolve, and watch: a call that stays open until something changed.

use std::time::Duration;

use sallyport_model::{
    Answer, Known, MAX_REFERENCES, MAX_WAIT_SECONDS, Outcome, Refusal, ResolveRequest,
    ResolveResponse,
};
use sallyport_pki::UnixTime;
use tokio::time::Instant;
use tracing::{error, warn};
use zeroize::Zeroizing;

use super::gateway::Gateway;
use super::locate::{Found, Located, Purpose};
use super::prepare::freshness;
use super::{Provider, ProviderError};
use crate::audit::Entry;
use crate::exposed::{Exposed, to_json};
use crate::store::Write;

/// What is audited for every reference whose answer goes out.
const OPERATION: &str = "secret.resolve";

/// The limits of a call, checked before anything is looked up.
pub struct ResolveLimits;

impl ResolveLimits {
    /// Largest request body, in bytes.
    pub const BODY: usize = 512 * 1024;

    fn check(request: &ResolveRequest) -> Result<(), ProviderError> {
        let found = request.references.len();
        if found == 0 || found > MAX_REFERENCES {
            return Err(ProviderError::References {
                max: MAX_REFERENCES,
                found,
            });
        }
        if request.wait > MAX_WAIT_SECONDS {
            return Err(ProviderError::Wait {
                max: MAX_WAIT_SECONDS,
                found: request.wait,
            });
        }
        Ok(())
    }
}

impl Provider {
    /// Answers a call as JSON, at once if anything differs from what the gateway knows, otherwise
    /// after the change that makes it differ or after the wait. `now` is read for every answer: a
    /// call may stay open for a minute.
    pub async fn resolve(
        &self,
        gateway: &Gateway,
        request: &ResolveRequest,
        now: impl Fn() -> UnixTime + Send,
    ) -> Result<Zeroizing<Vec<u8>>, ProviderError> {
        ResolveLimits::check(request)?;
        let deadline = Instant::now() + Duration::from_secs(request.wait.into());
        let mut changes = self.store.changes();
        loop {
            changes.borrow_and_update();
            self.still_registered(gateway).await?;
            let mut located = Vec::with_capacity(request.references.len());
            for known in &request.references {
                located.push(
                    self.locate(gateway, request.scope, &known.reference, Purpose::Filter)
                        .await?,
                );
            }
            let news = request
                .references
                .iter()
                .zip(&located)
                .any(|(known, located)| differs(known, located));
            if news || Instant::now() >= deadline {
                return self.answer(gateway, request, located, now()).await;
            }
            // Either way the loop looks again; a closed feed means the service is stopping.
            if let Ok(Err(_)) = tokio::time::timeout_at(deadline, changes.changed()).await {
                return self.answer(gateway, request, located, now()).await;
            }
        }
    }

    async fn answer(
        &self,
        gateway: &Gateway,
        request: &ResolveRequest,
        located: Vec<Located>,
        now: UnixTime,
    ) -> Result<Zeroizing<Vec<u8>>, ProviderError> {
        let mut audit = Vec::new();
        let mut answers: Vec<Answer<Exposed>> = Vec::with_capacity(located.len());
        for (known, located) in request.references.iter().zip(located) {
            let revision = located.revision();
            let differs = differs(known, &located);
            let outcome = match located {
                Located::Found(found) if differs => self.outcome(&found).await?,
                Located::Found(found) => Outcome::Unchanged {
                    freshness: freshness(found.secret.collection),
                },
                Located::Withdrawn => Outcome::Withdrawn {},
                Located::Refused { reason, detail } => Outcome::Refused { reason, detail },
            };
            if differs {
                audit.push(entry(gateway, &known.reference, &outcome, now));
            }
            answers.push(Answer {
                reference: known.reference.clone(),
                revision,
                outcome,
            });
        }
        let response = to_json(&ResolveResponse { answers })?;
        // Nothing leaves before the log has it.
        if !audit.is_empty() {
            self.store.commit(audit).await?;
        }
        Ok(response)
    }

    async fn outcome(&self, found: &Found) -> Result<Outcome<Exposed>, ProviderError> {
        match self.prepare(found).await? {
            Ok(material) => Ok(Outcome::Current {
                version: found.version.number,
                freshness: freshness(found.secret.collection),
                material,
            }),
            Err(cause) => {
                error!(reference = %found.reference, %cause, "a stored secret cannot be served");
                let detail = format!("{} cannot be served: {cause}", found.reference);
                Ok(Outcome::Refused {
                    reason: cause.refusal(),
                    detail,
                })
            }
        }
    }
}

fn differs(known: &Known, located: &Located) -> bool {
    known.revision.as_ref() != Some(&located.revision())
}

fn entry(gateway: &Gateway, reference: &str, outcome: &Outcome<Exposed>, now: UnixTime) -> Write {
    let object: String = reference.chars().take(1024).collect();
    let entry = Entry::new(&gateway.caller, gateway.scope, OPERATION, object, now);
    match outcome {
        Outcome::Current { version, .. } => entry.version(*version).allowed(),
        Outcome::Unchanged { .. } => entry.allowed(),
        Outcome::Withdrawn {} => entry.refused("withdrawn"),
        Outcome::Refused { reason, .. } => {
            warn!(gateway = %gateway.caller.name, %reference, reason = reason.as_str(), "refused");
            match reason {
                Refusal::Unavailable => entry.failed(reason.as_str()),
                _ => entry.refused(reason.as_str()),
            }
        }
    }
}
