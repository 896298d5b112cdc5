/** The image library: what arrives, what was checked, what was set aside, and own files. */
import type { ImageFormat, Layer, LayerOutcome, Packing } from "../../platform/generated/api";

type Words<K extends string> = Record<K, string>;

export const library = {
  pause: "Pause download",
  retryIn: "{problem}. Next try in {time}",
  ownFile: "Own file",
  unknownArch: "any processor",
  checked: "Checks",
  checkNow: "Check the whole file now",
  checksOf: "Checks of {name}",
  checksText: "What was compared, and when. A file that fails one is set aside and never used.",
  layer: {
    transport: "Way here",
    length: "Length",
    structure: "Structure",
    digest: "SHA-256",
  } as const satisfies Words<Layer>,
  outcome: {
    good: "Good",
    bad: "Failed",
    absent: "Nothing to compare",
  } as const satisfies Words<LayerOutcome>,
  layerText: {
    transport: "Over TLS, from {host}",
    length: "{bytes}, as announced",
    structure: "A whole {format} from the first byte to the last",
    digest: "{sha256}",
  } as const satisfies Words<Layer>,
  absentText: {
    transport: "It did not come over TLS, or it is your own file",
    length: "No length was announced",
    structure: "Nothing was looked at",
    digest: "None was recorded yet",
  } as const satisfies Words<Layer>,
  format: { raw: "disk", qcow2: "qcow2 disk", iso: "CD" } as const satisfies Words<ImageFormat>,
  packing: {
    none: "not packed",
    zstd: "packed with zstd",
    xz: "packed with xz",
  } as const satisfies Words<Packing>,
  aside: "Set aside",
  asideText: {
    one: "{n} file failed a check and is not used",
    other: "{n} files failed a check and are not used",
  },
  import: "Import a file",
  importAgain: "Import again",
  importTitle: "Import an image of your own",
  importText:
    "A CD (ISO) or a disk (raw, qcow2), packed with zstd or xz or not at all. Crete reads it, copies it and checks the copy.",
  importPath: "Path of the file",
  importHint: "You can also drop a file onto the window, or put it into the images folder.",
  importFolder: "Open the images folder",
  choose: "Choose…",
  looking: "Looking at the file",
  fits: "{what}, {bytes}",
  cannot: "Cannot be imported",
  dropTitle: "Let go to import",
  dropNone: "None of these can be imported",
} as const;
