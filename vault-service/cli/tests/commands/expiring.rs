//! `expiring`.

use serde_json::json;

use crate::scene::{GROUP, Scene, own};

#[test]
fn what_ends_soon_is_listed_with_the_days_that_are_left() {
    let scene = Scene::logged_in();
    let ending = json!([
        {"group": {"id": GROUP, "name": "payments"}, "collection": "keystores", "id": "k-1",
            "name": "edge", "expirationDate": "2026-01-01", "daysLeft": -3},
    ]);
    for (within, answer) in [(30, json!([])), (90, ending.clone()), (14, json!([]))] {
        let path = own(&format!("/expiring?within={within}"));
        scene.vault.answer("GET", &path, 200, answer);
    }
    let ended = scene.say("expiring");
    assert_eq!(ended.succeeds(), "Nothing expires within 30 days.\n");
    let table = scene.say("expiring --within 90d").succeeds().to_owned();
    for word in ["edge", "payments", "keystores", "-3"] {
        assert!(table.contains(word), "{table}");
    }
    assert_eq!(scene.say("expiring --within 90 -o json").json(), ending);
    scene.say("expiring --within 2w").succeeds();
    let ended = scene.say("expiring --within soon");
    assert!(ended.fails(2).contains("30d or 4w"));
}
