//! The window as a host: dialogs, preferences, moving and closing. No state of the domain.

use crate::safe_mode::Reason;
use crate::{preferences, watch};
use async_trait::async_trait;
use crete_api::{Host, HostFault, HostKind, ResizeEdge, WindowAction};
use crete_engine::{Engine, EngineError, Places};
use crete_model::{Problem, Settings};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, Manager, WebviewUrl, WebviewWindow, WebviewWindowBuilder, Wry};
use tauri_plugin_dialog::{DialogExt, FilePath};
use tauri_plugin_notification::NotificationExt;
use tauri_plugin_opener::OpenerExt;
use tauri_plugin_window_state::StateFlags;
use tauri_runtime::ResizeDirection;

const MAIN: &str = "main";

/// Remembers the window's place and size. Not whether it was visible: it always opens.
///
/// Safe mode opens it where every screen has room, whatever was remembered.
pub fn memory(safe: bool) -> TauriPlugin<Wry> {
    let flags =
        StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED | StateFlags::FULLSCREEN;
    let memory = tauri_plugin_window_state::Builder::new().with_state_flags(flags);
    if safe {
        memory.skip_initial_state(MAIN).build()
    } else {
        memory.build()
    }
}

/// Opens the one window, and watches whether its page draws.
pub fn open(app: &AppHandle, safe: Option<Reason>) -> tauri::Result<()> {
    let window = WebviewWindowBuilder::new(app, MAIN, WebviewUrl::default())
        .title("Crete")
        .inner_size(1280.0, 832.0)
        .min_inner_size(1024.0, 680.0)
        // A file dropped on the window must not replace the page.
        .on_navigation(|url| {
            matches!(url.scheme(), "tauri") || url.host_str() == Some("tauri.localhost")
        })
        .initialization_script(watch::script(safe))
        .initialization_script(include_str!("early.js"))
        .build()?;
    watch::begin(&window)
}

/// Brings the window to the front, for a second start of the program.
pub fn show(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(MAIN) {
        // A window that cannot be raised is still there.
        let _ = window.unminimize();
        let _ = window.set_focus();
    }
}

/// The host behind the window's page.
pub struct Window {
    app: AppHandle,
    places: Places,
}

impl Window {
    pub fn new(app: AppHandle, places: Places) -> Self {
        Self { app, places }
    }

    fn webview(&self) -> Result<WebviewWindow, HostFault> {
        self.app
            .get_webview_window(MAIN)
            .ok_or_else(|| HostFault("the window is gone".to_owned()))
    }
}

fn fault(error: impl std::fmt::Display) -> HostFault {
    HostFault(error.to_string())
}

fn edge(edge: ResizeEdge) -> ResizeDirection {
    match edge {
        ResizeEdge::North => ResizeDirection::North,
        ResizeEdge::NorthEast => ResizeDirection::NorthEast,
        ResizeEdge::East => ResizeDirection::East,
        ResizeEdge::SouthEast => ResizeDirection::SouthEast,
        ResizeEdge::South => ResizeDirection::South,
        ResizeEdge::SouthWest => ResizeDirection::SouthWest,
        ResizeEdge::West => ResizeDirection::West,
        ResizeEdge::NorthWest => ResizeDirection::NorthWest,
    }
}

/// Waits for a dialog's answer; a dialog that was closed answers nothing.
async fn answer(
    ask: impl FnOnce(Box<dyn FnOnce(Option<FilePath>) + Send>),
) -> Result<Option<PathBuf>, HostFault> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    ask(Box::new(move |path| {
        let _ = sender.send(path);
    }));
    match receiver.await {
        Ok(Some(path)) => path.into_path().map(Some).map_err(fault),
        _ => Ok(None),
    }
}

#[async_trait]
impl Host for Window {
    fn kind(&self) -> HostKind {
        HostKind::Window
    }

    fn log_dir(&self) -> PathBuf {
        self.places.log.clone()
    }

    async fn open_engine(&self, practice: bool) -> Result<Arc<Engine>, Problem> {
        let settings = self.load_settings().0;
        self.places
            .open(settings, practice)
            .await
            .map(Arc::new)
            .map_err(EngineError::problem)
    }

    fn load_settings(&self) -> (Settings, bool) {
        preferences::load(&self.app, &self.places.config)
    }

    async fn save_settings(&self, settings: &Settings) -> Result<(), HostFault> {
        preferences::save(&self.app, &self.places.config, settings).map_err(fault)
    }

    async fn window(&self, action: WindowAction) -> Result<(), HostFault> {
        let window = self.webview()?;
        match action {
            WindowAction::Drag => window.start_dragging(),
            WindowAction::Resize { edge: side } => {
                window.as_ref().window().start_resize_dragging(edge(side))
            }
            WindowAction::Minimize => window.minimize(),
            WindowAction::ToggleMaximize => match window.is_maximized() {
                Ok(true) => window.unmaximize(),
                _ => window.maximize(),
            },
            WindowAction::Close => window.close(),
        }
        .map_err(fault)
    }

    async fn pick_folder(&self) -> Result<Option<PathBuf>, HostFault> {
        answer(|done| self.app.dialog().file().pick_folder(done)).await
    }

    async fn pick_file(&self) -> Result<Option<PathBuf>, HostFault> {
        answer(|done| self.app.dialog().file().pick_file(done)).await
    }

    async fn save_path(&self, suggested_name: &str) -> Result<Option<PathBuf>, HostFault> {
        answer(|done| {
            self.app
                .dialog()
                .file()
                .set_file_name(suggested_name)
                .save_file(done)
        })
        .await
    }

    async fn open_folder(&self, folder: &Path) -> Result<(), HostFault> {
        self.app
            .opener()
            .open_path(folder.to_string_lossy(), None::<&str>)
            .map_err(fault)
    }

    async fn open_address(&self, address: &str) -> Result<(), HostFault> {
        self.app
            .opener()
            .open_url(address, None::<&str>)
            .map_err(fault)
    }

    async fn notify(&self, title: &str, body: &str) -> Result<(), HostFault> {
        self.app
            .notification()
            .builder()
            .title(title)
            .body(body)
            .show()
            .map_err(fault)
    }
}
