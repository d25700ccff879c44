//! Envoy's configuration, searched for TLS and for the contexts that filters and SDS name.

use std::path::Path;

use sallyport_model::{Collection, Field, Reference};
use serde_json::Value;

use super::render::Direction;
use crate::error::Error;
use crate::private_file;

/// Largest configuration that is read, in bytes.
const MAX_YAML: u64 = 4 * 1024 * 1024;

/// Deepest nesting that is searched.
const MAX_DEPTH: usize = 64;

/// One transport socket with TLS, and what stands beside it.
pub(super) struct TlsSocket {
    /// Where its typed configuration is (JSON pointer).
    pub(super) place: String,
    pub(super) direction: Direction,
    pub(super) configuration: Value,
    /// Names of SDS resources of TLS contexts, and where.
    pub(super) sds: Vec<(String, SdsName)>,
    /// TLS contexts that filters of the same listener or cluster name.
    pub(super) filters: Vec<Reference>,
}

/// The name of an SDS resource that starts like a reference.
pub(super) enum SdsName {
    /// Of a TLS context.
    Context(Reference, Field),
    /// Of a shared secret.
    Value,
    /// Of nothing.
    Bad(String),
}

/// Reads a file, YAML or JSON.
pub(super) fn read(path: &Path) -> Result<Value, Error> {
    let bytes = private_file::read(path, MAX_YAML)?;
    let syntax = |reason: String| Error::FileSyntax {
        path: path.to_owned(),
        reason,
    };
    let text = std::str::from_utf8(&bytes).map_err(|error| syntax(error.to_string()))?;
    serde_saphyr::from_str(text).map_err(|error| syntax(error.to_string()))
}

/// Every transport socket with TLS below a value.
pub(super) fn sockets(configuration: &Value) -> Vec<TlsSocket> {
    let mut found = Vec::new();
    visit(configuration, String::new(), 0, &mut |owner, place| {
        let Some(socket) = owner.pointer("/transport_socket/typed_config") else {
            return;
        };
        let kind = socket
            .get("@type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let direction = match kind.rsplit('.').next() {
            Some("DownstreamTlsContext") => Direction::Downstream,
            Some("UpstreamTlsContext") => Direction::Upstream,
            _ => return,
        };
        let place = format!("{place}/transport_socket/typed_config");
        found.push(TlsSocket {
            sds: sds_names(socket, &place),
            filters: filter_contexts(owner, direction),
            configuration: socket.clone(),
            direction,
            place,
        });
    });
    found
}

fn sds_names(socket: &Value, place: &str) -> Vec<(String, SdsName)> {
    let mut names = Vec::new();
    visit(socket, place.to_owned(), 0, &mut |value, place| {
        let name = value.get("name").and_then(Value::as_str);
        let (Some(name), Some(_)) = (name, value.get("sds_config")) else {
            return;
        };
        // Others are short names that the vault's settings know, or other servers' names.
        if name.starts_with("secret://") {
            names.push((format!("{place}/name"), SdsName::read(name)));
        }
    });
    names
}

impl SdsName {
    fn read(name: &str) -> Self {
        let mut reference: Reference = match name.parse() {
            Ok(reference) => reference,
            Err(error) => return Self::Bad(format!("{error}")),
        };
        match (reference.collection, reference.field.take()) {
            (_, None) => Self::Bad("it does not say what is wanted, like #certificate".to_owned()),
            (Collection::SharedSecrets, Some(_)) => Self::Value,
            (Collection::TlsContexts, Some(part))
                if ["certificate", "validation", "partialValidation"].contains(&part.as_str()) =>
            {
                Self::Context(reference, part)
            }
            (collection, Some(part)) => {
                Self::Bad(format!("{collection} have no #{}", part.as_str()))
            }
        }
    }
}

/// Contexts in the configurations of this project's filters: JSON in a string.
fn filter_contexts(owner: &Value, direction: Direction) -> Vec<Reference> {
    let side = match direction {
        Direction::Downstream => "downstream",
        Direction::Upstream => "upstream",
    };
    let mut contexts = Vec::new();
    visit(owner, String::new(), 0, &mut |value, _| {
        let text = value
            .pointer("/configuration/value")
            .and_then(Value::as_str);
        let policy = text.and_then(|text| serde_json::from_str::<Value>(text).ok());
        let Some(policy) = policy
            .as_ref()
            .filter(|policy| policy.get("vault").is_some())
        else {
            return;
        };
        visit(policy, String::new(), 0, &mut |value, place| {
            let context = value.get("tlsContext").and_then(Value::as_str);
            let reference = context.and_then(|context| context.parse::<Reference>().ok());
            if let Some(reference) = reference.filter(|_| place.contains(side))
                && !contexts.contains(&reference)
            {
                contexts.push(reference);
            }
        });
    });
    contexts
}

/// Calls for every object, from the outside in.
fn visit(value: &Value, place: String, depth: usize, found: &mut impl FnMut(&Value, &str)) {
    if depth > MAX_DEPTH {
        return;
    }
    match value {
        Value::Object(members) => {
            found(value, &place);
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                visit(member, format!("{place}/{name}"), depth + 1, found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                visit(item, format!("{place}/{index}"), depth + 1, found);
            }
        }
        _ => {}
    }
}
