//! What to try while the demo stays up.

use super::Stage;

/// Prints URLs and commands, ready to paste.
pub fn print_guide(stage: &mut Stage) {
    let Ok(gateway) = stage.gateway() else {
        return;
    };
    let (port, admin) = (gateway.listener().port(), gateway.admin().address);
    let log = gateway.log().display().to_string();
    let pki = stage.pki();
    let pki = pki.display();
    let curl = |client: &str, path: &str| {
        format!(
            "curl -i --cacert {pki}/gateway-ca.pem --cert {pki}/{client}.pem --key {pki}/{client}.key \\\n    \
             --resolve gateway.test:{port}:127.0.0.1 https://gateway.test:{port}{path}"
        )
    };
    let cli = format!(
        "SALLYPORT_PROFILE={} {}",
        stage.cli.profile().display(),
        stage.cli.program().display()
    );
    println!(
        "
Everything stays up until Ctrl-C. To play with:

  gateway      https://gateway.test:{port} (on 127.0.0.1, client certificate required)
  Envoy admin  http://{admin}
  vault        {manager} (public door), https://{provider} (internal door)
  health       {health}/readyz and {health}/metrics
  files        {scratch} (removed at the end)
  logs         {log}
               {vault_log}

A client that passes, one from another CA, one that is not pinned, an upstream that is not pinned:

  {good}
  {rogue}
  {unpinned}
  {impostor}

Look into the vault, rotate the password (the next request has it), take the grant away:

  {cli} whoami
  {cli} secret list --group payments
  echo -n another-password | {cli} secret rotate backend --group payments --password-file -
  {cli} grant remove --group payments --gateway edge
  {cli} grant add --group payments --gateway edge
  {cli} audit list --limit 20",
        manager = stage.vault.url(),
        provider = stage.vault.provider(),
        health = stage.vault.health(),
        scratch = stage.scratch().path().display(),
        vault_log = stage.vault.log().display(),
        good = curl("partner", "/hello"),
        rogue = curl("rogue", "/hello"),
        unpinned = curl("unpinned", "/hello"),
        impostor = curl("partner", "/impostor"),
    );
}
