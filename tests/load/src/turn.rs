//! One turn of load on one server.

use std::time::{Duration, Instant};

use sallyport_bench::Spread;
use sallyport_tests::{Error, Result};
use serde::Serialize;

use crate::hammer::Hammer;
use crate::process;

/// What a turn showed.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Turn {
    /// Requests per second.
    pub(crate) throughput: f64,
    /// The server's processor time per request, in microseconds.
    pub(crate) processor: f64,
    /// The same of a service that the server asks.
    pub(crate) asked: f64,
    /// Half of the requests took no longer, in microseconds.
    pub(crate) p50: f64,
    /// 99 of 100 requests took no longer, in microseconds.
    pub(crate) p99: f64,
}

impl Turn {
    /// Load for that long on the process that serves it.
    pub(crate) async fn of(
        hammer: &mut Hammer,
        server: u32,
        asked: Option<u32>,
        time: Duration,
    ) -> Result<Self> {
        let spent = || -> Result<[u64; 2]> {
            let of_asked = asked.map_or(Ok(0), process::processor_time)?;
            Ok([process::processor_time(server)?, of_asked])
        };
        let before = spent()?;
        let start = Instant::now();
        let mut strokes = hammer.strike(time).await?;
        let (time, after) = (start.elapsed(), spent()?);
        let failed = strokes.failed();
        if failed > 0 {
            return Err(Error::Status {
                what: format!("{failed} of {} requests", strokes.latencies.len()),
                status: 0,
                body: "not 200".to_owned(),
            });
        }
        strokes.latencies.sort_unstable();
        let requests = strokes.latencies.len() as f64;
        let microseconds = |from: u64, to: u64| (to - from) as f64 / 1e3 / requests;
        let at = |share: f64| {
            let position = (requests * share) as usize;
            let nanoseconds = strokes.latencies.get(position).copied();
            nanoseconds.map_or(0.0, |nanoseconds| nanoseconds as f64 / 1e3)
        };
        Ok(Self {
            throughput: requests / time.as_secs_f64(),
            processor: microseconds(before[0], after[0]),
            asked: microseconds(before[1], after[1]),
            p50: at(0.5),
            p99: at(0.99),
        })
    }
}

/// The median of one figure.
pub(crate) fn median(turns: &[Turn], of: fn(&Turn) -> f64) -> f64 {
    Spread::of(turns.iter().map(of)).map_or(f64::NAN, |spread| spread.median)
}

/// One figure of these turns to that of others, turn by turn: median and quartiles.
pub(crate) fn ratio(turns: &[Turn], to: &[Turn], of: fn(&Turn) -> f64) -> String {
    let pairs = turns.iter().zip(to);
    spread(pairs.map(|(one, other)| of(one) / of(other)))
}

/// The same of what both add to a third.
pub(crate) fn ratio_added(
    turns: &[Turn],
    to: &[Turn],
    bare: &[Turn],
    of: fn(&Turn) -> f64,
) -> String {
    let pairs = turns.iter().zip(to).zip(bare);
    spread(pairs.map(|((one, other), bare)| (of(one) - of(bare)) / (of(other) - of(bare))))
}

fn spread(ratios: impl Iterator<Item = f64>) -> String {
    Spread::of(ratios).map_or_else(String::new, |spread| {
        format!(
            "{:.2} ({:.2}-{:.2})",
            spread.median, spread.lower, spread.upper
        )
    })
}
