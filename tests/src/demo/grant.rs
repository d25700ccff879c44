//! Line 6: a gateway without a grant.

use serde_json::Value;

use super::{Line, Stage};
use crate::Result;
use crate::pki::Identity;
use crate::provider::Provider;

const REFERENCE: &str = "secret://payments/sharedSecrets/backend";

/// (6) A registered gateway without a grant is refused, and the audit log has the refusal.
pub async fn ungranted_gateway_is_refused(stage: &mut Stage) -> Result<Line> {
    let identity = Identity::of_gateway(&stage.stranger)?;
    let provider = Provider::new(&stage.vault, Some(&identity))?;
    let outcome = provider.outcome(REFERENCE).await?;
    let answer = outcome
        .pointer("/refused/reason")
        .and_then(Value::as_str)
        .map_or_else(
            || "not refused".to_owned(),
            |reason| format!("refused ({reason})"),
        );

    let gateways = stage.cli.json(&["gateway", "list"]).await?;
    let stranger = entries(&gateways)
        .find(|gateway| text(gateway, "name") == "stranger")
        .map(|gateway| text(gateway, "id").to_owned())
        .unwrap_or_default();
    let audit = stage.cli.json(&["audit", "list", "--limit", "100"]).await?;
    let logged = entries(&audit)
        .any(|entry| text(entry, "actorId") == stranger && text(entry, "outcome") == "refused");
    let log = if logged {
        "the refusal is in the audit log"
    } else {
        "the audit log has no refusal"
    };
    Ok(Line::exact(
        6,
        "a second gateway identity without a grant",
        "refused (not_granted), the refusal is in the audit log",
        format!("{answer}, {log}"),
    ))
}

fn entries(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn text<'a>(entry: &'a Value, field: &str) -> &'a str {
    entry.get(field).and_then(Value::as_str).unwrap_or_default()
}
