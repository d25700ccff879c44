//! Which gateways run which version of a secret.

use axum::Json;
use axum::extract::State;
use sallyport_model::{Access, ActorId};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::openapi::{HttpMethod, Id, Moment, NameText, Operation, Routes};
use super::ManagerDoor;
use super::authenticated::Authenticated;
use super::failure::OwnFailure;
use super::path::{Ids, InGroup, OfSecret};
use super::reliant_cas::{ReliantOnDistributor, reliant_on, reliant_on_group};
use super::secrets::operation;
use super::within::{Read, Within, Write};
use crate::clock;
use crate::manager::ManagerError;
use crate::provider::Running;
use crate::store::ActorKind;

pub(super) fn routes() -> Routes<ManagerDoor> {
    const ROLLOUT: &str = "/secretGroups/{group}/{collection}/{secret}/rollout";
    Routes::new()
        .get(
            "/secretGroups/{group}/rollout",
            show_of_group,
            Operation::new(
                "showRolloutOfGroup",
                "Show which gateways run secrets of a group",
            )
            .answers::<GroupRollout>(200, "As the gateways say; a restart forgets it."),
        )
        .on_each(HttpMethod::Get, ROLLOUT, show, |kind| {
            operation(
                "showRolloutOf",
                kind,
                "Show which gateways run which version of a",
            )
            .answers::<ShownRollout>(200, "As the gateways say; a restart forgets it.")
        })
        .under("Versions")
}

/// How far a secret has come.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ShownRollout {
    /// The version in force.
    version: u64,
    /// How many gateways run it.
    current: usize,
    /// How many gateways run any version.
    running: usize,
    /// Those with a read grant on the group.
    gateways: Vec<RunningGateway>,
}

/// Who reads a group, or relies on it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct GroupRollout {
    /// Those with a read grant on it, however narrow.
    gateways: Vec<GroupReader>,
    /// CAs whose gateways the settings hold against the lists of its CRL distributors.
    gateway_cas: Vec<ReliantOnDistributor>,
}

/// A gateway that may read secrets of a group.
#[derive(Serialize, ToSchema)]
struct GroupReader {
    #[schema(value_type = Id)]
    id: ActorId,
    #[schema(value_type = NameText)]
    name: String,
    /// How many of them it runs.
    secrets: usize,
}

/// What a gateway runs.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RunningGateway {
    #[schema(value_type = Id)]
    id: ActorId,
    #[schema(value_type = NameText)]
    name: String,
    /// Absent if it has not asked for the secret since the vault was started.
    version: Option<u64>,
    /// When it first said so.
    #[schema(value_type = Option<Moment>)]
    since: Option<String>,
    /// When it said so last.
    #[schema(value_type = Option<Moment>)]
    confirmed: Option<String>,
}

async fn show_of_group(
    State(door): State<ManagerDoor>,
    Authenticated(caller): Authenticated,
    Ids(ids): Ids<InGroup>,
) -> Result<Json<GroupRollout>, OwnFailure> {
    let manager = &door.manager;
    let (scope, now) = (ids.scope(), clock::now());
    let group = manager.group(&caller, scope, ids.group, Access::Read, now);
    let group = group.await?;
    let secrets = manager.secret_ids(&group).await?;
    let readers = manager.grants(&group).await?.into_iter().filter(|grantee| {
        grantee.actor.kind == ActorKind::Gateway && grantee.access.contains(&Access::Read)
    });
    let readers = readers.map(|grantee| GroupReader {
        secrets: door.rollout.count(grantee.actor.id, &secrets),
        id: grantee.actor.id,
        name: grantee.actor.name,
    });
    Ok(Json(GroupRollout {
        gateways: readers.collect(),
        gateway_cas: reliant_on_group(&group, &door)
            .await
            .map_err(ManagerError::from)?,
    }))
}

async fn show(
    State(door): State<ManagerDoor>,
    at: Within<Read, OfSecret>,
) -> Result<Json<ShownRollout>, OwnFailure> {
    let id = at.ids.secret;
    let used = door
        .manager
        .where_used(&at.group, at.collection, id)
        .await?;
    let gateways: Vec<RunningGateway> = used
        .gateways
        .into_iter()
        .map(|gateway| {
            let running = door.rollout.running(gateway.id, id);
            RunningGateway {
                id: gateway.id,
                name: gateway.name,
                version: running.map(|running| running.version),
                since: running.map(|running| running.since.to_string()),
                confirmed: running.map(|running| running.confirmed.to_string()),
            }
        })
        .collect();
    let mut versions = gateways.iter().filter_map(|gateway| gateway.version);
    Ok(Json(ShownRollout {
        version: used.secret.current,
        running: versions.clone().count(),
        current: versions
            .by_ref()
            .filter(|version| *version == used.secret.current)
            .count(),
        gateways,
    }))
}

/// A sentence for each CA of gateways that relies on a secret, for each secret that refers to it, and for
/// each gateway that runs it, as it says itself, about what it has to expect; for the first of them. Who
/// may not read the group is told nothing.
pub(super) async fn in_use(
    door: &ManagerDoor,
    at: &Within<Write, OfSecret>,
    consequence: &str,
) -> Result<Vec<String>, ManagerError> {
    const SENTENCES: usize = 20;
    if !door.manager.may_read(&at.caller, &at.group).await? {
        return Ok(Vec::new());
    }
    let id = at.ids.secret;
    let seen = door.manager.seen_by(&at.caller, &at.group).await?;
    let used = seen.where_used(&at.group, at.collection, id).await?;
    let relying = reliant_on(&used.secret, &at.group, door);
    let relying = relying.iter().map(ToString::to_string);
    let running = used.gateways.into_iter().filter_map(|gateway| {
        let Running { version, since, .. } = door.rollout.running(gateway.id, id)?;
        let name = gateway.name;
        Some(format!(
            "gateway {name:?} runs version {version} since {since} and {consequence}"
        ))
    });
    let referring = used.secrets.into_iter().map(|user| {
        let (collection, name) = (user.secret.collection, user.secret.name);
        format!("{} {:?} refers to it", collection.singular(), name.as_str())
    });
    let mut said: Vec<String> = relying.chain(referring).chain(running).collect();
    if let Some(more) = said.len().checked_sub(SENTENCES).filter(|more| *more > 0) {
        said.truncate(SENTENCES);
        said.push(format!("{more} more secrets and gateways use it"));
    }
    Ok(said)
}
