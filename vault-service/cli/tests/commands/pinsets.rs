//! `pinset`.

use crate::scene::{GROUP, in_group};
use crate::stored::{CHAIN, ID, file, text, with};

#[test]
fn pinset_create_and_replace_send_no_type() {
    let scene = with("certificatePinsets");
    let expected = [
        text("name", "edge"),
        file("certificatePinset", "chain.pem", CHAIN),
    ];
    for (verb, line) in [
        (
            "create",
            format!("POST {}", in_group("/certificatePinsets")),
        ),
        (
            "replace",
            format!("PUT {}", in_group(&format!("/certificatePinsets/{ID}"))),
        ),
    ] {
        scene
            .run(&[
                "pinset",
                verb,
                "edge",
                "--group",
                GROUP,
                "--file",
                "chain.pem",
            ])
            .succeeds();
        let heard = scene.vault.heard();
        assert_eq!(heard.last().unwrap().line(), line);
        assert_eq!(heard.last().unwrap().parts(), expected);
    }
}

#[test]
fn pins_are_sent_with_role_dates_and_note_with_or_without_a_file() {
    let scene = with("certificatePinsets");
    let first = "role=backup,digest=sha256/AA==,not-before=2027-01-01,note=key 2, in the safe";
    let second = "digest=00,kind=certificate,role=retired";
    let pins = r#"[{"digest":"sha256/AA==","notBefore":"2027-01-01","note":"key 2, in the safe","role":"backup"},{"digest":"00","kind":"certificate","role":"retired"}]"#;
    let create = ["pinset", "create", "edge", "--group", GROUP];
    let pinning = ["--pin", first, "--pin", second];
    for (with_file, expected) in [
        (
            ["--file", "chain.pem"].as_slice(),
            vec![
                text("name", "edge"),
                file("certificatePinset", "chain.pem", CHAIN),
                text("pins", pins),
            ],
        ),
        (&[], vec![text("name", "edge"), text("pins", pins)]),
    ] {
        let arguments = [create.as_slice(), &pinning, with_file].concat();
        scene.run(&arguments).succeeds();
        let heard = scene.vault.heard();
        assert_eq!(heard.last().unwrap().parts(), expected);
    }
    let heard = scene.vault.heard().len();
    for wrong in [
        [].as_slice(),
        &["--pin", "role=backup"],
        &["--pin", "digest=a,rule=b"],
    ] {
        scene.run(&[create.as_slice(), wrong].concat()).fails(2);
    }
    assert_eq!(scene.vault.heard().len(), heard);
}
