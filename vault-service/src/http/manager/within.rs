//! The first step of every route below a group: who calls, and whether the group is there for that.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::Response;
use sallyport_model::{Access, Collection, GroupId, Scope};
use sallyport_pki::UnixTime;
use serde::de::DeserializeOwned;

use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::Failure;
use super::path::{Ids, InCollection, OfSecret, OfVersion};
use super::upload::served;
use crate::access::Caller;
use crate::clock;
use crate::store::GroupRecord;

/// A caller that has the access `A` in the group of the path. Nothing of the body was read.
pub(super) struct Within<A, T> {
    pub(super) caller: Caller,
    pub(super) group: GroupRecord,
    pub(super) collection: Collection,
    pub(super) ids: T,
    /// When the request was let in.
    pub(super) now: UnixTime,
    access: PhantomData<A>,
}

/// What a route needs.
pub(super) trait Needs {
    const ACCESS: Access;
}

/// Looking at what is not secret.
pub(super) enum Read {}

/// Changing secrets.
pub(super) enum Write {}

impl Needs for Read {
    const ACCESS: Access = Access::Read;
}

impl Needs for Write {
    const ACCESS: Access = Access::Write;
}

/// Ids of a path with a collection in it.
pub(super) trait BelowCollection {
    fn group(&self) -> (Scope, GroupId);
    fn collection(&self) -> &str;
}

macro_rules! below_collection {
    ($($name:ident),+) => {$(
        impl BelowCollection for $name {
            fn group(&self) -> (Scope, GroupId) {
                (self.scope(), self.group)
            }

            fn collection(&self) -> &str {
                &self.collection
            }
        }
    )+};
}

below_collection!(InCollection, OfSecret, OfVersion);

impl<A, T> FromRequestParts<ManagerDoor> for Within<A, T>
where
    A: Needs,
    T: BelowCollection + DeserializeOwned + Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, door: &ManagerDoor) -> Result<Self, Response> {
        let Authenticated(caller) = Authenticated::from_request_parts(parts, door).await?;
        let Ids(ids) = Ids::<T>::from_request_parts(parts, door).await?;
        let entered = enter::<A>(door, &caller, &ids).await;
        let (collection, group, now) = entered.map_err(|failure| failure.refuse(parts))?;
        Ok(Self {
            caller,
            group,
            collection,
            ids,
            now,
            access: PhantomData,
        })
    }
}

async fn enter<A: Needs>(
    door: &ManagerDoor,
    caller: &Caller,
    ids: &impl BelowCollection,
) -> Result<(Collection, GroupRecord, UnixTime), Failure> {
    let collection = served(ids.collection())?;
    let (scope, id) = ids.group();
    let now = clock::now();
    let group = door
        .manager
        .group(caller, scope, id, A::ACCESS, now)
        .await?;
    Ok((collection, group, now))
}
