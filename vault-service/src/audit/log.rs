//! The log, for those who hand out values.

use std::sync::Arc;

use sallyport_model::Reference;
use thiserror::Error;

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
}

/// Why an entry was not accepted: what it tells of must not happen.
#[derive(Debug, Error)]
pub enum AuditError {
    /// The store did not take it.
    #[error("the audit log cannot be written")]
    Store(#[from] StoreError),
}

impl AuditLog {
    /// The log of a store.
    pub fn new(store: Arc<dyn Store>, values: Arc<ValueKey>, metrics: AuditMetrics) -> Self {
        Self {
            store,
            values,
            metrics,
        }
    }

    /// Returns when the entries are on the disk and have been accepted: only now may the values they
    /// tell of leave. After an error they must not.
    pub async fn record(&self, entries: Vec<Write>) -> Result<(), AuditError> {
        if entries.is_empty() {
            return Ok(());
        }
        let recorded = self.store.commit(entries).await;
        recorded.map_err(|error| {
            self.metrics.failed();
            error.into()
        })
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
