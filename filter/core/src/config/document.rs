//! The JSON document and its way to a [`Config`].

use std::fmt::Display;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use sallyport_model::{Collection, MAX_REFERENCES, MAX_WAIT_SECONDS, Reference, Scope};
use serde::Deserialize;

use super::{
    ClientPolicy, Config, ConfigError, Downstream, Fault, ForwardClientCertificate, Injection,
    InjectionValue, Mode, Policy, Route, RouteMatch, Upstream, Vault, peer_names,
};
use crate::duration;
use crate::header_name::HeaderName;

const MAX_BYTES: usize = 256 * 1024;
const MAX_INJECTIONS: usize = 32;
const MAX_ROUTES: usize = 64;
const MAX_NAME: usize = 253;

const TIMEOUT: RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_secs(60);
const WAIT: RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_secs(MAX_WAIT_SECONDS as u64);
const STARTUP_WAIT: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(60);
const HANDSHAKE_WAIT: RangeInclusive<Duration> =
    Duration::from_millis(10)..=Duration::from_secs(60);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    vault: VaultDocument,
    startup_wait: Option<String>,
    downstream: Option<DownstreamDocument>,
    upstream: Option<UpstreamDocument>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct VaultDocument {
    cluster: String,
    organization: String,
    environment: String,
    authority: Option<String>,
    timeout: Option<String>,
    wait: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DownstreamDocument {
    tls_context: String,
    certificate_pinset: Option<String>,
    peer_names: Option<Vec<String>>,
    #[serde(default)]
    mode: ModeWord,
    #[serde(default)]
    routes: Vec<RouteDocument>,
    #[serde(default)]
    forward_client_certificate: ForwardWord,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RouteDocument {
    r#match: MatchDocument,
    tls_context: String,
    certificate_pinset: Option<String>,
    peer_names: Option<Vec<String>>,
    #[serde(default)]
    mode: ModeWord,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MatchDocument {
    route: Option<String>,
    virtual_host: Option<String>,
    cluster: Option<String>,
    server_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UpstreamDocument {
    tls_context: String,
    certificate_pinset: Option<String>,
    server_name: Option<String>,
    peer_names: Option<Vec<String>>,
    #[serde(default)]
    mode: ModeWord,
    handshake_wait: Option<String>,
    #[serde(default)]
    inject: Vec<InjectionDocument>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct InjectionDocument {
    header: String,
    basic: Option<String>,
    template: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
enum ModeWord {
    #[default]
    Enforce,
    Observe,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
enum ForwardWord {
    #[default]
    Remove,
    Keep,
}

pub(super) fn parse(text: &str) -> Result<Config, ConfigError> {
    if text.len() > MAX_BYTES {
        return Err(ConfigError::at(
            "",
            Fault::TooLarge {
                found: text.len(),
                max: MAX_BYTES,
            },
        ));
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let document: Document = serde_path_to_error::deserialize(&mut deserializer)?;
    deserializer.end().map_err(|error| {
        ConfigError::at(
            "",
            Fault::Json {
                message: "something follows the JSON document".to_owned(),
                line: error.line(),
                column: error.column(),
            },
        )
    })?;
    let policy = match (document.downstream, document.upstream) {
        (Some(document), None) => Policy::Downstream(downstream(document)?),
        (None, Some(document)) => Policy::Upstream(upstream(document)?),
        (None, None) => return Err(ConfigError::at("", Fault::Direction)),
        (Some(_), Some(_)) => return Err(ConfigError::at("/upstream", Fault::Direction)),
    };
    let config = Config {
        vault: vault(document.vault)?,
        startup_wait: duration(
            "/startupWait",
            document.startup_wait,
            &STARTUP_WAIT,
            Duration::from_secs(2),
        )?,
        policy,
    };
    let found = config.references().len();
    if found > MAX_REFERENCES {
        let max = MAX_REFERENCES;
        let pointer = match &config.policy {
            Policy::Downstream(_) => "/downstream/routes",
            Policy::Upstream(_) => "/upstream/inject",
        };
        return Err(ConfigError::at(pointer, Fault::TooMany { found, max }));
    }
    Ok(config)
}

fn vault(document: VaultDocument) -> Result<Vault, ConfigError> {
    let wait = duration("/vault/wait", document.wait, &WAIT, Duration::from_secs(25))?;
    if wait.subsec_nanos() != 0 {
        return Err(ConfigError::at("/vault/wait", Fault::WholeSeconds));
    }
    Ok(Vault {
        cluster: word("/vault/cluster", document.cluster)?,
        scope: Scope {
            organization: uuid("/vault/organization", &document.organization)?,
            environment: uuid("/vault/environment", &document.environment)?,
        },
        authority: word(
            "/vault/authority",
            document
                .authority
                .unwrap_or_else(|| "sallyport-vault".to_owned()),
        )?,
        timeout: duration(
            "/vault/timeout",
            document.timeout,
            &TIMEOUT,
            Duration::from_secs(2),
        )?,
        wait,
    })
}

fn downstream(document: DownstreamDocument) -> Result<Downstream, ConfigError> {
    let found = document.routes.len();
    if found > MAX_ROUTES {
        let max = MAX_ROUTES;
        return Err(ConfigError::at(
            "/downstream/routes",
            Fault::TooMany { found, max },
        ));
    }
    let mut routes: Vec<Route> = Vec::with_capacity(found);
    for (index, document) in document.routes.into_iter().enumerate() {
        let pointer = format!("/downstream/routes/{index}");
        let route = route(&pointer, document)?;
        if let Some(first) = routes
            .iter()
            .position(|earlier| earlier.matches == route.matches)
        {
            return Err(ConfigError::at(
                format!("{pointer}/match"),
                Fault::HiddenRoute(first),
            ));
        }
        routes.push(route);
    }
    Ok(Downstream {
        default: ClientPolicy {
            tls_context: tls_context("/downstream", &document.tls_context)?,
            certificate_pinset: pinset("/downstream", document.certificate_pinset)?,
            peer_names: peer_names::read("/downstream", document.peer_names)?,
            mode: document.mode.into(),
        },
        routes,
        forward_client_certificate: match document.forward_client_certificate {
            ForwardWord::Remove => ForwardClientCertificate::Remove,
            ForwardWord::Keep => ForwardClientCertificate::Keep,
        },
    })
}

fn route(pointer: &str, document: RouteDocument) -> Result<Route, ConfigError> {
    let place = |field: &str| format!("{pointer}/match/{field}");
    let named =
        |field: &str, name: Option<String>| name.map(|name| word(&place(field), name)).transpose();
    let MatchDocument {
        route,
        virtual_host,
        cluster,
        server_name: wanted,
    } = document.r#match;
    let matches = RouteMatch {
        route: named("route", route)?,
        virtual_host: named("virtualHost", virtual_host)?,
        cluster: named("cluster", cluster)?,
        server_name: wanted
            .map(|name| requested_name(&place("serverName"), name))
            .transpose()?,
    };
    if matches.is_empty() {
        return Err(ConfigError::at(
            format!("{pointer}/match"),
            Fault::EmptyMatch,
        ));
    }
    Ok(Route {
        matches,
        policy: ClientPolicy {
            tls_context: tls_context(pointer, &document.tls_context)?,
            certificate_pinset: pinset(pointer, document.certificate_pinset)?,
            peer_names: peer_names::read(pointer, document.peer_names)?,
            mode: document.mode.into(),
        },
    })
}

fn upstream(document: UpstreamDocument) -> Result<Upstream, ConfigError> {
    let found = document.inject.len();
    if found > MAX_INJECTIONS {
        let max = MAX_INJECTIONS;
        return Err(ConfigError::at(
            "/upstream/inject",
            Fault::TooMany { found, max },
        ));
    }
    let mut inject: Vec<Injection> = Vec::with_capacity(found);
    for (index, document) in document.inject.into_iter().enumerate() {
        let pointer = format!("/upstream/inject/{index}");
        let injection = injection(&pointer, document)?;
        if inject.iter().any(|other| other.header == injection.header) {
            return Err(ConfigError::at(
                format!("{pointer}/header"),
                Fault::DuplicateHeader(injection.header.to_string()),
            ));
        }
        inject.push(injection);
    }
    Ok(Upstream {
        tls_context: tls_context("/upstream", &document.tls_context)?,
        certificate_pinset: pinset("/upstream", document.certificate_pinset)?,
        server_name: document
            .server_name
            .map(|name| server_name("/upstream/serverName", name))
            .transpose()?,
        peer_names: peer_names::read("/upstream", document.peer_names)?,
        mode: document.mode.into(),
        handshake_wait: duration(
            "/upstream/handshakeWait",
            document.handshake_wait,
            &HANDSHAKE_WAIT,
            Duration::from_secs(5),
        )?,
        inject,
    })
}

fn injection(pointer: &str, document: InjectionDocument) -> Result<Injection, ConfigError> {
    let header: HeaderName = document
        .header
        .parse()
        .map_err(|error| ConfigError::at(format!("{pointer}/header"), Fault::Header(error)))?;
    let value = match (document.basic, document.template) {
        (Some(text), None) => InjectionValue::Basic(reference(
            format!("{pointer}/basic"),
            &text,
            Collection::SharedSecrets,
        )?),
        (None, Some(text)) => {
            let pointer = format!("{pointer}/template");
            let template: sallyport_model::Template = text
                .parse()
                .map_err(|error| ConfigError::at(&pointer, Fault::Template(error)))?;
            for reference in template.references() {
                expect(&pointer, reference, Collection::SharedSecrets)?;
            }
            InjectionValue::Template(template)
        }
        (None, None) | (Some(_), Some(_)) => {
            return Err(ConfigError::at(pointer, Fault::InjectionValue));
        }
    };
    Ok(Injection { header, value })
}

fn tls_context(section: &str, text: &str) -> Result<Reference, ConfigError> {
    reference(
        format!("{section}/tlsContext"),
        text,
        Collection::TlsContexts,
    )
}

fn pinset(section: &str, text: Option<String>) -> Result<Option<Reference>, ConfigError> {
    text.map(|text| {
        reference(
            format!("{section}/certificatePinset"),
            &text,
            Collection::CertificatePinsets,
        )
    })
    .transpose()
}

fn reference(
    pointer: impl Display,
    text: &str,
    expected: Collection,
) -> Result<Reference, ConfigError> {
    let reference: Reference = text
        .parse()
        .map_err(|error| ConfigError::at(&pointer, Fault::Reference(error)))?;
    expect(&pointer, &reference, expected)?;
    if reference.field.is_some() {
        return Err(ConfigError::at(pointer, Fault::Field));
    }
    Ok(reference)
}

fn expect(
    pointer: impl Display,
    reference: &Reference,
    expected: Collection,
) -> Result<(), ConfigError> {
    let found = reference.collection;
    if found == expected {
        Ok(())
    } else {
        Err(ConfigError::at(
            pointer,
            Fault::Collection { expected, found },
        ))
    }
}

fn duration(
    pointer: &str,
    text: Option<String>,
    allowed: &RangeInclusive<Duration>,
    default: Duration,
) -> Result<Duration, ConfigError> {
    text.map_or(Ok(default), |text| duration::parse(&text, allowed))
        .map_err(|error| ConfigError::at(pointer, Fault::Duration(error)))
}

fn word(pointer: &str, text: String) -> Result<String, ConfigError> {
    if (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(text)
    } else {
        Err(ConfigError::at(pointer, Fault::Word { max: MAX_NAME }))
    }
}

fn uuid<T: FromStr>(pointer: &str, text: &str) -> Result<T, ConfigError> {
    text.parse()
        .map_err(|_| ConfigError::at(pointer, Fault::Uuid))
}

fn server_name(pointer: &str, text: String) -> Result<String, ConfigError> {
    if text.parse::<IpAddr>().is_ok() || is_dns_name(&text) {
        Ok(text)
    } else {
        Err(ConfigError::at(pointer, Fault::ServerName))
    }
}

/// A name as clients ask for it: never an address (RFC 6066 section 3), `*.` may stand for a label.
fn requested_name(pointer: &str, text: String) -> Result<String, ConfigError> {
    let name = text.strip_prefix("*.").unwrap_or(&text);
    if is_dns_name(name) && name.parse::<IpAddr>().is_err() {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(ConfigError::at(pointer, Fault::RequestedName))
    }
}

fn is_dns_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    text.len() <= MAX_NAME && text.split('.').all(label)
}

impl From<ModeWord> for Mode {
    fn from(word: ModeWord) -> Self {
        match word {
            ModeWord::Enforce => Self::Enforce,
            ModeWord::Observe => Self::Observe,
        }
    }
}
