//! Revocation lists of CRL distributors.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use sallyport_model::{Collection, SecretId};
use sallyport_pki::{CrlCertificates, CrlUpdate, RevocationList, UnixTime};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::Required;

use super::super::body;
use super::super::openapi::{HttpMethod, Moment, Routes, text};
use super::ManagerDoor;
use super::failure::{Failure, OwnFailure};
use super::path::OfSecret;
use super::secrets::operation;
use super::within::{Read, Within, Write};
use crate::jobs::crl_fetch::{Attempted, FetchedNow, LastFailure};
use crate::manager::{ListsInForce, UploadLimits};
use crate::store::GroupRecord;
use crate::trace;

const CRL: &str = "application/octet-stream";

pub(super) fn routes() -> Routes<ManagerDoor> {
    const LISTS: &str = "/secretGroups/{group}/{collection}/{secret}/lists";
    const FETCH: &str = "/secretGroups/{group}/{collection}/{secret}/lists/fetch";
    const KIND: Collection = Collection::CrlDistributorConfigs;
    let crl = text(
        "A CRL in DER or PEM, complete or delta, signed by the distributor certificate or the CA. At \
         most 16 MiB. A lower number than before is refused.",
        1,
        UploadLimits::CRL,
    );
    Routes::new()
        .on_one(
            HttpMethod::Put,
            LISTS,
            KIND,
            publish,
            operation("publishListsOf", KIND, "Publish a CRL of a")
                .body(CRL, crl, Required::True)
                .answers::<CrlTaken>(200, "It is in force."),
        )
        .on_one(
            HttpMethod::Get,
            LISTS,
            KIND,
            show,
            operation(
                "showListsOf",
                KIND,
                "Show which revocation lists are in force of a",
            )
            .answers::<PublishedCrls>(200, "The lists, without what they list."),
        )
        .on_one(
            HttpMethod::Post,
            FETCH,
            KIND,
            fetch,
            operation("fetchListsOf", KIND, "Fetch the lists now of a")
                .answers::<PublishedCrls>(200, "It was tried: `fetching` says what came of it."),
        )
        .under("Revocation lists")
}

/// What a CRL has changed.
#[derive(Serialize, ToSchema)]
struct CrlTaken {
    /// For people.
    message: String,
    /// `added`, `replaced` or `unchanged`.
    outcome: &'static str,
    /// Counts what was published.
    edition: u64,
    /// How many certificates are listed no longer; more than those that have expired since are worth
    /// an alarm.
    dropped: usize,
}

/// What a CRL distributor publishes.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PublishedCrls {
    /// Counts what was published; 0 if nothing was.
    edition: u64,
    #[schema(value_type = Option<Moment>)]
    published_at: Option<String>,
    /// Name of who published last.
    published_by: Option<String>,
    lists: Vec<PublishedCrl>,
    /// What came of fetching them; absent before the first time.
    fetching: Option<Fetching>,
}

/// What came of fetching the lists of a distributor.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Fetching {
    complete: Fetched,
    /// Absent if the distributor has no delta CRL.
    delta: Option<Fetched>,
    #[schema(value_type = Moment)]
    next_fetch: String,
    /// Since when they are being fetched; absent if they are not.
    #[schema(value_type = Option<Moment>)]
    under_way_since: Option<String>,
}

/// What came of fetching one list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Fetched {
    /// When it was last taken, or found to be in force already.
    #[schema(value_type = Option<Moment>)]
    last_success: Option<String>,
    #[schema(value_type = Option<Moment>)]
    last_failure: Option<String>,
    /// Why it failed then: a stable word.
    code: Option<String>,
    /// The same for people.
    reason: Option<String>,
    /// Failures since the last success.
    failures: u32,
    /// How many certificates newer lists have left out.
    dropped: u64,
}

/// A complete CRL, and perhaps a delta CRL on top of it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PublishedCrl {
    /// Subject of the signer, if its certificate is still one of the distributor's.
    signer: Option<String>,
    /// SHA-256 of the signer's public key, hexadecimal.
    signer_spki_sha256: String,
    /// cRLNumber.
    number: String,
    #[schema(value_type = Moment)]
    this_update: String,
    /// From then on the list counts as expired.
    #[schema(value_type = Moment)]
    next_update: String,
    /// Certificates that the complete CRL lists.
    entries: usize,
    /// Certificates that the delta CRL lists, if there is one.
    delta_entries: Option<usize>,
    /// `all`, `userOnly` or `caOnly`.
    certificates: &'static str,
    /// Whether certificates of other issuers may be listed.
    indirect: bool,
}

async fn publish(
    State(door): State<ManagerDoor>,
    at: Within<Write, OfSecret>,
    request: Request,
) -> Result<Json<CrlTaken>, OwnFailure> {
    require_distributor(at.collection)?;
    let (parts, body) = request.into_parts();
    let crl = body::read(&parts.headers, body, CRL, UploadLimits::CRL).await;
    let crl = crl.map_err(Failure::from)?.to_vec();
    let (update, in_force) = door
        .manager
        .publish_crl(&at.caller, &at.group, at.ids.secret, crl, at.now)
        .await?;
    let (outcome, dropped) = match update {
        CrlUpdate::Added => ("added", 0),
        CrlUpdate::Replaced { dropped } => ("replaced", dropped.certificates),
        CrlUpdate::Unchanged => ("unchanged", 0),
    };
    let edition = in_force.edition;
    Ok(Json(CrlTaken {
        message: format!("the list was {outcome}; edition {edition} is in force"),
        outcome,
        edition,
        dropped,
    }))
}

async fn show(
    State(door): State<ManagerDoor>,
    at: Within<Read, OfSecret>,
) -> Result<Json<PublishedCrls>, OwnFailure> {
    require_distributor(at.collection)?;
    shown_lists(&door, &at.group, at.ids.secret).await
}

async fn fetch(
    State(door): State<ManagerDoor>,
    at: Within<Write, OfSecret>,
) -> Result<Json<PublishedCrls>, OwnFailure> {
    require_distributor(at.collection)?;
    let (group, id) = (&at.group, at.ids.secret);
    // Whether it is one of this group.
    door.manager.secret(group, at.collection, id).await?;
    let fetching = Arc::clone(&door.crl_fetching);
    let trace = trace::current();
    // Who hangs up does not leave a fetch behind that nobody ends.
    let fetch = async move { trace::within(trace, fetching.fetch_now(id)).await };
    let fetched = tokio::spawn(fetch).await;
    match fetched.map_err(|_| Failure::Interrupted)?? {
        FetchedNow::Done => shown_lists(&door, group, id).await,
        FetchedNow::Busy => Err(Failure::Fetching.into()),
    }
}

async fn shown_lists(
    door: &ManagerDoor,
    group: &GroupRecord,
    id: SecretId,
) -> Result<Json<PublishedCrls>, OwnFailure> {
    let in_force = door.manager.lists_in_force(group, id).await?;
    let progress = door.crl_fetching.progress(id).await?;
    let lists = in_force.revocations.lists().iter();
    let lists = lists.map(|list| shown(list, &in_force)).collect();
    let (published_at, published_by) = match in_force.published {
        Some((at, by)) => (Some(at.to_string()), Some(by)),
        None => (None, None),
    };
    Ok(Json(PublishedCrls {
        edition: in_force.edition,
        published_at,
        published_by,
        lists,
        fetching: progress.map(|(progress, next)| Fetching {
            under_way_since: progress.under_way.map(|fetch| moment(fetch.since)),
            complete: fetched(progress.complete),
            delta: progress.delta.map(fetched),
            next_fetch: next.to_string(),
        }),
    }))
}

fn fetched(attempted: Attempted) -> Fetched {
    let (last_failure, code, reason) = match attempted.last_failure {
        Some(LastFailure { at, code, detail }) => (Some(moment(at)), Some(code), Some(detail)),
        None => (None, None, None),
    };
    Fetched {
        last_success: attempted.succeeded_at.map(moment),
        last_failure,
        code,
        reason,
        failures: attempted.failures,
        dropped: attempted.dropped,
    }
}

fn moment(seconds: i64) -> String {
    UnixTime(seconds).to_string()
}

fn require_distributor(collection: Collection) -> Result<(), Failure> {
    match collection {
        Collection::CrlDistributorConfigs => Ok(()),
        _ => Err(Failure::NoSuchPath),
    }
}

fn shown(list: &RevocationList, in_force: &ListsInForce) -> PublishedCrl {
    let mut signers = in_force.signers.iter();
    let signer = signers.find(|signer| signer.spki_sha256() == list.signer.key);
    PublishedCrl {
        signer: signer.map(|signer| signer.subject().to_owned()),
        signer_spki_sha256: list.signer.key.to_string(),
        number: list.number().to_string(),
        this_update: list.this_update().to_string(),
        next_update: list.next_update().to_string(),
        entries: list.complete.entries(),
        delta_entries: list.delta.as_ref().map(|delta| delta.entries()),
        certificates: match list.scope.certificates {
            CrlCertificates::All => "all",
            CrlCertificates::UserOnly => "userOnly",
            CrlCertificates::CaOnly => "caOnly",
        },
        indirect: list.scope.indirect,
    }
}
