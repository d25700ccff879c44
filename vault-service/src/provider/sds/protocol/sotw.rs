//! State of the World: every response has all there is of the names that are wanted.

use std::collections::{BTreeMap, BTreeSet};

use sallyport_model::Revision;
use sallyport_pki::Digest;

use super::super::wire::{DiscoveryRequest, DiscoveryResponse, SECRET_TYPE};
use super::{
    Breach, Found, Heard, MAX_NAMES, Nonces, Protocol, Verdict, answer, any, check_names,
    check_type, opinion,
};

/// Hexadecimal characters of a version; 128 bits.
const VERSION_LENGTH: usize = 32;

/// A stream of `StreamSecrets`.
#[derive(Default)]
pub struct StateOfTheWorld {
    names: BTreeSet<String>,
    /// What was found of each name when it was last looked at.
    settled: BTreeMap<String, Revision>,
    /// What the client has of it.
    given: BTreeMap<String, Revision>,
    /// What it had before this stream, perhaps: a version says nothing of names.
    kept: BTreeSet<String>,
    nonces: Nonces,
}

impl Protocol for StateOfTheWorld {
    type Request = DiscoveryRequest;
    type Response = DiscoveryResponse;

    fn hear(&mut self, request: DiscoveryRequest) -> Result<Heard, Breach> {
        check_type(&request.type_url)?;
        check_names(&request.resource_names)?;
        if !self.nonces.is_current(&request.response_nonce) {
            return Ok(Heard::Stale);
        }
        let names = BTreeSet::from_iter(request.resource_names);
        if names.len() > MAX_NAMES {
            return Err(Breach::Names);
        }
        if request.response_nonce.is_empty() && !request.version_info.is_empty() {
            self.kept.clone_from(&names);
        }
        // A client forgets what it does not want any more.
        self.settled.retain(|name, _| names.contains(name));
        self.given.retain(|name, _| names.contains(name));
        self.kept.retain(|name| names.contains(name));
        self.names = names;
        Ok(opinion(
            &request.response_nonce,
            request.error_detail.as_ref(),
        ))
    }

    fn names(&self) -> &BTreeSet<String> {
        &self.names
    }

    /// All names if anything has changed: a response has all of them.
    fn due(&self, now: &BTreeMap<String, Revision>) -> BTreeSet<String> {
        match *now == self.settled {
            true => BTreeSet::new(),
            false => self.names.clone(),
        }
    }

    fn tell(&mut self, found: BTreeMap<String, Found>) -> Option<DiscoveryResponse> {
        let revision = |(name, found): (&String, &Found)| (name.clone(), found.revision.clone());
        self.settled = found.iter().map(revision).collect();
        let given = found.iter().filter(|(_, found)| found.secret.is_some());
        let given = given.map(revision).collect();
        // That there is nothing still is no news.
        if given == self.given {
            return None;
        }
        self.given = given;
        let secrets = found.into_values().filter_map(|found| found.secret);
        Some(DiscoveryResponse {
            version_info: version(&self.given),
            resources: secrets.map(any).collect(),
            type_url: SECRET_TYPE.to_owned(),
            nonce: self.nonces.next(),
        })
    }

    fn has(&self, name: &str) -> bool {
        self.given.contains_key(name) || self.kept.contains(name)
    }

    fn nonce(response: &DiscoveryResponse) -> &str {
        &response.nonce
    }

    fn answer(request: &DiscoveryRequest) -> Option<(&str, Verdict)> {
        answer(&request.response_nonce, request.error_detail.as_ref())
    }
}

/// The revision of the one resource there is, as Envoy asks for them, or a digest of all.
fn version(given: &BTreeMap<String, Revision>) -> String {
    if let (1, Some(revision)) = (given.len(), given.values().next()) {
        return revision.0.clone();
    }
    let mut bytes = Vec::new();
    for (name, Revision(revision)) in given {
        // Neither has a line break.
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(b'\n');
        bytes.extend_from_slice(revision.as_bytes());
        bytes.push(b'\n');
    }
    let digest = Digest::of(&bytes).to_string();
    digest.chars().take(VERSION_LENGTH).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::wire::Rejection;
    use super::*;

    fn wants(names: &[&str], nonce: &str) -> DiscoveryRequest {
        DiscoveryRequest {
            resource_names: names.iter().map(|name| (*name).to_owned()).collect(),
            response_nonce: nonce.to_owned(),
            ..DiscoveryRequest::default()
        }
    }

    fn found(things: &[(&str, &str, bool)]) -> BTreeMap<String, Found> {
        let found = things.iter().map(|(name, revision, there)| {
            let found = Found {
                revision: Revision((*revision).to_owned()),
                secret: there.then(|| format!("{name} {revision}").into()),
            };
            ((*name).to_owned(), found)
        });
        found.collect()
    }

    fn now(things: &[(&str, &str)]) -> BTreeMap<String, Revision> {
        let now = things.iter();
        now.map(|(name, revision)| ((*name).to_owned(), Revision((*revision).to_owned())))
            .collect()
    }

    #[test]
    fn what_is_there_is_told_once_and_again_when_it_changes() {
        let mut stream = StateOfTheWorld::default();
        assert_eq!(stream.hear(wants(&["a"], "")), Ok(Heard::Fine));
        assert_eq!(stream.due(&now(&[("a", "1")])).len(), 1);
        let first = stream.tell(found(&[("a", "1", true)])).unwrap();
        assert_eq!(
            (first.version_info.as_str(), first.nonce.as_str()),
            ("1", "1")
        );
        assert!(stream.due(&now(&[("a", "1")])).is_empty());
        assert_eq!(stream.hear(wants(&["a"], "1")), Ok(Heard::Accepted));
        assert!(stream.due(&now(&[("a", "1")])).is_empty());
        assert_eq!(stream.due(&now(&[("a", "2")])).len(), 1);
        let second = stream.tell(found(&[("a", "2", true)])).unwrap();
        assert_eq!(
            (second.version_info.as_str(), second.nonce.as_str()),
            ("2", "2")
        );
    }

    #[test]
    fn a_rejected_version_is_not_sent_again_until_it_changes() {
        let mut stream = StateOfTheWorld::default();
        stream.hear(wants(&["a"], "")).unwrap();
        stream.tell(found(&[("a", "1", true)])).unwrap();
        let rejected = DiscoveryRequest {
            error_detail: Some(Rejection {
                code: 13,
                message: format!("bad\nkey{}", "x".repeat(1000)),
            }),
            ..wants(&["a"], "1")
        };
        let Ok(Heard::Rejected { reason }) = stream.hear(rejected) else {
            panic!("not a rejection")
        };
        assert!(reason.starts_with("bad key") && reason.len() == MAX_REJECTION);
        assert!(stream.due(&now(&[("a", "1")])).is_empty());
        assert_eq!(stream.due(&now(&[("a", "2")])).len(), 1);
    }

    use super::super::MAX_REJECTION;

    #[test]
    fn a_request_about_an_older_response_changes_nothing() {
        let mut stream = StateOfTheWorld::default();
        assert_eq!(stream.hear(wants(&["a"], "1")), Ok(Heard::Stale));
        stream.hear(wants(&["a"], "")).unwrap();
        stream.tell(found(&[("a", "1", true)])).unwrap();
        stream.tell(found(&[("a", "2", true)])).unwrap();
        assert_eq!(stream.hear(wants(&["b"], "1")), Ok(Heard::Stale));
        assert!(stream.names().contains("a"));
        assert_eq!(stream.hear(wants(&["b"], "2")), Ok(Heard::Accepted));
        assert!(stream.names().contains("b"));
    }

    #[test]
    fn a_name_of_which_there_is_nothing_keeps_no_other_back() {
        let mut stream = StateOfTheWorld::default();
        stream.hear(wants(&["a", "b"], "")).unwrap();
        let response = stream.tell(found(&[("a", "refused", false), ("b", "1", true)]));
        assert_eq!(response.unwrap().resources.len(), 1);
        // Refused for another reason: no news.
        assert_eq!(
            stream.tell(found(&[("a", "withdrawn", false), ("b", "1", true)])),
            None
        );
        let response = stream.tell(found(&[("a", "withdrawn", false), ("b", "refused", false)]));
        assert_eq!(response.unwrap().resources.len(), 0);
    }

    #[test]
    fn of_nothing_there_is_no_response() {
        let mut stream = StateOfTheWorld::default();
        stream.hear(wants(&["a"], "")).unwrap();
        assert_eq!(stream.tell(found(&[("a", "refused", false)])), None);
    }

    #[test]
    fn a_name_that_comes_back_is_sent_again() {
        let mut stream = StateOfTheWorld::default();
        stream.hear(wants(&["a", "b"], "")).unwrap();
        stream
            .tell(found(&[("a", "1", true), ("b", "1", true)]))
            .unwrap();
        stream.hear(wants(&["a"], "1")).unwrap();
        assert_eq!(stream.tell(found(&[("a", "1", true)])), None);
        stream.hear(wants(&["a", "b"], "1")).unwrap();
        assert_eq!(stream.due(&now(&[("a", "1"), ("b", "1")])).len(), 2);
        assert!(
            stream
                .tell(found(&[("a", "1", true), ("b", "1", true)]))
                .is_some()
        );
    }

    #[test]
    fn too_many_names_too_long_ones_and_other_types_end_the_stream() {
        let mut stream = StateOfTheWorld::default();
        let many: Vec<String> = (0..=MAX_NAMES).map(|number| number.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(stream.hear(wants(&many, "")), Err(Breach::Names));
        assert_eq!(
            stream.hear(wants(&[&"a".repeat(2049)], "")),
            Err(Breach::NameLength)
        );
        let clusters = DiscoveryRequest {
            type_url: "type.googleapis.com/envoy.config.cluster.v3.Cluster".to_owned(),
            ..wants(&["a"], "")
        };
        assert_eq!(stream.hear(clusters), Err(Breach::Type));
    }
}
