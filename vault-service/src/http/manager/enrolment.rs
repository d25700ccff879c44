//! Gateways that fetch their certificates by themselves: the token, and the first certificate.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use sallyport_model::ActorId;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::body;
use super::super::openapi::{Fields, Id, Moment, NameText, Operation, Routes, named, number, text};
use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::OwnFailure;
use super::gateways::{IssuedGateway, issued, signing_request};
use super::path::{Ids, InScope};
use crate::clock;
use crate::manager::{Enrolment, NewJoinToken};

/// Longest token that is looked at, in bytes.
const MAX_TOKEN: usize = 512;

pub(super) fn routes() -> Routes<ManagerDoor> {
    let (min, max) = NewJoinToken::RANGE;
    let seconds = number(
        "Seconds for which it is good; 3600 unless given.",
        min.into(),
        max.into(),
    );
    let new = Fields::only("")
        .needs("gateway", named::<NameText>())
        .may("validFor", seconds);
    Routes::new()
        .post(
            "/joinTokens",
            invite,
            Operation::new(
                "createJoinToken",
                "Make a token for the first certificate of a gateway, which is registered if it is new",
            )
            .json(new)
            .answers::<ShownJoinToken>(201, "It is good for once; one before it for nothing."),
        )
        .under("Gateways")
}

/// Outside of any organization, and for whoever has a join token.
pub(super) fn open_routes() -> Routes<ManagerDoor> {
    let enrolment = Fields::only("")
        .needs("token", text("The join token.", 1, MAX_TOKEN))
        .needs("csr", signing_request());
    Routes::new()
        .post(
            "/gatewayEnrolments",
            enrol,
            Operation::new(
                "enrolGateway",
                "Sign the first certificate of the gateway that a join token is for",
            )
            .for_anybody()
            .json(enrolment)
            .answers::<IssuedGateway>(201, "It was signed; the token is used up.")
            .may(403),
        )
        .under("Gateways")
}

/// A join token. It is shown once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ShownJoinToken {
    /// The gateway.
    #[schema(value_type = Id)]
    id: ActorId,
    #[schema(value_type = NameText)]
    name: String,
    token: String,
    #[schema(value_type = Moment)]
    expires_at: String,
}

async fn invite(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InScope>,
    headers: HeaderMap,
    request: Body,
) -> Result<(StatusCode, Json<ShownJoinToken>), OwnFailure> {
    let new: NewJoinToken = body::json(&headers, request, body::MAX_BODY).await?;
    let made = door
        .manager
        .create_join_token(&caller, ids.scope(), new, clock::now())
        .await?;
    let shown = ShownJoinToken {
        id: made.gateway,
        name: made.name,
        token: made.token.expose().to_owned(),
        expires_at: clock::rfc3339(made.expires_at),
    };
    Ok((StatusCode::CREATED, Json(shown)))
}

async fn enrol(
    State(door): State<ManagerDoor>,
    headers: HeaderMap,
    request: Body,
) -> Result<(StatusCode, Json<IssuedGateway>), OwnFailure> {
    let enrolment: Enrolment = body::json(&headers, request, body::MAX_BODY).await?;
    let (id, name, certificate) = door.manager.enrol_gateway(enrolment, clock::now()).await?;
    Ok((StatusCode::CREATED, Json(issued(id, name, certificate))))
}
