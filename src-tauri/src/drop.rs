//! Files over the window: the engine is told, and it tells the page what would become of them.

use crate::commands::Opened;
use tauri::{DragDropEvent, Manager, Window, WindowEvent};

/// Passes on what is dragged over the window, left there, or taken away again.
pub fn on_window_event(window: &Window, event: &WindowEvent) {
    let WindowEvent::DragDrop(event) = event else {
        return;
    };
    // Before the engine is open there is nobody to take a file.
    let Some(engine) = window.state::<Opened>().engine() else {
        return;
    };
    // GTK calls from its own thread, and the engine's work needs the runtime around it.
    let runtime = tauri::async_runtime::handle();
    let _around = runtime.inner().enter();
    match event {
        DragDropEvent::Enter { paths, .. } if !paths.is_empty() => {
            engine.drag_entered(paths.clone());
        }
        DragDropEvent::Drop { paths, .. } => engine.dropped(paths.clone()),
        DragDropEvent::Leave => engine.drag_left(),
        _ => {}
    }
}
