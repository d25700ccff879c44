//! What is done to the gateway's filters while they work: they die, and they get another configuration.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use http::Request;
use sallyport_tests::Result;
use sallyport_tests::client::Client;
use sallyport_tests::demo::Stage;

use crate::scene::configure;

/// A filter dies this often, in seconds.
const DEATHS: u64 = 10;

/// The filter downstream is configured anew this often, in seconds.
const CONFIGURATIONS: u64 = 25;

/// Whose death, and when: the order of those that die in a request of their own comes first.
const ORDERS: [(&str, Fate); 8] = [
    ("downstream arrival", Fate::Dies),
    ("downstream departure", Fate::Dies),
    ("upstream arrival", Fate::Dies),
    ("upstream departure", Fate::Dies),
    ("downstream tick", Fate::Passes),
    ("upstream tick", Fate::Passes),
    ("anyone tick", Fate::Passes),
    ("anyone answer", Fate::Passes),
];

/// For how long after a death requests may be cut: a lease that nobody renews, and the pause before
/// a VM is built again.
const AFTERMATH: Duration = Duration::from_secs(4);

/// What becomes of the request that orders a death.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// The filter dies in it: it must not pass.
    Dies,
    /// The filter dies later.
    Passes,
}

/// The one who does it.
pub(super) struct Upheaval {
    client: Client,
    listener: SocketAddr,
    deaths: Vec<Instant>,
    pub(super) configurations: u64,
    /// Requests in which the filter died that passed all the same.
    pub(super) trapped_passed: u64,
}

impl Upheaval {
    pub(super) fn new(stage: &Stage, listener: SocketAddr) -> Result<Self> {
        Ok(Self {
            client: stage.client(Some(&stage.clients.partner))?,
            listener,
            deaths: Vec::new(),
            configurations: 0,
            trapped_passed: 0,
        })
    }

    /// Does what is due in that second.
    pub(super) async fn strike(&mut self, second: u64, stage: &Stage) -> Result<()> {
        if second.is_multiple_of(CONFIGURATIONS) {
            self.configurations += 1;
            let startup_wait = ["3s", "2s"];
            let turn = usize::from(self.configurations.is_multiple_of(2));
            configure(stage, startup_wait.get(turn).unwrap_or(&"2s"))?;
        }
        if second.is_multiple_of(DEATHS) {
            let turn = self.deaths.len() % ORDERS.len();
            if let Some((order, fate)) = ORDERS.get(turn) {
                self.order(order, *fate).await?;
            }
        }
        Ok(())
    }

    pub(super) fn deaths(&self) -> usize {
        self.deaths.len()
    }

    /// How long before the end of that time a filter died, if that explains what happened in it.
    pub(super) fn explains(&self, from: Instant, to: Instant) -> Option<Duration> {
        let deaths = self.deaths.iter().rev();
        let mut near = deaths.filter(|death| **death <= to && from <= **death + AFTERMATH);
        near.next().map(|death| to - *death)
    }

    async fn order(&mut self, order: &str, fate: Fate) -> Result<()> {
        let request = Request::get("/trapped").header("x-trap", order);
        self.deaths.push(Instant::now());
        let reply = self
            .client
            .send(self.listener, request.body(String::new())?)
            .await;
        // A connection that ends is an answer too.
        let passed = reply.is_ok_and(|reply| reply.status.is_success());
        self.trapped_passed += u64::from(passed && fate == Fate::Dies);
        Ok(())
    }
}
