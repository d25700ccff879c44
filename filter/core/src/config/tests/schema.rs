//! The committed JSON schema: what the code says, and as strict as the parser where it can be.

use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::{Value, json};

use super::{downstream, route, upstream};
use crate::config::document::schema::schema;
use crate::config::{Config, Plugin};

#[test]
fn the_committed_schema_is_what_the_code_says() {
    let path = envoy().join("schema/filter.schema.json");
    let generated = schema();
    if std::env::var_os("UPDATE").is_some() {
        let text = serde_json::to_string_pretty(&generated).unwrap();
        fs::write(&path, text + "\n").unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        serde_json::from_str::<Value>(&committed).is_ok_and(|committed| committed == generated),
        "{} is not what the code says; write it anew with\n    UPDATE=1 cargo test -p \
         sallyport-filter-core schema",
        path.display()
    );
}

#[test]
fn every_configuration_that_is_shipped_follows_the_schema() {
    let validator = validator();
    let mut files = Vec::new();
    yaml_files(&envoy(), &mut files);
    assert!(files.len() > 1, "{files:?}");
    for file in files {
        let text = filled(&fs::read_to_string(&file).unwrap());
        let mut found = Vec::new();
        for document in serde_saphyr::from_multiple::<Value>(&text).unwrap() {
            entries(&document, &mut found);
        }
        let shown = file.display();
        assert_eq!(found.is_empty(), !text.contains("tlsContext"), "{shown}");
        for entry in found {
            let faults: Vec<_> = validator.iter_errors(&entry).collect();
            assert!(faults.is_empty(), "{shown}: {faults:?}");
            let parsed = entry.to_string().parse::<Plugin>();
            assert!(parsed.is_ok(), "{shown}: {parsed:?}");
        }
    }
}

#[test]
fn what_the_parser_refuses_the_schema_refuses() {
    let validator = validator();
    let (client, server) = (downstream(), upstream());
    let routed = change(
        &client,
        "/downstream/routes",
        json!([route(json!({"route": "a"}))]),
    );
    for document in [&client, &server, &routed] {
        assert!(validator.is_valid(document), "{document}");
    }
    let long = "a".repeat(254);
    for (document, pointer, value) in [
        (&client, "/downstrem", json!({})),
        (&client, "/upstream", server["upstream"].clone()),
        (&client, "/downstream", Value::Null),
        (&client, "/onFailure", json!({"denied": "open"})),
        (&client, "/onFailure", json!({"stale": "letPass"})),
        (&client, "/onFailure", json!({"absent": "deny"})),
        (
            &client,
            "/onFailure",
            json!({"stale": "deny", "unreachable": "letPass"}),
        ),
        (&client, "/downstream/protocol", json!("udp")),
        (&server, "/upstream/protocol", json!("tcp")),
        (&routed, "/downstream/protocol", json!("tcp")),
        (&client, "/downstream/mode", json!("Observe")),
        (&client, "/downstream/observe", json!("pins")),
        (&client, "/downstream/observe", json!(["certificate"])),
        (&client, "/downstream/observe", json!(["peer_names"])),
        (&client, "/downstream/routes", json!([{}])),
        (&client, "/downstream/forwardClientCertificate", json!(true)),
        (&client, "/downstream/tlsContext", json!("payments/x")),
        (
            &client,
            "/downstream/tlsContext",
            json!("secret://payments/truststores/x"),
        ),
        (
            &client,
            "/downstream/tlsContext",
            json!("secret://payments/tlsContexts/x#key"),
        ),
        (
            &client,
            "/downstream/tlsContext",
            json!("secret://payments/tlsContexts/x@0"),
        ),
        (
            &client,
            "/downstream/tlsContext",
            json!("secret://payments/tlsContexts/a b"),
        ),
        (
            &client,
            "/downstream/certificatePinset",
            json!("secret://a/b/payments/certificatePinsets/x"),
        ),
        (&client, "/downstream/peerNames", json!([])),
        (
            &client,
            "/downstream/peerNames",
            json!(vec!["dns:a.test"; 65]),
        ),
        (&client, "/downstream/peerNames", json!(["a.test"])),
        (&client, "/startupWait", json!(2)),
        (&client, "/startupWait", json!("61s")),
        (&client, "/vault/wait", json!("1500ms")),
        (&client, "/vault/timeout", json!("9ms")),
        (&client, "/vault/cluster", json!("")),
        (&client, "/vault/cluster", json!(long)),
        (&client, "/vault/authority", json!("a b")),
        (&client, "/vault/organization", json!("acme")),
        (&routed, "/downstream/routes/0/match", json!({})),
        (&routed, "/downstream/routes/0/match/route", json!("")),
        (
            &routed,
            "/downstream/routes/0/match/serverName",
            json!("*.*.example"),
        ),
        (&routed, "/downstream/routes/0/match/path", json!("/x")),
        (
            &routed,
            "/downstream/routes",
            json!(vec![route(json!({"route": "a"})); 65]),
        ),
        (&server, "/upstream/serverName", json!("*.test")),
        (&server, "/upstream/handshakeWait", json!("5")),
        (
            &server,
            "/upstream/inject",
            json!(vec![server["upstream"]["inject"][0].clone(); 33]),
        ),
        (
            &server,
            "/upstream/inject/0/header",
            json!("Transfer-Encoding"),
        ),
        (&server, "/upstream/inject/0/header", json!(":path")),
        (
            &server,
            "/upstream/inject/0/template",
            json!("${secret://payments/sharedSecrets/x#key}"),
        ),
        (&server, "/upstream/inject/0/basic", Value::Null),
        (&server, "/upstream/inject/1/template", json!("a constant")),
        (
            &server,
            "/upstream/inject/1/template",
            json!("$${secret://payments/sharedSecrets/x#key}"),
        ),
        (
            &server,
            "/upstream/inject/1/template",
            json!("${secret://payments/sharedSecrets/x}"),
        ),
        (
            &server,
            "/upstream/inject/1/template",
            json!("${secret://payments/keystores/x#key}"),
        ),
        (
            &server,
            "/upstream/inject/1/template",
            json!("${secret://payments/sharedSecrets/x#key} ${"),
        ),
    ] {
        let bad = change(document, pointer, value);
        assert!(
            bad.to_string().parse::<Config>().is_err(),
            "{pointer}: parsed {bad}"
        );
        assert!(!validator.is_valid(&bad), "{pointer}: valid {bad}");
    }
}

#[test]
fn durations_have_the_same_bounds_in_the_schema_and_in_the_parser() {
    let validator = validator();
    let millis = [
        0, 1, 9, 10, 99, 100, 999, 1000, 1001, 5000, 9999, 10_000, 59_999, 60_000, 60_001, 99_999,
    ];
    let millis = millis.into_iter().map(|number| format!("{number}ms"));
    let seconds = (0..=61).chain([600]).map(|number| format!("{number}s"));
    let odd = ["", "s", "2", "-1s", "1.5s", "02s", "2S", "2m", " 2s"].map(str::to_owned);
    let texts: Vec<String> = millis.chain(seconds).chain(odd).collect();
    for pointer in [
        "/startupWait",
        "/vault/wait",
        "/vault/timeout",
        "/upstream/handshakeWait",
    ] {
        for text in &texts {
            let document = change(&upstream(), pointer, json!(text));
            let parsed = document.to_string().parse::<Config>().is_ok();
            assert_eq!(validator.is_valid(&document), parsed, "{pointer}: {text}");
        }
    }
}

#[test]
fn every_setting_is_described() {
    let schema = schema();
    let types = schema["$defs"]
        .as_object()
        .unwrap()
        .values()
        .chain([&schema]);
    for one in types {
        assert!(one["description"].is_string(), "{one}");
        // A watcher has none.
        for (name, property) in one["properties"].as_object().into_iter().flatten() {
            assert!(property["description"].is_string(), "{name}: {property}");
        }
    }
}

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema()).unwrap()
}

/// The document with another value at `pointer`, whose parent is there; without one for `null`.
fn change(document: &Value, pointer: &str, value: Value) -> Value {
    let mut document = document.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = document.pointer_mut(parent).unwrap();
    match value {
        Value::Null => {
            parent.as_object_mut().unwrap().remove(key);
        }
        value => parent[key] = value,
    }
    document
}

/// Entries of the filter in an Envoy configuration: as text, as proxy-wasm has it, or as YAML.
fn entries(value: &Value, found: &mut Vec<Value>) {
    let is_entry = |value: &Value| value.get("vault").is_some_and(Value::is_object);
    match value {
        Value::String(text) => {
            let parsed = serde_json::from_str(text).ok();
            found.extend(parsed.filter(|value| is_entry(value)));
        }
        Value::Array(items) => items.iter().for_each(|item| entries(item, found)),
        Value::Object(_) if is_entry(value) => found.push(value.clone()),
        Value::Object(fields) => fields.values().for_each(|value| entries(value, found)),
        _ => {}
    }
}

/// A template as the tests and the demo fill it: upper-case names are placeholders.
fn filled(template: &str) -> String {
    let mut parts = template.split("${");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let name = part.split('}').next().unwrap_or_default();
        let is_placeholder = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        let value = match name {
            "ORGANIZATION" | "ENVIRONMENT" => "11111111-1111-4111-8111-111111111111",
            "STARTUP_WAIT" => "2s",
            _ => "1",
        };
        match is_placeholder.then(|| part.split_once('}')).flatten() {
            Some((_, rest)) => filled.extend([value, rest]),
            None => filled.extend(["${", part]),
        }
    }
    filled
}

fn yaml_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            yaml_files(&path, found);
        } else if path
            .extension()
            .is_some_and(|end| end == "yaml" || end == "yml")
        {
            found.push(path);
        }
    }
}

fn envoy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../envoy")
}
