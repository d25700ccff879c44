//! Gateways: registration, renewal, deletion.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use sallyport_model::ActorId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::body;
use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::OwnFailure;
use super::path::{Ids, InScope, OfActor};
use crate::clock;
use crate::manager::{GatewayCertificate, NewGateway};

pub(super) fn routes() -> Router<ManagerDoor> {
    Router::new()
        .route("/gateways", get(list).post(create))
        .route("/gateways/{actor}", delete(remove))
        .route("/gateways/{actor}/certificate", post(renew))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Renewal {
    csr: String,
}

async fn list(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InScope>,
) -> Result<Json<Vec<Value>>, OwnFailure> {
    let gateways = door
        .manager
        .gateways(&caller, ids.scope(), clock::now())
        .await?;
    let gateways = gateways
        .iter()
        .map(|gateway| {
            json!({
                "id": gateway.id,
                "name": gateway.name,
                "identity": door.manager.gateway_identity(ids.scope(), gateway.id).to_string(),
                "createdAt": clock::rfc3339(gateway.created_at),
                "notAfter": gateway.certificate_not_after.map(clock::rfc3339),
            })
        })
        .collect();
    Ok(Json(gateways))
}

async fn create(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InScope>,
    headers: HeaderMap,
    request: Body,
) -> Result<(StatusCode, Json<Value>), OwnFailure> {
    let new: NewGateway = body::json(&headers, request, body::MAX_BODY).await?;
    let name = new.name().to_owned();
    let (id, issued) = door
        .manager
        .create_gateway(&caller, ids.scope(), new, clock::now())
        .await?;
    Ok((StatusCode::CREATED, Json(issued_json(id, &name, &issued))))
}

async fn renew(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<OfActor>,
    headers: HeaderMap,
    request: Body,
) -> Result<Json<Value>, OwnFailure> {
    let Renewal { csr } = body::json(&headers, request, body::MAX_BODY).await?;
    let (gateway, issued) = door
        .manager
        .renew_gateway(&caller, ids.scope(), ids.actor, &csr, clock::now())
        .await?;
    Ok(Json(issued_json(gateway.id, &gateway.name, &issued)))
}

async fn remove(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<OfActor>,
) -> Result<StatusCode, OwnFailure> {
    door.manager
        .delete_gateway(&caller, ids.scope(), ids.actor, clock::now())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn issued_json(id: ActorId, name: &str, issued: &GatewayCertificate) -> Value {
    json!({
        "id": id,
        "name": name,
        "identity": issued.identity.to_string(),
        "certificate": issued.certificate,
        "ca": issued.ca,
        "notAfter": clock::rfc3339(issued.not_after),
    })
}
