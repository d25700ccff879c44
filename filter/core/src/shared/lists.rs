//! Large revocation lists: dealt out in buckets that everybody looks up and nobody holds.

use crate::json;
use sallyport_model::{Der, Material, RevocationListMaterial, SecretString, TlsContextMaterial};
use sallyport_pki::{Digest, ReadBucket, Revocations, SerialBuckets};
use serde::{Deserialize, Serialize};

use super::data::Board;
use super::index::Place;

/// Most entries of a set that is published with its context.
const MAX_ENTRIES: usize = 4096;

/// Material smaller than this has no large list, in bytes of JSON.
const SMALL: usize = 64 * 1024;

/// Octets of a record besides the serial number.
const TAIL_OCTETS: usize = 6;

/// A set of serial numbers that is published apart from its context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ListedApart {
    /// Position of the revocation list in its context.
    list: usize,
    edition: Edition,
    issuer: Der,
    width: usize,
    entries: usize,
    /// Of the records: what is there already is not written again.
    digest: Der,
    pub(super) buckets: usize,
    /// Of its buckets.
    pub(super) place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Edition {
    Complete,
    Delta,
}

/// A context as it is published.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Published<'a> {
    TlsContext(&'a TlsContextMaterial),
}

/// Publishes the large sets of a context apart from it: what is left of the material, and where the
/// sets are. `None` if there are none, or if it is no material that anybody could use.
pub(super) fn take_apart(
    material: &str,
    known: &[ListedApart],
    board: &Board,
    mut next_place: impl FnMut() -> Place,
) -> Option<(Vec<u8>, Vec<ListedApart>)> {
    if material.len() < SMALL {
        return None;
    }
    let Ok(Material::<SecretString>::TlsContext(mut context)) = json::read(material.as_bytes())
    else {
        return None;
    };
    let mut apart = Vec::new();
    let revocation = context.verification.revocation.as_mut()?;
    for (list, of_signer) in revocation.lists.lists.iter_mut().enumerate() {
        for (edition, listed) in editions(of_signer) {
            let large = |width: usize, octets: usize| octets / (width + TAIL_OCTETS) > MAX_ENTRIES;
            let (taken, kept) = std::mem::take(listed)
                .into_iter()
                .partition(|one| large(one.width, one.records.0.len()));
            *listed = kept;
            for one in taken {
                let digest = Der(Digest::of(&one.records.0).as_bytes().to_vec());
                let entries = one.records.0.len() / (one.width + TAIL_OCTETS);
                let mut set = ListedApart {
                    list,
                    edition,
                    issuer: one.issuer,
                    width: one.width,
                    entries,
                    digest,
                    buckets: 0,
                    place: Place::default(),
                };
                let there = known.iter().find(|known| known.has_records_of(&set));
                (set.buckets, set.place) = match there {
                    Some(known) => (known.buckets, known.place),
                    None => {
                        let place = next_place();
                        let buckets =
                            SerialBuckets::deal(one.width, one.records.0, place.sequence)?;
                        board.put_buckets(place, &buckets);
                        (buckets.len(), place)
                    }
                };
                apart.push(set);
            }
        }
    }
    if apart.is_empty() {
        return None;
    }
    let rest = serde_json::to_vec(&Published::TlsContext(&context)).ok()?;
    Some((rest, apart))
}

fn editions(
    list: &mut RevocationListMaterial,
) -> impl Iterator<Item = (Edition, &mut Vec<sallyport_model::ListedMaterial>)> {
    let complete = (Edition::Complete, &mut list.complete.listed);
    let delta = list.delta.as_mut();
    let delta = delta.map(|delta| (Edition::Delta, &mut delta.listed));
    std::iter::once(complete).chain(delta)
}

impl ListedApart {
    /// Lets a list look its serial numbers up where they were published; whether it has such a list.
    pub(crate) fn attach(&self, lists: &mut Revocations, prefix: &str, read: ReadBucket) -> bool {
        let buckets = SerialBuckets {
            width: self.width,
            entries: self.entries,
            buckets: self.buckets,
            number: self.place.sequence,
            name: format!("{prefix}/{}", self.place.list_name()),
            read,
        };
        let edition = lists.edition_mut(self.list, self.edition == Edition::Delta);
        edition.is_some_and(|edition| {
            edition.keep_elsewhere(self.issuer.0.clone(), buckets);
            true
        })
    }

    fn has_records_of(&self, other: &Self) -> bool {
        let records = |one: &Self| (one.width, one.entries, one.digest.clone());
        records(self) == records(other)
    }
}
