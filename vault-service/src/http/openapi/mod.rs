//! What the public door takes and answers, in the words of OpenAPI 3.1.
//!
//! A route is made together with its description: [`Routes`] takes both or neither, so there is no
//! route without one. What follows from the kind of route (who may call it, what a body can be refused
//! for, the shape of errors at its path) is not written down again at each of them.

mod document;
pub(super) mod kinds;
mod operation;
mod refusals;
mod routes;
mod schema;
mod words;

pub(super) use document::document;
pub(super) use operation::Operation;
pub(super) use routes::Routes;
pub(super) use schema::{Fields, either, flag, list, named, number, text, word};
pub(super) use utoipa::openapi::HttpMethod;
pub(super) use words::{
    AccessWord, ActorKindWord, CollectionWord, Created, Day, GroupNameText, Id, LabelWord, Message,
    Moment, NameText, PermissionWord, PlaceNameText, UsernameText,
};
