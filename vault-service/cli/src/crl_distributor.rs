//! `crl-distributor`: where certificate revocation lists come from.

mod lists;

use clap::Args;
use sallyport_model::{Collection, CrlRefresh, CrlUrl};

use crate::collection::GroupCollection;
use crate::error::Error;
use crate::kind::{Kind, Upload, Words};
use crate::request::Fields;
pub(crate) use lists::{Command, run};

/// The kind.
pub(crate) struct CrlDistributor;

/// Where the lists are and who signs them.
#[derive(Args)]
pub(crate) struct Content {
    /// Where the complete list is: http:// or https://
    #[arg(long, value_name = "URL")]
    complete_url: String,

    /// Where the delta list is
    #[arg(long, value_name = "URL")]
    delta_url: Option<String>,

    /// Minutes between two fetches, 2 to 1000
    #[arg(long, value_name = "MINUTES", value_parser = minutes)]
    frequency: CrlRefresh,

    /// Certificate of the same group that signs the list, by name or id
    #[arg(long, value_name = "NAME")]
    distributor_certificate: String,

    /// Certificate of the same group of the CA whose certificates are revoked, by name or id
    #[arg(long, value_name = "NAME")]
    ca_certificate: Option<String>,
}

impl Kind for CrlDistributor {
    const COLLECTION: Collection = Collection::CrlDistributorConfigs;
    const WORDS: Words = Words {
        noun: "crl-distributor",
        plural: "CRL distributors",
        example: "partner-crl",
        content: "--complete-url http://pki.example/ca.crl --frequency 60 \\\n      \
                  --distributor-certificate crl-signer",
        types: &[],
    };
    type Content = Content;
    type Material = Content;

    fn read(content: Content) -> Result<Content, Error> {
        check_url("--complete-url", &content.complete_url)?;
        if let Some(url) = &content.delta_url {
            check_url("--delta-url", url)?;
        }
        Ok(content)
    }

    fn upload(content: Content, place: &mut GroupCollection, name: &str) -> Result<Upload, Error> {
        let certificates = Collection::Certificates;
        let distributor = place.reference(certificates, &content.distributor_certificate)?;
        let ca = place.optional_reference(certificates, content.ca_certificate.as_ref())?;
        let fields = Fields::default()
            .plain("name", name)
            .plain("completeCrlIssuerUrl", content.complete_url.as_str())
            .optional("deltaCrlIssuerUrl", content.delta_url.as_deref())
            .plain("frequency", content.frequency.minutes())
            .reference("distributorCertificate", Some(&distributor))
            .reference("caCertificate", ca.as_ref());
        Ok(Upload::of(fields))
    }
}

/// Not by clap, whose errors repeat what was given: it may hold a password.
fn check_url(flag: &'static str, url: &str) -> Result<(), Error> {
    match url.parse::<CrlUrl>() {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::Flag {
            flag,
            reason: error.to_string().into(),
        }),
    }
}

fn minutes(text: &str) -> Result<CrlRefresh, String> {
    let refused = |error: &dyn ToString| error.to_string();
    let minutes: u64 = text.parse().map_err(|error| refused(&error))?;
    CrlRefresh::try_from(minutes).map_err(|error| refused(&error))
}
