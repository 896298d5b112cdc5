//! Preferences of the person.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The public Image Factory.
pub const PUBLIC_FACTORY: &str = "https://factory.talos.dev";

/// Light or dark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the desktop.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// All preferences. Unknown keys of a newer version are dropped only when a person saves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct Settings {
    /// Base address of the Image Factory.
    pub factory_url: String,
    /// Proxy for the factory; empty means the system's.
    pub proxy: String,
    /// A PEM file of extra certificate authorities; empty means none.
    pub extra_ca: String,
    /// Where images and machines are kept; empty means the default. Used from the next start on.
    pub data_dir: String,
    /// Light or dark.
    pub theme: Theme,
    /// Stronger lines and text, whatever the desktop says.
    pub high_contrast: bool,
    /// Size of all text, percent.
    pub text_percent: u32,
    /// Offered for a new machine.
    pub default_vcpus: u32,
    /// Offered for a new machine, MiB.
    pub default_memory_mib: u32,
    /// Offered for a new machine, GiB.
    pub default_disk_gib: u32,
    /// Console font size, px.
    pub console_font_px: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            factory_url: PUBLIC_FACTORY.to_owned(),
            proxy: String::new(),
            extra_ca: String::new(),
            data_dir: String::new(),
            theme: Theme::System,
            high_contrast: false,
            text_percent: 100,
            default_vcpus: 2,
            default_memory_mib: 2048,
            default_disk_gib: crate::DEFAULT_DISK_GIB,
            console_font_px: 13,
        }
    }
}
