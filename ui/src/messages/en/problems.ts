/** Sentences for what can go wrong, and for what can be done about it. */
import * as host from "./host";
import * as talos from "./talos";
import type { ErrorCode, FieldCode, Remedy, StrainCode } from "../../platform/generated/api";

type Words<K extends string> = Record<K, string>;

/** `title` stands alone, `cause` follows "… could not start:", `why` explains, `safe` calms. */
export const problem = {
  ...host.problem,
  ...talos.problem,
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
  factory_silent: {
    title: "{host} says nothing",
    cause: "{host} says nothing",
    why: "A connection was made, but nothing came back for {seconds} s.",
    safe: "What you chose is kept.",
  },
  offline: {
    title: "This computer has no network",
    cause: "this computer has no network",
    why: "There is no way to {host} from here.",
    safe: "What you chose is kept.",
  },
  certificate_issuer: {
    title: "The certificate of {host} is not trusted",
    cause: "its certificate is not trusted",
    why: "It was issued by {issuer}, whom this computer does not know. Companies that look into TLS do this.",
    safe: "Nothing was sent.",
  },
  certificate_expired: {
    title: "The certificate of {host} has run out",
    cause: "its certificate has run out",
    why: "Its time is over, or this computer's clock is ahead.",
    safe: "Nothing was sent.",
  },
  certificate_not_yet_valid: {
    title: "The certificate of {host} is not valid yet",
    cause: "its certificate is not valid yet",
    why: "Its time has not begun, or this computer's clock is behind.",
    safe: "Nothing was sent.",
  },
  certificate_name: {
    title: "The certificate is not for {host}",
    cause: "its certificate is for another name",
    why: "It is for {names}. A network may have answered in place of {host}.",
    safe: "Nothing was sent.",
  },
  not_tls: {
    title: "{host} speaks no TLS",
    cause: "{host} speaks no TLS",
    why: "Something answers there, but not securely. The address may need http:// or another port.",
    safe: "Nothing was sent.",
  },
  insecure_redirect: {
    title: "{host} leads to an insecure address",
    cause: "{host} leads to an insecure address",
    why: "It sends on to {to} without TLS. Crete does not follow.",
    safe: "Nothing was downloaded.",
  },
  proxy_unreachable: {
    title: "The proxy does not answer",
    cause: "the proxy does not answer",
    why: "No connection to {proxy} could be made.",
    safe: "What you chose is kept.",
  },
  proxy_sign_in: {
    title: "The proxy wants a name and a password",
    cause: "the proxy wants a name and a password",
    why: "{proxy} lets nobody through without them. They belong into its address in Settings.",
    safe: "What you chose is kept.",
  },
  proxy_refuses: {
    title: "The proxy does not let this through",
    cause: "the proxy does not let it through",
    why: "{proxy} refused to pass the request on.",
    safe: "What you chose is kept.",
  },
  not_a_proxy: {
    title: "{proxy} is no proxy",
    cause: "{proxy} is no proxy",
    why: "Something answers there, but not as a proxy does.",
    safe: "What you chose is kept.",
  },
  captive_portal: {
    title: "This network wants you to sign in",
    cause: "the network wants you to sign in",
    why: "{portal} answered in place of {host}: {title}",
    safe: "What you chose is kept.",
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
  extension_not_there: {
    title: "This version does not have an extension",
    cause: "an extension is not in this version",
    why: "Extensions: Talos {version} has no {name}. Take it away, or choose another version.",
    safe: "What you chose is kept.",
  },
  overlay_not_there: {
    title: "This version does not have the board's files",
    cause: "the board is not in this version",
    why: "Board: Talos {version} has no overlay {name}. Choose another version.",
    safe: "What you chose is kept.",
  },
  version_not_there: {
    title: "The factory does not have this version",
    cause: "the factory does not have this version",
    why: "Version: {version} is not available. Choose another one.",
    safe: "What you chose is kept.",
  },
  answer_refused: {
    title: "The factory refused one of the answers",
    cause: "the factory refused one of the answers",
    why: "{field}: {text}",
    safe: "What you chose is kept.",
  },
  factory_internal: {
    title: "The factory had an internal error",
    cause: "the factory had an internal error",
    why: "{host} offers this version with these extensions, and still failed. It is not your answers.",
    safe: "What you chose is kept.",
  },
  factory_asks_to_wait: {
    title: "{host} asks to come back later",
    cause: "{host} asks to come back later",
    why: "It has too much to do and named {seconds} s.",
    safe: "What you chose is kept.",
  },
  link_refused: {
    title: "The address of the file is not valid any more",
    cause: "the address of the file is not valid any more",
    why: "{host} answered with status {status}. Such addresses are good for a short time only.",
    safe: "What arrived is kept, and a new address is asked for at the next try.",
  },
  not_the_file: {
    title: "{host} sent something else",
    cause: "{host} sent something else",
    why: "It is not the image that was asked for. {fault}",
    safe: "Nothing of it was kept.",
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
  download_stalled: {
    title: "The download stands still",
    cause: "nothing came any more",
    why: "{received} of {expected} arrived, then nothing for {seconds} s.",
    safe: "What arrived is kept, and the download goes on from there.",
  },
  download_corrupt: {
    title: "The file is not what it should be",
    cause: "the file is not what it should be",
    why: "{path}: {fault}",
    safe: "The file was set aside. No machine starts from it.",
  },
  image_damaged: {
    title: "The image is not what it was",
    cause: "its image is not what it was",
    why: "Its file changed since it was first used. {fault}",
    safe: "The file was set aside. No machine starts from it.",
  },
  image_differs: {
    title: "The factory sent another image than before",
    cause: "the factory sent another image than before",
    why: "The disks of {machines} hold only what differs from the earlier one, so they cannot start from this one.",
    safe: "The new file was set aside. Those disks were not touched.",
  },
  import_refused: {
    title: "This file cannot be imported",
    cause: "it cannot be imported",
    why: "{path}: {fault}",
    safe: "The file was not touched.",
  },
  import_damaged: {
    title: "This file is damaged",
    cause: "it is damaged",
    why: "{path}: {fault}",
    safe: "Your own file was not touched. No machine starts from it.",
  },
  disk_full: {
    title: "The disk is full",
    cause: "the disk is full",
    why: "{path} has {free} left, {needed} are needed.",
    safe: "What arrived is kept.",
  },
  file_exists: {
    title: "There is a file already",
    cause: "there is a file already",
    why: "In its place: {path}",
    safe: "That file was not touched.",
  },
  folder_unusable: {
    title: "This folder cannot be used",
    cause: "the folder cannot be used",
    why: "{path} is no folder that you can write to.",
    safe: "Nothing was begun.",
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
  network_missing: {
    title: "Its network is not there any more",
    cause: "its network is not there any more",
    why: "The network this machine was in was deleted, or its folder was taken away.",
    safe: "The machine and its disk are as they were.",
  },
  network_program_missing: {
    title: "A part of Crete is missing",
    cause: "a part of Crete is missing",
    why: "The program that carries networks is not at {path}.",
    safe: "The machine and its disk are as they were.",
  },
  network_failed: {
    title: "The network {name} does not work",
    cause: "the network {name} does not work",
    why: "Its program does not come up, or does not answer. Its own words are below.",
    safe: "Machines go on without it. Crete tries again by itself.",
  },
  network_in_use: {
    title: "Machines are in this network",
    cause: "machines are in it",
    why: "In it: {machines}. Move them to another network first.",
    safe: "Nothing was deleted.",
  },
  network_is_default: {
    title: "The default network stays",
    cause: "it is the default network",
    why: "Machines are in it for which no other network was chosen.",
    safe: "Nothing was deleted.",
  },
  machines_run: {
    title: "Machines of this network are on",
    cause: "machines of it are on",
    why: "On: {machines}. They would not notice the change. Stop them first.",
    safe: "Nothing was changed.",
  },
  no_subnet_free: {
    title: "No addresses are left",
    cause: "no addresses are left",
    why: "Every range for networks of your own is used on this computer. Delete a network, or leave a VPN.",
    safe: "Nothing was changed.",
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

/** What is wrong with a file; a value of the sentences above. */
export const fault = {
  web_page: "It is a web page.",
  other_kind: "It is another kind of file.",
  cut_off: "Its end is missing.",
  other_length: "It has another length than announced.",
  packing: "It cannot be unpacked.",
  no_partitions: "It has no partitions, so nothing could start from it.",
  partition_table: "Its partition table is damaged.",
  volume_table: "Its table of contents is damaged.",
  disk_tables: "Its disk tables are damaged.",
  needs_other: "It is only a difference to another file.",
  encrypted: "It is encrypted.",
  marked_damaged: "QEMU marked it as damaged.",
  newer: "It is of a later format than Crete knows.",
  other_digest: "Its SHA-256 is not the recorded one.",
} as const;

/** Why a file is none that can be imported; a value of the sentences above too. */
export const importFault = {
  missing: "There is no such file.",
  link: "It is only a link to another file. Choose that one.",
  folder: "It is a folder.",
  special: "It is a device, a pipe or a socket.",
  empty: "It is empty.",
  unknown: "It is neither a CD nor a disk image, packed or not.",
  changed: "It changed while it was read. Wait until its writer is done.",
} as const;

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
  not_a_subnet: "A range such as 10.88.1.0/24 is needed, from /24 to /28.",
  collides: "{with} is in use here already.",
  not_an_address: "This computer has no such address.",
  not_in_subnet: "An address of {subnet} is needed. Both ends of the range are Crete's own.",
  not_exposed: "Others could come in there. Choose that first.",
  in_use: "It is taken by {owner}.",
} as const satisfies Words<FieldCode>;

/** What sizes ask too much of, with the figures. */
export const strain = {
  memory_short: "It needs {needed} of memory, and {free} are free now.",
  memory_promised:
    "Machines that run may still take {promised}. If all do, {over} are missing and this computer slows down.",
  memory_pressure:
    "Programs wait for memory {percent} % of the time already. One machine more makes that worse.",
  processors: "Machines share {cpus} processors among {vcpus} of their own, so each gets less.",
  disk_short: "The disk starts small, but may grow to {size}; {free} are free.",
  disk_promised:
    "The disks of all machines may grow by {promised} together; {free} are free. Full disks stop machines.",
} as const satisfies Words<StrainCode>;

export const remedy = {
  ...host.hostRemedy,
  ...talos.remedy,
  retry: "Try again",
  enter_practice: "Practice without internet",
  sign_in_to_network: "Open any page in a browser and sign in to the network.",
  add_certificate: "Give Settings the certificate of {issuer} as a file.",
  check_clock: "Set this computer's clock right.",
  open_settings: "Open settings",
  open_host_check: "Look at this computer",
  free_space: "Free some space in {path}.",
  run_command: "Run this command:",
  use_less_memory: "Stop other programs or machines, or give this one less memory.",
  choose_network: "Move the machine to another network, on the page of the machine.",
  install_again: "Install Crete again.",
  download_again: "Download again",
  choose_another: "Choose another file.",
  open_folder: "Look into {path}.",
  report: "This should not happen. Tell the makers, with the exact words below.",
} as const satisfies Words<Remedy["kind"]>;
