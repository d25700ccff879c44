//! What stands on the command line, above the nouns.

use clap::{Args, Parser, Subcommand};

use crate::certificate::Certificate;
use crate::crl_distributor;
use crate::keystore::Keystore;
use crate::life_cycle::Verb;
use crate::output::Format;
use crate::pinset::Pinset;
use crate::tls_context::TlsContext;
use crate::truststore::Truststore;
use crate::{
    app, audit, completion, env, envoy, expiring, explain, gateway, grant, group, login, org,
    permission, secret, user,
};

const AFTER_HELP: &str = "\
Exit codes:
  0  done
  1  the vault refused, has no such thing, or answered something that makes no sense
  2  wrong usage, a local file that cannot be read or written, or you did not say yes
  3  the vault cannot be reached (network, TLS, or no answer in time)
  4  what is there is not what the command expects: the name is taken, the group is locked, the
     secret is in use, or another version is current (--if-match)
  5  `explain`: the peer would be denied
  6  `envoy check`: the configuration is not what its TLS contexts say, or could not be compared

Files and variables:
  SALLYPORT_PROFILE        the profile `login` writes; otherwise
                           $XDG_CONFIG_HOME/sallyport/profile.json or ~/.config/sallyport/profile.json
  SALLYPORT_URL, SALLYPORT_CA_FILE, SALLYPORT_CLIENT_ID, SALLYPORT_CLIENT_SECRET,
  SALLYPORT_ORGANIZATION, SALLYPORT_ENVIRONMENT
                           each stands above the profile; with the first four no profile is needed
  SALLYPORT_PROVIDER_URL   the internal door, for `gateway download` and `explain`
  NO_COLOR                 help without colours; nothing else has any
  HTTPS_PROXY, NO_PROXY    as usual; TLS ends at the vault, never at the proxy

Secrets are read from files, from stdin (`-`) or from a prompt, never from the command line. One
newline at the end is not part of the secret. Every NAME may also be an id. Every command that
writes takes --dry-run. Commands that destroy ask on a terminal, unless --yes is given.

A first walk:
  sallyport login --url https://vault.example:8443 --ca-file ca.pem --client-id ID
  sallyport group create payments
  sallyport secret create backend --group payments --username app
  sallyport gateway create edge-1 --out edge-1/
  sallyport grant add --group payments --gateway edge-1";

/// Stores keys, certificates, pins and passwords for API gateways, and says who may read them.
#[derive(Parser)]
#[command(name = "sallyport", version, after_help = AFTER_HELP)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Arguments {
    /// What to print: a table for people, the server's JSON or YAML (errors too, on stderr), names
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        default_value = "table",
        value_name = "FORMAT"
    )]
    pub(crate) output: Format,

    #[command(subcommand)]
    pub(crate) noun: Noun,
}

/// The nouns.
#[derive(Subcommand)]
pub(crate) enum Noun {
    Login(login::Login),
    /// Forget the profile: url, client secret and token
    #[command(after_help = "Example:\n  sallyport logout")]
    Logout,
    /// Show the vault, who you are there, what you may do, organization and environment in use
    #[command(after_help = "Example:\n  sallyport whoami")]
    Whoami,
    /// Organizations and business groups
    #[command(subcommand)]
    Org(org::Command),
    /// Environments, and which one is in use
    #[command(subcommand)]
    Env(env::Command),
    /// Secret groups: what is encrypted, granted and locked together
    #[command(subcommand)]
    Group(group::Command),
    /// Shared secrets: user name and password, symmetric key, S3 credential, blob
    #[command(subcommand)]
    Secret(secret::Command),
    /// Keystores: certificate chain and private key
    #[command(subcommand)]
    Keystore(Verb<Keystore>),
    /// Truststores: the CA certificates a peer must chain to
    #[command(subcommand)]
    Truststore(Verb<Truststore>),
    /// Certificates without a key
    #[command(subcommand)]
    Certificate(Verb<Certificate>),
    /// Certificate pinsets: keys and certificates a peer's chain must contain one of
    #[command(subcommand)]
    Pinset(Verb<Pinset>),
    /// TLS contexts: versions, ciphers, client certificates, keystore and truststore
    #[command(subcommand)]
    TlsContext(Verb<TlsContext>),
    /// CRL distributors: where certificate revocation lists come from
    #[command(subcommand)]
    CrlDistributor(crl_distributor::Command),
    Expiring(expiring::Expiring),
    /// Gateways: identities that may read values
    #[command(subcommand)]
    Gateway(gateway::Command),
    /// Grants: who may do what in a group
    #[command(subcommand)]
    Grant(grant::Command),
    /// Users: people who log in with a password
    #[command(subcommand)]
    User(user::Command),
    /// Connected apps: programs that log in with a client id and a secret
    #[command(subcommand)]
    App(app::Command),
    /// Permissions: what a user or a connected app may do in environments
    #[command(subcommand)]
    Permission(permission::Command),
    /// The audit log: who did or read what, and what was refused
    #[command(subcommand)]
    Audit(audit::Command),
    Explain(Box<explain::Explain>),
    /// Envoy's own TLS configuration: written for a TLS context, or compared with those it names
    #[command(subcommand)]
    Envoy(envoy::Command),
    Completion(completion::Completion),
}

/// The group a command works in.
#[derive(Args)]
pub(crate) struct InGroup {
    /// Secret group, by name or id
    #[arg(long, value_name = "GROUP")]
    pub(crate) group: String,
}

/// A secret that exists.
#[derive(Args)]
pub(crate) struct Existing {
    /// Name or id
    pub(crate) name: String,

    #[command(flatten)]
    pub(crate) at: InGroup,
}

/// JSON or YAML, if a command line that could not be parsed asks for it.
pub(crate) fn structured_format(arguments: impl Iterator<Item = String>) -> Option<Format> {
    let arguments: Vec<String> = arguments.collect();
    let words = [("json", Format::Json), ("yaml", Format::Yaml)];
    words.into_iter().find_map(|(word, format)| {
        let in_one = ["-o", "-o=", "--output="].map(|flag| format!("{flag}{word}"));
        let following = arguments.iter().zip(arguments.iter().skip(1));
        let asked = arguments.iter().any(|argument| in_one.contains(argument))
            || following
                .into_iter()
                .any(|(flag, value)| matches!(flag.as_str(), "-o" | "--output") && value == word);
        asked.then_some(format)
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_tree_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_explains_itself_and_shows_an_example() {
        fn visit(command: &clap::Command, path: &str) {
            assert!(command.get_about().is_some(), "{path} has no about");
            let mut leaf = true;
            for below in command.get_subcommands() {
                leaf = false;
                visit(below, &format!("{path} {}", below.get_name()));
            }
            if leaf {
                let example = command.get_after_help().map(ToString::to_string);
                let example = example.unwrap_or_default();
                assert!(example.contains(path), "{path} has no example");
                // Help is wrapped at 100 columns, and a broken line cannot be copied.
                assert!(example.lines().all(|line| line.len() < 100), "{path}");
            }
        }
        visit(&Arguments::command(), "sallyport");
    }

    #[test]
    fn no_option_takes_a_secret_on_the_command_line() {
        fn visit(command: &clap::Command) {
            for argument in command.get_arguments() {
                let name = argument.get_id().as_str();
                let secret = [
                    "password",
                    "passphrase",
                    "client_secret",
                    "secret_access_key",
                    "token",
                    "content",
                    "value",
                ];
                assert!(
                    !secret.iter().any(|word| name.ends_with(word)),
                    "{name} of {}",
                    command.get_name()
                );
            }
            command.get_subcommands().for_each(visit);
        }
        visit(&Arguments::command());
    }

    #[test]
    fn json_and_yaml_are_recognised_in_every_spelling() {
        let asks = |line: &str| structured_format(line.split(' ').map(str::to_owned));
        assert_eq!(asks("sallyport -o json group"), Some(Format::Json));
        assert_eq!(asks("sallyport group -ojson"), Some(Format::Json));
        assert_eq!(asks("sallyport group --output yaml"), Some(Format::Yaml));
        assert_eq!(asks("sallyport --output=json group"), Some(Format::Json));
        assert_eq!(asks("sallyport -o table group json"), None);
    }
}
