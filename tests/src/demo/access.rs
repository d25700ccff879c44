//! Lines 1 to 3: who gets through the gateway.

use super::{Line, Stage, USERNAME, basic};
use crate::Result;
use crate::pki::Identity;

/// (1) A partner's client passes, and the upstream sees the injected credential.
pub async fn good_client_passes(stage: &mut Stage) -> Result<Line> {
    let partner = stage.clients.partner.clone();
    let reply = reply(stage, &partner).await?;
    let seen = stage.backend.last_request();
    let header = |name| seen.as_ref().map_or("", |request| request.header(name));
    let injected = header("authorization") == basic(USERNAME, stage.password())
        && header("x-api-key") == format!("key {}", stage.password());
    let credential = if injected {
        "the upstream saw the injected credential"
    } else {
        "the upstream saw no such credential"
    };
    Ok(Line::exact(
        1,
        "a client that the partners' CA vouches for and whose pin matches",
        "200, the upstream saw the injected credential",
        format!("{reply}, {credential}"),
    ))
}

/// (2) A client certificate from another authority is refused, with the reason.
pub async fn other_authority_is_refused(stage: &mut Stage) -> Result<Line> {
    let rogue = stage.clients.rogue.clone();
    Ok(Line::exact(
        2,
        "a client certificate from another CA",
        "403 (unknown_issuer)",
        reply(stage, &rogue).await?,
    ))
}

/// (3) A client whose certificate is not in the pin set is refused.
pub async fn unpinned_client_is_refused(stage: &mut Stage) -> Result<Line> {
    let unpinned = stage.clients.unpinned.clone();
    Ok(Line::exact(
        3,
        "a client from the right CA whose pin does not match",
        "403 (pin_mismatch)",
        reply(stage, &unpinned).await?,
    ))
}

async fn reply(stage: &mut Stage, identity: &Identity) -> Result<String> {
    let client = stage.client(Some(identity))?;
    let reply = client.get(stage.gateway()?.listener(), "/hello").await?;
    Ok(reply.summary())
}
