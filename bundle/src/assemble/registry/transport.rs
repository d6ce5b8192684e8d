//! One exchange with a registry: what is shown to whom, redirects. Tries are counted by the caller.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use ureq::Body;
use ureq::http::{HeaderMap, Response, StatusCode, Uri, header};

use super::access::{Access, Clients};
use super::credentials::{AuthFile, Secret};
use super::error::RegistryError;
use super::reference::Reference;

/// Most redirects of one request.
const MAX_REDIRECTS: usize = 5;
/// How often one request may find that another thread has newer credentials.
const MAX_OVERTAKEN: usize = 3;
/// Longest pause that a server may ask for.
const MAX_PAUSE: Duration = Duration::from_secs(300);

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask<'a> {
    /// Repository, and what errors name.
    pub(super) of: &'a Reference,
    /// Path below `/v2/NAME/`.
    pub(super) path: &'a str,
    /// Media types.
    pub(super) accept: &'a str,
    /// First byte that is wanted.
    pub(super) from: u64,
}

/// Why one exchange brought nothing.
#[derive(Debug)]
pub(super) enum Setback {
    /// Another try will not help.
    Final(RegistryError),
    /// It may work later.
    Again { after: Option<Duration>, reason: String },
}

impl From<RegistryError> for Setback {
    fn from(error: RegistryError) -> Self {
        Self::Final(error)
    }
}

/// The clients with what was learnt about each registry.
#[derive(Debug)]
pub(super) struct Transport {
    clients: Clients,
    credentials: Option<PathBuf>,
    /// The file with credentials, read when a registry asks for some.
    auth: OnceLock<AuthFile>,
    /// `Authorization` header by server and repository.
    pub(super) shown: Mutex<BTreeMap<(String, String), Secret>>,
}

impl Transport {
    pub(super) fn new(access: &Access) -> Result<Self, RegistryError> {
        Ok(Self {
            clients: access.clients()?,
            credentials: access.credentials.clone(),
            auth: OnceLock::new(),
            shown: Mutex::default(),
        })
    }

    /// Asks a registry; the answer has status 200, 206, 404 or 416, or another 4xx that is not about credentials.
    pub(super) fn ask(&self, ask: Ask<'_>) -> Result<Response<Body>, Setback> {
        let server = ask.of.server();
        let scheme = if self.clients.is_plain(server) { "http" } else { "https" };
        let start = format!("{scheme}://{server}/v2/{}/{}", ask.of.name, ask.path);
        let start: Uri = start.parse().map_err(|_| RegistryError::content(&what(ask.of), "the address is none"))?;
        let (mut renewed, mut overtaken) = (false, 0);
        let mut place = start.clone();
        let mut hops = 0;
        loop {
            // Whoever a registry sends us to gets no credentials of the registry's.
            let known = if same_origin(&place, &start) { self.known(ask.of) } else { None };
            let response = self.get(ask, &place, known.as_ref())?;
            match response.status() {
                // Another thread has learnt what to show since this one asked.
                StatusCode::UNAUTHORIZED
                    if same_origin(&place, &start) && overtaken < MAX_OVERTAKEN && self.known(ask.of) != known =>
                {
                    overtaken += 1;
                }
                // Once: who shows a wrong password again and again is locked out.
                StatusCode::UNAUTHORIZED if same_origin(&place, &start) && !renewed => {
                    renewed = true;
                    self.show_credentials(ask.of, response.headers())?;
                    place = start.clone();
                }
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Err(self.refused(ask.of, &place).into()),
                status if status.is_redirection() && status != StatusCode::NOT_MODIFIED => {
                    hops += 1;
                    if hops > MAX_REDIRECTS {
                        return Err(RegistryError::content(
                            &what(ask.of),
                            format!("more than {MAX_REDIRECTS} redirects; the registry's own address is wrong"),
                        )
                        .into());
                    }
                    place = redirected(ask.of, &place, response.headers())?;
                }
                status if is_passing(status) => return Err(later(&response, &place)),
                _ => return Ok(response),
            }
        }
    }

    /// One request without redirects.
    pub(super) fn plain_get(&self, of: &str, place: &Uri, from: u64) -> Result<Response<Body>, Setback> {
        self.request(of, place, "*/*", from, None)
    }

    fn get(&self, ask: Ask<'_>, place: &Uri, known: Option<&Secret>) -> Result<Response<Body>, Setback> {
        self.request(&what(ask.of), place, ask.accept, ask.from, known)
    }

    fn request(
        &self,
        of: &str,
        place: &Uri,
        accept: &str,
        from: u64,
        known: Option<&Secret>,
    ) -> Result<Response<Body>, Setback> {
        let client = self.client(of, place)?;
        let mut request = client.get(place).header(header::ACCEPT, accept);
        if from > 0 {
            request = request.header(header::RANGE, format!("bytes={from}-"));
        }
        if let Some(secret) = known {
            request = request.header(header::AUTHORIZATION, &secret.0);
        }
        request.call().map_err(|error| failed(of, place, error))
    }

    pub(super) fn client(&self, of: &str, place: &Uri) -> Result<&ureq::Agent, RegistryError> {
        let authority = authority(place);
        let tls = place.scheme_str() == Some("https");
        let plain = || RegistryError::Plain { what: of.to_owned(), host: authority.to_owned() };
        self.clients.of(tls, authority).ok_or_else(plain)
    }

    pub(super) fn auth(&self) -> Result<&AuthFile, RegistryError> {
        if let Some(known) = self.auth.get() {
            return Ok(known);
        }
        let read = self.credentials.as_deref().map_or_else(|| Ok(AuthFile::default()), AuthFile::read)?;
        Ok(self.auth.get_or_init(|| read))
    }

    fn known(&self, of: &Reference) -> Option<Secret> {
        self.shown.lock().ok()?.get(&key(of)).cloned()
    }

    pub(super) fn refused(&self, of: &Reference, place: &Uri) -> RegistryError {
        let host = authority(place);
        RegistryError::Credentials {
            what: what(of),
            reason: format!(
                "{host} refuses access to {}; there is no such repository, or the credentials for {} may not read it: \
                 check the name, or log in again and give the file with --registry-auth",
                of.name, of.host
            ),
        }
    }
}

/// What an error names.
pub(super) fn what(of: &Reference) -> String {
    of.to_string()
}

/// The error for a status that nothing else explains.
pub(super) fn answer(what: &str, place: &Uri, status: StatusCode, advice: &'static str) -> RegistryError {
    let host = authority(place).to_owned();
    RegistryError::Answer { what: what.to_owned(), host, status: status.as_u16(), advice }
}

/// Whether a status tells of something that passes.
pub(super) fn is_passing(status: StatusCode) -> bool {
    [408, 425, 429, 500, 502, 503, 504].contains(&status.as_u16())
}

/// The setback of a status that passes, with the pause that the server asks for (in seconds, RFC 9110, 10.2.3).
pub(super) fn later(response: &Response<Body>, place: &Uri) -> Setback {
    let after = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    Setback::Again {
        after: after.map(|seconds| Duration::from_secs(seconds).min(MAX_PAUSE)),
        reason: format!("{} answers {}", authority(place), response.status()),
    }
}

/// Host with port.
pub(super) fn authority(place: &Uri) -> &str {
    place.authority().map_or("", |authority| authority.as_str().rsplit('@').next().unwrap_or_default())
}

/// Where a redirect leads.
pub(super) fn redirected(of: &Reference, from: &Uri, headers: &HeaderMap) -> Result<Uri, RegistryError> {
    let to = headers.get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    target(from, to).ok_or_else(|| RegistryError::content(&what(of), "the registry redirects to no address"))
}

/// An address relative to another (RFC 3986, 5.2, without dot segments).
pub(super) fn target(from: &Uri, to: &str) -> Option<Uri> {
    let to = to.split('#').next().unwrap_or_default();
    let scheme = from.scheme_str()?;
    let text = if to.starts_with("https://") || to.starts_with("http://") {
        to.to_owned()
    } else if let Some(rest) = to.strip_prefix("//") {
        format!("{scheme}://{rest}")
    } else if to.starts_with('/') {
        format!("{scheme}://{}{to}", from.authority()?)
    } else if to.is_empty() || to.contains("://") {
        return None;
    } else {
        let folder = from.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{scheme}://{}{folder}/{to}", from.authority()?)
    };
    text.parse().ok()
}

fn same_origin(a: &Uri, b: &Uri) -> bool {
    let port = |uri: &Uri| uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
    a.scheme() == b.scheme() && a.host() == b.host() && port(a) == port(b)
}

pub(super) fn key(of: &Reference) -> (String, String) {
    (of.server().to_owned(), of.name.clone())
}

/// What went wrong below HTTP. Certificates and unknown names do not get better by trying.
pub(super) fn failed(what: &str, place: &Uri, error: ureq::Error) -> Setback {
    let host = authority(place).to_owned();
    let (what, reason) = (what.to_owned(), error.to_string());
    match &error {
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => Setback::Final(RegistryError::Tls { what, host, reason }),
        // The errors of rustls come wrapped where they appear in the middle of a handshake.
        ureq::Error::Io(inner) if inner.get_ref().is_some_and(|error| error.to_string().contains("certificate")) => {
            Setback::Final(RegistryError::Tls { what, host, reason })
        }
        ureq::Error::Io(inner) if inner.kind() == std::io::ErrorKind::InvalidData => {
            Setback::Final(RegistryError::Tls { what, host, reason })
        }
        _ => Setback::Again { after: None, reason: format!("{host}: {reason}") },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_lead_where_they_say() {
        let from: Uri = "https://a.example:5000/v2/x/blobs/y".parse().expect("address");
        let to = |text: &str| target(&from, text).map(|uri| uri.to_string());
        assert_eq!(to("https://b.example/z?s=1#f").as_deref(), Some("https://b.example/z?s=1"));
        assert_eq!(to("//b.example/z").as_deref(), Some("https://b.example/z"));
        assert_eq!(to("/z").as_deref(), Some("https://a.example:5000/z"));
        assert_eq!(to("z").as_deref(), Some("https://a.example:5000/v2/x/blobs/z"));
        for text in ["", "ftp://b.example/z", "file:///etc/passwd"] {
            assert_eq!(to(text), None, "{text}");
        }
    }

    #[test]
    fn origins_are_scheme_host_and_port() {
        let same = |a: &str, b: &str| same_origin(&a.parse().expect("a"), &b.parse().expect("b"));
        assert!(same("https://a.example/x", "https://a.example:443/y"));
        assert!(!same("https://a.example/x", "http://a.example/x"));
        assert!(!same("https://a.example/x", "https://a.example:444/x"));
        assert!(!same("https://a.example/x", "https://b.example/x"));
    }
}
