//! Snapshots of 30 MB and more, from the vault through Envoy into the filter.

use http::StatusCode;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, KeyPair, KeyUsagePurpose,
};
use sallyport_tests::demo::{Options, Stage};
use sallyport_tests::envoy::Envoy;
use sallyport_tests::false_door::Trick;
use sallyport_tests::wait::{PATIENCE, until};
use sallyport_tests::{Result, files};

/// Contexts, each with the whole truststore.
const CONTEXTS: usize = 56;

/// CAs in the truststore that nobody uses.
const FILLERS: usize = 98;

/// An extension of the house, so that a certificate is large.
const FILLER_OCTETS: usize = 3_700;

const GROUP: [&str; 2] = ["--group", "payments"];

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_of_thirty_megabytes_arrives_whole_and_is_replaced_whole() -> Result<()> {
    let stage = Stage::furnish(Options {
        recipe: Some("mtls-inbound"),
        startup_wait: "60s",
        ..Options::default()
    })
    .await?;
    let fillers = fillers();
    let issuing = stage.clients.authority.certificate();
    let large = file(&stage, "large.pem", &format!("{fillers}{issuing}"))?;
    say(&stage, &["truststore", "create", "large", "--file", &large]).await?;
    let (mut routes, mut policies) = (String::new(), Vec::new());
    for number in 0..CONTEXTS {
        let name = format!("large-{number}");
        let create = ["tls-context", "create", &name, "--truststore", "large"];
        say(
            &stage,
            &[&create[..], &["--require-client-certificate"]].concat(),
        )
        .await?;
        routes += &format!(
            "- {{name: {name}, match: {{path: /{name}}}, route: {{cluster: backend}}}}\n              "
        );
        policies.push(format!(
            r#"{{"match": {{"route": "{name}"}}, "tlsContext": "secret://payments/tlsContexts/{name}"}}"#
        ));
    }
    let configuration = stage
        .envoy_configuration()?
        .replace("\"environment\":", "\"timeout\": \"20s\", \"environment\":")
        .replace(
            "\"downstream\": {",
            &format!("\"downstream\": {{\"routes\": [{}], ", policies.join(", ")),
        )
        .replace(
            "- {match: {prefix: /}",
            &format!("{routes}- {{match: {{prefix: /}}"),
        );
    let directory = stage.scratch().directory("large-snapshot")?;
    let mut envoy = Envoy::start(&directory, &configuration).await?;

    let partner = stage.client(Some(&stage.clients.partner))?;
    let some = [0, CONTEXTS / 2, CONTEXTS - 1].map(|number| format!("/large-{number}"));
    for path in &some {
        until("the snapshot", 2 * PATIENCE, async || {
            let reply = partner.get(envoy.listener(), path).await?;
            Ok((reply.status == StatusCode::OK).then_some(()))
        })
        .await?;
    }
    let received = envoy
        .stat("cluster.sallyport_provider.upstream_cx_rx_bytes_total")
        .await?;
    assert!(received > 30_000_000, "{received} bytes");
    let stranger = stage.client(Some(&stage.clients.colleague))?;
    let refused = (403, "unknown_issuer");
    for path in &some {
        let reply = stranger.get(envoy.listener(), path).await?;
        assert_eq!(reply.verdict(), refused, "{path}");
    }

    // Every context changes at once, in one answer.
    let other = file(
        &stage,
        "other.pem",
        &format!("{fillers}{}", stage.gateway_ca().certificate()),
    )?;
    say(
        &stage,
        &["truststore", "replace", "large", "--file", &other],
    )
    .await?;
    for path in &some {
        until("the new truststore", 2 * PATIENCE, async || {
            let reply = partner.get(envoy.listener(), path).await?;
            Ok((reply.verdict() == refused).then_some(()))
        })
        .await?;
    }
    assert_eq!(
        partner.get(envoy.listener(), "/").await?.status,
        StatusCode::OK
    );
    let log = files::read(envoy.log())?;
    for bad in ["panicked", "has been exceeded"] {
        assert!(!log.contains(bad), "{log}");
    }
    assert_eq!(envoy.count("vault.malformed").await?, 0);
    envoy.still_runs()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_more_than_64_mib_is_refused_and_said_so() -> Result<()> {
    let limit = "http.async_response_buffer_limit";
    let raised = format!(
        "layered_runtime: {{layers: [{{name: static, static_layer: {{{limit}: \"134217728\"}}}}]}}\n"
    );
    refused(&raised, "vault: too large: the answer has ", "too_large").await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_more_than_envoy_holds_is_no_answer_until_there_is_a_smaller_one() -> Result<()>
{
    refused(
        "",
        "vault: cut off: the answer broke off, or it is larger than Envoy holds",
        "cut_off",
    )
    .await
}

/// A gateway to which an answer of 64 MiB comes first, then a good one.
async fn refused(runtime: &str, said: &str, counter: &str) -> Result<()> {
    let mut stage = Stage::furnish(Options {
        recipe: Some("mtls-inbound"),
        startup_wait: "200ms",
        ..Options::default()
    })
    .await?;
    stage.put_false_door().await?;
    stage.false_door()?.play(Trick::Huge);
    let patient = "\"timeout\": \"30s\", \"environment\":";
    let configuration = stage.envoy_configuration()?;
    let configuration = configuration.replace("\"environment\":", patient);
    let directory = stage.scratch().directory("huge-answer")?;
    let mut envoy = Envoy::start(&directory, &format!("{runtime}{configuration}")).await?;
    until(said, 2 * PATIENCE, async || {
        Ok(files::read(envoy.log())?.contains(said).then_some(()))
    })
    .await?;
    envoy.counted(&format!("vault.{counter}"), 1).await?;
    for other in ["unreachable", "malformed"] {
        assert_eq!(envoy.count(&format!("vault.{other}")).await?, 0, "{other}");
    }
    let partner = stage.client(Some(&stage.clients.partner))?;
    let reply = partner.get(envoy.listener(), "/early").await?;
    assert_eq!(reply.verdict(), (503, "secret_absent"));
    assert!(stage.backend.requests().is_empty());
    stage.false_door()?.play(Trick::Honest);
    until("a good answer", 2 * PATIENCE, async || {
        let reply = partner.get(envoy.listener(), "/later").await?;
        Ok((reply.status == StatusCode::OK).then_some(()))
    })
    .await?;
    assert!(!files::read(envoy.log())?.contains("panicked"));
    envoy.still_runs()
}

/// CAs that are as large as certificates get.
fn fillers() -> String {
    let key = KeyPair::generate().unwrap();
    let filler = |number: usize| {
        let mut parameters = CertificateParams::default();
        let name = format!("Filler CA {number}");
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let content = vec![0x04; FILLER_OCTETS];
        let house = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 55555, 1], content);
        parameters.custom_extensions.push(house);
        parameters.self_signed(&key).unwrap().pem()
    };
    (0..FILLERS).map(filler).collect()
}

fn file(stage: &Stage, name: &str, content: &str) -> Result<String> {
    let path = stage.pki().join(name);
    files::write(&path, content)?;
    Ok(path.to_string_lossy().into_owned())
}

async fn say(stage: &Stage, command: &[&str]) -> Result<()> {
    stage.cli.ok(&[command, &GROUP].concat()).await?;
    Ok(())
}
