//! The JSON schema of the document, for editors and pipelines: what the types say, and what only
//! the parser knows. Nothing of it is in the filter.

use sallyport_message::MAX_KEYS;
use sallyport_message::json_field::MAX_POINTER_BYTES;
use sallyport_pki::MAX_NAME_PATTERNS;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::Document;
use super::body::MAX_BYTES;
use super::check::{MAX_ACCEPTED, MAX_IDENTITY_HEADERS, MAX_WORDS};
use super::choice::{MAX_NAMES, MAX_PARTS};
use super::chosen_value::{XDS_NAMES, XDS_TREES};
use super::downstream::MAX_ROUTES;
use super::encryption::{DEFAULT_ITERATIONS, ITERATIONS, MAX_FIELDS};
use super::injection::MAX_POINTER;
use super::name::{MAX_NAME, MAX_PARAMETER};
use super::upstream::MAX_INJECTIONS;
use crate::header_name::RESERVED;

const UUID: &str = "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}";

/// A segment of a reference, percent-encoded.
const SEGMENT: &str = "([A-Za-z0-9._~!'()*+,:;=-]|%[0-9A-Fa-f]{2})+";

const VERSION: &str = "(@(current|previous|pending|[1-9][0-9]*))?";

const DNS_NAME: &str = "[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\
                        (\\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*";

const UP_TO_A_MINUTE: &str = "([0-9]{1,4}|[1-5][0-9]{4}|60000)ms|([0-9]|[1-5][0-9]|60)s";
const FROM_10_MS_TO_A_MINUTE: &str =
    "([1-9][0-9]{1,3}|[1-5][0-9]{4}|60000)ms|([1-9]|[1-5][0-9]|60)s";
const FROM_A_SECOND_TO_A_MINUTE: &str =
    "([1-9][0-9]{3}|[1-5][0-9]{4}|60000)ms|([1-9]|[1-5][0-9]|60)s";
const FROM_A_SECOND_TO_A_DAY: &str = "([1-9][0-9]{3,6}|[1-7][0-9]{7}|8[0-5][0-9]{6}|86[0-3][0-9]{5}|86400000)ms|([1-9][0-9]{0,3}|[1-7][0-9]{4}|8[0-5][0-9]{3}|86[0-3][0-9]{2}|86400)s";
const WHOLE_SECONDS_TO_A_MINUTE: &str = "([1-9]|[1-5][0-9]|60)(s|000ms)";

/// The schema, in draft 2020-12.
pub(in crate::config) fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<Document>().to_value();
    without_null(&mut schema);
    schema["title"] = json!("Sallyport filter");
    schema["oneOf"] = json!([{"required": ["downstream"]}, {"required": ["upstream"]}, {"required": ["watcher"]}]);
    add(&mut schema, "", "startupWait", wait(UP_TO_A_MINUTE, "2s"));
    for (definition, property, facts) in [
        ("Vault", "cluster", word()),
        ("Vault", "organization", pattern(UUID)),
        ("Vault", "environment", pattern(UUID)),
        (
            "Vault",
            "authority",
            with(word(), "default", "sallyport-vault"),
        ),
        ("Vault", "timeout", wait(FROM_10_MS_TO_A_MINUTE, "2s")),
        ("Vault", "wait", wait(WHOLE_SECONDS_TO_A_MINUTE, "25s")),
        ("Vault", "watch", json!({"default": "shared"})),
        ("Downstream", "routes", list(MAX_ROUTES)),
        ("Downstream", "forwardClientCertificate", default("remove")),
        ("OnFailure", "unreachable", default("deny")),
        ("OnFailure", "denied", default("deny")),
        ("OnFailure", "malformed", default("deny")),
        ("OnFailure", "stale", default("use")),
        ("Match", "route", word()),
        ("Match", "virtualHost", word()),
        ("Match", "cluster", word()),
        ("Match", "serverName", host(&format!("(\\*\\.)?{DNS_NAME}"))),
        ("Upstream", "serverName", server_name()),
        (
            "Upstream",
            "handshakeWait",
            wait(FROM_10_MS_TO_A_MINUTE, "5s"),
        ),
        ("Upstream", "inject", list(MAX_INJECTIONS)),
        (
            "Check",
            "accept",
            json!({"minItems": 1, "maxItems": MAX_ACCEPTED}),
        ),
        ("Check", "realm", with(quotable(), "default", "gateway")),
        ("Check", "mode", default("enforce")),
        ("Check", "credential", default("remove")),
        ("Check", "identity", list(MAX_IDENTITY_HEADERS)),
        ("Identity", "header", header()),
        ("Identity", "claim", quotable()),
        ("Downstream", "clientNames", default("withhold")),
        ("Accept", "secrets", or_choice("array", secrets())),
        ("By", "header", header()),
        ("By", "attribute", attribute()),
        ("Accept", "header", with(header(), "default", "x-api-key")),
        ("Accept", "issuers", words()),
        ("Accept", "audiences", words()),
        ("Accept", "requiredClaims", words()),
        ("Accept", "components", components()),
        (
            "Accept",
            "maxAge",
            pattern(&format!("0*({FROM_A_SECOND_TO_A_DAY})")),
        ),
        (
            "Body",
            "maxBytes",
            json!({"default": 1_048_576, "maximum": MAX_BYTES}),
        ),
        ("Body", "wait", wait(FROM_A_SECOND_TO_A_MINUTE, "10s")),
        ("Injection", "header", header()),
        (
            "Sign",
            "secret",
            or_choice("string", reference("sharedSecrets")),
        ),
        ("Sign", "region", with(scope(), "default", "us-east-1")),
        ("Sign", "service", with(scope(), "default", "s3")),
        ("Sign", "payload", default("signed")),
        ("Sign", "components", components()),
        ("Sign", "keyId", quotable()),
        ("Sign", "tag", quotable()),
        ("Message", "encrypt", encrypt()),
        ("Message", "decrypt", decrypt()),
        (
            "Encryption",
            "secret",
            or_choice("string", with(shared_secret(), "not", previous())),
        ),
        ("Encryption", "secrets", or_choice("array", secrets())),
        ("Encryption", "keyManagement", default("A256KW")),
        ("Encryption", "contentEncryption", default("A256GCM")),
        ("Encryption", "serialization", default("compact")),
        ("Encryption", "iterations", iterations()),
        ("Encryption", "fields", fields()),
        ("Encryption", "absent", default("refuse")),
        ("Encryption", "mode", default("enforce")),
        ("Injection", "query", parameter()),
        ("Injection", "cookie", parameter()),
        (
            "Injection",
            "basic",
            or_choice("string", reference("sharedSecrets")),
        ),
        ("Injection", "bearer", or_choice("string", shared_secret())),
        ("Injection", "value", or_choice("string", shared_secret())),
        (
            "Injection",
            "pointer",
            json!({"pattern": "^(/([^~/]|~[01])*)*$", "maxLength": MAX_POINTER}),
        ),
        ("Injection", "overwrite", json!({"default": true})),
        ("Injection", "template", or_choice("string", template())),
    ] {
        add(&mut schema, definition, property, facts);
    }
    for policy in ["Downstream", "Route", "Upstream"] {
        add(&mut schema, policy, "tlsContext", reference("tlsContexts"));
        let pins = reference("certificatePinsets");
        add(&mut schema, policy, "certificatePinset", pins);
        add(&mut schema, policy, "peerNames", peer_names());
        add(&mut schema, policy, "mode", default("enforce"));
        add(&mut schema, policy, "observe", json!({"default": []}));
    }
    for side in ["Downstream", "Route"] {
        schema["$defs"][side]["anyOf"] = json!([{"required": ["tlsContext"]}, {"required": ["check"]}, {"required": ["request"]}, {"required": ["response"]}]);
        let certificates = ["certificatePinset", "peerNames", "observe"];
        let needs = certificates.map(|name| (name.to_owned(), json!(["tlsContext"])));
        schema["$defs"][side]["dependentRequired"] = Value::Object(Map::from_iter(needs));
    }
    schema["$defs"]["Accept"]["oneOf"] = accept();
    schema["$defs"]["Message"]["oneOf"] =
        json!([{"required": ["encrypt"]}, {"required": ["decrypt"]}]);
    schema["$defs"]["Encryption"]["dependentRequired"] = json!({"absent": ["fields"]});
    schema["$defs"]["Encryption"]["anyOf"] = json!([
        {"required": ["keyManagement"], "properties": {"keyManagement": {"const": "PBES2-HS512+A256KW"}}},
        {"properties": {
            "keyManagement": {"not": {"const": "PBES2-HS512+A256KW"}},
            "secret": reference("sharedSecrets"),
            "secrets": {"items": reference("sharedSecrets")},
            "iterations": false,
        }},
    ]);
    schema["$defs"]["Sign"]["oneOf"] = json!([
        {"properties": {"scheme": {"const": "sigV4"}, "components": false, "keyId": false, "tag": false}},
        {"properties": {"scheme": {"const": "signature"}, "region": false, "service": false, "payload": false}},
    ]);
    for (side, no_requests) in [
        (
            "Downstream",
            json!({
                "forwardClientCertificate": false, "clientNames": false, "check": false, "request": false,
                "response": false, "body": false,
                "routes": {"items": {"properties": {"check": false, "request": false, "response": false, "match": {"properties": {
                    "route": false, "virtualHost": false, "cluster": false,
                }}}}},
            }),
        ),
        (
            "Upstream",
            json!({"inject": {"maxItems": 0}, "request": false, "response": false, "sign": false}),
        ),
    ] {
        add(&mut schema, side, "protocol", default("http"));
        let tcp = json!({"required": ["protocol"], "properties": {"protocol": {"const": "tcp"}}});
        schema["$defs"][side]["if"] = tcp;
        schema["$defs"][side]["then"] = json!({"properties": no_requests});
    }
    // Strict for a while, then open: refused.
    schema["$defs"]["OnFailure"]["not"] = json!({
        "required": ["unreachable", "stale"],
        "properties": {"unreachable": {"const": "letPass"}, "stale": {"const": "deny"}},
    });
    schema["$defs"]["Match"]["minProperties"] = json!(1);
    let one_of = |names: &[&str]| {
        let choices = names.iter().map(|name| json!({"required": [name]}));
        json!({"oneOf": choices.collect::<Vec<_>>()})
    };
    schema["$defs"]["By"]["oneOf"] = one_of(&["header", "attribute", "client"])["oneOf"].take();
    schema["$defs"]["Injection"]["allOf"] = json!([
        one_of(&["header", "query", "cookie"]),
        one_of(&["basic", "bearer", "value", "template"]),
        {"if": {"required": ["pointer"]}, "then": {"anyOf": [{"required": ["bearer"]}, {"required": ["value"]}]}},
    ]);
    schema
}

/// Says more of a property that the types have.
fn add(schema: &mut Value, definition: &str, property: &str, facts: Value) {
    let at = match definition {
        "" => format!("/properties/{property}"),
        definition => format!("/$defs/{definition}/properties/{property}"),
    };
    let known = schema.pointer_mut(&at).and_then(Value::as_object_mut);
    let known = known.unwrap_or_else(|| panic!("{at} is in no type"));
    let Value::Object(facts) = facts else {
        panic!("{at}: {facts}")
    };
    known.extend(facts);
}

/// serde takes `null` for what is left out; nobody has to write it.
fn without_null(schema: &mut Value) {
    let is_null = |one: &Value| *one == json!("null") || *one == json!({"type": "null"});
    if let Value::Object(fields) = schema {
        if let Some(Value::Array(types)) = fields.get_mut("type") {
            types.retain(|one| !is_null(one));
            let only = types.remove(0);
            fields.insert("type".to_owned(), only);
        }
        if let Some(Value::Array(mut choices)) = fields.remove("anyOf") {
            choices.retain(|one| !is_null(one));
            let only = choices.remove(0);
            fields.extend(only.as_object().cloned().unwrap_or_else(Map::new));
        }
        fields.values_mut().for_each(without_null);
    }
}

fn default(word: &str) -> Value {
    json!({"default": word})
}

fn pattern(text: &str) -> Value {
    json!({"pattern": format!("^({text})$")})
}

fn with(mut facts: Value, key: &str, value: impl Into<Value>) -> Value {
    facts[key] = value.into();
    facts
}

fn wait(text: &str, default: &str) -> Value {
    with(pattern(&format!("0*({text})")), "default", default)
}

fn list(max: usize) -> Value {
    json!({"default": [], "maxItems": max})
}

fn host(text: &str) -> Value {
    with(pattern(text), "maxLength", MAX_NAME)
}

fn word() -> Value {
    with(host("[!-~]+"), "minLength", 1)
}

/// A reference to a whole secret of this kind.
fn reference(collection: &str) -> Value {
    let scope = format!("({UUID}/{UUID}/)?");
    let text = format!("secret://{scope}{SEGMENT}/{collection}/{SEGMENT}{VERSION}");
    with(pattern(&text), "maxLength", 1024)
}

fn template() -> Value {
    let reference = format!("secret://({UUID}/{UUID}/)?{SEGMENT}/sharedSecrets/{SEGMENT}");
    let field = format!("#[A-Za-z0-9]{{1,64}}{VERSION}");
    // "$${" stands for a literal "${".
    let placeholder = "(?<!\\$)\\$\\{";
    json!({
        "maxLength": 4096,
        "pattern": format!("{placeholder}{reference}{field}\\}}"),
        "not": {"pattern": format!("{placeholder}(?!{reference}{field}\\}})")},
    })
}

fn parameter() -> Value {
    with(pattern("[A-Za-z0-9._~-]+"), "maxLength", MAX_PARAMETER)
}

fn scope() -> Value {
    with(pattern("[a-z0-9-]+"), "maxLength", 64)
}

fn quotable() -> Value {
    let text = with(pattern(r"[ !#-\[\]-~]+"), "minLength", 1);
    with(text, "maxLength", MAX_NAME)
}

fn words() -> Value {
    let item = with(quotable(), "type", "string");
    json!({"default": [], "maxItems": MAX_WORDS, "items": item})
}

fn components() -> Value {
    let name = r"@(method|target-uri|authority|scheme|path|query)|[0-9a-z!#$%&'*+.^_`|~-]+";
    let item = with(pattern(name), "type", "string");
    let method_and_uri = json!(["@method", "@target-uri"]);
    json!({"default": method_and_uri, "maxItems": MAX_WORDS, "items": item})
}

fn text(facts: Value) -> Value {
    with(facts, "type", "string")
}

fn secrets() -> Value {
    let item = text(shared_secret());
    json!({"minItems": 1, "maxItems": MAX_KEYS, "items": item, "contains": current()})
}

/// Not a previous version.
fn current() -> Value {
    json!({"not": previous()})
}

fn previous() -> Value {
    json!({"pattern": "@previous$"})
}

fn encrypt() -> Value {
    let properties = json!({"secrets": false, "mode": false});
    json!({"required": ["secret"], "properties": properties})
}

fn decrypt() -> Value {
    json!({"required": ["secrets"], "properties": {"secret": false}})
}

fn iterations() -> Value {
    let (least, most) = ITERATIONS.into_inner();
    json!({"minimum": least, "maximum": most, "default": DEFAULT_ITERATIONS})
}

fn fields() -> Value {
    let field = json!({"pattern": "^(/([^~/]|~[01])*)+$", "maxLength": MAX_POINTER_BYTES});
    json!({"maxItems": MAX_FIELDS, "uniqueItems": true, "items": text(field)})
}

/// What stands where secrets are named, or a choice among such.
fn or_choice(kind: &str, secret: Value) -> Value {
    let secret = with(secret, "type", kind);
    let choice = json!({
        "type": "object",
        "properties": {
            "by": {"$ref": "#/$defs/By"},
            "secrets": {
                "type": "object", "minProperties": 1, "maxProperties": MAX_NAMES,
                "propertyNames": word(), "additionalProperties": secret,
            },
            "default": secret,
        },
        "required": ["by", "secrets"],
        "additionalProperties": false,
    });
    json!({"oneOf": [secret, choice]})
}

fn attribute() -> Value {
    let part = with(word(), "type", "string");
    let server_name = json!({"prefixItems": [{"const": "connection"}, {"const": "requested_server_name"}], "maxItems": 2});
    let name = json!({"prefixItems": [{"const": "xds"}, {"enum": XDS_NAMES}], "maxItems": 2});
    let tree = json!({"prefixItems": [{"const": "xds"}, {"enum": XDS_TREES}], "minItems": 3});
    let others = json!({"prefixItems": [{"enum": ["metadata", "filter_state"]}]});
    let any_of = [server_name, name, tree, others];
    json!({"items": part, "minItems": 2, "maxItems": MAX_PARTS, "anyOf": any_of})
}

/// A reference to a shared secret or to a field of one.
fn shared_secret() -> Value {
    let scope = format!("({UUID}/{UUID}/)?");
    let field = "(#[A-Za-z0-9]{1,64})?";
    let text = format!("secret://{scope}{SEGMENT}/sharedSecrets/{SEGMENT}{field}{VERSION}");
    with(pattern(&text), "maxLength", 1024)
}

/// Each scheme and the settings that it has.
fn accept() -> Value {
    let jwt = [
        "algorithm",
        "type",
        "issuers",
        "audiences",
        "requiredClaims",
        "expiry",
    ];
    let signature = ["components", "tag", "body", "replay"];
    let all = [["header", "maxAge"].as_slice(), &jwt, &signature].concat();
    let schemes = [
        ("basic", [].to_vec(), [].as_slice()),
        ("apiKey", ["header"].to_vec(), &[]),
        (
            "jwt",
            [jwt.as_slice(), &["maxAge"]].concat(),
            &["algorithm"],
        ),
        (
            "signature",
            [signature.as_slice(), &["maxAge"]].concat(),
            &[],
        ),
    ];
    let choices = schemes.map(|(word, own, required)| {
        let others = all.iter().filter(|name| !own.contains(name));
        let mut properties = Map::from_iter(others.map(|name| ((*name).to_owned(), json!(false))));
        properties.insert("scheme".to_owned(), json!({"const": word}));
        json!({"properties": properties, "required": required})
    });
    json!(choices)
}

fn server_name() -> Value {
    let address = json!({"pattern": "^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$", "format": "ipv6"});
    json!({"anyOf": [host(DNS_NAME), address]})
}

fn peer_names() -> Value {
    let name = "(dns|uri|email|ip):[!-~]+|spiffe://[!-~]+";
    let item = with(with(pattern(name), "type", "string"), "maxLength", 2100);
    json!({"minItems": 1, "maxItems": MAX_NAME_PATTERNS, "items": item})
}

fn header() -> Value {
    let any_case = |name: &str| -> String {
        let letter = |one: char| match one.is_ascii_alphabetic() {
            true => format!("[{}{one}]", one.to_ascii_uppercase()),
            false => one.to_string(),
        };
        name.chars().map(letter).collect()
    };
    let reserved = RESERVED.map(any_case).join("|");
    let name = with(pattern("[A-Za-z0-9!#$%&'*+.^_`|~-]+"), "maxLength", 128);
    with(name, "not", pattern(&reserved))
}
