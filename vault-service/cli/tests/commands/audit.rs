//! `audit`.

use sallyport_model::audit::{AuditEntry, GENESIS, seal};
use serde_json::json;

use crate::scene::{Scene, of_organization, own};

#[test]
fn audit_list_reads_the_newest_or_goes_on_after_one() {
    let scene = Scene::logged_in();
    let entry = json!({"seq": 7, "time": "2026-01-01T00:00:00Z", "actor": "edge-1\u{1b}[2J", "actorKind": "gateway",
        "operation": "resolve", "object": "x", "outcome": "refused", "reason": "no_grant", "version": null});
    scene
        .vault
        .answer("GET", &own("/audit?limit=100"), 200, json!([entry]));
    scene
        .vault
        .answer("GET", &own("/audit?after=7&limit=5"), 200, json!([]));
    let table = scene.run(&["audit", "list"]).succeeds().to_owned();
    assert!(
        table.contains("no_grant") && !table.contains('\u{1b}'),
        "{table}"
    );
    let ended = scene.run(&["audit", "list", "--after", "7", "--limit", "5"]);
    assert_eq!(ended.succeeds(), "No audit entries.\n");
    scene.run(&["audit", "list", "--limit", "1001"]).fails(2);
}

#[test]
fn audit_list_reads_the_log_of_the_organization_on_demand() {
    let scene = Scene::logged_in();
    let entry = json!({"seq": 3, "time": "2026-01-01T00:00:00Z", "actor": "ada", "actorKind": "user",
        "operation": "user.login", "object": "ada", "outcome": "allowed", "reason": null, "version": null});
    let path = of_organization("/audit?limit=100");
    scene.vault.answer("GET", &path, 200, json!([entry]));
    let ended = scene.say("audit list --organization");
    assert!(ended.succeeds().contains("user.login"));
    assert_eq!(scene.vault.heard_lines(), [format!("GET {path}")]);
}

#[test]
fn audit_verify_names_the_first_broken_line() {
    let scene = Scene::new();
    let lines = chained(&["one", "two", "three"]);
    let verify = |name: &str, text: &str, more: &[&str]| {
        let file = scene.file(name, text);
        let arguments = ["audit", "verify", file.as_str()];
        scene.run(&[&arguments, more].concat())
    };
    let whole = lines.concat();
    let chain = ["--chain-only", "--allow-open-tail"];
    let ended = verify("whole", &whole, &chain);
    assert!(ended.succeeds().contains("entries 1 to 3"));

    let removed = [lines[0].as_str(), &lines[2]].concat();
    for (name, text, said) in [
        ("edited", whole.replace("two", "TWO"), "line 2: edited"),
        ("removed", removed, "line 2: removed: entries 2 to 2"),
        ("cut", whole.trim_end().to_owned(), "line 3: truncated"),
    ] {
        let ended = verify(name, &text, &chain);
        assert!(ended.fails(1).contains(said), "{said}: {}", ended.fails(1));
    }
    let ended = verify("open", &whole, &["--chain-only"]);
    assert!(ended.fails(1).contains("signed by no checkpoint"));
    let through = ["--through", "4"];
    let ended = verify("short", &whole, &[&chain[..], &through].concat());
    assert!(ended.fails(1).contains("entries 4 to 4 are missing"));
    verify("unsigned", &whole, &[]).fails(2);
}

#[test]
fn audit_verify_takes_the_files_of_a_log_in_any_order_and_names_the_broken_one() {
    let scene = Scene::new();
    let lines = chained(&["one", "two", "three", "four"]);
    let verify = |newer: &str| {
        let files = [
            scene.file("audit.jsonl", newer),
            scene.file("audit.jsonl.1", &lines[..2].concat()),
        ];
        let arguments = ["audit", "verify", "--chain-only", "--allow-open-tail"];
        let files: Vec<_> = files.iter().map(|file| file.as_str()).collect();
        scene.run(&[&arguments, &files[..]].concat())
    };
    let newer = lines[2..].concat();
    assert!(verify(&newer).succeeds().contains("entries 1 to 4"));
    let ended = verify(&newer.replace("four", "FOUR"));
    let said = ended.fails(1);
    assert!(said.contains("audit.jsonl, line 2: edited"), "{said}");
}

fn chained(objects: &[&str]) -> Vec<String> {
    let mut previous = GENESIS;
    let lines = objects.iter().zip(1..).map(|(object, seq)| {
        let entry = json!({"seq": seq, "time": "2026-01-01T00:00:00Z", "actor": "edge-1",
            "operation": "secret.resolve", "object": object, "outcome": "allowed"});
        let entry: AuditEntry<'_> = serde_json::from_value(entry).unwrap();
        let sealed = seal(&entry, &previous, |_| None).unwrap();
        previous = sealed.hash;
        format!("{}\n", sealed.line)
    });
    lines.collect()
}
