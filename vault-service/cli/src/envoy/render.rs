//! `envoy render`: the transport socket that a TLS context asks for.

use clap::{Args, ValueEnum};
use sallyport_model::{Collection, Reference};
use serde_json::{Map, Value, json};

use super::context::{Context, envoy_version};
use super::suites::envoy_name;
use crate::error::Error;
use crate::output::{Output, warn};

/// Print Envoy's transport_socket for a TLS context, as YAML (or with -o json)
///
/// Versions, cipher suites and ALPN are written out: SDS cannot bring them, so run `envoy check` after
/// a change. Certificate and validation context come over SDS. Only metadata is read.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    sallyport envoy render --context secret://payments/tlsContexts/inbound --direction downstream\n  \
    sallyport envoy render --context secret://payments/tlsContexts/outbound --direction upstream \\\n    \
      --server-name backend.example --sds-cluster sds -o json")]
pub(crate) struct Render {
    /// The TLS context
    #[arg(long, value_name = "REFERENCE")]
    context: Reference,

    /// Which side of the gateway it is for
    #[arg(long, value_enum)]
    direction: Direction,

    /// Upstream: the name of the server; without it any certificate of a trusted CA would pass
    #[arg(long, value_name = "NAME", required_if_eq("direction", "upstream"))]
    server_name: Option<String>,

    /// The cluster through which Envoy reaches the vault's SDS
    #[arg(long, value_name = "CLUSTER", default_value = "sallyport_provider")]
    sds_cluster: String,

    /// How Envoy speaks SDS
    #[arg(long, value_enum, default_value = "delta")]
    sds_protocol: SdsProtocol,

    /// Name #partialValidation: a filter in the same place enforces what Envoy cannot be told
    #[arg(long)]
    beside_filter: bool,
}

/// A side of the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Direction {
    /// Clients connect to it.
    Downstream,
    /// It connects to servers.
    Upstream,
}

/// A variant of SDS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SdsProtocol {
    /// DELTA_GRPC
    Delta,
    /// GRPC: State of the World
    Sotw,
}

impl Render {
    pub(super) fn run(&self, output: Output) -> Result<(), Error> {
        if self.context.collection != Collection::TlsContexts || self.context.field.is_some() {
            return Err(Error::Flag {
                flag: "--context",
                reason: "wants a TLS context, like secret://payments/tlsContexts/inbound".into(),
            });
        }
        let context = Context::fetch(&self.context)?;
        output.document(&self.transport_socket(&context)?)
    }

    fn transport_socket(&self, context: &Context) -> Result<Value, Error> {
        let mut common = Map::new();
        common.insert("tls_params".to_owned(), tls_params(context)?);
        if let Some(alpn) = &context.alpn {
            common.insert("alpn_protocols".to_owned(), json!(alpn));
        }
        if context.has_keystore {
            let name = self.secret("certificate")?;
            common.insert(
                "tls_certificate_sds_secret_configs".to_owned(),
                json!([name]),
            );
        } else if self.direction == Direction::Downstream {
            warn("warning: the context has no keystore; a listener needs a certificate to show");
        }
        let verifies = match self.direction {
            Direction::Downstream => context.requires_client_certificate,
            Direction::Upstream => context.verifies_servers,
        };
        if verifies {
            let part = match self.beside_filter {
                true => "partialValidation",
                false => "validation",
            };
            let name = self.secret(part)?;
            common.insert("validation_context_sds_secret_config".to_owned(), name);
            if !context.has_truststore {
                warn(
                    "warning: the context has no truststore; the vault will not serve this validation",
                );
            }
        } else if self.direction == Direction::Upstream {
            warn("warning: the context does not verify servers, so Envoy will not either");
        }
        let offers_http2 = |alpn: &Vec<String>| alpn.iter().any(|protocol| protocol == "h2");
        if self.direction == Direction::Upstream && context.alpn.as_ref().is_some_and(offers_http2)
        {
            warn(
                "note: servers may choose h2, and a cluster speaks HTTP/1.1 only unless its HttpProtocolOptions say \
                 auto_config or http2_protocol_options (docs/sds.md)",
            );
        }
        let (kind, own) = match self.direction {
            Direction::Downstream => (
                "DownstreamTlsContext",
                json!({"require_client_certificate": context.requires_client_certificate}),
            ),
            Direction::Upstream if verifies => (
                "UpstreamTlsContext",
                json!({"sni": self.server_name, "auto_sni_san_validation": true}),
            ),
            Direction::Upstream => ("UpstreamTlsContext", json!({"sni": self.server_name})),
        };
        let mut config = Map::new();
        config.insert("@type".to_owned(), type_url(kind).into());
        config.extend(own.as_object().cloned().unwrap_or_default());
        config.insert("common_tls_context".to_owned(), common.into());
        Ok(json!({
            "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": config},
        }))
    }

    fn secret(&self, part: &str) -> Result<Value, Error> {
        let mut name = self.context.clone();
        name.field = part.parse().ok();
        let api_type = match self.sds_protocol {
            SdsProtocol::Delta => "DELTA_GRPC",
            SdsProtocol::Sotw => "GRPC",
        };
        Ok(json!({
            "name": name.to_string(),
            "sds_config": {
                "resource_api_version": "V3",
                "api_config_source": {
                    "api_type": api_type,
                    "transport_api_version": "V3",
                    "grpc_services": [{"envoy_grpc": {"cluster_name": self.sds_cluster}}],
                },
            },
        }))
    }
}

/// `tls_params` of a context.
fn tls_params(context: &Context) -> Result<Value, Error> {
    let (oldest, newest) = context.versions;
    let mut params = json!({
        "tls_minimum_protocol_version": envoy_version(oldest),
        "tls_maximum_protocol_version": envoy_version(newest),
    });
    if let (Some(suites), Some(fields)) = (&context.suites, params.as_object_mut()) {
        let names = suites.iter().map(|suite| {
            envoy_name(suite).ok_or_else(|| Error::Flag {
                flag: "--context",
                reason: format!("allows {suite}, which Envoy does not have").into(),
            })
        });
        let names: Vec<&str> = names.collect::<Result<_, _>>()?;
        fields.insert("cipher_suites".to_owned(), json!(names));
    }
    Ok(params)
}

fn type_url(kind: &str) -> String {
    format!("type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.{kind}")
}
