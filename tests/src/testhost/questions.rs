//! The name server that hosts are told: it answers nothing and remembers what was asked, so that an
//! attempt to leave the lab can be traced to the name behind it.

use super::{Error, Result, network};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// At most so many different names are remembered.
const NAMES: usize = 1024;
/// How soon the listener sees that its lab has gone.
const ATTENTION: Duration = Duration::from_millis(250);
/// The head of a DNS message (RFC 1035 §4.1.1).
const HEAD: usize = 12;
/// The longest name (RFC 1035 §2.3.4).
const NAME_LIMIT: usize = 255;

/// A listener on the lab's gateway; ends when dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    names: Arc<Mutex<BTreeSet<String>>>,
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Listener {
    /// Starts to listen in the lab's namespace.
    pub fn start(id: &str, lab: u8) -> Result<Self> {
        let names = Arc::new(Mutex::new(BTreeSet::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let socket = socket_in(Path::new("/run/netns").join(id).as_path(), lab)?;
        let (heard, ends) = (names.clone(), stop.clone());
        let thread = thread::spawn(move || listen(&socket, &heard, &ends));
        Ok(Self { names, stop, thread: Some(thread) })
    }

    /// The names asked for so far, sorted.
    pub fn names(&self) -> Vec<String> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Forgets them.
    pub fn forget(&self) {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Its socket would keep the namespace alive.
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

/// A socket in another network namespace: made by a thread that goes there and ends.
fn socket_in(namespace: &Path, lab: u8) -> Result<UdpSocket> {
    let file = File::open(namespace).map_err(Error::file("open", namespace))?;
    let made = thread::spawn(move || -> io::Result<UdpSocket> {
        move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))?;
        let socket = UdpSocket::bind((network::gateway(lab), 53))?;
        socket.set_read_timeout(Some(ATTENTION))?;
        Ok(socket)
    });
    let made = made.join().unwrap_or_else(|_| Err(io::Error::other("the thread panicked")));
    made.map_err(Error::file("listen in", namespace))
}

fn listen(socket: &UdpSocket, names: &Mutex<BTreeSet<String>>, stop: &AtomicBool) {
    let mut message = [0; 1500];
    while !stop.load(Ordering::Relaxed) {
        let Ok(size) = socket.recv(&mut message) else {
            continue;
        };
        if let Some(name) = asked_name(&message[..size]) {
            let mut names = names.lock().unwrap_or_else(PoisonError::into_inner);
            if names.len() < NAMES {
                names.insert(name);
            }
        }
    }
}

/// The first name a DNS message asks for, without the last dot; bytes that are no text are replaced.
fn asked_name(message: &[u8]) -> Option<String> {
    let mut rest = message.get(HEAD..)?;
    let mut name = String::new();
    loop {
        let (size, after) = rest.split_first()?;
        match usize::from(*size) {
            0 => return Some(name),
            // A pointer cannot stand in the first name.
            64.. => return None,
            size => {
                let label = after.get(..size)?;
                if !name.is_empty() {
                    name.push('.');
                }
                name.extend(label.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '?' }));
                rest = &after[size..];
            }
        }
        if name.len() > NAME_LIMIT {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_question_is_read() {
        let mut message = vec![0; HEAD];
        message.extend(b"\x08registry\x07example\x00\x00\x01\x00\x01");
        assert_eq!(asked_name(&message).as_deref(), Some("registry.example"));
    }

    #[test]
    fn messages_that_are_none_are_passed_over() {
        let with = |bytes: &[u8]| asked_name(&[&[0; HEAD], bytes].concat());
        assert_eq!(with(b"\x05ab"), None, "too short");
        assert_eq!(with(b"\xc0\x0c"), None, "a pointer");
        assert_eq!(with(&b"\x3fx".repeat(400)), None, "too long");
        assert_eq!(with(b"\x01\x07\x00").as_deref(), Some("?"));
        assert_eq!(asked_name(b"short"), None);
    }
}
