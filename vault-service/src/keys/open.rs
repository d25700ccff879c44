//! The opening half: private keys. Only the Provider's room names this module (a test reads the
//! source of the others).

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use hpke::{Deserializable, Kem as _, OpModeR, Serializable};
use zeroize::Zeroizing;

use super::audit::AuditKeys;
use super::binding::{GroupKeyBinding, SecretBinding};
use super::envelope::{KeyEnvelope, SecretEnvelope};
use super::seal::RootPublicKey;
use super::{AUDIT_KEYS, DATA_KEY, GATEWAY_CA_KEY, GROUP_KEY, HpkeAead, Kdf, Kem, KeyError};

type PrivateKey = <Kem as hpke::Kem>::PrivateKey;
type EncapsulatedKey = <Kem as hpke::Kem>::EncappedKey;

/// The private half of the root key: opens group keys.
pub struct RootPrivateKey(PrivateKey);

/// The private half of one term of a group's key: opens data keys.
pub struct GroupPrivateKey(PrivateKey);

impl RootPrivateKey {
    /// Makes a root key pair.
    pub fn generate() -> (Self, RootPublicKey) {
        let (private, public) = Kem::gen_keypair();
        (Self(private), RootPublicKey(public))
    }

    /// Reads the 32 bytes of an X25519 private key.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        PrivateKey::from_bytes(bytes)
            .map(Self)
            .map_err(|_| KeyError::PrivateKey)
    }

    /// The 32 bytes, for the key file.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.to_bytes().to_vec())
    }

    /// The public half.
    pub fn public(&self) -> RootPublicKey {
        RootPublicKey(Kem::sk_to_pk(&self.0))
    }

    /// Opens a group's private key.
    pub fn open_group_key(
        &self,
        binding: &GroupKeyBinding,
        sealed: &[u8],
    ) -> Result<GroupPrivateKey, KeyError> {
        let bytes = open_key(&self.0, GROUP_KEY, sealed, &binding.associated_data())?;
        PrivateKey::from_bytes(&bytes)
            .map(GroupPrivateKey)
            .map_err(|_| KeyError::PrivateKey)
    }

    /// Opens the private key of the internal CA (PKCS#8 DER).
    pub fn open_gateway_ca_key(&self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        open_key(&self.0, GATEWAY_CA_KEY, sealed, &[])
    }

    /// Opens the keys of the audit log.
    pub fn open_audit_keys(&self, sealed: &[u8]) -> Result<AuditKeys, KeyError> {
        AuditKeys::from_bytes(&open_key(&self.0, AUDIT_KEYS, sealed, &[])?)
    }
}

impl GroupPrivateKey {
    /// Opens a payload, if it was sealed to this key for exactly this place.
    pub fn open(
        &self,
        binding: &SecretBinding,
        envelope: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let envelope = SecretEnvelope::decode(envelope)?;
        let associated_data = binding.associated_data(envelope.term);
        let data_key = decapsulate(
            &self.0,
            DATA_KEY,
            envelope.encapsulated,
            envelope.data_key,
            &associated_data,
        )?;
        let data_key: &[u8; 32] = data_key.as_slice().try_into().map_err(|_| KeyError::Open)?;
        Aes256Gcm::new(&Key::<Aes256Gcm>::from(*data_key))
            .decrypt(
                &Nonce::from(*envelope.nonce),
                Payload {
                    msg: envelope.ciphertext,
                    aad: &associated_data,
                },
            )
            .map(Zeroizing::new)
            .map_err(|_| KeyError::Open)
    }
}

/// The key term an envelope was sealed under; says which group key to fetch.
pub fn term_of(envelope: &[u8]) -> Result<u32, KeyError> {
    SecretEnvelope::decode(envelope).map(|envelope| envelope.term)
}

fn open_key(
    key: &PrivateKey,
    info: &[u8],
    sealed: &[u8],
    associated_data: &[u8],
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let envelope = KeyEnvelope::decode(sealed)?;
    decapsulate(
        key,
        info,
        envelope.encapsulated,
        envelope.ciphertext,
        associated_data,
    )
}

fn decapsulate(
    key: &PrivateKey,
    info: &[u8],
    encapsulated: &[u8],
    ciphertext: &[u8],
    associated_data: &[u8],
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let encapsulated = EncapsulatedKey::from_bytes(encapsulated).map_err(|_| KeyError::Open)?;
    hpke::single_shot_open::<HpkeAead, Kdf, Kem>(
        &OpModeR::Base,
        key,
        &encapsulated,
        info,
        ciphertext,
        associated_data,
    )
    .map(Zeroizing::new)
    .map_err(|_| KeyError::Open)
}

#[cfg(test)]
mod tests {
    use sallyport_model::{Collection, Scope};

    use super::*;
    use crate::keys::seal::GroupPublicKey;

    const ORGANIZATION: &str = "11111111-1111-4111-8111-111111111111";
    const ENVIRONMENT: &str = "22222222-2222-4222-8222-222222222222";
    const GROUP: &str = "33333333-3333-4333-8333-333333333333";
    const SECRET: &str = "44444444-4444-4444-8444-444444444444";

    struct Group {
        root: RootPrivateKey,
        binding: GroupKeyBinding,
        public: GroupPublicKey,
        sealed_private: Vec<u8>,
    }

    fn group() -> Group {
        let (root, root_public) = RootPrivateKey::generate();
        let scope = Scope {
            organization: ORGANIZATION.parse().unwrap(),
            environment: ENVIRONMENT.parse().unwrap(),
        };
        let binding = GroupKeyBinding {
            scope,
            group: GROUP.parse().unwrap(),
            term: 1,
        };
        let key = root_public.new_group_key(&binding).unwrap();
        Group {
            root,
            binding,
            public: GroupPublicKey::from_bytes(1, &key.public_key).unwrap(),
            sealed_private: key.sealed_private_key,
        }
    }

    fn place(group: &Group) -> SecretBinding {
        SecretBinding {
            scope: group.binding.scope,
            group: group.binding.group,
            collection: Collection::SharedSecrets,
            secret: SECRET.parse().unwrap(),
            version: 1,
        }
    }

    fn private(group: &Group) -> GroupPrivateKey {
        group
            .root
            .open_group_key(&group.binding, &group.sealed_private)
            .unwrap()
    }

    #[test]
    fn a_payload_opens_at_its_place_and_does_not_show_in_the_envelope() {
        let group = group();
        let envelope = group.public.seal(&place(&group), b"open sesame").unwrap();
        assert_eq!(
            &**private(&group).open(&place(&group), &envelope).unwrap(),
            b"open sesame"
        );
        assert!(!envelope.windows(11).any(|window| window == b"open sesame"));
        assert_eq!(term_of(&envelope), Ok(1));
    }

    #[test]
    fn a_record_moved_to_any_other_place_does_not_open() {
        let group = group();
        let here = place(&group);
        let envelope = group.public.seal(&here, b"open sesame").unwrap();
        let other = "55555555-5555-4555-8555-555555555555";
        let moves = [
            SecretBinding { version: 2, ..here },
            SecretBinding {
                collection: Collection::Keystores,
                ..here
            },
            SecretBinding {
                secret: other.parse().unwrap(),
                ..here
            },
            SecretBinding {
                group: other.parse().unwrap(),
                ..here
            },
            SecretBinding {
                scope: Scope {
                    environment: other.parse().unwrap(),
                    ..here.scope
                },
                ..here
            },
            SecretBinding {
                scope: Scope {
                    organization: other.parse().unwrap(),
                    ..here.scope
                },
                ..here
            },
        ];
        for there in moves {
            assert_eq!(
                private(&group).open(&there, &envelope).unwrap_err(),
                KeyError::Open,
                "{there:?}"
            );
        }
    }

    #[test]
    fn a_changed_byte_anywhere_is_noticed() {
        let group = group();
        let envelope = group.public.seal(&place(&group), b"open sesame").unwrap();
        for position in 0..envelope.len() {
            let mut changed = envelope.clone();
            changed[position] ^= 1;
            assert!(
                private(&group).open(&place(&group), &changed).is_err(),
                "byte {position}"
            );
            assert!(
                private(&group)
                    .open(&place(&group), &envelope[..position])
                    .is_err()
            );
        }
    }

    #[test]
    fn the_key_of_another_group_opens_nothing() {
        let (one, two) = (group(), group());
        let envelope = one.public.seal(&place(&one), b"open sesame").unwrap();
        assert_eq!(
            private(&two).open(&place(&one), &envelope).unwrap_err(),
            KeyError::Open
        );
        assert!(
            two.root
                .open_group_key(&one.binding, &one.sealed_private)
                .is_err()
        );
    }

    #[test]
    fn a_group_key_of_another_term_or_purpose_does_not_open() {
        let group = group();
        let later = GroupKeyBinding {
            term: 2,
            ..group.binding
        };
        assert!(
            group
                .root
                .open_group_key(&later, &group.sealed_private)
                .is_err()
        );
        assert!(
            group
                .root
                .open_gateway_ca_key(&group.sealed_private)
                .is_err()
        );
    }

    #[test]
    fn the_same_payload_never_seals_to_the_same_bytes() {
        let group = group();
        let seal = || group.public.seal(&place(&group), b"open sesame").unwrap();
        let envelopes: std::collections::HashSet<_> =
            std::iter::repeat_with(seal).take(200).collect();
        assert_eq!(envelopes.len(), 200);
    }

    #[test]
    fn unknown_formats_and_algorithms_are_named() {
        assert_eq!(term_of(&[9, 1]), Err(KeyError::Format(9)));
        assert_eq!(term_of(&[1, 7, 0]), Err(KeyError::Algorithm(7)));
        assert_eq!(term_of(&[1]), Err(KeyError::Truncated));
        assert_eq!(term_of(&[1, 1, 0, 0]), Err(KeyError::Truncated));
    }
}
