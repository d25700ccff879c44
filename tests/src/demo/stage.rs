//! The scene: a vault with everything in it, two upstreams, a gateway.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::cli::Cli;
use crate::client::Client;
use crate::envoy::Envoy;
use crate::pki::{Authority, Identity, IdentityFiles};
use crate::scratch::Scratch;
use crate::upstream::Upstream;
use crate::vault::Vault;
use crate::{Error, Result, files, program, template};

/// User name of the credential that is injected.
pub const USERNAME: &str = "gateway";

/// Its first password.
const FIRST_PASSWORD: &str = "demo-password-one-5d8e2c";

/// How the scene is set.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Who is told what is going on.
    pub progress: Progress,
    /// How long requests wait for the first answer of the vault, as in the filter's configuration.
    pub startup_wait: &'static str,
    /// Which of `envoy/recipes` the gateway runs; the demo's configuration without one.
    pub recipe: Option<&'static str>,
}

/// Whether steps are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing is printed.
    Quiet,
    /// One line per step.
    Printed,
}

/// Everything of one run. Dropping it stops every process and removes every file.
#[derive(Debug)]
pub struct Stage {
    gateway: Option<Envoy>,
    /// The vault service.
    pub vault: Vault,
    /// The administrator's command line.
    pub cli: Cli,
    /// The upstream whose certificate is in the pin set.
    pub backend: Upstream,
    /// The upstream whose certificate is not.
    pub impostor: Upstream,
    /// Who calls the gateway.
    pub clients: Clients,
    /// Where the gateway `edge`, which has the grant, keeps its identity.
    pub edge: PathBuf,
    /// The same of the gateway `stranger`, which has none.
    pub stranger: PathBuf,
    options: Options,
    passwords: Vec<String>,
    server: Identity,
    server_files: IdentityFiles,
    gateway_ca: Authority,
    backend_ca: Authority,
    scratch: Scratch,
}

/// Certificates of clients.
#[derive(Clone, Debug)]
pub struct Clients {
    /// From the partners' authority (through an intermediate), in the pin set.
    pub partner: Identity,
    /// From the same authority, not in the pin set.
    pub unpinned: Identity,
    /// From another authority.
    pub rogue: Identity,
    /// The partners' issuing authority, for more of them.
    pub authority: std::sync::Arc<Authority>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            progress: Progress::Quiet,
            startup_wait: "10s",
            recipe: None,
        }
    }
}

impl Progress {
    fn say(self, step: &str) {
        if self == Self::Printed {
            println!("  {step} ...");
        }
    }
}

impl Stage {
    /// The whole scene, with Envoy running.
    pub async fn open(options: Options) -> Result<Self> {
        let mut stage = Self::furnish(options).await?;
        stage.start_gateway().await?;
        Ok(stage)
    }

    /// Everything but Envoy.
    pub async fn furnish(options: Options) -> Result<Self> {
        let progress = options.progress;
        let scratch = Scratch::new()?;

        progress.say("making a small PKI: partners, a rogue, the gateway, the backend");
        let partners = Authority::root("Partner CA")?;
        let issuing = partners.intermediate("Partner issuing CA")?;
        let backend_ca = Authority::root("Backend CA")?;
        let gateway_ca = Authority::root("Gateway CA")?;
        let clients = Clients {
            partner: issuing.client("partner-app")?,
            unpinned: issuing.client("unpinned-app")?,
            rogue: Authority::root("Rogue CA")?.client("partner-app")?,
            authority: std::sync::Arc::new(issuing),
        };
        let server = gateway_ca.server("gateway.test")?;
        let (genuine, other) = (
            backend_ca.server("backend.test")?,
            backend_ca.server("backend.test")?,
        );
        let pki = scratch.directory("pki")?;
        for (name, contents) in [
            ("partner-ca.pem", partners.certificate()),
            ("backend-ca.pem", backend_ca.certificate()),
            ("gateway-ca.pem", gateway_ca.certificate()),
            ("partner-pins.pem", clients.partner.certificate.clone()),
            ("backend-pins.pem", genuine.certificate.clone()),
        ] {
            files::write(&pki.join(name), &contents)?;
        }
        clients.partner.write_to(&pki, "partner")?;
        clients.unpinned.write_to(&pki, "unpinned")?;
        clients.rogue.write_to(&pki, "rogue")?;
        let server_files = server.write_to(&pki, "gateway")?;

        progress.say("initialising a vault and starting its two doors");
        let vault = Vault::start(&scratch.directory("vault")?).await?;
        let cli = Cli::login(&scratch.directory("cli")?, &vault).await?;

        progress.say("starting two TLS upstreams, one of them with a certificate nobody pinned");
        let backend = Upstream::start("backend", &genuine).await?;
        let impostor = Upstream::start("impostor", &other).await?;

        let stage = Self {
            gateway: None,
            vault,
            cli,
            backend,
            impostor,
            clients,
            edge: scratch.join("edge"),
            stranger: scratch.join("stranger"),
            options,
            passwords: vec![FIRST_PASSWORD.to_owned()],
            server,
            server_files,
            gateway_ca,
            backend_ca,
            scratch,
        };
        progress.say("storing everything through the Manager API");
        stage.store_secrets().await?;
        progress.say("registering two gateways and granting one of them the group");
        stage.register_gateways().await?;
        Ok(stage)
    }

    /// Starts Envoy as the gateway `edge`.
    pub async fn start_gateway(&mut self) -> Result<()> {
        self.options
            .progress
            .say("starting Envoy with filter.wasm on both sides");
        let configuration = self.envoy_configuration()?;
        let directory = self.scratch.directory("envoy")?;
        self.gateway = Some(Envoy::start(&directory, &configuration).await?);
        Ok(())
    }

    /// The running gateway.
    pub fn gateway(&mut self) -> Result<&mut Envoy> {
        self.gateway.as_mut().ok_or(Error::NotStarted("Envoy"))
    }

    /// Envoy's configuration with every placeholder filled.
    pub fn envoy_configuration(&self) -> Result<String> {
        let path = |path: PathBuf| path.to_string_lossy().into_owned();
        let port = |address: std::net::SocketAddr| address.port().to_string();
        let account = self.vault.account();
        let any = || "0".to_owned();
        let file = self
            .options
            .recipe
            .map_or_else(program::demo_configuration, program::recipe_configuration);
        template::fill(
            &files::read(&file)?,
            &[
                ("ADMIN_PORT", any()),
                ("LISTEN_PORT", any()),
                ("BACKEND_PORT", port(self.backend.address())),
                ("IMPOSTOR_PORT", port(self.impostor.address())),
                ("PROVIDER_PORT", port(self.vault.provider())),
                ("FILTER_WASM", path(program::filter_wasm()?)),
                ("ORGANIZATION", account.organization.id.clone()),
                ("ENVIRONMENT", account.environment.id.clone()),
                ("STARTUP_WAIT", self.options.startup_wait.to_owned()),
                ("GATEWAY_CERTIFICATE", path(self.server_files.chain.clone())),
                ("GATEWAY_KEY", path(self.server_files.key.clone())),
                ("CLIENT_CA", path(self.pki().join("partner-ca.pem"))),
                ("BACKEND_CA", path(self.pki().join("backend-ca.pem"))),
                ("VAULT_CA", path(account.ca.clone())),
                ("IDENTITY_CERTIFICATE", path(self.edge.join("gateway.pem"))),
                ("IDENTITY_KEY", path(self.edge.join("gateway.key"))),
            ],
        )
    }

    /// A client of the gateway with that certificate, or without one.
    pub fn client(&self, identity: Option<&Identity>) -> Result<Client> {
        Client::new(&self.gateway_ca.certificate(), "gateway.test", identity)
    }

    /// The same, limited to TLS 1.2.
    pub fn client_with_tls_1_2(&self, identity: Option<&Identity>) -> Result<Client> {
        Client::with_tls_1_2(&self.gateway_ca.certificate(), "gateway.test", identity)
    }

    /// The authority of the upstreams, for more certificates from it.
    pub fn backend_ca(&self) -> &Authority {
        &self.backend_ca
    }

    /// The password that is in force.
    pub fn password(&self) -> &str {
        self.passwords.last().map_or("", String::as_str)
    }

    /// Stores a new password; the command's own time is not the caller's.
    pub async fn rotate(&mut self, password: &str) -> Result<()> {
        let rotate = [
            "secret",
            "rotate",
            "backend",
            "--group",
            "payments",
            "--password-file",
            "-",
        ];
        self.passwords.push(password.to_owned());
        self.cli.told(&rotate, password).await?;
        Ok(())
    }

    /// Every password there was.
    pub fn passwords(&self) -> &[String] {
        &self.passwords
    }

    /// The identity of the gateway's listener, whose key is also in the vault.
    pub fn server(&self) -> &Identity {
        &self.server
    }

    /// Certificates and keys to play with.
    pub fn pki(&self) -> PathBuf {
        self.scratch.join("pki")
    }

    /// The directory of this run.
    pub fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    async fn store_secrets(&self) -> Result<()> {
        let file = |name: &str| self.pki().join(name).to_string_lossy().into_owned();
        let cli = &self.cli;
        cli.ok(&["group", "create", "payments"]).await?;
        let group = ["--group", "payments"];
        let with = async |arguments: &[&str]| cli.ok(&[arguments, &group].concat()).await;
        let secret = ["secret", "create", "backend", "--username", USERNAME];
        let password = ["--password-file", "-"];
        cli.told(&[&secret[..], &group, &password].concat(), self.password())
            .await?;
        with(&[
            "keystore",
            "create",
            "gateway",
            "--certificate",
            &file("gateway.pem"),
            "--key",
            &file("gateway.key"),
        ])
        .await?;
        for (kind, name, source) in [
            ("truststore", "partners", "partner-ca.pem"),
            ("truststore", "backend", "backend-ca.pem"),
            ("pinset", "partners", "partner-pins.pem"),
            ("pinset", "backend", "backend-pins.pem"),
        ] {
            with(&[kind, "create", name, "--file", &file(source)]).await?;
        }
        with(&[
            "tls-context",
            "create",
            "partner-inbound",
            "--keystore",
            "gateway",
            "--truststore",
            "partners",
            "--require-client-certificate",
        ])
        .await?;
        with(&[
            "tls-context",
            "create",
            "backend-outbound",
            "--truststore",
            "backend",
        ])
        .await?;
        Ok(())
    }

    async fn register_gateways(&self) -> Result<()> {
        for (name, directory) in [("edge", &self.edge), ("stranger", &self.stranger)] {
            let directory = directory.to_string_lossy();
            self.cli
                .ok(&["gateway", "create", name, "--out", &directory])
                .await?;
        }
        self.cli
            .ok(&["grant", "add", "--group", "payments", "--gateway", "edge"])
            .await?;
        Ok(())
    }
}

/// The `authorization` header of that credential.
pub fn basic(username: &str, password: &str) -> String {
    format!(
        "Basic {}",
        STANDARD.encode(format!("{username}:{password}"))
    )
}
