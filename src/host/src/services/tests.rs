//! Each service as a thread on loopback that answers well, oddly, or not at all.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;

use bridle_core::message::Language;

use super::*;
use crate::clock::SystemClock;

fn asker() -> Asker<'static> {
    Asker { servers: Vec::new(), hosts: "127.0.0.1 here.example\n", clock: &SystemClock }
}

/// A server that says `greeting` and, after each line that it gets, the next of `answers`.
fn server(greeting: &'static str, answers: &'static [&'static str]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    let port = listener.local_addr().expect("address").port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("accept");
        let mut reader = BufReader::new(stream.try_clone().expect("clone"));
        let _ = stream.write_all(greeting.as_bytes());
        for answer in answers {
            let _ = reader.read_line(&mut String::new());
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    port
}

fn smtp(port: u16, security: Security) -> Smtp {
    Smtp { host: "here.example".to_owned(), port: Some(port), security, from: "a@here.example".to_owned(), user: None }
}

fn code(answer: Result<Message, Trouble>) -> String {
    answer.unwrap_or_else(Trouble::message).code.into_owned()
}

#[test]
fn relays() {
    let good: &[&str] = &["250-here.example\r\n250-STARTTLS\r\n250 SIZE 1\r\n"];
    let plain: &[&str] = &["250 here.example\r\n"];
    let relay = |greeting, answers, security| code(asker().smtp(&smtp(server(greeting, answers), security)));
    assert_eq!(relay("220 here\r\n", good, Security::Starttls), "service-answered");
    assert_eq!(relay("220-a\r\n220 b\r\n", plain, Security::None), "service-answered");
    assert_eq!(relay("220 here\r\n", plain, Security::Starttls), "service-no-starttls");
    assert_eq!(relay("554 go away\r\n", &[], Security::None), "service-odd");
    assert_eq!(relay("", &[], Security::None), "service-unreachable");
    let closed = TcpListener::bind("127.0.0.1:0").expect("bind").local_addr().expect("address").port();
    assert_eq!(code(asker().smtp(&smtp(closed, Security::None))), "service-unreachable");
    let lost = Smtp { host: "nobody.example".to_owned(), ..smtp(1, Security::None) };
    assert_eq!(code(asker().smtp(&lost)), "service-unnamed");
}

#[test]
fn proxies() {
    let proxy = |answer: &'static [&'static str], user: Option<&str>| {
        let url = format!("http://here.example:{}", server("", answer));
        code(asker().proxy(&Proxy { url, exceptions: Vec::new(), user: user.map(str::to_owned) }))
    };
    assert_eq!(proxy(&["HTTP/1.1 403 Forbidden\r\n\r\n"], None), "service-answered");
    assert_eq!(proxy(&["HTTP/1.1 407 Who\r\n\r\n"], None), "service-refuses");
    assert_eq!(proxy(&["HTTP/1.1 407 Who\r\n\r\n"], Some("me")), "service-answered");
    assert_eq!(proxy(&["SSH-2.0-x\r\n"], None), "service-odd");
}

/// A server of datagrams that answers one with what `answer` makes of it.
fn datagrams(answer: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("bind");
    let address = socket.local_addr().expect("address");
    std::thread::spawn(move || {
        let mut bytes = [0; 1500];
        let (length, from) = socket.recv_from(&mut bytes).expect("question");
        let _ = socket.send_to(&answer(&bytes[..length]), from);
    });
    address
}

#[test]
fn time_servers() {
    let says = |ahead: i64, mode: u8, stratum: u8| {
        let address = datagrams(move |question| {
            assert_eq!((question.len(), question[0]), (48, 0x23));
            let seconds = (SystemClock.now().0 / 1000).saturating_add_signed(ahead) + 2_208_988_800;
            let mut answer = vec![0; 48];
            (answer[0], answer[1]) = (0x20 | mode, stratum);
            answer[12..16].copy_from_slice(b"RATE");
            answer[40..44].copy_from_slice(&(seconds as u32).to_be_bytes());
            answer
        });
        code(asker().ntp("here.example", address.port()))
    };
    assert_eq!(says(0, 4, 2), "service-clock");
    assert_eq!(says(90, 4, 2), "service-clock-off");
    assert_eq!(says(-90, 4, 2), "service-clock-off");
    assert_eq!(says(0, 3, 2), "service-odd");
    assert_eq!(says(0, 4, 0), "service-odd");
}

#[test]
fn name_servers() {
    let answers = |code: u8| datagrams(move |question| [&question[..2], &[0x81, code], &question[4..]].concat());
    assert_eq!(lookup::code(answers(0), LIMIT).expect("answers"), 0);
    assert_eq!(lookup::code(answers(5), LIMIT).expect("answers"), lookup::REFUSED);
    assert!(lookup::code(datagrams(|_| vec![1, 2, 3]), LIMIT).is_err());
    assert!(lookup::code(datagrams(|question| question.to_vec()), LIMIT).is_err(), "an echo is no answer");
}

#[test]
fn collectors() {
    let address = datagrams(|line| {
        assert!(line.starts_with(b"<14>1 "));
        Vec::new()
    });
    let syslog = |port, protocol| Syslog { host: "here.example".to_owned(), port: Some(port), protocol };
    assert_eq!(code(asker().syslog(&syslog(address.port(), Protocol::Udp))), "service-sent");
    assert_eq!(code(asker().syslog(&syslog(server("", &[]), Protocol::Tcp))), "service-answered");
    let closed = UdpSocket::bind("127.0.0.1:0").expect("bind").local_addr().expect("address").port();
    assert_eq!(code(asker().syslog(&syslog(closed, Protocol::Udp))), "service-unreachable");
}

#[test]
fn certificates_of_an_authority_and_others() {
    let of = |authority: bool| {
        let mut wanted = rcgen::CertificateParams::new(Vec::new()).expect("names");
        if authority {
            wanted.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        }
        let key = rcgen::KeyPair::generate().expect("key");
        wanted.self_signed(&key).expect("certificate").pem()
    };
    assert_eq!(certificates::look(&of(true)).expect("good").code, "service-certificates");
    assert_eq!(certificates::look(&(of(true) + &of(false))).expect_err("one is none").code, "service-not-authority");
    assert!(certificates::look("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----").is_err());
    assert!(certificates::look("").is_err());
    // What the profile accepts as certificates are these.
    assert!(bridle_core::site::services::pem_is_sound(&of(true)));
}

#[test]
fn a_whole_sheet_is_told_in_its_own_order() {
    let services = Services {
        ca: Some("/not/read/here.pem".to_owned()),
        smtp: Some(smtp(server("220 x\r\n", &["250 x\r\n"]), Security::None)),
        ..Services::default()
    };
    let tests = ask(&services, "", "127.0.0.1 here.example\n", &SystemClock);
    let told: Vec<_> = tests.iter().map(|test| (test.what.code.as_ref(), test.good)).collect();
    assert_eq!(told, [("service-ca", false), ("service-smtp", true)]);
    assert!(tests.iter().all(|test| Language::ALL.iter().all(|language| !test.said.render(*language).contains('{'))));
}
