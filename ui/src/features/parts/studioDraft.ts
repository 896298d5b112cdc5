/** The studio's answers before anybody has answered: what every image begins from. */
import type { Arch, StudioDraft } from "../../platform/generated/api";

/** Arguments that make Talos write to screen and serial port alike. */
export const serialArgs = (arch: Arch): string[] => [
  "console=tty0",
  arch === "amd64" ? "console=ttyS0" : "console=ttyAMA0",
];

export function freshDraft(arch: Arch): StudioDraft {
  return {
    target: "metal",
    version: null,
    platform: null,
    board: null,
    arch,
    secure_boot: false,
    extensions: [],
    kernel_args: serialArgs(arch),
    embedded_config: "",
    overlay_options: "",
    bootloader: null,
    meta: [],
    enroll_keys: "",
    well_known_certificates: false,
    sector_size: 0,
    foreign_overlay: null,
    owner: "",
  };
}
