//! The smallest window that can stand beside Crete's: the same renderer, plugins and size, one page
//! that says hello. `cargo xtask bench` measures both in one run.

#[path = "../../src/renderer.rs"]
mod renderer;

use tauri::{WebviewUrl, WebviewWindowBuilder};
use tauri_plugin_window_state::StateFlags;

fn main() -> anyhow::Result<()> {
    renderer::choose();
    let memory = tauri_plugin_window_state::Builder::new().with_state_flags(StateFlags::SIZE);
    tauri::Builder::default()
        .plugin(tauri_plugin_single_instance::init(|_, _, _| {}))
        .plugin(tauri_plugin_store::Builder::new().build())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_opener::init())
        .plugin(tauri_plugin_notification::init())
        .plugin(memory.build())
        .setup(|app| {
            WebviewWindowBuilder::new(app, "main", WebviewUrl::default())
                .title("Hello")
                .inner_size(1280.0, 832.0)
                .min_inner_size(1024.0, 680.0)
                .build()?;
            Ok(())
        })
        .run(tauri::generate_context!(
            "examples/hello_window/tauri.conf.json"
        ))?;
    Ok(())
}
