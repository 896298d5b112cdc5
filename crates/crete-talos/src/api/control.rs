//! What changes a node: configuration, bootstrap, power, reset, upgrade, services, metadata.

use super::cause::Cause;
use super::error::ApiError;
use super::node::Node;
use super::wire::machine as wire;
use crate::pki::{Role, Secret, Talosconfig};
use std::collections::BTreeSet;
use std::time::Duration;

/// How a configuration is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApplyMode {
    /// As the node sees fit.
    Auto,
    /// Now, without a reboot; refused when one is needed.
    NoReboot,
    /// With a reboot. Configured nodes of 1.14 refuse it.
    Reboot,
    /// At the next reboot.
    Staged,
    /// Now, and taken back after this time unless it is applied again.
    Try(Duration),
}

/// What a node says to a configuration it accepts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Applied {
    /// What it will do about it.
    pub mode: wire::apply_configuration_request::Mode,
    /// In its own words; the difference, in a dry run. May quote values.
    pub details: Secret,
    /// What it accepts and regrets.
    pub warnings: Vec<String>,
}

/// What a reset wipes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResetScope {
    /// Everything on the system disk.
    SystemDisk,
    /// These system partitions; the node then starts from what is left.
    Partitions(Vec<String>),
    /// STATE and EPHEMERAL: back to maintenance mode, with the bootloader kept.
    BackToMaintenance,
}

/// A reset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reset {
    /// What it wipes.
    pub scope: ResetScope,
    /// True to leave the cluster first. The last control plane cannot.
    pub graceful: bool,
    /// True to start again afterwards, false to power off.
    pub reboot: bool,
}

/// Bootstrapping starts etcd only; a node that cannot answer quickly answers never.
const BOOTSTRAP: Duration = Duration::from_secs(15);
/// The installer image is pulled before the answer: minutes.
const LEGACY_UPGRADE: Duration = Duration::from_secs(20 * 60);
/// A reset or rollback writes the disk before it answers.
const SLOW: Duration = Duration::from_secs(60);

impl Node {
    /// Gives the node a configuration, or asks what it would do with it.
    ///
    /// # Errors
    /// What the node refuses: [`Cause::ConfigurationRefused`] with its text, which may quote
    /// secrets, and everything a call can fail with.
    pub async fn apply(
        &self,
        configuration: &str,
        mode: ApplyMode,
        dry_run: bool,
    ) -> Result<Applied, ApiError> {
        use wire::apply_configuration_request::Mode;
        let (mode, revert) = match mode {
            ApplyMode::Auto => (Mode::Auto, None),
            ApplyMode::NoReboot => (Mode::NoReboot, None),
            ApplyMode::Reboot => (Mode::Reboot, None),
            ApplyMode::Staged => (Mode::Staged, None),
            ApplyMode::Try(after) => (Mode::Try, prost_types::Duration::try_from(after).ok()),
        };
        let request = wire::ApplyConfigurationRequest {
            data: configuration.as_bytes().to_vec(),
            mode: mode.into(),
            dry_run,
            try_mode_timeout: revert,
        };
        let call = "ApplyConfiguration";
        let mut machine = self.machine();
        let answer = self
            .answer(call, SLOW, machine.apply_configuration(request))
            .await;
        let answer = answer.map_err(about_configuration)?;
        let message = self.one(call, answer.messages)?;
        Ok(Applied {
            mode: message.mode(),
            details: Secret::new(message.mode_details.clone()),
            warnings: message.warnings,
        })
    }

    /// Starts etcd of a new cluster, on one control plane, once in the cluster's life. Answers
    /// before etcd runs. [`Cause::AlreadyBootstrapped`] means that it was done before.
    ///
    /// # Errors
    /// What a call can fail with; see [`Cause::passes`] for what to try again.
    pub async fn bootstrap(&self) -> Result<(), ApiError> {
        let request = wire::BootstrapRequest::default();
        self.bootstrap_with(request).await
    }

    /// Starts etcd from a snapshot that was uploaded before.
    ///
    /// # Errors
    /// As [`Node::bootstrap`].
    pub async fn bootstrap_from_snapshot(&self, skip_hash_check: bool) -> Result<(), ApiError> {
        let request = wire::BootstrapRequest {
            recover_etcd: true,
            recover_skip_hash_check: skip_hash_check,
        };
        self.bootstrap_with(request).await
    }

    async fn bootstrap_with(&self, request: wire::BootstrapRequest) -> Result<(), ApiError> {
        let call = "Bootstrap";
        let mut machine = self.machine();
        let answer = self
            .answer(call, BOOTSTRAP, machine.bootstrap(request))
            .await?;
        self.one(call, answer.messages).map(drop)
    }

    /// Reboots; gives the id under which events tell of it.
    ///
    /// # Errors
    /// What a call can fail with.
    pub async fn reboot(&self, mode: wire::reboot_request::Mode) -> Result<String, ApiError> {
        let call = "Reboot";
        let request = wire::RebootRequest { mode: mode.into() };
        let mut machine = self.machine();
        let answer = self
            .answer(call, self.deadline(), machine.reboot(request))
            .await?;
        self.one(call, answer.messages)
            .map(|message| message.actor_id)
    }

    /// Shuts down; `force` leaves out draining. Gives the id under which events tell of it.
    ///
    /// # Errors
    /// What a call can fail with.
    pub async fn shut_down(&self, force: bool) -> Result<String, ApiError> {
        let call = "Shutdown";
        let request = wire::ShutdownRequest { force };
        let mut machine = self.machine();
        let answer = self
            .answer(call, self.deadline(), machine.shutdown(request))
            .await?;
        self.one(call, answer.messages)
            .map(|message| message.actor_id)
    }

    /// Wipes; gives the id under which events tell of it.
    ///
    /// # Errors
    /// What a call can fail with.
    pub async fn reset(&self, reset: &Reset) -> Result<String, ApiError> {
        let call = "Reset";
        let labels: &[String] = match &reset.scope {
            ResetScope::SystemDisk => &[],
            ResetScope::Partitions(labels) => labels,
            ResetScope::BackToMaintenance => &["STATE".to_owned(), "EPHEMERAL".to_owned()],
        };
        let partition = |label: &String| wire::ResetPartitionSpec {
            label: label.clone(),
            wipe: true,
        };
        let mode = match labels.is_empty() {
            true => wire::reset_request::WipeMode::SystemDisk,
            false => wire::reset_request::WipeMode::All,
        };
        let request = wire::ResetRequest {
            graceful: reset.graceful,
            reboot: reset.reboot,
            system_partitions_to_wipe: labels.iter().map(partition).collect(),
            user_disks_to_wipe: Vec::new(),
            mode: mode.into(),
        };
        let mut machine = self.machine();
        let answer = self.answer(call, SLOW, machine.reset(request)).await?;
        self.one(call, answer.messages)
            .map(|message| message.actor_id)
    }

    /// Upgrades by the one call that all versions up to 1.17 have. The image is pulled before the
    /// answer, without a sign of progress.
    ///
    /// # Errors
    /// What a call can fail with.
    pub async fn upgrade_legacy(
        &self,
        image: &str,
        stage: bool,
        force: bool,
    ) -> Result<String, ApiError> {
        let call = "Upgrade";
        let request = wire::UpgradeRequest {
            image: image.to_owned(),
            preserve: true,
            stage,
            force,
            reboot_mode: wire::upgrade_request::RebootMode::Default.into(),
        };
        let mut machine = self.machine();
        let answer = self
            .answer(call, LEGACY_UPGRADE, machine.upgrade(request))
            .await?;
        self.one(call, answer.messages)
            .map(|message| message.actor_id)
    }

    /// Goes back to the system before the last upgrade, and reboots.
    ///
    /// # Errors
    /// What a call can fail with.
    pub async fn roll_back(&self) -> Result<(), ApiError> {
        let call = "Rollback";
        let request = wire::RollbackRequest::default();
        let mut machine = self.machine();
        let answer = self.answer(call, SLOW, machine.rollback(request)).await?;
        self.one(call, answer.messages).map(drop)
    }

    /// Restarts a service: `kubelet`, or an extension's.
    ///
    /// # Errors
    /// [`Cause::UnknownName`] for services that are not there or protected.
    pub async fn restart_service(&self, id: &str) -> Result<String, ApiError> {
        let call = "ServiceRestart";
        let request = wire::ServiceRestartRequest { id: id.to_owned() };
        let mut machine = self.machine();
        let answer = self
            .answer(call, SLOW, machine.service_restart(request))
            .await?;
        self.one(call, answer.messages).map(|message| message.resp)
    }

    /// Starts a service.
    ///
    /// # Errors
    /// As [`Node::restart_service`].
    pub async fn start_service(&self, id: &str) -> Result<String, ApiError> {
        let call = "ServiceStart";
        let request = wire::ServiceStartRequest { id: id.to_owned() };
        let mut machine = self.machine();
        let answer = self
            .answer(call, SLOW, machine.service_start(request))
            .await?;
        self.one(call, answer.messages).map(|message| message.resp)
    }

    /// Stops an extension's service.
    ///
    /// # Errors
    /// As [`Node::restart_service`].
    pub async fn stop_service(&self, id: &str) -> Result<String, ApiError> {
        let call = "ServiceStop";
        let request = wire::ServiceStopRequest { id: id.to_owned() };
        let mut machine = self.machine();
        let answer = self
            .answer(call, SLOW, machine.service_stop(request))
            .await?;
        self.one(call, answer.messages).map(|message| message.resp)
    }

    /// Writes a value that outlives everything but a reset. Keys 12 to 14 are free for people.
    ///
    /// # Errors
    /// [`Cause::Exhausted`] when there is no room.
    pub async fn write_meta(&self, key: u8, value: &str) -> Result<(), ApiError> {
        let call = "MetaWrite";
        let request = wire::MetaWriteRequest {
            key: key.into(),
            value: value.as_bytes().to_vec(),
        };
        let mut machine = self.machine();
        let answer = self
            .answer(call, self.deadline(), machine.meta_write(request))
            .await?;
        self.one(call, answer.messages).map(drop)
    }

    /// Deletes such a value.
    ///
    /// # Errors
    /// [`Cause::NotFound`] when there is none.
    pub async fn delete_meta(&self, key: u8) -> Result<(), ApiError> {
        let call = "MetaDelete";
        let request = wire::MetaDeleteRequest { key: key.into() };
        let mut machine = self.machine();
        let answer = self
            .answer(call, self.deadline(), machine.meta_delete(request))
            .await?;
        self.one(call, answer.messages).map(drop)
    }

    /// Lets a control plane issue a client certificate: what is left when the secrets are lost.
    ///
    /// # Errors
    /// What a call can fail with, and an answer that cannot be read.
    pub async fn issue_client(
        &self,
        roles: &BTreeSet<Role>,
        life: Duration,
    ) -> Result<Talosconfig, ApiError> {
        let call = "GenerateClientConfiguration";
        let request = wire::GenerateClientConfigurationRequest {
            roles: roles.iter().map(|role| role.as_str().to_owned()).collect(),
            crt_ttl: prost_types::Duration::try_from(life).ok(),
        };
        let mut machine = self.machine();
        let answer = machine.generate_client_configuration(request);
        let answer = self.answer(call, self.deadline(), answer).await?;
        let message = self.one(call, answer.messages)?;
        let text = String::from_utf8_lossy(&message.talosconfig);
        Talosconfig::parse(&text)
            .map_err(|error| ApiError::new(Cause::Other, call, self.name(), error.to_string()))
    }

    /// Wipes a disk or partition that nothing uses. In maintenance mode no certificate is needed.
    ///
    /// # Errors
    /// What a call can fail with.
    pub async fn wipe_device(&self, device: &str) -> Result<(), ApiError> {
        use super::wire::storage as wire;
        let call = "BlockDeviceWipe";
        let descriptor = wire::BlockDeviceWipeDescriptor {
            device: device.trim_start_matches("/dev/").to_owned(),
            ..Default::default()
        };
        let request = wire::BlockDeviceWipeRequest {
            devices: vec![descriptor],
        };
        let mut storage = wire::storage_service_client::StorageServiceClient::new(self.channel());
        let answer = self
            .answer(call, SLOW, storage.block_device_wipe(request))
            .await?;
        self.one(call, answer.messages).map(drop)
    }
}

/// What an invalid argument is about when a configuration was sent.
fn about_configuration(mut error: ApiError) -> ApiError {
    if error.cause == Cause::BadRequest {
        let text = error.talos_text();
        let unreadable = [
            "decode error",
            "error decoding",
            "config not found",
            "unknown keys",
            "missing kind",
        ];
        error.cause = match unreadable.iter().any(|part| text.contains(part)) {
            true => Cause::ConfigurationUnreadable,
            false => Cause::ConfigurationRefused,
        };
    }
    error
}
