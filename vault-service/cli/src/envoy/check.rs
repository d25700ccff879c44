//! `envoy check`: whether a gateway's configuration still is what its TLS contexts say.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use sallyport_model::Reference;
use serde_json::{Value, json};

use super::configuration::{SdsName, TlsSocket, read, sockets};
use super::context::Context;
use super::drift::{Drift, compare};
use crate::error::Error;
use crate::output::{Output, text_of};

/// Compare a gateway's Envoy configuration with the TLS contexts that it names
///
/// Looks at every listener and cluster with TLS: the contexts that its SDS names and its filters name,
/// against tls_params, ALPN, require_client_certificate and the validation context that are written
/// there. SDS cannot bring those, so they stay behind when a context changes. Prints each difference
/// with its place (JSON pointer) and ends with 6 if there is one. Only metadata is read.
#[derive(Args)]
#[command(after_help = "Examples:\n  sallyport envoy check envoy.yaml\n  \
    sallyport envoy check envoy.yaml -o json")]
pub(crate) struct Check {
    /// Envoy's configuration, YAML or JSON
    file: PathBuf,
}

/// A difference, and of which context.
type Found = (String, Drift);

impl Check {
    pub(super) fn run(&self, output: Output) -> Result<(), Error> {
        let sockets = sockets(&read(&self.file)?);
        let mut contexts = BTreeMap::new();
        let mut found = Vec::new();
        for socket in &sockets {
            found.extend(names(socket));
            for reference in named(socket) {
                let context = match contexts.get(&reference) {
                    Some(context) => context,
                    None => {
                        let context = Context::fetch(&reference)?;
                        contexts.entry(reference.clone()).or_insert(context)
                    }
                };
                let TlsSocket {
                    configuration,
                    place,
                    direction,
                    ..
                } = socket;
                let drifts = compare(configuration, place, *direction, context);
                found.extend(
                    drifts
                        .into_iter()
                        .map(|drift| (reference.to_string(), drift)),
                );
            }
        }
        report(&found, output)?;
        match found.len() {
            0 => Ok(()),
            count => Err(Error::Drift {
                path: self.file.clone(),
                count,
            }),
        }
    }
}

/// The contexts that a socket is compared with: those that SDS names, and the filter's if it has one
/// only. Filters with several choose by route, and the handshake is before that.
fn named(socket: &TlsSocket) -> Vec<Reference> {
    let mut named: Vec<Reference> = Vec::new();
    for (_, name) in &socket.sds {
        if let SdsName::Context(reference, _) = name
            && !named.contains(reference)
        {
            named.push(reference.clone());
        }
    }
    if let [reference] = socket.filters.as_slice()
        && !named.contains(reference)
    {
        named.push(reference.clone());
    }
    named
}

/// Names that stand for nothing, and halves of rules without a filter for the rest.
fn names(socket: &TlsSocket) -> Vec<Found> {
    let mut found = Vec::new();
    for (place, name) in &socket.sds {
        let (reference, wanted) = match name {
            SdsName::Bad(reason) => (String::new(), reason.clone()),
            SdsName::Context(reference, part)
                if part.as_str() == "partialValidation" && !socket.filters.contains(reference) =>
            {
                let wanted = "#validation, or a filter beside it with this tlsContext".to_owned();
                (reference.to_string(), wanted)
            }
            SdsName::Context(..) | SdsName::Value => continue,
        };
        let drift = Drift {
            found: socket.at(place),
            place: place.clone(),
            wanted: wanted.into(),
        };
        found.push((reference, drift));
    }
    found
}

impl TlsSocket {
    /// What is at a place within it.
    fn at(&self, place: &str) -> Value {
        let within = place.strip_prefix(&self.place).unwrap_or_default();
        self.configuration
            .pointer(within)
            .cloned()
            .unwrap_or_default()
    }
}

fn report(found: &[Found], output: Output) -> Result<(), Error> {
    let items = found.iter().map(|(context, drift)| {
        json!({"place": drift.place, "context": context, "found": drift.found, "wanted": drift.wanted})
    });
    let rows = found.iter().map(|(context, drift)| {
        vec![
            drift.place.clone(),
            context.clone(),
            text_of(&drift.found),
            text_of(&drift.wanted),
        ]
    });
    output.rows(
        &items.collect::<Vec<_>>().into(),
        &["PLACE", "TLS CONTEXT", "FOUND", "WANTED"],
        &rows.collect::<Vec<_>>(),
        "The configuration is what its TLS contexts say.",
    )
}
