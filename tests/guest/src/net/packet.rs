//! UDP in IPv4 in Ethernet, from a link that has no address yet.

use std::net::Ipv4Addr;

const ETHERNET: usize = 14;
const IP: usize = 20;
const UDP: usize = 8;
const UDP_PROTOCOL: u8 = 17;

/// A frame to everybody on the link, from nobody in particular.
#[must_use]
pub fn broadcast_frame(mac: [u8; 6], from: u16, to: u16, payload: &[u8]) -> Vec<u8> {
    let (source, target) = (Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST);
    let udp_length = u16::try_from(UDP + payload.len()).unwrap_or(u16::MAX);
    let mut udp = Vec::with_capacity(UDP + payload.len());
    for field in [from, to, udp_length, 0] {
        udp.extend_from_slice(&field.to_be_bytes());
    }
    udp.extend_from_slice(payload);
    let pseudo = [
        source.octets().as_slice(),
        &target.octets(),
        &[0, UDP_PROTOCOL],
        &udp_length.to_be_bytes(),
        &udp,
    ]
    .concat();
    // Zero would mean that there is no sum.
    let sum = match checksum(&pseudo) {
        0 => u16::MAX,
        sum => sum,
    };
    udp[6..8].copy_from_slice(&sum.to_be_bytes());
    [
        [0xFF; 6].as_slice(),
        &mac,
        &[0x08, 0x00],
        &ip_header(source, target, udp.len()),
        &udp,
    ]
    .concat()
}

fn ip_header(source: Ipv4Addr, target: Ipv4Addr, payload: usize) -> [u8; IP] {
    let length = u16::try_from(IP + payload).unwrap_or(u16::MAX);
    let mut header = [0; IP];
    header[0] = 0x45;
    header[2..4].copy_from_slice(&length.to_be_bytes());
    header[8] = 64;
    header[9] = UDP_PROTOCOL;
    header[12..16].copy_from_slice(&source.octets());
    header[16..20].copy_from_slice(&target.octets());
    let sum = checksum(&header);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
    header
}

/// "This address is mine": a request for itself, which everybody on the link hears.
#[must_use]
pub fn gratuitous_arp(mac: [u8; 6], address: Ipv4Addr) -> Vec<u8> {
    let ip = address.octets();
    [
        [0xFF; 6].as_slice(),
        &mac,
        // ARP; Ethernet and IPv4 with their lengths; a request.
        &[0x08, 0x06, 0, 1, 0x08, 0x00, 6, 4, 0, 1],
        &mac,
        &ip,
        &[0; 6],
        &ip,
    ]
    .concat()
}

/// The payload of a frame that is whole UDP for a port; the card or the host checked its sums.
#[must_use]
pub fn udp_payload(frame: &[u8], port: u16) -> Option<&[u8]> {
    let packet = frame.get(ETHERNET..)?;
    if frame[12..14] != [0x08, 0x00] {
        return None;
    }
    let header: &[u8; IP] = packet.first_chunk()?;
    let header_length = usize::from(header[0] & 0xF) * 4;
    let total = usize::from(u16::from_be_bytes([header[2], header[3]]));
    let fragment = u16::from_be_bytes([header[6], header[7]]) & 0x3FFF;
    if header[0] >> 4 != 4 || header_length < IP || header[9] != UDP_PROTOCOL || fragment != 0 {
        return None;
    }
    let udp = packet.get(header_length..total)?;
    let head: &[u8; UDP] = udp.first_chunk()?;
    let length = usize::from(u16::from_be_bytes([head[4], head[5]]));
    (head[2..4] == port.to_be_bytes())
        .then(|| udp.get(UDP..length))
        .flatten()
}

/// The ones' complement sum of the Internet protocols.
fn checksum(bytes: &[u8]) -> u16 {
    let sum: u64 = bytes
        .chunks(2)
        .map(|pair| u64::from(pair[0]) << 8 | u64::from(pair.get(1).copied().unwrap_or(0)))
        .sum();
    let mut folded = sum;
    while folded > 0xFFFF {
        folded = (folded & 0xFFFF) + (folded >> 16);
    }
    !u16::try_from(folded).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sums_are_those_of_the_standard() {
        // The example of RFC 1071: the sum is ddf2, this is its complement.
        let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(checksum(&bytes), !0xddf2);
        let frame = broadcast_frame([2; 6], 68, 67, b"hello");
        assert_eq!(checksum(&frame[ETHERNET..ETHERNET + IP]), 0);
    }

    #[test]
    fn who_tells_an_address_asks_for_it() {
        let frame = gratuitous_arp([2, 0, 0, 0, 0, 7], Ipv4Addr::new(10, 0, 2, 50));
        assert_eq!(frame.len(), 42);
        assert_eq!(frame[..6], [0xFF; 6]);
        assert_eq!(frame[12..22], [8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
        // Sender and target are the same address.
        assert_eq!(frame[28..32], [10, 0, 2, 50]);
        assert_eq!(frame[38..42], [10, 0, 2, 50]);
    }

    proptest! {
        #[test]
        fn a_payload_comes_back(payload in proptest::collection::vec(any::<u8>(), 0..400), padding in 0usize..60) {
            let mut frame = broadcast_frame([2; 6], 67, 68, &payload);
            // Short frames are padded on the wire.
            frame.resize(frame.len() + padding, 0);
            prop_assert_eq!(udp_payload(&frame, 68), Some(payload.as_slice()));
            prop_assert_eq!(udp_payload(&frame, 67), None);
        }

        #[test]
        fn no_frame_panics(frame in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = udp_payload(&frame, 68);
        }

        #[test]
        fn a_cut_frame_is_none(cut in 0usize..50) {
            let frame = broadcast_frame([2; 6], 67, 68, b"12345678");
            prop_assert_eq!(udp_payload(&frame[..cut.min(frame.len() - 1)], 68), None);
        }
    }
}
