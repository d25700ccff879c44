//! Ids in paths.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::response::Response;
use sallyport_model::{ActorId, EnvironmentId, GroupId, OrganizationId, Scope, SecretId};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::failure::Failure;

/// Path parameters; an id that is no id names nothing, so it is not found.
pub(super) struct Ids<T>(pub(super) T);

#[derive(Deserialize)]
pub(super) struct InOrganization {
    pub(super) organization: OrganizationId,
}

#[derive(Deserialize)]
pub(super) struct OfMember {
    pub(super) organization: OrganizationId,
    pub(super) actor: ActorId,
}

#[derive(Deserialize)]
pub(super) struct InScope {
    organization: OrganizationId,
    environment: EnvironmentId,
}

#[derive(Deserialize)]
pub(super) struct InGroup {
    organization: OrganizationId,
    environment: EnvironmentId,
    pub(super) group: GroupId,
}

#[derive(Deserialize)]
pub(super) struct InCollection {
    organization: OrganizationId,
    environment: EnvironmentId,
    pub(super) group: GroupId,
    pub(super) collection: String,
}

#[derive(Deserialize)]
pub(super) struct OfSecret {
    organization: OrganizationId,
    environment: EnvironmentId,
    pub(super) group: GroupId,
    pub(super) collection: String,
    pub(super) secret: SecretId,
}

#[derive(Deserialize)]
pub(super) struct OfVersion {
    organization: OrganizationId,
    environment: EnvironmentId,
    pub(super) group: GroupId,
    pub(super) collection: String,
    pub(super) secret: SecretId,
    pub(super) version: u64,
}

#[derive(Deserialize)]
pub(super) struct OfActor {
    organization: OrganizationId,
    environment: EnvironmentId,
    pub(super) actor: ActorId,
}

#[derive(Deserialize)]
pub(super) struct OfGrant {
    organization: OrganizationId,
    environment: EnvironmentId,
    pub(super) group: GroupId,
    pub(super) actor: ActorId,
}

macro_rules! scoped {
    ($($name:ident),+) => {$(
        impl $name {
            pub(super) const fn scope(&self) -> Scope {
                Scope { organization: self.organization, environment: self.environment }
            }
        }
    )+};
}

scoped!(
    InScope,
    InGroup,
    InCollection,
    OfSecret,
    OfVersion,
    OfActor,
    OfGrant
);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Ids<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(ids)) => Ok(Self(ids)),
            Err(_) => Err(Failure::NoSuchPath.refuse(parts)),
        }
    }
}
