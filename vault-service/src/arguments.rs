//! The command line of the service.

use std::net::SocketAddr;
use std::num::{NonZeroU16, NonZeroU32};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use ipnet::IpNet;
use sallyport_vault::settings::{Given, HealthListen, LogFormat};
use sallyport_vault::store::AuditDurability;

/// The vault service of Sallyport: Secrets Manager and Secrets Provider.
#[derive(Parser)]
#[command(
    name = "sallyport-vault",
    version,
    arg_required_else_help = true,
    after_help = "\
Examples:
  sallyport-vault init  --data-dir /var/lib/sallyport
  sallyport-vault serve --data-dir /var/lib/sallyport
  sallyport-vault --print-default-config > vault.toml

Exit codes: 0 ok, 1 failed, 2 usage"
)]
pub(crate) struct Arguments {
    /// Print every setting of `serve` with its default, as TOML, and exit.
    #[arg(long)]
    pub(crate) print_default_config: bool,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a new vault: data directory, root key, database, internal CA and an administrator.
    Init(Init),
    /// Serve both doors until SIGTERM or Ctrl-C.
    Serve(Serve),
    /// Write the whole audit log to stdout, a line per entry, for `sallyport audit verify`.
    ExportAudit(ExportAudit),
}

#[derive(Args)]
pub(crate) struct ExportAudit {
    /// Directory made by `init`; the service may be running.
    #[arg(long, env = "SALLYPORT_DATA_DIR")]
    pub(crate) data_dir: PathBuf,
    /// Only entries after this one.
    #[arg(long, default_value_t = 0, value_name = "SEQ")]
    pub(crate) after: u64,
}

#[derive(Args)]
pub(crate) struct Init {
    /// Directory to make; must be empty or absent. Keep a copy of its root.key apart from backups.
    #[arg(long, env = "SALLYPORT_DATA_DIR")]
    pub(crate) data_dir: PathBuf,
    /// Name of the organization.
    #[arg(long, default_value = "Default")]
    pub(crate) organization: String,
    /// Name of its environment.
    #[arg(long, default_value = "Sandbox")]
    pub(crate) environment: String,
    /// SPIFFE trust domain of gateway identities.
    #[arg(long, default_value = "sallyport.internal")]
    pub(crate) trust_domain: String,
    /// Further host name or IP address under which the vault is reached; may be repeated.
    #[arg(long = "server-name", value_name = "NAME")]
    pub(crate) server_names: Vec<String>,
    /// How to print what was made.
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    pub(crate) output: Output,
}

#[derive(Args)]
pub(crate) struct Serve {
    /// Directory made by `init`.
    #[arg(long, env = "SALLYPORT_DATA_DIR")]
    pub(crate) data_dir: PathBuf,
    /// Settings file (TOML); `vault.toml` of the data directory unless given.
    #[arg(long, env = "SALLYPORT_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Address of the public door (Secrets Manager); port 0 picks a free one. [default: 127.0.0.1:8443]
    #[arg(long, env = "SALLYPORT_MANAGER_LISTEN")]
    manager_listen: Option<SocketAddr>,
    /// Address of the internal door (Secrets Provider). [default: 127.0.0.1:8444]
    #[arg(long, env = "SALLYPORT_PROVIDER_LISTEN")]
    provider_listen: Option<SocketAddr>,
    /// Address of /livez, /readyz and /metrics, without TLS and for anybody, or `off`. [default: 127.0.0.1:8445]
    #[arg(long, env = "SALLYPORT_HEALTH_LISTEN", value_name = "ADDRESS")]
    health_listen: Option<HealthListen>,
    /// How the log on stderr is written. [default: json]
    #[arg(long, env = "SALLYPORT_LOG_FORMAT", value_enum)]
    log_format: Option<LogFormat>,
    /// Names for the listeners' certificates, instead of those in the settings file.
    #[arg(
        long = "server-name",
        env = "SALLYPORT_SERVER_NAMES",
        value_delimiter = ',',
        value_name = "NAME"
    )]
    server_names: Option<Vec<String>>,
    /// Certificate chain (PEM) of the public door, instead of one of the internal CA.
    #[arg(long, env = "SALLYPORT_MANAGER_CERTIFICATE")]
    manager_certificate: Option<PathBuf>,
    /// Key (PEM) of that certificate.
    #[arg(long, env = "SALLYPORT_MANAGER_KEY")]
    manager_key: Option<PathBuf>,
    /// Requests per second and client address of the public door. [default: 100]
    #[arg(long, env = "SALLYPORT_REQUESTS_PER_SECOND", value_name = "NUMBER")]
    requests_per_second: Option<NonZeroU32>,
    /// Requests a client may make at once, after a pause. [default: 500]
    #[arg(long, env = "SALLYPORT_BURST", value_name = "NUMBER")]
    burst: Option<NonZeroU32>,
    /// Connections of a client to the internal door that have not shown a certificate yet. [default: 1024]
    #[arg(long, env = "SALLYPORT_PROVIDER_HANDSHAKES", value_name = "NUMBER")]
    provider_handshakes: Option<NonZeroU16>,
    /// Hours that the certificate of a gateway lives which renews it by itself. [default: 24]
    #[arg(
        long,
        env = "SALLYPORT_GATEWAY_CERTIFICATE_HOURS",
        value_name = "NUMBER"
    )]
    gateway_certificate_hours: Option<NonZeroU16>,
    /// Networks that revocation lists are fetched from although they are not public.
    #[arg(
        long = "crl-network",
        env = "SALLYPORT_CRL_NETWORKS",
        value_delimiter = ',',
        value_name = "NETWORK"
    )]
    crl_networks: Option<Vec<IpNet>>,
    /// CAs (PEM) of https servers of revocation lists, besides the distributor's certificates.
    #[arg(long, env = "SALLYPORT_CRL_CA_FILE", value_name = "FILE")]
    crl_ca_file: Option<PathBuf>,
    /// Largest revocation list that is fetched, in MiB. [default: 64]
    #[arg(long, env = "SALLYPORT_CRL_MAX_MIB", value_name = "NUMBER")]
    crl_max_mib: Option<NonZeroU32>,
    /// Days for which a revoked certificate has to stay listed. [default: 7]
    #[arg(long, env = "SALLYPORT_CRL_LISTED_DAYS", value_name = "NUMBER")]
    crl_listed_days: Option<u32>,
    /// What the audit record of a read has survived before its answer leaves: a crash of the machine, or only of
    /// the vault. [default: disk]
    #[arg(long, env = "SALLYPORT_AUDIT_DURABILITY", value_enum)]
    audit_durability: Option<AuditDurability>,
    /// File to write the bound addresses to, as JSON, when both doors listen.
    #[arg(long, env = "SALLYPORT_READY_FILE")]
    pub(crate) ready_file: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// For programs.
    Json,
}

impl Serve {
    /// Settings of the command line and the environment.
    pub(crate) fn given(&self) -> Given {
        Given {
            manager_listen: self.manager_listen,
            provider_listen: self.provider_listen,
            health_listen: self.health_listen,
            log_format: self.log_format,
            server_names: self.server_names.clone(),
            manager_certificate: self.manager_certificate.clone(),
            manager_key: self.manager_key.clone(),
            requests_per_second: self.requests_per_second,
            burst: self.burst,
            provider_handshakes: self.provider_handshakes,
            gateway_certificate_hours: self.gateway_certificate_hours,
            crl_networks: self.crl_networks.clone(),
            crl_ca_file: self.crl_ca_file.clone(),
            crl_max_mib: self.crl_max_mib,
            crl_listed_days: self.crl_listed_days,
            audit_durability: self.audit_durability,
            ..Given::default()
        }
    }
}
