//! How a gateway names itself: a SPIFFE ID in its client certificate.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::id::{ActorId, EnvironmentId, OrganizationId, Scope};

/// A SPIFFE trust domain: 1 to 255 lower-case letters, digits, dots, dashes and underscores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustDomain(String);

/// The identity of a gateway:
/// `spiffe://<trust domain>/organization/<id>/environment/<id>/gateway/<id>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayIdentity {
    /// Who vouches for it.
    pub trust_domain: TrustDomain,
    /// Where it belongs.
    pub scope: Scope,
    /// The actor it is.
    pub gateway: ActorId,
}

/// Why a text is not a gateway's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum GatewayIdentityError {
    /// Not a `spiffe://` URI.
    #[error("a gateway identity starts with spiffe://")]
    Scheme,
    /// The trust domain breaks the SPIFFE rules.
    #[error("a trust domain has 1 to 255 lower-case letters, digits, dots, dashes, underscores")]
    TrustDomain,
    /// The path is not that of a gateway.
    #[error("the path of a gateway identity is /organization/<id>/environment/<id>/gateway/<id>")]
    Path,
}

impl TrustDomain {
    /// The domain as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TrustDomain {
    type Err = GatewayIdentityError;

    fn from_str(text: &str) -> Result<Self, GatewayIdentityError> {
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_');
        if text.is_empty() || text.len() > 255 || !text.bytes().all(allowed) {
            return Err(GatewayIdentityError::TrustDomain);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for TrustDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for GatewayIdentity {
    type Err = GatewayIdentityError;

    /// Accepts exactly what [`fmt::Display`] writes; no other spelling of the same ids.
    fn from_str(text: &str) -> Result<Self, GatewayIdentityError> {
        let rest = text
            .strip_prefix("spiffe://")
            .ok_or(GatewayIdentityError::Scheme)?;
        let (domain, path) = rest.split_once('/').ok_or(GatewayIdentityError::Path)?;
        let mut segments = path.split('/');
        let mut expect = |name: &str| {
            (segments.next() == Some(name))
                .then(|| segments.next())
                .flatten()
                .ok_or(GatewayIdentityError::Path)
        };
        let organization = expect("organization")?;
        let environment = expect("environment")?;
        let gateway = expect("gateway")?;
        let identity = Self {
            trust_domain: domain.parse()?,
            scope: Scope {
                organization: parse::<OrganizationId>(organization)?,
                environment: parse::<EnvironmentId>(environment)?,
            },
            gateway: parse::<ActorId>(gateway)?,
        };
        if identity.to_string() != text {
            return Err(GatewayIdentityError::Path);
        }
        Ok(identity)
    }
}

impl fmt::Display for GatewayIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Scope {
            organization,
            environment,
        } = self.scope;
        let Self {
            trust_domain,
            gateway,
            ..
        } = self;
        write!(
            f,
            "spiffe://{trust_domain}/organization/{organization}/environment/{environment}/gateway/{gateway}"
        )
    }
}

fn parse<T: FromStr>(text: &str) -> Result<T, GatewayIdentityError> {
    text.parse().map_err(|_| GatewayIdentityError::Path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "spiffe://sallyport.internal/organization/11111111-1111-4111-8111-111111111111/environment/22222222-2222-4222-8222-222222222222/gateway/33333333-3333-4333-8333-333333333333";

    #[test]
    fn what_is_written_is_read_back() {
        assert_eq!(ID.parse::<GatewayIdentity>().unwrap().to_string(), ID);
    }

    #[test]
    fn any_other_spelling_of_the_same_identity_is_refused() {
        for text in [
            ID.replace("spiffe://", "SPIFFE://"),
            ID.replace("spiffe://", "https://"),
            ID.replace("sallyport.internal", "Sallyport.internal"),
            ID.replace("sallyport.internal", ""),
            ID.replace("11111111-1111", "111111111111"),
            ID.replace("/gateway/", "//gateway/"),
            ID.replace("/gateway/", "/user/"),
            format!("{ID}/"),
            format!("{ID}?x"),
            format!("{ID}\0.evil"),
        ] {
            assert!(text.parse::<GatewayIdentity>().is_err(), "{text}");
        }
    }
}
