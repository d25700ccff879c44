//! Configurations, told by story; here is what they begin with.

#[cfg(not(target_arch = "wasm32"))]
mod check;
#[cfg(not(target_arch = "wasm32"))]
mod choice;
mod documents;
#[cfg(not(target_arch = "wasm32"))]
mod encryption;
mod failures;
mod injection;
mod routes;
#[cfg(not(target_arch = "wasm32"))]
mod schema;
mod texts;
mod values;

use serde_json::{Value, json};

use super::{Config, ConfigError, Fault};

fn downstream() -> Value {
    json!({
        "vault": vault(),
        "downstream": {"tlsContext": "secret://payments/tlsContexts/partner-inbound"}
    })
}

fn upstream() -> Value {
    json!({
        "vault": vault(),
        "upstream": {
            "tlsContext": "secret://payments/tlsContexts/backend",
            "certificatePinset": "secret://payments/certificatePinsets/backend",
            "serverName": "backend.test",
            "inject": [
                {"header": "Authorization", "basic": "secret://payments/sharedSecrets/backend"},
                {"header": "x-api-key", "template": "key ${secret://payments/sharedSecrets/backend#password}"}
            ]
        }
    })
}

fn vault() -> Value {
    json!({
        "cluster": "sallyport_provider",
        "organization": "11111111-1111-4111-8111-111111111111",
        "environment": "22222222-2222-4222-8222-222222222222"
    })
}

/// Sets the value at `pointer`, whose parent exists, and parses.
fn with(mut document: Value, pointer: &str, value: Value) -> Result<Config, ConfigError> {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    document.pointer_mut(parent).unwrap()[key] = value;
    document.to_string().parse()
}

fn fault(document: Value, pointer: &str, value: Value) -> Fault {
    let error = with(document, pointer, value).unwrap_err();
    assert_eq!(error.pointer, pointer, "{error}");
    error.fault
}

fn with_routes(routes: Value) -> Result<Config, ConfigError> {
    with(downstream(), "/downstream/routes", routes)
}

fn route(matches: Value) -> Value {
    json!({"match": matches, "tlsContext": "secret://payments/tlsContexts/partners"})
}
