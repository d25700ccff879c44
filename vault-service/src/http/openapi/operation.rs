//! The description of one route and method.

use std::collections::BTreeSet;

use utoipa::ToSchema;
use utoipa::openapi::path::{self, HttpMethod, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::ObjectBuilder;
use utoipa::openapi::{
    ContentBuilder, HeaderBuilder, Required, Response, ResponseBuilder, SecurityRequirement,
};

use super::document::TOKEN;
use super::refusals::refusal;
use super::schema::{self, Part, text};
use crate::http::shape::Shape;

/// What a route takes and answers. Refusals that follow from the rest are not named: see
/// [`Operation::refusals`].
#[derive(Clone)]
pub(in crate::http) struct Operation {
    id: String,
    summary: String,
    caller: CallerOf,
    parameters: Vec<Parameter>,
    body: Option<RequestBody>,
    answers: Vec<(u16, Response)>,
    more_refusals: BTreeSet<u16>,
    components: Vec<(String, Part)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum CallerOf {
    /// With a token, about things some may not see.
    Known,
    /// With client credentials or a password in the body.
    Introducing,
    /// Anybody, and the store is asked.
    Anybody,
    /// Anybody, and nothing is asked.
    Alone,
}

impl Operation {
    /// A route for callers with a token.
    pub(in crate::http) fn new(id: impl Into<String>, summary: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            summary: summary.into(),
            caller: CallerOf::Known,
            parameters: Vec::new(),
            body: None,
            answers: Vec::new(),
            more_refusals: BTreeSet::new(),
            components: Vec::new(),
        }
    }

    /// A route where the caller says in the body who it is.
    pub(in crate::http) fn introducing(mut self) -> Self {
        self.caller = CallerOf::Introducing;
        self
    }

    /// A route that anybody may ask.
    pub(in crate::http) fn for_anybody(mut self) -> Self {
        self.caller = CallerOf::Anybody;
        self
    }

    /// A route that anybody may ask and that asks nobody else.
    pub(in crate::http) fn alone(mut self) -> Self {
        self.caller = CallerOf::Alone;
        self
    }

    /// A query parameter that need not be there.
    pub(in crate::http) fn query(mut self, name: &str, schema: ObjectBuilder) -> Self {
        self.parameters.push(query(name, schema, Required::False));
        self
    }

    /// A query parameter that must be there.
    pub(in crate::http) fn required_query(mut self, name: &str, schema: ObjectBuilder) -> Self {
        self.parameters.push(query(name, schema, Required::True));
        self
    }

    /// A route that can be made to depend on the version the caller has seen.
    pub(in crate::http) fn if_match(mut self) -> Self {
        let tag = text(
            "`ETag` of the version you have seen, such as `\"3\"`, several of them, or `*`. 412 if \
             another one is current.",
            0,
            1024,
        );
        self.parameters.push(
            ParameterBuilder::new()
                .name("If-Match")
                .parameter_in(ParameterIn::Header)
                .required(Required::False)
                .schema(Some(tag.pattern(Some(IF_MATCH))))
                .build(),
        );
        self.may(412)
    }

    /// A JSON body.
    pub(in crate::http) fn json(self, schema: impl Into<Part>) -> Self {
        self.body("application/json", schema, Required::True)
    }

    /// A JSON body that may be left out.
    pub(in crate::http) fn optional_json(self, schema: impl Into<Part>) -> Self {
        self.body("application/json", schema, Required::False)
    }

    /// A form with parts.
    pub(in crate::http) fn form(self, schema: impl Into<Part>) -> Self {
        self.body("multipart/form-data", schema, Required::True)
    }

    /// One more media type of the body.
    pub(in crate::http) fn body(
        mut self,
        media_type: &str,
        schema: impl Into<Part>,
        required: Required,
    ) -> Self {
        let content = ContentBuilder::new().schema(Some(schema.into())).build();
        let body = self.body.take().unwrap_or_default();
        let body = RequestBodyBuilder::from(body)
            .content(media_type, content)
            .required(Some(required));
        self.body = Some(body.build());
        self
    }

    /// An answer with a type of ours.
    pub(in crate::http) fn answers<T: ToSchema>(self, status: u16, description: &str) -> Self {
        self.with_components_of::<T>()
            .answers_with(status, description, schema::named::<T>())
    }

    /// An answer with a list of a type of ours.
    pub(in crate::http) fn answers_list<T: ToSchema>(self, description: &str) -> Self {
        let items = schema::list(schema::named::<T>());
        self.with_components_of::<T>()
            .answers_with(200, description, items)
    }

    /// An answer with a schema.
    pub(in crate::http) fn answers_with(
        mut self,
        status: u16,
        description: &str,
        schema: impl Into<Part>,
    ) -> Self {
        let content = ContentBuilder::new().schema(Some(schema.into())).build();
        let response = ResponseBuilder::new()
            .description(description)
            .content("application/json", content);
        self.answers.push((status, response.build()));
        self
    }

    /// An answer with text.
    pub(in crate::http) fn answers_text(mut self, description: &str) -> Self {
        let content = ContentBuilder::new()
            .schema(Some(
                ObjectBuilder::new().schema_type(utoipa::openapi::schema::Type::String),
            ))
            .build();
        let response = ResponseBuilder::new()
            .description(description)
            .content("text/plain", content);
        self.answers.push((200, response.build()));
        self
    }

    /// An answer without a body.
    pub(in crate::http) fn answers_nothing(mut self, description: &str) -> Self {
        self.answers.push((204, Response::new(description)));
        self
    }

    /// The answer before this carries the `ETag` of the version.
    pub(in crate::http) fn tagged(mut self) -> Self {
        let tag = text("Number of the version, in quotes.", 3, 22).pattern(Some("^\"[0-9]+\"$"));
        if let Some((_, response)) = self.answers.last_mut() {
            let header = HeaderBuilder::new().schema(Some(tag)).build();
            response.headers.insert("ETag".to_owned(), header.into());
        }
        self
    }

    /// A refusal that does not follow from the rest.
    pub(in crate::http) fn may(mut self, status: u16) -> Self {
        self.more_refusals.insert(status);
        self
    }

    /// A component that schemas of this operation name.
    pub(in crate::http) fn component(mut self, name: &str, schema: impl Into<Part>) -> Self {
        self.components.push((name.to_owned(), schema.into()));
        self
    }

    fn with_components_of<T: ToSchema>(mut self) -> Self {
        self.components.push((T::name().into_owned(), T::schema()));
        T::schemas(&mut self.components);
        self
    }

    /// Components that its schemas name.
    pub(super) fn components(&self) -> impl Iterator<Item = (String, Part)> + '_ {
        self.components.iter().cloned()
    }

    /// The description at a path.
    pub(super) fn build(self, method: &HttpMethod, path: &str, tag: &str) -> path::Operation {
        let shape = Shape::of(path);
        let refusals = self.refusals(method, path);
        let mut operation = path::OperationBuilder::new()
            .operation_id(Some(self.id))
            .summary(Some(self.summary))
            .tag(tag)
            .request_body(self.body);
        for parameter in path_parameters(path).chain(self.parameters) {
            operation = operation.parameter(parameter);
        }
        let nobody: [&str; 0] = [];
        operation = match self.caller {
            CallerOf::Known => operation.security(SecurityRequirement::new(TOKEN, nobody)),
            _ => operation.securities(Some([])),
        };
        for (status, response) in self.answers {
            operation = operation.response(status.to_string(), response);
        }
        for status in refusals {
            operation = operation.response(status.to_string(), refusal(status, shape));
        }
        operation.build()
    }

    /// Every status but those of success. Any request may be misspelled, one too many or meet a
    /// fault; one with a token may have none, be about something the caller cannot see, or may not
    /// change, or somebody else is changing; a body may be slow, large or of another type.
    fn refusals(&self, method: &HttpMethod, path: &str) -> BTreeSet<u16> {
        let mut statuses = self.more_refusals.clone();
        statuses.extend([400, 429, 500]);
        let changes = *method != HttpMethod::Get;
        match self.caller {
            CallerOf::Known => {
                statuses.extend([401, 503]);
                if path.contains('{') {
                    statuses.extend([403, 404]);
                }
                if changes {
                    statuses.extend([403, 409]);
                }
            }
            CallerOf::Introducing => statuses.extend([401, 503]),
            CallerOf::Anybody => statuses.extend([503]),
            CallerOf::Alone => {}
        }
        if self.body.is_some() {
            statuses.extend([408, 413, 415]);
        }
        statuses
    }
}

/// `*`, or entity tags with commas between them; none of them fits none.
const IF_MATCH: &str = r#"^(\*|(W/)?"[^" ,]*"( *, *(W/)?"[^" ,]*")*)?$"#;

fn query(name: &str, schema: ObjectBuilder, required: Required) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(required)
        .schema(Some(schema))
        .build()
}

/// The parameters a template names.
fn path_parameters(path: &str) -> impl Iterator<Item = Parameter> {
    let names = path
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    names.map(|name| {
        let schema = match name {
            "version" => schema::number("Number of a version.", 1, i64::MAX).into(),
            _ => schema::named::<super::Id>(),
        };
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .schema(Some(schema))
            .build()
    })
}
