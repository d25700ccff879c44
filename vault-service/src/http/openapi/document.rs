//! The document as a whole.

use std::collections::BTreeMap;

use utoipa::openapi::path::{PathItem, Paths};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder};

use super::refusals;
use super::routes::Routes;
use super::words::words;

/// Name of the security scheme.
pub(super) const TOKEN: &str = "token";

const DESCRIPTION: &str = "The public door of the vault: secrets go in, and only what is known about them \
comes out.\n\nPaths under `/secrets-manager` and `/accounts` are Anypoint's and answer errors in its shape; \
those under `/api/v1` are our own and answer with problem documents (RFC 9457).\n\nA path has one spelling: \
no percent-encoding, no empty or dot segments, ids in lower case. JSON bodies are at most 1 MiB, 32 levels \
deep and 10,000 values and keys long; a field that is null counts as absent, and so does an empty text \
in an upload; forms have at most 16 parts. A client has a quota of requests, by the \
address it comes from.";

/// The description of these routes.
pub(in crate::http) fn document<S: Clone + Send + Sync + 'static>(routes: Routes<S>) -> OpenApi {
    let mut components = BTreeMap::new();
    let mut paths = Paths::new();
    for described in routes.into_described() {
        components.extend(described.operation.components());
        let operation =
            described
                .operation
                .build(&described.method, &described.path, described.tag);
        paths
            .paths
            .entry(described.path)
            .or_default()
            .merge_operations(PathItem::new(described.method, operation));
    }
    components.extend(words());
    components.extend(refusals::components().map(|(name, schema)| (name.to_owned(), schema)));
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "Access token of `POST /accounts/api/v2/oauth2/token` or `POST /accounts/login`.",
        ))
        .build();
    let license = LicenseBuilder::new()
        .name("Apache-2.0")
        .identifier(Some("Apache-2.0"))
        .build();
    let components = ComponentsBuilder::new()
        .schemas_from_iter(components)
        .responses_from_iter(refusals::responses())
        .security_scheme(TOKEN, SecurityScheme::Http(token));
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Sallyport Secrets Manager")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(DESCRIPTION))
                .license(Some(license))
                .build(),
        )
        .paths(paths)
        .components(Some(components.build()))
        .build()
}
