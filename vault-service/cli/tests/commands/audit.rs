//! `audit`.

use sallyport_model::audit::{AuditEntry, GENESIS, seal};
use serde_json::json;

use crate::fake_vault::LOST;
use crate::scene::{Scene, of_organization, own};

#[test]
fn audit_list_reads_the_newest_or_goes_on_after_one() {
    let scene = Scene::logged_in();
    let entry = entry(7);
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
fn audit_search_asks_page_by_page_for_what_passes_every_filter() {
    let scene = Scene::logged_in();
    let filters = "actor=edge+%261&operation=secret.*&object=backend&group=payments&outcome=refused\
                   &trace=4bf92f3577b34da6a3ce929d0e0e4736&since=2026-11-01&until=2026-11-30";
    for (after, limit, seq, next) in [
        ("", 1000, 7, json!(50_007)),
        ("&after=50007", 999, 60_000, json!(60_000)),
        ("&after=60000", 998, 60_001, json!(null)),
    ] {
        let path = own(&format!("/audit/search?{filters}{after}&limit={limit}"));
        let page = json!({"entries": [entry(seq)], "next": next});
        scene.vault.answer("GET", &path, 200, page);
    }
    let search = [
        "audit",
        "search",
        "--actor",
        "edge &1",
        "--operation",
        "secret.*",
        "--reference",
        "backend",
        "--group",
        "payments",
        "--outcome",
        "refused",
        "--trace",
        "4bf92f3577b34da6a3ce929d0e0e4736",
        "--since",
        "2026-11-01",
        "--until",
        "2026-11-30",
        "--limit",
        "1000",
        "-o",
        "json",
    ];
    let found = scene.run(&search).json();
    let seqs: Vec<_> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["seq"])
        .collect();
    assert_eq!(seqs, [7, 60_000, 60_001]);
    for wrong in [
        ["--outcome", "perhaps"],
        ["--since", "tomorrow"],
        ["--since", "2h30m"],
        ["--since", "2026-02-30"],
        ["--until", "2026-11-23T21:50:00"],
    ] {
        let ended = scene.run(&["audit", "search", wrong[0], wrong[1]]);
        assert!(ended.fails(2).contains(wrong[1]), "{wrong:?}");
    }
    let refused = scene.say("audit search --until tomorrow");
    let said = refused.fails(2);
    assert!(said.contains("15m") && said.contains("yesterday"), "{said}");

    let path = of_organization("/audit/search?limit=1");
    let page = json!({"entries": [entry(3)], "next": 3});
    scene.vault.answer("GET", &path, 200, page);
    let ended = scene.say("audit search --organization --limit 1");
    assert!(ended.stdout.contains("no_grant"), "{ended:?}");
    assert_eq!(ended.stderr, "there may be more: go on with --after 3\n");
}

#[test]
fn audit_search_asks_for_so_long_ago_and_for_days_as_the_vault_reads_them() {
    let scene = Scene::logged_in();
    // No answer is there for a moment that nobody knows beforehand.
    scene.say("audit search --since 7d --until yesterday");
    let asked = scene.vault.heard_lines().remove(0);
    let (_, since) = asked.split_once("since=").unwrap();
    let (since, until) = since.split_once("&until=").unwrap();
    assert_eq!(since.len(), "2026-11-23T21%3A50%3A00Z".len(), "{asked}");
    assert!(since.ends_with('Z'), "{asked}");
    let (until, _) = until.split_once('&').unwrap();
    assert_eq!(until.len(), "2026-11-23".len(), "{asked}");
}

#[test]
fn audit_tail_prints_a_line_for_each_entry_and_goes_on_after_the_last_when_the_vault_is_back() {
    let scene = Scene::logged_in();
    let first = json!([entry(7), entry(8)]);
    scene
        .vault
        .answer("GET", &own("/audit?limit=2"), 200, first);
    let ended = scene.run(&["audit", "tail", "-n", "2"]);
    let lines: Vec<_> = ended.succeeds().lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(
        lines[1].starts_with("8  2026-01-01T00:00:00Z  gateway  edge-1"),
        "{lines:?}"
    );
    assert!(lines[1].ends_with("no_grant  4bf92f3577b34da6a3ce929d0e0e4736"));
    assert!(!ended.succeeds().contains('\u{1b}'));

    let next = |after: u64| own(&format!("/audit?after={after}&limit=1000"));
    scene.vault.answer("GET", &next(8), 200, json!([entry(9)]));
    let busy = json!({"detail": "starting", "code": "unavailable"});
    scene.vault.answer("GET", &next(9), LOST, json!(null));
    scene.vault.answer("GET", &next(9), 503, busy);
    scene.vault.answer("GET", &next(9), 200, json!([entry(10)]));
    let denied = json!({"detail": "no longer", "code": "forbidden"});
    scene.vault.answer("GET", &next(10), 403, denied);
    let ended = scene.run(&["audit", "tail", "-f", "-n", "2", "-o", "json"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    let seqs: Vec<_> = ended
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["seq"].clone())
        .collect();
    assert_eq!(seqs, [7, 8, 9, 10]);
    let said: Vec<&str> = ended.stderr.lines().collect();
    assert!(
        said[0].starts_with("warning: cannot reach https://"),
        "{said:?}"
    );
    assert!(said[0].ends_with("asked again in 1 s"), "{said:?}");
    assert_eq!(said[1], "warning: starting; asked again in 2 s");
    assert!(said[2].contains("no longer"), "{said:?}");
}

#[test]
fn audit_tail_does_not_wait_for_a_vault_that_never_answered() {
    let scene = Scene::logged_in();
    let busy = json!({"detail": "starting", "code": "unavailable"});
    scene
        .vault
        .answer("GET", &own("/audit?limit=10"), 503, busy);
    let ended = scene.say("audit tail -f");
    assert!(ended.fails(1).contains("starting"));
}

#[test]
fn audit_search_takes_a_whole_traceparent_and_refuses_a_period_that_ends_before_it_begins() {
    let scene = Scene::logged_in();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let path = own(&format!("/audit/search?trace={trace}&limit=100"));
    let page = json!({"entries": [entry(3)], "next": null});
    scene.vault.answer("GET", &path, 200, page);
    let search = |more: &str| scene.say(&format!("audit search {more}"));
    let whole = format!("00-{trace}-00f067aa0ba902b7-01");
    assert!(
        search(&format!("--trace {whole}"))
            .succeeds()
            .contains("no_grant")
    );
    let cut = search(&format!("--trace 00-{trace}-00f067aa-01"));
    assert!(cut.fails(2).contains("a traceparent is like"));

    for period in [
        "--since 1h --until 2h",
        "--since today --until yesterday",
        "--since 2026-11-24T00:00:00Z --until 2026-11-23",
    ] {
        let said = search(period).fails(2).to_owned();
        assert!(
            said.contains("--since is after --until"),
            "{period}: {said}"
        );
    }
    let path = own("/audit/search?since=2026-11-23T23%3A59%3A59Z&until=2026-11-23&limit=100");
    let page = json!({"entries": [], "next": null});
    scene.vault.answer("GET", &path, 200, page);
    search("--since 2026-11-23T23:59:59Z --until 2026-11-23").succeeds();
}

fn entry(seq: u64) -> serde_json::Value {
    json!({"seq": seq, "time": "2026-01-01T00:00:00Z", "actor": "edge-1\u{1b}[2J", "actorKind": "gateway",
        "operation": "resolve", "object": "x", "outcome": "refused", "reason": "no_grant", "version": null,
        "traceId": "4bf92f3577b34da6a3ce929d0e0e4736"})
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
    assert!(ended.fails(1).contains("--allow-open-tail"));
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
