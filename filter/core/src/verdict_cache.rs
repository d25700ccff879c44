//! Verdicts that were already made, so that a request on a known connection costs no signature
//! check. A verdict is found again only for exactly the same facts under the same policy and
//! snapshot, and only within the time for which it holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use sallyport_pki::{PinMatch, UnixTime};

use crate::config::PolicyIndex;
use crate::decide::{Denial, Identity, Verdict};
use crate::facts::Facts;

/// Most peers of each kind. Denials are kept apart, so that strangers cannot push out clients.
const MAX_PEERS: usize = 512;

/// Facts larger than this are judged anew each time, in bytes.
const MAX_FACTS: usize = 16 * 1024;

/// How long a denial is repeated, in seconds: one that time itself heals is soon made again. So is
/// an allowance with a denial that is only observed.
const DENIAL_SECONDS: i64 = 5;

/// The cache.
#[derive(Debug, Default)]
pub(crate) struct VerdictCache {
    generation: u64,
    allowed: Verdicts,
    denied: Verdicts,
}

/// A verdict with what it is kept for.
#[derive(Debug)]
enum Kept {
    Allowance(Allowance),
    /// And when it was made.
    Denial(Denial, UnixTime),
}

/// What an allowance is made of.
#[derive(Debug)]
struct Allowance {
    from: UnixTime,
    until: UnixTime,
    pin: Option<PinMatch>,
    observed: Vec<Denial>,
    peer: Option<Arc<Identity>>,
    note: Option<Arc<str>>,
}

/// By peer, then by policy: the bulky facts are kept once. One kind of map for all: each is kilobytes of WebAssembly.
type Verdicts = BTreeMap<Facts, Vec<(PolicyIndex, Kept)>>;

impl VerdictCache {
    /// The verdict of a policy about `facts` under a generation of the snapshot, if it is known and
    /// holds.
    pub(crate) fn look_up(
        &self,
        policy: PolicyIndex,
        facts: &Facts,
        generation: u64,
        at: UnixTime,
    ) -> Option<Verdict> {
        if generation != self.generation {
            return None;
        }
        if let Some(Kept::Allowance(allowance)) = known(&self.allowed, policy, facts) {
            let holds = (allowance.from..=allowance.until).contains(&at);
            return holds.then(|| allowance.verdict());
        }
        let Kept::Denial(denial, made) = known(&self.denied, policy, facts)? else {
            return None;
        };
        let kept = made.0..made.0.saturating_add(DENIAL_SECONDS);
        kept.contains(&at.0).then(|| Verdict::Deny(denial.clone()))
    }

    /// What the access log shows of an allowance that was found.
    pub(crate) fn note(&self, policy: PolicyIndex, facts: &Facts) -> Option<Arc<str>> {
        match known(&self.allowed, policy, facts)? {
            Kept::Allowance(allowance) => allowance.note.clone(),
            Kept::Denial(..) => None,
        }
    }

    /// Remembers what the access log shows of an allowance that is kept.
    pub(crate) fn remember_note(&mut self, policy: PolicyIndex, facts: &Facts, note: &Arc<str>) {
        let of_peer = self.allowed.get_mut(facts).into_iter().flatten();
        for (of, kept) in of_peer {
            if let (true, Kept::Allowance(allowance)) = (*of == policy, kept) {
                allowance.note = Some(Arc::clone(note));
            }
        }
    }

    /// Remembers a verdict. Those of other generations are forgotten; so are all of a kind when
    /// there is no room.
    pub(crate) fn remember(
        &mut self,
        policy: PolicyIndex,
        facts: &Facts,
        generation: u64,
        at: UnixTime,
        verdict: &Verdict,
    ) {
        if generation != self.generation {
            *self = Self {
                generation,
                ..Self::default()
            };
        }
        if facts.size() > MAX_FACTS {
            return;
        }
        match verdict {
            Verdict::Allow {
                from,
                until,
                pin,
                observed,
                peer,
            } => {
                let kept = match observed.is_empty() {
                    true => *until,
                    false => UnixTime(at.0.saturating_add(DENIAL_SECONDS - 1)).min(*until),
                };
                let allowance = Allowance {
                    from: *from,
                    until: kept,
                    pin: *pin,
                    observed: observed.clone(),
                    peer: peer.clone(),
                    note: None,
                };
                forget(&mut self.denied, policy, facts);
                let kept = Kept::Allowance(allowance);
                insert(&mut self.allowed, policy, facts, kept);
            }
            Verdict::Deny(denial) => {
                forget(&mut self.allowed, policy, facts);
                let kept = Kept::Denial(denial.clone(), at);
                insert(&mut self.denied, policy, facts, kept);
            }
        }
    }
}

impl Allowance {
    fn verdict(&self) -> Verdict {
        Verdict::Allow {
            from: self.from,
            until: self.until,
            pin: self.pin,
            observed: self.observed.clone(),
            peer: self.peer.clone(),
        }
    }
}

fn known<'a>(verdicts: &'a Verdicts, policy: PolicyIndex, facts: &Facts) -> Option<&'a Kept> {
    let of_peer = &mut verdicts.get(facts)?.iter();
    let found = of_peer.find(|(of, _)| *of == policy);
    found.map(|(_, kept)| kept)
}

fn forget(verdicts: &mut Verdicts, policy: PolicyIndex, facts: &Facts) {
    if let Some(of_peer) = verdicts.get_mut(facts) {
        of_peer.retain(|(of, _)| *of != policy);
    }
}

fn insert(verdicts: &mut Verdicts, policy: PolicyIndex, facts: &Facts, kept: Kept) {
    forget(verdicts, policy, facts);
    if let Some(of_peer) = verdicts.get_mut(facts) {
        of_peer.push((policy, kept));
        return;
    }
    if verdicts.len() >= MAX_PEERS {
        verdicts.clear();
    }
    verdicts.insert(facts.clone(), vec![(policy, kept)]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::UpstreamFacts;
    use crate::reason::Reason;

    const ONE: PolicyIndex = PolicyIndex::DEFAULT;

    const ALLOW: Verdict = Verdict::Allow {
        from: UnixTime(100),
        until: UnixTime(200),
        pin: None,
        observed: Vec::new(),
        peer: None,
    };

    fn facts(certificate: &[u8]) -> Facts {
        Facts::Upstream(UpstreamFacts {
            ready: true,
            tls_version: None,
            peer_certificate: Some(certificate.to_vec()),
        })
    }

    fn deny() -> Verdict {
        Verdict::Deny(Denial::new(Reason::PinMismatch))
    }

    #[test]
    fn a_verdict_is_found_for_the_same_facts_only() {
        let mut cache = VerdictCache::default();
        cache.remember(ONE, &facts(b"a"), 1, UnixTime(150), &ALLOW);
        assert_eq!(
            cache.look_up(ONE, &facts(b"a"), 1, UnixTime(150)),
            Some(ALLOW)
        );
        assert_eq!(cache.look_up(ONE, &facts(b"b"), 1, UnixTime(150)), None);
    }

    #[test]
    fn a_new_generation_invalidates_every_verdict() {
        let mut cache = VerdictCache::default();
        cache.remember(ONE, &facts(b"a"), 1, UnixTime(150), &ALLOW);
        assert_eq!(cache.look_up(ONE, &facts(b"a"), 2, UnixTime(150)), None);
        cache.remember(ONE, &facts(b"b"), 2, UnixTime(150), &ALLOW);
        assert_eq!(cache.look_up(ONE, &facts(b"a"), 2, UnixTime(150)), None);
    }

    #[test]
    fn an_allowance_ends_with_the_earliest_not_after_and_begins_with_the_latest_not_before() {
        let mut cache = VerdictCache::default();
        cache.remember(ONE, &facts(b"a"), 1, UnixTime(150), &ALLOW);
        assert!(cache.look_up(ONE, &facts(b"a"), 1, UnixTime(200)).is_some());
        assert_eq!(cache.look_up(ONE, &facts(b"a"), 1, UnixTime(201)), None);
        assert_eq!(cache.look_up(ONE, &facts(b"a"), 1, UnixTime(99)), None);
    }

    #[test]
    fn a_denial_is_kept_for_seconds_only() {
        let mut cache = VerdictCache::default();
        cache.remember(ONE, &facts(b"a"), 1, UnixTime(150), &deny());
        assert_eq!(
            cache.look_up(ONE, &facts(b"a"), 1, UnixTime(154)),
            Some(deny())
        );
        assert_eq!(cache.look_up(ONE, &facts(b"a"), 1, UnixTime(155)), None);
        assert_eq!(cache.look_up(ONE, &facts(b"a"), 1, UnixTime(149)), None);
    }

    #[test]
    fn an_allowance_with_an_observed_denial_is_kept_no_longer_than_a_denial() {
        let observing = Verdict::Allow {
            from: UnixTime(100),
            until: UnixTime(200),
            pin: None,
            observed: vec![Denial::new(Reason::PinMismatch)],
            peer: None,
        };
        let mut cache = VerdictCache::default();
        cache.remember(ONE, &facts(b"a"), 1, UnixTime(150), &observing);
        let found = cache.look_up(ONE, &facts(b"a"), 1, UnixTime(154));
        assert!(matches!(
            found,
            Some(Verdict::Allow { observed, .. }) if observed == [Denial::new(Reason::PinMismatch)]
        ));
        assert_eq!(cache.look_up(ONE, &facts(b"a"), 1, UnixTime(155)), None);
    }

    #[test]
    fn a_flood_of_strangers_does_not_push_out_clients_and_stays_bounded() {
        let mut cache = VerdictCache::default();
        cache.remember(ONE, &facts(b"client"), 1, UnixTime(150), &ALLOW);
        for stranger in 0_u32..2000 {
            cache.remember(
                ONE,
                &facts(&stranger.to_be_bytes()),
                1,
                UnixTime(150),
                &deny(),
            );
        }
        assert!(cache.denied.len() <= MAX_PEERS);
        assert!(
            cache
                .look_up(ONE, &facts(b"client"), 1, UnixTime(150))
                .is_some()
        );
    }

    #[test]
    fn a_later_verdict_replaces_an_earlier_one_of_the_other_kind() {
        let mut cache = VerdictCache::default();
        cache.remember(ONE, &facts(b"a"), 1, UnixTime(150), &deny());
        cache.remember(ONE, &facts(b"a"), 1, UnixTime(150), &ALLOW);
        assert_eq!(
            cache.look_up(ONE, &facts(b"a"), 1, UnixTime(150)),
            Some(ALLOW)
        );
        cache.remember(ONE, &facts(b"a"), 1, UnixTime(150), &deny());
        assert_eq!(
            cache.look_up(ONE, &facts(b"a"), 1, UnixTime(150)),
            Some(deny())
        );
    }

    #[test]
    fn oversized_facts_are_not_kept() {
        let mut cache = VerdictCache::default();
        let large = facts(&vec![0; MAX_FACTS + 1]);
        cache.remember(ONE, &large, 1, UnixTime(150), &ALLOW);
        assert_eq!(cache.look_up(ONE, &large, 1, UnixTime(150)), None);
    }

    #[test]
    fn a_verdict_of_one_policy_says_nothing_about_another() {
        let other = PolicyIndex::of_route(0);
        let mut cache = VerdictCache::default();
        cache.remember(ONE, &facts(b"a"), 1, UnixTime(150), &ALLOW);
        assert_eq!(cache.look_up(other, &facts(b"a"), 1, UnixTime(150)), None);
        cache.remember(other, &facts(b"a"), 1, UnixTime(150), &deny());
        let look_up = |policy| cache.look_up(policy, &facts(b"a"), 1, UnixTime(150));
        assert_eq!((look_up(ONE), look_up(other)), (Some(ALLOW), Some(deny())));
    }
}
