//! Makes a cluster's files from a case in the form of the golden files' README.
//!
//! `cargo run -p crete-talos --example gen_config -- CASE.yaml FOLDER`
//! writes `controlplane.yaml`, `worker.yaml`, `talosconfig`, `kubeconfig`, and without a given
//! bundle a new `secrets.yaml`.

#[path = "support/args.rs"]
#[allow(dead_code, reason = "shared, and each example uses a part")]
mod args;
#[path = "../tests/support/case.rs"]
mod case;

use args::Args;
use case::Case;
use crete_talos::config::MachineRole;
use crete_talos::pki::{
    Bundle, ClientCertificate, KUBERNETES_ADMIN, Kubeconfig, SystemEntropy, Talosconfig, Validity,
};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let usage = "gen_config CASE.yaml FOLDER";
    let made = Args::read(usage, &[]).and_then(|args| match args.paths.as_slice() {
        [path, folder] => run(Path::new(path), Path::new(folder)),
        _ => Err(format!("usage: {usage}")),
    });
    match made {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(path: &Path, folder: &Path) -> Result<(), String> {
    let case = Case::read(path)?;
    let now = case.time()?.unwrap_or_else(jiff::Timestamp::now);
    let entropy = &mut SystemEntropy;
    let told = |error: crete_talos::pki::PkiError| error.to_string();
    std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let bundle = match case.secrets()? {
        Some(bundle) => bundle,
        None => {
            let bundle = Bundle::generate(case.options.contract, now, entropy).map_err(told)?;
            write(folder, "secrets.yaml", &bundle.parts().to_yaml())?;
            bundle
        }
    };
    for role in [MachineRole::ControlPlane, MachineRole::Worker] {
        let configuration = case.configuration(&bundle, role)?;
        write(
            folder,
            &format!("{}.yaml", role.as_str()),
            &configuration.to_yaml(),
        )?;
    }
    let authority = bundle.talos_authority().map_err(told)?;
    let exact = Validity {
        backdate: jiff::SignedDuration::ZERO,
        ..Validity::CLIENT
    };
    let client = ClientCertificate::talos(&authority, &case.roles()?, exact, now, entropy);
    let talosconfig = Talosconfig::new(
        &case.options.cluster_name,
        &case.talosconfig_endpoints(),
        authority.certificate_pem(),
        &client.map_err(told)?,
    );
    write(folder, "talosconfig", &talosconfig.to_yaml())?;
    let kubernetes = bundle.kubernetes_authority().map_err(told)?;
    let admin = ClientCertificate::kubernetes_admin(&kubernetes, KUBERNETES_ADMIN, now, entropy);
    let kubeconfig = Kubeconfig {
        cluster: case.options.cluster_name.clone(),
        server: case.options.endpoint.clone(),
        authority: kubernetes.certificate_pem().to_owned(),
        client: admin.map_err(told)?,
    };
    write(folder, "kubeconfig", &kubeconfig.to_yaml())
}

/// Every one of these files holds secrets.
fn write(folder: &Path, name: &str, text: &str) -> Result<(), String> {
    let path = folder.join(name);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let written = options
        .open(&path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| format!("{}: {error}", path.display()))
}
