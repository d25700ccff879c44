//! Errors, in both shapes.

use utoipa::openapi::{ContentBuilder, HeaderBuilder, Ref, Response, ResponseBuilder};

use super::schema::{Fields, Part, list, number, text};
use crate::http::shape::Shape;

/// The components of errors.
pub(super) fn components() -> [(&'static str, Part); 5] {
    let sentence = || text("For people.", 1, 10_000);
    let name = || text("The status in words.", 1, 40);
    let place = Fields::only("A place of the request that is not right.")
        .needs("code", text("For programs.", 1, 40))
        .needs("message", sentence())
        .needs(
            "dataPath",
            text(
                "JSON pointer, or name of a form part; empty for the whole.",
                0,
                10_000,
            ),
        )
        .needs("keyword", text("The same as `code`.", 1, 40));
    let user = Fields::only("A secret that refers to the one in question.")
        .needs(
            "collection",
            super::schema::named::<super::CollectionWord>(),
        )
        .needs("id", super::schema::named::<super::Id>())
        .needs("name", super::schema::named::<super::NameText>())
        .needs("path", text("`<collection>/<id>`.", 1, 80));
    [
        (
            "Error",
            Fields::only("An error, as Anypoint's clients read it.")
                .needs("name", name())
                .needs("message", sentence())
                .into(),
        ),
        (
            "InvalidError",
            Fields::only("A request that is not right, with the places that were found.")
                .needs("name", name())
                .needs("message", sentence())
                .needs("errors", list(place))
                .into(),
        ),
        (
            "ConflictError",
            Fields::only("A request that meets somebody else's doing.")
                .needs("name", name())
                .needs("message", sentence())
                .may("users", list(user))
                .into(),
        ),
        ("Problem", problem().into()),
        (
            "RequestId",
            text(
                "The request's `x-request-id`: yours if it has 1 to 64 letters, digits, dots, dashes \
                 and underscores, else one of ours.",
                1,
                64,
            )
            .pattern(Some("^[A-Za-z0-9._-]+$"))
            .into(),
        ),
    ]
}

fn problem() -> Fields {
    Fields::only("A problem document (RFC 9457).")
        .needs("type", text("Always `about:blank`.", 1, 20))
        .needs("title", text("The status in words.", 1, 40))
        .needs("status", number("The status.", 400, 599))
        .needs("code", text("For programs.", 1, 40))
        .needs("detail", text("For people.", 1, 10_000))
        .may(
            "pointer",
            text(
                "JSON pointer to the place that is not right; empty for the whole.",
                0,
                10_000,
            ),
        )
        .may("requestId", Ref::from_schema_name("RequestId"))
}

/// Every status of a refusal.
const STATUSES: [u16; 12] = [400, 401, 403, 404, 408, 409, 412, 413, 415, 429, 500, 503];

/// The name of the answer of a status at a path of this shape.
pub(super) fn refusal(status: u16, shape: Shape) -> Ref {
    Ref::from_response_name(name(status, shape))
}

/// The answers of all refusals, by name.
pub(super) fn responses() -> impl Iterator<Item = (String, Response)> {
    [Shape::Anypoint, Shape::Problem]
        .into_iter()
        .flat_map(|shape| STATUSES.map(|status| (name(status, shape), response(status, shape))))
}

fn name(status: u16, shape: Shape) -> String {
    match shape {
        Shape::Anypoint => format!("Error{status}"),
        Shape::Problem => format!("Problem{status}"),
    }
}

fn response(status: u16, shape: Shape) -> Response {
    let (media_type, component) = match (shape, status) {
        (Shape::Anypoint, 400) => ("application/json", "InvalidError"),
        (Shape::Anypoint, 409) => ("application/json", "ConflictError"),
        (Shape::Anypoint, _) => ("application/json", "Error"),
        (Shape::Problem, _) => ("application/problem+json", "Problem"),
    };
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(component)))
        .build();
    let response = ResponseBuilder::new()
        .description(reason(status))
        .content(media_type, content);
    let header = match status {
        401 => Some((
            "WWW-Authenticate",
            text("How to authenticate: `Bearer`.", 1, 20),
        )),
        429 => Some((
            "Retry-After",
            text("In how many seconds there may be more.", 1, 10).pattern(Some("^[0-9]+$")),
        )),
        _ => None,
    };
    match header {
        Some((name, schema)) => {
            let header = HeaderBuilder::new().schema(Some(schema)).build();
            response.header(name, header).build()
        }
        None => response.build(),
    }
}

const fn reason(status: u16) -> &'static str {
    match status {
        400 => "The request is not right; the answer names the place.",
        401 => "The token, or what should be exchanged for one, is missing, wrong or has ended.",
        403 => "The caller may see this, but not do that.",
        404 => "There is no such thing, or the caller may not see it.",
        408 => "The body was not there in time.",
        409 => "It exists already, is in use, or somebody else is changing it.",
        412 => "Another version than the one in If-Match is current.",
        413 => "The body is too large.",
        415 => "The body has another media type than the route takes, or is compressed.",
        429 => "Too many requests from this client.",
        503 => "The store does not answer.",
        _ => "A fault of the vault; its log says why.",
    }
}
