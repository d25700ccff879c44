//! One spelling per path. What is not spelled that way is refused before a route is chosen, so that
//! nothing behind decides on another string than the router did.

use axum::extract::Request;
use axum::http::{StatusCode, Uri, uri::PathAndQuery};
use axum::middleware::Next;
use axum::response::Response;
use sallyport_model::Collection;
use thiserror::Error;
use uuid::Uuid;

use crate::http::shape::Shape;

/// How a path is not spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
enum Misspelling {
    #[error("the path starts with a slash")]
    NoSlash,
    #[error(
        "byte {at} of the path does not belong there; there are letters, digits, dots, dashes, \
         underscores and slashes, none of them percent-encoded"
    )]
    Character { at: usize },
    #[error("the path has an empty segment: two slashes in a row, or one at the end")]
    EmptySegment,
    #[error("the path has the segment \".\" or \"..\"")]
    DotSegment,
    #[error("an id is written in lower case, with its four dashes")]
    Id,
}

/// Refuses paths in other spellings than the canonical one.
pub(super) async fn require(mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    match canonical(path) {
        Ok(routed) if routed.len() == path.len() => {}
        Ok(routed) => *request.uri_mut() = with_path(request.uri(), routed),
        Err(misspelling) => {
            return Shape::of(path).answer(
                StatusCode::BAD_REQUEST,
                "not_canonical_path",
                &misspelling.to_string(),
            );
        }
    }
    next.run(request).await
}

/// The path to choose a route by: the same, or without the slash that Anypoint's lists may end with.
fn canonical(path: &str) -> Result<&str, Misspelling> {
    let inner = path.strip_prefix('/').ok_or(Misspelling::NoSlash)?;
    if let Some(at) = path.bytes().position(|byte| !belongs(byte)) {
        return Err(Misspelling::Character { at });
    }
    let (inner, routed) = match (inner.strip_suffix('/'), path.strip_suffix('/')) {
        (Some(shorter), Some(routed)) if is_list(shorter) => (shorter, routed),
        _ => (inner, path),
    };
    if !inner.is_empty() {
        inner.split('/').try_for_each(check_segment)?;
    }
    Ok(routed)
}

fn belongs(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/._-".contains(&byte)
}

fn check_segment(segment: &str) -> Result<(), Misspelling> {
    match segment {
        "" => Err(Misspelling::EmptySegment),
        "." | ".." => Err(Misspelling::DotSegment),
        _ => match Uuid::parse_str(segment) {
            Ok(id) if id.to_string() != segment => Err(Misspelling::Id),
            _ => Ok(()),
        },
    }
}

/// Whether this is a list in Anypoint's part: the groups of an environment, a collection of a group.
fn is_list(inner: &str) -> bool {
    let mut segments = inner.split('/');
    let starts = ["secrets-manager", "api", "v1", "organizations"]
        .iter()
        .all(|word| segments.next() == Some(word));
    let groups = segments.nth(1) == Some("environments") && segments.nth(1) == Some("secretGroups");
    let (group, collection) = (segments.next(), segments.next());
    let listed = match (group, collection) {
        (None, _) => true,
        (Some(_), Some(collection)) => collection.parse::<Collection>().is_ok(),
        (Some(_), None) => false,
    };
    starts && groups && listed && segments.next().is_none()
}

fn with_path(uri: &Uri, path: &str) -> Uri {
    let path_and_query = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = PathAndQuery::try_from(path_and_query).ok();
    Uri::from_parts(parts).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const E: &str = "/secrets-manager/api/v1/organizations/11111111-1111-4111-8111-1111111111aa/environments/22222222-2222-4222-8222-2222222222bb";
    const G: &str = "33333333-3333-4333-8333-3333333333cc";

    fn spelled(path: &str) -> Result<String, Misspelling> {
        canonical(path).map(str::to_owned)
    }

    #[test]
    fn canonical_paths_are_routed_as_they_are() {
        for path in [
            "/".to_owned(),
            "/livez".to_owned(),
            "/openapi.json".to_owned(),
            "/accounts/api/v2/oauth2/token".to_owned(),
            "/accounts/api/users/me".to_owned(),
            "/cli/api/v1/analytics/event".to_owned(),
            "/no-such/route_at.all".to_owned(),
            "/...".to_owned(),
            format!("{E}/secretGroups"),
            format!("{E}/secretGroups/{G}"),
            format!("{E}/secretGroups/{G}/tlsContexts/{G}"),
            format!("{E}/secretGroups/not-an-id/keystores"),
            "/secrets-manager/api/v1/organizations/o/environments/unclassified/secretGroups"
                .to_owned(),
        ] {
            assert_eq!(spelled(&path), Ok(path.clone()));
        }
    }

    #[test]
    fn lists_of_anypoint_may_end_with_one_slash_and_nothing_else_may() {
        for path in [
            format!("{E}/secretGroups"),
            format!("{E}/secretGroups/{G}/sharedSecrets"),
            format!("{E}/secretGroups/{G}/certificatePinsets"),
        ] {
            assert_eq!(spelled(&format!("{path}/")), Ok(path.clone()));
            assert_eq!(
                spelled(&format!("{path}//")),
                Err(Misspelling::EmptySegment),
                "{path}"
            );
        }
        let own = E.replace("/secrets-manager", "");
        for path in [
            "/livez/".to_owned(),
            "/accounts/".to_owned(),
            format!("{E}/"),
            format!("{E}/secretGroups/{G}/"),
            format!("{E}/secretGroups/{G}/nothings/"),
            format!("{E}/secretGroups/{G}/keystores/{G}/"),
            format!("{E}/secretGroups/{G}/keystores/{G}/keystores/"),
            format!("{own}/secretGroups/"),
            format!("{own}/gateways/"),
            format!("{own}/secretGroups/{G}/grants/"),
        ] {
            assert_eq!(spelled(&path), Err(Misspelling::EmptySegment), "{path}");
        }
    }

    #[test]
    fn every_other_spelling_of_a_route_is_refused() {
        use Misspelling::{Character, DotSegment, EmptySegment, Id, NoSlash};
        let group = format!("{E}/secretGroups/{G}");
        let at = group.len();
        let table = [
            // Slashes.
            (format!("/{E}/secretGroups"), EmptySegment),
            (format!("{E}//secretGroups"), EmptySegment),
            (format!("{E}/secretGroups//{G}"), EmptySegment),
            (format!("{E}///secretGroups/"), EmptySegment),
            ("//".to_owned(), EmptySegment),
            ("//livez".to_owned(), EmptySegment),
            ("///".to_owned(), EmptySegment),
            // Segments that go nowhere, or up.
            (format!("/.{E}/secretGroups"), DotSegment),
            (format!("{E}/./secretGroups"), DotSegment),
            (format!("{E}/../secretGroups"), DotSegment),
            (format!("{group}/keystores/.."), DotSegment),
            (format!("{group}/keystores/."), DotSegment),
            (format!("{group}/keystores/../../"), DotSegment),
            ("/livez/..".to_owned(), DotSegment),
            ("/..".to_owned(), DotSegment),
            // Percent-encoding of anything: slash, dot, letter, NUL, twice, malformed.
            (format!("{group}%2fkeystores"), Character { at }),
            (format!("{group}%2Fkeystores"), Character { at }),
            (format!("{group}/%6beystores"), Character { at: at + 1 }),
            (format!("{group}/%6Beystores"), Character { at: at + 1 }),
            (format!("{group}/%2e"), Character { at: at + 1 }),
            (format!("{group}/%2e%2e"), Character { at: at + 1 }),
            (format!("{group}/%2E./keystores"), Character { at: at + 1 }),
            (format!("{group}/.%2e/keystores"), Character { at: at + 2 }),
            (format!("{group}%00"), Character { at }),
            (format!("{group}/keystores%00"), Character { at: at + 10 }),
            (format!("{group}%252fkeystores"), Character { at }),
            (format!("{group}%c0%afkeystores"), Character { at }),
            (format!("{group}%"), Character { at }),
            (format!("{group}%zz"), Character { at }),
            (format!("{group}%20"), Character { at }),
            (
                format!("{group}/keystores%3Ftype=PEM"),
                Character { at: at + 10 },
            ),
            (format!("{group}/keystores%23"), Character { at: at + 10 }),
            ("/%61ccounts/api/me".to_owned(), Character { at: 1 }),
            ("/%2e%2e/livez".to_owned(), Character { at: 1 }),
            // Characters no route has.
            (format!("{group}\0"), Character { at }),
            (format!("{group};v=1"), Character { at }),
            (format!("{group}/keystores;/"), Character { at: at + 10 }),
            (format!("{group}\\keystores"), Character { at }),
            (format!("{group}/keystores+"), Character { at: at + 10 }),
            (format!("{group}/*"), Character { at: at + 1 }),
            (format!("{group}/~"), Character { at: at + 1 }),
            (format!("{group}/keystores:"), Character { at: at + 10 }),
            (format!("{group}/key,stores"), Character { at: at + 4 }),
            (format!("{group}/k\u{435}ystores"), Character { at: at + 2 }),
            (
                format!("{group}/keystores\u{200b}"),
                Character { at: at + 10 },
            ),
            (format!("{group}\u{2215}keystores"), Character { at }),
            (format!("{group}\t"), Character { at }),
            (format!("{group}\r\nkeystores"), Character { at }),
            // Ids in other spellings of the same id.
            (format!("{E}/secretGroups/{}", G.to_uppercase()), Id),
            (format!("{E}/secretGroups/{}", G.replace('-', "")), Id),
            (format!("{E}/secretGroups/{}", G.replacen('c', "C", 1)), Id),
            (format!("{}/secretGroups", E.replace("aa/", "AA/")), Id),
            (format!("{}/secretGroups", E.replace("bb", "Bb")), Id),
            (
                format!("{E}/secretGroups/{{{G}}}"),
                Character { at: E.len() + 14 },
            ),
            (
                format!("{E}/secretGroups/urn:uuid:{G}"),
                Character { at: E.len() + 17 },
            ),
            // Not a path.
            (String::new(), NoSlash),
            ("*".to_owned(), NoSlash),
            ("livez".to_owned(), NoSlash),
        ];
        assert!(table.len() >= 55, "{}", table.len());
        for (path, misspelling) in table {
            assert_eq!(spelled(&path), Err(misspelling), "{path:?}");
        }
    }

    #[test]
    fn the_query_survives_the_slash() {
        let uri: Uri = format!("https://vault{E}/secretGroups/?downloadable=true")
            .parse()
            .unwrap();
        let routed = canonical(uri.path()).unwrap();
        assert_eq!(
            with_path(&uri, routed).to_string(),
            format!("https://vault{E}/secretGroups?downloadable=true")
        );
    }
}
