//! Delta: every response has what has changed.

use std::collections::{BTreeMap, BTreeSet};

use sallyport_model::Revision;

use super::super::wire::{DeltaDiscoveryRequest, DeltaDiscoveryResponse, Resource, SECRET_TYPE};
use super::{
    Breach, Found, Heard, MAX_NAMES, Nonces, Protocol, Verdict, answer, any, check_names,
    check_type, opinion,
};

/// A stream of `DeltaSecrets`.
#[derive(Default)]
pub struct Delta {
    names: BTreeSet<String>,
    settled: BTreeMap<String, Settled>,
    /// What it had before this stream.
    kept: BTreeSet<String>,
    nonces: Nonces,
    greeted: bool,
}

/// What the client knows of a name.
struct Settled {
    revision: Revision,
    has_it: bool,
}

impl Protocol for Delta {
    type Request = DeltaDiscoveryRequest;
    type Response = DeltaDiscoveryResponse;

    /// Subscriptions count whatever the nonce: they are about names, not about a response.
    fn hear(&mut self, request: DeltaDiscoveryRequest) -> Result<Heard, Breach> {
        check_type(&request.type_url)?;
        check_names(&request.resource_names_subscribe)?;
        for name in &request.resource_names_unsubscribe {
            self.names.remove(name);
            self.settled.remove(name);
        }
        for name in request.resource_names_subscribe {
            // Whoever subscribes again wants to be told again.
            self.settled.remove(&name);
            self.names.insert(name);
        }
        if self.names.len() > MAX_NAMES {
            return Err(Breach::Names);
        }
        if !std::mem::replace(&mut self.greeted, true) {
            let known = request.initial_resource_versions.into_iter();
            for (name, revision) in known.filter(|(name, _)| self.names.contains(name)) {
                let settled = Settled {
                    revision: Revision(revision),
                    has_it: true,
                };
                self.kept.insert(name.clone());
                self.settled.insert(name, settled);
            }
        }
        Ok(match self.nonces.is_current(&request.response_nonce) {
            true => opinion(&request.response_nonce, request.error_detail.as_ref()),
            false => Heard::Stale,
        })
    }

    fn names(&self) -> &BTreeSet<String> {
        &self.names
    }

    fn due(&self, now: &BTreeMap<String, Revision>) -> BTreeSet<String> {
        let due = now.iter().filter(|(name, revision)| {
            let settled = self.settled.get(*name);
            settled.is_none_or(|settled| settled.revision != **revision)
        });
        due.map(|(name, _)| name.clone()).collect()
    }

    fn tell(&mut self, found: BTreeMap<String, Found>) -> Option<DeltaDiscoveryResponse> {
        let mut response = DeltaDiscoveryResponse::default();
        for (name, Found { revision, secret }) in found {
            let settled = Settled {
                revision: revision.clone(),
                has_it: secret.is_some(),
            };
            let before = self.settled.insert(name.clone(), settled);
            match secret {
                Some(secret) => response.resources.push(Resource {
                    version: revision.0,
                    resource: Some(any(secret)),
                    name,
                }),
                // That there is nothing still is no news.
                None if before.is_some_and(|before| !before.has_it) => {}
                None => response.removed_resources.push(name),
            }
        }
        if response.resources.is_empty() && response.removed_resources.is_empty() {
            return None;
        }
        response.type_url = SECRET_TYPE.to_owned();
        response.nonce = self.nonces.next();
        Some(response)
    }

    fn has(&self, name: &str) -> bool {
        self.settled.get(name).is_some_and(|settled| settled.has_it)
    }

    fn kept(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.kept)
    }

    fn nonce(response: &DeltaDiscoveryResponse) -> &str {
        &response.nonce
    }

    fn answer(request: &DeltaDiscoveryRequest) -> Option<(&str, Verdict)> {
        answer(&request.response_nonce, request.error_detail.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::wire::Rejection;
    use super::*;

    fn subscribe(names: &[&str], nonce: &str) -> DeltaDiscoveryRequest {
        DeltaDiscoveryRequest {
            resource_names_subscribe: names.iter().map(|name| (*name).to_owned()).collect(),
            response_nonce: nonce.to_owned(),
            ..DeltaDiscoveryRequest::default()
        }
    }

    fn now(things: &[(&str, &str)]) -> BTreeMap<String, Revision> {
        let now = things.iter();
        now.map(|(name, revision)| ((*name).to_owned(), Revision((*revision).to_owned())))
            .collect()
    }

    fn one(name: &str, revision: &str, there: bool) -> BTreeMap<String, Found> {
        let found = Found {
            revision: Revision(revision.to_owned()),
            secret: there.then(|| revision.to_owned().into()),
        };
        BTreeMap::from([(name.to_owned(), found)])
    }

    #[test]
    fn only_what_has_changed_is_due() {
        let mut stream = Delta::default();
        stream.hear(subscribe(&["a", "b"], "")).unwrap();
        assert_eq!(stream.due(&now(&[("a", "1"), ("b", "1")])).len(), 2);
        let response = stream.tell(one("a", "1", true)).unwrap();
        assert_eq!(response.resources[0].version, "1");
        let due = stream.due(&now(&[("a", "1"), ("b", "1")]));
        assert_eq!(due, BTreeSet::from(["b".to_owned()]));
    }

    #[test]
    fn an_unknown_name_is_removed_once_and_comes_when_it_is_there() {
        let mut stream = Delta::default();
        stream.hear(subscribe(&["a"], "")).unwrap();
        let response = stream.tell(one("a", "refused", false)).unwrap();
        assert_eq!(response.removed_resources, ["a"]);
        assert_eq!(stream.tell(one("a", "withdrawn", false)), None);
        assert!(stream.tell(one("a", "1", true)).is_some());
        assert!(stream.tell(one("a", "refused", false)).is_some());
    }

    #[test]
    fn what_the_client_has_kept_is_not_sent_again() {
        let mut stream = Delta::default();
        let request = DeltaDiscoveryRequest {
            initial_resource_versions: [("a", "1"), ("b", "1"), ("c", "1")]
                .map(|(name, version)| (name.to_owned(), version.to_owned()))
                .into(),
            ..subscribe(&["a", "b"], "")
        };
        stream.hear(request.clone()).unwrap();
        let due = stream.due(&now(&[("a", "1"), ("b", "2")]));
        assert_eq!(due, BTreeSet::from(["b".to_owned()]));
        // Only the first request may say so.
        stream.hear(request).unwrap();
        assert_eq!(stream.due(&now(&[("a", "1"), ("b", "1")])).len(), 2);
        // It has it, so it is told when there is nothing any more.
        let mut stream = Delta::default();
        let request = DeltaDiscoveryRequest {
            initial_resource_versions: [("a".to_owned(), "1".to_owned())].into(),
            ..subscribe(&["a"], "")
        };
        stream.hear(request).unwrap();
        let response = stream.tell(one("a", "refused", false)).unwrap();
        assert_eq!(response.removed_resources, ["a"]);
    }

    #[test]
    fn whoever_subscribes_again_is_told_again_and_whoever_unsubscribes_nothing() {
        let mut stream = Delta::default();
        stream.hear(subscribe(&["a"], "")).unwrap();
        stream.tell(one("a", "1", true)).unwrap();
        assert!(stream.due(&now(&[("a", "1")])).is_empty());
        stream.hear(subscribe(&["a"], "")).unwrap();
        assert_eq!(stream.due(&now(&[("a", "1")])).len(), 1);
        let request = DeltaDiscoveryRequest {
            resource_names_unsubscribe: vec!["a".to_owned(), "never".to_owned()],
            ..DeltaDiscoveryRequest::default()
        };
        assert_eq!(stream.hear(request), Ok(Heard::Fine));
        assert!(stream.names().is_empty());
    }

    #[test]
    fn a_rejected_version_is_not_sent_again_and_a_stale_rejection_not_heard() {
        let mut stream = Delta::default();
        stream.hear(subscribe(&["a"], "")).unwrap();
        stream.tell(one("a", "1", true)).unwrap();
        let rejected = |nonce: &str| DeltaDiscoveryRequest {
            error_detail: Some(Rejection::default()),
            ..subscribe(&[], nonce)
        };
        assert!(matches!(
            stream.hear(rejected("1")),
            Ok(Heard::Rejected { .. })
        ));
        assert!(stream.due(&now(&[("a", "1")])).is_empty());
        assert_eq!(stream.due(&now(&[("a", "2")])).len(), 1);
        assert_eq!(stream.hear(rejected("0")), Ok(Heard::Stale));
        // A subscription counts all the same.
        assert_eq!(stream.hear(subscribe(&["b"], "7")), Ok(Heard::Stale));
        assert!(stream.names().contains("b"));
    }

    #[test]
    fn too_many_names_end_the_stream() {
        let mut stream = Delta::default();
        for number in 0..MAX_NAMES {
            let heard = stream.hear(subscribe(&[&number.to_string()], ""));
            assert_eq!(heard, Ok(Heard::Fine));
        }
        assert_eq!(
            stream.hear(subscribe(&["one more"], "")),
            Err(Breach::Names)
        );
    }
}
