/** English for this computer: checks, causes, what can be done, and changes made with permission. */
import type {
  BlockerCode,
  CauseCode,
  CheckCode,
  ErrorCode,
  FixCode,
  Hypervisor,
  JobRequest,
  Remedy,
  StageCode,
} from "../../platform/generated/api";

type Words<K extends string> = Record<K, string>;

/** `ok` and `not` are titles, `name` stands where neither is known, `value` stands at the right where it is good, `without` is the price. */
export const check = {
  cpu_level: {
    name: "Processor",
    ok: "The processor is new enough",
    not: "The processor is older than Talos needs",
    note: "x86-64-v2 or newer",
    value: "{model}, {level}",
    without:
      "Machines get an emulated processor: they work, and take minutes where seconds would do.",
  },
  kvm: {
    name: "Virtualization (KVM)",
    ok: "The processor can run virtual machines",
    not: "Virtual machines cannot use the processor",
    note: "KVM",
    value: "full speed",
    without: "Machines are emulated: they work, and take minutes where seconds would do.",
  },
  qemu: {
    name: "QEMU",
    ok: "QEMU is installed",
    not: "QEMU cannot be used",
    note: "the program that runs the machines",
    value: "{version}",
    without: "No machine can start.",
  },
  qemu_img: {
    name: "Disk tool (qemu-img)",
    ok: "The disk tool is installed",
    not: "The disk tool cannot be used",
    note: "qemu-img",
    value: "{version}",
    without: "No machine can get a disk.",
  },
  firmware: {
    name: "Firmware (UEFI)",
    ok: "Firmware for machines is present",
    not: "Firmware for machines is missing",
    note: "UEFI",
    value: "{path}",
    without: "No machine can start.",
  },
  memory: {
    name: "Memory",
    ok: "There is enough memory",
    not: "There is little memory",
    note: "3 GiB free is plenty to begin",
    value: "{free} of {total} free",
    without: "Machines are refused, or the computer becomes slow.",
  },
  disk: {
    name: "Disk space",
    ok: "There is enough disk space",
    not: "There is little disk space",
    note: "12 GiB free is plenty to begin",
    value: "{free} free",
    without: "Downloads and machines stop when the disk is full.",
  },
  environment: {
    name: "Surroundings",
    ok: "Where Crete runs",
    not: "Where Crete runs could not be found out",
    note: "computer, virtual machine or sandbox",
    value: "directly on this computer",
    without: "Nothing stops. Advice may not fit this computer.",
  },
} as const satisfies Record<
  CheckCode,
  { name: string; ok: string; not: string; note: string; value: string; without: string }
>;

/** What is the matter, short enough for a title. */
export const causeTitle = {
  fine: "Nothing is wrong",
  cut_off: "No answer within {seconds} s",
  cannot_tell: "It could not be found out",
  cpu_too_old: "This processor is older than Talos needs",
  no_cpu_flag: "Virtualization is off, or the processor has none",
  disabled_in_firmware: "Virtualization is switched off in the firmware",
  inside_virtual_machine: "{hypervisor} does not pass virtualization on",
  no_hypervisor_mode: "Linux was started without virtualization",
  module_not_loaded: "The kernel module {module} is not loaded",
  module_blacklisted: "This computer was told not to load {module}",
  module_forbidden: "The boot loader keeps {module} out",
  kernel_without_kvm: "This kernel has no KVM",
  device_missing: "There is no /dev/kvm",
  container_without_kvm: "The container was not given /dev/kvm",
  flatpak_without_kvm: "The Flatpak was not given /dev/kvm",
  snap_without_kvm: "The Snap may not use KVM yet",
  no_permission: "You are not allowed to use KVM yet",
  group_missing: "Nobody but the administrator may use KVM",
  device_closed: "/dev/kvm is closed",
  log_in_again: "Log out once, then you may use KVM",
  not_at_screen: "KVM is given to {holder}, who is at the screen",
  policy_denies: "A security policy keeps KVM closed",
  fake_kvm: "This /dev/kvm is not for ordinary machines",
  busy: "Another program is using the processor",
  busy_program: "{program} is using the processor",
  busy_machine: "{program} is using the processor",
  api_version: "The kernel speaks another version of KVM",
  create_vm_failed: "KVM opens, but makes no machine",
  not_installed: "{program} is not installed",
  hidden_by_sandbox: "{program} is not to be seen from inside the {sandbox}",
  too_old: "{program} {version} is too old",
  no_answer: "{program} does not answer",
  library_missing: "{program} lacks a library",
  does_not_start: "{program} does not start",
  strange_answer: "{program} does not answer as it should",
  qemu_without_kvm: "This QEMU was built without KVM",
  feature_missing: "This QEMU lacks parts that machines need",
  short: "{free} free",
  virtual_machine: "in a virtual machine",
  container: "in a container",
  flatpak: "in a Flatpak",
  snap: "in a Snap",
} as const satisfies Words<CauseCode>;

/** What it means. */
export const cause = {
  fine: "Nothing is wrong.",
  cut_off:
    "The check was cut off after {seconds} s, and the others went on. Something it looked at hangs.",
  cannot_tell: "The system did not tell. What was looked at stands below.",
  cpu_too_old: "{model} is x86-64 level {level}. Talos starts on level 2 and up.",
  no_cpu_flag:
    "The processor does not offer virtualization. Mostly it is switched off in the computer's firmware; very old processors have none.",
  disabled_in_firmware:
    "The processor has virtualization, and the kernel says that the firmware keeps it off.",
  inside_virtual_machine:
    "This is itself a virtual machine ({hypervisor}), and gets no virtualization of its own.",
  no_hypervisor_mode:
    "On arm64, KVM works only where the firmware starts Linux in hypervisor mode (EL2). Here it did not.",
  module_not_loaded:
    "The processor has virtualization, but the part of Linux that uses it is not loaded.",
  module_blacklisted: "The file {path} says so: {line}. Often that was done for VirtualBox.",
  module_forbidden: "The kernel was started with {argument}.",
  kernel_without_kvm: "The running kernel, {kernel}, was built without KVM.",
  device_missing:
    "{module} is part of the kernel, yet the device is not there. The firmware may keep virtualization off.",
  container_without_kvm:
    "Crete runs in a container ({container}). The computer around it has KVM, but did not hand the device in.",
  flatpak_without_kvm: "Crete runs as the Flatpak {app}, whose sandbox hides the device.",
  snap_without_kvm: "Crete runs as the Snap {snap}, whose plug for KVM is not connected.",
  no_permission:
    "Linux has the fast path for virtual machines, but keeps it closed for {user}, who is not in the group {group}.",
  group_missing:
    "The device belongs to root alone, and there is no group {group} that could open it.",
  device_closed:
    "The device belongs to the group {group} with the permissions {mode}, which is not how Linux sets it up. {user} is kept out.",
  log_in_again:
    "{user} is in the group {group} now, but this login began before. It counts from the next login.",
  not_at_screen:
    "The desktop gives the device to whoever is at the screen. {user} came in another way and is not in the group {group}.",
  policy_denies: "The permissions allow it, but a security module does not ({policy}).",
  fake_kvm:
    "The device is there without support of the processor ({module}): it is made for guests with a special kernel.",
  busy: "Only one program at a time can use hardware virtualization this way. Which one it is could not be seen.",
  busy_program:
    "Only one program at a time can use hardware virtualization this way, and {program} holds it.",
  busy_machine:
    "Only one program at a time can use hardware virtualization this way. {program} holds it, for its machine “{machine}”.",
  api_version: "Version {version} is not the one that every kernel since 2007 speaks.",
  create_vm_failed: "The kernel refused to create a machine (error {errno}).",
  not_installed: "It was not found where programs are.",
  hidden_by_sandbox:
    "Programs of the system are hidden from a {sandbox}, and this one does not bring its own.",
  too_old: "{needed} or newer is needed.",
  no_answer: "It was asked for its version and ended after {seconds} s without a word.",
  library_missing: "{library} is not there. Mostly an update was left half done.",
  does_not_start: "It ended with an error instead of saying its version. Its words stand below.",
  strange_answer: "It was asked for its version and said something else.",
  qemu_without_kvm: "{path} ({version}) can only emulate.",
  feature_missing: "{path} ({version}) does not know: {missing}.",
  short: "{needed} free are wanted.",
  virtual_machine: "Crete runs in a virtual machine ({hypervisor}).",
  container: "Crete runs in a container ({container}). What is installed in it counts.",
  flatpak: "Crete runs as the Flatpak {app}. Programs of the system are hidden from it.",
  snap: "Crete runs as the Snap {snap}. Programs of the system are hidden from it.",
} as const satisfies Words<CauseCode>;

/** How each hypervisor passes virtualization on. */
export const nested = {
  kvm: "On the computer outside, give this machine the processor model “host-passthrough” and switch the kernel module's parameter “nested” on.",
  qemu: "On the computer outside, start this machine with KVM and the processor model “host”.",
  vmware:
    "Shut this machine down and tick “Virtualize Intel VT-x/EPT or AMD-V/RVI” in its processor settings.",
  virtualbox:
    "Shut this machine down and tick “Enable Nested VT-x/AMD-V” in its processor settings.",
  hyper_v:
    "Shut this machine down and run in PowerShell: Set-VMProcessor -VMName NAME -ExposeVirtualizationExtensions $true",
  wsl: "Write nestedVirtualization=true under [wsl2] in .wslconfig, then run wsl --shutdown.",
  xen: "Switch nested virtualization on in this machine's settings: nestedhvm=1.",
  parallels:
    "Shut this machine down and tick “Enable nested virtualization” in its processor settings.",
  apple: "This works from an M3 processor and macOS 15 on, where the program outside offers it.",
  cloud:
    "Choose a rented computer with nested virtualization, or one without a hypervisor (bare metal).",
  other: "Switch nested virtualization on in the settings of the program outside.",
} as const satisfies Words<Hypervisor>;

/** What can be done about this computer. The others are everybody's. */
export const hostRemedy = {
  fix: "Crete can do this with the administrator's permission.",
  go_on_emulated: "Go on without: machines run, slowly.",
  install_yourself: "Install {name} with the tools of this system.",
  ask_for_policy: "Let whoever looks after this computer's security policy allow /dev/kvm.",
  ask_for_group: "Let whoever looks after this computer add you to the group {group}.",
  log_in_again: "Log out of the desktop once and in again.",
  log_in_at_screen: "Or log in at the computer's own screen.",
  enable_in_firmware:
    "Restart, enter the firmware settings (often F2 or Del) and switch on: {setting}.",
  enable_nested: "Switch nested virtualization on in the settings of the program outside.",
  remove_line: "For good: remove this line from {path}, then restart: {line}",
  remove_kernel_argument:
    "For good: remove {argument} from the boot loader's settings, then restart.",
  use_another_kernel: "Start the distribution's own kernel.",
  restart_computer: "Restart the computer.",
  pass_device: "Start the container with the device: --device {device}",
  leave_sandbox: "Install Crete as a package of the system instead.",
  upgrade_system: "This release stops at an older one. Upgrade to {release} or newer.",
  stop_program: "Shut its machine down in {name}; saving its state is enough. Crete notices.",
  stop_other_hypervisor: "Shut down what else runs virtual machines. Crete notices.",
} as const satisfies Partial<Words<Remedy["kind"]>>;

/** What a change does. */
export const fix = {
  install_packages: "Installs what is missing or broken, with the package tool of this system.",
  load_module: "Loads the kernel module {module} until the next restart.",
  join_group: "Adds {user} to the group {group}. It counts from the next login.",
  join_group_and_open:
    "Adds {user} to the group {group} and opens the device for this session. No need to log out.",
  open_device: "Opens the device for {user} until the next restart. No need to log out.",
} as const satisfies Words<FixCode>;

/** Words of the page itself. */
export const host = {
  title: "This computer",
  lead: "Crete looked whether this computer can run virtual machines. Nothing was changed.",
  again: "Check again",
  checking: "Checking",
  checked: "Checked at {time}",
  list: "Checks",
  passed: "{n} of {total} are good",
  looked: "What was looked at",
  means: "What it means",
  without: "Without it",
  orElse: "What to do",
  sameFix: "The fix above does this too.",
  exactly: "Exactly what runs, with your permission",
  exactlyByHand: "Run this in a terminal, as the administrator. Crete notices when it is done.",
  asked: {
    one: "The desktop asks for the administrator's password once.",
    other:
      "The desktop asks for the administrator's password, up to once for each of the {n} lines.",
  },
  noEmulation: "No machine can start: this QEMU cannot emulate.",
  undo: "To undo it later",
  fixIt: "Fix it for me",
  myself: "I will do it myself",
  forMe: "Let Crete do it",
  noPkexec: "Crete cannot ask for the administrator's password here: pkexec is not installed.",
  needsFix: "Needs a fix",
  limited: "Limited",
  done: "Done. Crete looked again.",
  doneStill: "Done, and Crete looked again: it is not enough yet.",
  log: "What it said",
  command: "Command for {name}",
  canRun: "What this computer can run now",
  oneMachine: "One machine",
  several: "{n} machines",
  cannot: "not now",
  canRunHint: "Crete suggests leaving {kept} for your other programs.",
  never: "What Crete never does",
  neverText:
    "It does not run as root, open your firewall or change your network. Machines live in your home folder.",
} as const;

export const job = { fix_host: "Change this computer" } as const satisfies Words<
  Extract<JobRequest["kind"], "fix_host">
>;
export const jobFailed = { fix_host: "This computer was not changed: {cause}" } as const;
export const jobDone = { fix_host: "This computer was changed" } as const;

export const stage = {
  change: { name: "Change", now: "Running" },
  recheck: { name: "Look again", now: "Looking again" },
} as const satisfies Record<
  Extract<StageCode, "change" | "recheck">,
  { name: string; now: string }
>;

export const blocker = {
  password: "Waiting for the administrator's password",
  other_fix: "Waiting for another change of this computer to end",
} as const satisfies Words<Extract<BlockerCode, "password" | "other_fix">>;

type FixProblem = Extract<ErrorCode, `fix_${string}`>;

/** As the problems of the other codes. */
export const problem = {
  fix_not_needed: {
    title: "There is nothing to fix any more",
    cause: "there is nothing to fix any more",
    why: "Crete looked again, and this change is not needed or not possible now.",
    safe: "Nothing was changed.",
  },
  fix_dismissed: {
    title: "The question for the password was closed",
    cause: "the question for the password was closed",
    why: "Without the administrator's permission nothing more is done.",
    safe: "{done} of {commands} commands ran.",
  },
  fix_not_authorised: {
    title: "The permission was not given",
    cause: "the permission was not given",
    why: "The password was wrong, or this account may not act as administrator.",
    safe: "{done} of {commands} commands ran.",
  },
  fix_failed: {
    title: "A command ended badly",
    cause: "a command ended badly",
    why: "{command}: {status}.",
    safe: "{done} of {commands} commands had ended well before.",
  },
  fix_no_pkexec: {
    title: "Crete cannot ask for the administrator's password",
    cause: "there is no pkexec to ask for the password with",
    why: "pkexec shows the desktop's own question for the password. It comes with polkit.",
    safe: "Nothing was changed.",
  },
  fix_no_agent: {
    title: "Nothing on this desktop asks for passwords",
    cause: "nothing on this desktop asks for passwords",
    why: "The desktop's polkit agent, which shows the question, is not running.",
    safe: "{done} of {commands} commands ran.",
  },
} as const satisfies Record<
  FixProblem,
  { title: string; cause: string; why: string; safe: string }
>;
