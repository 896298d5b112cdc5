//! The kubeconfig that a control plane hands out.

use super::cause::Cause;
use super::error::ApiError;
use super::frames::Frames;
use super::node::Node;
use crate::pki::Secret;
use flate2::read::GzDecoder;
use std::io::Read as _;

/// Far more than a kubeconfig has.
const MOST: usize = 1 << 20;
const BLOCK: usize = 512;

impl Node {
    /// The administrator's kubeconfig, with the configured endpoint in it.
    ///
    /// # Errors
    /// [`Cause::ControlPlaneOnly`] from a worker, and what a stream can fail with.
    pub async fn kubeconfig(&self) -> Result<Secret, ApiError> {
        let call = "Kubeconfig";
        let mut machine = self.machine();
        let mut frames = Frames::new(
            call,
            self.name(),
            async move { machine.kubeconfig(()).await },
        );
        let archive = frames.collect(MOST).await?;
        first_file(&archive)
            .map(Secret::new)
            .map_err(|reason| ApiError::new(Cause::Other, call, self.name(), reason))
    }
}

/// The first file of a gzipped tar archive. Talos never ends its archive: neither the blocks of
/// zeros nor the rest of the last block are there.
fn first_file(archive: &[u8]) -> Result<String, String> {
    let mut tar = Vec::new();
    let limit = u64::try_from(MOST).unwrap_or(u64::MAX);
    let read = GzDecoder::new(archive).take(limit).read_to_end(&mut tar);
    if let Err(error) = read
        && tar.len() <= BLOCK
    {
        return Err(format!("the archive does not unpack: {error}"));
    }
    let header = tar.get(..BLOCK).ok_or("the archive has no file")?;
    // Octal digits, then a blank or zero.
    let digits = header[124..136]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    let size = digits.fold(0_usize, |sum, byte| sum * 8 + usize::from(byte - b'0'));
    let content = tar.get(BLOCK..BLOCK + size);
    let content = content.ok_or("the archive ends within its file")?;
    String::from_utf8(content.to_vec()).map_err(|_| "the file is not text".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;
    use std::io::Write as _;

    fn archive(content: &str, cut: usize) -> Vec<u8> {
        let mut tar = vec![0; BLOCK];
        tar[..10].copy_from_slice(b"kubeconfig");
        tar[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
        tar.extend_from_slice(content.as_bytes());
        tar.truncate(tar.len() - cut);
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(&tar).unwrap();
        gzip.finish().unwrap()
    }

    #[test]
    fn an_archive_without_an_end_is_read() {
        assert_eq!(
            first_file(&archive("apiVersion: v1\n", 0)).unwrap(),
            "apiVersion: v1\n"
        );
        assert!(first_file(&archive("apiVersion: v1\n", 3)).is_err());
        assert!(first_file(b"no gzip").is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..700)) {
            let _ = first_file(&bytes);
            let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
            gzip.write_all(&bytes).unwrap();
            let _ = first_file(&gzip.finish().unwrap());
        }
    }
}
