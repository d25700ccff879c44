//! The keys of the audit log, opened with the root key.

use thiserror::Error;

use crate::keys::KeyError;
use crate::keys::audit::AuditKeys;
use crate::keys::open::RootPrivateKey;
use crate::store::{Setting, Store, StoreError, Write};

/// Why there are no keys for the audit log.
#[derive(Debug, Error)]
pub enum AuditKeysError {
    /// They cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// They do not open.
    #[error("the keys of the audit log do not open")]
    Key(#[from] KeyError),
}

/// The keys of the audit log; a vault of before they were there gets some.
pub async fn audit_keys(
    store: &dyn Store,
    root: &RootPrivateKey,
) -> Result<AuditKeys, AuditKeysError> {
    let sealed = match store.setting(Setting::AuditSealedKeys).await? {
        Some(sealed) => sealed,
        None => {
            let sealed = root.public().new_audit_keys()?;
            let put = Write::PutSetting(Setting::AuditSealedKeys, sealed.clone());
            store.commit(vec![put]).await?;
            sealed
        }
    };
    Ok(root.open_audit_keys(&sealed)?)
}
