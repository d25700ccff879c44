//! References, templates and the wire read the same natively and as WebAssembly.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy knows #[test] functions, not what they call"
)]

use sallyport_model::{
    Material, Outcome, Reference, ResolveResponse, SecretString, SharedSecret, Template,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test;

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn references_and_templates_are_read_and_typos_are_named() {
    let text = "secret://payments/sharedSecrets/back%20end#password@previous";
    assert_eq!(text.parse::<Reference>().unwrap().to_string(), text);
    let error = "secret://payments/sharedSecret/x"
        .parse::<Reference>()
        .unwrap_err();
    assert!(error.to_string().contains("sharedSecrets"), "{error}");
    assert!(
        "Bearer ${secret://payments/sharedSecrets/x#password}"
            .parse::<Template>()
            .is_ok()
    );
    assert!("Bearer hunter2".parse::<Template>().is_err());
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn an_answer_of_the_provider_is_read() {
    let json = r#"{"answers":[{"reference":"r","revision":"1","outcome":{"current":{"version":2,
        "freshness":{"ttl":60,"staleFor":300},
        "material":{"sharedSecret":{"usernamePassword":{"username":"u","password":"p"}}}}}}]}"#;
    let response: ResolveResponse<SecretString> = serde_json::from_str(json).unwrap();
    let [answer] = response.answers.as_slice() else {
        panic!("one answer")
    };
    let Outcome::Current {
        version: 2,
        material,
        ..
    } = &answer.outcome
    else {
        panic!("current")
    };
    let Material::SharedSecret(SharedSecret::UsernamePassword { username, password }) = material
    else {
        panic!("a shared secret")
    };
    assert_eq!((username.as_str(), password.expose()), ("u", "p"));
}
