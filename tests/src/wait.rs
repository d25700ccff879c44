//! Waiting for a condition instead of for a time.

use std::time::{Duration, Instant};

use crate::{Error, Result};

/// How often a condition is looked at.
const STEP: Duration = Duration::from_millis(10);

/// Long enough for anything that comes at all, on a busy machine too.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Asks again and again until there is an answer, an error, or `limit` is over.
pub async fn until<T>(
    what: &str,
    limit: Duration,
    mut condition: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(value) = condition().await? {
            return Ok(value);
        }
        let waited = start.elapsed();
        if waited > limit {
            return Err(Error::Timeout {
                what: what.to_owned(),
                waited,
            });
        }
        tokio::time::sleep(STEP).await;
    }
}

/// Gives up on a future after `limit`.
pub async fn at_most<T>(
    what: &str,
    limit: Duration,
    future: impl Future<Output = Result<T>>,
) -> Result<T> {
    tokio::time::timeout(limit, future)
        .await
        .unwrap_or_else(|_| {
            Err(Error::Timeout {
                what: what.to_owned(),
                waited: limit,
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_condition_that_never_holds_ends_with_what_was_waited_for() {
        let error = until("the moon", Duration::ZERO, async || Ok(None::<()>))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("the moon"), "{error}");
    }

    #[tokio::test]
    async fn a_condition_is_asked_until_it_holds() {
        let mut asked = 0;
        let value = until("three", PATIENCE, async || {
            asked += 1;
            Ok((asked == 3).then_some(asked))
        })
        .await;
        assert_eq!(value.unwrap(), 3);
    }
}
