//! Load on real gateways: what the filter costs beside its peers, how soon a rotation is in force,
//! whether it lasts. Started by `make bench` and `make soak`.

#![forbid(unsafe_code)]

#[cfg(not(target_arch = "wasm32"))]
mod authorizer;
#[cfg(not(target_arch = "wasm32"))]
mod backend;
#[cfg(not(target_arch = "wasm32"))]
mod compare;
#[cfg(not(target_arch = "wasm32"))]
mod hammer;
#[cfg(not(target_arch = "wasm32"))]
mod openbao;
#[cfg(not(target_arch = "wasm32"))]
mod process;
#[cfg(not(target_arch = "wasm32"))]
mod rotation;
#[cfg(not(target_arch = "wasm32"))]
mod rotator;
#[cfg(not(target_arch = "wasm32"))]
mod scene;
#[cfg(not(target_arch = "wasm32"))]
mod soak;
#[cfg(not(target_arch = "wasm32"))]
mod turn;
#[cfg(not(target_arch = "wasm32"))]
mod vaults;
#[cfg(not(target_arch = "wasm32"))]
mod wire;

#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    use std::process::ExitCode;

    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        ["compare", noop, json] => compare::run(noop.as_ref(), json.as_ref()).await,
        ["rotation", json] => rotation::run(json.as_ref()).await,
        ["vaults", bao, json] => vaults::run(bao.as_ref(), json.as_ref()).await,
        ["soak", minutes, json] => soak::run(minutes, json.as_ref()).await,
        _ => {
            eprintln!("usage: load compare <noop.wasm> <result.json>");
            eprintln!("       load rotation <result.json>");
            eprintln!("       load vaults <bao> <result.json>");
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
