//! A machine that prints lines as fast as its serial port takes them, without a system: a program
//! for UEFI that stops the clock, so that nobody ends it, and writes to the port. Pure.

/// Printed in each line before its number.
const BEFORE: &[u8; 28] = b"[    0.000000] [flood] line ";
/// Printed after it.
const AFTER: &[u8; 42] = b" of many, as long as a kernel's often is\r\n";

/// The program: no interrupts, then for ever BEFORE, eight hexadecimal digits, AFTER. Each letter
/// waits until the port has taken the one before. The two texts follow the code.
#[rustfmt::skip]
const CODE: [u8; 99] = [
    0xFA,                                           // cli
    0x31, 0xDB,                                     // xor  ebx, ebx
    0x48, 0x8D, 0x35, 0x59, 0, 0, 0,                // line: lea rsi, [before]
    0xB9, 28, 0, 0, 0,                              // mov  ecx, 28
    0xAC,                                           // lodsb
    0xE8, 0x3B, 0, 0, 0,                            // call put
    0xE2, 0xF8,                                     // loop
    0xB9, 8, 0, 0, 0,                               // mov  ecx, 8
    0x41, 0x89, 0xD8,                               // mov  r8d, ebx
    0x41, 0xC1, 0xC0, 4,                            // rol  r8d, 4
    0x44, 0x89, 0xC0,                               // mov  eax, r8d
    0x83, 0xE0, 15,                                 // and  eax, 15
    0x04, b'0',                                     // add  al, '0'
    0x3C, b'9' + 1,                                 // cmp  al, '9' + 1
    0x72, 0x02,                                     // jb
    0x04, b'a' - b'9' - 1,                          // add  al, 'a' - '9' - 1
    0xE8, 0x1A, 0, 0, 0,                            // call put
    0xE2, 0xE7,                                     // loop
    0x48, 0x8D, 0x35, 0x40, 0, 0, 0,                // lea  rsi, [after]
    0xB9, 42, 0, 0, 0,                              // mov  ecx, 42
    0xAC,                                           // lodsb
    0xE8, 0x06, 0, 0, 0,                            // call put
    0xE2, 0xF8,                                     // loop
    0xFF, 0xC3,                                     // inc  ebx
    0xEB, 0xB3,                                     // jmp  line
    0x88, 0xC4,                                     // put: mov ah, al
    0x66, 0xBA, 0xFD, 0x03,                         // mov  dx, 0x3FD
    0xEC,                                           // in   al, dx
    0xA8, 0x20,                                     // test al, 0x20
    0x74, 0xFB,                                     // jz
    0x88, 0xE0,                                     // mov  al, ah
    0x66, 0xBA, 0xF8, 0x03,                         // mov  dx, 0x3F8
    0xEE,                                           // out  dx, al
    0xC3,                                           // ret
];

const PE: u32 = 0x40;
const OPTIONAL: u16 = 0xF0;
const PAGE: u32 = 0x1000;
const BLOCK: u32 = 0x200;

/// The program as firmware loads it: one section that may be run.
pub fn program() -> Vec<u8> {
    let text = [CODE.as_slice(), BEFORE, AFTER].concat();
    let mut file = vec![0; BLOCK as usize * 2];
    let mut put = |at: u32, bytes: &[u8]| {
        let at = at as usize;
        file[at..at + bytes.len()].copy_from_slice(bytes);
    };
    put(0, b"MZ");
    put(0x3C, &PE.to_le_bytes());
    put(PE, b"PE\0\0");
    let coff = PE + 4;
    put(coff, &0x8664_u16.to_le_bytes());
    put(coff + 2, &1_u16.to_le_bytes());
    put(coff + 16, &OPTIONAL.to_le_bytes());
    // A program, for large addresses.
    put(coff + 18, &0x22_u16.to_le_bytes());
    let optional = coff + 20;
    put(optional, &0x20B_u16.to_le_bytes());
    for (at, value) in [
        (4, BLOCK),     // length of the code
        (16, PAGE),     // where it is entered
        (20, PAGE),     // where it begins
        (32, PAGE),     // alignment in memory
        (36, BLOCK),    // alignment in the file
        (56, 2 * PAGE), // length in memory
        (60, BLOCK),    // length of the head
        (108, 16),      // directories, all of them empty
    ] {
        put(optional + at, &u32::to_le_bytes(value));
    }
    // A program for UEFI.
    put(optional + 68, &10_u16.to_le_bytes());
    let section = optional + u32::from(OPTIONAL);
    put(section, b".text");
    for (at, value) in [
        (8, PAGE),
        (12, PAGE),
        (16, BLOCK),
        (20, BLOCK),
        (36, 0x6000_0020),
    ] {
        put(section + at, &u32::to_le_bytes(value));
    }
    put(BLOCK, &text);
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both texts are found by their distance from the instruction that loads their place.
    #[test]
    fn the_code_points_at_its_texts() {
        let program = program();
        let text = &program[BLOCK as usize..];
        for (after, wanted) in [(10, &BEFORE[..]), (63, &AFTER[..])] {
            let distance = u32::from_le_bytes(*text[after - 4..].first_chunk().unwrap());
            let place = after + distance as usize;
            assert_eq!(&text[place..place + wanted.len()], wanted);
        }
    }
}
