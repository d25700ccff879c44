//! `downstream.routes[]`: another policy for some requests.

use serde::Deserialize;

use super::name;
use super::policy::{ModeWord, client_policy};
use crate::config::{ConfigError, Fault, Route, RouteMatch};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RouteDocument {
    r#match: MatchDocument,
    tls_context: String,
    certificate_pinset: Option<String>,
    peer_names: Option<Vec<String>>,
    #[serde(default)]
    mode: ModeWord,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MatchDocument {
    route: Option<String>,
    virtual_host: Option<String>,
    cluster: Option<String>,
    server_name: Option<String>,
}

impl RouteDocument {
    pub(super) fn read(self, section: &str) -> Result<Route, ConfigError> {
        Ok(Route {
            matches: self.r#match.read(&format!("{section}/match"))?,
            policy: client_policy(
                section,
                &self.tls_context,
                self.certificate_pinset,
                self.peer_names,
                self.mode,
            )?,
        })
    }
}

impl MatchDocument {
    fn read(self, section: &str) -> Result<RouteMatch, ConfigError> {
        let at = |field: &str| format!("{section}/{field}");
        let named =
            |field: &str, text: Option<String>| text.map(|text| name::word(&at(field), text));
        let matches = RouteMatch {
            route: named("route", self.route).transpose()?,
            virtual_host: named("virtualHost", self.virtual_host).transpose()?,
            cluster: named("cluster", self.cluster).transpose()?,
            server_name: self
                .server_name
                .map(|text| name::requested(&at("serverName"), text))
                .transpose()?,
        };
        if matches.is_empty() {
            return Err(ConfigError::at(section, Fault::EmptyMatch));
        }
        Ok(matches)
    }
}
