//! The scenes: one gateway each, alike but for the filters in it.

use std::fmt;
use std::path::Path;

use sallyport_tests::demo::Stage;
use sallyport_tests::envoy::{Envoy, Room};
use sallyport_tests::{Error, Result, files, program};
use serde::Serialize;
use serde_json::{Value, json};

use crate::authorizer::Authorizer;
use crate::backend::Backend;
use crate::hammer::{Hammer, Target};
use crate::memory::{CONTEXTS, context};
use crate::protection::Protection;

const TEMPLATE: &str = include_str!("../gateway.yaml");

/// What is in the filter chains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Scene {
    /// Nothing.
    Bare,
    /// A wasm filter on each side that does nothing.
    Noop,
    /// A TLS context downstream, a pinned upstream and an injected credential.
    Sallyport,
    /// The same in the module that is told of responses, without a policy for them.
    SallyportResponses,
    /// The same in a module that dies when a client says so, downstream with a configuration that can change.
    Mortal,
    /// The same as [`Self::Sallyport`], with the service that watches on the main thread.
    Watched,
    /// The same with many contexts, and a large revocation list for the clients.
    Full,
    /// Envoy's own filter with one credential.
    CredentialInjector,
    /// A Lua script that adds a header.
    Lua,
    /// A call per request to a service that says yes.
    ExtAuthz,
    /// Envoy's own filter that signs requests, without a word about the server.
    AwsRequestSigning,
    /// The same behind our filter on both sides, which looks at the peers.
    CheckedAwsRequestSigning,
    /// Our filter on both sides, with one message policy or none.
    Message(Protection),
}

/// Where the parts of a scene are.
pub(crate) struct Parts<'a> {
    pub(crate) stage: &'a Stage,
    pub(crate) backend: &'a Backend,
    pub(crate) authorizer: &'a Authorizer,
    pub(crate) noop: &'a Path,
}

/// A gateway with connections to it.
pub(crate) struct Gateway {
    pub(crate) scene: Scene,
    pub(crate) envoy: Envoy,
    pub(crate) hammer: Hammer,
}

impl Scene {
    pub(crate) const ALL: [Self; 7] = [
        Self::Bare,
        Self::Noop,
        Self::Sallyport,
        Self::SallyportResponses,
        Self::CredentialInjector,
        Self::Lua,
        Self::ExtAuthz,
    ];

    /// Starts its gateway and connects to it.
    pub(crate) async fn open(
        self,
        parts: &Parts<'_>,
        room: Room,
        connections: usize,
    ) -> Result<Gateway> {
        let envoy = self.start(parts, room).await?;
        let target = Target::gateway(parts.stage, envoy.listener())?;
        let hammer = Hammer::lift(&target, connections).await?;
        Ok(Gateway {
            scene: self,
            envoy,
            hammer,
        })
    }

    /// Starts its gateway.
    pub(crate) async fn start(self, parts: &Parts<'_>, room: Room) -> Result<Envoy> {
        let stage = parts.stage;
        if self == Self::Mortal {
            configure(stage, "2s")?;
        }
        let [bootstrap, downstream, upstream] = self.filters(parts)?;
        // A list goes on with lines that are as far in as the placeholder.
        let line = |filters: Option<Value>, margin: usize| match filters {
            Some(Value::Array(filters)) => {
                let filters: Vec<_> = filters.iter().map(|it| format!("- {it}")).collect();
                filters.join(&format!("\n{:margin$}", ""))
            }
            Some(filter) => format!("- {filter}"),
            None => String::new(),
        };
        let placeholders = [
            (
                "BOOTSTRAP",
                bootstrap.map_or_else(String::new, |it| format!("bootstrap_extensions: [{it}]")),
            ),
            ("DOWNSTREAM_FILTER", line(downstream, 10)),
            ("UPSTREAM_FILTER", line(upstream, 8)),
            ("BACKEND_PORT", parts.backend.address.port().to_string()),
            (
                "AUTHORIZER_PORT",
                parts.authorizer.address.port().to_string(),
            ),
        ];
        // What a filter's configuration has placeholders for is filled in the second pass.
        let once = placeholders
            .iter()
            .fold(TEMPLATE.to_owned(), |text, (name, value)| {
                text.replace(&format!("${{{name}}}"), value)
            });
        let configuration = stage.fill(&once, &[])?;
        let directory = stage.scratch().directory(&format!("gateway-{self}"))?;
        Envoy::start_in(room, &directory, &configuration).await
    }

    /// What the bootstrap has besides, and the filters of the listener and of the cluster.
    fn filters(self, parts: &Parts<'_>) -> Result<[Option<Value>; 3]> {
        Ok(match self {
            Self::Bare => [None, None, None],
            Self::Noop => {
                let plugin = |side: &str| Some(wasm(side, parts.noop, "noop", json!({})));
                [None, plugin("downstream"), plugin("upstream")]
            }
            Self::Sallyport | Self::SallyportResponses => {
                let module = match self {
                    Self::SallyportResponses => program::filter_responses_wasm()?,
                    _ => program::filter_wasm()?,
                };
                let [downstream, upstream] = sallyport(&module, "2s");
                [None, Some(downstream), Some(upstream)]
            }
            Self::Watched => {
                let module = program::filter_wasm()?;
                let [downstream, upstream] = sallyport(&module, "2s");
                [Some(watcher(&module)), Some(downstream), Some(upstream)]
            }
            Self::Full => {
                let module = program::filter_wasm()?;
                let [_, upstream] = sallyport(&module, "2s");
                [Some(watcher(&module)), Some(full(&module)), Some(upstream)]
            }
            Self::Mortal => {
                let module = program::trapping_filter_wasm()?;
                let [_, upstream] = sallyport(&module, "2s");
                [None, Some(discovered(parts.stage)), Some(upstream)]
            }
            Self::AwsRequestSigning => [None, None, Some(aws_request_signing())],
            Self::CheckedAwsRequestSigning => {
                let checked = Self::Message(Protection::None);
                let [bootstrap, downstream, upstream] = checked.filters(parts)?;
                let both = upstream.map(|upstream| json!([upstream, aws_request_signing()]));
                [bootstrap, downstream, both]
            }
            Self::Message(protection) => {
                let module = protection.module()?;
                let [downstream, upstream] = policies();
                let upstream = with(upstream, "inject", json!([]));
                let [downstream, upstream] = protection.added_to([downstream, upstream]);
                let plugin = |side: &str, policy: Value| {
                    let configuration = json!({"vault": vault(), "startupWait": "60s"});
                    let configuration = with(configuration, side, policy);
                    let mut filter = wasm(side, &module, "sallyport", configuration);
                    if let Some(Value::Object(plugin)) = filter.pointer_mut("/typed_config/config")
                    {
                        let name = "allow_on_headers_stop_iteration".to_owned();
                        plugin.insert(name, protection.reads_bodies().into());
                    }
                    Some(filter)
                };
                [
                    None,
                    plugin("downstream", downstream),
                    plugin("upstream", upstream),
                ]
            }
            Self::CredentialInjector => [
                None,
                Some(filter(
                    "envoy.filters.http.credential_injector",
                    json!({
                        "@type": "type.googleapis.com/envoy.extensions.filters.http.credential_injector.v3.CredentialInjector",
                        "overwrite": true,
                        "credential": {
                            "name": "envoy.http.injected_credentials.generic",
                            "typed_config": {
                                "@type": "type.googleapis.com/envoy.extensions.http.injected_credentials.generic.v3.Generic",
                                "credential": {"name": "peer"},
                            },
                        },
                    }),
                )),
                None,
            ],
            Self::Lua => [
                None,
                Some(filter(
                    "envoy.filters.http.lua",
                    json!({
                        "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
                        "default_source_code": {
                            "inline_string": "function envoy_on_request(handle) handle:headers():add('authorization', 'Basic Z2F0ZXdheTpiZW5jaA==') end",
                        },
                    }),
                )),
                None,
            ],
            Self::ExtAuthz => [
                None,
                Some(filter(
                    "envoy.filters.http.ext_authz",
                    json!({
                        "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
                        // What the filter has to do: see the client's certificate, put a credential in.
                        "allowed_headers": {"patterns": [{"exact": "x-forwarded-client-cert"}]},
                        "http_service": {
                            "server_uri": {"uri": "http://authorizer", "cluster": "authorizer", "timeout": "1s"},
                            "authorization_response": {
                                "allowed_upstream_headers": {"patterns": [{"exact": "authorization"}]},
                            },
                        },
                    }),
                )),
                None,
            ],
        })
    }
}

impl fmt::Display for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Bare => "bare",
            Self::Noop => "no-op wasm filters",
            Self::Sallyport => "sallyport",
            Self::SallyportResponses => "sallyport, responses",
            Self::Mortal => "mortal",
            Self::Watched => "watched",
            Self::Full => "full",
            Self::CredentialInjector => "credential_injector",
            Self::Lua => "lua",
            Self::ExtAuthz => "ext_authz",
            Self::AwsRequestSigning => "aws_request_signing",
            Self::CheckedAwsRequestSigning => "peers, aws signing",
            Self::Message(protection) => protection.name(),
        })
    }
}

/// Envoy's own signer, with static credentials.
fn aws_request_signing() -> Value {
    filter(
        "envoy.filters.http.aws_request_signing",
        json!({
            "@type": "type.googleapis.com/envoy.extensions.filters.http.aws_request_signing.v3.AwsRequestSigning",
            "service_name": "s3",
            "region": "us-east-1",
            "credential_provider": {
                "inline_credential": {"access_key_id": "GATEWAY", "secret_access_key": "bench"},
            },
        }),
    )
}

/// Our filter on both sides.
fn sallyport(module: &Path, startup_wait: &str) -> [Value; 2] {
    let [downstream, upstream] = policies();
    [("downstream", downstream), ("upstream", upstream)].map(|(side, policy)| {
        let configuration = json!({"vault": vault(), "startupWait": startup_wait, side: policy});
        wasm(side, module, "sallyport", configuration)
    })
}

/// Two filters downstream with many contexts by route, and clients whose certificates are looked up in a large list.
fn full(module: &Path) -> Value {
    let checked = json!("secret://payments/tlsContexts/checked");
    let plugins = ["downstream", "downstream-too"].into_iter().enumerate();
    let plugins = plugins.map(|(turn, name)| {
        let [policy, _] = policies();
        let numbers = (0..CONTEXTS).filter(|number| number % 2 == turn);
        let routes = numbers.map(|number| {
            let context = context(number);
            json!({
                "match": {"serverName": format!("{context}.test")},
                "tlsContext": format!("secret://payments/tlsContexts/{context}"),
            })
        });
        let policy = with(policy, "routes", Value::Array(routes.collect()));
        let policy = with(policy, "tlsContext", checked.clone());
        let policy = match turn {
            0 => with(policy, "forwardClientCertificate", json!("keep")),
            _ => policy,
        };
        let configuration = json!({"vault": vault(), "startupWait": "60s", "downstream": policy});
        wasm(name, module, "sallyport", configuration)
    });
    Value::Array(plugins.collect())
}

pub(crate) fn with(mut policy: Value, field: &str, value: Value) -> Value {
    if let Some(policy) = policy.as_object_mut() {
        policy.insert(field.to_owned(), value);
    }
    policy
}

/// The service that watches the vault for all filters.
fn watcher(module: &Path) -> Value {
    let configuration = json!({"vault": vault(), "watcher": {}});
    filter(
        "envoy.bootstrap.wasm",
        json!({
            "@type": "type.googleapis.com/envoy.extensions.wasm.v3.WasmService",
            "singleton": true,
            "config": plugin("watcher", module, "sallyport", &configuration),
        }),
    )
}

fn vault() -> Value {
    json!({
        "cluster": "sallyport_provider",
        "organization": "${ORGANIZATION}",
        "environment": "${ENVIRONMENT}",
    })
}

/// What is asked of clients and of servers.
fn policies() -> [Value; 2] {
    [
        json!({
            "tlsContext": "secret://payments/tlsContexts/partner-inbound",
            "certificatePinset": "secret://payments/certificatePinsets/partners",
        }),
        json!({
            "tlsContext": "secret://payments/tlsContexts/backend-outbound",
            "certificatePinset": "secret://payments/certificatePinsets/backend",
            "serverName": "backend.test",
            "inject": [{"header": "authorization", "basic": "secret://payments/sharedSecrets/backend"}],
        }),
    ]
}

/// A filter whose configuration is in a file that Envoy watches.
fn discovered(stage: &Stage) -> Value {
    let directory = stage.scratch().join("discovered");
    json!({
        "name": "sallyport.downstream",
        "config_discovery": {
            "config_source": {
                "resource_api_version": "V3",
                "path_config_source": {
                    "path": directory.join("downstream.json"),
                    "watched_directory": {"path": directory},
                },
            },
            "type_urls": ["type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm"],
        },
    })
}

/// Writes what a discovered filter is configured with, as Envoy wants a file to be replaced: by its name.
pub(crate) fn configure(stage: &Stage, startup_wait: &str) -> Result<()> {
    let [downstream, _] = sallyport(&program::trapping_filter_wasm()?, startup_wait);
    let kind = "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig";
    let resource = json!({"resources": [with(downstream, "@type", json!(kind))]});
    let text = stage.fill(&resource.to_string(), &[])?;
    let directory = stage.scratch().directory("discovered")?;
    files::replace(&directory.join("downstream.json"), &text)
}

fn filter(name: &str, configuration: Value) -> Value {
    json!({"name": name, "typed_config": configuration})
}

fn wasm(side: &str, module: &Path, vm: &str, configuration: Value) -> Value {
    filter(
        &format!("{vm}.{side}"),
        json!({
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": plugin(side, module, vm, &configuration),
        }),
    )
}

fn plugin(side: &str, module: &Path, vm: &str, configuration: &Value) -> Value {
    json!({
        "name": format!("{vm}-{side}"),
        "root_id": side,
        "failure_policy": "FAIL_RELOAD",
        "reload_config": {"backoff": {"base_interval": "0.1s", "max_interval": "1s"}},
        "vm_config": {
            "vm_id": vm,
            "runtime": "envoy.wasm.runtime.v8",
            "code": {"local": {"filename": module}},
        },
        "configuration": {
            "@type": "type.googleapis.com/google.protobuf.StringValue",
            "value": configuration.to_string(),
        },
    })
}

/// The directory for results is made if it is missing.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value).map_err(|source| Error::Json {
        what: "the result".to_owned(),
        source,
        got: String::new(),
    })?;
    files::write(path, &text)
}
