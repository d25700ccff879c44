//! Access tokens: opaque, 256 random bits.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sallyport_model::SecretString;
use sallyport_pki::Digest;
use zeroize::Zeroizing;

/// A token as handed out.
pub struct AccessToken(SecretString);

impl AccessToken {
    /// Draws a token.
    pub(crate) fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        getrandom::fill(bytes.as_mut())?;
        Ok(Self(SecretString::new(
            URL_SAFE_NO_PAD.encode(bytes.as_ref()),
        )))
    }

    /// What the store keeps.
    pub(crate) fn sha256(&self) -> [u8; 32] {
        Self::sha256_of(self.0.expose())
    }

    /// SHA-256 of a presented token.
    pub(crate) fn sha256_of(token: &str) -> [u8; 32] {
        *Digest::of(token.as_bytes()).as_bytes()
    }

    /// The token, for the answer.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}
