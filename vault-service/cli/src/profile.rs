//! The profile: where the vault is and who the user is there; and the variables that stand above it.

use std::env;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sallyport_model::{EnvironmentId, OrganizationId, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use ureq::http::Uri;

use crate::error::Error;
use crate::identity::Identity;
use crate::private_file::{self, PRIVATE};
use crate::request::to_json;

/// What `login` keeps, mode 0600.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Profile {
    /// `https://host[:port]`.
    pub(crate) url: String,
    /// PEM file with the only CAs that are trusted, absolute path.
    pub(crate) ca_file: PathBuf,
    /// Who the user is there.
    #[serde(flatten)]
    pub(crate) identity: Identity,
    /// Chosen at login.
    pub(crate) organization: OrganizationId,
    /// Chosen at login; `None` where there was none to choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) environment: Option<EnvironmentId>,
    /// The last access token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<Token>,
}

/// An access token and its end.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Token {
    /// Opaque.
    #[serde(serialize_with = "exposed")]
    pub(crate) access_token: SecretString,
    /// Seconds since 1970.
    pub(crate) expires_at: u64,
}

/// The `SALLYPORT_*` variables that are set.
#[derive(Default)]
pub(crate) struct Overrides {
    pub(crate) url: Option<String>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<SecretString>,
    pub(crate) organization: Option<String>,
    pub(crate) environment: Option<String>,
}

impl Profile {
    /// Where the profile is, whether or not it exists.
    pub(crate) fn location() -> Result<PathBuf, Error> {
        if let Some(path) = variable("SALLYPORT_PROFILE") {
            return Ok(path.into());
        }
        let directory = match (variable("XDG_CONFIG_HOME"), variable("HOME")) {
            (Some(directory), _) => PathBuf::from(directory),
            (None, Some(home)) => Path::new(&home).join(".config"),
            (None, None) => return Err(Error::NoHome),
        };
        Ok(directory.join("sallyport").join("profile.json"))
    }

    /// Reads the profile; `None` if there is no file.
    ///
    /// # Errors
    /// The file is unreadable, damaged, or open to others.
    pub(crate) fn load(path: &Path) -> Result<Option<Self>, Error> {
        const LIMIT: u64 = 64 * 1024;
        let mode = match fs::metadata(path) {
            Ok(metadata) => metadata.permissions().mode() & 0o777,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(Error::Read {
                    path: path.to_owned(),
                    source,
                });
            }
        };
        if mode & 0o077 != 0 {
            return Err(Error::ProfileMode {
                path: path.to_owned(),
                mode,
            });
        }
        let bytes = private_file::read(path, LIMIT)?;
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|source| Error::ProfileSyntax {
                path: path.to_owned(),
                source,
            })
    }

    /// Writes the profile in one step; the directory is made (0700) if it is missing.
    pub(crate) fn save(&self, path: &Path) -> Result<(), Error> {
        if let Some(directory) = path.parent().filter(|path| !path.as_os_str().is_empty()) {
            private_file::create_directory(directory)?;
        }
        private_file::replace(path, &to_json(self)?, PRIVATE)
    }
}

impl Token {
    /// Whether it is good for a call that starts `now` (seconds since 1970) and takes its time.
    pub(crate) const fn is_fresh(&self, now: u64) -> bool {
        const MARGIN: u64 = 30;
        now.saturating_add(MARGIN) < self.expires_at
    }
}

impl Overrides {
    /// Reads the variables; an empty one counts as not set.
    pub(crate) fn from_environment() -> Self {
        Self {
            url: variable("SALLYPORT_URL"),
            ca_file: variable("SALLYPORT_CA_FILE").map(PathBuf::from),
            client_id: variable("SALLYPORT_CLIENT_ID"),
            client_secret: variable("SALLYPORT_CLIENT_SECRET").map(SecretString::new),
            organization: variable("SALLYPORT_ORGANIZATION"),
            environment: variable("SALLYPORT_ENVIRONMENT"),
        }
    }

    /// Whether one of them changes who talks to which vault; a cached token is then not usable.
    pub(crate) const fn change_identity(&self) -> bool {
        self.url.is_some()
            || self.ca_file.is_some()
            || self.client_id.is_some()
            || self.client_secret.is_some()
    }
}

/// Checks and normalises the address of a vault: `https://host[:port]`.
pub(crate) fn parse_url(text: &str) -> Result<String, Error> {
    let refuse = |reason| Error::Url {
        url: text.chars().take(200).collect(),
        reason,
    };
    let uri: Uri = text.parse().map_err(|_| refuse("not a URL"))?;
    if uri.scheme_str() != Some("https") {
        return Err(refuse("it must start with https://"));
    }
    let authority = uri.authority().ok_or_else(|| refuse("it has no host"))?;
    if authority.as_str().contains('@') {
        return Err(refuse("credentials do not belong into it"));
    }
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
        return Err(refuse("nothing may follow host and port"));
    }
    Ok(format!("https://{authority}"))
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Where a secret goes into the profile, in memory that is zeroed.
pub(crate) fn exposed<S: Serializer>(
    secret: &SecretString,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_https_origin_is_an_address() {
        assert_eq!(
            parse_url("https://vault.example:8443/").unwrap(),
            "https://vault.example:8443"
        );
        for text in [
            "http://vault.example",
            "vault.example:8443",
            "https://",
            "https://u:p@vault.example",
            "https://vault.example/path",
            "https://vault.example?x=1",
            "",
        ] {
            assert!(parse_url(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_token_is_given_up_half_a_minute_early() {
        let token = Token {
            access_token: SecretString::new("t".to_owned()),
            expires_at: 1_000,
        };
        assert!(token.is_fresh(969));
        assert!(!token.is_fresh(970));
    }
}
