//! How many requests a client may make: a token bucket per network.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::http::listener::Peer;
use crate::http::network::Network;
use crate::http::shape::Shape;

/// Networks remembered at the same time; those beyond share one quota.
const MAX_NETWORKS: usize = 100_000;

/// Requests between two rounds of forgetting networks that have been quiet.
const TIDY_EVERY: u64 = 1024;

/// The quotas of all clients of a door.
pub struct Quotas<C: Clock = DefaultClock> {
    networks: RateLimiter<Network, DashMapStateStore<Network>, C, NoOpMiddleware<C::Instant>>,
    crowd: RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<C::Instant>>,
    clock: C,
    max_networks: usize,
    asked: AtomicU64,
}

impl Quotas {
    /// A quota of so many requests per second, and so many at once after a pause.
    pub fn per_second(requests: NonZeroU32, burst: NonZeroU32) -> Self {
        Self::new(Quota::per_second(requests).allow_burst(burst))
    }

    /// Any other quota.
    pub fn new(quota: Quota) -> Self {
        Self::with_clock(quota, MAX_NETWORKS, DefaultClock::default())
    }
}

impl<C: Clock + Clone> Quotas<C> {
    fn with_clock(quota: Quota, max_networks: usize, clock: C) -> Self {
        Self {
            networks: RateLimiter::dashmap_with_clock(quota, clock.clone()),
            crowd: RateLimiter::direct_with_clock(quota, clock.clone()),
            clock,
            max_networks,
            asked: AtomicU64::new(0),
        }
    }

    /// Takes one request from the client's quota, or says how long there will be none.
    fn take(&self, client: Option<Network>) -> Result<(), Duration> {
        if self.asked.fetch_add(1, Ordering::Relaxed) % TIDY_EVERY == TIDY_EVERY - 1 {
            self.networks.retain_recent();
        }
        let taken = match client {
            Some(network) if self.networks.len() < self.max_networks => {
                self.networks.check_key(&network)
            }
            _ => self.crowd.check(),
        };
        taken.map_err(|until| until.wait_time_from(self.clock.now()))
    }
}

/// Refuses a request over its client's quota. Nothing of the body has been read, nor is it.
pub(super) async fn require(
    State(quotas): State<Arc<Quotas>>,
    request: Request,
    next: Next,
) -> Response {
    let client = request.extensions().get::<Peer>().map(|peer| peer.network);
    match quotas.take(client) {
        Ok(()) => next.run(request).await,
        Err(wait) => too_many(Shape::of(request.uri().path()), wait),
    }
}

fn too_many(shape: Shape, wait: Duration) -> Response {
    let seconds = wait.as_secs_f64().ceil().max(1.0) as u64;
    let mut response = shape.answer(
        StatusCode::TOO_MANY_REQUESTS,
        "too_many_requests",
        "too many requests from this address; Retry-After says in how many seconds there may be more",
    );
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use governor::clock::FakeRelativeClock;

    use super::*;

    fn quotas(max_networks: usize) -> (Quotas<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        let burst = NonZeroU32::new(3).unwrap();
        let quota = Quota::per_second(NonZeroU32::MIN).allow_burst(burst);
        (
            Quotas::with_clock(quota, max_networks, clock.clone()),
            clock,
        )
    }

    fn network(number: u32) -> Option<Network> {
        Some(IpAddr::from(number.to_be_bytes()).into())
    }

    #[test]
    fn a_burst_then_one_per_second_and_nobody_else_pays() {
        let (quotas, clock) = quotas(10);
        for _ in 0..3 {
            assert_eq!(quotas.take(network(1)), Ok(()));
        }
        assert_eq!(quotas.take(network(1)), Err(Duration::from_secs(1)));
        assert_eq!(quotas.take(network(2)), Ok(()));
        clock.advance(Duration::from_secs(1));
        assert_eq!(quotas.take(network(1)), Ok(()));
        assert_eq!(quotas.take(network(1)), Err(Duration::from_secs(1)));
    }

    #[test]
    fn networks_beyond_the_bound_share_one_quota() {
        let (quotas, _) = quotas(10);
        for number in 0..10 {
            assert_eq!(quotas.take(network(number)), Ok(()));
        }
        for number in 10..13 {
            assert_eq!(quotas.take(network(number)), Ok(()));
        }
        assert!(quotas.take(network(13)).is_err());
        assert_eq!(quotas.networks.len(), 10);
    }

    #[test]
    fn quiet_networks_are_forgotten() {
        let (quotas, clock) = quotas(10);
        for number in 0..10 {
            assert_eq!(quotas.take(network(number)), Ok(()));
        }
        clock.advance(Duration::from_secs(3600));
        while !quotas
            .asked
            .load(Ordering::Relaxed)
            .is_multiple_of(TIDY_EVERY)
        {
            let _ = quotas.take(network(1));
        }
        assert!(quotas.networks.len() <= 1);
    }
}
