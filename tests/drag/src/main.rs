//! A small window that is one file, to be dragged by the mouse onto another window: what a file
//! browser is to the window's tests.

use gtk::glib;
use gtk::prelude::*;

fn main() -> anyhow::Result<()> {
    let path = std::env::args()
        .nth(1)
        .ok_or_else(|| anyhow::anyhow!("which file?"))?;
    gtk::init()?;
    let uri = glib::filename_to_uri(path, None)?;
    // A popup is not decorated or moved by anybody, and stays above all else.
    let window = gtk::Window::new(gtk::WindowType::Popup);
    window.set_title("drag source");
    window.set_default_size(80, 80);
    window.move_(0, 0);
    let file = gtk::EventBox::new();
    file.drag_source_set(
        gtk::gdk::ModifierType::BUTTON1_MASK,
        &[gtk::TargetEntry::new(
            "text/uri-list",
            gtk::TargetFlags::OTHER_APP,
            0,
        )],
        gtk::gdk::DragAction::COPY,
    );
    file.connect_drag_data_get(move |_, _, data, _, _| {
        data.set_uris(&[&uri]);
    });
    window.add(&file);
    window.show_all();
    gtk::main();
    Ok(())
}
