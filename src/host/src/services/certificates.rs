//! Whether certificates are those of an authority: the basic constraints say so (RFC 5280 §4.2.1.9).

use bridle_core::message::Message;

/// Counts the certificates of a PEM text; each must be one of an authority.
pub(super) fn look(pem: &str) -> Result<Message, Message> {
    let mut count = 0_u32;
    for block in pem.split("-----BEGIN CERTIFICATE-----").skip(1) {
        let body = block.split("-----END").next().unwrap_or_default();
        if !decoded(body).is_some_and(|bytes| may_sign(&bytes)) {
            return Err(Message::new("service-not-authority"));
        }
        count += 1;
    }
    if count == 0 {
        Err(Message::new("service-not-authority"))
    } else {
        Ok(Message::new("service-certificates").with("count", count))
    }
}

/// Looks for the extension: its name, maybe that it is critical, and in it a sequence that begins with TRUE.
fn may_sign(certificate: &[u8]) -> bool {
    const NAME: &[u8] = &[0x06, 0x03, 0x55, 0x1d, 0x13];
    const TRUE: &[u8] = &[0x01, 0x01, 0xff];
    certificate.windows(NAME.len()).enumerate().filter(|(_, window)| *window == NAME).any(|(at, _)| {
        let rest = &certificate[at + NAME.len()..];
        let rest = rest.strip_prefix(TRUE).unwrap_or(rest);
        // OCTET STRING and SEQUENCE with their lengths, both short.
        rest.len() > 7 && rest[0] == 0x04 && rest[2] == 0x30 && rest[4..].starts_with(TRUE)
    })
}

fn decoded(base64: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
    for letter in base64.bytes().filter(|letter| !letter.is_ascii_whitespace() && *letter != b'=') {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        held = held << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    Some(bytes)
}
