//! Who uses a secret.

use axum::Json;
use axum::extract::State;
use sallyport_model::{ActorId, Collection, SecretId, SecretName};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::openapi::{CollectionWord, HttpMethod, Id, LabelWord, NameText, Routes};
use super::ManagerDoor;
use super::failure::OwnFailure;
use super::path::OfSecret;
use super::reliant_cas::{ReliantCa, reliant_on};
use super::secrets::{operation, path};
use super::within::{Read, Within};
use crate::manager::SecretUser;

pub(super) fn routes() -> Routes<ManagerDoor> {
    const USERS: &str = "/secretGroups/{group}/{collection}/{secret}/users";
    Routes::new()
        .on_each(HttpMethod::Get, USERS, list, |kind| {
            operation("listUsersOf", kind, "List who uses a")
                .answers::<SecretUsers>(200, "Secrets that refer to it, and gateways.")
        })
        .under("Versions")
}

/// Who uses a secret.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SecretUsers {
    secrets: Vec<UserWithLabels>,
    /// Those with a read grant on the group.
    gateways: Vec<GatewayName>,
    /// CAs whose gateways the settings of the vault hold against the lists of a CRL distributor.
    gateway_cas: Vec<ReliantCa>,
}

/// A secret that refers to another, and which of its versions do.
#[derive(Serialize, ToSchema)]
struct UserWithLabels {
    #[serde(flatten)]
    #[schema(inline)]
    secret: UserOfSecret,
    #[schema(value_type = Vec<LabelWord>)]
    labels: Vec<&'static str>,
}

/// A secret that refers to another.
#[derive(Serialize, ToSchema)]
pub(super) struct UserOfSecret {
    #[schema(value_type = CollectionWord)]
    collection: Collection,
    #[schema(value_type = Id)]
    id: SecretId,
    #[schema(value_type = NameText)]
    name: SecretName,
    /// How others of its group refer to it.
    path: String,
}

/// A gateway, by name.
#[derive(Serialize, ToSchema)]
struct GatewayName {
    #[schema(value_type = Id)]
    id: ActorId,
    #[schema(value_type = NameText)]
    name: String,
}

async fn list(
    State(door): State<ManagerDoor>,
    at: Within<Read, OfSecret>,
) -> Result<Json<SecretUsers>, OwnFailure> {
    let seen = door.manager.seen_by(&at.caller, &at.group).await?;
    let id = at.ids.secret;
    let used = seen.where_used(&at.group, at.collection, id).await?;
    let secrets = used.secrets.iter().map(|user| UserWithLabels {
        secret: shown_user(user),
        labels: user.labels.iter().map(|label| label.as_str()).collect(),
    });
    let gateways = used.gateways.into_iter().map(|gateway| GatewayName {
        id: gateway.id,
        name: gateway.name,
    });
    Ok(Json(SecretUsers {
        secrets: secrets.collect(),
        gateways: gateways.collect(),
        gateway_cas: reliant_on(&used.secret, &at.group, &door),
    }))
}

/// A secret that refers to another.
pub(super) fn shown_user(user: &SecretUser) -> UserOfSecret {
    UserOfSecret {
        collection: user.secret.collection,
        id: user.secret.id,
        name: user.secret.name.clone(),
        path: path(&user.secret),
    }
}
