//! Signing in: the routes that give tokens.

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Json, Router};
use sallyport_model::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::{body, urlencoded};
use super::ManagerDoor;
use super::failure::{AnypointFailure, Failure};
use crate::accounts::{AccessToken, TOKEN_LIFETIME};
use crate::clock;
use crate::manager::{Problem, Violation};

/// Largest token request, in bytes.
const MAX_BODY: usize = 8 * 1024;

pub(super) fn routes() -> Router<ManagerDoor> {
    Router::new()
        .route("/accounts/login", post(login))
        .route("/accounts/api/v2/oauth2/token", post(token))
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
) -> Result<Json<Value>, AnypointFailure> {
    let Login { username, password } = body::json(&headers, request, MAX_BODY).await?;
    let token = door
        .accounts
        .login(&username, password, clock::now())
        .await?;
    Ok(Json(token_json(&token)))
}

async fn token(
    State(door): State<ManagerDoor>,
    headers: HeaderMap,
    request: Body,
) -> Result<Json<Value>, AnypointFailure> {
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
        other => {
            let grant_type = other.chars().take(40).collect();
            return Err(Failure::GrantType { grant_type }.into());
        }
    };
    Ok(Json(token_json(&token)))
}

fn given<T>(place: &'static str, value: Option<T>) -> Result<T, Violation> {
    value.ok_or_else(|| Violation::new(place, Problem::Missing))
}

fn token_json(token: &AccessToken) -> Value {
    json!({
        "access_token": token.expose(),
        "expires_in": TOKEN_LIFETIME,
        "token_type": "bearer",
    })
}
