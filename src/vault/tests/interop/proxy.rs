//! A proxy before a server that spoils what it is told to: whole connections, one request each, so that every answer can be
//! altered, cut off, delayed or replaced.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What is done to a request.
#[derive(Debug, Clone)]
pub enum Spoil {
    /// This answer instead, with a body of S3's form for the code.
    Answer(u16, &'static str),
    /// The connection is closed without an answer.
    Reset,
    /// The answer ends after so many bytes of it.
    Cut(usize),
    /// The answer never comes.
    Silence,
}

/// A rule: requests whose first line contains these words, the first `after` of them not, then `times` of them.
#[derive(Debug, Clone)]
pub struct Rule {
    pub words: &'static [&'static str],
    pub after: u32,
    pub times: u32,
    pub what: Spoil,
}

/// Listens until it is dropped.
pub struct Proxy {
    pub endpoint: String,
    rules: Arc<Mutex<Vec<Rule>>>,
    seen: Arc<AtomicU32>,
    stop: Arc<AtomicBool>,
    address: String,
}

impl Proxy {
    /// A proxy before `server` (`http://HOST:PORT`).
    pub fn before(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("listen");
        let address = listener.local_addr().expect("address").to_string();
        let (rules, seen, stop) =
            (Arc::<Mutex<Vec<Rule>>>::default(), Arc::<AtomicU32>::default(), Arc::<AtomicBool>::default());
        let upstream = server.trim_start_matches("http://").to_owned();
        let (theirs, counted, ended) = (Arc::clone(&rules), Arc::clone(&seen), Arc::clone(&stop));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if ended.load(Ordering::SeqCst) {
                    break;
                }
                let (rules, counted, upstream) = (Arc::clone(&theirs), Arc::clone(&counted), upstream.clone());
                thread::spawn(move || {
                    let _a_broken_connection_is_what_is_wanted = serve(&client, &upstream, &rules, &counted);
                    let _closed = client.shutdown(Shutdown::Both);
                });
            }
        });
        Self { endpoint: format!("http://{address}"), rules, seen, stop, address }
    }

    /// From now on these rules only.
    pub fn rule(&self, rules: &[Rule]) {
        *self.rules.lock().expect("rules") = rules.to_vec();
        self.seen.store(0, Ordering::SeqCst);
    }

    /// How many requests were spoiled since the last rules.
    pub fn spoiled(&self) -> u32 {
        self.seen.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _wakes_the_listener = TcpStream::connect(&self.address);
    }
}

fn serve(client: &TcpStream, upstream: &str, rules: &Mutex<Vec<Rule>>, counted: &AtomicU32) -> io::Result<()> {
    client.set_read_timeout(Some(Duration::from_secs(30)))?;
    let request = message(client, true)?;
    let line = String::from_utf8_lossy(request.split(|byte| *byte == b'\r').next().unwrap_or_default()).into_owned();
    let spoil = {
        let mut rules = rules.lock().expect("rules");
        let rule = rules.iter_mut().find(|rule| rule.times > 0 && rule.words.iter().all(|word| line.contains(word)));
        rule.and_then(|rule| {
            if rule.after > 0 {
                rule.after -= 1;
                return None;
            }
            rule.times -= 1;
            Some(rule.what.clone())
        })
    };
    counted.fetch_add(u32::from(spoil.is_some()), Ordering::SeqCst);
    match spoil {
        Some(Spoil::Answer(status, code)) => {
            let body = if line.starts_with("HEAD") {
                String::new()
            } else {
                format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>as ordered</Message></Error>")
            };
            let head = format!(
                "HTTP/1.1 {status} Ordered\r\ncontent-type: application/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            return (&*client).write_all(format!("{head}{body}").as_bytes());
        }
        Some(Spoil::Reset) => return Ok(()),
        Some(Spoil::Silence) => {
            // Until the client gives up and closes.
            let _gone = (&*client).read(&mut [0; 1]);
            return Ok(());
        }
        Some(Spoil::Cut(_)) | None => {}
    }
    let server = TcpStream::connect(upstream)?;
    server.set_read_timeout(Some(Duration::from_secs(30)))?;
    // A server may refuse before it has read all of it; its answer is there nevertheless.
    let _refused_early = (&server).write_all(&request);
    let mut answer = message_of(&server, line.starts_with("HEAD"))?;
    if let Some(Spoil::Cut(bytes)) = spoil {
        let head = head_end(&answer).unwrap_or(0);
        answer.truncate((head + bytes).min(answer.len()));
    }
    (&*client).write_all(&answer)
}

fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|part| part == b"\r\n\r\n").map(|at| at + 4)
}

/// Reads a request: head, and a body of the length that it says; asks for the body where the client waits to be asked.
fn message(stream: &TcpStream, ask: bool) -> io::Result<Vec<u8>> {
    let (mut bytes, mut buffer) = (Vec::new(), vec![0; 65_536]);
    let head = loop {
        if let Some(end) = head_end(&bytes) {
            break end;
        }
        let count = (&*stream).read(&mut buffer)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&buffer[..count]);
    };
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    if ask && text.contains("expect: 100-continue") {
        (&*stream).write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let length =
        text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok()).unwrap_or(0);
    while bytes.len() < head + length {
        let count = (&*stream).read(&mut buffer)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&buffer[..count]);
    }
    // One request a connection: the server closes behind its answer, so its end is its end.
    let head_text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let kept = head_text.trim_end().lines().filter(|line| {
        let line = line.to_ascii_lowercase();
        !line.starts_with("connection:") && !line.starts_with("expect:")
    });
    let mut whole: Vec<u8> = kept.collect::<Vec<_>>().join("\r\n").into_bytes();
    whole.extend_from_slice(b"\r\nconnection: close\r\n\r\n");
    whole.extend_from_slice(&bytes[head..]);
    Ok(whole)
}

/// Reads an answer to its end: the server was told to close the connection behind it.
fn message_of(stream: &TcpStream, _head: bool) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut stream = stream;
    stream.read_to_end(&mut bytes)?;
    Ok(bytes)
}
