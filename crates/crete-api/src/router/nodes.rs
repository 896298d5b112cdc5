//! Talos on a machine, and configurations.

use super::{Router, file_path, page};
use crate::commands::NodeCommands;
use crate::host::Host;
use crate::types::*;
use crete_model::{
    ApplyAnswer, ConfigComparison, ConfigKeys, ConfigKeysRequest, ConfigText, ConfigVerdict,
    HostOffers, HostPatchRequest, NodeConfig, NodeLogs, Problem, ResetLoss, ResourceKind,
    ResourceText,
};

impl<H: Host> NodeCommands for Router<H> {
    async fn config_check(&self, request: ConfigText) -> Result<ConfigVerdict, Problem> {
        Ok(crete_engine::check_config(&request))
    }

    async fn config_keys(&self, request: ConfigKeysRequest) -> Result<ConfigKeys, Problem> {
        Ok(crete_engine::config_keys(&request.version))
    }

    async fn config_host_offers(&self, _: Nothing) -> Result<HostOffers, Problem> {
        page(self.engine().host_offers().await)
    }

    async fn config_host_patch(&self, request: HostPatchRequest) -> Result<PatchText, Problem> {
        let patch = page(self.engine().host_patch(&request).await)?;
        Ok(PatchText { patch })
    }

    async fn node_look(&self, request: NodeLook) -> Result<Nothing, Problem> {
        self.look(request)?;
        Ok(Nothing {})
    }

    async fn node_unlook(&self, request: LookRef) -> Result<Nothing, Problem> {
        self.looks.end(request.look);
        Ok(Nothing {})
    }

    async fn node_accept(&self, request: AcceptFingerprint) -> Result<Nothing, Problem> {
        self.engine()
            .accept_fingerprint(request.machine, &request.fingerprint);
        Ok(Nothing {})
    }

    async fn node_credentials(&self, request: ImportTalosconfig) -> Result<Nothing, Problem> {
        let ImportTalosconfig {
            machine,
            path,
            context,
        } = request;
        let path = file_path(&FileRef { path })?;
        let engine = self.engine();
        page(
            engine
                .import_talosconfig(machine, &path, context.as_deref())
                .await,
        )?;
        Ok(Nothing {})
    }

    async fn node_forget(&self, request: MachineRef) -> Result<Nothing, Problem> {
        page(self.engine().forget_talosconfig(request.machine).await)?;
        Ok(Nothing {})
    }

    async fn node_service(&self, request: ServiceCall) -> Result<Nothing, Problem> {
        let engine = self.engine();
        let done = engine.act_on_service(request.machine, &request.service, request.action);
        page(done.await)?;
        Ok(Nothing {})
    }

    async fn node_logs(&self, request: MachineRef) -> Result<NodeLogs, Problem> {
        page(self.engine().node_logs(request.machine).await)
    }

    async fn node_kinds(&self, request: MachineRef) -> Result<Vec<ResourceKind>, Problem> {
        page(self.engine().resource_kinds(request.machine).await)
    }

    async fn node_resources(&self, request: ResourcesOf) -> Result<Vec<ResourceText>, Problem> {
        let engine = self.engine();
        let listed = engine.resources(request.machine, &request.namespace, &request.kind);
        page(listed.await)
    }

    async fn node_resource(&self, request: ResourceRef) -> Result<ResourceText, Problem> {
        let ResourceRef {
            machine,
            namespace,
            kind,
            id,
        } = request;
        page(
            self.engine()
                .resource(machine, &namespace, &kind, &id)
                .await,
        )
    }

    async fn node_config(&self, request: MachineRef) -> Result<NodeConfig, Problem> {
        page(self.engine().node_config(request.machine).await)
    }

    async fn node_compare(&self, request: ConfigDraft) -> Result<ConfigComparison, Problem> {
        let engine = self.engine();
        page(engine.compare_config(request.machine, &request.text).await)
    }

    async fn node_try(&self, request: ConfigApply) -> Result<ApplyAnswer, Problem> {
        let engine = self.engine();
        let tried = engine.try_config(request.machine, &request.text, request.mode);
        page(tried.await)
    }

    async fn node_apply(&self, request: ConfigApply) -> Result<ApplyAnswer, Problem> {
        let engine = self.engine();
        let applied = engine.apply_config(request.machine, &request.text, request.mode);
        page(applied.await)
    }

    async fn node_reboot(&self, request: NodeReboot) -> Result<Nothing, Problem> {
        let engine = self.engine();
        page(engine.reboot_node(request.machine, request.mode).await)?;
        Ok(Nothing {})
    }

    async fn node_shutdown(&self, request: NodeShutdown) -> Result<Nothing, Problem> {
        let engine = self.engine();
        page(engine.shut_node_down(request.machine, request.force).await)?;
        Ok(Nothing {})
    }

    async fn node_reset_loss(&self, request: ResetQuestion) -> Result<ResetLoss, Problem> {
        let engine = self.engine();
        page(engine.reset_loss(request.machine, request.wipe).await)
    }

    async fn node_reset(&self, request: NodeReset) -> Result<Nothing, Problem> {
        let engine = self.engine();
        page(engine.reset_node(request.machine, request.plan).await)?;
        Ok(Nothing {})
    }
}
