//! Settings of `serve`: flags before environment before file before defaults.

mod audit;
mod crl;
mod gateway_cas;
mod health;
mod log;
mod sds;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::num::{NonZeroU16, NonZeroU32};
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use sallyport_model::GatewayIdentityError;
use serde::Deserialize;
use thiserror::Error;

use crate::http::unix_socket::SocketSettings;
use crate::provider::sds::{Aliases, ResourceNameError};
use crate::store::AuditDurability;

pub use audit::{
    ClientFiles, FileSink, GivenSink, SinkSettings, SinkSettingsError, SinkTarget, SyslogAddress,
    SyslogTls,
};
pub use crl::CrlSettings;
pub use gateway_cas::{
    DistributorPlace, DistributorPlaceError, GatewayCaSettings, GivenGatewayCa, ListOrigin,
};
pub use health::{HealthListen, HealthListenError};
pub use log::LogFormat;
pub use sds::GivenSocket;

/// What `--print-default-config` prints; every knob with its default.
pub const DEFAULT_CONFIG: &str = include_str!("settings/default.toml");

/// Settings as one source gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// Address of the public door.
    pub manager_listen: Option<SocketAddr>,
    /// Address of the internal door.
    pub provider_listen: Option<SocketAddr>,
    /// Where probes and metrics are answered.
    pub health_listen: Option<HealthListen>,
    /// How the log is written.
    pub log_format: Option<LogFormat>,
    /// Further names of the listeners.
    pub server_names: Option<Vec<String>>,
    /// Certificate chain of the public door, PEM.
    pub manager_certificate: Option<PathBuf>,
    /// Its key, PEM.
    pub manager_key: Option<PathBuf>,
    /// Requests per second and client of the public door.
    pub requests_per_second: Option<NonZeroU32>,
    /// Requests at once, after a pause.
    pub burst: Option<NonZeroU32>,
    /// Connections of one network to the internal door that have not shown a certificate yet.
    pub provider_handshakes: Option<NonZeroU16>,
    /// Further names of SDS resources.
    pub sds_names: Option<BTreeMap<String, String>>,
    /// Hours that a gateway's certificate lives.
    pub gateway_certificate_hours: Option<NonZeroU16>,
    /// Networks that lists are fetched from although they are not public.
    pub crl_networks: Option<Vec<IpNet>>,
    /// CAs of servers of lists, PEM.
    pub crl_ca_file: Option<PathBuf>,
    /// Most MiB of a list.
    pub crl_max_mib: Option<NonZeroU32>,
    /// Days for which a revoked certificate has to stay listed.
    pub crl_listed_days: Option<u32>,
    /// SDS for Envoys of this machine.
    pub sds_socket: Option<GivenSocket>,
    /// CAs of gateways besides the internal one.
    pub gateway_cas: Option<Vec<GivenGatewayCa>>,
    /// What the record of a read has survived before its answer leaves.
    pub audit_durability: Option<AuditDurability>,
    /// Where audit entries go besides the store.
    pub audit_sinks: Option<Vec<GivenSink>>,
}

/// Settings in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Address of the public door.
    pub manager_listen: SocketAddr,
    /// Address of the internal door.
    pub provider_listen: SocketAddr,
    /// Where probes and metrics are answered.
    pub health_listen: HealthListen,
    /// How the log is written.
    pub log_format: LogFormat,
    /// All names of the listeners.
    pub server_names: Vec<String>,
    /// Certificate and key of the public door, where they are not the internal CA's.
    pub manager_identity: Option<(PathBuf, PathBuf)>,
    /// Requests per second and client of the public door.
    pub requests_per_second: NonZeroU32,
    /// Requests at once, after a pause.
    pub burst: NonZeroU32,
    /// Connections of one network to the internal door that have not shown a certificate yet.
    pub provider_handshakes: NonZeroU16,
    /// Further names of SDS resources.
    pub sds_names: Aliases,
    /// SDS for Envoys of this machine.
    pub sds_socket: Option<SocketSettings>,
    /// CAs of gateways besides the internal one.
    pub gateway_cas: Vec<GatewayCaSettings>,
    /// Hours that the certificate of a gateway lives which renews it by itself.
    pub gateway_certificate_hours: NonZeroU16,
    /// How revocation lists are fetched.
    pub crl: CrlSettings,
    /// What the record of a read has survived before its answer leaves.
    pub audit_durability: AuditDurability,
    /// Where audit entries go besides the store.
    pub audit_sinks: Vec<SinkSettings>,
}

/// Why settings do not read.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not what it should be.
    #[error("{}: {source}", .path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// Only one of certificate and key.
    #[error("manager_certificate and manager_key go together; {missing} is missing")]
    HalfAnIdentity {
        /// The absent one.
        missing: &'static str,
    },
    /// What an SDS name stands for is none.
    #[error("sds_names: {name:?}: {source}")]
    SdsName {
        /// The name.
        name: String,
        /// Why.
        source: ResourceNameError,
    },
    /// Neither of the two modes of the socket.
    #[error("sds_socket.mode is \"0600\" or \"0660\", not {mode:?}")]
    SocketMode {
        /// What is there.
        mode: String,
    },
    /// No user id.
    #[error("sds_socket.gateways: {user:?} is not a user id")]
    User {
        /// What is there.
        user: String,
    },
    /// No gateway's identity.
    #[error("sds_socket.gateways: user {user}: {source}")]
    Gateway {
        /// Whose.
        user: u32,
        /// Why.
        source: GatewayIdentityError,
    },
    /// A sink of the audit log.
    #[error(transparent)]
    Sink(#[from] SinkSettingsError),
    /// No trust domain.
    #[error("gateway_cas: {}: {source}", .file.display())]
    GatewayCa {
        /// Whose.
        file: PathBuf,
        /// Why.
        source: GatewayIdentityError,
    },
    /// No CRL distributor.
    #[error("gateway_cas: {}: crl_distributor: {source}", .file.display())]
    CrlDistributor {
        /// Whose.
        file: PathBuf,
        /// Why.
        source: DistributorPlaceError,
    },
    /// Revocation lists from two places.
    #[error("gateway_cas: {}: either crl_file or crl_distributor", .file.display())]
    TwoListOrigins {
        /// Whose.
        file: PathBuf,
    },
    /// A name no certificate can carry.
    #[error("server name {name:?} is neither a host name nor an IP address")]
    ServerName {
        /// The name.
        name: String,
    },
}

impl Given {
    /// Reads a TOML file.
    pub fn from_file(path: &Path) -> Result<Self, SettingsError> {
        let text = fs::read_to_string(path).map_err(|source| SettingsError::Read {
            path: path.to_owned(),
            source,
        })?;
        toml::from_str(&text).map_err(|source| SettingsError::Parse {
            path: path.to_owned(),
            source: Box::new(source),
        })
    }

    /// These settings, and those of a weaker source where these are silent.
    pub fn or(self, weaker: Self) -> Self {
        Self {
            manager_listen: self.manager_listen.or(weaker.manager_listen),
            provider_listen: self.provider_listen.or(weaker.provider_listen),
            health_listen: self.health_listen.or(weaker.health_listen),
            log_format: self.log_format.or(weaker.log_format),
            server_names: self.server_names.or(weaker.server_names),
            manager_certificate: self.manager_certificate.or(weaker.manager_certificate),
            manager_key: self.manager_key.or(weaker.manager_key),
            requests_per_second: self.requests_per_second.or(weaker.requests_per_second),
            burst: self.burst.or(weaker.burst),
            provider_handshakes: self.provider_handshakes.or(weaker.provider_handshakes),
            sds_names: self.sds_names.or(weaker.sds_names),
            sds_socket: self.sds_socket.or(weaker.sds_socket),
            gateway_cas: self.gateway_cas.or(weaker.gateway_cas),
            gateway_certificate_hours: self
                .gateway_certificate_hours
                .or(weaker.gateway_certificate_hours),
            crl_networks: self.crl_networks.or(weaker.crl_networks),
            crl_ca_file: self.crl_ca_file.or(weaker.crl_ca_file),
            crl_max_mib: self.crl_max_mib.or(weaker.crl_max_mib),
            crl_listed_days: self.crl_listed_days.or(weaker.crl_listed_days),
            audit_durability: self.audit_durability.or(weaker.audit_durability),
            audit_sinks: self.audit_sinks.or(weaker.audit_sinks),
        }
    }
}

impl Settings {
    /// The names every listener has.
    const OWN_NAMES: [&str; 4] = ["localhost", "127.0.0.1", "::1", "sallyport-vault"];

    const REQUESTS_PER_SECOND: NonZeroU32 = NonZeroU32::new(100).unwrap();
    const GATEWAY_CERTIFICATE_HOURS: NonZeroU16 = NonZeroU16::new(24).unwrap();
    const BURST: NonZeroU32 = NonZeroU32::new(500).unwrap();
    const PROVIDER_HANDSHAKES: NonZeroU16 = NonZeroU16::new(1_024).unwrap();

    /// Settings in force, from what was given.
    pub fn from_given(given: Given) -> Result<Self, SettingsError> {
        let crl = CrlSettings::from_given(&given);
        let manager_identity = match (given.manager_certificate, given.manager_key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            (None, Some(_)) => {
                return Err(SettingsError::HalfAnIdentity {
                    missing: "manager_certificate",
                });
            }
            (Some(_), None) => {
                return Err(SettingsError::HalfAnIdentity {
                    missing: "manager_key",
                });
            }
        };
        let mut server_names: Vec<String> = Self::OWN_NAMES.map(str::to_owned).into();
        for name in given.server_names.unwrap_or_default() {
            check_server_name(&name)?;
            server_names.push(name);
        }
        Ok(Self {
            manager_listen: given
                .manager_listen
                .unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8443))),
            provider_listen: given
                .provider_listen
                .unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8444))),
            health_listen: given.health_listen.unwrap_or_default(),
            log_format: given.log_format.unwrap_or_default(),
            server_names,
            manager_identity,
            requests_per_second: given
                .requests_per_second
                .unwrap_or(Self::REQUESTS_PER_SECOND),
            burst: given.burst.unwrap_or(Self::BURST),
            provider_handshakes: given
                .provider_handshakes
                .unwrap_or(Self::PROVIDER_HANDSHAKES),
            sds_names: sds::names(given.sds_names.unwrap_or_default())?,
            sds_socket: given.sds_socket.map(sds::socket).transpose()?,
            gateway_cas: gateway_cas(given.gateway_cas.unwrap_or_default())?,
            gateway_certificate_hours: given
                .gateway_certificate_hours
                .unwrap_or(Self::GATEWAY_CERTIFICATE_HOURS),
            crl,
            audit_durability: given.audit_durability.unwrap_or_default(),
            audit_sinks: SinkSettings::from_given(given.audit_sinks.unwrap_or_default())?,
        })
    }

    /// The same in seconds.
    pub fn gateway_certificate_seconds(&self) -> i64 {
        i64::from(self.gateway_certificate_hours.get()) * 60 * 60
    }

    /// The file that `init` writes.
    pub fn first_file(server_names: &[String]) -> Result<String, SettingsError> {
        server_names
            .iter()
            .try_for_each(|name| check_server_name(name))?;
        let list: Vec<String> = server_names
            .iter()
            .map(|name| format!("\"{name}\""))
            .collect();
        Ok(DEFAULT_CONFIG.replace(
            "server_names = []",
            &format!("server_names = [{}]", list.join(", ")),
        ))
    }
}

fn gateway_cas(given: Vec<GivenGatewayCa>) -> Result<Vec<GatewayCaSettings>, SettingsError> {
    given.into_iter().map(GatewayCaSettings::try_from).collect()
}

fn check_server_name(name: &str) -> Result<(), SettingsError> {
    match rustls_pki_types::ServerName::try_from(name) {
        Ok(_) => Ok(()),
        Err(_) => Err(SettingsError::ServerName {
            name: name.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::unix_socket::SocketAccess;

    #[test]
    fn the_printed_default_config_gives_the_defaults() {
        let given: Given = toml::from_str(DEFAULT_CONFIG).unwrap();
        let printed = Settings::from_given(given).unwrap();
        assert_eq!(printed, Settings::from_given(Given::default()).unwrap());
    }

    #[test]
    fn the_first_file_carries_the_server_names() {
        let text =
            Settings::first_file(&["vault.example".to_owned(), "10.0.0.7".to_owned()]).unwrap();
        let given: Given = toml::from_str(&text).unwrap();
        assert_eq!(given.server_names.unwrap(), ["vault.example", "10.0.0.7"]);
        assert!(Settings::first_file(&["no\"name".to_owned()]).is_err());
    }

    #[test]
    fn a_stronger_source_wins_field_by_field() {
        let flags = Given {
            manager_listen: Some(([127, 0, 0, 1], 1).into()),
            ..Given::default()
        };
        let file = Given {
            manager_listen: Some(([127, 0, 0, 1], 2).into()),
            provider_listen: Some(([127, 0, 0, 1], 3).into()),
            ..Given::default()
        };
        let settings = Settings::from_given(flags.or(file)).unwrap();
        assert_eq!(
            (
                settings.manager_listen.port(),
                settings.provider_listen.port()
            ),
            (1, 3)
        );
    }

    #[test]
    fn a_name_of_sds_stands_for_a_resource_or_is_refused() {
        let names = |text: &str| {
            let given = format!("[sds_names]\ndefault = {text:?}");
            Settings::from_given(toml::from_str(&given).unwrap()).map(|it| it.sds_names.len())
        };
        assert_eq!(names("secret://pay/tlsContexts/in#certificate").unwrap(), 1);
        let error = names("secret://pay/tlsContexts/in")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("\"default\"") && error.contains("#certificate"),
            "{error}"
        );
    }

    #[test]
    fn the_socket_knows_its_users_as_gateways_or_is_refused() {
        const GATEWAY: &str = "spiffe://sallyport.internal/organization/11111111-1111-4111-8111-111111111111/environment/22222222-2222-4222-8222-222222222222/gateway/33333333-3333-4333-8333-333333333333";
        let socket = |mode: &str, user: &str, gateway: &str| {
            let text = format!(
                "[sds_socket]\npath = \"/x\"\nmode = {mode:?}\n[sds_socket.gateways]\n{user} = {gateway:?}"
            );
            let settings = Settings::from_given(toml::from_str(&text).unwrap());
            settings.map(|settings| settings.sds_socket.unwrap())
        };
        let good = socket("0660", "101", GATEWAY).unwrap();
        assert_eq!(good.access, SocketAccess::Group);
        assert_eq!(good.gateways[&101].to_string(), GATEWAY);
        for (mode, user, gateway, reason) in [
            ("0666", "101", GATEWAY, "not \"0666\""),
            ("0600", "envoy", GATEWAY, "\"envoy\" is not a user id"),
            ("0600", "101", "edge", "user 101: a gateway identity"),
        ] {
            let error = socket(mode, user, gateway).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn a_quota_of_nothing_is_refused() {
        for text in [
            "requests_per_second = 0",
            "burst = 0",
            "burst = -1",
            "provider_handshakes = 0",
            "crl_max_mib = 0",
        ] {
            let error = toml::from_str::<Given>(text).unwrap_err().to_string();
            assert!(error.contains("nonzero"), "{error}");
        }
    }

    #[test]
    fn networks_are_written_with_their_prefix() {
        let given = |text: &str| toml::from_str::<Given>(text);
        let settings = given("crl_networks = [\"10.0.0.0/8\", \"fd00::/8\"]").unwrap();
        let settings = Settings::from_given(settings).unwrap();
        assert_eq!(settings.crl.networks.len(), 2);
        assert!(given("crl_networks = [\"10.0.0.0\"]").is_err());
    }

    #[test]
    fn a_typo_and_half_an_identity_are_refused() {
        assert!(toml::from_str::<Given>("manager_listn = \"127.0.0.1:1\"").is_err());
        let half = Given {
            manager_key: Some("x".into()),
            ..Given::default()
        };
        assert!(matches!(
            Settings::from_given(half),
            Err(SettingsError::HalfAnIdentity { .. })
        ));
    }
}
