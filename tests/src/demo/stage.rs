//! The scene: a vault with everything in it, two upstreams, a gateway.

use std::collections::BTreeSet;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::parties::{Clients, FIRST_PASSWORD, Parties};
use crate::cli::Cli;
use crate::client::Client;
use crate::envoy::Envoy;
use crate::false_door::FalseDoor;
use crate::pki::{Authority, Identity, IdentityFiles};
use crate::recipe::Recipe;
use crate::scratch::Scratch;
use crate::upstream::Upstream;
use crate::vault::Vault;
use crate::{Error, Result, files, program, template};

/// User name of the credential that is injected.
pub const USERNAME: &str = "gateway";

/// The heading of a README below which everything is stored that its gateway needs.
const STORE: &str = "What to store";

/// How the scene is set.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Who is told what is going on.
    pub progress: Progress,
    /// How long requests wait for the first answer of the vault, as in the filter's configuration.
    pub startup_wait: &'static str,
    /// Which of `envoy/recipes` is followed; the demo without one.
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
    false_door: Option<FalseDoor>,
    options: Options,
    recipe: Recipe,
    followed: BTreeSet<String>,
    passwords: Vec<String>,
    parties: Parties,
    server_files: IdentityFiles,
    scratch: Scratch,
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
        let parties = Parties::new()?;
        let pki = scratch.directory("pki")?;
        let server_files = parties.write_to(&pki)?;

        progress.say("initialising a vault and starting its two doors");
        let vault = Vault::start(&scratch.directory("vault")?).await?;
        let cli = Cli::login(&scratch.directory("cli")?, &vault)
            .await?
            .working_in(&pki);

        progress.say("starting two TLS upstreams, one of them with a certificate nobody pinned");
        let backend = Upstream::start("backend", &parties.backend).await?;
        let impostor = Upstream::start("impostor", &parties.impostor).await?;

        let mut stage = Self {
            gateway: None,
            vault,
            cli,
            backend,
            impostor,
            clients: parties.clients.clone(),
            edge: pki.join("edge"),
            stranger: pki.join("stranger"),
            recipe: Recipe::open(options.recipe)?,
            followed: BTreeSet::new(),
            false_door: None,
            options,
            passwords: vec![FIRST_PASSWORD.to_owned()],
            parties,
            server_files,
            scratch,
        };
        progress.say("storing everything through the Manager API, for one of two gateways");
        stage.follow(STORE).await?;
        let stranger = ["gateway", "create", "stranger", "--out", "stranger"];
        stage.cli.ok(&stranger).await?;
        Ok(stage)
    }

    /// Runs the commands that the README has below that heading.
    pub async fn follow(&mut self, title: &str) -> Result<()> {
        for command in self.recipe.commands(title)? {
            let words: Vec<&str> = command.iter().map(String::as_str).collect();
            self.cli.ok(&words).await?;
        }
        self.followed.insert(title.to_owned());
        Ok(())
    }

    /// The headings of the README whose commands were not run.
    pub fn not_followed(&self) -> Vec<&str> {
        let titles = self.recipe.titles();
        titles
            .filter(|title| !self.followed.contains(*title))
            .collect()
    }

    /// What is followed.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// Starts Envoy as the gateway `edge`, instead of the one that runs.
    pub async fn start_gateway(&mut self) -> Result<()> {
        self.gateway = None;
        self.options
            .progress
            .say("starting Envoy with filter.wasm on both sides");
        let configuration = self.envoy_configuration()?;
        let directory = self.scratch.directory("envoy")?;
        self.gateway = Some(Envoy::start(&directory, &configuration).await?);
        Ok(())
    }

    /// Puts a false door before the vault's, for gateways that start from now on.
    pub async fn put_false_door(&mut self) -> Result<()> {
        let gateway = Identity::of_gateway(&self.edge)?;
        self.false_door = Some(FalseDoor::open(&self.vault, &gateway).await?);
        Ok(())
    }

    /// The false door.
    pub fn false_door(&self) -> Result<&FalseDoor> {
        self.false_door
            .as_ref()
            .ok_or(Error::NotStarted("the false door"))
    }

    /// The running gateway.
    pub fn gateway(&mut self) -> Result<&mut Envoy> {
        self.gateway.as_mut().ok_or(Error::NotStarted("Envoy"))
    }

    /// Envoy's configuration with every placeholder filled.
    pub fn envoy_configuration(&self) -> Result<String> {
        self.fill(&self.recipe.configuration()?, &[])
    }

    /// Another configuration with every placeholder filled, first with what is given here.
    pub fn fill(&self, configuration: &str, given: &[(&'static str, String)]) -> Result<String> {
        let path = |path: PathBuf| path.to_string_lossy().into_owned();
        let port = |address: std::net::SocketAddr| address.port().to_string();
        let account = self.vault.account();
        let any = || "0".to_owned();
        let (provider, vault_ca) = match &self.false_door {
            Some(door) => {
                let ca = self.pki().join("false-ca.pem");
                files::write(&ca, door.ca())?;
                (door.address(), ca)
            }
            None => (self.vault.provider(), account.ca.clone()),
        };
        let known = [
            ("ADMIN_PORT", any()),
            ("LISTEN_PORT", any()),
            ("BACKEND_PORT", port(self.backend.address())),
            ("IMPOSTOR_PORT", port(self.impostor.address())),
            ("PROVIDER_PORT", port(provider)),
            ("FILTER_WASM", path(program::filter_wasm()?)),
            (
                "FILTER_RESPONSES_WASM",
                path(program::filter_responses_wasm()?),
            ),
            ("ORGANIZATION", account.organization.id.clone()),
            ("ENVIRONMENT", account.environment.id.clone()),
            ("STARTUP_WAIT", self.options.startup_wait.to_owned()),
            ("GATEWAY_CERTIFICATE", path(self.server_files.chain.clone())),
            ("GATEWAY_KEY", path(self.server_files.key.clone())),
            ("CLIENT_CA", path(self.pki().join("partner-ca.pem"))),
            ("BACKEND_CA", path(self.pki().join("backend-ca.pem"))),
            ("VAULT_CA", path(vault_ca)),
            ("IDENTITY_CERTIFICATE", path(self.edge.join("gateway.pem"))),
            ("IDENTITY_KEY", path(self.edge.join("gateway.key"))),
        ];
        template::fill(configuration, &[given, &known].concat())
    }

    /// A client of the gateway with that certificate, or without one.
    pub fn client(&self, identity: Option<&Identity>) -> Result<Client> {
        Client::new(
            &self.parties.gateway_ca.certificate(),
            "gateway.test",
            identity,
        )
    }

    /// The same, limited to TLS 1.2.
    pub fn client_with_tls_1_2(&self, identity: Option<&Identity>) -> Result<Client> {
        Client::with_tls_1_2(
            &self.parties.gateway_ca.certificate(),
            "gateway.test",
            identity,
        )
    }

    /// Who clients have to trust.
    pub fn gateway_ca(&self) -> &Authority {
        &self.parties.gateway_ca
    }

    /// The identity of the upstream whose certificate is in the pin set.
    pub fn genuine(&self) -> &Identity {
        &self.parties.backend
    }

    /// The authority of the upstreams, for more certificates from it.
    pub fn backend_ca(&self) -> &Authority {
        &self.parties.backend_ca
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
        &self.parties.server
    }

    /// Certificates and keys to play with; where the commands of the README run.
    pub fn pki(&self) -> PathBuf {
        self.scratch.join("pki")
    }

    /// The directory of this run.
    pub fn scratch(&self) -> &Scratch {
        &self.scratch
    }
}

/// The `authorization` header of that credential.
pub fn basic(username: &str, password: &str) -> String {
    format!(
        "Basic {}",
        STANDARD.encode(format!("{username}:{password}"))
    )
}
