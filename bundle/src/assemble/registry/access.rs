//! How registries are reached: credentials, authorities, proxy, patience.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Proxy};

use super::error::RegistryError;

/// Deadline for a connection with TLS.
const CONNECT: Duration = Duration::from_secs(30);
/// Longest silence of a server within an answer.
const SILENCE: Duration = Duration::from_secs(60);
/// Largest file with certificates, in bytes.
const MAX_CERTIFICATES: u64 = 16 << 20;

/// What a publisher says about the registries of a release.
#[derive(Debug, Clone)]
pub struct Access {
    /// File with credentials (`auths` of docker's `config.json`).
    pub credentials: Option<PathBuf>,
    /// `FILE` or `HOST=FILE`: certificates of private authorities, trusted beside the public ones.
    pub authorities: Vec<String>,
    /// Hosts (with port, or without for every port) that are reached without TLS.
    pub plain: BTreeSet<String>,
    /// Proxy; none means the one of the environment.
    pub proxy: Option<String>,
    /// Hosts that are reached without the proxy that `proxy` names, separated by commas.
    pub no_proxy: Option<String>,
    /// Tries in a row without a new byte, until it counts as a failure.
    pub tries: u32,
    /// First pause between two tries; it doubles.
    pub pause: Duration,
    /// Transfers at a time.
    pub transfers: usize,
}

impl Default for Access {
    fn default() -> Self {
        Self {
            credentials: None,
            authorities: Vec::new(),
            plain: BTreeSet::new(),
            proxy: None,
            no_proxy: None,
            tries: 6,
            pause: Duration::from_secs(1),
            transfers: 4,
        }
    }
}

/// One client for each set of authorities.
#[derive(Debug)]
pub(super) struct Clients {
    everywhere: Agent,
    by_host: BTreeMap<String, Agent>,
    plain: Agent,
    plain_hosts: BTreeSet<String>,
}

impl Access {
    /// Makes the clients.
    pub(super) fn clients(&self) -> Result<Clients, RegistryError> {
        let proxy = self.proxy()?;
        let mut common = Vec::new();
        let mut own: BTreeMap<String, Vec<Certificate<'static>>> = BTreeMap::new();
        for authority in &self.authorities {
            match authority.split_once('=') {
                Some((host, path)) => own.entry(host.to_owned()).or_default().extend(certificates(Path::new(path))?),
                None => common.extend(certificates(Path::new(authority))?),
            }
        }
        let by_host = own
            .into_iter()
            .map(|(host, certificates)| (host, client(roots(&[&common, &certificates]), proxy.clone())))
            .collect();
        Ok(Clients {
            everywhere: client(roots(&[&common]), proxy),
            by_host,
            // What needs no TLS is near: a proxy would not know the way.
            plain: client(RootCerts::WebPki, None),
            plain_hosts: self.plain.clone(),
        })
    }

    fn proxy(&self) -> Result<Option<Proxy>, RegistryError> {
        let Some(text) = &self.proxy else { return Ok(Proxy::try_from_env()) };
        let refuse = |reason: &str| RegistryError::Option { option: "--proxy", reason: reason.to_owned() };
        if text.contains('@') {
            return Err(refuse(
                "a password does not belong on a command line, where every user of the machine reads it; put the address \
                 with its user into the environment variable HTTPS_PROXY",
            ));
        }
        let known = Proxy::new(text).map_err(|_| refuse("write http://HOST:PORT or https://HOST:PORT"))?;
        let mut builder = Proxy::builder(known.protocol()).host(known.host()).port(known.port());
        for host in self.no_proxy.iter().flat_map(|list| list.split(',')).map(str::trim).filter(|host| !host.is_empty())
        {
            builder = builder.no_proxy(host);
        }
        builder.build().map(Some).map_err(|_| refuse("write http://HOST:PORT or https://HOST:PORT"))
    }
}

impl Clients {
    /// The client for a host with its port.
    pub(super) fn of(&self, tls: bool, authority: &str) -> Option<&Agent> {
        let alone = host_alone(authority);
        if !tls {
            let allowed = self.plain_hosts.contains(authority) || self.plain_hosts.contains(alone);
            return allowed.then_some(&self.plain);
        }
        Some(self.by_host.get(authority).or_else(|| self.by_host.get(alone)).unwrap_or(&self.everywhere))
    }

    /// Whether plain HTTP is what the publisher wants for this host.
    pub(super) fn is_plain(&self, authority: &str) -> bool {
        self.plain_hosts.contains(authority) || self.plain_hosts.contains(host_alone(authority))
    }
}

/// A host without its port.
fn host_alone(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// A client that follows no redirect by itself and reports every status.
fn client(roots: RootCerts, proxy: Option<Proxy>) -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_connect(Some(CONNECT))
        .timeout_per_read(Some(SILENCE))
        .timeout_per_write(Some(SILENCE))
        .user_agent("bridle-bundle")
        .proxy(proxy)
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .build()
        .into()
}

/// The public authorities with those of the publisher.
fn roots(own: &[&[Certificate<'static>]]) -> RootCerts {
    if own.iter().all(|certificates| certificates.is_empty()) {
        return RootCerts::WebPki;
    }
    let public = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().map(|der| Certificate::from_der(der));
    let own = own.iter().flat_map(|certificates| certificates.iter().cloned());
    RootCerts::Specific(Arc::new(own.chain(public).collect()))
}

/// The certificates of a PEM file.
fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>, RegistryError> {
    let refuse = |reason: String| RegistryError::File { path: path.to_owned(), reason };
    let size = std::fs::metadata(path).map_err(|error| refuse(error.to_string()))?.len();
    if size > MAX_CERTIFICATES {
        return Err(refuse(format!("{size} bytes, the limit for certificates is {MAX_CERTIFICATES}")));
    }
    let bytes = std::fs::read(path).map_err(|error| refuse(error.to_string()))?;
    let mut found = Vec::new();
    for item in parse_pem(&bytes) {
        match item {
            Ok(PemItem::Certificate(certificate)) => found.push(certificate),
            Ok(_) => {}
            Err(error) => return Err(refuse(format!("not PEM: {error}"))),
        }
    }
    if found.is_empty() {
        return Err(refuse(
            "holds no certificate; give the authority's certificate as PEM (BEGIN CERTIFICATE)".to_owned(),
        ));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(access: &Access) -> String {
        access.clients().expect_err("refused").to_string()
    }

    #[test]
    fn plain_http_is_for_named_hosts() {
        let plain = BTreeSet::from(["127.0.0.1:5000".to_owned(), "near.example".to_owned()]);
        let clients = Access { plain, ..Access::default() }.clients().expect("clients");
        for (authority, allowed) in [
            ("127.0.0.1:5000", true),
            ("127.0.0.1:5001", false),
            ("127.0.0.1", false),
            ("near.example", true),
            ("near.example:80", true),
            ("far.example", false),
        ] {
            assert_eq!(clients.of(false, authority).is_some(), allowed, "{authority}");
            assert_eq!(clients.is_plain(authority), allowed, "{authority}");
            assert!(clients.of(true, authority).is_some());
        }
    }

    #[test]
    fn a_proxy_password_is_refused_without_being_told() {
        let access = Access { proxy: Some("http://u:hunter2@proxy.example:3128".to_owned()), ..Access::default() };
        let said = refusal(&access);
        assert!(said.contains("HTTPS_PROXY") && !said.contains("hunter2"), "{said}");
        assert!(refusal(&Access { proxy: Some("::".to_owned()), ..Access::default() }).contains("http://HOST:PORT"));
    }

    #[test]
    fn certificates_are_needed_in_their_file() {
        let file = tempfile::NamedTempFile::new().expect("file");
        let said = refusal(&Access { authorities: vec![file.path().display().to_string()], ..Access::default() });
        assert!(said.contains("holds no certificate"), "{said}");
        let said = refusal(&Access { authorities: vec!["x.example=/absent".to_owned()], ..Access::default() });
        assert!(said.contains("/absent"), "{said}");
    }
}
