//! Values that a secret is chosen by. One that no request can have is refused: the default, which is another
//! credential, would be used in its place.

use std::net::IpAddr;

use sallyport_pki::{DnsName, EmailAddress};

use super::name;
use crate::attribute::Attribute;
use crate::choice::By;
use crate::config::{ConfigError, Fault};

/// Attributes of `xds` that are text.
pub(in crate::config) const XDS_NAMES: [&str; 4] = [
    "route_name",
    "virtual_host_name",
    "cluster_name",
    "filter_chain_name",
];

/// Those that have texts in them.
pub(in crate::config) const XDS_TREES: [&str; 7] = [
    "route_metadata",
    "virtual_host_metadata",
    "cluster_metadata",
    "upstream_host_metadata",
    "upstream_host_locality_metadata",
    "listener_metadata",
    "node",
];

/// What the path is of, if Envoy has a text there.
pub(super) fn attribute(pointer: &str, path: Vec<String>) -> Result<Attribute, ConfigError> {
    for (index, part) in path.iter().enumerate() {
        name::word(&format!("{pointer}/{index}"), part.clone())?;
    }
    let parts: Vec<_> = path.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["connection", "requested_server_name"] | ["metadata" | "filter_state", _, ..] => {
            Ok(Attribute(path))
        }
        ["xds", text] if XDS_NAMES.contains(text) => Ok(Attribute(path)),
        ["xds", tree, _, ..] if XDS_TREES.contains(tree) => Ok(Attribute(path)),
        ["xds", _, ..] => Err(ConfigError::at(pointer, Fault::XdsAttribute)),
        _ => Err(ConfigError::at(pointer, Fault::Attribute)),
    }
}

/// The value, if a request can have it.
pub(super) fn value(by: &By, pointer: &str, text: String) -> Result<String, ConfigError> {
    let text = name::word(pointer, text)?;
    let fault = match by {
        By::Client => (!is_told(&text)).then_some(Fault::ClientName),
        By::Attribute(attribute) if attribute.is_requested_server_name() => {
            let asked = name::requested(pointer, text.clone());
            let as_it_comes = !text.contains('*') && asked.is_ok_and(|asked| asked == text);
            (!as_it_comes).then_some(Fault::AskedName)
        }
        By::Attribute(_) | By::Header(_) => None,
    };
    match fault {
        None => Ok(text),
        Some(fault) => Err(ConfigError::at(pointer, fault)),
    }
}

/// Whether the filter of a listener could tell of a client by this name.
fn is_told(text: &str) -> bool {
    let Some((kind, name)) = text.split_once(':') else {
        return false;
    };
    let same = |written: String| written == name;
    match kind {
        "dns" => name.parse().is_ok_and(|dns: DnsName| same(dns.to_string())),
        "email" => {
            let address = name.parse();
            address.is_ok_and(|address: EmailAddress| same(address.to_string()))
        }
        "ip" => name.parse().is_ok_and(|ip: IpAddr| same(ip.to_string())),
        // Names are compared whole: a wildcard would stand for itself.
        "uri" => name.contains(':') && !name.contains('*'),
        _ => false,
    }
}
