//! The store as the Provider reads it: what was read since the last change is in memory.
//!
//! The change feed moves with every commit that a read here could show, so what was read at its
//! present position is what the store would say. A commit has moved the feed before it returns:
//! nobody who was told that a grant is gone is answered by it.

use std::collections::HashMap;
use std::hash::Hash;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sallyport_model::{ActorId, Collection, GroupId, GroupName, Scope, SecretId, SecretName};
use tokio::sync::watch;

use crate::store::{
    ActorRecord, ChangeSeq, GrantRecord, GroupKeyRecord, GroupRecord, SecretRecord, Store,
    StoreError, VersionRecord,
};

/// Most answers to one kind of question.
const CAPACITY: usize = 65_536;

/// Most bytes of sealed payloads.
const CAPACITY_BYTES: usize = 32 * 1024 * 1024;

/// A store with a memory. What has no method here is read from the store itself.
pub(super) struct WarmStore {
    store: Arc<dyn Store>,
    changes: watch::Receiver<ChangeSeq>,
    memory: Mutex<Memory>,
}

/// Everything in it was read at one position of the change feed.
#[derive(Default)]
struct Memory {
    position: ChangeSeq,
    actors: Room<ActorId, Option<Arc<ActorRecord>>>,
    known_as: Room<String, Option<ActorId>>,
    groups: Room<(Scope, GroupId), Option<Arc<GroupRecord>>>,
    groups_by_name: Room<(Scope, GroupName), Option<Arc<GroupRecord>>>,
    grants: Room<(GroupId, ActorId), Arc<[GrantRecord]>>,
    keys: Room<(GroupId, u32), Option<Arc<GroupKeyRecord>>>,
    secrets: Room<(GroupId, Collection, SecretId), Option<Arc<SecretRecord>>>,
    secrets_or_tombstones: Room<(GroupId, Collection, SecretId), Option<Arc<SecretRecord>>>,
    secrets_by_name: Room<(GroupId, Collection, SecretName), Option<Arc<SecretRecord>>>,
    versions: Room<(SecretId, u64), Option<Arc<VersionRecord>>>,
    editions: Room<SecretId, u64>,
}

/// Answers to one kind of question.
struct Room<K, V> {
    answers: HashMap<K, V>,
    bytes: usize,
}

impl WarmStore {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            changes: store.changes(),
            store,
            memory: Mutex::default(),
        }
    }

    /// Where the change feed is.
    pub(super) fn position(&self) -> ChangeSeq {
        *self.changes.borrow()
    }

    pub(super) async fn actor(&self, id: ActorId) -> Result<Option<Arc<ActorRecord>>, StoreError> {
        let read = || shared(self.store.actor(id));
        self.read(|memory| &mut memory.actors, id, read).await
    }

    pub(super) async fn gateway_known_as(
        &self,
        identity: &str,
    ) -> Result<Option<ActorId>, StoreError> {
        let read = || self.store.gateway_known_as(identity);
        self.read(|memory| &mut memory.known_as, identity.to_owned(), read)
            .await
    }

    pub(super) async fn group_or_tombstone(
        &self,
        scope: Scope,
        id: GroupId,
    ) -> Result<Option<Arc<GroupRecord>>, StoreError> {
        let read = || shared(self.store.group_or_tombstone(scope, id));
        self.read(|memory| &mut memory.groups, (scope, id), read)
            .await
    }

    pub(super) async fn group_by_name(
        &self,
        scope: Scope,
        name: &GroupName,
    ) -> Result<Option<Arc<GroupRecord>>, StoreError> {
        let read = || shared(self.store.group_by_name(scope, name));
        let key = (scope, name.clone());
        self.read(|memory| &mut memory.groups_by_name, key, read)
            .await
    }

    pub(super) async fn grants_of(
        &self,
        group: GroupId,
        actor: ActorId,
    ) -> Result<Arc<[GrantRecord]>, StoreError> {
        let read = || async move { Ok(self.store.grants_of(group, actor).await?.into()) };
        self.read(|memory| &mut memory.grants, (group, actor), read)
            .await
    }

    pub(super) async fn group_key(
        &self,
        group: GroupId,
        term: u32,
    ) -> Result<Option<Arc<GroupKeyRecord>>, StoreError> {
        let read = || shared(self.store.group_key(group, term));
        self.read(|memory| &mut memory.keys, (group, term), read)
            .await
    }

    pub(super) async fn secret(
        &self,
        group: GroupId,
        collection: Collection,
        id: SecretId,
    ) -> Result<Option<Arc<SecretRecord>>, StoreError> {
        let read = || shared(self.store.secret(group, collection, id));
        let key = (group, collection, id);
        self.read(|memory| &mut memory.secrets, key, read).await
    }

    pub(super) async fn secret_or_tombstone(
        &self,
        group: GroupId,
        collection: Collection,
        id: SecretId,
    ) -> Result<Option<Arc<SecretRecord>>, StoreError> {
        let read = || shared(self.store.secret_or_tombstone(group, collection, id));
        let key = (group, collection, id);
        self.read(|memory| &mut memory.secrets_or_tombstones, key, read)
            .await
    }

    pub(super) async fn secret_by_name(
        &self,
        group: GroupId,
        collection: Collection,
        name: &SecretName,
    ) -> Result<Option<Arc<SecretRecord>>, StoreError> {
        let read = || shared(self.store.secret_by_name(group, collection, name));
        let key = (group, collection, name.clone());
        self.read(|memory| &mut memory.secrets_by_name, key, read)
            .await
    }

    pub(super) async fn version(
        &self,
        secret: SecretId,
        number: u64,
    ) -> Result<Option<Arc<VersionRecord>>, StoreError> {
        let read = || shared(self.store.version(secret, number));
        self.read(|memory| &mut memory.versions, (secret, number), read)
            .await
    }

    pub(super) async fn published_edition(&self, distributor: SecretId) -> Result<u64, StoreError> {
        let read = || self.store.published_edition(distributor);
        self.read(|memory| &mut memory.editions, distributor, read)
            .await
    }

    /// What is remembered, or what `read` finds, which is then remembered.
    async fn read<K: Hash + Eq, V: Clone + Weight, F: Future<Output = Result<V, StoreError>>>(
        &self,
        room: fn(&mut Memory) -> &mut Room<K, V>,
        question: K,
        read: impl FnOnce() -> F,
    ) -> Result<V, StoreError> {
        let position = self.position();
        if let Some(memory) = &mut self.memory_at(position)
            && let Some(answer) = room(memory).answers.get(&question)
        {
            return Ok(answer.clone());
        }
        let answer = read().await?;
        // What was read while the feed moved on may be of before or after the change.
        if let Some(memory) = &mut self.memory_at(position) {
            room(memory).keep(question, answer.clone());
        }
        Ok(answer)
    }

    /// The memory, if it is of that position: one that is older is emptied first.
    fn memory_at(&self, position: ChangeSeq) -> Option<MutexGuard<'_, Memory>> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.position < position {
            *memory = Memory {
                position,
                ..Memory::default()
            };
        }
        (memory.position == position).then_some(memory)
    }
}

/// One record for all who read it.
async fn shared<T>(
    read: impl Future<Output = Result<Option<T>, StoreError>>,
) -> Result<Option<Arc<T>>, StoreError> {
    Ok(read.await?.map(Arc::new))
}

impl Deref for WarmStore {
    type Target = dyn Store;

    fn deref(&self) -> &Self::Target {
        &*self.store
    }
}

impl<K: Hash + Eq, V: Weight> Room<K, V> {
    fn keep(&mut self, question: K, answer: V) {
        let bytes = answer.bytes();
        if bytes > CAPACITY_BYTES / 16 {
            return;
        }
        if self.answers.len() >= CAPACITY || self.bytes + bytes > CAPACITY_BYTES {
            *self = Self::default();
        }
        self.bytes += bytes;
        self.answers.insert(question, answer);
    }
}

impl<K, V> Default for Room<K, V> {
    fn default() -> Self {
        Self {
            answers: HashMap::new(),
            bytes: 0,
        }
    }
}

/// How much of an answer has no fixed size.
trait Weight {
    fn bytes(&self) -> usize {
        0
    }
}

impl Weight for Option<Arc<ActorRecord>> {}
impl Weight for Option<ActorId> {}
impl Weight for Option<Arc<GroupRecord>> {}
impl Weight for Option<Arc<GroupKeyRecord>> {}
impl Weight for Option<Arc<SecretRecord>> {}
impl Weight for Arc<[GrantRecord]> {}
impl Weight for u64 {}

impl Weight for Option<Arc<VersionRecord>> {
    fn bytes(&self) -> usize {
        self.as_ref()
            .map_or(0, |version| version.envelope.len() + version.metadata.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sample::{House, grant};
    use crate::store::{SqliteStore, Write};
    use sallyport_model::Access;

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_read_is_read_again_after_a_change_only() {
        let place = tempfile::tempdir().unwrap();
        let store = SqliteStore::create(&place.path().join("db")).unwrap();
        let store: Arc<dyn Store> = Arc::new(store);
        let house = House::in_store(&store).await;
        let group = house.add_group("payments").await;
        let warm = WarmStore::new(Arc::clone(&store));
        let known = |warm: &WarmStore| warm.memory.lock().unwrap().grants.answers.len();

        let before = warm.grants_of(group.id, house.gateway).await.unwrap();
        assert_eq!((before.len(), known(&warm)), (0, 1));
        let read = grant(group.id, house.gateway, Access::Read);
        house
            .commit(vec![Write::PutGrant(read.clone())])
            .await
            .unwrap();
        let after = warm.grants_of(group.id, house.gateway).await.unwrap();
        assert_eq!(*after, *std::slice::from_ref(&read));
        // From memory: the room answers, not the store.
        warm.memory.lock().unwrap().grants.answers.clear();
        let never = || async { Err(StoreError::Damaged { what: "asked" }) };
        let question = (group.id, house.gateway);
        let rooms: fn(&mut Memory) -> &mut Room<_, _> = |memory| &mut memory.grants;
        assert!(warm.read(rooms, question, never).await.is_err());
        warm.grants_of(group.id, house.gateway).await.unwrap();
        let never = || async { Err(StoreError::Damaged { what: "asked" }) };
        assert_eq!(*warm.read(rooms, question, never).await.unwrap(), [read]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_read_while_something_changed_is_not_kept() {
        let place = tempfile::tempdir().unwrap();
        let store = SqliteStore::create(&place.path().join("db")).unwrap();
        let store: Arc<dyn Store> = Arc::new(store);
        let house = House::in_store(&store).await;
        let group = house.add_group("payments").await;
        let warm = WarmStore::new(Arc::clone(&store));
        let old_answer = || async {
            let old = store.grants_of(group.id, house.gateway).await;
            let read = grant(group.id, house.gateway, Access::Read);
            house.commit(vec![Write::PutGrant(read)]).await.unwrap();
            old.map(Arc::from)
        };
        let question = (group.id, house.gateway);
        let rooms: fn(&mut Memory) -> &mut Room<_, _> = |memory| &mut memory.grants;
        let old = warm.read(rooms, question, old_answer).await.unwrap();
        let new = warm.grants_of(group.id, house.gateway).await.unwrap();
        assert_eq!((old.len(), new.len()), (0, 1));
    }

    #[test]
    fn a_room_that_is_full_is_emptied_and_giants_are_not_kept() {
        struct Heavy(usize);
        impl Weight for Heavy {
            fn bytes(&self) -> usize {
                self.0
            }
        }
        let mut room = Room::default();
        let sixteenth = CAPACITY_BYTES / 16;
        room.keep(0, Heavy(sixteenth + 1));
        assert!(room.answers.is_empty());
        for at in 0..17 {
            room.keep(at, Heavy(sixteenth));
        }
        assert_eq!((room.answers.len(), room.bytes), (1, sixteenth));
    }
}
