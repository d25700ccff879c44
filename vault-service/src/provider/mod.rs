//! The internal door: the only room that opens secrets.
//!
//! Data path: gateway certificate -> [`Provider::authenticate`] -> [`Provider::resolve`] -> locate
//! (grants, versions) -> open -> prepare -> audit entry -> answer; [`Provider::download`] writes a
//! file instead of preparing, and [`sds`] writes for Envoy.

mod answers;
mod audit_keys;
mod clone;
mod download;
mod export;
mod external_ca;
mod external_lists;
mod gateway;
mod gateway_ca;
mod keyring;
mod locate;
mod measure;
mod opened;
mod prepare;
mod renewal;
mod resolve;
mod revision;
mod rollout;
pub mod sds;
mod tls_context;
mod verification;
mod warm;

use std::sync::Arc;

use thiserror::Error;
use tokio::sync::watch;

use self::answers::ReadyAnswers;
use self::gateway::Identities;
use self::keyring::Keyring;
use self::warm::WarmStore;
use crate::audit::{AuditError, AuditLog, NoSink, SinkStanding};
use crate::clock;
use crate::keys::KeyError;
use crate::keys::open::RootPrivateKey;
use crate::metrics::{Metrics, TurnedAway};
use crate::store::{Setting, Store, StoreError};
pub use audit_keys::{AuditKeysError, audit_keys};
pub use download::{Download, DownloadError};
pub use external_ca::{
    ExternalCa, ExternalCaError, ExternalCas, ExternalNames, GivenLists, Lapse, LapsedCa,
};
pub use external_lists::{ExternalListsError, MAX_LIST_FILE};
pub use gateway::{Credential, Gateway};
pub use gateway_ca::{GatewayCa, GatewayCaError, IssuedServerCertificate, NewGatewayCa, to_pem};
pub use renewal::RenewalError;
pub use resolve::ResolveLimits;
pub use rollout::{Rollout, Running};

/// The Secrets Provider.
pub struct Provider {
    store: WarmStore,
    audit: AuditLog,
    metrics: Arc<Metrics>,
    keyring: Keyring,
    ca: Arc<GatewayCa>,
    identities: Identities,
    external: Arc<ExternalCas>,
    ready: ReadyAnswers,
    rollout: Arc<Rollout>,
}

/// Why the Provider cannot answer at all. What concerns one reference is a refusal in the answer.
#[derive(Debug, Error)]
pub enum ProviderError {
    /// The client certificate is not that of a registered gateway.
    #[error("the client certificate does not belong to a registered gateway")]
    NotAGateway {
        /// What is wrong with it; for the metric, whoever is turned away is not told.
        why: TurnedAway,
    },
    /// More references than allowed, or none.
    #[error("a call names 1 to {max} references, this one names {found}")]
    References {
        /// Most allowed.
        max: usize,
        /// In the call.
        found: usize,
    },
    /// A wait longer than allowed.
    #[error("the longest wait is {max} seconds, this one is {found}")]
    Wait {
        /// Longest allowed.
        max: u32,
        /// In the call.
        found: u32,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The audit log did not accept what was to be answered.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// A key does not open.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The answer could not be written.
    #[error("the answer cannot be encoded")]
    Encode(#[from] serde_json::Error),
}

/// Why the vault is not ready.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unready {
    /// The store cannot be read.
    #[error("the store does not answer")]
    Store,
    /// No audit sink accepts entries.
    #[error(transparent)]
    Audit(NoSink),
    /// It was told to stop.
    #[error("the vault is stopping")]
    Stopping,
}

impl Unready {
    /// The word for it, for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Audit(_) => "audit",
            Self::Stopping => "stopping",
        }
    }
}

impl Provider {
    /// A provider over a store, with the key that opens it, and the CA of gateways.
    pub fn new(
        store: Arc<dyn Store>,
        root: RootPrivateKey,
        ca: Arc<GatewayCa>,
        audit: AuditLog,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            keyring: Keyring::new(root),
            store: WarmStore::new(store),
            audit,
            metrics,
            ca,
            rollout: Arc::default(),
            identities: Identities::default(),
            external: Arc::default(),
            ready: ReadyAnswers::default(),
        }
    }

    /// The same that lets in gateways with certificates of other CAs. The listener has to trust these, too.
    #[must_use]
    pub fn with_external_cas(self, external: Arc<ExternalCas>) -> Self {
        Self { external, ..self }
    }

    /// Drops answers that are kept ready as soon as anything changes, until `stop` says so: without
    /// it a deleted secret would stay in memory until somebody asks again.
    pub async fn forget_what_changes(&self, mut stop: watch::Receiver<bool>) {
        let mut changes = self.store.changes();
        loop {
            tokio::select! {
                changed = changes.changed() => match changed {
                    Ok(()) => self.ready.forget_before(*changes.borrow_and_update()),
                    Err(_) => return,
                },
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// What gateways say they run.
    pub fn rollout(&self) -> Arc<Rollout> {
        Arc::clone(&self.rollout)
    }

    /// What was counted, as OpenMetrics text.
    pub fn metrics(&self) -> Result<String, std::fmt::Error> {
        let waiting = i64::try_from(self.store.waiting()).unwrap_or(i64::MAX);
        self.metrics.store_queue.set(waiting);
        self.metrics.gateways.lapsed(self.lapsed_cas().len());
        self.metrics.encode()
    }

    /// Why it cannot answer gateways now; nothing if it can.
    pub async fn unready(&self) -> Vec<Unready> {
        let mut reasons = Vec::new();
        if self.store.setting(Setting::TrustDomain).await.is_err() {
            reasons.push(Unready::Store);
        }
        reasons.extend(self.audit.sinks().check().err().map(Unready::Audit));
        reasons
    }

    /// CAs whose gateways it refuses. It answers all others, so it is ready nevertheless.
    pub fn lapsed_cas(&self) -> Vec<LapsedCa> {
        self.external.lapsed(clock::now())
    }

    /// How the sinks of the audit log stand.
    pub fn sinks(&self) -> Vec<SinkStanding> {
        self.audit.sinks().standings()
    }
}
