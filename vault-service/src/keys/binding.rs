//! Associated data: the place for which something was sealed.
//!
//! Ids, not names, so that renaming costs nothing. Every field has a fixed length or a length in
//! front of it, so two places never encode alike.

use sallyport_model::{Collection, GroupId, Scope, SecretId};

/// The place of one version of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretBinding {
    /// Organization and environment.
    pub scope: Scope,
    /// The group.
    pub group: GroupId,
    /// The kind.
    pub collection: Collection,
    /// The secret.
    pub secret: SecretId,
    /// The version.
    pub version: u64,
}

/// The place of one term of a group's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupKeyBinding {
    /// Organization and environment.
    pub scope: Scope,
    /// The group.
    pub group: GroupId,
    /// The key's term.
    pub term: u32,
}

impl SecretBinding {
    /// Associated data of the payload and of its data key, under a key term.
    pub(super) fn associated_data(&self, term: u32) -> Vec<u8> {
        let kind = self.collection.as_str().as_bytes();
        let mut data = Vec::with_capacity(96);
        data.extend_from_slice(b"sallyport/1/secret");
        push_scope(&mut data, self.scope);
        data.extend_from_slice(self.group.as_bytes());
        data.push(u8::try_from(kind.len()).unwrap_or(u8::MAX));
        data.extend_from_slice(kind);
        data.extend_from_slice(self.secret.as_bytes());
        data.extend_from_slice(&self.version.to_be_bytes());
        data.extend_from_slice(&term.to_be_bytes());
        data
    }
}

impl GroupKeyBinding {
    /// Associated data of the sealed private key.
    pub(super) fn associated_data(&self) -> Vec<u8> {
        let mut data = Vec::with_capacity(80);
        data.extend_from_slice(b"sallyport/1/group");
        push_scope(&mut data, self.scope);
        data.extend_from_slice(self.group.as_bytes());
        data.extend_from_slice(&self.term.to_be_bytes());
        data
    }
}

fn push_scope(data: &mut Vec<u8>, scope: Scope) {
    data.extend_from_slice(scope.organization.as_bytes());
    data.extend_from_slice(scope.environment.as_bytes());
}
