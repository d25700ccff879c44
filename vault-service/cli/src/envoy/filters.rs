//! The filters of this project beside a transport socket: the TLS contexts that they name, and what
//! they enforce of them.

use std::iter::once;

use sallyport_filter_core::ConfigError;
use sallyport_filter_core::Mode;
use sallyport_filter_core::config::{Config, OnFailure, PeerPolicy, Plugin, Policy, Protocol};
use sallyport_filter_core::decide::Check;
use sallyport_model::Reference;
use serde_json::Value;

use super::configuration::visit;
use super::render::Direction;

/// Those of one listener or cluster that guard one direction.
#[derive(Default)]
pub(super) struct Filters {
    guards: Vec<Guard>,
    /// What the connections carry, as the last of them says.
    pub(super) protocol: Protocol,
    /// Configurations that a filter would refuse, and where they are (JSON pointer).
    pub(super) unread: Vec<(String, ConfigError)>,
}

/// One policy of a filter with a TLS context.
struct Guard {
    context: Reference,
    policy: PeerPolicy,
    /// Whether requests pass when the filter fails, or the vault for it.
    fails_open: bool,
}

impl Filters {
    /// Those within a listener's filter chain or a cluster, which is at a place.
    pub(super) fn within(owner: &Value, place: &str, direction: Direction) -> Self {
        let mut filters = Self::default();
        visit(owner, place.to_owned(), &mut |plugin, place| {
            let Some(read) = read_plugin(plugin) else {
                return;
            };
            match read {
                Ok(Plugin::Filter(config)) => {
                    filters.add(*config, fails_open(plugin), direction);
                }
                Ok(Plugin::Watcher(_)) => {}
                Err(error) => {
                    let place = format!("{place}/configuration/value");
                    filters.unread.push((place, error));
                }
            }
        });
        filters
    }

    fn add(&mut self, config: Config, fails_open: bool, direction: Direction) {
        let OnFailure {
            unreachable,
            denied,
            malformed,
            ..
        } = config.on_failure;
        let lets_pass = [unreachable, denied, malformed]
            .into_iter()
            .any(|failure| failure != Default::default());
        let policies: Vec<PeerPolicy> = match (config.policy, direction) {
            (Policy::Downstream(downstream), Direction::Downstream) => {
                let routes = downstream.routes.into_iter().map(|route| route.policy);
                once(downstream.default).chain(routes).collect()
            }
            (Policy::Upstream(upstream), Direction::Upstream) => vec![upstream.policy],
            _ => return,
        };
        self.protocol = config.protocol;
        let guards = policies.into_iter().filter_map(|policy| {
            Some(Guard {
                context: policy.tls_context.clone()?,
                policy,
                fails_open: fails_open || lets_pass,
            })
        });
        self.guards.extend(guards);
    }

    /// The contexts that they name, each as often as it is named.
    pub(super) fn contexts(&self) -> impl Iterator<Item = &Reference> {
        self.guards.iter().map(|guard| &guard.context)
    }

    /// Whether every policy with this context refuses peers that do not pass the check.
    pub(super) fn enforce(&self, check: Check, context: &Reference) -> bool {
        let mut guards = self
            .guards
            .iter()
            .filter(|guard| guard.context == *context)
            .peekable();
        guards.peek().is_some() && guards.all(|guard| guard.enforces(check))
    }
}

impl Guard {
    fn enforces(&self, check: Check) -> bool {
        self.policy.mode == Mode::Enforce
            && !self.policy.observe.contains(check)
            && !self.fails_open
    }
}

/// The configuration of a plugin of this project; `None` where there is none.
pub(super) fn read_plugin(plugin: &Value) -> Option<Result<Plugin, ConfigError>> {
    configuration_of(plugin).map(|text| text.parse())
}

/// In a string, or as a structure.
fn configuration_of(plugin: &Value) -> Option<String> {
    let text = match plugin.pointer("/configuration/value")? {
        Value::String(text) => text.clone(),
        structure @ Value::Object(_) => structure.to_string(),
        _ => return None,
    };
    // What does not parse may be ours all the same.
    let ours = ["\"vault\"", "tlsContext"];
    ours.iter().any(|word| text.contains(word)).then_some(text)
}

/// Whether Envoy lets requests pass without the filter when its VM failed.
fn fails_open(plugin: &Value) -> bool {
    let field = |name: &str| plugin.get(name);
    field("failure_policy").is_some_and(|policy| *policy == "FAIL_OPEN")
        || field("fail_open").is_some_and(|open| *open == true)
}
