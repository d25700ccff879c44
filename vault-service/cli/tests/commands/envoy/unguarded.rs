//! `envoy check`: places where Envoy takes whoever comes, and filters that cannot help it.

use serde_json::{Value, json};

use super::*;

#[test]
fn an_entry_that_envoy_takes_and_that_cannot_do_its_work_is_found() {
    const ENTRY: &str = "/filters/0/typed_config/http_filters/0/typed_config/config";
    let scene = with_contexts();
    let (listener, cluster) = (rendered(&scene, DOWNSTREAM), rendered(&scene, UPSTREAM));
    let good = policy(&json!({"tlsContext": INBOUND}));
    let differences = |change: &dyn Fn(&mut Value)| {
        let mut listener = listener.clone();
        listener["filters"] = filter(&good.to_string());
        let mut whole = configuration(&listener, &cluster);
        change(&mut whole);
        let (code, answer) = check(&scene, &whole);
        (code, answer["differences"].clone())
    };
    let chain = "/static_resources/listeners/0/filter_chains/0";
    let entry = format!("{chain}{ENTRY}");
    let set = |whole: &mut Value, field: &str, value: Value| {
        whole.pointer_mut(&entry).unwrap()[field] = value;
    };
    assert_eq!(differences(&|_| ()), (0, json!([])));

    for open in [
        ("failure_policy", json!("FAIL_OPEN")),
        ("failure_policy", json!(3)),
        ("fail_open", json!(true)),
    ] {
        let (code, found) = differences(&|whole| set(whole, open.0, open.1.clone()));
        assert_eq!(code, 6);
        assert_eq!(found[0]["place"], format!("{entry}/{}", open.0));
        assert!(
            found[0]["wanted"]
                .as_str()
                .unwrap()
                .starts_with("FAIL_RELOAD: as it is, ")
        );
    }

    let mut tcp = good.clone();
    tcp["downstream"]["protocol"] = json!("tcp");
    let (code, found) = differences(&|whole| {
        set(
            whole,
            "configuration",
            json!({"@type": "x", "value": tcp.to_string()}),
        );
    });
    assert_eq!((code, &found[0]["found"]), (6, &json!({"protocol": "tcp"})));
    assert_eq!(found[0]["place"], format!("{entry}/configuration/value"));

    // The same entries in front of tcp_proxy: now the other one is wrong.
    for (configuration, code) in [(&tcp, 0), (&good, 6)] {
        let (ended, found) = differences(&|whole| {
            let plugin =
                json!({"configuration": {"@type": "x", "value": configuration.to_string()}});
            whole.pointer_mut(chain).unwrap()["filters"] =
                json!([{"typed_config": {"config": plugin}}]);
        });
        assert_eq!(ended, code, "{found}");
    }

    let lost = good
        .to_string()
        .replace(r#""cluster":"c""#, r#""cluster":"vualt""#);
    let lose = |whole: &mut Value| {
        set(whole, "configuration", json!({"@type": "x", "value": lost}));
    };
    let (code, found) = differences(&lose);
    assert_eq!(code, 6);
    assert_eq!(found[0]["found"], json!({"vault": {"cluster": "vualt"}}));
    assert!(
        found[0]["wanted"]
            .as_str()
            .unwrap()
            .starts_with("a cluster of this file (c) ")
    );
    // Where clusters come from elsewhere nobody can tell.
    let elsewhere = differences(&|whole| {
        lose(whole);
        whole["dynamic_resources"] = json!({"cds_config": {"ads": {}}});
    });
    assert_eq!(elsewhere, (0, json!([])));
}

#[test]
fn untrusted_certificates_that_no_filter_looks_at_are_found() {
    let recipe = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../envoy/recipes/mtls-inbound");
    let read = |name: &str| fs::read_to_string(recipe.join(name)).unwrap();
    let scene = Scene::logged_in();
    show(&scene, &created(&scene, &read("README.md")));
    let whole: Value = serde_saphyr::from_str(&filled(&read("envoy.yaml"))).unwrap();
    let filters =
        "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters";
    let verification = "/common_tls_context/validation_context/trust_chain_verification";
    let place = format!("{PLACE}{verification}");

    let mut without = whole.clone();
    let chain = without
        .pointer_mut(filters)
        .unwrap()
        .as_array_mut()
        .unwrap();
    assert_eq!(chain.remove(0)["name"], "sallyport.downstream");
    for accepts_all in [json!("ACCEPT_UNTRUSTED"), json!(1)] {
        *without.pointer_mut(&place).unwrap() = accepts_all.clone();
        let (code, answer) = check(&scene, &without);
        assert_eq!(
            (code, &answer["differences"]),
            (
                6,
                &json!([{
                    "place": place, "context": null, "found": accepts_all,
                    "wanted": "VERIFY_TRUST_CHAIN, or a filter with a tlsContext in this chain: as it is, Envoy \
                               lets clients through with any certificate, and without a trusted_ca those that \
                               show none",
                }])
            )
        );
    }
    *without.pointer_mut(&place).unwrap() = json!("VERIFY_TRUST_CHAIN");
    assert_eq!(check(&scene, &without).1["differences"], json!([]));

    // One that checks callers only looks at no certificate.
    let mut checks_callers = whole;
    let configuration = format!("{filters}/0/typed_config/config/configuration/value");
    let accept = json!([{"scheme": "basic", "secrets": ["secret://payments/sharedSecrets/x"]}]);
    let policy = policy(&json!({"check": {"accept": accept}}));
    *checks_callers.pointer_mut(&configuration).unwrap() = json!(policy.to_string());
    let (code, answer) = check(&scene, &checks_callers);
    assert_eq!(
        (code, &answer["differences"][0]["place"]),
        (6, &json!(place))
    );
}

#[test]
fn a_server_that_nobody_verifies_is_found_in_a_combined_context_too() {
    let scene = with_contexts();
    let socket = json!({"name": "x", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        "common_tls_context": {"combined_validation_context": {"default_validation_context": {
            "trust_chain_verification": "ACCEPT_UNTRUSTED"}}},
    }});
    let (code, answer) = check(
        &scene,
        &configuration(&json!({}), &json!({"transport_socket": socket})),
    );
    let found = &answer["differences"][0];
    assert_eq!((code, &found["found"]), (6, &json!("ACCEPT_UNTRUSTED")));
    let wanted = found["wanted"].as_str().unwrap();
    assert!(wanted.contains("in this cluster"), "{answer}");
}
