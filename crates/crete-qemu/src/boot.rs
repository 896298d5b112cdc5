//! What a console says about the boot, read line by line as it arrives. Pure.
//!
//! The patterns are those of real nodes; a line that matches nothing changes nothing.

use crete_model::{BootStage, BootView, Params, params};

/// A longer line is cut: nothing that is recognised is longer.
const LONGEST: usize = 4096;

/// Reads a console from the start of one run.
#[derive(Debug, Clone)]
pub struct BootReader {
    line: Vec<u8>,
    expects_address: bool,
    view: BootView,
}

impl Default for BootReader {
    fn default() -> Self {
        let view = BootView {
            stage: BootStage::Silent,
            params: Params::new(),
            fingerprint: None,
            console_bytes: 0,
        };
        Self {
            line: Vec::new(),
            expects_address: false,
            view,
        }
    }
}

impl BootReader {
    /// Takes in bytes; true when the stage or its parameters changed.
    pub fn feed(&mut self, bytes: &[u8]) -> bool {
        let before = self.said();
        self.view.console_bytes += bytes.len() as u64;
        if !bytes.is_empty() && self.view.stage == BootStage::Silent {
            self.view.stage = BootStage::Firmware;
        }
        for &byte in bytes {
            if byte == b'\n' {
                let line = std::mem::take(&mut self.line);
                self.take_line(&String::from_utf8_lossy(&line));
            } else if self.line.len() < LONGEST {
                self.line.push(byte);
            }
        }
        before != self.said()
    }

    fn said(&self) -> (BootStage, Params, Option<String>) {
        let BootView {
            stage,
            params,
            fingerprint,
            ..
        } = &self.view;
        (*stage, params.clone(), fingerprint.clone())
    }

    /// Where the boot stands.
    #[must_use]
    pub fn view(&self) -> &BootView {
        &self.view
    }

    fn set(&mut self, stage: BootStage, params: Params) {
        self.view.stage = stage;
        self.view.params = params;
    }

    fn take_line(&mut self, line: &str) {
        let line = line.trim_end_matches('\r');
        if line.contains("Kernel panic - not syncing") {
            let reason = line.split_once("] ").map_or(line, |(_, text)| text);
            self.set(BootStage::Panic, params! { "line" => reason });
            return;
        }
        if line.contains("Linux version ") {
            // Also after a kexec: everything known of the boot before it is over.
            self.set(BootStage::Kernel, Params::new());
            self.view.fingerprint = None;
            self.expects_address = false;
            return;
        }
        let Some((_, said)) = line.split_once("[talos] ") else {
            return;
        };
        if self.expects_address {
            self.expects_address = false;
            if let Some(address) = first_address(said) {
                self.set(BootStage::Maintenance, params! { "address" => address });
                return;
            }
        }
        if said.starts_with("this machine is reachable at:") {
            self.expects_address = true;
        } else if let Some(fields) = said.strip_prefix("server certificate issued ") {
            // Each change of the addresses makes another one: the last is in use.
            self.view.fingerprint = fingerprint(fields).map(str::to_owned);
        } else {
            let before_talos = matches!(
                self.view.stage,
                BootStage::Silent | BootStage::Firmware | BootStage::Kernel
            );
            let leaves = said.contains("leaving maintenance service");
            if leaves {
                self.view.fingerprint = None;
            }
            if before_talos || leaves {
                self.set(BootStage::Talos, Params::new());
            }
        }
    }
}

/// The address a line of the "reachable at" block begins with.
fn first_address(said: &str) -> Option<&str> {
    let word = said.split_whitespace().next()?;
    word.parse::<std::net::IpAddr>().is_ok().then_some(word)
}

/// The fingerprint among the fields of a line, as long as one is: base64 of 32 bytes.
fn fingerprint(fields: &str) -> Option<&str> {
    let (_, rest) = fields.split_once("\"fingerprint\": \"")?;
    let (text, _) = rest.split_once('"')?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    (text.len() == 44 && text.bytes().all(plain)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BOOT: &str = "BdsDxe: loading Boot0001\r\n\
        [    0.000000] Linux version 6.18.44-talos\r\n\
        [    1.79] [talos] [initramfs] booting Talos v1.13.9\r\n\
        [    9.10] [talos] this machine is reachable at: {\"component\": \"controller-runtime\"}\r\n\
        [    9.11] [talos]  10.0.2.15 {\"component\": \"controller-runtime\"}\r\n\
        [    9.12] [talos]  fec0::1 {\"component\": \"controller-runtime\"}\r\n";

    #[test]
    fn a_boot_is_followed_to_maintenance() {
        let mut reader = BootReader::default();
        let mut stages = vec![reader.view().stage];
        for line in BOOT.split_inclusive('\n') {
            reader.feed(line.as_bytes());
            if stages.last() != Some(&reader.view().stage) {
                stages.push(reader.view().stage);
            }
        }
        use BootStage::{Firmware, Kernel, Maintenance, Silent, Talos};
        assert_eq!(stages, [Silent, Firmware, Kernel, Talos, Maintenance]);
        assert_eq!(reader.view().params["address"], "10.0.2.15");
        assert_eq!(reader.view().console_bytes, BOOT.len() as u64);
    }

    #[test]
    fn the_last_fingerprint_printed_counts_and_ends_with_maintenance() {
        let line = |text: &str| {
            format!(
                "[    9.3] [talos] server certificate issued {{\"component\": \"controller-runtime\", \
                 \"controller\": \"runtime.MaintenanceServiceInformController\", \
                 \"fingerprint\": \"{text}\"}}\r\n"
            )
        };
        let [first, last] = [
            "F8ztKkwu0XpgrEMwfz1Vku2HTCPMbg5qei0mukBMg14=",
            &"A".repeat(44),
        ];
        let mut reader = BootReader::default();
        reader.feed(BOOT.as_bytes());
        assert!(reader.feed(line(first).as_bytes()));
        assert_eq!(reader.view().fingerprint.as_deref(), Some(first));
        reader.feed(line(last).as_bytes());
        assert_eq!(reader.view().fingerprint.as_deref(), Some(last));
        reader.feed(line("short").as_bytes());
        assert_eq!(
            reader.view().fingerprint,
            None,
            "what cannot be read is not guessed"
        );
        reader.feed(line(first).as_bytes());
        reader.feed(b"[  40.0] [talos] leaving maintenance service\n");
        assert_eq!(reader.view().fingerprint, None);
    }

    #[test]
    fn a_panic_names_its_reason() {
        let mut reader = BootReader::default();
        reader.feed(
            b"[    2.5] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100\n",
        );
        assert_eq!(reader.view().stage, BootStage::Panic);
        assert!(reader.view().params["line"].starts_with("Kernel panic"));
    }

    proptest! {
        /// However the bytes are cut, the view is the same.
        #[test]
        fn cuts_do_not_matter(cuts in proptest::collection::vec(1usize..60, 0..40)) {
            let mut whole = BootReader::default();
            whole.feed(BOOT.as_bytes());
            let mut cut = BootReader::default();
            let mut rest = BOOT.as_bytes();
            for at in cuts {
                let (head, tail) = rest.split_at(at.min(rest.len()));
                cut.feed(head);
                rest = tail;
            }
            cut.feed(rest);
            prop_assert_eq!(whole.view(), cut.view());
        }
    }
}
