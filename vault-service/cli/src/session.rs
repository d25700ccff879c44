//! An actor in an organization, and in an environment of it: what every command but `login` starts
//! with.

use std::fmt::Display;
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;

use sallyport_model::{EnvironmentId, OrganizationId};
use serde_json::Value;

use crate::client::Client;
use crate::error::Error;
use crate::identity::Identity;
use crate::names::{Named, pick, pick_or_only};
use crate::profile::{Overrides, Profile, parse_url};

const ME: &str = "/accounts/api/me";
const ORGANIZATION: &str = "organization";

/// A client and the environment it works in.
pub(crate) struct Session {
    organization: OrganizationSession,
    environment: EnvironmentId,
}

/// A client and the organization it works in, which may have no environment yet.
pub(crate) struct OrganizationSession {
    /// The vault.
    pub(crate) client: Client,
    organization: OrganizationId,
    in_use: InUse,
}

/// The environment in use, as far as it is known without asking.
enum InUse {
    /// From the profile.
    Known(EnvironmentId),
    /// By name or id, or the only one.
    Wanted(Option<String>),
}

impl Session {
    /// From the profile, with the `SALLYPORT_*` variables above it.
    ///
    /// # Errors
    /// Not logged in, or something the variables name does not exist, or there is no environment.
    pub(crate) fn open() -> Result<Self, Error> {
        let mut organization = OrganizationSession::open()?;
        let environment = organization.environment()?;
        Ok(Self {
            organization,
            environment,
        })
    }

    /// A path of the Secrets Manager API.
    pub(crate) fn manager(&self, rest: impl Display) -> String {
        let (organization, environment) = (self.organization.id(), self.environment);
        format!(
            "/secrets-manager/api/v1/organizations/{organization}/environments/{environment}{rest}"
        )
    }

    /// A path of Sallyport's own API in the environment: gateways, grants, versions, audit.
    pub(crate) fn own(&self, rest: impl Display) -> String {
        let environment = self.environment;
        self.of_organization(format_args!("/environments/{environment}{rest}"))
    }
}

impl Deref for Session {
    type Target = OrganizationSession;

    fn deref(&self) -> &Self::Target {
        &self.organization
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.organization
    }
}

impl OrganizationSession {
    /// Like [`Session::open`], for what needs no environment.
    pub(crate) fn open() -> Result<Self, Error> {
        let overrides = Overrides::from_environment();
        let path = Profile::location()?;
        let profile = Profile::load(&path)?;
        let mut client = connect(&overrides, profile.as_ref(), path)?;

        let organization = match (&overrides.organization, &profile) {
            (None, Some(profile)) => profile.organization,
            (wanted, _) => organization(&mut client, wanted.as_deref())?.0,
        };
        let kept = match &profile {
            // The environment of the profile belongs to the organization of the profile.
            Some(profile) if profile.organization == organization => profile.environment,
            _ => None,
        };
        let in_use = match (overrides.environment, kept) {
            (None, Some(environment)) => InUse::Known(environment),
            (wanted, _) => InUse::Wanted(wanted),
        };
        Ok(Self {
            client,
            organization,
            in_use,
        })
    }

    /// The organization.
    pub(crate) const fn id(&self) -> OrganizationId {
        self.organization
    }

    /// The environment in use.
    ///
    /// # Errors
    /// The wanted one does not exist, or none is chosen and there is not exactly one.
    pub(crate) fn environment(&mut self) -> Result<EnvironmentId, Error> {
        match &self.in_use {
            InUse::Known(environment) => Ok(*environment),
            InUse::Wanted(wanted) => {
                let found = environment(&mut self.client, self.organization, wanted.as_deref())?.0;
                self.in_use = InUse::Known(found);
                Ok(found)
            }
        }
    }

    /// The environment in use, or `None` if there is none to choose or none is chosen.
    pub(crate) fn environment_if_any(&mut self) -> Result<Option<EnvironmentId>, Error> {
        match self.environment() {
            Err(Error::NoneThere { .. } | Error::Undecided { .. }) => Ok(None),
            found => found.map(Some),
        }
    }

    /// A path of Sallyport's own API in the organization: environments, users, connected apps.
    pub(crate) fn of_organization(&self, rest: impl Display) -> String {
        let organization = self.organization;
        format!("/api/v1/organizations/{organization}{rest}")
    }
}

/// The organization with this name or id, or the actor's own: business groups below it are chosen.
pub(crate) fn organization(
    client: &mut Client,
    wanted: Option<&str>,
) -> Result<(OrganizationId, Named), Error> {
    let me = client.get(ME)?;
    let all = organizations_of(&me);
    let named = match (wanted, me.pointer("/user/organization/id")) {
        (None, Some(Value::String(own))) => pick(ORGANIZATION, own, all),
        _ => pick_or_only(ORGANIZATION, "--organization", wanted, all),
    }?;
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
