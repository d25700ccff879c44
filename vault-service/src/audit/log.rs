//! The log, for those who hand out values.

use std::sync::Arc;

use sallyport_model::Reference;
use thiserror::Error;

use super::sinks::{NoSink, Sinks};
use crate::keys::audit::ValueKey;
use crate::metrics::AuditMetrics;
use crate::store::{Store, StoreError, Write};

/// Longest object of an entry, in characters.
const MAX_OBJECT: usize = 1024;

/// The audit log.
#[derive(Clone)]
pub struct AuditLog {
    store: Arc<dyn Store>,
    values: Arc<ValueKey>,
    metrics: AuditMetrics,
    sinks: Sinks,
}

/// Why an entry was not accepted: what it tells of must not happen.
#[derive(Debug, Error)]
pub enum AuditError {
    /// The store did not take it.
    #[error("the audit log cannot be written")]
    Store(#[from] StoreError),
    /// No sink did.
    #[error(transparent)]
    Sinks(#[from] NoSink),
}

impl AuditLog {
    /// The log of a store.
    pub fn new(
        store: Arc<dyn Store>,
        values: Arc<ValueKey>,
        metrics: AuditMetrics,
        sinks: Sinks,
    ) -> Self {
        Self {
            store,
            values,
            metrics,
            sinks,
        }
    }

    /// Returns when the entries, and what else is in the batch, are on the disk and have been accepted:
    /// only now may the values they tell of leave. After an error they must not.
    pub async fn record(&self, batch: Vec<Write>) -> Result<(), AuditError> {
        if batch.is_empty() {
            return Ok(());
        }
        let recorded = self.accepted(batch).await;
        if let Err(AuditError::Sinks(_) | AuditError::Store(StoreError::Engine(_))) = &recorded {
            self.metrics.failed();
        }
        recorded
    }

    /// What cannot be recorded is not begun.
    async fn accepted(&self, batch: Vec<Write>) -> Result<(), AuditError> {
        self.sinks.check()?;
        self.store.commit(batch).await?;
        Ok(self.sinks.taken().await?)
    }

    /// Where entries go besides the store.
    pub fn sinks(&self) -> &Sinks {
        &self.sinks
    }

    /// A reference as an entry and the service's own log may hold it.
    pub fn reference(&self, text: &str) -> String {
        self.object(text, text.parse::<Reference>().is_ok())
    }

    /// The name of something, if it is one. What is none may be a secret in the wrong place: a keyed
    /// digest stands for it.
    pub fn object(&self, text: &str, is_name: bool) -> String {
        match is_name {
            true => text.chars().take(MAX_OBJECT).collect(),
            false => self.values.stand_in(text.as_bytes()),
        }
    }
}
