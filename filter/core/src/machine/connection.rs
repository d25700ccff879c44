//! TCP connections: held, let go, judged again while they live, closed.
//!
//! A connection is looked at when bytes arrive on it and nothing is known, when the snapshot changed,
//! and when its verdict ends; in between, bytes cost two comparisons. What lives when the snapshot
//! changes is looked at at once, so many connections at a time, whether bytes arrive or not.

mod table;

use sallyport_pki::UnixTime;

use super::consequence::{Consequence, Standing, consequence, observe};
use super::judge::{Judgement, WaitingOn, judge};
use super::{MAX_WAITING, State};
use crate::config::{Notes, Place, PolicyIndex};
use crate::decide::{Denial, Verdict};
use crate::effect::Effect;
use crate::event::{Speaker, StreamId};
use crate::facts::Facts;
use crate::metric::Counter;
use crate::reason::Reason;
use crate::time::Now;
use crate::usable::OnStale;
use table::{Connection, Pending, Stage};

pub(super) use table::{Connections, LOOKS};

/// Most connections that are known at a time; beyond, they are closed.
pub const MAX_CONNECTIONS: usize = 16_384;

/// Bytes, or the end of them, arrived.
pub(super) fn data(
    state: &mut State,
    stream: StreamId,
    speaker: Speaker,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    let current = state.snapshot.generation();
    let known = state.connections.all.get_mut(&stream);
    match known {
        Some(Connection {
            stage:
                Stage::Live {
                    generation,
                    from,
                    until,
                },
            ..
        }) if *generation == current && (*from..=*until).contains(&now.wall) => {
            effects.push(Effect::Resume(stream));
        }
        Some(Connection {
            stage: Stage::Closed,
            ..
        }) => effects.push(Effect::Close(stream)),
        Some(connection) => {
            connection.pending = connection.pending.and(speaker);
            effects.push(Effect::See(stream));
        }
        None => {
            // What is one too many is looked at all the same: its policy says whether it is closed.
            if state.connections.len() < MAX_CONNECTIONS {
                let connection = Connection {
                    policy: None,
                    since: now.uptime,
                    pending: Pending::Nothing.and(speaker),
                    stage: Stage::New,
                };
                state.connections.set(stream, connection);
            }
            effects.push(Effect::See(stream));
        }
    }
}

/// A connection was looked at. Without facts its handshake is not known to be done.
pub(super) fn seen(
    state: &mut State,
    stream: StreamId,
    place: &Place,
    facts: Option<&Facts>,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    let known = state.connections.all.get(&stream).copied();
    let policy = known
        .and_then(|known| known.policy)
        .unwrap_or_else(|| state.config.policy.select(place));
    let connection = known.unwrap_or(Connection {
        policy: None,
        since: now.uptime,
        pending: Pending::OfClient,
        stage: Stage::New,
    });
    let connection = Connection {
        policy: Some(policy),
        ..connection
    };
    if connection.stage == Stage::Closed {
        return;
    }
    let (verdict, note) = match known {
        None => (Verdict::Deny(Denial::new(Reason::TooManyConnections)), None),
        Some(_) => match judge_seen(state, policy, facts, now, effects) {
            Judgement::Done(verdict, note) => (verdict, note),
            Judgement::Wait(on) => match wait(state, stream, connection, on, now, effects) {
                Ok(()) => return,
                Err(denial) => (Verdict::Deny(denial), None),
            },
        },
    };
    match verdict {
        Verdict::Allow {
            from,
            until,
            pin,
            observed,
            ..
        } => {
            observe(state, &observed, effects);
            if connection.standing() == Standing::New {
                let direction = state.config.policy.direction();
                if let Some(found) = pin {
                    effects.push(Effect::Count(Counter::Pinned(direction, found.pin.role)));
                }
                effects.push(Effect::Count(Counter::Allowed(direction)));
            }
            if let Some(note) = note
                && (!observed.is_empty() || state.config.notes == Notes::All)
            {
                effects.push(Effect::Note(stream, note));
            }
            let until = until.min(usable_until(state, now));
            let_go(state, stream, connection, (from, until), effects);
        }
        Verdict::Deny(denial) => refuse(state, stream, connection, &denial, effects),
    }
}

/// Time passed, or the snapshot changed: those it matters to are looked at.
pub(super) fn tick(state: &State, now: Now, effects: &mut Vec<Effect>) {
    let connections = &state.connections;
    for (stream, ()) in connections.waiting.iter() {
        if let Some(Connection {
            stage: Stage::Held { on, until, .. },
            ..
        }) = connections.all.get(stream)
            && (*on == WaitingOn::Handshake || now.uptime >= *until)
        {
            effects.push(Effect::See(*stream));
        }
    }
    let ended = connections.ends.iter().take(LOOKS);
    let ended = ended.take_while(|(until, _)| *until < now.wall);
    effects.extend(ended.map(|(_, stream)| Effect::See(*stream)));
}

/// The next of those that were judged by another snapshot.
pub(super) fn sweep(state: &mut State, effects: &mut Vec<Effect>) {
    let generation = state.snapshot.generation();
    let outdated = state.connections.outdated(generation);
    effects.extend(outdated.into_iter().map(Effect::See));
}

pub(super) fn closed(state: &mut State, stream: StreamId) {
    state.connections.remove(stream);
}

/// Secrets that may not be stale end a verdict too, until the vault has confirmed them.
fn usable_until(state: &State, now: Now) -> UnixTime {
    match state.config.on_failure.stale {
        OnStale::Use => UnixTime(i64::MAX),
        OnStale::Deny => {
            let fresh = state.snapshot.fresh_for(now.uptime).as_secs();
            let fresh = i64::try_from(fresh).unwrap_or(i64::MAX);
            UnixTime(now.wall.0.saturating_add(fresh))
        }
    }
}

fn judge_seen(
    state: &mut State,
    policy: PolicyIndex,
    facts: Option<&Facts>,
    now: Now,
    effects: &mut Vec<Effect>,
) -> Judgement {
    match facts {
        Some(facts) => judge(state, policy, facts, now, effects),
        None => Judgement::Wait(WaitingOn::Handshake),
    }
}

/// Holds a connection, or says why it cannot be held.
fn wait(
    state: &mut State,
    stream: StreamId,
    connection: Connection,
    on: WaitingOn,
    now: Now,
    effects: &mut Vec<Effect>,
) -> Result<(), Denial> {
    let until = on.until(state, connection.since);
    let holdable =
        connection.pending == Pending::OfClient && connection.standing() == Standing::New;
    if now.uptime >= until || !holdable {
        return Err(on.in_vain());
    }
    if connection.stage == Stage::New {
        if state.connections.waiting.count() >= MAX_WAITING {
            return Err(Denial::new(Reason::TooManyWaiting));
        }
        let direction = state.config.policy.direction();
        effects.push(Effect::Count(Counter::Held(direction)));
    }
    effects.push(Effect::Hold(stream));
    let stage = Stage::Held {
        on,
        until,
        generation: state.snapshot.generation(),
    };
    let connection = Connection {
        stage,
        ..connection
    };
    state.connections.set(stream, connection);
    Ok(())
}

fn let_go(
    state: &mut State,
    stream: StreamId,
    connection: Connection,
    (from, until): (UnixTime, UnixTime),
    effects: &mut Vec<Effect>,
) {
    if connection.pending != Pending::Nothing {
        effects.push(Effect::Resume(stream));
    }
    let stage = Stage::Live {
        generation: state.snapshot.generation(),
        from,
        until,
    };
    let connection = Connection {
        pending: Pending::Nothing,
        stage,
        ..connection
    };
    state.connections.set(stream, connection);
}

/// Closes, or lets go all the same, by configuration.
fn refuse(
    state: &mut State,
    stream: StreamId,
    connection: Connection,
    denial: &Denial,
    effects: &mut Vec<Effect>,
) {
    let policy = connection.policy.unwrap_or(PolicyIndex::DEFAULT);
    let standing = connection.standing();
    let known = state.connections.all.contains_key(&stream);
    let mode = state.config.policy.get(policy).mode;
    match consequence(state, stream, (policy, mode), standing, denial, effects) {
        Consequence::GoOn if known => {
            let always = (UnixTime(i64::MIN), UnixTime(i64::MAX));
            let_go(state, stream, connection, always, effects);
        }
        Consequence::GoOn => effects.push(Effect::Resume(stream)),
        Consequence::Refuse => {
            effects.push(Effect::Close(stream));
            if known {
                let stage = Stage::Closed;
                let connection = Connection {
                    stage,
                    ..connection
                };
                state.connections.set(stream, connection);
            }
        }
    }
}
