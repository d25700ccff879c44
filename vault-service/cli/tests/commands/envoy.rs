//! `envoy render` and `envoy check` against a vault that shows two contexts, or those of a recipe.

mod unguarded;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::scene::{Scene, in_group};

fn with_contexts() -> Scene {
    let scene = Scene::logged_in();
    show(&scene, &[context("inbound"), context("outbound")]);
    scene
}

/// The vault has these contexts.
fn show(scene: &Scene, contexts: &[Value]) {
    let ids = (1..).map(|number| format!("70000000-0000-4000-8000-{number:012}"));
    let contexts = contexts.iter().zip(ids).map(|(context, id)| {
        let mut context = context.clone();
        context["meta"] = json!({"id": id});
        let path = in_group(&format!("/tlsContexts/{id}"));
        scene.vault.answer("GET", &path, 200, context.clone());
        context
    });
    let list = json!(contexts.collect::<Vec<_>>());
    scene
        .vault
        .answer("GET", &in_group("/tlsContexts"), 200, list);
}

fn context(name: &str) -> Value {
    json!({
        "name": name, "target": "FlexGateway",
        "minTlsVersion": "TLSv1.2", "maxTlsVersion": "TLSv1.3", "alpnProtocols": ["h2"],
        "cipherSuites": ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"],
        "inboundSettings": {"enableClientCertValidation": true},
        "outboundSettings": {"skipServerCertValidation": false},
        "keystore": {"path": "keystores/x"}, "truststore": {"path": "truststores/x"},
    })
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
    let mut cluster = cluster.clone();
    // Where the filters below have their vault.
    cluster["name"] = json!("c");
    json!({"static_resources": {
        "listeners": [{"filter_chains": [listener]}], "clusters": [cluster],
    }})
}

/// The place of the listener's socket, and what its context is called.
const PLACE: &str = "/static_resources/listeners/0/filter_chains/0/transport_socket/typed_config";
const INBOUND: &str = "secret://payments/tlsContexts/inbound";

/// A listener's filter with this configuration.
fn filter(configuration: &str) -> Value {
    json!([{"typed_config": {"http_filters": [{"typed_config": {"config": {
        "failure_policy": "FAIL_RELOAD",
        "configuration": {"@type": "x", "value": configuration}}}}]}}])
}

/// One that asks for what `downstream` says.
fn policy(downstream: &Value) -> Value {
    json!({
        "vault": {"cluster": "c", "organization": "0a000000-0000-4000-8000-000000000001",
            "environment": "0e000000-0000-4000-8000-000000000001"},
        "downstream": downstream,
    })
}

/// What is said of the listener: that it was not compared, and why.
fn why_not(answer: &Value) -> &str {
    answer["compared"][0]["notCompared"][0].as_str().unwrap()
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
    let (code, answer) = check(&scene, &configuration(&listener, &cluster));
    assert_eq!(code, 0);
    let cluster_place = "/static_resources/clusters/0/transport_socket/typed_config";
    assert_eq!(
        answer,
        json!({
            "compared": [
                {"place": cluster_place, "notCompared": [],
                    "contexts": ["secret://payments/tlsContexts/outbound"]},
                {"place": PLACE, "contexts": [INBOUND], "notCompared": []},
            ],
            "differences": [], "notes": [],
        })
    );

    let config = &mut listener["transport_socket"]["typed_config"];
    config["require_client_certificate"] = json!(false);
    config["common_tls_context"]["tls_params"]["tls_maximum_protocol_version"] = json!("TLSv1_2");
    let (code, answer) = check(&scene, &configuration(&listener, &cluster));
    assert_eq!(code, 6);
    assert_eq!(
        answer["differences"],
        json!([
            {"place": format!("{PLACE}/common_tls_context/tls_params/tls_maximum_protocol_version"),
                "context": INBOUND, "found": "TLSv1_2", "wanted": "TLSv1_3"},
            {"place": format!("{PLACE}/require_client_certificate"),
                "context": INBOUND, "found": false, "wanted": true},
        ])
    );
}

#[test]
fn half_of_the_rules_needs_a_filter_and_a_name_has_to_stand_for_something() {
    let scene = with_contexts();
    let mut listener = rendered(&scene, &format!("{DOWNSTREAM} --beside-filter"));
    let cluster = rendered(&scene, UPSTREAM);
    let (code, answer) = check(&scene, &configuration(&listener, &cluster));
    let differences = answer["differences"].as_array().unwrap();
    assert_eq!((code, differences.len()), (6, 1), "{answer}");
    let found = differences[0]["found"].as_str().unwrap();
    assert!(found.ends_with("#partialValidation"));

    listener["filters"] = filter(&policy(&json!({"tlsContext": INBOUND})).to_string());
    assert_eq!(check(&scene, &configuration(&listener, &cluster)).0, 0);

    let config = &mut listener["transport_socket"]["typed_config"]["common_tls_context"];
    let names = &mut config["tls_certificate_sds_secret_configs"];
    names[0]["name"] = json!("secret://payments/keystores/inbound#certificate");
    let (code, answer) = check(&scene, &configuration(&listener, &cluster));
    assert_eq!(code, 6);
    let wanted = &answer["differences"][0]["wanted"];
    assert_eq!(wanted, "keystores have no #certificate");
}

#[test]
fn what_was_not_compared_is_said_and_no_success() {
    let scene = with_contexts();
    let file = scene.file("empty.yaml", "{}");
    let ended = scene.say(&format!("envoy check {file}"));
    assert_eq!(ended.code, 6);
    assert!(
        ended.stdout.starts_with("Nothing was compared"),
        "{ended:?}"
    );
    assert!(ended.stderr.contains("nothing in"), "{ended:?}");

    let listener = |sds: Value, filters: Value| {
        let kind =
            "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext";
        let socket = json!({"@type": kind, "common_tls_context": {
            "validation_context": {}, "tls_certificate_sds_secret_configs": sds}});
        let chain = json!({"transport_socket": {"typed_config": socket}, "filters": filters});
        json!({"static_resources": {"listeners": [{"filter_chains": [chain]}]}})
    };
    let (code, answer) = check(&scene, &listener(json!([]), json!([])));
    assert_eq!(code, 6);
    assert!(why_not(&answer).starts_with("no SDS name"), "{answer}");

    let alias = json!([{"name": "default", "sds_config": {}}]);
    let (code, answer) = check(&scene, &listener(alias, json!([])));
    assert_eq!(code, 6);
    let why = why_not(&answer);
    assert!(
        why.contains("\"default\"") && why.contains("[sds_names]"),
        "{why}"
    );

    let misspelt = policy(&json!({"tlsContext": "secret:/payments/tlsContexts/inbound"}));
    for (text, place) in [
        ("{\"vault\": {\"cluster\": \"c\"", "EOF while parsing"),
        (misspelt.to_string().as_str(), "/downstream/tlsContext"),
    ] {
        let (code, answer) = check(&scene, &listener(json!([]), filter(text)));
        assert_eq!(code, 6);
        let why = why_not(&answer);
        assert!(why.contains("/config/configuration/value"), "{why}");
        assert!(why.contains(place), "{why}");
    }
}

#[test]
fn one_filter_that_does_not_read_spoils_the_success_of_the_rest() {
    let scene = with_contexts();
    let (mut listener, cluster) = (rendered(&scene, DOWNSTREAM), rendered(&scene, UPSTREAM));
    listener["filters"] = filter("{\"vault\": ");
    let file = configuration(&listener, &cluster).to_string();
    let file = scene.file("envoy.json", &file);
    let ended = scene.say(&format!("envoy check {file}"));
    assert_eq!(ended.code, 6);
    assert!(
        ended.stdout.contains("not compared: a filter would refuse"),
        "{ended:?}"
    );
    assert!(ended.stderr.contains("1 places"), "{ended:?}");
}

#[test]
fn a_wider_envoy_is_a_note_where_a_filter_refuses_the_rest_and_a_stricter_one_differs() {
    let scene = with_contexts();
    let (mut listener, cluster) = (rendered(&scene, DOWNSTREAM), rendered(&scene, UPSTREAM));
    listener["transport_socket"]["typed_config"]["require_client_certificate"] = json!(false);
    let guarded = |listener: &Value, policy: &Value, failure: &str| {
        let mut listener = listener.clone();
        listener["filters"] = filter(&policy.to_string());
        let config = "/filters/0/typed_config/http_filters/0/typed_config/config";
        listener.pointer_mut(config).unwrap()["failure_policy"] = json!(failure);
        check(&scene, &configuration(&listener, &cluster))
    };
    let by_route = policy(&json!({
        "check": {"accept": [{"scheme": "apiKey", "header": "x-api-key",
            "secrets": ["secret://payments/sharedSecrets/key"]}]},
        "routes": [{"match": {"route": "partners"}, "tlsContext": INBOUND}],
    }));
    let (code, answer) = guarded(&listener, &by_route, "FAIL_RELOAD");
    assert_eq!((code, &answer["differences"]), (0, &json!([])), "{answer}");
    let place = format!("{PLACE}/require_client_certificate");
    let note = json!({"place": place, "context": INBOUND, "found": false, "wanted": true});
    assert_eq!(answer["notes"], json!([note]));

    let mut let_pass = by_route.clone();
    let_pass["onFailure"] = json!({"unreachable": "letPass"});
    let observe = policy(&json!({"tlsContext": INBOUND, "mode": "observe"}));
    let partly = policy(&json!({"tlsContext": INBOUND, "observe": ["path"]}));
    let other = policy(&json!({"tlsContext": "secret://payments/tlsContexts/outbound"}));
    for (policy, failure) in [
        (&by_route, "FAIL_OPEN"),
        (&let_pass, "FAIL_RELOAD"),
        (&observe, "FAIL_RELOAD"),
        (&partly, "FAIL_RELOAD"),
        (&other, "FAIL_RELOAD"),
    ] {
        let (code, answer) = guarded(&listener, policy, failure);
        assert_eq!(code, 6, "{policy} {answer}");
        assert!(
            answer["differences"].as_array().unwrap().contains(&note),
            "{policy} {answer}"
        );
    }

    let config = &mut listener["transport_socket"]["typed_config"];
    config["common_tls_context"]["tls_params"]["tls_minimum_protocol_version"] = json!("TLSv1_3");
    let (code, answer) = guarded(&listener, &by_route, "FAIL_RELOAD");
    assert_eq!(
        (code, answer["differences"][0]["found"].as_str()),
        (6, Some("TLSv1_3"))
    );
}

#[test]
fn every_socket_of_a_cluster_has_the_filters_of_the_cluster() {
    let scene = with_contexts();
    let outbound = "secret://payments/tlsContexts/outbound";
    let mut upstream = policy(&json!(null));
    upstream.as_object_mut().unwrap().remove("downstream");
    upstream["upstream"] = json!({"tlsContext": outbound, "serverName": "backend.example"});
    let kind = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";
    let socket = json!({"typed_config": {"@type": kind}});
    let cluster = json!({
        "http_filters": filter(&upstream.to_string()),
        "transport_socket_matches": [{"name": "tls", "transport_socket": socket}],
    });
    let (_, answer) = check(&scene, &json!({"clusters": [cluster]}));
    let compared = &answer["compared"][0];
    assert_eq!(compared["contexts"], json!([outbound]), "{answer}");
    let place = compared["place"].as_str().unwrap();
    assert!(
        place.starts_with("/clusters/0/transport_socket_matches/0/"),
        "{place}"
    );
    let note = &answer["notes"][0];
    assert_eq!(note["wanted"], "a validation context", "{answer}");
}

#[test]
fn no_configuration_that_is_shipped_differs_from_the_contexts_of_its_readme() {
    let envoy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../envoy");
    let recipes = fs::read_dir(envoy.join("recipes")).unwrap();
    let mut directories: Vec<_> = recipes
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    assert!(directories.len() > 10, "{directories:?}");
    directories.push(envoy.join("demo"));
    for directory in directories {
        let read = |name: &str| fs::read_to_string(directory.join(name)).unwrap();
        let scene = Scene::logged_in();
        show(&scene, &created(&scene, &read("README.md")));
        let file = scene.file("envoy.yaml", &filled(&read("envoy.yaml")));
        let ended = scene.say(&format!("envoy check {file}"));
        assert_eq!(ended.code, 0, "{}: {ended:?}", directory.display());
    }
}

/// The contexts that the commands of a README create, in a vault that has whatever they name.
fn created(scene: &Scene, readme: &str) -> Vec<Value> {
    let joined = readme.replace("\\\n", " ");
    let commands = joined.lines().filter_map(|line| {
        line.strip_prefix("    sallyport ")
            .filter(|command| command.starts_with("tls-context create "))
    });
    let commands: Vec<&str> = commands.collect();
    let words: BTreeSet<&str> = commands
        .iter()
        .flat_map(|it| it.split_whitespace())
        .collect();
    let named = words.iter().map(|word| {
        let id = "50000000-0000-4000-8000-000000000001";
        json!({"name": word, "meta": {"id": id}})
    });
    let named = json!(named.collect::<Vec<_>>());
    for collection in ["/truststores", "/keystores", "/crlDistributorConfigs"] {
        let path = in_group(collection);
        scene.vault.answer("GET", &path, 200, named.clone());
    }
    let planned = commands.iter().map(|command| {
        let ended = scene.say(&format!("{command} --dry-run -o json"));
        ended.json()["dryRun"]["body"].clone()
    });
    planned.collect()
}

/// A configuration with something in place of its placeholders.
fn filled(configuration: &str) -> String {
    let mut parts = configuration.split("${");
    let mut filled = parts.next().unwrap().to_owned();
    for part in parts {
        // References in templates begin like that, too.
        let (name, rest) = part.split_once('}').unwrap();
        let value = match name {
            "ORGANIZATION" | "ENVIRONMENT" => "0a000000-0000-4000-8000-000000000001".to_owned(),
            "STARTUP_WAIT" => "5s".to_owned(),
            name if name.ends_with("_PORT") => "8443".to_owned(),
            name if name.starts_with("secret:") => format!("${{{name}}}"),
            name => format!("/etc/envoy/{name}"),
        };
        filled.push_str(&value);
        filled.push_str(rest);
    }
    filled
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
