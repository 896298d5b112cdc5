//! The program, its window, this computer, jobs and the trash.

use super::{Router, page};
use crate::commands::ProgramCommands;
use crate::host::Host;
use crate::types::*;
use crete_model::{HostReport, Problem, Settings};
use std::sync::PoisonError;

impl<H: Host> ProgramCommands for Router<H> {
    async fn app_info(&self, _: Nothing) -> Result<AppInfo, Problem> {
        let engine = self.engine();
        let mut notices = Vec::new();
        if self.settings_restored {
            notices.push(StartNotice::SettingsRestored);
        }
        let names = engine.adopted();
        if !names.is_empty() {
            notices.push(StartNotice::Adopted { names });
        }
        Ok(AppInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            host: self.host.kind(),
            practice: engine.is_practice(),
            data_dir: engine.data_dir().display().to_string(),
            log_dir: self.host.log_dir().display().to_string(),
            arch: engine.arch(),
            notices,
        })
    }

    async fn app_visible(&self, request: Visibility) -> Result<Nothing, Problem> {
        self.engine().set_visible(request.visible);
        Ok(Nothing {})
    }

    async fn app_fault(&self, request: PageFault) -> Result<Nothing, Problem> {
        let text: String = request.text.chars().take(4000).collect();
        tracing::error!(text, "the page reported a fault");
        Ok(Nothing {})
    }

    async fn host_check(&self, _: Nothing) -> Result<HostReport, Problem> {
        Ok(self.engine().check_host().await)
    }

    async fn host_fix(&self, request: HostFix) -> Result<JobStarted, Problem> {
        let job = page(self.engine().fix_host(request.fix).await)?;
        Ok(JobStarted { job: Some(job) })
    }

    async fn trash_restore(&self, request: TrashRef) -> Result<Nothing, Problem> {
        page(self.engine().restore(&request.trash_id).await)?;
        Ok(Nothing {})
    }

    async fn trash_purge(&self, request: TrashRef) -> Result<Nothing, Problem> {
        page(self.engine().purge(&request.trash_id).await)?;
        Ok(Nothing {})
    }

    async fn job_details(&self, request: JobRef) -> Result<JobDetails, Problem> {
        let (job, log) = page(self.engine().job_details(request.job).await)?;
        Ok(JobDetails { job, log })
    }

    async fn job_cancel(&self, request: JobRef) -> Result<Nothing, Problem> {
        page(self.engine().cancel_job(request.job))?;
        Ok(Nothing {})
    }

    async fn settings_get(&self, _: Nothing) -> Result<Settings, Problem> {
        Ok(self.engine().settings())
    }

    async fn settings_set(&self, request: SettingsChange) -> Result<Settings, Problem> {
        let fields = crete_engine::check_settings(&request.settings);
        if !fields.is_empty() {
            return Err(Problem::invalid(fields));
        }
        self.host.save_settings(&request.settings).await?;
        page(self.engine().apply_settings(request.settings))
    }

    async fn dialog_folder(&self, _: Nothing) -> Result<Picked, Problem> {
        let path = self.host.pick_folder().await?;
        Ok(Picked {
            path: path.map(|path| path.display().to_string()),
        })
    }

    async fn dialog_file(&self, _: Nothing) -> Result<Picked, Problem> {
        let path = self.host.pick_file().await?;
        Ok(Picked {
            path: path.map(|path| path.display().to_string()),
        })
    }

    async fn open(&self, request: OpenTarget) -> Result<Nothing, Problem> {
        self.open_outside(request).await?;
        Ok(Nothing {})
    }

    async fn window_action(&self, request: WindowAction) -> Result<Nothing, Problem> {
        self.host.window(request).await?;
        Ok(Nothing {})
    }

    async fn practice_status(&self, _: Nothing) -> Result<PracticeStatus, Problem> {
        let engine = self.engine();
        let practice = engine.practice_parts();
        Ok(PracticeStatus {
            active: engine.is_practice(),
            images_ready: practice.images_ready(),
            factory_found: practice.factory_found(),
            build_command: practice.build_command(),
        })
    }

    async fn practice_switch(&self, request: PracticeSwitch) -> Result<Nothing, Problem> {
        if self.engine().is_practice() == request.on {
            return Ok(Nothing {});
        }
        let new = self.host.open_engine(request.on).await?;
        let old = {
            let mut engine = self.engine.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *engine, new)
        };
        for (_, flow) in self.flows().drain() {
            flow.close();
        }
        self.looks.end_all();
        // Machines go on: only this program's hold on them ends.
        old.close().await;
        Ok(Nothing {})
    }

    async fn stream_ack(&self, request: StreamAck) -> Result<Nothing, Problem> {
        if let Some(flow) = self.flows().get(&request.stream) {
            flow.give(request.bytes);
        }
        Ok(Nothing {})
    }

    async fn stream_close(&self, request: StreamRef) -> Result<Nothing, Problem> {
        if let Some(flow) = self.flows().remove(&request.stream) {
            flow.close();
        }
        Ok(Nothing {})
    }
}
