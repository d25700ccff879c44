//! Schemas, in few words.

use utoipa::ToSchema;
use utoipa::openapi::schema::{
    AdditionalProperties, AnyOfBuilder, ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema,
    SchemaFormat, Type,
};
use utoipa::openapi::{Ref, RefOr};

/// A schema, or the name of one.
pub(in crate::http) type Part = RefOr<Schema>;

/// An object and its fields.
pub(in crate::http) struct Fields(ObjectBuilder);

impl Fields {
    /// An object with the fields that follow and no others.
    pub(in crate::http) fn only(description: &str) -> Self {
        Self::open(description).closed()
    }

    /// An object that may have fields nobody tells of here.
    pub(in crate::http) fn open(description: &str) -> Self {
        Self(
            ObjectBuilder::new()
                .schema_type(Type::Object)
                .description((!description.is_empty()).then_some(description)),
        )
    }

    fn closed(self) -> Self {
        Self(
            self.0
                .additional_properties(Some(AdditionalProperties::FreeForm(false))),
        )
    }

    /// A field that is always there.
    pub(in crate::http) fn needs(self, name: &str, schema: impl Into<Part>) -> Self {
        Self(self.0.property(name, schema).required(name))
    }

    /// A field that may be there.
    pub(in crate::http) fn may(self, name: &str, schema: impl Into<Part>) -> Self {
        Self(self.0.property(name, schema))
    }

    /// With at least so many of its fields.
    pub(in crate::http) fn at_least(self, fields: usize) -> Self {
        Self(self.0.min_properties(Some(fields)))
    }
}

impl From<Fields> for Part {
    fn from(fields: Fields) -> Self {
        Self::T(Schema::Object(fields.0.build()))
    }
}

/// The component of a type, by name.
pub(in crate::http) fn named<T: ToSchema>() -> Part {
    Ref::from_schema_name(T::name()).into()
}

/// Text of so many characters.
pub(in crate::http) fn text(description: &str, least: usize, most: usize) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .min_length(Some(least))
        .max_length(Some(most))
}

/// Text with a format.
pub(super) fn formatted(description: &str, format: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .format(Some(SchemaFormat::Custom(format.to_owned())))
}

/// One of these words.
pub(in crate::http) fn word<'a>(words: impl IntoIterator<Item = &'a str>) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(words))
}

/// A whole number from `least` to `most`.
pub(in crate::http) fn number(description: &str, least: i64, most: i64) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .description(Some(description))
        .minimum(Some(least))
        .maximum(Some(most))
}

/// True or false.
pub(in crate::http) fn flag(description: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Boolean)
        .description((!description.is_empty()).then_some(description))
}

/// A day, as text.
pub(in crate::http) fn date(description: &str) -> ObjectBuilder {
    formatted(description, "date")
}

/// A list.
pub(in crate::http) fn list(items: impl Into<Part>) -> ArrayBuilder {
    ArrayBuilder::new().items(items.into())
}

/// One of these forms. They differ in a word that each of them needs, so there never are two; what
/// makes requests up from the description cannot look for a second one where files are.
pub(super) fn form_of(parts: impl IntoIterator<Item = Part>) -> Part {
    let any_of = parts
        .into_iter()
        .fold(AnyOfBuilder::new(), AnyOfBuilder::item);
    Part::T(Schema::AnyOf(any_of.build()))
}

/// Exactly one of these.
pub(in crate::http) fn either(parts: impl IntoIterator<Item = Part>) -> Part {
    let one_of = parts
        .into_iter()
        .fold(OneOfBuilder::new(), OneOfBuilder::item);
    Part::T(Schema::OneOf(one_of.build()))
}
