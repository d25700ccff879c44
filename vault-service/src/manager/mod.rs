//! The public door: takes secrets in, seals them, stores them; shows metadata.
//!
//! It holds public keys only. Nothing in this room can open what it stored; what needs opening is a
//! job of [`crate::provider`].

mod audit_log;
mod authority;
mod certificate;
mod clone;
mod connected_apps;
mod crl_distributor;
mod crl_source;
mod deletion;
mod draft;
mod edit_session;
mod enrolment;
mod environments;
mod error;
mod expiring;
mod expiry;
mod external_gateways;
mod finish;
mod form;
mod gateways;
mod grants;
mod groups;
mod java_store;
mod key_length;
mod keystore;
mod limits;
mod losses;
mod members;
mod metadata;
mod organizations;
mod permissions;
mod pin_upload;
mod pinned_leaves;
mod pinset;
mod published_lists;
mod referred;
#[cfg(test)]
mod sample;
mod sealing;
mod secrets;
mod shared_secret;
mod staging;
mod target;
mod tls_context;
mod truststore;
mod update;
mod users;
mod versions;
mod view;
mod violation;
mod where_used;

use std::sync::Arc;

pub use audit_log::AuditSearch;
pub(crate) use audit_log::MAX_ENTRIES;
pub use clone::{CloneRequest, CopyError, SecretCopier};
pub use connected_apps::NewConnectedApp;
pub use crl_distributor::CrlDistributorUpload;
pub use crl_source::CrlSource;
pub use draft::Draft;
pub use edit_session::Finished;
pub use enrolment::{Enrolment, JoinToken, NewJoinToken};
pub use environments::NewEnvironment;
pub use error::ManagerError;
pub(crate) use expiring::last_day;
pub use expiring::{WARNED_DAYS, days_left};
pub use expiry::ExpiredCertificates;
pub use external_gateways::{ExternalGateway, NewExternalGateway};
pub use form::{File, Form};
pub(crate) use gateways::renewed;
pub use gateways::{GatewayCertificate, GatewayIssuer, IssueError, NewGateway, Renewing};
pub use grants::Grantee;
pub use groups::{GroupChange, NewGroup};
pub(crate) use limits::UploadLimits;
pub use members::Sight;
pub use metadata::Metadata;
pub use organizations::NewOrganization;
pub(crate) use permissions::MAX_PERMISSIONS;
pub use permissions::Permitted;
pub use pin_upload::PinUpload;
pub use pinned_leaves::PinnedLeaves;
pub use published_lists::{DroppedCertificates, ListsInForce};
pub use shared_secret::SharedSecretUpload;
pub use target::{Precondition, Target};
pub use tls_context::TlsContextUpload;
pub use update::SecretChange;
pub use users::NewUser;
pub use versions::Moved;
pub use violation::{Problem, Violation};
pub use where_used::{SecretUser, WhereUsed};

use self::staging::Staging;
use crate::keys::seal::RootPublicKey;
use crate::store::Store;

/// The Secrets Manager.
#[derive(Clone)]
pub struct Manager {
    /// What is read and written: what is published, and after [`Self::seen_by`] an edit session's
    /// changes on top of it.
    store: Arc<dyn Store>,
    published: Arc<dyn Store>,
    staging: Option<Arc<Staging>>,
    root: RootPublicKey,
    issuer: Arc<dyn GatewayIssuer>,
    copier: Arc<dyn SecretCopier>,
}

impl Manager {
    /// A manager over a store. It is given the public half of the root key, somebody who signs
    /// gateway certificates on its behalf, and somebody who opens secrets to seal them for another
    /// group.
    pub fn new(
        store: Arc<dyn Store>,
        root: RootPublicKey,
        issuer: Arc<dyn GatewayIssuer>,
        copier: Arc<dyn SecretCopier>,
    ) -> Self {
        Self {
            published: Arc::clone(&store),
            store,
            staging: None,
            root,
            issuer,
            copier,
        }
    }
}
