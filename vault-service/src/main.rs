//! `sallyport-vault`: flags to settings, settings to the service.

#![forbid(unsafe_code)]

mod arguments;
mod core_dumps;

use std::error::Error;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser as _;
use sallyport_vault::clock;
use sallyport_vault::data_dir::DataDir;
use sallyport_vault::init::{Initialised, NewVault, init};
use sallyport_vault::serve::{Addresses, Vault};
use sallyport_vault::settings::{DEFAULT_CONFIG, Given, LogFormat, Settings};
use sallyport_vault::store::StoredLog;
use serde_json::json;
use tikv_jemallocator::Jemalloc;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing::info;
use tracing_subscriber::EnvFilter;

use crate::arguments::{Arguments, Command, ExportAudit, Init, Output, Serve};

/// Gives memory back that many different reads have used for a moment; the system's keeps most of it.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {}", chain(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    // Before anything secret is read.
    core_dumps::forbid()?;
    match arguments.command {
        _ if arguments.print_default_config => {
            Ok(io::stdout().write_all(DEFAULT_CONFIG.as_bytes())?)
        }
        Some(Command::Init(arguments)) => make(arguments).await,
        Some(Command::Serve(arguments)) => serve(arguments).await,
        Some(Command::ExportAudit(arguments)) => export_audit(&arguments),
        None => Ok(()),
    }
}

async fn make(arguments: Init) -> Result<(), Failure> {
    let new = NewVault {
        organization: arguments.organization.clone(),
        environment: arguments.environment.clone(),
        trust_domain: arguments.trust_domain,
        server_names: arguments.server_names,
    };
    let made = init(&arguments.data_dir, new, clock::now()).await?;
    let dir = arguments.data_dir.canonicalize()?;
    let text = match arguments.output {
        Output::Text => as_text(&made, &dir),
        Output::Json => {
            let document = json!({
                "dataDir": dir,
                "organization": { "id": made.organization, "name": arguments.organization },
                "environment": { "id": made.environment, "name": arguments.environment },
                "clientId": made.client_id,
                "clientSecret": made.client_secret.expose(),
                "ca": dir.join("ca.pem"),
            });
            format!("{document}\n")
        }
    };
    Ok(io::stdout().write_all(text.as_bytes())?)
}

fn as_text(made: &Initialised, dir: &Path) -> String {
    format!(
        "A new vault is in {dir}\n\
         \n\
         organization   {organization}\n\
         environment    {environment}\n\
         client id      {client_id}\n\
         client secret  {client_secret}   (shown once: keep it now)\n\
         \n\
         Next:\n\
         \x20 sallyport-vault serve --data-dir {dir}\n\
         \x20 sallyport login --url https://localhost:8443 --ca-file {dir}/ca.pem --client-id {client_id}\n",
        dir = dir.display(),
        organization = made.organization,
        environment = made.environment,
        client_id = made.client_id,
        client_secret = made.client_secret.expose(),
    )
}

async fn serve(arguments: Serve) -> Result<(), Failure> {
    let beside = arguments.data_dir.join("vault.toml");
    let file = match &arguments.config {
        Some(path) => Given::from_file(path)?,
        None if beside.is_file() => Given::from_file(&beside)?,
        None => Given::default(),
    };
    let settings = Settings::from_given(arguments.given().or(file))?;
    start_log(settings.log_format);
    let vault = Vault::open(&arguments.data_dir, &settings).await?;
    let addresses = vault.addresses()?;
    let Addresses {
        manager,
        provider,
        health,
    } = addresses;
    info!(%manager, %provider, health = health.map(tracing::field::display), "both doors are open");
    if let Some(path) = &arguments.ready_file {
        write_ready(path, addresses)?;
    }

    let (stop, stopped) = watch::channel(false);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let sinks = vault.sinks();
    tokio::spawn(async move {
        while hang_up.recv().await.is_some() {
            info!("opening audit files anew");
            sinks.reopen();
        }
    });
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        info!("stopping");
        let _ = stop.send(true);
    });
    vault.serve(stopped).await;
    Ok(())
}

/// To stderr. What is secret has no way to be written: its types have neither `Debug` nor `Display`.
fn start_log(format: LogFormat) {
    let filter = EnvFilter::try_from_env("SALLYPORT_LOG");
    let log = tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_env_filter(filter.unwrap_or_else(|_| EnvFilter::new("info")));
    match format {
        LogFormat::Json => log.json().init(),
        LogFormat::Text => log.init(),
    }
}

fn export_audit(arguments: &ExportAudit) -> Result<(), Failure> {
    const AT_ONCE: u32 = 1000;
    let log = StoredLog::open(&DataDir::open(&arguments.data_dir)?.database())?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut after = arguments.after;
    loop {
        let lines = log.after(after, AT_ONCE)?;
        let Some(last) = lines.last() else { break };
        after = last.seq;
        for line in &lines {
            writeln!(out, "{}", line.line)?;
        }
    }
    Ok(out.flush()?)
}

/// Written beside and renamed, so that whoever waits for the file never reads half of it.
fn write_ready(path: &Path, addresses: Addresses) -> io::Result<()> {
    let beside = path.with_extension("part");
    let document = json!({
        "manager": format!("https://{}", addresses.manager),
        "provider": format!("https://{}", addresses.provider),
        "health": addresses.health.map(|address| format!("http://{address}")),
    });
    std::fs::write(&beside, document.to_string())?;
    std::fs::rename(&beside, path)
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
