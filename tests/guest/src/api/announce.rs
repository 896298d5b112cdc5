//! What the console tells about reaching the node.

use crate::console::Console;
use std::net::IpAddr;

const CONTROLLER: &str = "runtime.MaintenanceServiceInformController";

/// The addresses, one a line.
pub fn reachable(console: &Console, addresses: &[IpAddr]) {
    console.report(CONTROLLER, "this machine is reachable at:", &[]);
    for address in addresses {
        console.report(CONTROLLER, &format!(" {address}"), &[]);
    }
}

/// The certificate's fingerprint. The last one printed is the one in use.
pub fn issued(console: &Console, fingerprint: &str) {
    console.report(
        CONTROLLER,
        "server certificate issued",
        &[("fingerprint", fingerprint.into())],
    );
}

/// The commands a person would type.
pub fn how_to_configure(console: &Console, address: IpAddr, fingerprint: &str) {
    let say = |text: &str| console.report(CONTROLLER, text, &[]);
    let command = format!(" talosctl apply-config --insecure --nodes {address}");
    say("upload configuration using talosctl:");
    say(&format!("{command} --file <config.yaml>"));
    say("optionally with node fingerprint check:");
    say(&format!(
        "{command} --cert-fingerprint '{fingerprint}' --file <config.yaml>"
    ));
}
