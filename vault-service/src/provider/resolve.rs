//! Resolve, and watch: a call that stays open until something changed.

use std::sync::Arc;
use std::time::Duration;

use sallyport_model::{
    Answer, Known, MAX_REFERENCES, MAX_WAIT_SECONDS, Outcome, Refusal, ResolveRequest, Revision,
    exact_json,
};
use sallyport_pki::UnixTime;
use tokio::time::Instant;
use tracing::{error, warn};
use zeroize::Zeroizing;

use super::answers::{ReadyAnswer, Told};
use super::gateway::Gateway;
use super::locate::{Found, Located, Purpose};
use super::prepare::freshness;
use super::{Provider, ProviderError};
use crate::audit::Entry;
use crate::exposed::Exposed;
use crate::store::Write;

/// What is audited for every reference whose answer goes out.
const OPERATION: &str = "secret.resolve";

/// The limits of a call, checked before anything is looked up.
pub struct ResolveLimits;

impl ResolveLimits {
    /// Largest request body, in bytes.
    pub const BODY: usize = 2 * 1024 * 1024;

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
        let _open = self.metrics.resolve.opened();
        let deadline = Instant::now() + Duration::from_secs(request.wait.into());
        let mut changes = self.store.changes();
        let mut revocations = self.external.changes();
        loop {
            changes.borrow_and_update();
            revocations.borrow_and_update();
            let looked = Instant::now();
            let mut located = Vec::with_capacity(request.references.len());
            for known in &request.references {
                located.push(
                    self.locate(gateway, request.scope, &known.reference, Purpose::Filter)
                        .await?,
                );
            }
            // Last: whoever is deleted meanwhile loses its grants with it, and is not told of that.
            self.still_registered(gateway).await?;
            self.note(gateway, request, &located, now());
            let news = request
                .references
                .iter()
                .zip(&located)
                .any(|(known, located)| differs(known, located));
            if news || Instant::now() >= deadline {
                let answer = self.answer(gateway, request, located, now()).await;
                self.metrics.resolve.took(looked.elapsed());
                return answer;
            }
            let changed = async {
                tokio::select! {
                    changed = changes.changed() => changed,
                    changed = revocations.changed() => changed,
                }
            };
            // Either way the loop looks again; a closed feed means the service is stopping.
            if let Ok(Err(_)) = tokio::time::timeout_at(deadline, changed).await {
                return self.answer(gateway, request, located, now()).await;
            }
        }
    }

    /// Notes what the gateway runs: it sends the revision of the answer that it has.
    fn note(
        &self,
        gateway: &Gateway,
        request: &ResolveRequest,
        located: &[Located],
        now: UnixTime,
    ) {
        for (known, located) in request.references.iter().zip(located) {
            let Located::Found(found) = located else {
                continue;
            };
            if differs(known, located) {
                continue;
            }
            for (secret, version) in found.in_force() {
                let rollout = &self.rollout;
                rollout.acknowledged(gateway.caller.id, secret, version, now);
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
        let mut answers = Vec::with_capacity(located.len());
        for (known, located) in request.references.iter().zip(located) {
            let answer = if differs(known, &located) {
                let answer = self.fresh_answer(&known.reference, located).await?;
                let object = self.audit.reference(&known.reference);
                audit.push(entry(gateway, object, answer.told, now));
                answer
            } else {
                known_answer(&known.reference, &located)?
            };
            self.metrics.resolve.answered(answer.told.word());
            answers.push(answer);
        }
        let response = whole(&answers);
        // Nothing leaves before the log has it.
        self.audit.record(audit).await?;
        Ok(response)
    }

    /// The answer to a gateway that does not know the revision, made once for all of them.
    async fn fresh_answer(
        &self,
        reference: &str,
        located: Located,
    ) -> Result<Arc<ReadyAnswer>, ProviderError> {
        let found = match located {
            Located::Found(found) => found,
            other => return known_answer(reference, &other),
        };
        let position = self.store.position();
        let question = (reference.to_owned(), found.revision.clone());
        if let Some(answer) = self.ready.get(position, &question) {
            return Ok(answer);
        }
        let outcome = self.outcome(&found).await?;
        let answer = written(reference, question.1.clone(), outcome)?;
        // What cannot be served now may be served a moment later.
        if matches!(answer.told, Told::Current(_)) {
            self.ready.keep(position, question, Arc::clone(&answer));
        }
        Ok(answer)
    }

    async fn outcome(&self, found: &Found) -> Result<Outcome<Exposed>, ProviderError> {
        match self.prepare(found).await? {
            Ok(material) => Ok(Outcome::Current {
                version: found.version.number,
                parts: found.parts(),
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

/// What a gateway hears that knows the revision already. A tombstone and a refusal it hears again.
fn known_answer(reference: &str, located: &Located) -> Result<Arc<ReadyAnswer>, ProviderError> {
    let outcome = match located {
        Located::Found(found) => Outcome::Unchanged {
            freshness: freshness(found.secret.collection),
        },
        Located::Withdrawn => Outcome::Withdrawn {},
        Located::Refused { reason, detail } => Outcome::Refused {
            reason: *reason,
            detail: detail.clone(),
        },
    };
    written(reference, located.revision(), outcome)
}

fn written(
    reference: &str,
    revision: Revision,
    outcome: Outcome<Exposed>,
) -> Result<Arc<ReadyAnswer>, ProviderError> {
    let told = Told::from(&outcome);
    let json = exact_json(&Answer {
        reference: reference.to_owned(),
        revision,
        outcome,
    })?;
    Ok(Arc::new(ReadyAnswer { json, told }))
}

/// A [`sallyport_model::ResolveResponse`] of answers that are written already.
fn whole(answers: &[Arc<ReadyAnswer>]) -> Zeroizing<Vec<u8>> {
    const HEAD: &[u8] = b"{\"answers\":[";
    const TAIL: &[u8] = b"]}";
    let length: usize = answers.iter().map(|answer| answer.json.len() + 1).sum();
    // Sized before it is filled: growing would leave parts of it behind.
    let mut whole = Zeroizing::new(Vec::with_capacity(HEAD.len() + length + TAIL.len()));
    whole.extend_from_slice(HEAD);
    for (index, answer) in answers.iter().enumerate() {
        if index > 0 {
            whole.push(b',');
        }
        whole.extend_from_slice(&answer.json);
    }
    whole.extend_from_slice(TAIL);
    whole
}

fn differs(known: &Known, located: &Located) -> bool {
    let known = known.revision.as_ref();
    known.is_none_or(|known| *known != located.revision())
}

fn entry(gateway: &Gateway, object: String, told: Told, now: UnixTime) -> Write {
    if let Told::Refused(reason) = told {
        warn!(gateway = %gateway.caller.name, reference = %object, reason = reason.as_str(), "refused");
    }
    let entry = Entry::new(&gateway.caller, gateway.scope, OPERATION, object, now);
    match told {
        Told::Current(version) => entry.version(version).allowed(),
        Told::Unchanged => entry.allowed(),
        Told::Withdrawn => entry.refused("withdrawn"),
        Told::Refused(reason) => match reason {
            Refusal::Unavailable => entry.failed(reason.as_str()),
            _ => entry.refused(reason.as_str()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_written_one_by_one_are_one_response() {
        let answer = |reference: &str, reason| Answer {
            reference: reference.to_owned(),
            revision: Revision("refused".to_owned()),
            outcome: Outcome::<Exposed>::Refused {
                reason,
                detail: "\"no\"".to_owned(),
            },
        };
        for count in 0..3 {
            let references: Vec<String> = (0..count).map(|at| format!("secret://g/{at}")).collect();
            let answers = |reason| references.iter().map(move |text| answer(text, reason));
            let one_by_one: Vec<_> = answers(Refusal::NotFound)
                .map(|it| written(&it.reference, it.revision, it.outcome).unwrap())
                .collect();
            let at_once = sallyport_model::ResolveResponse {
                answers: answers(Refusal::NotFound).collect(),
            };
            assert_eq!(*whole(&one_by_one), *exact_json(&at_once).unwrap());
        }
    }
}
