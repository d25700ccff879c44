//! `group edit`: edit sessions.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::error::Error;
use crate::group;
use crate::life_cycle::with;
use crate::output::{Output, text_of};
use crate::request::{Body, Request};
use crate::session::Session;
use crate::writing::{Destroying, Writing, show_warnings};

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Edit {
    /// Lock a group for yourself; what you change is staged until `finish`
    #[command(after_help = "Example:\n  sallyport group edit start payments")]
    Start(Place),
    /// Show who edits a group, since when, and what was changed so far
    #[command(after_help = "Example:\n  sallyport group edit status payments")]
    Status {
        /// Name or id of the group
        name: String,
    },
    /// Publish all changes at once and unlock the group
    #[command(after_help = "Example:\n  sallyport group edit finish payments")]
    Finish(Place),
    /// Drop all changes and unlock the group; with manage access also somebody else's
    #[command(after_help = "Example:\n  sallyport group edit cancel payments --yes")]
    Cancel {
        /// Name or id of the group
        name: String,
        #[command(flatten)]
        destroying: Destroying,
    },
}

/// A group.
#[derive(Args)]
pub(crate) struct Place {
    /// Name or id of the group
    name: String,
    #[command(flatten)]
    writing: Writing,
}

/// Runs a verb.
pub(crate) fn run(edit: &Edit, session: &mut Session, output: Output) -> Result<(), Error> {
    let (Edit::Start(Place { name, .. })
    | Edit::Status { name }
    | Edit::Finish(Place { name, .. })
    | Edit::Cancel { name, .. }) = edit;
    let group = group::find(session, name)?;
    let lock = format!("{}/lock", group::item(session, group));
    let (answer, sentence) = match edit {
        Edit::Status { .. } => return status(&session.client.get(&lock)?, output),
        Edit::Start(place) => (
            place
                .writing
                .send(session, &Request::post(lock, Body::Empty), output)?,
            format!("Locked group {name}; publish with: sallyport group edit finish {name}"),
        ),
        Edit::Finish(place) => {
            let request = Request::delete(format!("{lock}?action=finish"));
            let answer = place.writing.send(session, &request, output)?;
            if let Some(answer) = answer.as_ref().filter(|_| !output.is_structured()) {
                show_warnings(answer);
            }
            let changes = answer.as_ref().and_then(|answer| answer.get("changes"));
            let changes = changes.and_then(Value::as_u64).unwrap_or(0);
            (
                answer,
                format!("Published group {name} (changes: {changes})"),
            )
        }
        Edit::Cancel { destroying, .. } => {
            let request = Request::delete(format!("{lock}?action=cancel"));
            let question = format!("Drop all unpublished changes of group {name}?");
            (
                destroying.send(session, &request, &question, output)?,
                format!("Cancelled the edit session of group {name}; nothing was published"),
            )
        }
    };
    match answer {
        Some(answer) => output.done(&with(&answer, &json!({"id": group})), &sentence),
        None => Ok(()),
    }
}

fn status(answer: &Value, output: Output) -> Result<(), Error> {
    let text = |value: &Value, member: &str| text_of(value.get(member).unwrap_or(&Value::Null));
    let changes = answer.get("changes").and_then(Value::as_array);
    let lines: Vec<String> = changes
        .into_iter()
        .flatten()
        .map(|change| {
            let [action, collection, name] =
                ["action", "collection", "name"].map(|member| text(change, member));
            format!("{action} {collection}/{name}")
        })
        .collect();
    let people = json!({
        "lockedBy": answer.get("lockedBy"),
        "lockedAt": answer.get("lockedAt"),
        "changes": if lines.is_empty() { vec!["none".to_owned()] } else { lines },
    });
    output.summary(answer, &people)
}
