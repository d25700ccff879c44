//! `rollout`: which gateways run which version of a secret.

use serde_json::Value;
use uuid::Uuid;

use crate::collection::GroupCollection;
use crate::error::Error;
use crate::output::{Output, printable, text_of, warn};
use crate::session::Session;

/// Most lines about users of one kind.
const LINES: usize = 20;

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

/// Says on stderr what relies on or refers to what may be deleted and which gateways run it, before anybody is
/// asked. Who may not know is not told.
pub(crate) fn warn_of_users(place: &mut GroupCollection, id: Uuid) {
    let path = place.own_item(id, "users");
    let users = place.session.client.get(&path).unwrap_or(Value::Null);
    warn_of_cas(&users);
    let secrets = users.get("secrets").and_then(Value::as_array);
    for secret in secrets.into_iter().flatten().take(LINES) {
        let field = |name: &str| printable(&secret.get(name).map(text_of).unwrap_or_default());
        let (collection, name) = (field("collection"), field("name"));
        warn(&format!("warning: {collection}/{name} refers to it"));
    }
    let Ok(answer) = read(place, id) else { return };
    let gateways = answer.get("gateways").and_then(Value::as_array);
    let running = gateways.into_iter().flatten().filter_map(|gateway| {
        let field = |name: &str| gateway.get(name).filter(|value| !value.is_null());
        let (name, version, since) = (field("name")?, field("version")?, field("since")?);
        Some([name, version, since].map(|value| printable(&text_of(value))))
    });
    let running = running.map(|[name, version, since]| {
        format!("gateway {name} runs version {version} since {since}")
    });
    warn_of(&running.collect::<Vec<_>>());
}

/// The same of a group that may be deleted: which gateways may read it, and how much of it they run.
pub(crate) fn warn_of_readers(session: &mut Session, group: Uuid) {
    let path = session.own(format_args!("/secretGroups/{group}/rollout"));
    let answer = session.client.get(&path).unwrap_or(Value::Null);
    warn_of_cas(&answer);
    let gateways = answer.get("gateways").and_then(Value::as_array);
    let readers = gateways.into_iter().flatten().filter_map(|gateway| {
        let name = printable(&text_of(gateway.get("name")?));
        Some(match gateway.get("secrets").and_then(Value::as_u64)? {
            0 => format!("gateway {name} may read it"),
            1 => format!("gateway {name} runs a secret of it"),
            count => format!("gateway {name} runs {count} secrets of it"),
        })
    });
    warn_of(&readers.collect::<Vec<_>>());
}

/// A line for each CA of gateways that relies on a CRL distributor, of the first.
fn warn_of_cas(answer: &Value) {
    let cas = answer.get("gatewayCas").and_then(Value::as_array);
    for ca in cas.into_iter().flatten().take(LINES) {
        let field = |name: &str| ca.get(name).and_then(Value::as_str).map(printable);
        let whose = match field("trustDomain") {
            Some(domain) => format!("of {domain}"),
            None => "with subjects".to_owned(),
        };
        let lists = match field("distributor") {
            Some(distributor) => format!("the lists of {distributor}"),
            None => "its lists".to_owned(),
        };
        warn(&format!(
            "warning: the settings hold gateways {whose} against {lists}"
        ));
    }
}

/// A line for each gateway, of the first.
fn warn_of(gateways: &[String]) {
    for gateway in gateways.iter().take(LINES) {
        warn(&format!("warning: {gateway}"));
    }
    if let Some(more) = gateways.len().checked_sub(LINES).filter(|more| *more > 0) {
        warn(&format!("warning: so do {more} more gateways"));
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
