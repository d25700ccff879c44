//! The limits of uploads, looked at before any work is done.

/// How much an upload may hold.
pub(crate) struct UploadLimits;

impl UploadLimits {
    /// Bytes of a file with one certificate.
    pub(crate) const CERTIFICATE_FILE: usize = 128 * 1024;
    /// Bytes of a file with one private key; other blocks may be in it.
    pub(crate) const KEY_FILE: usize = 256 * 1024;
    /// Bytes of a file with a CA path or pins.
    pub(crate) const CHAIN_FILE: usize = 512 * 1024;
    /// Bytes of a keystore or truststore file.
    pub(crate) const STORE_FILE: usize = 1024 * 1024;
    /// Certificates of a chain, the one with the key included.
    pub(crate) const CHAIN: usize = 20;
    /// Certificates of a truststore.
    pub(crate) const TRUSTED: usize = 1000;
    /// Certificates of a pinset.
    pub(crate) const PINNED: usize = 100;
    /// Bytes of a list of pins.
    pub(crate) const PIN_LIST: usize = 512 * 1024;
    /// Characters of a note.
    pub(crate) const NOTE: usize = 200;
    /// Bytes of a user name, password or access key.
    pub(crate) const CREDENTIAL: usize = 64 * 1024;
    /// Bytes of a session token: it goes into a header, with all others.
    pub(crate) const SESSION_TOKEN: usize = 16 * 1024;
    /// Bytes of a blob.
    pub(crate) const BLOB: usize = 256 * 1024;
    /// Cipher suites of a Mule context.
    pub(crate) const CIPHER_SUITES: usize = 100;
    /// Bytes of the name of a cipher suite.
    pub(crate) const CIPHER_SUITE_NAME: usize = 100;
    /// Bytes of a CRL, in DER or PEM.
    pub(crate) const CRL: usize = 16 * 1024 * 1024;
    /// Certificate policies of a TLS context.
    pub(crate) const POLICIES: usize = 100;
}
