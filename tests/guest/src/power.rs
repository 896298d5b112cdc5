//! Orders from outside: the power button, as an input device of the kernel's, and Ctrl-Alt-Del,
//! which the kernel turns into a signal to PID 1.

use crate::error::{GuestError, Result};
use crate::kernel::watched;
use crete_practice_node::Button;
use rustix::fs::OFlags;
use rustix::system::RebootCommand;
use std::convert::Infallible;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

const DEVICES: &str = "/dev/input";
/// Size of the kernel's `struct input_event` on this architecture: the time, then type, code and value.
const EVENT: usize = 24;
const KEY: u16 = 1;
const KEY_POWER: u16 = 116;
const PRESSED: i32 = 1;

/// Input devices that are listened to.
pub struct Buttons(Vec<AsyncFd<OwnedFd>>);

impl Buttons {
    /// Opens all input devices there are; a node without any cannot be ordered by button.
    ///
    /// # Errors
    /// When Ctrl-Alt-Del cannot be turned into a signal.
    pub fn open() -> Result<Self> {
        rustix::system::reboot(RebootCommand::CadOff)
            .map_err(|error| GuestError::system("Ctrl-Alt-Del")(error.into()))?;
        let nonblocking = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or(0);
        let devices = std::fs::read_dir(DEVICES)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.file_name().as_encoded_bytes().starts_with(b"event"))
            .filter_map(|entry| {
                let mut options = File::options();
                options.read(true).custom_flags(nonblocking);
                watched(options.open(entry.path()).ok()?.into()).ok()
            });
        Ok(Self(devices.collect()))
    }

    /// Tells what is pressed, for ever.
    ///
    /// # Errors
    /// When signals cannot be received.
    pub async fn follow(self, press: impl Fn(Button)) -> Result<Infallible> {
        let mut interrupt =
            signal(SignalKind::interrupt()).map_err(GuestError::system("signals"))?;
        let mut devices = JoinSet::new();
        for device in self.0 {
            devices.spawn(until_pressed(device));
        }
        loop {
            tokio::select! {
                _ = interrupt.recv() => press(Button::CtrlAltDel),
                Some(ended) = devices.join_next() => if let Ok(Ok(device)) = ended {
                    press(Button::Power);
                    devices.spawn(until_pressed(device));
                },
            }
        }
    }
}

/// Reads a device until its power button is pressed.
async fn until_pressed(device: AsyncFd<OwnedFd>) -> io::Result<AsyncFd<OwnedFd>> {
    loop {
        let mut buffer = [0; EVENT * 16];
        let read = device
            .async_io(Interest::READABLE, |fd| {
                Ok(rustix::io::read(fd, &mut buffer)?)
            })
            .await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if presses_power(&buffer[..read]) {
            return Ok(device);
        }
    }
}

/// True when one of the events is a press of the power button.
fn presses_power(events: &[u8]) -> bool {
    events.as_chunks::<EVENT>().0.iter().any(|event| {
        let [.., a, b, c, d, e, f, g, h] = *event;
        u16::from_ne_bytes([a, b]) == KEY
            && u16::from_ne_bytes([c, d]) == KEY_POWER
            && i32::from_ne_bytes([e, f, g, h]) == PRESSED
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: u16, code: u16, value: i32) -> Vec<u8> {
        let mut bytes = vec![0x55; 16];
        bytes.extend_from_slice(&kind.to_ne_bytes());
        bytes.extend_from_slice(&code.to_ne_bytes());
        bytes.extend_from_slice(&value.to_ne_bytes());
        bytes
    }

    #[test]
    fn only_a_press_of_the_power_button_counts() {
        assert!(presses_power(
            &[event(0, 0, 0), event(KEY, KEY_POWER, PRESSED)].concat()
        ));
        assert!(!presses_power(&event(KEY, KEY_POWER, 0)));
        assert!(!presses_power(&event(KEY, 30, PRESSED)));
        assert!(!presses_power(&event(4, KEY_POWER, PRESSED)));
        assert!(!presses_power(&event(KEY, KEY_POWER, PRESSED)[..20]));
    }
}
