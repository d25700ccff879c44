//! `envoy render` and `envoy check` against a vault that shows two contexts.

use serde_json::{Value, json};

use crate::scene::{Scene, in_group};

const INBOUND: &str = "70000000-0000-4000-8000-000000000001";
const OUTBOUND: &str = "70000000-0000-4000-8000-000000000002";

fn with_contexts() -> Scene {
    let scene = Scene::logged_in();
    let vault = &scene.vault;
    let context = |name: &str, id: &str| {
        json!({
            "name": name, "target": "FlexGateway", "meta": {"id": id},
            "minTlsVersion": "TLSv1.2", "maxTlsVersion": "TLSv1.3", "alpnProtocols": ["h2"],
            "cipherSuites": ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"],
            "inboundSettings": {"enableClientCertValidation": true},
            "outboundSettings": {"skipServerCertValidation": false},
            "keystore": {"path": "keystores/x"}, "truststore": {"path": "truststores/x"},
        })
    };
    let (inbound, outbound) = (context("inbound", INBOUND), context("outbound", OUTBOUND));
    let list = json!([inbound, outbound]);
    vault.answer("GET", &in_group("/tlsContexts"), 200, list);
    for (id, context) in [(INBOUND, inbound), (OUTBOUND, outbound)] {
        vault.answer(
            "GET",
            &in_group(&format!("/tlsContexts/{id}")),
            200,
            context,
        );
    }
    scene
}

const DOWNSTREAM: &str =
    "envoy render --context secret://payments/tlsContexts/inbound --direction downstream";
const UPSTREAM: &str = "envoy render --context secret://payments/tlsContexts/outbound \
                        --direction upstream --server-name backend.example --sds-cluster sds";

fn rendered(scene: &Scene, line: &str) -> Value {
    let ended = scene.say(&format!("{line} -o json"));
    assert_eq!(ended.code, 0, "{ended:?}");
    serde_json::from_str(&ended.stdout).unwrap()
}

/// A configuration with these listeners' and clusters' transport sockets.
fn configuration(listener: &Value, cluster: &Value) -> Value {
    json!({"static_resources": {
        "listeners": [{"filter_chains": [listener]}], "clusters": [cluster],
    }})
}

fn check(scene: &Scene, configuration: &Value) -> (i32, Value) {
    let file = scene.file("envoy.json", &configuration.to_string());
    let ended = scene.say(&format!("envoy check {file} -o json"));
    (ended.code, serde_json::from_str(&ended.stdout).unwrap())
}

#[test]
fn a_listener_gets_everything_that_sds_cannot_bring() {
    let scene = with_contexts();
    let socket = rendered(&scene, DOWNSTREAM);
    let config = &socket["transport_socket"]["typed_config"];
    let common = &config["common_tls_context"];
    assert_eq!(
        config["@type"],
        "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
    );
    assert_eq!(config["require_client_certificate"], true);
    assert_eq!(
        common["tls_params"],
        json!({
            "tls_minimum_protocol_version": "TLSv1_2", "tls_maximum_protocol_version": "TLSv1_3",
            "cipher_suites": ["ECDHE-RSA-AES128-GCM-SHA256"],
        })
    );
    assert_eq!(common["alpn_protocols"], json!(["h2"]));
    let identity = &common["tls_certificate_sds_secret_configs"][0];
    assert_eq!(
        identity["name"],
        "secret://payments/tlsContexts/inbound#certificate"
    );
    let source = &identity["sds_config"]["api_config_source"];
    assert_eq!(source["api_type"], "DELTA_GRPC");
    let cluster = &source["grpc_services"][0]["envoy_grpc"]["cluster_name"];
    assert_eq!(cluster, "sallyport_provider");
    let validation = &common["validation_context_sds_secret_config"]["name"];
    assert_eq!(
        validation,
        "secret://payments/tlsContexts/inbound#validation"
    );
}

#[test]
fn a_cluster_names_its_server_and_a_filter_takes_over_what_is_left() {
    let scene = with_contexts();
    let socket = rendered(
        &scene,
        &format!("{UPSTREAM} --beside-filter --sds-protocol sotw"),
    );
    let config = &socket["transport_socket"]["typed_config"];
    assert_eq!(config["sni"], "backend.example");
    assert_eq!(config["auto_sni_san_validation"], true);
    let validation = &config["common_tls_context"]["validation_context_sds_secret_config"];
    assert_eq!(
        validation["name"],
        "secret://payments/tlsContexts/outbound#partialValidation"
    );
    assert_eq!(
        validation["sds_config"]["api_config_source"]["api_type"],
        "GRPC"
    );
    let nameless = UPSTREAM.replace("--server-name backend.example", "");
    assert_eq!(scene.say(&nameless).code, 2);
    let yaml = scene.say(DOWNSTREAM);
    assert!(
        yaml.stdout.starts_with("transport_socket:\n"),
        "{}",
        yaml.stdout
    );
}

#[test]
fn what_was_rendered_has_not_drifted_until_somebody_changes_it() {
    let scene = with_contexts();
    let (mut listener, cluster) = (rendered(&scene, DOWNSTREAM), rendered(&scene, UPSTREAM));
    assert_eq!(
        check(&scene, &configuration(&listener, &cluster)),
        (0, json!([]))
    );

    let config = &mut listener["transport_socket"]["typed_config"];
    config["require_client_certificate"] = json!(false);
    config["common_tls_context"]["tls_params"]["tls_maximum_protocol_version"] = json!("TLSv1_2");
    let (code, drifts) = check(&scene, &configuration(&listener, &cluster));
    let place = "/static_resources/listeners/0/filter_chains/0/transport_socket/typed_config";
    let context = "secret://payments/tlsContexts/inbound";
    assert_eq!(code, 6);
    assert_eq!(
        drifts,
        json!([
            {"place": format!("{place}/common_tls_context/tls_params/tls_maximum_protocol_version"),
                "context": context, "found": "TLSv1_2", "wanted": "TLSv1_3"},
            {"place": format!("{place}/require_client_certificate"),
                "context": context, "found": false, "wanted": true},
        ])
    );
}

#[test]
fn half_of_the_rules_needs_a_filter_and_a_name_has_to_stand_for_something() {
    let scene = with_contexts();
    let mut listener = rendered(&scene, &format!("{DOWNSTREAM} --beside-filter"));
    let cluster = rendered(&scene, UPSTREAM);
    let (code, drifts) = check(&scene, &configuration(&listener, &cluster));
    assert_eq!((code, drifts.as_array().unwrap().len()), (6, 1), "{drifts}");
    assert!(
        drifts[0]["found"]
            .as_str()
            .unwrap()
            .ends_with("#partialValidation")
    );

    let policy = json!({"vault": {"cluster": "c"},
        "downstream": {"tlsContext": "secret://payments/tlsContexts/inbound"}});
    listener["filters"] = json!([{"typed_config": {"http_filters": [{"typed_config": {"config": {
        "configuration": {"@type": "x", "value": policy.to_string()}}}}]}}]);
    assert_eq!(check(&scene, &configuration(&listener, &cluster)).0, 0);

    let config = &mut listener["transport_socket"]["typed_config"]["common_tls_context"];
    let names = &mut config["tls_certificate_sds_secret_configs"];
    names[0]["name"] = json!("secret://payments/keystores/inbound#certificate");
    let (code, drifts) = check(&scene, &configuration(&listener, &cluster));
    assert_eq!(code, 6);
    assert_eq!(drifts[0]["wanted"], "keystores have no #certificate");
}

#[test]
fn what_is_no_configuration_is_refused() {
    let scene = with_contexts();
    let file = scene.file("envoy.yaml", "a: [b");
    let ended = scene.say(&format!("envoy check {file}"));
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("envoy.yaml"), "{}", ended.stderr);
    // A short document that would be a huge one.
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..20 {
        let below = format!("*a{}", level - 1);
        bomb.push_str(&format!(
            "a{level}: &a{level} [{}]\n",
            [below.as_str(); 10].join(",")
        ));
    }
    let file = scene.file("bomb.yaml", &bomb);
    assert_eq!(scene.say(&format!("envoy check {file}")).code, 2);
}
