//! What lets somebody in: kubeconfig, client certificates; and the small store META.

use super::streams::{Answers, all};
use crate::boot::Boot;
use crate::certificates::{Authority, Client, Issued, Validity};
use crate::error::NodeError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crete_talos::api::wire::common::Data;
use crete_talos::api::wire::machine as wire;
use crete_talos::yaml::{self, Node};
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::SignedDuration;
use std::io::Write as _;
use std::time::Duration;
use tonic::Status;

/// How long the administrator of Kubernetes is let in.
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// How far its certificate is dated back.
const BACK: SignedDuration = SignedDuration::from_secs(10);
/// Bytes of META that are left for values.
const META: usize = 256 << 10;

fn internal(error: NodeError) -> Status {
    Status::internal(error.to_string())
}

/// The administrator's kubeconfig in an archive that is never ended, as real nodes send it.
pub(super) fn kubeconfig(boot: &Boot) -> Result<Answers<Data>, Status> {
    let settings = boot
        .settings()
        .filter(|settings| settings.is_control_plane());
    let Some(settings) = settings else {
        let text = "kubeconfig is only available on control plane nodes";
        return Err(Status::unimplemented(text));
    };
    let authority = Authority::parse("cluster.ca", &settings.kubernetes_ca).map_err(internal)?;
    let now = boot.now();
    let validity = Validity {
        from: now.checked_sub(BACK).unwrap_or(now),
        life: YEAR,
    };
    let client = Client {
        common_name: "admin",
        organizations: &["system:masters".to_owned()],
        encipherment: true,
    };
    let issued = authority
        .client(&client, validity, &boot.machine.random)
        .map_err(internal)?;
    let text = kubeconfig_text(
        &settings.cluster_name,
        &settings.endpoint,
        &settings.kubernetes_ca.certificate,
        &issued,
    );
    let bytes = archive(&text).map_err(|error| Status::internal(error.to_string()))?;
    Ok(all(vec![Data {
        metadata: None,
        bytes,
    }]))
}

fn kubeconfig_text(cluster: &str, server: &str, authority: &str, admin: &Issued) -> String {
    let user = format!("admin@{cluster}");
    let base64 = |text: &str| Node::text(STANDARD.encode(text));
    let cluster_entry = Node::map([
        ("name", Node::text(cluster)),
        (
            "cluster",
            Node::map([
                ("server", Node::text(server)),
                ("certificate-authority-data", base64(authority)),
            ]),
        ),
    ]);
    let user_entry = Node::map([
        ("name", Node::text(&user)),
        (
            "user",
            Node::map([
                ("client-certificate-data", base64(&admin.certificate_pem())),
                ("client-key-data", base64(&admin.key_pem())),
            ]),
        ),
    ]);
    let context = Node::map([
        (
            "context",
            Node::map([
                ("cluster", Node::text(cluster)),
                ("namespace", Node::text("default")),
                ("user", Node::text(&user)),
            ]),
        ),
        ("name", Node::text(&user)),
    ]);
    yaml::emit(&Node::map([
        ("apiVersion", Node::text("v1")),
        ("kind", Node::text("Config")),
        ("clusters", Node::list(vec![cluster_entry])),
        ("users", Node::list(vec![user_entry])),
        ("contexts", Node::list(vec![context])),
        ("current-context", Node::text(&user)),
    ]))
}

/// A gzipped tar of one file. Real nodes close neither its last block nor the archive.
fn archive(text: &str) -> std::io::Result<Vec<u8>> {
    let mut header = [0; 512];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"kubeconfig");
    put(100, b"0000600\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{:011o}\0", text.len()).as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(&header)?;
    gzip.write_all(text.as_bytes())?;
    gzip.finish()
}

/// A client certificate of the Talos API, for who has lost the secrets.
pub(super) fn client_configuration(
    boot: &Boot,
    request: &wire::GenerateClientConfigurationRequest,
) -> Result<wire::GenerateClientConfiguration, Status> {
    let settings = boot
        .settings()
        .filter(|settings| settings.is_control_plane());
    let Some(settings) = settings else {
        let text =
            "client configuration (talosconfig) can only be generated on control plane nodes";
        return Err(Status::unimplemented(text));
    };
    let life = request
        .crt_ttl
        .and_then(|time| Duration::try_from(time).ok());
    let Some(life) = life.filter(|life| !life.is_zero()) else {
        return Err(Status::invalid_argument("crt_ttl should be positive"));
    };
    let authority = Authority::parse("machine.ca", &settings.talos_ca).map_err(internal)?;
    let client = Client {
        common_name: "",
        organizations: &request.roles,
        encipherment: false,
    };
    let validity = Validity {
        from: boot.now(),
        life,
    };
    let issued = authority
        .client(&client, validity, &boot.machine.random)
        .map_err(internal)?;
    let (certificate, key) = (issued.certificate_pem(), issued.key_pem());
    let ca = settings.talos_ca.certificate.clone();
    let context = match request.roles.as_slice() {
        [role] => format!(
            "{}@{}",
            role.trim_start_matches("os:"),
            settings.cluster_name
        ),
        _ => settings.cluster_name.clone(),
    };
    let base64 = |text: &str| Node::text(STANDARD.encode(text));
    let mut contexts = Node::empty_map();
    contexts.set(
        &context,
        Node::map([
            ("endpoints", Node::list(Vec::new())),
            ("ca", base64(&ca)),
            ("crt", base64(&certificate)),
            ("key", base64(&key)),
        ]),
    );
    let talosconfig = Node::map([("context", Node::text(&context)), ("contexts", contexts)]);
    Ok(wire::GenerateClientConfiguration {
        metadata: None,
        ca: ca.into_bytes(),
        crt: certificate.into_bytes(),
        key: key.into_bytes(),
        talosconfig: yaml::emit(&talosconfig).into_bytes(),
    })
}

/// The few files that a practice node has.
pub(super) fn read(boot: &Boot, path: &str) -> Result<Answers<Data>, Status> {
    let tag = boot.tag();
    let text = match path {
        "/etc/os-release" => format!(
            "NAME=\"Talos\"\nID=talos\nVERSION_ID={tag}\nPRETTY_NAME=\"Talos ({tag})\"\nHOME_URL=\"https://www.talos.dev/\"\n"
        ),
        "/proc/cmdline" => format!("{}\n", boot.machine.identity.cmdline),
        "/proc/sys/kernel/hostname" => {
            let hostname = boot.state().hostname.clone();
            format!("{}\n", hostname.unwrap_or_else(|| "(none)".to_owned()))
        }
        path => {
            let text = format!("stat {path}: no such file or directory");
            return Err(Status::not_found(text));
        }
    };
    Ok(all(vec![Data {
        metadata: None,
        bytes: text.into_bytes(),
    }]))
}

pub(super) fn write_meta(boot: &Boot, request: &wire::MetaWriteRequest) -> Result<(), Status> {
    let Ok(key) = u8::try_from(request.key) else {
        return Err(Status::invalid_argument("key must be a uint8"));
    };
    let used: usize = boot.disk().meta.values().map(String::len).sum();
    if used + request.value.len() > META {
        return Err(Status::resource_exhausted("meta write failed"));
    }
    let value = String::from_utf8_lossy(&request.value).into_owned();
    boot.write_disk(|content| {
        content.meta.insert(key, value);
    });
    Ok(())
}

pub(super) fn delete_meta(boot: &Boot, key: u32) -> Result<(), Status> {
    let Ok(key) = u8::try_from(key) else {
        return Err(Status::invalid_argument("key must be a uint8"));
    };
    if !boot.disk().meta.contains_key(&key) {
        return Err(Status::not_found("meta key not found"));
    }
    boot.write_disk(|content| {
        content.meta.remove(&key);
    });
    Ok(())
}
