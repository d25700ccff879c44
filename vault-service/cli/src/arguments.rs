//! What stands on the command line, above the nouns.

use clap::{Args, Parser, Subcommand};

use crate::output::Format;
use crate::{
    audit, gateway, grant, group, keystore, login, pinset, secret, tls_context, truststore,
};

const AFTER_HELP: &str = "\
Exit codes:
  0  done
  1  the vault refused, has no such thing, or answered something that makes no sense
  2  wrong usage, or a local file that cannot be read or written
  3  the vault cannot be reached (network, TLS, or no answer in time)

Files and variables:
  SALLYPORT_PROFILE        the profile `login` writes; otherwise
                           $XDG_CONFIG_HOME/sallyport/profile.json or ~/.config/sallyport/profile.json
  SALLYPORT_URL, SALLYPORT_CA_FILE, SALLYPORT_CLIENT_ID, SALLYPORT_CLIENT_SECRET,
  SALLYPORT_ORGANIZATION, SALLYPORT_ENVIRONMENT
                           each stands above the profile; with the first four no profile is needed
  HTTPS_PROXY, NO_PROXY    as usual; TLS ends at the vault, never at the proxy

Secrets are read from files, from stdin (`-`) or from a prompt, never from the command line. One
newline at the end is not part of the secret. Every NAME may also be an id.

A first walk:
  sallyport login --url https://vault.example:8443 --ca-file ca.pem --client-id ID
  sallyport group create payments
  sallyport secret create backend --group payments --username app
  sallyport gateway create edge-1 --out edge-1/
  sallyport grant add --group payments --gateway edge-1";

/// Stores keys, certificates, pins and passwords for API gateways, and says who may read them.
#[derive(Parser)]
#[command(name = "sallyport", version, after_help = AFTER_HELP, propagate_version = true)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Arguments {
    /// What to print: a table for people, or the server's JSON (errors too, on stderr)
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
    /// Show the vault, the connected app, the organization and the environment in use
    #[command(after_help = "Example:\n  sallyport whoami")]
    Whoami,
    /// Secret groups: what is encrypted and granted together
    #[command(subcommand)]
    Group(group::Command),
    /// Shared secrets: user name and password
    #[command(subcommand)]
    Secret(secret::Command),
    /// Keystores: certificate chain and private key
    #[command(subcommand)]
    Keystore(keystore::Command),
    /// Truststores: the CA certificates a peer must chain to
    #[command(subcommand)]
    Truststore(truststore::Command),
    /// Certificate pinsets: certificates a peer's chain must contain one of
    #[command(subcommand)]
    Pinset(pinset::Command),
    /// TLS contexts: versions, ciphers, client certificates, keystore and truststore
    #[command(subcommand)]
    TlsContext(tls_context::Command),
    /// Gateways: identities that may read values
    #[command(subcommand)]
    Gateway(gateway::Command),
    /// Grants: which gateway may read which group
    #[command(subcommand)]
    Grant(grant::Command),
    /// The audit log: who did or read what, and what was refused
    #[command(subcommand)]
    Audit(audit::Command),
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

/// Whether `-o json` stands on a command line that could not be parsed.
pub(crate) fn asks_for_json(arguments: impl Iterator<Item = String>) -> bool {
    let arguments: Vec<String> = arguments.collect();
    let spelled_in_one = ["-ojson", "-o=json", "--output=json"];
    arguments
        .iter()
        .any(|argument| spelled_in_one.contains(&argument.as_str()))
        || arguments
            .iter()
            .zip(arguments.iter().skip(1))
            .any(|(flag, value)| matches!(flag.as_str(), "-o" | "--output") && value == "json")
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
                let secret = ["password", "passphrase", "client_secret", "token"];
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
    fn json_is_recognised_in_every_spelling() {
        let asks = |line: &str| asks_for_json(line.split(' ').map(str::to_owned));
        assert!(asks("sallyport -o json group"));
        assert!(asks("sallyport group -ojson"));
        assert!(asks("sallyport group --output json"));
        assert!(asks("sallyport --output=json group"));
        assert!(!asks("sallyport -o table group json"));
    }
}
