//! `grant add|list|remove`: which gateway may read which group.

use clap::{Args, Subcommand};
use sallyport_model::Access;
use serde_json::{Value, json};
use ureq::http::Method;

use crate::arguments::InGroup;
use crate::client::{Body, to_json};
use crate::error::Error;
use crate::output::{Output, text_of};
use crate::session::Session;
use crate::{gateway, group};

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Let a gateway read the values of a group
    #[command(after_help = "Example:\n  sallyport grant add --group payments --gateway edge-1")]
    Add {
        #[command(flatten)]
        grant: Grant,
        /// What it may do; repeat it for more than one. A gateway needs read
        #[arg(long, default_value = "read")]
        access: Vec<Access>,
    },
    /// List who was granted what in a group
    #[command(after_help = "Example:\n  sallyport grant list --group payments")]
    List(InGroup),
    /// Take a gateway's grant away; it keeps what it has until its copy ends
    #[command(after_help = "Example:\n  sallyport grant remove --group payments --gateway edge-1")]
    Remove(Grant),
}

/// A gateway and a group.
#[derive(Args)]
pub(crate) struct Grant {
    #[command(flatten)]
    at: InGroup,
    /// Gateway, by name or id
    #[arg(long, value_name = "GATEWAY")]
    gateway: String,
}

/// Runs a verb.
pub(crate) fn run(command: Command, output: Output) -> Result<(), Error> {
    let mut session = Session::open()?;
    match command {
        Command::Add { grant, access } => {
            let path = grant.path(&mut session)?;
            let body = Body::Json(to_json(&json!({ "access": access }))?);
            let answer = session.client.call(&Method::PUT, &path, &body)?;
            let words: Vec<&str> = access.iter().map(|access| access.as_str()).collect();
            let Grant { at, gateway } = &grant;
            let sentence = format!(
                "Gateway {gateway} has {} access to group {}",
                words.join(", "),
                at.group
            );
            output.done(&answer, &sentence)
        }
        Command::List(at) => list(&mut session, &at, output),
        Command::Remove(grant) => {
            let path = grant.path(&mut session)?;
            session.client.call(&Method::DELETE, &path, &Body::Empty)?;
            let Grant { at, gateway } = &grant;
            output.done(
                &json!({"group": at.group, "gateway": gateway}),
                &format!("Gateway {gateway} has no access to group {}", at.group),
            )
        }
    }
}

impl Grant {
    fn path(&self, session: &mut Session) -> Result<String, Error> {
        let group = group::find(session, &self.at.group)?;
        let gateway = gateway::find(session, &self.gateway)?;
        Ok(session.own(format_args!("/secretGroups/{group}/grants/{gateway}")))
    }
}

fn list(session: &mut Session, at: &InGroup, output: Output) -> Result<(), Error> {
    let group = group::find(session, &at.group)?;
    let answer = session
        .client
        .list(&session.own(format_args!("/secretGroups/{group}/grants")))?;
    let rows: Vec<Vec<String>> = answer
        .iter()
        .map(|grant| {
            let cell = |member| text_of(grant.get(member).unwrap_or(&Value::Null));
            let access = grant.get("access").and_then(Value::as_array);
            let access: Vec<String> = access.into_iter().flatten().map(text_of).collect();
            vec![cell("name"), cell("kind"), access.join(", "), cell("actor")]
        })
        .collect();
    output.list(
        &answer,
        &["NAME", "KIND", "ACCESS", "ACTOR"],
        &rows,
        "No grants. Add one: sallyport grant add --group GROUP --gateway NAME",
    )
}
