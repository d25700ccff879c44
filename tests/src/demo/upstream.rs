//! Line 4: an upstream that has not passed gets nothing.

use super::{Line, Stage};
use crate::Result;

/// (4) The request to an upstream outside the pin set is refused before one byte of it is sent.
pub async fn unpinned_upstream_gets_nothing(stage: &mut Stage) -> Result<Line> {
    let client = stage.client(Some(&stage.clients.partner))?;
    let reply = client
        .get(stage.gateway()?.listener(), "/impostor/hello")
        .await?;
    stage.impostor.reached().await?;
    let received = stage.impostor.received_bytes();
    Ok(Line::exact(
        4,
        "an upstream with a certificate outside the pin set",
        "502 (pin_mismatch), the upstream received 0 request bytes",
        format!(
            "{}, the upstream received {received} request bytes",
            reply.summary()
        ),
    ))
}
