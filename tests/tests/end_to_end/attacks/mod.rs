//! What somebody tries who wants to get past the gateway, or wants its credentials. The ids are those of
//! the table in `SECURITY.md`.

mod certificates;
mod forwarded_certificate;
mod resumption;
mod smuggling;

use sallyport_tests::Result;
use sallyport_tests::demo::{Options, Stage};
use sallyport_tests::envoy::Envoy;

/// Everything of a recipe but Envoy.
async fn furnished(recipe: &'static str) -> Result<Stage> {
    Stage::furnish(Options {
        recipe: Some(recipe),
        ..Options::default()
    })
    .await
}

/// Envoy with the recipe's configuration, in which something is written otherwise.
async fn gateway(stage: &Stage, changes: &[(&str, &str)]) -> Result<Envoy> {
    let mut configuration = stage.envoy_configuration()?;
    for (written, otherwise) in changes {
        assert!(configuration.contains(written), "{written}");
        configuration = configuration.replace(written, otherwise);
    }
    Envoy::start(&stage.scratch().directory("attacked")?, &configuration).await
}

/// Envoy and the filter are still there: nothing trapped.
async fn unharmed(gateway: &mut Envoy) -> Result<()> {
    gateway.still_runs()?;
    let (_, stats) = gateway.admin().get("/stats?filter=vm_reload").await?;
    let reloaded = stats.lines().any(|line| !line.ends_with(": 0"));
    assert!(!reloaded, "{stats}");
    Ok(())
}
