//! Group keys, opened once and kept in memory while the process lives.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sallyport_model::GroupId;

use crate::keys::KeyError;
use crate::keys::binding::GroupKeyBinding;
use crate::keys::open::{GroupPrivateKey, RootPrivateKey};

/// Most group keys kept open.
const CAPACITY: usize = 4096;

/// The root key and the group keys opened with it.
pub(super) struct Keyring {
    root: RootPrivateKey,
    open: Mutex<HashMap<(GroupId, u32), Arc<GroupPrivateKey>>>,
}

impl Keyring {
    pub(super) fn new(root: RootPrivateKey) -> Self {
        Self {
            root,
            open: Mutex::default(),
        }
    }

    /// The private key of a group's term; `sealed` is opened if it is not open yet.
    pub(super) fn group_key(
        &self,
        binding: &GroupKeyBinding,
        sealed: &[u8],
    ) -> Result<Arc<GroupPrivateKey>, KeyError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let at = (binding.group, binding.term);
        if let Some(key) = open.get(&at) {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(self.root.open_group_key(binding, sealed)?);
        if open.len() >= CAPACITY {
            open.clear();
        }
        open.insert(at, Arc::clone(&key));
        Ok(key)
    }
}
