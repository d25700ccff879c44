//! Settings of SDS: names that stand for resources, and the Unix socket.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::SettingsError;
use crate::http::unix_socket::{SocketAccess, SocketSettings};
use crate::provider::sds::Aliases;

/// Settings of the Unix socket.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenSocket {
    /// Where it is.
    pub path: PathBuf,
    /// Its permissions: `0600`, the default, or `0660`.
    #[serde(default)]
    pub mode: Option<String>,
    /// SPIFFE IDs of gateways, by user id.
    pub gateways: BTreeMap<String, String>,
}

pub(super) fn names(given: BTreeMap<String, String>) -> Result<Aliases, SettingsError> {
    let read = given.into_iter().map(|(name, text)| match text.parse() {
        Ok(resource) => Ok((name, resource)),
        Err(source) => Err(SettingsError::SdsName { name, source }),
    });
    read.collect()
}

pub(super) fn socket(given: GivenSocket) -> Result<SocketSettings, SettingsError> {
    let access = match given.mode.as_deref() {
        None | Some("0600") => SocketAccess::Owner,
        Some("0660") => SocketAccess::Group,
        Some(mode) => {
            let mode = mode.to_owned();
            return Err(SettingsError::SocketMode { mode });
        }
    };
    let gateways = given.gateways.into_iter().map(|(user, gateway)| {
        let user: u32 = user.parse().map_err(|_| SettingsError::User { user })?;
        match gateway.parse() {
            Ok(gateway) => Ok((user, gateway)),
            Err(source) => Err(SettingsError::Gateway { user, source }),
        }
    });
    Ok(SocketSettings {
        gateways: gateways.collect::<Result<_, _>>()?,
        path: given.path,
        access,
    })
}
