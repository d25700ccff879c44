//! What many routes speak of, described once.

use std::borrow::Cow;

use sallyport_model::{Access, Collection, Permission};
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::schema::{Part, date, formatted, text, word};
use crate::store::Label;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident => $schema:expr),+ $(,)?) => {
        $(
            $(#[$doc])*
            pub(in crate::http) enum $name {}

            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    $schema.into()
                }
            }

            impl ToSchema for $name {
                fn name() -> Cow<'static, str> {
                    Cow::Borrowed(stringify!($name))
                }
            }
        )+

        /// All of them, by name.
        pub(super) fn words() -> Vec<(String, Part)> {
            vec![$((stringify!($name).to_owned(), $name::schema())),+]
        }
    };
}

words! {
    /// A UUID.
    Id => formatted("UUID, in lower case with its four dashes.", "uuid"),
    /// A time.
    Moment => formatted("Time, RFC 3339 in UTC.", "date-time"),
    /// A date.
    Day => date("Day, `YYYY-MM-DD`."),
    /// Name of a secret group.
    GroupNameText => text(
        "Name of a secret group: letters, digits and dashes, a letter first, no dash last.", 3, 35,
    )
    .pattern(Some("^[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]$")),
    /// Name of a secret, gateway or anything else that people name freely.
    NameText => text(
        "Name: no control characters, no space at either end.", 1, 128,
    )
    .pattern(Some(
        r"^[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?$",
    )),
    /// Name of an organization or environment.
    PlaceNameText => text(
        "Name: letters, digits, single spaces, dashes, underscores and dots, a letter or digit at \
         both ends; not one of all, me, null, root, sys, system, unclassified.",
        1,
        64,
    )
    .pattern(Some("^[A-Za-z0-9]([A-Za-z0-9 ._-]*[A-Za-z0-9])?$")),
    /// Name of a user.
    UsernameText => text("Name of a user; upper and lower case are not told apart.", 2, 64),
    /// What somebody may do in an environment.
    PermissionWord => word(Permission::ALL.map(Permission::as_str)),
    /// What a grant allows.
    AccessWord => word([Access::Read, Access::Write, Access::Manage].map(Access::as_str)),
    /// What an actor is.
    ActorKindWord => word(["user", "connectedApp", "gateway"]),
    /// A kind of secret.
    CollectionWord => word(Collection::ALL.map(Collection::as_str)),
    /// What a version is to its secret.
    LabelWord => word([Label::Current, Label::Previous, Label::Pending].map(Label::as_str)),
}

/// Something was made.
///
/// Warnings are absent if there are none.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Created {
    /// For people.
    pub(in crate::http) message: Cow<'static, str>,
    /// Its id.
    #[schema(value_type = Id)]
    pub(in crate::http) id: String,
    /// What its maker should know, such as a date that is near.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(in crate::http) warnings: Vec<String>,
}

/// Something was done.
///
/// Warnings are absent if there are none.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Message {
    /// For people.
    pub(in crate::http) message: Cow<'static, str>,
    /// What the writer should know, such as a date that is near.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(in crate::http) warnings: Vec<String>,
}

impl Created {
    /// Something with an id, and nothing to warn of.
    pub(in crate::http) fn new(message: impl Into<Cow<'static, str>>, id: impl ToString) -> Self {
        Self {
            message: message.into(),
            id: id.to_string(),
            warnings: Vec::new(),
        }
    }
}

impl Message {
    /// Nothing to warn of.
    pub(in crate::http) fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            message: message.into(),
            warnings: Vec::new(),
        }
    }
}
