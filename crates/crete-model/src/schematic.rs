//! The schematic: the recipe of an image, as the Image Factory reads it.
//!
//! Only the value stands here. Its canonical text and id are `crete-factory`'s.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A schematic. Field order is the canonical order of the factory.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct Schematic {
    /// Owner; Enterprise factories only.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub owner: String,
    /// Overlay of a single board computer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overlay: Option<Overlay>,
    /// Everything else.
    pub customization: Customization,
}

/// Extra parts a board needs to boot.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct Overlay {
    /// Part of the id, not used to find the overlay.
    pub image: String,
    /// Name in the version's overlay list.
    pub name: String,
    /// Interpreted by the overlay.
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    #[ts(type = "Record<string, unknown>")]
    pub options: serde_json::Map<String, serde_json::Value>,
}

/// What the image holds beyond the plain one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct Customization {
    /// Machine configuration inside the image (Talos 1.12 and later).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub embedded_machine_configuration: String,
    /// Appended to the kernel command line; `-name` removes a default.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extra_kernel_args: Vec<String>,
    /// Values of the META partition.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub meta: Vec<MetaValue>,
    /// System extensions.
    #[serde(skip_serializing_if = "SystemExtensions::is_empty")]
    pub system_extensions: SystemExtensions,
    /// Boot loader; absent means the factory decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootloader: Option<Bootloader>,
    /// SecureBoot options.
    #[serde(skip_serializing_if = "SecureBoot::is_empty", rename = "secureboot")]
    pub secure_boot: SecureBoot,
    /// Disk image options.
    #[serde(skip_serializing_if = "DiskImage::is_empty")]
    pub disk_image: DiskImage,
}

/// One META value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct MetaValue {
    /// 0 to 255.
    pub key: u8,
    /// Any text.
    pub value: String,
}

/// System extensions by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct SystemExtensions {
    /// Names such as `siderolabs/qemu-guest-agent`. Their order is part of the id.
    pub official_extensions: Vec<String>,
}

impl SystemExtensions {
    fn is_empty(&self) -> bool {
        self.official_extensions.is_empty()
    }
}

/// Boot loaders that can be asked for. The factory's `none` is the same as leaving the key out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum Bootloader {
    /// GRUB for BIOS and systemd-boot for UEFI.
    DualBoot,
    /// systemd-boot.
    SdBoot,
    /// GRUB.
    Grub,
}

/// SecureBoot options.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct SecureBoot {
    /// `off`, `manual`, `if-safe`, `force`; any text is accepted at creation.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub enroll_keys: String,
    /// Enrol Microsoft's certificates too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub include_well_known_certificates: bool,
}

impl SecureBoot {
    fn is_empty(&self) -> bool {
        self.enroll_keys.is_empty() && !self.include_well_known_certificates
    }
}

/// Disk image options.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct DiskImage {
    /// Bytes; 0 means the default of 512.
    #[serde(skip_serializing_if = "is_zero")]
    #[ts(type = "number")]
    pub sector_size: u64,
}

impl DiskImage {
    fn is_empty(&self) -> bool {
        self.sector_size == 0
    }
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(value: &u64) -> bool {
    *value == 0
}
