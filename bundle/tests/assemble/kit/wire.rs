//! Just enough HTTP/1.1 for test servers: one request a connection.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// A request's head and body.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// An answer.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// Reads one from a connection; nothing if it was closed before.
    pub fn read(stream: &TcpStream) -> Option<Self> {
        stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
        let mut reader = BufReader::new(stream);
        let (first, headers) = head(&mut reader)?;
        let mut words = first.split(' ');
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut request = Self { method, path, headers, body: Vec::new() };
        let length: usize = request.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        request.body.resize(length, 0);
        reader.read_exact(&mut request.body).ok()?;
        Some(request)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// First byte of the range that is asked for.
    pub fn range_start(&self) -> Option<usize> {
        self.header("range")?.strip_prefix("bytes=")?.split('-').next()?.parse().ok()
    }

    /// Sends it on to `to` and returns the whole answer.
    pub fn forward(&self, to: &str) -> Answer {
        let stream = TcpStream::connect(to).expect("connect to the registry");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("timeout");
        let mut text = format!("{} {} HTTP/1.1\r\nhost: {to}\r\nconnection: close\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            if !["host", "connection", "authorization"].contains(&name.to_ascii_lowercase().as_str()) {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        (&stream).write_all(format!("{text}\r\n").as_bytes()).expect("send");
        (&stream).write_all(&self.body).expect("send");
        let mut reader = BufReader::new(&stream);
        let (first, headers) = head(&mut reader).expect("answer of the registry");
        let status = first.split(' ').nth(1).and_then(|text| text.parse().ok()).expect("status");
        let mut answer = Answer { status, headers, body: Vec::new() };
        if self.method != "HEAD" {
            reader.read_to_end(&mut answer.body).expect("body");
        }
        answer
    }
}

impl Answer {
    pub fn new(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Self {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { status, headers, body: body.into() }
    }

    /// Sends the head, and of the body at most `cut` bytes, then closes the connection.
    pub fn send(&self, mut stream: &TcpStream, cut: Option<usize>) {
        let mut text = format!("HTTP/1.1 {} Test\r\nconnection: close\r\n", self.status);
        let own = ["connection", "content-length", "transfer-encoding"];
        for (name, value) in self.headers.iter().filter(|(name, _)| !own.contains(&name.to_ascii_lowercase().as_str()))
        {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("content-length: {}\r\n\r\n", self.body.len()));
        let body = &self.body[..cut.unwrap_or(self.body.len()).min(self.body.len())];
        // Whoever asked may have gone.
        let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.write_all(body));
    }
}

/// First line and headers.
fn head(reader: &mut BufReader<impl std::io::Read>) -> Option<(String, Vec<(String, String)>)> {
    let mut lines = reader.lines().map_while(Result::ok);
    let first = lines.next()?;
    let headers = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned())))
        .collect();
    Some((first, headers))
}
