//! Leaf certificates in a truststore.

use sallyport_pki::{Certificate, PinnedCertificates, TrustAnchorError, TrustAnchors};

use super::violation::{Problem, Violation};

/// `allowPinnedLeaves` of the API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PinnedLeaves {
    /// A certificate that is no CA's is refused: whoever uploads it may believe that it is trusted for
    /// more, or for less, than it would be.
    #[default]
    Refuse,
    /// It is trusted for itself alone, byte for byte.
    Allow,
}

/// What a truststore trusts, in the two ways there are. One of both holds something.
pub(super) struct Trusted {
    pub(super) anchors: Vec<Certificate>,
    pub(super) pinned: Vec<Certificate>,
}

impl PinnedLeaves {
    /// Tells anchors from leaves and checks both.
    pub(super) fn sort(
        self,
        place: &'static str,
        certificates: Vec<Certificate>,
    ) -> Result<Trusted, Violation> {
        let (anchors, leaves): (Vec<_>, Vec<_>) = match self {
            Self::Refuse => (certificates, Vec::new()),
            Self::Allow => certificates.into_iter().partition(Certificate::is_ca),
        };
        let pinned = PinnedCertificates::new(leaves)
            .map_err(|error| Violation::new(place, error))?
            .certificates()
            .to_vec();
        if anchors.is_empty() && !pinned.is_empty() {
            return Ok(Trusted { anchors, pinned });
        }
        let anchors = TrustAnchors::new(anchors).map_err(|error| {
            let problem = match error {
                TrustAnchorError::NotACa { subject } => Problem::LeafInTruststore { subject },
                error => error.into(),
            };
            Violation::new(place, problem)
        })?;
        Ok(Trusted {
            anchors: anchors.certificates().to_vec(),
            pinned,
        })
    }
}
