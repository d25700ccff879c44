//! An actor in an environment: what every command but `login` starts with.

use std::fmt::Display;
use std::path::PathBuf;

use sallyport_model::{EnvironmentId, OrganizationId, Scope};
use serde_json::Value;

use crate::client::Client;
use crate::error::Error;
use crate::identity::Identity;
use crate::names::{Named, pick_or_only};
use crate::profile::{Overrides, Profile, parse_url};

const ME: &str = "/accounts/api/me";

/// A client and where it works.
pub(crate) struct Session {
    /// The vault.
    pub(crate) client: Client,
    scope: Scope,
}

impl Session {
    /// From the profile, with the `SALLYPORT_*` variables above it.
    ///
    /// # Errors
    /// Not logged in, or something the variables name does not exist.
    pub(crate) fn open() -> Result<Self, Error> {
        let overrides = Overrides::from_environment();
        let path = Profile::location()?;
        let profile = Profile::load(&path)?;
        let mut client = connect(&overrides, profile.as_ref(), path)?;

        let organization = match (&overrides.organization, &profile) {
            (None, Some(profile)) => profile.organization,
            (wanted, _) => organization(&mut client, wanted.as_deref())?.0,
        };
        let environment = match (&overrides.environment, &profile) {
            // The environment of the profile belongs to the organization of the profile.
            (None, Some(profile)) if profile.organization == organization => profile.environment,
            (wanted, _) => environment(&mut client, organization, wanted.as_deref())?.0,
        };
        Ok(Self {
            client,
            scope: Scope {
                organization,
                environment,
            },
        })
    }

    /// Where it works.
    pub(crate) const fn scope(&self) -> Scope {
        self.scope
    }

    /// A path of the Secrets Manager API.
    pub(crate) fn manager(&self, rest: impl Display) -> String {
        let Scope {
            organization,
            environment,
        } = self.scope;
        format!(
            "/secrets-manager/api/v1/organizations/{organization}/environments/{environment}{rest}"
        )
    }

    /// A path of Sallyport's own API in the environment: gateways, grants, versions, audit.
    pub(crate) fn own(&self, rest: impl Display) -> String {
        let environment = self.scope.environment;
        self.of_organization(format_args!("/environments/{environment}{rest}"))
    }

    /// A path of Sallyport's own API in the organization: environments, users, connected apps.
    pub(crate) fn of_organization(&self, rest: impl Display) -> String {
        let organization = self.scope.organization;
        format!("/api/v1/organizations/{organization}{rest}")
    }
}

/// The organization with this name or id, or the only one.
pub(crate) fn organization(
    client: &mut Client,
    wanted: Option<&str>,
) -> Result<(OrganizationId, Named), Error> {
    let me = client.get(ME)?;
    let named = pick_or_only(
        "organization",
        "--organization",
        wanted,
        organizations_of(&me),
    )?;
    Ok((OrganizationId::new(named.id), named))
}

/// The environment with this name or id, or the only one.
pub(crate) fn environment(
    client: &mut Client,
    organization: OrganizationId,
    wanted: Option<&str>,
) -> Result<(EnvironmentId, Named), Error> {
    let all = environments(client, organization)?;
    let named = pick_or_only("environment", "--environment", wanted, all)?;
    Ok((EnvironmentId::new(named.id), named))
}

/// All environments of an organization.
pub(crate) fn environments(
    client: &mut Client,
    organization: OrganizationId,
) -> Result<Vec<Named>, Error> {
    let answer = client.get(&format!(
        "/accounts/api/organizations/{organization}/environments"
    ))?;
    Ok(named_in(&answer, "data"))
}

/// The organizations in an answer of [`ME`].
fn organizations_of(me: &Value) -> Vec<Named> {
    let user = me.get("user").unwrap_or(&Value::Null);
    let member_of = named_in(user, "memberOfOrganizations");
    if member_of.is_empty() {
        return Named::all(user.get("organization"));
    }
    member_of
}

fn named_in(object: &Value, member: &str) -> Vec<Named> {
    let items = object.get(member).and_then(Value::as_array);
    Named::all(items.into_iter().flatten())
}

fn connect(
    overrides: &Overrides,
    profile: Option<&Profile>,
    path: PathBuf,
) -> Result<Client, Error> {
    let Some(profile) = profile else {
        return connect_without_profile(overrides, path);
    };
    let url = match &overrides.url {
        Some(url) => parse_url(url)?,
        None => profile.url.clone(),
    };
    let ca_file = overrides.ca_file.as_ref().unwrap_or(&profile.ca_file);
    let client = Client::new(url, ca_file, overridden(overrides, &profile.identity)?)?;
    Ok(if overrides.change_identity() {
        client
    } else {
        client.with_cached_token(path, profile.token.clone())
    })
}

/// Client id and secret may come from either place; a user's login has neither to give.
fn overridden(overrides: &Overrides, identity: &Identity) -> Result<Identity, Error> {
    let (id, secret) = (&overrides.client_id, &overrides.client_secret);
    let (kept_id, kept_secret) = match identity {
        Identity::App {
            client_id,
            client_secret,
        } => (Some(client_id), Some(client_secret)),
        Identity::User { .. } if id.is_none() && secret.is_none() => return Ok(identity.clone()),
        Identity::User { .. } => (None, None),
    };
    let missing = |variable| move || Error::MissingSetting { variable };
    let id = id.as_ref().or(kept_id);
    let secret = secret.as_ref().or(kept_secret);
    Ok(Identity::App {
        client_id: id.ok_or_else(missing("SALLYPORT_CLIENT_ID"))?.clone(),
        client_secret: secret
            .ok_or_else(missing("SALLYPORT_CLIENT_SECRET"))?
            .clone(),
    })
}

fn connect_without_profile(overrides: &Overrides, path: PathBuf) -> Result<Client, Error> {
    if !overrides.change_identity() {
        return Err(Error::NotLoggedIn { path });
    }
    let missing = |variable| move || Error::MissingSetting { variable };
    let url = overrides.url.as_ref();
    let ca_file = overrides.ca_file.as_ref();
    let client_id = overrides.client_id.as_ref();
    let client_secret = overrides.client_secret.as_ref();
    Client::new(
        parse_url(url.ok_or_else(missing("SALLYPORT_URL"))?)?,
        ca_file.ok_or_else(missing("SALLYPORT_CA_FILE"))?,
        Identity::App {
            client_id: client_id
                .ok_or_else(missing("SALLYPORT_CLIENT_ID"))?
                .clone(),
            client_secret: client_secret
                .ok_or_else(missing("SALLYPORT_CLIENT_SECRET"))?
                .clone(),
        },
    )
}
