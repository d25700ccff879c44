//! How a TLS context has peers verified, prepared.

use sallyport_model::{Tolerances, VerificationMaterial, VerificationProfile};
use sallyport_pki::{PinSet, PolicyId, Profile, RevocationPolicy, Revocations};

use super::MaterialError;

/// What a TLS context asks of a peer's certificate, beyond whom its truststore trusts.
#[derive(Clone, Debug)]
pub struct Verification {
    /// How strictly single certificates are looked at.
    pub profile: Profile,
    /// Most CAs between the peer and its trust anchor.
    pub max_depth: Option<usize>,
    /// Certificate policies of which the path must have one; of an empty list, any.
    pub policies: Option<Vec<PolicyId>>,
    /// What is let pass.
    pub tolerances: Tolerances,
    /// Pins of the context itself.
    pub pins: Option<PinSet>,
    /// Whether revocation is checked, and by which lists.
    pub revocation: Option<(RevocationPolicy, Revocations)>,
}

impl Verification {
    pub(super) fn new(material: VerificationMaterial) -> Result<Self, MaterialError> {
        let policies = material.policies.map(|policies| {
            let ids = policies.iter().map(|policy| policy.as_str().parse());
            ids.collect::<Result<_, _>>()
        });
        let pins = material.pins.as_ref().map(PinSet::try_from);
        let revocation = material.revocation.map(|revocation| {
            let lists = Revocations::try_from(revocation.lists)?;
            Ok::<_, MaterialError>((revocation.policy.into(), lists))
        });
        Ok(Self {
            profile: material.profile.into(),
            max_depth: material.max_depth.map(usize::from),
            policies: policies.transpose()?,
            tolerances: material.tolerances,
            pins: pins.transpose()?,
            revocation: revocation.transpose()?,
        })
    }
}

impl Default for Verification {
    /// What a context asks that says nothing about it.
    fn default() -> Self {
        Self {
            profile: VerificationProfile::default().into(),
            max_depth: None,
            policies: None,
            tolerances: Tolerances::default(),
            pins: None,
            revocation: None,
        }
    }
}
