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
