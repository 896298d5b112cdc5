//! Deleting a machine, and getting it back.
//!
//! The driver itself moves the folder while it still owns the machine and holds its disk: there is
//! no moment in which the machine has no owner and is not yet gone.

use super::driver::Driver;
use crate::Engine;
use crate::error::Result;
use crate::store;
use crete_failpoint::step;
use crete_model::{MachineId, MachineSpec, TrashKind};
use std::path::Path;

impl Driver {
    /// Carries out the deletion whose turn it is; returns what gives the machine back.
    pub(super) async fn remove(&mut self) -> Result<String> {
        let engine = self.engine.clone();
        let files = engine.files(self.spec.id);
        let lock = engine.lock_disk(&files).await?;
        let (id, name) = (self.spec.id, self.spec.name.clone());
        let moving = tokio::task::spawn_blocking(move || {
            let id = id.to_string();
            let moved = engine.discard_object(TrashKind::Machines, &id, &name, &files.folder);
            if moved.is_ok() {
                // Empty since the last run ended; one that is not is swept at the next start.
                let _ = step!(
                    "machine.remove_runtime",
                    std::fs::remove_dir(&files.runtime)
                );
            }
            drop(lock);
            moved
        });
        let trash_id = moving.await.map_err(crate::error::internal)??;
        self.engine.forget_machine(id);
        Ok(trash_id)
    }
}

impl Engine {
    fn forget_machine(&self, id: MachineId) {
        let handle = self.handles.lock().remove(&id);
        drop(handle);
        self.machines.remove(&id.to_string());
        self.node_book.forget(id);
        self.refresh_images();
    }

    /// Shows a machine that came back from the trash. Its name may have been given to another
    /// meanwhile; then it gets one that is free, because names are addresses.
    pub(crate) async fn restore_machine(&self, folder: &Path) {
        let mut record = store::read_object::<MachineSpec>(folder);
        if let Ok(spec) = &mut record {
            let name = self.free_variant(&spec.name);
            if name != spec.name {
                spec.name = name;
                if let Err(error) = store::write(&folder.join(store::SPEC), spec) {
                    return self.show_broken("machines", folder, &error);
                }
            }
        }
        self.load_machine(folder, record).await;
    }
}
