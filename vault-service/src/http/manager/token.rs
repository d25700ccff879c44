//! Signing in: the routes that give tokens.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use sallyport_model::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::Required;

use super::super::openapi::{Fields, Operation, Routes, either, text, word};
use super::super::{body, urlencoded};
use super::ManagerDoor;
use super::failure::{AnypointFailure, Failure};
use crate::accounts::{AccessToken, TOKEN_LIFETIME};
use crate::clock;
use crate::manager::{Problem, Violation};

/// Largest token request, in bytes.
const MAX_BODY: usize = 8 * 1024;

pub(super) fn routes() -> Routes<ManagerDoor> {
    let user = |fields: Fields| {
        fields
            .needs("username", text("Name of a user.", 1, 1024))
            .needs("password", text("Its password.", 1, 1024))
    };
    let id = || text("Id of a connected app.", 1, 1024);
    let secret = || text("Its secret.", 1, 1024);
    let grants = || {
        either([
            Fields::only("As a connected app.")
                .needs("grant_type", word(["client_credentials"]))
                .needs("client_id", id())
                .needs("client_secret", secret())
                .into(),
            user(Fields::only(
                "As a user; a connected app may be named, and is then checked too.",
            ))
            .needs("grant_type", word(["password"]))
            .may("client_id", id())
            .may("client_secret", secret())
            .into(),
        ])
    };
    Routes::new()
        .post(
            "/accounts/login",
            login,
            Operation::new("logIn", "Exchange user name and password for a token")
                .introducing()
                .json(user(Fields::only("")))
                .answers::<Token>(200, "The token."),
        )
        .post(
            "/accounts/api/v2/oauth2/token",
            token,
            Operation::new("getToken", "Exchange credentials for a token (OAuth 2)")
                .introducing()
                .json(grants())
                .body(urlencoded::MEDIA_TYPE, grants(), Required::True)
                .answers::<Token>(200, "The token."),
        )
        .under("Accounts")
}

/// An access token (RFC 6749 section 5.1).
#[derive(Serialize, ToSchema)]
struct Token {
    access_token: String,
    /// Seconds.
    expires_in: i64,
    /// `bearer`.
    token_type: &'static str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    username: String,
    password: SecretString,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenRequest {
    grant_type: String,
    client_id: Option<String>,
    client_secret: Option<SecretString>,
    username: Option<String>,
    password: Option<SecretString>,
}

async fn login(
    State(door): State<ManagerDoor>,
    headers: HeaderMap,
    request: Body,
) -> Result<Json<Token>, AnypointFailure> {
    let Login { username, password } = body::json(&headers, request, MAX_BODY).await?;
    let token = door
        .accounts
        .login(&username, password, clock::now())
        .await?;
    Ok(Json(shown(&token)))
}

async fn token(
    State(door): State<ManagerDoor>,
    headers: HeaderMap,
    request: Body,
) -> Result<Json<Token>, AnypointFailure> {
    let request: TokenRequest = if body::is_media_type(&headers, urlencoded::MEDIA_TYPE) {
        let fields = "grant_type, client_id, client_secret, username, password";
        urlencoded::urlencoded(&headers, request, MAX_BODY, fields).await?
    } else {
        body::json(&headers, request, MAX_BODY).await?
    };
    let now = clock::now();
    let token = match request.grant_type.as_str() {
        "client_credentials" => {
            let client_id = given("/client_id", request.client_id)?;
            let client_secret = given("/client_secret", request.client_secret)?;
            door.accounts.token(&client_id, client_secret, now).await?
        }
        "password" => {
            let username = given("/username", request.username)?;
            let password = given("/password", request.password)?;
            // Some clients send the names of a client that is not there.
            match request.client_id.filter(|id| !id.is_empty()) {
                Some(client_id) => {
                    let client_secret = given("/client_secret", request.client_secret)?;
                    let client = (client_id.as_str(), client_secret);
                    door.accounts
                        .token_by_password(client, &username, password, now)
                        .await?
                }
                None => door.accounts.login(&username, password, now).await?,
            }
        }
        _ => return Err(Failure::GrantType.into()),
    };
    Ok(Json(shown(&token)))
}

fn given<T>(place: &'static str, value: Option<T>) -> Result<T, Violation> {
    value.ok_or_else(|| Violation::new(place, Problem::Missing))
}

fn shown(token: &AccessToken) -> Token {
    Token {
        access_token: token.expose().to_owned(),
        expires_in: TOKEN_LIFETIME,
        token_type: "bearer",
    }
}
