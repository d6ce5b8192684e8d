//! A token server as the stock registry wants it: JSON web tokens (RFC 7519) signed with ES256, the certificate beside.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::SigningKey as _;
use serde_json::{Value, json};

use super::wire::{Answer, Request};
use super::{PASSWORD, USER};

pub const SERVICE: &str = "registry of a test";
pub const ISSUER: &str = "issuer of a test";

/// The server; it serves until the test program ends.
pub struct Tokens {
    address: SocketAddr,
    /// The certificate that the registry must trust, PEM.
    pub certificate: String,
    given: Arc<AtomicU32>,
}

impl Tokens {
    /// Gives tokens for pulling `repository` to [`USER`] with [`PASSWORD`].
    pub fn start(repository: &str) -> Self {
        let key = rcgen::KeyPair::generate().expect("key");
        let own = rcgen::CertificateParams::new(vec!["tokens".to_owned()]).expect("parameters");
        let own = own.self_signed(&key).expect("certificate");
        let (certificate, chain) = (own.pem(), STANDARD.encode(own.der()));
        let listener = TcpListener::bind("127.0.0.1:0").expect("listen");
        let address = listener.local_addr().expect("address");
        let given = Arc::new(AtomicU32::new(0));
        let (count, repository) = (Arc::clone(&given), repository.to_owned());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(&stream, &key, &chain, &repository, &count);
            }
        });
        Self { address, certificate, given }
    }

    pub fn realm(&self) -> String {
        format!("http://{}/token", self.address)
    }

    /// Tokens that were given.
    pub fn given(&self) -> u32 {
        self.given.load(Ordering::SeqCst)
    }
}

fn serve(stream: &TcpStream, key: &rcgen::KeyPair, chain: &str, repository: &str, given: &AtomicU32) {
    let Some(request) = Request::read(stream) else { return };
    let expected = format!("Basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}")));
    if request.header("authorization") != Some(&expected) {
        return Answer::new(401, &[], "who are you").send(stream, None);
    }
    let scope = format!("scope=repository:{}:pull", repository.replace('/', "%2F"));
    assert!(request.path.contains(&scope) && request.path.contains("service=registry%20of"), "{}", request.path);
    let number = given.fetch_add(1, Ordering::SeqCst);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("clock").as_secs();
    let head = json!({ "typ": "JWT", "alg": "ES256", "x5c": [chain] });
    let claims = json!({
        "iss": ISSUER, "sub": USER, "aud": SERVICE, "exp": now + 300, "nbf": now - 10, "iat": now,
        "jti": number.to_string(), "access": [{ "type": "repository", "name": repository, "actions": ["pull"] }],
    });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(&head), part(&claims));
    let signature = URL_SAFE_NO_PAD.encode(plain(&key.sign(text.as_bytes()).expect("sign")));
    let answer = json!({ "token": format!("{text}.{signature}"), "expires_in": 300 });
    Answer::new(200, &[("content-type", "application/json")], answer.to_string()).send(stream, None);
}

/// The two numbers of a signature in DER, 32 bytes each (RFC 7518, 3.4).
fn plain(der: &[u8]) -> Vec<u8> {
    let mut rest = &der[2..];
    let mut found = Vec::new();
    for _ in 0..2 {
        let length = usize::from(rest[1]);
        let number = &rest[2..2 + length];
        let number = &number[number.len().saturating_sub(32)..];
        found.extend(std::iter::repeat_n(0, 32 - number.len()));
        found.extend_from_slice(number);
        rest = &rest[2 + length..];
    }
    found
}
