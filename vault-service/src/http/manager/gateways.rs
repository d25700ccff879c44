//! Gateways: registration, renewal, deletion.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use sallyport_model::ActorId;
use sallyport_pki::MAX_SPIFFE_ID_BYTES;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::ObjectBuilder;

use super::super::body;
use super::super::openapi::{Fields, Id, Moment, NameText, Operation, Routes, named, text};
use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::OwnFailure;
use super::path::{Ids, InScope, OfActor};
use crate::clock;
use crate::manager::{GatewayCertificate, NewExternalGateway, NewGateway, Sight};

pub(super) fn routes() -> Routes<ManagerDoor> {
    let new = Fields::only("")
        .needs("name", named::<NameText>())
        .needs("csr", signing_request());
    let spiffe_id = "SPIFFE ID in its certificates: their only URI name.";
    let certificate =
        "A certificate, PEM, with the subject of all its certificates, and no URI name.";
    let external = Fields::only("One of `spiffeId` and `certificate`.")
        .needs("name", named::<NameText>())
        .may("spiffeId", text(spiffe_id, 12, MAX_SPIFFE_ID_BYTES))
        .may("certificate", text(certificate, 1, body::MAX_BODY));
    Routes::new()
        .get(
            "/gateways",
            list,
            Operation::new(
                "listGateways",
                "List the gateways of an environment; who may grant access sees names",
            )
            .answers_list::<GatewaySummary>("The gateways, by name."),
        )
        .post(
            "/gateways",
            create,
            Operation::new(
                "createGateway",
                "Register a gateway and sign its certificate",
            )
            .json(new)
            .answers::<IssuedGateway>(201, "It was registered."),
        )
        .post(
            "/gateways/external",
            register,
            Operation::new(
                "registerExternalGateway",
                "Register a gateway whose certificates another CA signs",
            )
            .json(external)
            .answers::<ExternalGatewayName>(201, "It was registered."),
        )
        .delete(
            "/gateways/{actor}",
            remove,
            Operation::new("deleteGateway", "Delete a gateway; its certificate ends")
                .answers_nothing("It is gone."),
        )
        .post(
            "/gateways/{actor}/certificate",
            renew,
            Operation::new("renewGateway", "Sign a new certificate of a gateway")
                .json(Fields::only("").needs("csr", signing_request()))
                .answers::<IssuedGateway>(200, "It was signed."),
        )
        .under("Gateways")
}

/// A gateway.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct GatewaySummary {
    #[schema(value_type = Id)]
    id: ActorId,
    #[schema(value_type = NameText)]
    name: String,
    /// SPIFFE id, or digest of the subject, in its certificates. Absent unless the caller manages gateways.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    identity: Option<String>,
    /// Absent unless the caller manages gateways.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Moment, required = false)]
    created_at: Option<String>,
    /// When its newest certificate ends. Absent unless the caller manages gateways.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Moment>, required = false)]
    not_after: Option<Option<String>>,
}

/// A gateway with certificates of another CA.
#[derive(Serialize, ToSchema)]
struct ExternalGatewayName {
    #[schema(value_type = Id)]
    id: ActorId,
    #[schema(value_type = NameText)]
    name: String,
    /// SPIFFE ID, or digest of the subject, in its certificates.
    identity: String,
}

/// A gateway and the certificate that was just signed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct IssuedGateway {
    #[schema(value_type = Id)]
    id: ActorId,
    #[schema(value_type = NameText)]
    name: String,
    /// SPIFFE id in the certificate.
    identity: String,
    /// The certificate, PEM.
    certificate: String,
    /// The internal CA, PEM.
    ca: String,
    #[schema(value_type = Moment)]
    not_after: String,
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
) -> Result<Json<Vec<GatewaySummary>>, OwnFailure> {
    let (sight, gateways) = door
        .manager
        .gateways(&caller, ids.scope(), clock::now())
        .await?;
    let whole = sight == Sight::Whole;
    let external = door.manager.external_identities(ids.scope()).await?;
    let gateways = gateways
        .iter()
        .map(|gateway| {
            let identity = external.get(&gateway.id).cloned().unwrap_or_else(|| {
                let identity = door.manager.gateway_identity(ids.scope(), gateway.id);
                identity.to_string()
            });
            GatewaySummary {
                id: gateway.id,
                name: gateway.name.clone(),
                identity: whole.then_some(identity),
                created_at: whole.then(|| clock::rfc3339(gateway.created_at)),
                not_after: whole.then(|| gateway.certificate_not_after.map(clock::rfc3339)),
            }
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
) -> Result<(StatusCode, Json<IssuedGateway>), OwnFailure> {
    let new: NewGateway = body::json(&headers, request, body::MAX_BODY).await?;
    let name = new.name().to_owned();
    let (id, certificate) = door
        .manager
        .create_gateway(&caller, ids.scope(), new, clock::now())
        .await?;
    Ok((StatusCode::CREATED, Json(issued(id, name, certificate))))
}

async fn register(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InScope>,
    headers: HeaderMap,
    request: Body,
) -> Result<(StatusCode, Json<ExternalGatewayName>), OwnFailure> {
    let new: NewExternalGateway = body::json(&headers, request, body::MAX_BODY).await?;
    let gateway = door
        .manager
        .register_external_gateway(&caller, ids.scope(), new, clock::now())
        .await?;
    let name = ExternalGatewayName {
        id: gateway.id,
        name: gateway.name,
        identity: gateway.identity.to_string(),
    };
    Ok((StatusCode::CREATED, Json(name)))
}

async fn renew(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<OfActor>,
    headers: HeaderMap,
    request: Body,
) -> Result<Json<IssuedGateway>, OwnFailure> {
    let Renewal { csr } = body::json(&headers, request, body::MAX_BODY).await?;
    let (gateway, certificate) = door
        .manager
        .renew_gateway(&caller, ids.scope(), ids.actor, &csr, clock::now())
        .await?;
    Ok(Json(issued(gateway.id, gateway.name, certificate)))
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

/// How a signing request is described.
pub(super) fn signing_request() -> ObjectBuilder {
    text(
        "PKCS#10 certificate signing request in PEM.",
        1,
        body::MAX_BODY,
    )
}

pub(super) fn issued(id: ActorId, name: String, issued: GatewayCertificate) -> IssuedGateway {
    IssuedGateway {
        id,
        name,
        identity: issued.identity.to_string(),
        certificate: issued.certificate,
        ca: issued.ca,
        not_after: clock::rfc3339(issued.not_after),
    }
}
