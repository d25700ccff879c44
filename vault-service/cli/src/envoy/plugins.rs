//! The filters of this project wherever they stand: what Envoy takes of their entries and should not.

use std::collections::BTreeSet;

use sallyport_filter_core::config::{Config, Plugin, Protocol, Vault};
use serde_json::{Value, json};

use super::configuration::visit;
use super::drift::Drift;
use super::filters::read_plugin;
use super::report::Finding;

const LETS_PASS: &str = "FAIL_RELOAD: as it is, whatever comes passes unchecked while the virtual machine of the filter is down";

const NOT_HTTP: &str = "\"protocol\": \"http\", or this entry among the filters of the chain, before tcp_proxy: as it is, each \
     request makes the filter's virtual machine fail";

const NOT_TCP: &str = "\"protocol\": \"tcp\", or this entry among the http_filters: as it is, each connection makes the \
     filter's virtual machine fail";

/// What is wrong with the entries of filters in a configuration. What a filter would refuse itself is not among it.
pub(super) fn misplaced(configuration: &Value) -> Vec<Finding> {
    let clusters = clusters(configuration);
    let mut found = Vec::new();
    visit(configuration, String::new(), &mut |plugin, place| {
        let Some(read) = read_plugin(plugin) else {
            return;
        };
        found.extend(open(plugin, place));
        let vault = match read {
            Ok(Plugin::Filter(config)) => {
                found.extend(of_other_kind(&config, place));
                config.vault
            }
            Ok(Plugin::Watcher(vault)) => vault,
            Err(_) => return,
        };
        if let Some(clusters) = &clusters {
            found.extend(without_cluster(&vault, clusters, place));
        }
    });
    found
}

/// Envoy's own word for what happens when the filter cannot be asked.
fn open(plugin: &Value, place: &str) -> Option<Finding> {
    [
        ("failure_policy", json!("FAIL_OPEN")),
        ("failure_policy", json!(3)),
        ("fail_open", json!(true)),
    ]
    .into_iter()
    .find(|(field, opens)| plugin.get(field) == Some(opens))
    .map(|(field, opens)| finding(format!("{place}/{field}"), opens, LETS_PASS.to_owned()))
}

/// A filter is not told which kind of filter Envoy takes it for.
fn of_other_kind(config: &Config, place: &str) -> Option<Finding> {
    let wanted = match (config.protocol, place) {
        (Protocol::Tcp, place) if place.contains("/http_filters/") => NOT_HTTP,
        (Protocol::Http, place)
            if place.contains("/filters/") && !place.contains("/http_filters/") =>
        {
            NOT_TCP
        }
        _ => return None,
    };
    let found = match config.protocol {
        Protocol::Tcp => "tcp",
        Protocol::Http => "http",
    };
    let place = format!("{place}/configuration/value");
    let found = json!({"protocol": found});
    Some(finding(place, found, wanted.to_owned()))
}

fn without_cluster(vault: &Vault, clusters: &BTreeSet<&str>, place: &str) -> Option<Finding> {
    let name = vault.cluster.as_str();
    (!clusters.contains(name)).then(|| {
        let known: Vec<&str> = clusters.iter().copied().collect();
        let wanted = format!(
            "a cluster of this file ({}) that leads to the vault: as it is, the filter never gets an answer",
            known.join(", ")
        );
        let place = format!("{place}/configuration/value");
        finding(place, json!({"vault": {"cluster": name}}), wanted)
    })
}

/// The names of all clusters; `None` if there may be others.
fn clusters(configuration: &Value) -> Option<BTreeSet<&str>> {
    if configuration
        .pointer("/dynamic_resources/cds_config")
        .is_some()
    {
        return None;
    }
    let clusters = configuration.pointer("/static_resources/clusters")?;
    let names = clusters.as_array()?.iter();
    let names = names.filter_map(|cluster| cluster.get("name")?.as_str());
    Some(names.collect())
}

fn finding(place: String, found: Value, wanted: String) -> Finding {
    Finding {
        context: None,
        drift: Drift {
            place,
            found,
            wanted: wanted.into(),
            left_to: None,
        },
        is_note: false,
    }
}
