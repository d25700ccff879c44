//! `versions`, `promote`, `rollback`: labels move, payloads stay as they are.

use clap::Args;

use crate::arguments::Existing;
use crate::collection::GroupCollection;
use crate::error::Error;
use crate::names::Named;
use crate::output::Output;
use crate::request::{Body, Fields, Request};
use crate::storing::stored;
use crate::writing::{Expecting, Storing};

/// `promote`.
#[derive(Args)]
pub(crate) struct Publish {
    #[command(flatten)]
    pub(crate) existing: Existing,
    #[command(flatten)]
    expecting: Expecting,
    #[command(flatten)]
    storing: Storing,
}

/// `rollback`.
#[derive(Args)]
pub(crate) struct Rollback {
    #[command(flatten)]
    pub(crate) existing: Existing,
    /// Number of the version to go back to [default: the previous one]
    #[arg(long, value_name = "N")]
    version: Option<u64>,
    #[command(flatten)]
    expecting: Expecting,
    #[command(flatten)]
    storing: Storing,
}

/// Prints the versions of a secret.
pub(crate) fn list(mut place: GroupCollection, name: &str, output: Output) -> Result<(), Error> {
    let id = place.find(name)?;
    let path = place.own_item(id, "versions");
    let answer = place.session.client.list(&path)?;
    output.items(
        &answer,
        &[
            ("VERSION", "/number"),
            ("LABELS", "/labels"),
            ("CREATED", "/createdAt"),
            ("BY", "/createdBy"),
            ("EXPIRES", "/expirationDate"),
        ],
        "No versions.",
    )
}

impl Publish {
    /// The pending version becomes the current one.
    pub(crate) fn promote(&self, mut place: GroupCollection, output: Output) -> Result<(), Error> {
        let id = place.find(&self.existing.name)?;
        let request = Request::post(place.own_item(id, "promote"), Body::Empty)
            .if_match(self.expecting.if_match);
        let name = self.existing.name.clone();
        let storing = self.storing;
        match storing.send(&mut place.session, &request, output)? {
            Some(answer) => stored(
                &answer,
                &Named { id, name },
                "Promoted the pending version of",
                output,
            ),
            None => Ok(()),
        }
    }
}

impl Rollback {
    /// An older version becomes the current one.
    pub(crate) fn run(&self, mut place: GroupCollection, output: Output) -> Result<(), Error> {
        let id = place.find(&self.existing.name)?;
        let fields = Fields::default().optional("version", self.version);
        let request =
            Request::post(place.own_item(id, "rollback"), fields).if_match(self.expecting.if_match);
        let name = self.existing.name.clone();
        let storing = self.storing;
        match storing.send(&mut place.session, &request, output)? {
            Some(answer) => stored(&answer, &Named { id, name }, "Rolled back", output),
            None => Ok(()),
        }
    }
}
