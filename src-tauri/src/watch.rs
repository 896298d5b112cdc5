//! Watches whether the page draws and lives, and has the program go on in safe mode if not.
//!
//! Two things are believed: WebKit's own word that the page's process ended, at any time; and,
//! until the page has drawn its second frame, that it draws none while the desktop draws the window
//! around it. Once it has drawn, however busy it is, it is left alone.

use crate::patience::{LOOK_EVERY, Look, PAINTS_WITHIN, Patience, Verdict};
use crate::safe_mode::{self, Reason};
use crate::window;
use gtk::glib::{ControlFlow, Propagation};
use gtk::prelude::{ObjectExt, WidgetExt};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tauri::{AppHandle, Manager, State, WebviewWindow};
use tauri_plugin_dialog::{DialogExt, MessageDialogButtons, MessageDialogKind};
use webkit2gtk::{WebProcessTerminationReason, WebView, WebViewExt};

const GIVEN_UP_TITLE: &str = "Crete cannot draw its window";
const GIVEN_UP: &str = "The page stays blank or ends, even in safe mode. Your machines go on. \
    WebKitGTK draws the page; an update of it, or of the graphics driver, may help.";
const OPEN_AGAIN: &str = "Open again";
const CLOSE: &str = "Close";

/// What is known of the page, and whether the program goes on once it has ended.
pub struct Watch {
    safe: bool,
    opened: Instant,
    painted: AtomicBool,
    /// Set by the first failure: whatever else fails then is of no account.
    failed: AtomicBool,
    next: Mutex<Option<Reason>>,
}

impl Watch {
    pub fn new(safe: Option<Reason>) -> Self {
        Self {
            safe: safe.is_some(),
            opened: Instant::now(),
            painted: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            next: Mutex::new(None),
        }
    }

    fn next(&self) -> std::sync::MutexGuard<'_, Option<Reason>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the program goes on in safe mode after its end, if it does. Says so once.
    pub fn take(&self) -> Option<Reason> {
        self.next().take()
    }
}

/// The page has drawn its second frame.
#[tauri::command]
pub fn painted(watch: State<'_, Watch>) {
    if !watch.painted.swap(true, Ordering::Relaxed) {
        tracing::info!(ms = watch.opened.elapsed().as_millis(), "the page draws");
    }
}

/// Runs in the page before its own code: says that frames are drawn, and names safe mode to it.
pub fn script(safe: Option<Reason>) -> String {
    let named = safe.map_or_else(String::new, |reason| {
        format!("window.__CRETE_SAFE_MODE__ = '{}';", reason.name())
    });
    if stays_blank(safe.is_some()) {
        return named;
    }
    format!(
        "{named} requestAnimationFrame(() => requestAnimationFrame(() => \
         window.__TAURI_INTERNALS__.invoke('painted')));"
    )
}

/// Begins to watch a window that was just opened.
pub fn begin(window: &WebviewWindow) -> tauri::Result<()> {
    let app = window.app_handle().clone();
    window.with_webview(move |webview| {
        let page = webview.inner();
        watch_frames(&page, app.clone());
        page.connect_web_process_terminated(move |_, reason| {
            if reason != WebProcessTerminationReason::TerminatedByApi {
                failed(&app, Reason::Crashed);
            }
        });
    })
}

/// Looks at the page's frames beside the window's own until one of them is told.
fn watch_frames(page: &WebView, app: AppHandle) {
    let drawn = Rc::new(Cell::new(false));
    let by_desktop = Rc::clone(&drawn);
    let draws = page.connect_draw(move |_, _| {
        by_desktop.set(true);
        Propagation::Proceed
    });
    let mut draws = Some(draws);
    let mut patience = Patience::new(paints_within(app.state::<Watch>().safe));
    let page = page.downgrade();
    gtk::glib::timeout_add_local(LOOK_EVERY, move || {
        let Some(page) = page.upgrade() else {
            return ControlFlow::Break;
        };
        let verdict = patience.judge(Look {
            painted: app.state::<Watch>().painted.load(Ordering::Relaxed),
            drawn: drawn.take(),
            hidden: hidden(&page),
        });
        if verdict == Verdict::Wait {
            // One pixel, so that there is something to draw; out of sight it waits for its turn.
            page.queue_draw_area(0, 0, 1, 1);
            return ControlFlow::Continue;
        }
        if let Some(draws) = draws.take() {
            page.disconnect(draws);
        }
        if verdict == Verdict::Blank {
            failed(&app, Reason::Unpainted);
        }
        ControlFlow::Break
    });
}

/// True for a window that is minimized or not on the screen at all.
fn hidden(page: &WebView) -> bool {
    let window = page.toplevel().and_then(|top| top.window());
    window.is_none_or(|window| {
        window
            .state()
            .intersects(gtk::gdk::WindowState::ICONIFIED | gtk::gdk::WindowState::WITHDRAWN)
    })
}

/// The program was started a second time: its window is shown, in safe mode if that was asked for.
pub fn started_again(app: &AppHandle, args: &[String]) {
    if safe_mode::requested(args).is_some() && !app.state::<Watch>().safe {
        go_on(app, Reason::Asked);
    } else {
        window::show(app);
    }
}

/// The page failed. Once in a program's life this leads on to safe mode, and from there nowhere
/// by itself: only a person can want to try again.
fn failed(app: &AppHandle, reason: Reason) {
    let watch = app.state::<Watch>();
    if watch.failed.swap(true, Ordering::SeqCst) {
        return;
    }
    if !watch.safe {
        tracing::warn!(reason = reason.name(), "the page failed");
        return go_on(app, reason);
    }
    tracing::error!(reason = reason.name(), "the page failed in safe mode too");
    eprintln!("{GIVEN_UP_TITLE}. {GIVEN_UP}");
    let again = app.clone();
    app.dialog()
        .message(GIVEN_UP)
        .title(GIVEN_UP_TITLE)
        .kind(MessageDialogKind::Error)
        .buttons(MessageDialogButtons::OkCancelCustom(
            OPEN_AGAIN.to_owned(),
            CLOSE.to_owned(),
        ))
        .show(move |wanted| {
            if wanted {
                go_on(&again, reason);
            } else {
                again.exit(1);
            }
        });
}

/// Ends this program in good order, to go on in safe mode.
fn go_on(app: &AppHandle, reason: Reason) {
    tracing::info!(reason = reason.name(), "going on in safe mode");
    *app.state::<Watch>().next() = Some(reason);
    app.exit(0);
}

/// For tests of a page that stays blank: `once` is until safe mode, `always` is there too. A
/// shipped program knows no such variable.
fn stays_blank(safe: bool) -> bool {
    cfg!(debug_assertions)
        && std::env::var("CRETE_TEST_BLANK")
            .is_ok_and(|when| when == "always" || when == "once" && !safe)
}

/// Shorter for a page that a test keeps blank: nobody has to wait for what is sure to happen.
fn paints_within(safe: bool) -> Duration {
    let shorter = std::env::var("CRETE_TEST_PAINTS_WITHIN_MS");
    match shorter.map(|ms| ms.parse()) {
        Ok(Ok(ms)) if stays_blank(safe) => Duration::from_millis(ms),
        _ => PAINTS_WITHIN,
    }
}
