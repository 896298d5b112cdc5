//! Compiles the `.proto` files, when the API is wanted.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=proto");
    #[cfg(feature = "api")]
    wire::compile()?;
    Ok(())
}

#[cfg(feature = "api")]
mod wire {
    use prost::Message as _;
    use std::path::{Path, PathBuf};

    pub fn compile() -> Result<(), Box<dyn std::error::Error>> {
        let root = Path::new("proto");
        let mut files = Vec::new();
        collect(root, &mut files)?;
        files.sort();
        let descriptors = protox::compile(&files, [root])?;
        let out = PathBuf::from(std::env::var("OUT_DIR")?);
        // Tests compare it with the tables of the interface, and read recordings by it.
        std::fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
        let server = std::env::var_os("CARGO_FEATURE_SERVER").is_some();
        tonic_prost_build::configure()
            .build_server(server)
            .build_transport(false)
            .include_file("wire.rs")
            .compile_fds(descriptors)?;
        Ok(())
    }

    fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                collect(&path, files)?;
            } else if path.extension().is_some_and(|ending| ending == "proto") {
                files.push(path);
            }
        }
        Ok(())
    }
}
