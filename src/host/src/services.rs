//! Asks the services of the site sheet from this host: does each one answer as what it is said to be? Nothing but questions is
//! sent, no mail and no password; each answer must come within [`LIMIT`].

mod certificates;
mod lookup;
mod names;
mod speech;

pub use names::HostNames;

use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use bridle_core::configuration::view::ServiceTest;
use bridle_core::message::Message;
use bridle_core::port::Clock;
use bridle_core::site::services::{Protocol, Proxy, Security, Services, Smtp, Syslog};

/// Deadline of each answer.
pub const LIMIT: Duration = Duration::from_secs(5);
/// A clock that differs by more than this is wrong, in milliseconds: Kubernetes and certificates bear no more.
const CLOCK_OFF: u64 = 2000;
/// How long a refusal of a datagram may take: one that is taken is never answered.
const REFUSAL: Duration = Duration::from_millis(300);

/// What is wrong with an answer.
#[derive(Debug)]
enum Trouble {
    /// The name cannot be found.
    Unnamed,
    /// The network or the other side.
    Io(io::Error),
    /// Something else was said than the protocol's.
    Odd(String),
    /// In words already.
    Words(Message),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Trouble {
    fn message(self) -> Message {
        match self {
            Self::Unnamed => Message::new("service-unnamed"),
            Self::Io(error) if matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock) => {
                Message::new("service-silent").with("seconds", u32::try_from(LIMIT.as_secs()).unwrap_or(u32::MAX))
            }
            Self::Io(error) => Message::new("service-unreachable").with("said", error.to_string()),
            Self::Odd(said) => Message::new("service-odd").with("said", said),
            Self::Words(message) => message,
        }
    }
}

/// Asks all of `services`, one after the other; names are looked up at the name servers of the site sheet, else at those of
/// `resolver` (the text of `/etc/resolv.conf`), and in `hosts` (the text of `/etc/hosts`).
#[must_use]
pub fn ask(services: &Services, resolver: &str, hosts: &str, clock: &dyn Clock) -> Vec<ServiceTest> {
    let servers: Vec<IpAddr> = services.dns.iter().filter_map(|server| server.parse().ok()).collect();
    let servers = if servers.is_empty() { lookup::servers(resolver) } else { servers };
    let asker = Asker { servers, hosts, clock };
    let mut tests = Vec::new();
    for server in &services.dns {
        tests.push(told(Message::new("service-dns").with("server", server.as_str()), asker.dns(server)));
    }
    for server in &services.ntp {
        tests.push(told(Message::new("service-ntp").with("server", server.as_str()), asker.ntp(server, 123)));
    }
    if let Some(ca) = &services.ca {
        tests.push(told(Message::new("service-ca"), certificates::look(ca).map_err(Trouble::Words)));
    }
    if let Some(smtp) = &services.smtp {
        let server = format!("{}:{}", smtp.host, smtp.port());
        tests.push(told(Message::new("service-smtp").with("server", server), asker.smtp(smtp)));
    }
    if let Some(proxy) = &services.proxy {
        tests.push(told(Message::new("service-proxy").with("server", proxy.url.as_str()), asker.proxy(proxy)));
    }
    if let Some(syslog) = &services.syslog {
        let server = format!("{}:{}", syslog.host, syslog.port());
        tests.push(told(Message::new("service-syslog").with("server", server), asker.syslog(syslog)));
    }
    tests
}

fn told(what: Message, answer: Result<Message, Trouble>) -> ServiceTest {
    let good = answer.is_ok();
    ServiceTest { what, said: answer.unwrap_or_else(Trouble::message), good }
}

struct Asker<'a> {
    servers: Vec<IpAddr>,
    hosts: &'a str,
    clock: &'a dyn Clock,
}

impl Asker<'_> {
    fn dns(&self, server: &str) -> Result<Message, Trouble> {
        let address = server.parse().map_err(|_| Trouble::Unnamed)?;
        let begin = self.clock.monotonic();
        match lookup::code(SocketAddr::new(address, 53), LIMIT)? {
            lookup::REFUSED => Err(Trouble::Words(Message::new("service-refuses").with("said", "REFUSED"))),
            _ => Ok(self.answered(begin)),
        }
    }

    fn ntp(&self, server: &str, port: u16) -> Result<Message, Trouble> {
        let socket = self.datagram(server, port)?;
        let mut question = [0_u8; 48];
        question[0] = 0x23; // version 4, client (RFC 5905)
        let begin = self.clock.monotonic();
        socket.send(&question)?;
        let mut answer = [0_u8; 128];
        let length = socket.recv(&mut answer)?;
        let way = (self.clock.monotonic() - begin) / 2;
        let theirs = speech::ntp_time(&answer[..length]).map_err(Trouble::Odd)?;
        let ours = self.clock.now().0.saturating_sub(u64::try_from(way.as_millis()).unwrap_or_default());
        let differs = theirs.abs_diff(ours);
        let said = |code| Message::new(code).with("millis", differs);
        if differs > CLOCK_OFF { Err(Trouble::Words(said("service-clock-off"))) } else { Ok(said("service-clock")) }
    }

    fn smtp(&self, smtp: &Smtp) -> Result<Message, Trouble> {
        let begin = self.clock.monotonic();
        let mut stream = self.stream(&smtp.host, smtp.port())?;
        if smtp.security == Security::Tls {
            // What follows is encrypted, and this crate has no TLS: that somebody listens is all that is known.
            return Ok(self.answered(begin));
        }
        let offers = speech::smtp(&mut stream).map_err(speech::trouble)?;
        if smtp.security == Security::Starttls && !offers.iter().any(|line| line.eq_ignore_ascii_case("STARTTLS")) {
            return Err(Trouble::Words(Message::new("service-no-starttls")));
        }
        Ok(self.answered(begin))
    }

    fn proxy(&self, proxy: &Proxy) -> Result<Message, Trouble> {
        let (host, port) = proxy.place().ok_or(Trouble::Unnamed)?;
        let begin = self.clock.monotonic();
        let mut stream = self.stream(host, port)?;
        let status = speech::connect(&mut stream).map_err(speech::trouble)?;
        // A refusal of this target is an answer; a call for a password is one only where there is one.
        if status == 407 && proxy.user.is_none() {
            return Err(Trouble::Words(Message::new("service-refuses").with("said", "407")));
        }
        Ok(self.answered(begin))
    }

    fn syslog(&self, syslog: &Syslog) -> Result<Message, Trouble> {
        let begin = self.clock.monotonic();
        if syslog.protocol == Protocol::Tcp {
            return self.stream(&syslog.host, syslog.port()).map(|_| self.answered(begin));
        }
        let socket = self.datagram(&syslog.host, syslog.port())?;
        socket.send(b"<14>1 - - bridle - - - test of the site sheet")?;
        socket.set_read_timeout(Some(REFUSAL))?;
        match socket.recv(&mut [0]) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Err(error.into()),
            _ => Ok(Message::new("service-sent")),
        }
    }

    fn answered(&self, begin: Duration) -> Message {
        let passed = self.clock.monotonic().saturating_sub(begin);
        Message::new("service-answered").with("millis", u64::try_from(passed.as_millis()).unwrap_or(u64::MAX))
    }

    fn address(&self, host: &str) -> Result<IpAddr, Trouble> {
        lookup::address(host, &self.servers, self.hosts, LIMIT).ok_or(Trouble::Unnamed)
    }

    fn stream(&self, host: &str, port: u16) -> Result<TcpStream, Trouble> {
        let stream = TcpStream::connect_timeout(&SocketAddr::new(self.address(host)?, port), LIMIT)?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.set_write_timeout(Some(LIMIT))?;
        Ok(stream)
    }

    fn datagram(&self, host: &str, port: u16) -> Result<UdpSocket, Trouble> {
        let address = self.address(host)?;
        let socket = UdpSocket::bind(if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" })?;
        socket.connect((address, port))?;
        socket.set_read_timeout(Some(LIMIT))?;
        Ok(socket)
    }
}

#[cfg(test)]
mod tests;
