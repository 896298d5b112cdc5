//! Who draws the page: the graphics card, or the processor where there is none.
//!
//! WebKit would have OpenGL drawn by the processor then, which takes three times as long as drawing
//! with the processor to begin with, and half as much memory again.

use std::path::Path;

/// WebKit's own variable for it. It is read when the first page is made, and a setting that is made
/// after that leaves pages blank.
pub const WITHOUT_CARD: (&str, &str) = ("WEBKIT_DISABLE_COMPOSITING_MODE", "1");

/// What graphics cards appear as: to the kernel's own drivers, to the vendor's, and under WSL.
const CARDS: [(&str, &str); 3] = [
    ("/dev/dri", "renderD"),
    ("/dev", "nvidiactl"),
    ("/dev", "dxg"),
];

/// True when this computer has something to draw with besides its processor.
fn has_card(root: &Path) -> bool {
    CARDS.iter().any(|(folder, name)| {
        let entries = std::fs::read_dir(root.join(folder.trim_start_matches('/')));
        entries.is_ok_and(|entries| {
            let mut names = entries.flatten().map(|entry| entry.file_name());
            names.any(|found| found.to_string_lossy().starts_with(name))
        })
    })
}

/// Has the processor draw where nothing else can. Whoever chose by that variable is left alone.
///
/// Called before anything else of the program, as long as there is one thread.
pub fn choose() {
    let (name, value) = WITHOUT_CARD;
    if !has_card(Path::new("/")) {
        // Fails for names and values that no variable can have.
        let _ = gtk::glib::setenv(name, value, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_known_by_its_device() {
        let table: [(&[&str], bool); 6] = [
            (&[], false),
            (&["dev/dri/card0"], false),
            (&["dev/dri/renderD128"], true),
            (&["dev/dri/renderD129", "dev/dri/card1"], true),
            (&["dev/nvidiactl"], true),
            (&["dev/dxg"], true),
        ];
        for (devices, wanted) in table {
            let root = tempfile::tempdir().unwrap();
            std::fs::create_dir_all(root.path().join("dev")).unwrap();
            for device in devices {
                let path = root.path().join(device);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, "").unwrap();
            }
            assert_eq!(has_card(root.path()), wanted, "{devices:?}");
        }
    }
}
