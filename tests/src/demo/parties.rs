//! Who takes part: authorities, clients, the gateway's listener, upstreams. Their files have the names
//! that the READMEs below `envoy/` use.

use std::path::Path;
use std::sync::Arc;

use crate::pki::{Authority, Identity, IdentityFiles};
use crate::{Result, files};

/// The first password of the credential that is injected.
pub const FIRST_PASSWORD: &str = "demo-password-one-5d8e2c";

/// What the READMEs rotate it to.
pub const NEXT_PASSWORD: &str = "demo-password-next-93ab71";

/// A symmetric key of 32 bytes, base64.
pub const HMAC_KEY: &str = "ZGVtby1obWFjLWtleS0wMDAwMDAwMDAwMC1hNGU3MWI=";

/// A key for message bodies, base64 of 32 bytes.
pub const SEALING_KEY: &str = "ZGVtby1zZWFsaW5nLWtleS0wMDAwMDAwMDBmMWIyYzM=";

/// What the READMEs rotate it to.
pub const NEXT_SEALING_KEY: &str = "ZGVtby1zZWFsaW5nLWtleS1uZXh0MDAwMGFlOTFkNWI=";

/// A document with tokens.
const TOKENS: &str = r#"{"session": "demo-session-4be1", "tokens": {"orders": "demo-token-77c0"}}"#;

/// Of whom a request chooses one; each has a password of its own in a file of its name.
const CHOSEN: [&str; 6] = ["acme", "globex", "eu", "world", "free", "paid"];

/// The password of one of those that a request chooses among.
pub fn password_of(name: &str) -> String {
    format!("demo-password-{name}-6c1d")
}

/// Certificates of clients.
#[derive(Clone, Debug)]
pub struct Clients {
    /// From the partners' authority (through an intermediate), in the pin set.
    pub partner: Identity,
    /// From the same authority, not in the pin set.
    pub unpinned: Identity,
    /// From another authority, which nobody knows.
    pub rogue: Identity,
    /// From our own authority.
    pub colleague: Identity,
    /// The partners' issuing authority, for more of them.
    pub authority: Arc<Authority>,
}

/// Everybody.
#[derive(Debug)]
pub(super) struct Parties {
    pub(super) clients: Clients,
    pub(super) server: Identity,
    /// The upstream whose certificate is in the pin set.
    pub(super) backend: Identity,
    /// One of the same name and authority that is not.
    pub(super) impostor: Identity,
    pub(super) gateway_ca: Authority,
    pub(super) backend_ca: Authority,
    partners: Authority,
    internal: Authority,
}

impl Parties {
    pub(super) fn new() -> Result<Self> {
        let partners = Authority::root("Partner CA")?;
        let issuing = partners.intermediate("Partner issuing CA")?;
        let internal = Authority::root("Internal CA")?;
        let backend_ca = Authority::root("Backend CA")?;
        let gateway_ca = Authority::root("Gateway CA")?;
        Ok(Self {
            clients: Clients {
                partner: issuing.client("partner-app")?,
                unpinned: issuing.client("unpinned-app")?,
                rogue: Authority::root("Rogue CA")?.client("partner-app")?,
                colleague: internal.client("colleague")?,
                authority: Arc::new(issuing),
            },
            server: gateway_ca.server("gateway.test")?,
            backend: backend_ca.server("backend.test")?,
            impostor: backend_ca.server("backend.test")?,
            gateway_ca,
            backend_ca,
            partners,
            internal,
        })
    }

    /// Writes what the commands of a README read; gives the files of the gateway's listener.
    pub(super) fn write_to(&self, directory: &Path) -> Result<IdentityFiles> {
        let clients = &self.clients;
        let both = format!("{}{}", self.backend.certificate, self.impostor.certificate);
        for (name, contents) in [
            ("partner-ca.pem", &self.partners.certificate()),
            ("issuing-ca.pem", &clients.authority.certificate()),
            ("internal-ca.pem", &self.internal.certificate()),
            ("backend-ca.pem", &self.backend_ca.certificate()),
            ("gateway-ca.pem", &self.gateway_ca.certificate()),
            ("partner-cert.pem", &clients.partner.certificate),
            ("backend-cert.pem", &self.backend.certificate),
            ("next-backend-cert.pem", &self.impostor.certificate),
            ("backend-certs.pem", &both),
            ("backend.password", &FIRST_PASSWORD.to_owned()),
            ("next.password", &NEXT_PASSWORD.to_owned()),
            ("hmac.key", &HMAC_KEY.to_owned()),
            ("sealing.key", &SEALING_KEY.to_owned()),
            ("next-sealing.key", &NEXT_SEALING_KEY.to_owned()),
            ("tokens.json", &TOKENS.to_owned()),
        ] {
            files::write(&directory.join(name), contents)?;
        }
        for name in CHOSEN {
            let file = directory.join(format!("{name}.password"));
            files::write(&file, &password_of(name))?;
        }
        clients.partner.write_to(directory, "partner")?;
        clients.unpinned.write_to(directory, "unpinned")?;
        clients.rogue.write_to(directory, "rogue")?;
        self.server.write_to(directory, "gateway")
    }
}
