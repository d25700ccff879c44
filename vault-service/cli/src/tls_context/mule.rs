//! Target Mule.

use clap::Args;
use sallyport_model::TlsVersion;

use super::acceptable_versions;
use crate::request::Fields;

/// The settings of this target alone.
#[derive(Args)]
#[command(next_help_heading = "Options of the target mule")]
pub(super) struct Mule {
    /// Check no certificate at all; the truststore is ignored
    #[arg(long)]
    insecure: bool,
}

impl Mule {
    /// A given option.
    pub(super) fn given(&self) -> Option<&'static str> {
        self.insecure.then_some("--insecure")
    }

    /// In the order the Anypoint CLI writes it.
    pub(super) fn add_to(
        &self,
        fields: Fields,
        ciphers: &[String],
        versions: &[TlsVersion],
    ) -> Fields {
        fields
            .plain("insecure", self.insecure)
            .plain("cipherSuites", ciphers)
            .plain("acceptableTlsVersions", acceptable_versions(versions))
    }
}
