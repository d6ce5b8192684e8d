//! Names to addresses by the name servers themselves: a static program has no other way (RFC 1035, the little that is needed).

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

/// The server will not answer us.
pub(super) const REFUSED: u8 = 5;
const ADDRESS: u16 = 1;
const NAME_SERVER: u16 = 2;

/// The servers that `/etc/resolv.conf` names, at most three.
pub(super) fn servers(text: &str) -> Vec<IpAddr> {
    let named = text.lines().filter_map(|line| line.strip_prefix("nameserver")?.trim().parse().ok());
    named.take(3).collect()
}

/// The answer code of a server to the plainest of all questions: who serves the root.
pub(super) fn code(server: SocketAddr, limit: Duration) -> io::Result<u8> {
    exchange(server, "", NAME_SERVER, limit).map(|answer| answer[3] & 0x0f)
}

/// The first IPv4 address of `host`: itself, one of `hosts`, or what a server says.
pub(super) fn address(host: &str, servers: &[IpAddr], hosts: &str, limit: Duration) -> Option<IpAddr> {
    if let Ok(address) = host.parse() {
        return Some(address);
    }
    let listed = hosts.lines().find_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let address = words.next()?.parse().ok()?;
        words.any(|name| name.eq_ignore_ascii_case(host)).then_some(address)
    });
    listed.or_else(|| {
        servers.iter().find_map(|server| {
            let answer = exchange(SocketAddr::new(*server, 53), host, ADDRESS, limit).ok()?;
            first_address(&answer).map(IpAddr::V4)
        })
    })
}

fn exchange(server: SocketAddr, name: &str, kind: u16, limit: Duration) -> io::Result<Vec<u8>> {
    let socket = UdpSocket::bind(if server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" })?;
    socket.connect(server)?; // answers of others are dropped by the kernel
    socket.set_read_timeout(Some(limit))?;
    let id = socket.local_addr()?.port();
    socket.send(&question(id, name, kind))?;
    let mut answer = vec![0; 1500];
    let length = socket.recv(&mut answer)?;
    answer.truncate(length);
    if length < 12 || answer[..2] != id.to_be_bytes() || answer[2] & 0x80 == 0 {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "no answer of a name server"));
    }
    Ok(answer)
}

fn question(id: u16, name: &str, kind: u16) -> Vec<u8> {
    let mut bytes = id.to_be_bytes().to_vec();
    bytes.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]); // please ask others, one question
    for label in name.split('.').filter(|label| !label.is_empty()) {
        bytes.push(u8::try_from(label.len().min(63)).unwrap_or(63));
        bytes.extend(label.bytes().take(63));
    }
    bytes.push(0);
    bytes.extend(kind.to_be_bytes());
    bytes.extend(1_u16.to_be_bytes());
    bytes
}

/// The first address among the answers; aliases before it are passed over.
fn first_address(answer: &[u8]) -> Option<Ipv4Addr> {
    let number = |at: usize| Some(u16::from_be_bytes([*answer.get(at)?, *answer.get(at + 1)?]));
    let (questions, answers) = (number(4)?, number(6)?);
    let mut at = 12;
    for _ in 0..questions.min(4) {
        at = behind_name(answer, at)? + 4;
    }
    for _ in 0..answers.min(64) {
        at = behind_name(answer, at)?;
        let (kind, length) = (number(at)?, usize::from(number(at + 8)?));
        let data = answer.get(at + 10..at + 10 + length)?;
        if kind == ADDRESS && length == 4 {
            return Some(Ipv4Addr::new(data[0], data[1], data[2], data[3]));
        }
        at += 10 + length;
    }
    None
}

fn behind_name(answer: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *answer.get(at)? {
            0 => return Some(at + 1),
            length if length & 0xc0 == 0xc0 => return Some(at + 2),
            length => at += 1 + usize::from(length),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_behind_aliases_and_no_bytes_make_it_panic() {
        let mut answer = question(7, "mail.campus.example", ADDRESS);
        answer[2] = 0x81;
        answer[7] = 2;
        answer.extend([0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 4, 1, b'x', 0xc0, 12]);
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 25]);
        assert_eq!(first_address(&answer), Some(Ipv4Addr::new(192, 0, 2, 25)));
        for length in 0..answer.len() {
            assert_eq!(first_address(&answer[..length]), None);
        }
        for at in 0..answer.len() {
            for byte in [0, 0x3f, 0xc0, 0xff] {
                let mut wicked = answer.clone();
                wicked[at] = byte;
                let _ = first_address(&wicked);
            }
        }
    }

    #[test]
    fn the_file_of_hosts_goes_before_the_servers() {
        let hosts = "127.0.0.1 localhost\n192.0.2.7 mail.campus.example Mail # old\n";
        let found = |host| address(host, &[], hosts, Duration::from_millis(1));
        assert_eq!(found("mail").map(|one| one.to_string()).as_deref(), Some("192.0.2.7"));
        assert_eq!(found("192.0.2.9").map(|one| one.to_string()).as_deref(), Some("192.0.2.9"));
        assert_eq!(found("old"), None);
        assert_eq!(servers("search x\nnameserver 192.0.2.53\nnameserver\t192.0.2.54\nnameserver x\n").len(), 2);
    }
}
