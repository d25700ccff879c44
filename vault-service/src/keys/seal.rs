//! The sealing half: public keys only. Nothing in this file can read what it made.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use hpke::{Deserializable, Kem as _, OpModeS, Serializable};
use zeroize::Zeroizing;

use super::audit::AuditKeys;
use super::binding::{GroupKeyBinding, SecretBinding};
use super::envelope::{KeyEnvelope, NONCE, SecretEnvelope};
use super::{AUDIT_KEYS, DATA_KEY, GATEWAY_CA_KEY, GROUP_KEY, HpkeAead, Kdf, Kem, KeyError};

/// The public half of the root key: seals group keys, opens nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootPublicKey(pub(super) PublicKey);

/// The public half of one term of a group's key: seals data keys, opens nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupPublicKey {
    pub(super) term: u32,
    pub(super) key: PublicKey,
}

/// A new group key: the public half, and the private half already sealed to the root key.
#[derive(Clone, Debug)]
pub struct NewGroupKey {
    /// Public half, encoded.
    pub public_key: Vec<u8>,
    /// Private half, sealed.
    pub sealed_private_key: Vec<u8>,
}

type PublicKey = <Kem as hpke::Kem>::PublicKey;

impl RootPublicKey {
    /// Reads the 32 bytes of an X25519 public key.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        PublicKey::from_bytes(bytes)
            .map(Self)
            .map_err(|_| KeyError::PublicKey)
    }

    /// The 32 bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes().to_vec()
    }

    /// Makes a group's key pair; the private half leaves this function only sealed.
    pub fn new_group_key(&self, binding: &GroupKeyBinding) -> Result<NewGroupKey, KeyError> {
        let (private, public) = Kem::gen_keypair();
        let private = Zeroizing::new(private.to_bytes().to_vec());
        Ok(NewGroupKey {
            public_key: public.to_bytes().to_vec(),
            sealed_private_key: seal_key(&self.0, GROUP_KEY, &private, &binding.associated_data())?,
        })
    }

    /// Seals the private key of the internal CA.
    pub fn seal_gateway_ca_key(&self, pkcs8: &[u8]) -> Result<Vec<u8>, KeyError> {
        seal_key(&self.0, GATEWAY_CA_KEY, pkcs8, &[])
    }

    /// Makes the keys of an audit log; they leave this function only sealed.
    pub fn new_audit_keys(&self) -> Result<Vec<u8>, KeyError> {
        let mut keys = Zeroizing::new([0_u8; AuditKeys::BYTES]);
        getrandom::fill(keys.as_mut()).map_err(|_| KeyError::Randomness)?;
        seal_key(&self.0, AUDIT_KEYS, keys.as_ref(), &[])
    }
}

impl GroupPublicKey {
    /// Reads the 32 bytes of an X25519 public key of a term.
    pub fn from_bytes(term: u32, bytes: &[u8]) -> Result<Self, KeyError> {
        PublicKey::from_bytes(bytes)
            .map(|key| Self { term, key })
            .map_err(|_| KeyError::PublicKey)
    }

    /// Seals a payload for one version of one secret, under a data key that is used once.
    pub fn seal(&self, binding: &SecretBinding, payload: &[u8]) -> Result<Vec<u8>, KeyError> {
        let associated_data = binding.associated_data(self.term);
        let mut data_key = Zeroizing::new([0_u8; 32]);
        getrandom::fill(data_key.as_mut()).map_err(|_| KeyError::Randomness)?;
        let mut nonce = [0_u8; NONCE];
        getrandom::fill(&mut nonce).map_err(|_| KeyError::Randomness)?;

        let ciphertext = Aes256Gcm::new(&Key::<Aes256Gcm>::from(*data_key))
            .encrypt(
                &Nonce::from(nonce),
                Payload {
                    msg: payload,
                    aad: &associated_data,
                },
            )
            .map_err(|_| KeyError::Seal)?;
        let (encapsulated, sealed_data_key) =
            encapsulate(&self.key, DATA_KEY, data_key.as_ref(), &associated_data)?;
        Ok(SecretEnvelope {
            term: self.term,
            encapsulated: &encapsulated,
            data_key: sealed_data_key
                .as_slice()
                .try_into()
                .map_err(|_| KeyError::Seal)?,
            nonce: &nonce,
            ciphertext: &ciphertext,
        }
        .encode())
    }
}

fn seal_key(
    key: &PublicKey,
    info: &[u8],
    plain: &[u8],
    associated_data: &[u8],
) -> Result<Vec<u8>, KeyError> {
    let (encapsulated, ciphertext) = encapsulate(key, info, plain, associated_data)?;
    Ok(KeyEnvelope {
        encapsulated: &encapsulated,
        ciphertext: &ciphertext,
    }
    .encode())
}

fn encapsulate(
    key: &PublicKey,
    info: &[u8],
    plain: &[u8],
    associated_data: &[u8],
) -> Result<([u8; 32], Vec<u8>), KeyError> {
    let (encapsulated, ciphertext) = hpke::single_shot_seal::<HpkeAead, Kdf, Kem>(
        &OpModeS::Base,
        key,
        info,
        plain,
        associated_data,
    )
    .map_err(|_| KeyError::Seal)?;
    Ok((encapsulated.to_bytes().into(), ciphertext))
}
