//! A checked upload: everything a new version needs, before it is sealed.

use sallyport_model::{SecretId, SecretName, SecretString};

use super::metadata::Metadata;
use crate::payload::Payload;

/// A version in the making. Only the modules of the kinds make one, after checking everything.
pub struct Draft {
    pub(super) name: SecretName,
    pub(super) expiration_date: Option<String>,
    pub(super) metadata: Metadata,
    pub(super) payload: Payload<SecretString>,
    pub(super) refers_to: Vec<SecretId>,
    pub(super) warnings: Vec<String>,
}

impl Draft {
    /// What is allowed but may not be meant, one sentence each, with its place: for the answer to
    /// whoever uploads.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}
