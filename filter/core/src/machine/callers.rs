//! What is accepted of callers: digests and keys, made once per state of the vault, not per request.

use std::rc::Rc;
use std::time::Duration;

use super::State;
use crate::config::PolicyIndex;
use crate::decide::Denial;
use crate::policy::check::Accepted;
use crate::reason::Reason;
use crate::snapshot::Snapshot;
use crate::time::Now;
use crate::usable::Age;

/// Of all policies that were asked for, and how long it is what the vault says.
pub(super) struct Callers {
    generation: u64,
    /// Until then all secrets are fresh.
    until: Duration,
    by_policy: Vec<(PolicyIndex, AcceptedBy)>,
}

/// What each way of a policy accepts, in their order; nothing where each request chooses.
pub(super) type AcceptedBy = Rc<[Option<Accepted>]>;

impl Callers {
    /// Whether the vault still says the same, as far as anybody knows.
    pub(super) const fn is_of(&self, snapshot: &Snapshot) -> bool {
        self.generation == snapshot.generation()
    }
}

/// What is accepted by a policy.
pub(super) fn accepted(
    state: &mut State,
    policy: PolicyIndex,
    now: Now,
) -> Result<(AcceptedBy, Age), Denial> {
    if let Some(callers) = &state.callers
        && callers.is_of(&state.snapshot)
        && now.uptime < callers.until
        && let Some((_, accepted)) = callers.by_policy.iter().find(|(of, _)| *of == policy)
    {
        return Ok((Rc::clone(accepted), Age::Fresh));
    }
    let Some(check) = &state.config.policy.get(policy).check else {
        return Err(Denial::new(Reason::Internal));
    };
    let made = check.accepted(state.usable(now.uptime));
    let (accepted, age) =
        made.map_err(|(reference, reason)| Denial::new(reason).with_detail(reference))?;
    let accepted: AcceptedBy = accepted.into();
    let generation = state.snapshot.generation();
    let until = now.uptime + state.snapshot.fresh_for(now.uptime);
    let kept = state
        .callers
        .take()
        .filter(|callers| callers.generation == generation && now.uptime < callers.until);
    let mut callers = kept.unwrap_or(Callers {
        generation,
        until,
        by_policy: Vec::new(),
    });
    callers.by_policy.push((policy, Rc::clone(&accepted)));
    state.callers = Some(callers);
    Ok((accepted, age))
}
