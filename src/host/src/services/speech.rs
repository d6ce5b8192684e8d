//! The first words of mail relays, proxies and time servers.

use std::io::{self, Read, Write};

use super::Trouble;

/// Longest answer that is read, in bytes.
const LONGEST: usize = 8192;
/// Seconds from 1900 to 1970.
const EPOCH: u64 = 2_208_988_800;

/// What a relay offers after its greeting (RFC 5321); nothing is sent but EHLO and QUIT.
pub(super) fn smtp<S: Read + Write>(stream: &mut S) -> io::Result<Vec<String>> {
    reply(stream, "220")?;
    stream.write_all(b"EHLO bridle.invalid\r\n")?;
    let offers = reply(stream, "250")?;
    // It has answered; how it says good-bye does not matter.
    let _ = stream.write_all(b"QUIT\r\n");
    Ok(offers)
}

/// The status of a proxy's answer to CONNECT with an address that nobody has (RFC 5737).
pub(super) fn connect<S: Read + Write>(stream: &mut S) -> io::Result<u16> {
    stream.write_all(b"CONNECT 192.0.2.1:443 HTTP/1.1\r\nHost: 192.0.2.1:443\r\n\r\n")?;
    let first = line(stream, &mut 0)?;
    let status = first.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1)?.parse().ok());
    status.ok_or_else(|| odd(&first))
}

/// The time that a time server says, in milliseconds since 1970 (RFC 5905; the era that began in 1900 ends in 2036).
pub(super) fn ntp_time(answer: &[u8]) -> Result<u64, String> {
    if answer.len() < 48 || answer[0] & 7 != 4 {
        return Err(format!("{} bytes", answer.len()));
    }
    if answer[1] == 0 {
        // A kiss of death: four letters say why.
        return Err(answer[12..16].iter().filter(|b| b.is_ascii_alphanumeric()).map(|b| char::from(*b)).collect());
    }
    let number =
        |at: usize| u64::from(u32::from_be_bytes([answer[at], answer[at + 1], answer[at + 2], answer[at + 3]]));
    let seconds = number(40);
    let seconds = if seconds < EPOCH { seconds + (1 << 32) } else { seconds };
    Ok((seconds - EPOCH) * 1000 + number(44) * 1000 / (1 << 32))
}

/// An error of the stream, or what was said instead of the protocol.
pub(super) fn trouble(error: io::Error) -> Trouble {
    match error.kind() {
        io::ErrorKind::InvalidData => Trouble::Odd(error.to_string()),
        _ => Trouble::Io(error),
    }
}

/// The lines of one reply, without their code.
fn reply<S: Read>(stream: &mut S, wanted: &str) -> io::Result<Vec<String>> {
    let (mut lines, mut read) = (Vec::new(), 0);
    loop {
        let line = line(stream, &mut read)?;
        let rest = line.strip_prefix(wanted).ok_or_else(|| odd(&line))?;
        lines.push(rest.get(1..).unwrap_or_default().to_owned());
        if !rest.starts_with('-') {
            return Ok(lines);
        }
    }
}

fn line<S: Read>(stream: &mut S, read: &mut usize) -> io::Result<String> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    loop {
        stream.read_exact(&mut byte)?;
        *read += 1;
        if byte[0] == b'\n' || *read > LONGEST {
            break;
        }
        bytes.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
}

fn odd(said: &str) -> io::Error {
    let said: String = said.chars().filter(|c| !c.is_control()).take(80).collect();
    io::Error::new(io::ErrorKind::InvalidData, said)
}
