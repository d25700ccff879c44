//! The manifests below `envoy/istio` and `envoy/envoy-gateway`, held against the schemas that both publish.

use std::path::Path;

use sallyport_tests::said::Said;
use sallyport_tests::scratch::Scratch;
use sallyport_tests::{Result, files, program};
use tokio::process::Command;

const MANIFESTS: [&str; 3] = [
    "istio/downstream.yaml",
    "istio/upstream.yaml",
    "envoy-gateway/policy.yaml",
];

/// What is wrong with a manifest; nothing if it is good.
async fn faults(manifest: &Path) -> Result<String> {
    let mut command = Command::new("node");
    command.arg(program::manifest_check()?).arg(manifest);
    let said = Said::by(&mut command, "").await?;
    assert_eq!(said.code == Some(0), said.stdout.is_empty(), "{said:?}");
    Ok(said.stdout)
}

#[tokio::test]
async fn every_manifest_is_what_the_published_schemas_take() -> Result<()> {
    for name in MANIFESTS {
        let manifest = program::repository().join("envoy").join(name);
        assert_eq!(faults(&manifest).await?, "", "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn a_wrong_value_and_a_field_that_a_cluster_would_drop_are_found() -> Result<()> {
    let scratch = Scratch::new()?;
    for (name, good, bad, fault) in [
        (
            MANIFESTS[0],
            "FAIL_RELOAD\n",
            "RELOAD\n",
            "WasmPlugin /spec/failStrategy: must be equal",
        ),
        (
            MANIFESTS[0],
            "phase:",
            "phas:",
            "WasmPlugin /spec/phas: no such field",
        ),
        (
            MANIFESTS[1],
            "applyTo: CLUSTER",
            "applyTo: CLUSTR",
            "EnvoyFilter /spec/configPatches/0/applyTo: must",
        ),
        (
            MANIFESTS[2],
            "failOpen:",
            "failOpn:",
            "EnvoyExtensionPolicy /spec/wasm/0/failOpn: no such field",
        ),
        (
            MANIFESTS[2],
            "rootID: downstream",
            "rootID: 7",
            "EnvoyExtensionPolicy /spec/wasm/0/rootID: must be string",
        ),
    ] {
        let text = files::read(&program::repository().join("envoy").join(name))?;
        assert!(text.contains(good), "{name}: {good}");
        let manifest = scratch.join("bad.yaml");
        files::write(&manifest, &text.replace(good, bad))?;
        let found = faults(&manifest).await?;
        assert!(found.contains(fault), "{fault}: {found}");
    }
    Ok(())
}
