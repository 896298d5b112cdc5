//! The window: Tauri around the router, and nothing of the domain.
//!
//! The window opens first; the engine is opened behind it, and whoever asks waits for it.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod commands;
mod drop;
mod log;
mod preferences;
mod window;

use crete_engine::Places;
use std::sync::Arc;
use tauri::{Manager, RunEvent};
use window::Window;

fn main() -> anyhow::Result<()> {
    let practice = std::env::args().skip(1).any(|arg| arg == "--practice");
    let program = std::env::current_exe()?;
    let places = Places::from_environment(|name| std::env::var(name).ok(), &program);
    let _log = log::start(&places.log)?;
    let (ready, opened) = tokio::sync::watch::channel(None);

    let app = tauri::Builder::default()
        // First, so that a second start ends before it does anything.
        .plugin(tauri_plugin_single_instance::init(|app, _, _| {
            window::show(app)
        }))
        .plugin(tauri_plugin_store::Builder::new().build())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_opener::init())
        .plugin(tauri_plugin_notification::init())
        .plugin(
            tauri_plugin_window_state::Builder::new()
                .with_state_flags(window::remembered())
                .build(),
        )
        .manage(commands::Opened(opened))
        .on_window_event(drop::on_window_event)
        .invoke_handler(tauri::generate_handler![
            commands::rpc,
            commands::events,
            commands::open_stream
        ])
        .setup(move |app| {
            window::open(app.handle())?;
            let host = Arc::new(Window::new(app.handle().clone(), places));
            tauri::async_runtime::spawn(async move {
                let router = crete_api::Router::open(host, practice).await;
                if let Err(problem) = &router {
                    tracing::error!(code = ?problem.code, detail = ?problem.detail, "no engine");
                }
                ready.send_replace(Some(router.map(Arc::new)));
            });
            Ok(())
        })
        .build(tauri::generate_context!())?;
    app.run(|app, event| {
        if let RunEvent::Exit = event {
            // Machines go on; only this program's hold on them ends.
            let opened = app.state::<commands::Opened>().0.borrow().clone();
            if let Some(Ok(router)) = opened {
                tauri::async_runtime::block_on(router.engine().close());
            }
        }
    });
    Ok(())
}
