//! A proxy for TLS (`CONNECT`) that writes down where it was asked to go.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

pub struct Proxy {
    address: SocketAddr,
    places: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Serves until the test program ends.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("listen");
        let address = listener.local_addr().expect("address");
        let places = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&places);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { address, places }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `HOST:PORT` of each tunnel so far.
    pub fn places(&self) -> Vec<String> {
        self.places.lock().expect("places").clone()
    }
}

fn serve(mut from: TcpStream, places: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > 8192 || from.read_exact(&mut byte).is_err() {
            return;
        }
        head.push(byte[0]);
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    let mut words = text.split_whitespace();
    let (Some("CONNECT"), Some(place)) = (words.next(), words.next()) else { return };
    places.lock().expect("places").push(place.to_owned());
    let Ok(to) = TcpStream::connect(place) else { return };
    if from.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").is_err() {
        return;
    }
    let (back_from, back_to) = (to.try_clone().expect("stream"), from.try_clone().expect("stream"));
    std::thread::spawn(move || pass(back_from, back_to));
    pass(from, to);
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}
