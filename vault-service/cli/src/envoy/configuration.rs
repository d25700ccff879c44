//! Envoy's configuration, searched for TLS and for the contexts that filters and SDS name.

use std::path::Path;

use sallyport_model::{Collection, Field, Reference};
use serde_json::Value;

use super::filters::Filters;
use super::render::Direction;
use crate::error::Error;
use crate::private_file;

/// Largest configuration that is read, in bytes.
const MAX_YAML: u64 = 4 * 1024 * 1024;

/// Deepest nesting that is read.
const MAX_DEPTH: usize = 64;

/// One transport socket with TLS, and what stands beside it.
pub(super) struct TlsSocket {
    /// Where its typed configuration is (JSON pointer).
    pub(super) place: String,
    pub(super) direction: Direction,
    pub(super) configuration: Value,
    /// Names of SDS resources, and where.
    pub(super) sds: Vec<(String, SdsName)>,
    /// Filters of the same listener or cluster.
    pub(super) filters: Filters,
}

/// The name of an SDS resource.
pub(super) enum SdsName {
    /// Of a TLS context.
    Context(Reference, Field),
    /// Of a shared secret.
    Value,
    /// Of nothing.
    Bad(String),
    /// No reference: the vault's settings may know it, or another server.
    Alias(String),
}

/// Reads a file, YAML or JSON.
pub(super) fn read(path: &Path) -> Result<Value, Error> {
    let bytes = private_file::read(path, MAX_YAML)?;
    let syntax = |reason: String| Error::FileSyntax {
        path: path.to_owned(),
        reason,
    };
    let text = std::str::from_utf8(&bytes).map_err(|error| syntax(error.to_string()))?;
    let configuration = serde_saphyr::from_str(text).map_err(|error| syntax(error.to_string()))?;
    match is_deeper(&configuration, MAX_DEPTH) {
        true => Err(syntax(format!("it is nested deeper than {MAX_DEPTH}"))),
        false => Ok(configuration),
    }
}

fn is_deeper(value: &Value, most: usize) -> bool {
    let below = |inner: &Value| match most.checked_sub(1) {
        Some(most) => is_deeper(inner, most),
        None => true,
    };
    match value {
        Value::Object(members) => members.values().any(below),
        Value::Array(items) => items.iter().any(below),
        _ => false,
    }
}

/// Every transport socket with TLS below a value.
pub(super) fn sockets(configuration: &Value) -> Vec<TlsSocket> {
    let mut found = Vec::new();
    visit(configuration, String::new(), &mut |owner, place| {
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
        // Of several sockets of a cluster, and of one within another, the filters are the cluster's.
        let (holder, _) = place.split_once("/transport_socket").unwrap_or((place, ""));
        let within = configuration.pointer(holder).unwrap_or(owner);
        let filters = Filters::within(within, holder, direction);
        let place = format!("{place}/transport_socket/typed_config");
        found.push(TlsSocket {
            sds: sds_names(socket, &place),
            filters,
            configuration: socket.clone(),
            direction,
            place,
        });
    });
    found
}

fn sds_names(socket: &Value, place: &str) -> Vec<(String, SdsName)> {
    let mut names = Vec::new();
    visit(socket, place.to_owned(), &mut |value, place| {
        let name = value.get("name").and_then(Value::as_str);
        let (Some(name), Some(_)) = (name, value.get("sds_config")) else {
            return;
        };
        names.push((format!("{place}/name"), SdsName::read(name)));
    });
    names
}

impl SdsName {
    fn read(name: &str) -> Self {
        if !name.starts_with("secret://") {
            return Self::Alias(name.to_owned());
        }
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

/// Calls for every object, from the outside in.
pub(super) fn visit(value: &Value, place: String, found: &mut impl FnMut(&Value, &str)) {
    match value {
        Value::Object(members) => {
            found(value, &place);
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                visit(member, format!("{place}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                visit(item, format!("{place}/{index}"), found);
            }
        }
        _ => {}
    }
}
