//! `permission`: what a user or a connected app may do in environments.

use clap::{Args, Subcommand};
use sallyport_model::{EnvironmentId, Permission, PermissionError};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::error::Error;
use crate::output::{Output, text_of};
use crate::request::{Body, Request};
use crate::session::{self, OrganizationSession};
use crate::writing::Writing;
use crate::{app, user};

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// List what a user or a connected app may do, and in which environments
    #[command(after_help = "Example:\n  sallyport permission list --user ada")]
    List(Account),
    /// Set what a user or a connected app may do; what is not named is taken away
    ///
    /// manage:secret_groups  create, change, delete and clone groups, manage grants
    /// manage:secrets        create, replace, change and delete secrets
    /// read:secrets_metadata list and show what may be known of secrets
    /// read:secrets          the same, and grant read access
    #[command(
        verbatim_doc_comment,
        after_help = "Example:\n  sallyport permission set --app ci --permission manage:secrets\n  \
                      sallyport permission set --user ada \\\n      \
                      --permission 'read:secrets_metadata@*' --permission manage:secrets@sandbox"
    )]
    Set(Set),
}

/// A user or a connected app.
#[derive(Args)]
#[group(id = "account", required = true, multiple = false)]
pub(crate) struct Account {
    /// User, by user name or id
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Connected app, by name or id
    #[arg(long, value_name = "APP")]
    app: Option<String>,
}

/// `permission set`.
#[derive(Args)]
#[group(id = "what", args = ["permission", "none"], required = true, multiple = false)]
pub(crate) struct Set {
    #[command(flatten)]
    account: Account,
    /// Permission in the environment in use, in another one (@NAME or @ID) or in all (@*); repeat
    /// it or separate with commas
    #[arg(long, value_name = "PERMISSION[@ENVIRONMENT]", value_delimiter = ',')]
    permission: Vec<Wanted>,
    /// Take all permissions away
    #[arg(long)]
    none: bool,
    #[command(flatten)]
    writing: Writing,
}

/// A permission and where.
#[derive(Clone)]
struct Wanted {
    permission: Permission,
    place: Place,
}

#[derive(Clone)]
enum Place {
    InUse,
    Everywhere,
    Named(String),
}

/// Runs a verb.
pub(crate) fn run(command: Command, output: Output) -> Result<(), Error> {
    let mut session = OrganizationSession::open()?;
    match command {
        Command::List(account) => {
            let actor = account.find(&mut session)?;
            let path = path(&session, actor);
            let answer = session.client.list(&path)?;
            print(&mut session, answer, output)
        }
        Command::Set(set) => set.run(&mut session, output),
    }
}

impl Set {
    fn run(self, session: &mut OrganizationSession, output: Output) -> Result<(), Error> {
        let actor = self.account.find(session)?;
        let mut all = Vec::new();
        for wanted in &self.permission {
            let environment = wanted.place.find(session)?;
            all.push(json!({"permission": wanted.permission, "environment": environment}));
        }
        let request = Request::put(path(session, actor), Body::Array(all));
        match self.writing.send(session, &request, output)? {
            Some(Value::Array(answer)) => print(session, answer, output),
            Some(_) => Err(Error::nonsense(
                &request.method,
                &request.path,
                &"it is not an array",
            )),
            None => Ok(()),
        }
    }
}

impl Account {
    fn find(&self, session: &mut OrganizationSession) -> Result<Uuid, Error> {
        match (&self.user, &self.app) {
            (Some(name), _) => user::find(session, name),
            // clap demands one of the two.
            (None, name) => app::find(session, name.as_deref().unwrap_or_default()),
        }
    }
}

impl Place {
    fn find(&self, session: &mut OrganizationSession) -> Result<Option<EnvironmentId>, Error> {
        Ok(match self {
            Self::Everywhere => None,
            Self::InUse => Some(session.environment()?),
            Self::Named(wanted) => {
                let organization = session.id();
                let found = session::environment(&mut session.client, organization, Some(wanted))?;
                Some(found.0)
            }
        })
    }
}

impl std::str::FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (word, place) = match text.split_once('@') {
            None => (text, Place::InUse),
            Some((word, "*")) => (word, Place::Everywhere),
            Some((_, "")) => return Err("after @ stands an environment, or *".to_owned()),
            Some((word, name)) => (word, Place::Named(name.to_owned())),
        };
        let permission = word
            .parse()
            .map_err(|error: PermissionError| error.to_string())?;
        Ok(Self { permission, place })
    }
}

fn path(session: &OrganizationSession, actor: Uuid) -> String {
    session.of_organization(format_args!("/actors/{actor}/permissions"))
}

fn print(
    session: &mut OrganizationSession,
    answer: Vec<Value>,
    output: Output,
) -> Result<(), Error> {
    let organization = session.id();
    let environments = session::environments(&mut session.client, organization)?;
    let rows: Vec<Vec<String>> = answer
        .iter()
        .map(|held| {
            let cell = |member: &str| text_of(held.get(member).unwrap_or(&Value::Null));
            let place = match held.get("environment").and_then(Value::as_str) {
                None => "all".to_owned(),
                Some(id) => environments
                    .iter()
                    .find(|known| known.id.to_string() == id)
                    .map_or_else(|| id.to_owned(), |known| known.name.clone()),
            };
            vec![cell("permission"), place]
        })
        .collect();
    output.rows(
        &Value::Array(answer),
        &["PERMISSION", "ENVIRONMENT"],
        &rows,
        "No permissions.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_names_its_environment_all_or_the_one_in_use() {
        let wanted = |text: &str| text.parse::<Wanted>();
        assert!(matches!(
            wanted("manage:secrets").unwrap().place,
            Place::InUse
        ));
        assert!(matches!(
            wanted("read:secrets@*").unwrap().place,
            Place::Everywhere
        ));
        let named = wanted("read:secrets@test").unwrap().place;
        assert!(matches!(named, Place::Named(name) if name == "test"));
        for text in ["secrets", "read:secrets@", "@*", ""] {
            assert!(wanted(text).is_err(), "{text}");
        }
    }
}
