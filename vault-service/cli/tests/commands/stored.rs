//! A vault that stores anything in one collection, and the parts of forms.

use serde_json::json;

use crate::fake_vault::Part;
use crate::scene::{Scene, in_group, own_in_group};

/// The id of `edge`.
pub(crate) const ID: &str = "50000000-0000-4000-8000-000000000002";

pub(crate) const LEAF: &str = "-----BEGIN CERTIFICATE-----LEAF";
pub(crate) const CHAIN: &str = "-----BEGIN CERTIFICATE-----CHAIN";
pub(crate) const KEY: &str = "-----BEGIN PRIVATE KEY-----KEY-BYTES";

/// A part that is text.
pub(crate) fn text(name: &str, content: &str) -> Part {
    Part {
        name: name.to_owned(),
        file: None,
        content: content.to_owned(),
    }
}

/// A part that is a file.
pub(crate) fn file(name: &str, file: &str, content: &str) -> Part {
    Part {
        name: name.to_owned(),
        file: Some(file.to_owned()),
        content: content.to_owned(),
    }
}

/// A vault that stores anything in `collection`, where `edge` is already.
pub(crate) fn with(collection: &str) -> Scene {
    let scene = Scene::logged_in();
    for query in ["", "?allowExpiredCert=true"] {
        let create = in_group(&format!("/{collection}{query}"));
        scene
            .vault
            .answer("POST", &create, 201, json!({"message": "ok", "id": ID}));
        let replace = in_group(&format!("/{collection}/{ID}{query}"));
        scene
            .vault
            .answer("PUT", &replace, 200, json!({"message": "updated"}));
    }
    let item = json!({"name": "edge", "type": "PEM", "expirationDate": "2027-01-01",
        "meta": {"id": ID, "path": format!("{collection}/{ID}")}});
    scene.vault.answer(
        "GET",
        &in_group(&format!("/{collection}")),
        200,
        json!([item]),
    );
    let details = json!({"name": "edge", "details": {"certificate": {"subject": {"commonName": "edge.test"}}}});
    scene.vault.answer(
        "GET",
        &in_group(&format!("/{collection}/{ID}")),
        200,
        details,
    );
    let versions = own_in_group(&format!("/{collection}/{ID}/versions"));
    for query in ["", "?allowExpiredCert=true"] {
        let staged = json!({"message": "staged", "version": 4});
        scene
            .vault
            .answer("POST", &format!("{versions}{query}"), 201, staged);
    }
    scene.file("leaf.pem", LEAF);
    scene.file("leaf.key", KEY);
    scene.file("chain.pem", CHAIN);
    scene
}
