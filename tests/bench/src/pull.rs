//! Pulling images over HTTP as containerd does: manifest, configuration, layers, over one connection.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use bridle_core::oci::Manifest;

use crate::Outcome;

/// No answer takes longer than this.
const LIMIT: Duration = Duration::from_secs(60);
/// A line of an answer's head is not longer than this.
const LONGEST_LINE: u64 = 16 << 10;
const PIECE: usize = 256 << 10;

/// What pulls took.
#[derive(Debug, Clone, Default)]
pub struct Taken {
    /// From each request to the first byte of its answer, in seconds.
    pub first_bytes: Vec<f64>,
    /// From the first request of each pull to its last byte, in seconds.
    pub pulls: Vec<f64>,
    /// Bytes of all answers.
    pub bytes: u64,
}

impl Taken {
    /// Takes another's figures over.
    pub fn add(&mut self, other: Self) {
        self.first_bytes.extend(other.first_bytes);
        self.pulls.extend(other.pulls);
        self.bytes += other.bytes;
    }
}

/// Pulls one image; what comes is read and dropped.
pub fn image(address: SocketAddr, name: &str, tag: &str, query: &str, taken: &mut Taken) -> Outcome<()> {
    let began = Instant::now();
    let stream = TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_nodelay(true)?;
    let mut connection = Connection { reader: BufReader::with_capacity(PIECE, stream), address };
    let bytes = connection.get(&format!("/v2/{name}/manifests/{tag}{query}"), true, taken)?;
    let manifest = Manifest::read(&bytes)?;
    for blob in std::iter::once(&manifest.config).chain(&manifest.layers) {
        let before = taken.bytes;
        connection.get(&format!("/v2/{name}/blobs/{}{query}", blob.digest), false, taken)?;
        if taken.bytes - before != blob.size {
            return Err(format!("{name}: {} has {} bytes", blob.digest, taken.bytes - before).into());
        }
    }
    taken.pulls.push(began.elapsed().as_secs_f64());
    Ok(())
}

struct Connection {
    reader: BufReader<TcpStream>,
    address: SocketAddr,
}

impl Connection {
    /// One request; gives the answer's bytes if they are to be kept.
    fn get(&mut self, path: &str, keep: bool, taken: &mut Taken) -> Outcome<Vec<u8>> {
        let began = Instant::now();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nAccept: application/vnd.oci.image.manifest.v1+json, */*\r\n\r\n",
            self.address
        );
        self.reader.get_mut().write_all(request.as_bytes())?;
        self.reader.fill_buf()?;
        taken.first_bytes.push(began.elapsed().as_secs_f64());
        let status = self.line()?;
        if !status.contains(" 200 ") {
            return Err(format!("GET {path}: {status}").into());
        }
        let mut length = None;
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = Some(value.trim().parse::<u64>()?);
            }
        }
        let length = length.ok_or_else(|| format!("GET {path}: no length"))?;
        taken.bytes += length;
        let mut body = (&mut self.reader).take(length);
        if keep {
            let mut bytes = Vec::new();
            body.read_to_end(&mut bytes)?;
            return Ok(bytes);
        }
        let passed = io::copy(&mut body, &mut io::sink())?;
        if passed == length { Ok(Vec::new()) } else { Err(format!("GET {path}: cut after {passed} bytes").into()) }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        (&mut self.reader).take(LONGEST_LINE).read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}
