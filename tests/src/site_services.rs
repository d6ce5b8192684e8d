//! Services of an institution in small, for hosts of a lab: names, mail and logs, and what each of them was asked.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How soon a server sees that it is to end.
const ATTENTION: Duration = Duration::from_millis(100);
/// Deadline of each line that somebody says.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most that is remembered of each service.
const MOST: usize = 1000;
/// The head of a DNS message (RFC 1035 §4.1.1).
const HEAD: usize = 12;
const TYPE_A: u16 = 1;

/// The services on one address; they end when dropped.
#[derive(Debug)]
pub struct SiteServices {
    stop: Arc<AtomicBool>,
    heard: Arc<Heard>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Heard {
    names: Mutex<Vec<String>>,
    mail: Mutex<Vec<String>>,
    logs: Mutex<Vec<String>>,
}

impl SiteServices {
    /// Starts on the ports 53 (UDP), 25 (TCP) and 514 (UDP) of `address`; `zone` are the names that the name server knows.
    ///
    /// # Errors
    /// An [`io::Error`] if one of the ports cannot be had.
    pub fn start(address: Ipv4Addr, zone: &[(&str, Ipv4Addr)]) -> io::Result<Self> {
        let names = datagrams(address, 53)?;
        let logs = datagrams(address, 514)?;
        let mail = TcpListener::bind((address, 25))?;
        mail.set_nonblocking(true)?;
        let zone: Vec<(String, Ipv4Addr)> = zone.iter().map(|(name, of)| ((*name).to_owned(), *of)).collect();
        let (stop, heard) = (Arc::new(AtomicBool::new(false)), Arc::new(Heard::default()));
        let begin = |work: Box<dyn Fn(&Heard) + Send>| {
            let (stop, heard) = (Arc::clone(&stop), Arc::clone(&heard));
            thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    work(&heard);
                }
            })
        };
        let threads = vec![
            begin(Box::new(move |heard| answer_name(&names, &zone, heard))),
            begin(Box::new(move |heard| take_line(&logs, heard))),
            begin(Box::new(move |heard| match mail.accept() {
                Ok((stream, _)) => drop(talk(&stream, heard)),
                Err(_) => thread::sleep(ATTENTION),
            })),
        ];
        Ok(Self { stop, heard, threads })
    }

    /// Names that were asked for, in their order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        read(&self.heard.names)
    }

    /// Lines that clients said to the relay for mail.
    #[must_use]
    pub fn mail(&self) -> Vec<String> {
        read(&self.heard.mail)
    }

    /// Lines that came for the collector of logs.
    #[must_use]
    pub fn logs(&self) -> Vec<String> {
        read(&self.heard.logs)
    }
}

impl Drop for SiteServices {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _it_cannot_be_helped = thread.join();
        }
    }
}

fn datagrams(address: Ipv4Addr, port: u16) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((address, port))?;
    socket.set_read_timeout(Some(ATTENTION))?;
    Ok(socket)
}

fn read(list: &Mutex<Vec<String>>) -> Vec<String> {
    list.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn note(list: &Mutex<Vec<String>>, said: String) {
    let mut list = list.lock().unwrap_or_else(PoisonError::into_inner);
    if list.len() < MOST {
        list.push(said);
    }
}

fn answer_name(socket: &UdpSocket, zone: &[(String, Ipv4Addr)], heard: &Heard) {
    let mut question = [0; 1500];
    let Ok((length, from)) = socket.recv_from(&mut question) else { return };
    let question = &question[..length];
    let Some((name, kind, end)) = asked(question) else { return };
    let _who_asked_may_be_gone = socket.send_to(&answered(&question[..end], &name, kind, zone), from);
    note(&heard.names, name);
}

/// The first question of a message: its name in small letters, its type, and where it ends.
fn asked(message: &[u8]) -> Option<(String, u16, usize)> {
    let mut at = HEAD;
    let mut labels = Vec::new();
    loop {
        let length = usize::from(*message.get(at)?);
        let label = message.get(at + 1..at + 1 + length)?;
        at += 1 + length;
        if length == 0 {
            break;
        }
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
    }
    let kind = message.get(at..at + 4)?;
    Some((labels.join("."), u16::from_be_bytes([kind[0], kind[1]]), at + 4))
}

/// The answer to a message of one question that ends where `question` does: an address, nothing, or "no such name".
fn answered(question: &[u8], name: &str, kind: u16, zone: &[(String, Ipv4Addr)]) -> Vec<u8> {
    let known = zone.iter().find(|(known, _)| known == name);
    let address = known.filter(|_| kind == TYPE_A).map(|(_, address)| address);
    let mut answer = question.to_vec();
    // An answer with authority, recursion available; 3 is "no such name".
    (answer[2], answer[3]) = (0x84 | (question[2] & 1), if known.is_some() { 0x80 } else { 0x83 });
    answer[4..HEAD].copy_from_slice(&[0, 1, 0, u8::from(address.is_some()), 0, 0, 0, 0]);
    if let Some(address) = address {
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4]);
        answer.extend(address.octets());
    }
    answer
}

fn take_line(socket: &UdpSocket, heard: &Heard) {
    let mut line = [0; 1500];
    if let Ok((length, _)) = socket.recv_from(&mut line) {
        note(&heard.logs, String::from_utf8_lossy(&line[..length]).trim_end().to_owned());
    }
}

/// As much of SMTP as nobody sends mail with (RFC 5321).
fn talk(stream: &TcpStream, heard: &Heard) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut lines = BufReader::new(stream);
    let mut says = stream;
    says.write_all(b"220 mail.site.example ESMTP\r\n")?;
    for _ in 0..MOST {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            break;
        }
        let line = line.trim_end().to_owned();
        let answer: &[u8] = match line.get(..4).map(str::to_ascii_uppercase).as_deref() {
            Some("EHLO") => b"250-mail.site.example\r\n250 SIZE 1000000\r\n",
            Some("HELO" | "NOOP" | "RSET") => b"250 mail.site.example\r\n",
            Some("QUIT") => b"221 mail.site.example\r\n",
            _ => b"502 nobody sends mail here\r\n",
        };
        let ends = answer.starts_with(b"221");
        note(&heard.mail, line);
        says.write_all(answer)?;
        if ends {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(name: &str, kind: u16) -> Vec<u8> {
        let mut message = vec![7, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1];
        for label in name.split('.') {
            message.push(u8::try_from(label.len()).expect("short"));
            message.extend(label.as_bytes());
        }
        message.push(0);
        message.extend(kind.to_be_bytes());
        message.extend([0, 1]);
        // What a client says of itself behind its question.
        message.extend([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]);
        message
    }

    #[test]
    fn names_are_answered_refused_or_of_another_type() {
        let zone = [("one.example".to_owned(), Ipv4Addr::new(203, 0, 113, 7))];
        let ask = |name: &str, kind| {
            let message = question(name, kind);
            let (name, kind, end) = asked(&message).expect("a question");
            answered(&message[..end], &name, kind, &zone)
        };
        let known = ask("One.Example", TYPE_A);
        assert_eq!(
            (&known[..2], known[3] & 15, known[7], &known[known.len() - 4..]),
            (&[7, 9][..], 0, 1, &[203, 0, 113, 7][..])
        );
        let six = ask("one.example", 28);
        assert_eq!((six[3] & 15, six[7]), (0, 0), "the name is there, without an address of this type");
        let unknown = ask("two.example", TYPE_A);
        assert_eq!((unknown[3] & 15, unknown[7]), (3, 0));
        assert_eq!(asked(&question("one.example", 1)[..16]), None, "cut off");
    }
}
