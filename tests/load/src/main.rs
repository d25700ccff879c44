//! Load on real gateways: what the filter costs beside its peers, how soon a rotation is in force,
//! whether it lasts. Started by `make bench` and `make soak`.

#![forbid(unsafe_code)]

mod authorizer;
mod backend;
mod compare;
mod contest;
mod fanout;
mod gateways;
mod growth;
mod hammer;
mod handshakes;
mod memory;
mod openbao;
mod percentiles;
mod policies;
mod process;
mod protection;
mod rotation;
mod rotator;
mod scene;
mod sds;
mod soak;
mod syncs;
mod turn;
mod vaults;
mod wire;
mod writes;

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        ["compare", noop, json] => compare::run(noop.as_ref(), json.as_ref()).await,
        ["policies", json, ref only @ ..] => policies::run(json.as_ref(), only).await,
        ["rotation", json] => rotation::run(json.as_ref()).await,
        ["vaults", bao, json] => vaults::run(bao.as_ref(), json.as_ref()).await,
        ["fanout", json] => fanout::run(json.as_ref()).await,
        ["handshakes", json] => handshakes::run(json.as_ref()).await,
        ["growth", json] => growth::run(json.as_ref()).await,
        ["memory", json] => memory::run(json.as_ref()).await,
        ["writes", bao, json] => writes::run(bao.as_ref(), json.as_ref()).await,
        ["authorizer"] => authorizer::run().await,
        ["soak", minutes, json] => soak::run(minutes, json.as_ref()).await,
        _ => {
            eprintln!("usage: load compare <noop.wasm> <result.json>");
            eprintln!("       load policies <result.json> [<word in the name of a policy> ...]");
            eprintln!("       load rotation <result.json>");
            eprintln!("       load vaults <bao> <result.json>");
            eprintln!("       load fanout <result.json>");
            eprintln!("       load handshakes <result.json>");
            eprintln!("       load growth <result.json>");
            eprintln!("       load memory <result.json>");
            eprintln!("       load writes <bao> <result.json>");
            eprintln!("       load soak <minutes> <result.json>");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("The measurement could not go on: {error}");
            ExitCode::FAILURE
        }
    }
}
