//! One stream: requests and changes in, responses out.
//!
//! A response is made when the one before it has been taken: whoever reads slowly keeps nobody else
//! waiting, and then gets what there is by then.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use sallyport_model::{ActorId, Revision};
use sallyport_pki::UnixTime;
use thiserror::Error;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::{debug, warn};

use super::look::Looked;
use super::outstanding::{Outstanding, Sent, Versions};
use super::protocol::{Breach, Found, Heard, Protocol, Verdict};
use super::secret::{Made, encoded};
use super::{MAX_STREAMS, Sds};
use crate::audit::Entry;
use crate::crowd::Place;
use crate::metrics::Open;
use crate::provider::ProviderError;
use crate::provider::gateway::{Credential, Gateway};
use crate::store::{ChangeSeq, Write};

/// What is audited for every resource that goes out or is refused.
const OPERATION: &str = "secret.sds";

/// What is audited when the gateway says whether it uses what went out.
const ANSWER: &str = "secret.sds.answer";

/// Said of a text that names nothing: it may be a secret in the wrong place.
const NO_NAME: &str = "a resource is secret://<group>/<collection>/<name>#<part>";

/// How long after a change further ones are waited for.
const COALESCING: Duration = Duration::from_millis(3);

/// A stream of a gateway.
pub struct Conversation<P> {
    sds: Arc<Sds>,
    credential: Credential,
    gateway: ActorId,
    protocol: P,
    outstanding: Outstanding,
    now: fn() -> UnixTime,
    /// When the credential ends.
    until: Option<Instant>,
    changes: watch::Receiver<ChangeSeq>,
    revocations: watch::Receiver<u64>,
    closing: watch::Receiver<bool>,
    /// Whether there may be something new to tell.
    curious: bool,
    /// What has been refused and is in the audit log.
    refused: BTreeMap<String, Revision>,
    _place: Place<ActorId>,
    _open: Open,
}

/// Why a stream has ended.
#[derive(Debug, Error)]
pub enum Ended {
    /// The client does not keep to the protocol.
    #[error(transparent)]
    Breach(#[from] Breach),
    /// The gateway is not registered, or the vault cannot answer.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The gateway's certificate has ended.
    #[error("the client certificate has expired")]
    Expired,
    /// A request could not be read.
    #[error("a request does not read as protobuf, or is too large")]
    Request,
    /// Too many streams of one gateway.
    #[error("a gateway has at most {MAX_STREAMS} streams")]
    Streams,
    /// The service is stopping.
    #[error("the vault is stopping")]
    Closing,
}

impl<P: Protocol> Conversation<P> {
    /// Opens a stream.
    ///
    /// # Errors
    /// The gateway is not known, or has too many.
    pub async fn open(
        sds: Arc<Sds>,
        credential: Credential,
        now: fn() -> UnixTime,
    ) -> Result<Self, Ended> {
        let gateway = sds.provider.admit(&credential).await?;
        let place = sds.streams.enter(gateway.caller.id, MAX_STREAMS);
        let left = credential
            .not_after()
            .map(|end| end.0.saturating_sub(now().0));
        let left = left.map(|seconds| Duration::from_secs(u64::try_from(seconds).unwrap_or(0)));
        Ok(Self {
            _place: place.ok_or(Ended::Streams)?,
            _open: sds.provider.metrics.sds.opened(),
            // A moment that no clock reaches is none.
            until: left.and_then(|left| Instant::now().checked_add(left)),
            changes: sds.provider.store.changes(),
            revocations: sds.provider.external.changes(),
            closing: sds.closing.subscribe(),
            gateway: gateway.caller.id,
            protocol: P::default(),
            outstanding: Outstanding::default(),
            curious: false,
            refused: BTreeMap::new(),
            credential,
            now,
            sds,
        })
    }

    /// The next response; `None` when the client has ended the stream.
    ///
    /// # Errors
    /// See [`Ended`].
    pub async fn next<E>(
        &mut self,
        requests: &mut (impl Stream<Item = Result<P::Request, E>> + Unpin),
    ) -> Result<Option<P::Response>, Ended> {
        loop {
            if std::mem::take(&mut self.curious)
                && let Some(response) = self.look().await?
            {
                // Something may have happened meanwhile.
                self.curious = true;
                return Ok(Some(response));
            }
            let request = tokio::select! {
                biased;
                () = told(&mut self.closing) => return Err(Ended::Closing),
                () = over(self.until) => return Err(Ended::Expired),
                request = requests.next() => request,
                changed = self.changes.changed() => {
                    if changed.is_err() {
                        return Err(Ended::Closing);
                    }
                    tokio::time::sleep(COALESCING).await;
                    self.curious = true;
                    continue;
                }
                Ok(()) = self.revocations.changed() => {
                    self.curious = true;
                    continue;
                }
            };
            match request {
                None => return Ok(None),
                Some(Err(_)) => return Err(Ended::Request),
                Some(Ok(request)) => self.hear(request).await?,
            }
        }
    }

    /// The answer to a single request.
    ///
    /// # Errors
    /// See [`Ended`].
    pub async fn fetch(mut self, request: P::Request) -> Result<P::Response, Ended> {
        self.hear(request).await?;
        Ok(self.look().await?.unwrap_or_default())
    }

    async fn hear(&mut self, request: P::Request) -> Result<(), Ended> {
        if let Some((nonce, verdict)) = P::answer(&request)
            && let Some(sent) = self.outstanding.answered(nonce)
        {
            self.answered(sent, verdict).await?;
        }
        match self.protocol.hear(request)? {
            Heard::Fine | Heard::Accepted => {}
            Heard::Stale => debug!("a request about an older response"),
            Heard::Rejected { reason } => {
                self.sds.rejected.fetch_add(1, Ordering::Relaxed);
                self.sds.provider.metrics.sds.rejected();
                let names = self.protocol.names().iter();
                let names: Vec<_> = names.map(|name| self.object(name)).collect();
                warn!(?names, reason, "a gateway does not accept what it was sent");
            }
        }
        self.curious = true;
        Ok(())
    }

    /// The outcome of what went out.
    async fn answered(&mut self, sent: Sent, verdict: Verdict) -> Result<(), Ended> {
        let outcome: fn(Entry) -> Write = match verdict {
            Verdict::Accepted => Entry::allowed,
            Verdict::Rejected => |entry| entry.failed("rejected"),
        };
        if verdict == Verdict::Accepted {
            self.runs(sent.versions);
        }
        if sent.resources.is_empty() {
            return Ok(());
        }
        let Gateway { caller, scope, .. } = self.sds.provider.admit(&self.credential).await?;
        let now = (self.now)();
        let entries = sent.resources.into_iter().map(|(object, version)| {
            outcome(Entry::new(&caller, scope, ANSWER, object, now).version(version))
        });
        let recorded = self.sds.provider.audit.record(entries.collect()).await;
        Ok(recorded.map_err(ProviderError::Audit)?)
    }

    /// The gateway says that it runs these.
    fn runs(&self, versions: Versions) {
        let now = (self.now)();
        for (secret, version) in versions {
            let rollout = &self.sds.provider.rollout;
            rollout.acknowledged(self.gateway, secret, version, now);
        }
    }

    /// Looks at everything that is wanted, and tells what is due.
    async fn look(&mut self) -> Result<Option<P::Response>, Ended> {
        let started = Instant::now();
        let at = *self.changes.borrow_and_update();
        let gateway = self.sds.provider.admit(&self.credential).await?;
        let mut looked = BTreeMap::new();
        let mut revisions = BTreeMap::new();
        for name in self.protocol.names() {
            let meaning = self.sds.look(&gateway, name, at).await?;
            revisions.insert(name.clone(), meaning.revision());
            looked.insert(name.clone(), meaning);
        }
        // Whoever is deleted meanwhile loses its grants with it, and hears of its end only.
        self.sds.provider.still_registered(&gateway).await?;
        let due = self.protocol.due(&revisions);
        for name in self.protocol.kept() {
            if let Some(meaning) = looked.get(&name).filter(|_| !due.contains(&name)) {
                self.runs(meaning.in_force());
            }
        }
        looked.retain(|name, _| due.contains(name));
        if looked.is_empty() {
            return Ok(None);
        }
        self.refused.retain(|name, _| revisions.contains_key(name));
        let mut audit = Vec::new();
        let mut found = BTreeMap::new();
        let mut sent = Sent::default();
        for (name, meaning) in looked {
            let made = self.make(&gateway, &name, &meaning, &mut audit, &mut sent);
            let made = made.await?;
            found.insert(name, made);
        }
        let response = self.protocol.tell(found);
        // Nothing leaves before the log has it.
        let recorded = self.sds.provider.audit.record(audit).await;
        recorded.map_err(ProviderError::Audit)?;
        if let Some(response) = &response {
            self.sds.provider.metrics.sds.responded(started.elapsed());
            for (secret, _) in &sent.versions {
                let rollout = &self.sds.provider.rollout;
                rollout.offered(self.gateway, *secret, (self.now)());
            }
            self.outstanding.sent(P::nonce(response), sent);
        }
        Ok(response)
    }

    /// A name as the audit log has it.
    fn object(&self, name: &str) -> String {
        self.sds.provider.audit.object(name, self.sds.is_name(name))
    }

    async fn make(
        &mut self,
        gateway: &Gateway,
        name: &str,
        meaning: &Looked,
        audit: &mut Vec<Write>,
        sent: &mut Sent,
    ) -> Result<Found, ProviderError> {
        let revision = meaning.revision();
        let object = self.object(name);
        let entry = Entry::new(
            &gateway.caller,
            gateway.scope,
            OPERATION,
            object.clone(),
            (self.now)(),
        );
        match self.sds.make(meaning).await? {
            Made::Given { version, secret } => {
                self.refused.remove(name);
                sent.resources.push((object, version));
                sent.versions.extend(meaning.in_force());
                audit.push(entry.version(version).allowed());
                Ok(Found {
                    revision,
                    secret: Some(encoded(*secret, name)),
                })
            }
            Made::Withheld {
                reason,
                failed,
                detail,
            } => {
                let known = self.refused.insert(name.to_owned(), revision.clone());
                if known.as_ref() != Some(&revision) {
                    // What is wrong with a text that is no name may repeat it.
                    let detail = if self.sds.is_name(name) {
                        &*detail
                    } else {
                        NO_NAME
                    };
                    warn!(gateway = %gateway.caller.name, resource = %object, reason, detail, "not served");
                    audit.push(match failed {
                        true => entry.failed(reason),
                        false => entry.refused(reason),
                    });
                }
                let closes = !failed && self.protocol.has(name) && self.sds.is_of_validation(name);
                let nobody = closes.then(|| encoded(self.sds.nobody(), name));
                Ok(Found {
                    revision,
                    secret: nobody,
                })
            }
        }
    }
}

/// Returns when told to stop, or when nobody is left to tell.
async fn told(closing: &mut watch::Receiver<bool>) {
    let _ = closing.wait_for(|closing| *closing).await;
}

/// Returns at a moment, or never.
async fn over(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
