//! The words of keystores and truststores on the command line: formats and algorithms.

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use sallyport_model::StoreType;

/// The formats, for filters and help.
pub(crate) const WORDS: &[&str] = &["PEM", "JKS", "JCEKS", "PKCS12"];

/// How Java picks keys and trust; the vault keeps the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Algorithm {
    #[value(name = "PKIX")]
    Pkix,
    #[value(name = "SunX509")]
    SunX509,
}

/// Reads a format; the option may ignore the case.
pub(crate) fn parser() -> impl TypedValueParser<Value = StoreType> {
    PossibleValuesParser::new(WORDS).try_map(|word| word.to_ascii_uppercase().parse::<StoreType>())
}

impl Algorithm {
    /// The word of the API.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Pkix => "PKIX",
            Self::SunX509 => "SunX509",
        }
    }
}
