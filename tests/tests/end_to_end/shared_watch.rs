//! One watch on the vault for all workers and both sides of an Envoy, and what it brings to each.

use sallyport_tests::client::Client;
use sallyport_tests::demo::{Options, Stage, USERNAME, basic};
use sallyport_tests::envoy::Envoy;
use sallyport_tests::wait::{PATIENCE, until};
use sallyport_tests::{Result, files};

/// New connections that are enough to meet both workers.
const CONNECTIONS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_service_watches_for_all_workers_and_filters() -> Result<()> {
    let mut stage = Stage::furnish(Options::default()).await?;
    let configuration = stage.envoy_configuration()?;
    let envoy = start(&stage, &configuration).await?;
    let log = || files::read(envoy.log());
    one_call_serves_everybody(&mut stage, &envoy).await?;

    // Whoever watched until the service was there has handed over; the service keeps it.
    let taken = envoy.count("shared.lease_taken").await?;
    let lost = envoy.count("shared.lease_lost").await?;
    assert_eq!(taken - lost, 1, "{}", log()?);
    stage.vault.kill();
    all_pass(&stage, &envoy).await?;
    stage.vault.resume().await?;
    stage.rotate("demo-password-after-the-outage").await?;
    rotation_arrives(&stage, &envoy).await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_service_one_of_the_filters_watches_for_all() -> Result<()> {
    let mut stage = Stage::furnish(Options::default()).await?;
    let configuration = stage.envoy_configuration()?;
    let (before, service) = configuration.split_once("bootstrap_extensions:").unwrap();
    let (service, filters) = service.split_once("static_resources:").unwrap();
    let vm = "vm_config: &vm ";
    let (_, anchor) = service.split_once(vm).unwrap();
    let anchor = anchor.lines().next().unwrap();
    let filters = filters.replacen("vm_config: *vm", &format!("{vm}{anchor}"), 1);
    let configuration = format!("{before}static_resources:{filters}");
    let envoy = start(&stage, &configuration).await?;
    one_call_serves_everybody(&mut stage, &envoy).await?;
    assert_eq!(envoy.count("shared.lease_taken").await?, 1);
    assert_eq!(envoy.count("shared.lease_lost").await?, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_that_watch_for_themselves_take_no_part_in_it() -> Result<()> {
    let mut stage = Stage::furnish(Options::default()).await?;
    let shared = stage.envoy_configuration()?;
    // Both sides, but not the service.
    let (service, filters) = shared.split_once("static_resources:").unwrap();
    let filters = filters.replace("\"environment\":", "\"watch\": \"own\", \"environment\":");
    let envoy = start(&stage, &format!("{service}static_resources:{filters}")).await?;
    all_pass(&stage, &envoy).await?;
    assert_eq!(envoy.count("shared.applied").await?, 0);
    stage.rotate("demo-password-two-own").await?;
    rotation_arrives(&stage, &envoy).await
}

async fn start(stage: &Stage, configuration: &str) -> Result<Envoy> {
    let directory = stage.scratch().directory("shared-watch")?;
    Envoy::start(&directory, configuration).await
}

/// A change reaches every worker by one answer, and not by one for each of them.
async fn one_call_serves_everybody(stage: &mut Stage, envoy: &Envoy) -> Result<()> {
    until("everybody to have the snapshot", PATIENCE, async || {
        let generations = [
            envoy.count("downstream.generation").await?,
            envoy.count("upstream.generation").await?,
        ];
        Ok(generations
            .iter()
            .all(|generation| *generation > 0)
            .then_some(()))
    })
    .await?;
    all_pass(stage, envoy).await?;
    let (calls, answers) = settled(envoy).await?;
    let password = format!("demo-password-after-{answers}");
    stage.rotate(&password).await?;
    rotation_arrives(stage, envoy).await?;
    let (calls_now, answers_now) = settled(envoy).await?;
    // One, or two if the call's time ended meanwhile; nine if each filter watched in each thread.
    let bounds = 1..=2;
    assert!(
        bounds.contains(&(calls_now - calls)),
        "{calls_now} after {calls}"
    );
    assert!(
        bounds.contains(&(answers_now - answers)),
        "{answers_now} after {answers}"
    );
    Ok(())
}

/// Calls and answers so far, when nothing but the open call is left: every former one was answered
/// or given up.
async fn settled(envoy: &Envoy) -> Result<(u64, u64)> {
    let mut last = (0, 0);
    until("the watch to come to rest", PATIENCE, async || {
        let now = (
            envoy.count("vault.calls").await?,
            envoy.count("vault.answers").await?,
        );
        let rests = now == std::mem::replace(&mut last, now);
        Ok(rests.then_some(now))
    })
    .await
}

/// The latest credential goes to the backend, whichever worker a client meets.
async fn rotation_arrives(stage: &Stage, envoy: &Envoy) -> Result<()> {
    let client = partner(stage)?;
    let credential = basic(USERNAME, stage.password());
    until(
        "the rotated credential from every worker",
        PATIENCE,
        async || {
            for _ in 0..CONNECTIONS {
                client.get(envoy.listener(), "/rotated").await?;
                let seen = stage.backend.last_request();
                if seen.is_none_or(|seen| seen.header("authorization") != credential) {
                    return Ok(None);
                }
            }
            Ok(Some(()))
        },
    )
    .await
}

async fn all_pass(stage: &Stage, envoy: &Envoy) -> Result<()> {
    let client = partner(stage)?;
    for _ in 0..CONNECTIONS {
        let reply = client.get(envoy.listener(), "/").await?;
        assert_eq!(reply.status, http::StatusCode::OK);
    }
    Ok(())
}

fn partner(stage: &Stage) -> Result<Client> {
    stage.client(Some(&stage.clients.partner))
}
