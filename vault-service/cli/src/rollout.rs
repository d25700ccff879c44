//! `rollout`: which gateways run which version of a secret.

use serde_json::Value;
use uuid::Uuid;

use crate::collection::GroupCollection;
use crate::error::Error;
use crate::output::{Output, printable, text_of, warn};

/// Shows it: "7 of 8 gateways run version 4", and who does not.
pub(crate) fn show(mut place: GroupCollection, name: &str, output: Output) -> Result<(), Error> {
    let id = place.find(name)?;
    let answer = read(&mut place, id)?;
    let gateways = answer.get("gateways").and_then(Value::as_array);
    let rows: Vec<Vec<String>> = gateways
        .into_iter()
        .flatten()
        .map(|gateway| {
            ["name", "version", "since", "confirmed"]
                .map(|field| match gateway.get(field) {
                    None | Some(Value::Null) => "-".to_owned(),
                    Some(value) => text_of(value),
                })
                .to_vec()
        })
        .collect();
    output.rows(
        &answer,
        &["GATEWAY", "VERSION", "SINCE", "CONFIRMED"],
        &rows,
        "No gateway may read it.",
    )?;
    output.remark(&sentence(&answer))
}

/// Says on stderr that gateways run what is about to be deleted. Who may not know is not told.
pub(crate) fn warn_of_users(place: &mut GroupCollection, id: Uuid, name: &str) {
    let running = read(place, id).ok().as_ref().and_then(running);
    if let Some(count) = running.filter(|count| *count > 0) {
        warn(&format!(
            "warning: {count} of the gateways run {}: they are told to drop it at once",
            printable(name)
        ));
    }
}

fn read(place: &mut GroupCollection, id: Uuid) -> Result<Value, Error> {
    let path = place.own_item(id, "rollout");
    place.session.client.get(&path)
}

fn running(answer: &Value) -> Option<u64> {
    answer.get("running").and_then(Value::as_u64)
}

fn sentence(answer: &Value) -> String {
    let number = |field: &str| answer.get(field).and_then(Value::as_u64).unwrap_or(0);
    format!(
        "{} of {} gateways that have asked for it run version {}",
        number("current"),
        running(answer).unwrap_or(0),
        number("version"),
    )
}
