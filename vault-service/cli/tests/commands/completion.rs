//! `completion`.

use crate::scene::Scene;

#[test]
fn every_shell_gets_a_script_that_knows_the_nouns() {
    let scene = Scene::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = scene
            .say(&format!("completion {shell}"))
            .succeeds()
            .to_owned();
        for word in ["crl-distributor", "set-password", "rollback"] {
            assert!(script.contains(word), "{shell} lacks {word}");
        }
    }
    scene.say("completion cmd.exe").fails(2);
    assert!(scene.vault.heard().is_empty());
}
