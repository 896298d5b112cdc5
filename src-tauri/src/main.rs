//! The window: Tauri around the router, and nothing of the domain.
//!
//! The window opens first; the engine is opened behind it, and whoever asks waits for it.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod commands;
mod drop;
mod log;
mod patience;
mod preferences;
mod renderer;
mod safe_mode;
mod watch;
mod window;

use commands::Opened;
use crete_engine::Places;
use std::path::Path;
use std::sync::Arc;
use tauri::{Manager, RunEvent};
use window::Window;

fn main() -> anyhow::Result<()> {
    renderer::choose();
    let args: Vec<String> = std::env::args().skip(1).collect();
    let practice = args.iter().any(|arg| arg == "--practice");
    let program = std::env::current_exe()?;
    let safe = safe_mode::requested(&args);
    if safe.is_some() {
        if !safe_mode::prepared(|name| std::env::var_os(name)) {
            return Err(safe_mode::become_safe(&program, &args).into());
        }
        safe_mode::wait_for_predecessor(&args);
    }
    let places = Places::from_environment(|name| std::env::var(name).ok(), &program);
    let _log = log::start(&places.log)?;

    let app = tauri::Builder::default()
        // First, so that a second start ends before it does anything.
        .plugin(tauri_plugin_single_instance::init(|app, args, _| {
            watch::started_again(app, &args);
        }))
        .plugin(tauri_plugin_store::Builder::new().build())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_opener::init())
        .plugin(tauri_plugin_notification::init())
        .plugin(window::memory(safe.is_some()))
        .manage(watch::Watch::new(safe))
        .on_window_event(drop::on_window_event)
        .invoke_handler(tauri::generate_handler![
            commands::rpc,
            commands::open_again,
            commands::events,
            commands::open_stream,
            watch::painted
        ])
        .setup(move |app| {
            let handle = app.handle().clone();
            let host = Arc::new(Window::new(handle.clone(), places));
            app.manage(Opened::new(host, practice));
            window::open(&handle, safe)?;
            tauri::async_runtime::spawn(async move { handle.state::<Opened>().open().await });
            Ok(())
        })
        .build(tauri::generate_context!())?;
    app.run(move |app, event| {
        if let RunEvent::Exit = event {
            end(app, &program, &args, practice);
        }
    });
    Ok(())
}

/// Lets go of the machines, which go on, and hands over to safe mode where that was decided.
fn end(app: &tauri::AppHandle, program: &Path, args: &[String], practice: bool) {
    let engine = app.state::<Opened>().engine();
    if let Some(engine) = &engine {
        tauri::async_runtime::block_on(engine.close());
    }
    let Some(reason) = app.state::<watch::Watch>().take() else {
        return;
    };
    let practice = engine.map_or(practice, |engine| engine.is_practice());
    let args = safe_mode::successor(args, practice, reason);
    match safe_mode::start_successor(program, &args) {
        // Its closing by the kernel is the sign that this process has ended.
        Ok(sign) => std::mem::forget(sign),
        Err(error) => tracing::error!(%error, "safe mode could not be started"),
    }
}
