//! What is searched for in everything that was written.

use super::{Stage, USERNAME, basic};
use crate::Result;
use crate::needle::Needle;

/// Every secret value of the scene: passwords, the credential as it is injected, the private key
/// in the keystore, the administrator's client secret.
pub(super) fn needles(stage: &Stage) -> Result<Vec<Needle>> {
    let mut needles = Vec::new();
    let mut add = |name: String, bytes: &[u8]| needles.push(Needle::new(name, bytes));
    for (index, password) in stage.passwords().iter().enumerate() {
        let header = basic(USERNAME, password);
        let encoded = header.trim_start_matches("Basic ");
        add(format!("password {}", index + 1), password.as_bytes());
        add(format!("credential {}", index + 1), encoded.as_bytes());
    }
    add(
        "the administrator's client secret".to_owned(),
        stage.vault.account().client_secret.as_bytes(),
    );
    let key = &stage.server().key;
    needles.extend(Needle::of_private_key("the keystore's key", key)?);
    Ok(needles)
}
