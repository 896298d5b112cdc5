//! Machines and their consoles.

use super::{Router, page};
use crate::commands::MachineCommands;
use crate::host::Host;
use crate::types::*;
use crete_model::{MachineDraft, Problem, Sizes};

impl<H: Host> MachineCommands for Router<H> {
    async fn machine_offer(&self, request: ImageRef) -> Result<DraftOffer, Problem> {
        let offer = page(self.engine().offer(request.image))?;
        Ok(DraftOffer {
            draft: offer.draft,
            max_vcpus: offer.max_vcpus,
            max_memory_mib: offer.max_memory_mib,
            min_disk_gib: offer.min_disk_gib,
        })
    }

    async fn machine_check(&self, request: MachineDraft) -> Result<DraftVerdict, Problem> {
        Ok(DraftVerdict {
            fields: self.engine().check_draft(&request),
        })
    }

    async fn machine_strains(&self, request: Sizes) -> Result<Strains, Problem> {
        Ok(Strains {
            strains: self.engine().strains(request),
        })
    }

    async fn machine_create(&self, request: MachineDraft) -> Result<Created, Problem> {
        let machine = page(self.engine().create_machine(&request))?;
        Ok(Created { machine })
    }

    async fn machine_start(&self, request: MachineRef) -> Result<JobStarted, Problem> {
        let job = page(self.engine().start(request.machine).await)?;
        Ok(JobStarted { job })
    }

    async fn machine_stop(&self, request: MachineRef) -> Result<JobStarted, Problem> {
        let job = page(self.engine().stop(request.machine).await)?;
        Ok(JobStarted { job })
    }

    async fn machine_force_off(&self, request: MachineRef) -> Result<Nothing, Problem> {
        page(self.engine().force_off(request.machine).await)?;
        Ok(Nothing {})
    }

    async fn machine_loss(&self, request: MachineRef) -> Result<LossPreview, Problem> {
        let bytes = page(self.engine().machine_loss(request.machine))?;
        Ok(LossPreview {
            bytes,
            machines: Vec::new(),
        })
    }

    async fn machine_delete(&self, request: MachineRef) -> Result<Trashed, Problem> {
        let (trash_id, name) = page(self.engine().delete_machine(request.machine).await)?;
        Ok(Trashed { trash_id, name })
    }

    async fn machine_reveal(&self, request: MachineRef) -> Result<Reveal, Problem> {
        page(self.engine().reveal(request.machine))
    }

    async fn machine_connect(&self, request: MachineNetwork) -> Result<Nothing, Problem> {
        let engine = self.engine();
        page(
            engine
                .connect_machine(request.machine, request.network)
                .await,
        )?;
        Ok(Nothing {})
    }

    async fn machine_address(&self, request: MachineAddress) -> Result<Nothing, Problem> {
        let engine = self.engine();
        page(engine.set_address(request.machine, &request.address).await)?;
        Ok(Nothing {})
    }

    async fn machine_cut(&self, request: LinkCut) -> Result<Nothing, Problem> {
        page(self.engine().cut(request.machine, request.cut).await)?;
        Ok(Nothing {})
    }

    async fn console_save(&self, request: SaveConsole) -> Result<Saved, Problem> {
        let (name, log) = page(self.engine().console_log(request.machine))?;
        let Some(path) = self.host.save_path(&format!("{name}-console.log")).await? else {
            return Ok(Saved { path: None });
        };
        page(crete_engine::copy_console(&log, &path).await)?;
        Ok(Saved {
            path: Some(path.display().to_string()),
        })
    }
}
