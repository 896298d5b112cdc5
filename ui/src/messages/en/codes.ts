/** Sentences for the codes of the program. A code without one does not compile. */
import type {
  Arch,
  BlockerCode,
  BootMedium,
  BootStage,
  DenyReason,
  ErrorCode,
  ExitReason,
  FieldCode,
  JobRequest,
  JobState,
  MachineView,
  Remedy,
  StageCode,
  StartNotice,
  StopRung,
  Verdict,
} from "../../platform/generated/api";
import * as host from "./host";

type Words<K extends string> = Record<K, string>;

export const arch = { amd64: "amd64", arm64: "arm64" } as const satisfies Words<Arch>;

export const archText = {
  amd64: "Computers with Intel or AMD processors.",
  arm64: "Raspberry Pi, Apple and ARM servers.",
} as const satisfies Words<Arch>;

export const medium = {
  disk_image: "Disk image",
  iso: "ISO",
} as const satisfies Words<BootMedium>;

export const mediumText = {
  disk_image: "Fast: the machine starts from a disk with Talos on it.",
  iso: "Like real hardware: it starts from a CD, with an empty disk to install to.",
} as const satisfies Words<BootMedium>;

export const verdict = {
  ready: "Ready for machines",
  slow: "Machines work here, slowly",
  blocked: "No machine can run here yet",
} as const satisfies Words<Verdict>;

export const verdictText = {
  ready: "They run at full speed.",
  slow: "Every instruction is translated, so a start takes minutes instead of seconds. Everything works.",
  blocked: "Mend what is marked. Crete notices when it is done.",
} as const satisfies Words<Verdict>;

export { cause, causeTitle, check, fix, nested } from "./host";

export const remedy = {
  ...host.hostRemedy,
  retry: "Try again",
  enter_practice: "Practice without internet",
  open_settings: "Open settings",
  open_host_check: "Look at this computer",
  free_space: "Free some space in {path}.",
  run_command: "Run this command:",
  use_less_memory: "Stop other programs or machines, or give this one less memory.",
  sign_in_to_network: "Open any page in a browser and sign in to the network.",
  add_certificate: "Put your company's certificate into Settings.",
  check_clock: "Set this computer's clock.",
  download_again: "Download again",
  open_folder: "Look into {path}.",
  report: "This should not happen. Tell the makers, with the exact words below.",
} as const satisfies Words<Remedy["kind"]>;

/** `title` stands alone, `cause` follows "… could not start:", `why` explains, `safe` calms. */
export const problem = {
  ...host.problem,
  internal: {
    title: "Crete made a mistake",
    cause: "Crete made a mistake",
    why: "This is a defect of the program, not of anything you did.",
    safe: "Nothing was lost.",
  },
  bad_request: {
    title: "The page asked for something unknown",
    cause: "the page asked for something unknown",
    why: "The page and the program behind it do not fit together.",
    safe: "Nothing was changed.",
  },
  invalid: {
    title: "Some values cannot be used",
    cause: "some values cannot be used",
    why: "They are marked at their fields.",
    safe: "Nothing was changed.",
  },
  not_found: {
    title: "It is not there any more",
    cause: "it is not there any more",
    why: "There is no such {kind}. It may have been deleted in the meantime.",
    safe: "Nothing was changed.",
  },
  denied: {
    title: "Not possible now",
    cause: "its state does not allow it",
    why: "Its state does not allow it.",
    safe: "Nothing was changed.",
  },
  cancelled: {
    title: "Cancelled",
    cause: "it was cancelled",
    why: "You stopped it.",
    safe: "What arrived is kept.",
  },
  interrupted: {
    title: "Cut off when Crete ended",
    cause: "Crete ended in the middle",
    why: "Crete was closed or ended while this was in progress.",
    safe: "What was done is kept.",
  },
  factory_unknown_host: {
    title: "{host} is not known",
    cause: "{host} is not known",
    why: "The name {host} does not resolve. Usually this computer is offline, or the address has a typing mistake.",
    safe: "What you chose is kept.",
  },
  factory_unreachable: {
    title: "{host} does not answer",
    cause: "{host} does not answer",
    why: "No connection to {host} could be made, or it did not answer in time.",
    safe: "What you chose is kept.",
  },
  factory_tls: {
    title: "No trusted connection to {host}",
    cause: "there is no trusted connection to {host}",
    why: "The certificate of {host} is not trusted here. A company's proxy needs its own certificate in Settings.",
    safe: "Nothing was sent.",
  },
  not_a_factory: {
    title: "{host} is no Image Factory",
    cause: "{host} is no Image Factory",
    why: "Something answers at {host}, but not as a factory does.",
    safe: "What you chose is kept.",
  },
  factory_refused: {
    title: "The factory refused",
    cause: "the factory refused",
    why: "It answered with status {status}: {text}",
    safe: "What you chose is kept.",
  },
  factory_silent: {
    title: "{host} does not answer in time",
    cause: "{host} does not answer in time",
    why: "The connection stands, but nothing came within {seconds} s.",
    safe: "What you chose is kept.",
  },
  offline: {
    title: "This computer has no network",
    cause: "this computer has no network",
    why: "There is no way from here to {host}. Usually a cable, Wi-Fi or a VPN is off.",
    safe: "What arrived is kept.",
  },
  certificate_issuer: {
    title: "{host} shows a certificate nobody here knows",
    cause: "the certificate of {host} is from somebody unknown",
    why: "It was made by {issuer}. Companies that look into connections do this; Crete then needs their certificate.",
    safe: "Nothing was sent.",
  },
  certificate_expired: {
    title: "The certificate of {host} is too old",
    cause: "the certificate of {host} is too old",
    why: "Its time is over, or this computer's clock is wrong.",
    safe: "Nothing was sent.",
  },
  certificate_not_yet_valid: {
    title: "The certificate of {host} is not valid yet",
    cause: "the certificate of {host} is not valid yet",
    why: "Its time has not begun. Mostly this computer's clock is wrong.",
    safe: "Nothing was sent.",
  },
  certificate_name: {
    title: "Something else answers for {host}",
    cause: "the certificate is not for {host}",
    why: "The certificate is for {names}. The address may have a typing mistake, or somebody stands in between.",
    safe: "Nothing was sent.",
  },
  not_tls: {
    title: "{host} does not speak https",
    cause: "{host} does not speak https",
    why: "Something answers there, but not with TLS. The port or the beginning of the address may be wrong.",
    safe: "Nothing was sent.",
  },
  insecure_redirect: {
    title: "{host} leads to an address that is not secure",
    cause: "{host} leads to an address that is not secure",
    why: "A secure address must not lead to {to}.",
    safe: "Nothing was taken from there.",
  },
  proxy_unreachable: {
    title: "The proxy {proxy} cannot be reached",
    cause: "the proxy {proxy} cannot be reached",
    why: "Crete goes through it because the settings or the system say so.",
    safe: "What you chose is kept.",
  },
  proxy_sign_in: {
    title: "The proxy {proxy} wants a name and a password",
    cause: "the proxy wants a name and a password",
    why: "They can stand in the proxy's address: http://name:password@host:port.",
    safe: "What you chose is kept.",
  },
  proxy_refuses: {
    title: "The proxy {proxy} does not let this through",
    cause: "the proxy {proxy} does not let this through",
    why: "Whoever looks after it can allow the factory's address.",
    safe: "What you chose is kept.",
  },
  not_a_proxy: {
    title: "{proxy} is no proxy",
    cause: "{proxy} is no proxy",
    why: "Something answers there, but not as a proxy does.",
    safe: "What you chose is kept.",
  },
  captive_portal: {
    title: "This network wants you to sign in first",
    cause: "the network wants you to sign in first",
    why: "{portal} answered in place of {host}: {title}",
    safe: "What arrived is kept.",
  },
  factory_asks_to_wait: {
    title: "{host} asks to come back later",
    cause: "{host} asks to come back later",
    why: "It wants {seconds} s of quiet, longer than Crete waits by itself.",
    safe: "What arrived is kept.",
  },
  link_refused: {
    title: "{host} does not give the file",
    cause: "{host} does not give the file",
    why: "The address that the factory gave was refused with status {status}. Such addresses last an hour.",
    safe: "What arrived is kept, and a new address is asked for.",
  },
  not_the_file: {
    title: "{host} sent something else than an image",
    cause: "{host} sent something else than an image",
    why: "{fault}",
    safe: "It was not kept. What arrived before is.",
  },
  download_stalled: {
    title: "The download stands still",
    cause: "nothing arrived for {seconds} s",
    why: "{received} of {expected} arrived, then nothing more for {seconds} s.",
    safe: "What arrived is kept, and the download goes on from there.",
  },
  schematic_differs: {
    title: "The factory computed another ID",
    cause: "the factory computed another ID",
    why: "It says {theirs}, Crete computed {ours}. The factory's is used.",
    safe: "The image is the one the factory built.",
  },
  download_interrupted: {
    title: "The download stopped",
    cause: "the connection ended",
    why: "{received} of {expected} arrived, then the connection ended.",
    safe: "What arrived is kept, and the download goes on from there.",
  },
  download_corrupt: {
    title: "The file is not what it should be",
    cause: "the file is not what it should be",
    why: "{path}: {reason}",
    safe: "The file was set aside. No machine starts from it.",
  },
  disk_full: {
    title: "The disk is full",
    cause: "the disk is full",
    why: "{path} has {free} left, {needed} are needed.",
    safe: "What arrived is kept.",
  },
  file: {
    title: "A file could not be read or written",
    cause: "a file could not be read or written",
    why: "{path}",
    safe: "Nothing else was touched.",
  },
  qemu_missing: {
    title: "QEMU is missing",
    cause: "QEMU is missing",
    why: "Machines for {arch} are run by QEMU, which was not found on this computer.",
    safe: "The machine and its disk are as they were.",
  },
  qemu_too_old: {
    title: "QEMU is too old",
    cause: "QEMU is too old",
    why: "Version {version} was found. {needed} or newer is needed.",
    safe: "The machine and its disk are as they were.",
  },
  firmware_missing: {
    title: "UEFI firmware is missing",
    cause: "UEFI firmware is missing",
    why: "Machines for {arch} start with UEFI firmware, which was not found on this computer.",
    safe: "The machine and its disk are as they were.",
  },
  qemu_failed: {
    title: "QEMU ended at once",
    cause: "QEMU ended at once",
    why: "QEMU was started and ended before the machine ran. Its own words are below.",
    safe: "The machine's disk was not touched.",
  },
  qemu_silent: {
    title: "QEMU does not answer",
    cause: "QEMU does not answer",
    why: "It was started and said nothing for {seconds} s.",
    safe: "It was ended again. The machine's disk was not touched.",
  },
  arch_not_runnable: {
    title: "{arch} machines do not run here",
    cause: "{arch} machines do not run here",
    why: "This computer lacks a QEMU or firmware for {arch}.",
    safe: "The image can be downloaded for another computer.",
  },
  memory_short: {
    title: "Not enough memory",
    cause: "there is not enough memory",
    why: "{needed} are needed, {free} are free.",
    safe: "Nothing was started.",
  },
  image_in_use: {
    title: "Machines use this image",
    cause: "machines use it",
    why: "These boot from it: {machines}.",
    safe: "Nothing was deleted.",
  },
  image_not_ready: {
    title: "The image is not complete",
    cause: "its image is not complete",
    why: "A machine starts only from a complete, checked file.",
    safe: "What arrived of it is kept.",
  },
  locked: {
    title: "Another Crete is using this",
    cause: "another Crete is using it",
    why: "{path} is held by another running program.",
    safe: "Nothing was changed.",
  },
  practice_missing: {
    title: "The practice images are not here",
    cause: "the practice images are not here",
    why: "They belong in {path}. They are built once and kept.",
    safe: "Nothing was changed.",
  },
  setting: {
    title: "A setting cannot be used",
    cause: "a setting cannot be used",
    why: "The setting {setting} has a value that cannot be used.",
    safe: "Nothing was changed.",
  },
} as const satisfies Record<ErrorCode, { title: string; cause: string; why: string; safe: string }>;

export const field = {
  missing: "Fill this in.",
  too_long: "At most {max} characters.",
  characters: "Only a to z, 0 to 9, and hyphens inside.",
  taken: "{name} exists already.",
  too_small: "At least {min}.",
  too_large: "At most {max}.",
  not_a_url: "A web address is needed, with https:// or http://.",
  not_a_path: "A whole path is needed, beginning with /.",
  unknown: "It is not there any more.",
  unreadable: "It cannot be read: {reason}",
} as const satisfies Words<FieldCode>;

export const job = {
  ...host.job,
  download: "Download {name}",
  start: "Start {name}",
  stop: "Stop {name}",
} as const satisfies Words<JobRequest["kind"]>;

/** The title of an error, with the object first. */
export const jobFailed = {
  ...host.jobFailed,
  download: "{name} could not be downloaded: {cause}",
  start: "{name} could not start: {cause}",
  stop: "{name} could not be stopped: {cause}",
} as const satisfies Words<JobRequest["kind"]>;

export const jobDone = {
  ...host.jobDone,
  download: "{name} is ready",
  start: "{name} is running",
  stop: "{name} is off",
} as const satisfies Words<JobRequest["kind"]>;

export const jobState = {
  queued: "Waiting",
  running: "Working",
  done: "Done",
  failed: "Failed",
  cancelled: "Cancelled",
  interrupted: "Cut off",
} as const satisfies Words<JobState>;

export const stage = {
  ...host.stage,
  schematic: { name: "Send the recipe", now: "Sending the recipe" },
  transfer: { name: "Download", now: "Downloading" },
  verify: { name: "Check the file", now: "Checking the file" },
  unpack: { name: "Unpack", now: "Unpacking" },
  prepare: { name: "Prepare disk and firmware", now: "Preparing disk and firmware" },
  spawn: { name: "Start QEMU", now: "Starting QEMU" },
  run: { name: "Switch on", now: "Switching on" },
  console: { name: "First words", now: "Waiting for the first words" },
  power_button: { name: "Press the power button", now: "Pressing the power button" },
  end: { name: "End QEMU", now: "Ending QEMU" },
} as const satisfies Record<StageCode, { name: string; now: string }>;

export const blocker = {
  ...host.blocker,
  factory_answer: "Waiting for {host} to answer",
  factory_builds: "{host} is building this image and sends nothing meanwhile",
  bytes: "Waiting for bytes from {host}",
  same_file: "Another download of the same file goes first",
  retry: "Trying again in {seconds} s: {reason}",
  qemu_greeting: "Waiting for QEMU to answer",
  first_output: "Waiting for the machine's first words",
  guest_shutdown: "The power button was pressed. Waiting for the machine to switch off",
  process_end: "Waiting for QEMU to end",
} as const satisfies Words<BlockerCode>;

/** How long it may take, where that is known and not obvious. */
export const blockerUsual = {
  factory_builds: "up to 20 min for a new mix",
} as const satisfies Partial<Words<BlockerCode>>;

export const state = {
  stopped: "Stopped",
  preparing: "Preparing",
  starting: "Starting",
  running: "Running",
  stopping: "Stopping",
} as const satisfies Words<MachineView["state"]>;

/** Where a machine's state alone would say too little. */
export const machineWord = { failed: "Did not start", panic: "Crashed" } as const;

export const boot = {
  silent: "Nothing on its console yet",
  firmware: "The firmware looks for something to start",
  kernel: "Linux is starting",
  talos: "Talos is starting",
  maintenance: "Waits for its settings at {address}",
  panic: "{line}",
} as const satisfies Words<BootStage>;

export const deny = {
  not_running: "It is off.",
  still_running: "It is running.",
  stopping: "It is being stopped.",
  starting: "It is being started.",
  image_not_ready: "Its image is not complete.",
  arch_not_runnable: "Its architecture does not run here.",
  deleting: "It is being deleted.",
} as const satisfies Words<DenyReason>;

export const rung = {
  acpi: "The power button was pressed",
  quit: "QEMU was asked to end",
  terminate: "QEMU was told to end",
  kill: "QEMU is being ended",
} as const satisfies Words<StopRung>;

/** What happens when the time is up. */
export const rungNext = {
  acpi: "asked harder in {time}",
  quit: "told to end in {time}",
  terminate: "ended by force in {time}",
  kill: "ending at any moment",
} as const satisfies Words<StopRung>;

export const rungDone = {
  acpi: "Switched off by you",
  quit: "Ended by you, after the power button went unanswered",
  terminate: "Ended by you, after QEMU did not listen",
  kill: "Forced off by you",
} as const satisfies Words<StopRung>;

export const exit = {
  never_started: "Never started",
  guest_shutdown: "It switched itself off",
  earlier: "Off",
  gone_while_away: "It ended while Crete was closed",
  stopped: "Switched off",
  start_failed: "Did not start: {cause}",
  qemu_exited: "QEMU ended by itself ({how})",
} as const satisfies Words<ExitReason["reason"]>;

export const exitHow = { status: "status {n}", signal: "signal {n}" } as const;

export const notice = {
  adopted: "Found running and taken back: {names}",
  settings_restored: "The settings could not be read. The last good copy is used.",
} as const satisfies Words<StartNotice["kind"]>;
