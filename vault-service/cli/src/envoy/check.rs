//! `envoy check`: whether a gateway's configuration still is what its TLS contexts say.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use sallyport_model::Reference;
use serde_json::Value;

use super::configuration::{SdsName, TlsSocket, read, sockets};
use super::context::Context;
use super::drift::{Drift, compare};
use super::plugins::misplaced;
use super::report::{Checked, Compared, Finding, NotCompared, report};
use super::untrusted::untrusted;
use crate::error::Error;
use crate::output::Output;

/// Compare a gateway's Envoy configuration with the TLS contexts that it names
///
/// Looks at every listener and cluster with TLS: the contexts that its SDS names and its filters name,
/// against tls_params, ALPN, require_client_certificate and the validation context that are written
/// there. SDS cannot bring those, so they stay behind when a context changes. Only metadata is read.
///
/// Prints what was compared with which context, or why not, and each difference with its place (JSON
/// pointer). Where Envoy lets more pass than a context and a filter beside it refuses that (versions,
/// client certificates, verification of servers), this is a note and no difference.
///
/// A filter's entry that Envoy takes and that does not do what it says is a difference: of the other protocol, with
/// failure_policy: FAIL_OPEN, or with a cluster for the vault that is not in the file.
///
/// A place where Envoy accepts untrusted certificates (trust_chain_verification: ACCEPT_UNTRUSTED) and no
/// filter beside it has a tlsContext is a difference too, whatever SDS names there.
///
/// Ends with 6 if there is a difference, if nothing was compared, or if something could not be: a
/// filter's configuration that does not read, or a place where SDS has other names than references only.
#[derive(Args)]
#[command(after_help = "Examples:\n  sallyport envoy check envoy.yaml\n  \
    sallyport envoy check envoy.yaml -o json")]
pub(crate) struct Check {
    /// Envoy's configuration, YAML or JSON
    file: PathBuf,
}

impl Check {
    pub(super) fn run(&self, output: Output) -> Result<(), Error> {
        let configuration = read(&self.file)?;
        let sockets = sockets(&configuration);
        let mut contexts = BTreeMap::new();
        let mut compared_sockets = Vec::new();
        for socket in &sockets {
            let mut compared = Compared {
                place: socket.place.clone(),
                contexts: named(socket),
                not_compared: not_compared(socket),
                findings: names(socket).into_iter().chain(untrusted(socket)).collect(),
            };
            for reference in &compared.contexts {
                let context = match contexts.get(reference) {
                    Some(context) => context,
                    None => {
                        let context = Context::fetch(reference)?;
                        contexts.entry(reference.clone()).or_insert(context)
                    }
                };
                compared
                    .findings
                    .extend(socket.differences(reference, context));
            }
            compared_sockets.push(compared);
        }
        let checked = Checked {
            sockets: compared_sockets,
            plugins: misplaced(&configuration),
        };
        report(&checked, output)?;
        self.judge(&checked)
    }

    fn judge(&self, checked: &Checked) -> Result<(), Error> {
        let path = self.file.clone();
        match checked
            .findings()
            .filter(|finding| !finding.is_note)
            .count()
        {
            0 => {}
            count => return Err(Error::Drift { path, count }),
        }
        let sockets = &checked.sockets;
        match sockets
            .iter()
            .filter(|compared| compared.is_unread())
            .count()
        {
            0 => {}
            count => return Err(Error::Unread { path, count }),
        }
        match sockets.iter().any(|compared| !compared.contexts.is_empty()) {
            true => Ok(()),
            false => Err(Error::NothingCompared { path }),
        }
    }
}

/// The contexts that a socket is compared with: those that SDS names, and those of filters, by whatever
/// route: the handshake is before that.
fn named(socket: &TlsSocket) -> Vec<Reference> {
    let of_sds = socket.sds.iter().filter_map(|(_, name)| match name {
        SdsName::Context(reference, _) => Some(reference),
        SdsName::Value | SdsName::Bad(_) | SdsName::Alias(_) => None,
    });
    let mut named: Vec<Reference> = Vec::new();
    for reference in of_sds.chain(socket.filters.contexts()) {
        if !named.contains(reference) {
            named.push(reference.clone());
        }
    }
    named
}

/// Why some of a socket, or all of it, is not compared.
fn not_compared(socket: &TlsSocket) -> Vec<NotCompared> {
    let aliases = socket.sds.iter().filter_map(|(place, name)| match name {
        SdsName::Alias(name) => Some(NotCompared::Alias {
            place: place.clone(),
            name: name.clone(),
        }),
        SdsName::Context(..) | SdsName::Value | SdsName::Bad(_) => None,
    });
    let unread = socket.filters.unread.iter();
    let unread = unread.map(|(place, error)| NotCompared::Filter {
        place: place.clone(),
        error: error.clone(),
    });
    aliases.chain(unread).collect()
}

/// Names that stand for nothing, and halves of rules without a filter for the rest.
fn names(socket: &TlsSocket) -> Vec<Finding> {
    let mut found = Vec::new();
    for (place, name) in &socket.sds {
        let (context, wanted) = match name {
            SdsName::Bad(reason) => (None, reason.clone()),
            SdsName::Context(reference, part)
                if part.as_str() == "partialValidation"
                    && !socket.filters.contexts().any(|named| named == reference) =>
            {
                let wanted = "#validation, or a filter beside it with this tlsContext".to_owned();
                (Some(reference.clone()), wanted)
            }
            SdsName::Context(..) | SdsName::Value | SdsName::Alias(_) => continue,
        };
        let drift = Drift {
            found: socket.at(place),
            place: place.clone(),
            wanted: wanted.into(),
            left_to: None,
        };
        found.push(Finding {
            context,
            drift,
            is_note: false,
        });
    }
    found
}

impl TlsSocket {
    /// From one context; what its filters refuse all the same is a note.
    fn differences(
        &self,
        reference: &Reference,
        context: &Context,
    ) -> impl Iterator<Item = Finding> {
        let carried = (self.direction, self.filters.protocol);
        let drifts = compare(&self.configuration, &self.place, carried, context);
        drifts.into_iter().map(|drift| Finding {
            context: Some(reference.clone()),
            is_note: drift
                .left_to
                .is_some_and(|check| self.filters.enforce(check, reference)),
            drift,
        })
    }

    /// What is at a place within it.
    fn at(&self, place: &str) -> Value {
        let within = place.strip_prefix(&self.place).unwrap_or_default();
        self.configuration
            .pointer(within)
            .cloned()
            .unwrap_or_default()
    }
}
