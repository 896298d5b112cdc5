//! Kernel modules. The image holds those that are needed and a list in the order of dependency;
//! both are made when the image is packed.

use std::fs::File;
use std::io;
use std::path::Path;

/// Folder of the modules and the list.
const FOLDER: &str = "/lib/modules";
/// Names of the files, one a line.
const LIST: &str = "/lib/modules/load";

/// Loads all of them; gives what could not be loaded. A missing driver shows where it is missed.
///
/// # Errors
/// When the list cannot be read.
pub fn load_all() -> io::Result<Vec<(String, io::Error)>> {
    let list = std::fs::read_to_string(LIST)?;
    let failed = list.lines().filter_map(|name| {
        let error = load(&Path::new(FOLDER).join(name)).err()?;
        Some((name.to_owned(), error))
    });
    Ok(failed.collect())
}

fn load(path: &Path) -> io::Result<()> {
    match rustix::system::finit_module(File::open(path)?, c"", 0) {
        Ok(()) | Err(rustix::io::Errno::EXIST) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
