//! `grant`: who may do what in a group.

use clap::{Args, Subcommand};
use sallyport_model::Access;
use serde_json::json;

use crate::arguments::InGroup;
use crate::error::Error;
use crate::group;
use crate::only::Only;
use crate::output::Output;
use crate::request::{Fields, Request};
use crate::session::Session;
use crate::writing::{Destroying, Writing};
use crate::{app, gateway, user};

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Let a gateway read the values of a group, or a user or a connected app work in it
    ///
    /// What the actor had before is replaced.
    #[command(
        after_help = "Example:\n  sallyport grant add --group payments --gateway edge-1\n  \
                      sallyport grant add --group payments --gateway edge-1 --only tlsContexts/inbound\n  \
                      sallyport grant add --group payments --user ada --access read,write"
    )]
    Add {
        #[command(flatten)]
        grant: Grant,
        /// What it may do: read, write, manage; repeat it or separate with commas. A gateway needs
        /// read
        #[arg(long, default_value = "read", value_delimiter = ',')]
        access: Vec<Access>,
        /// For a gateway: only this kind of secrets, or this secret: `keystores`,
        /// `tlsContexts/inbound`, or a reference; may be repeated
        #[arg(long, value_name = "KIND|REF", conflicts_with_all = ["user", "app"])]
        only: Vec<Only>,
        #[command(flatten)]
        writing: Writing,
    },
    /// List who was granted what in a group
    #[command(after_help = "Example:\n  sallyport grant list --group payments")]
    List(InGroup),
    /// Take an actor's grant away; a gateway that watches drops what it has at once
    #[command(
        after_help = "Example:\n  sallyport grant remove --group payments --gateway edge-1 --yes"
    )]
    Remove {
        #[command(flatten)]
        grant: Grant,
        #[command(flatten)]
        destroying: Destroying,
    },
}

/// An actor and a group.
#[derive(Args)]
pub(crate) struct Grant {
    #[command(flatten)]
    at: InGroup,
    #[command(flatten)]
    actor: Actor,
}

/// One actor.
#[derive(Args)]
#[group(id = "actor", required = true, multiple = false)]
struct Actor {
    /// Gateway, by name or id
    #[arg(long, value_name = "GATEWAY")]
    gateway: Option<String>,
    /// User, by user name or id
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Connected app, by name or id
    #[arg(long, value_name = "APP")]
    app: Option<String>,
}

/// Runs a verb.
pub(crate) fn run(command: Command, output: Output) -> Result<(), Error> {
    let mut session = Session::open()?;
    match command {
        Command::Add {
            grant,
            access,
            only,
            writing,
        } => {
            let (path, who) = grant.find(&mut session)?;
            let only = Only::within(&grant.at.group, only)?;
            let fields = Fields::default()
                .plain("access", json!(access))
                .optional("only", only.clone());
            let request = Request::put(path, fields);
            let Some(answer) = writing.send(&mut session, &request, output)? else {
                return Ok(());
            };
            let words: Vec<&str> = access.iter().map(|access| access.as_str()).collect();
            let (words, group) = (words.join(", "), &grant.at.group);
            let sentence = match only {
                None => format!("{who} has {words} access to group {group}"),
                Some(only) => {
                    let only = only.join(", ");
                    format!("{who} has {words} access to group {group}, only {only}")
                }
            };
            output.done(&answer, &sentence)
        }
        Command::List(at) => list(&mut session, &at, output),
        Command::Remove { grant, destroying } => {
            let (path, who) = grant.find(&mut session)?;
            let group = &grant.at.group;
            let question = format!("Take the access to group {group} away? ({who})");
            let request = Request::delete(path);
            match destroying.send(&mut session, &request, &question, output)? {
                Some(_) => output.done(
                    &json!({"group": group, "actor": who}),
                    &format!("{who} has no access to group {group}"),
                ),
                None => Ok(()),
            }
        }
    }
}

impl Grant {
    /// The path of the grant, and the actor in words.
    fn find(&self, session: &mut Session) -> Result<(String, String), Error> {
        let group = group::find(session, &self.at.group)?;
        let (id, who) = match &self.actor {
            Actor {
                user: Some(name), ..
            } => (user::find(session, name)?, format!("User {name}")),
            Actor {
                app: Some(name), ..
            } => (app::find(session, name)?, format!("Connected app {name}")),
            Actor { gateway, .. } => {
                // clap demands one of the three.
                let name = gateway.as_deref().unwrap_or_default();
                (gateway::find(session, name)?, format!("Gateway {name}"))
            }
        };
        let path = session.own(format_args!("/secretGroups/{group}/grants/{id}"));
        Ok((path, who))
    }
}

fn list(session: &mut Session, at: &InGroup, output: Output) -> Result<(), Error> {
    let group = group::find(session, &at.group)?;
    let path = session.own(format_args!("/secretGroups/{group}/grants"));
    let answer = session.client.list(&path)?;
    output.items(
        &answer,
        &[
            ("NAME", "/name"),
            ("KIND", "/kind"),
            ("ACCESS", "/access"),
            ("ONLY", "/only"),
            ("ACTOR", "/actor"),
        ],
        "No grants. Add one: sallyport grant add --group GROUP --gateway NAME",
    )
}
