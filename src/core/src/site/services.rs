//! The site sheet: services of the institution that the platform uses. No secret stands in it: passwords are given to the
//! agent by themselves and reach charts as a Kubernetes Secret.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::refusal::Doubts;

/// Name of the Kubernetes Secret that holds the passwords of these services, in each namespace of applications.
pub const SECRET: &str = "bridle-site-services";
/// Most entries of a list.
pub const MOST: usize = 16;
/// Largest set of certificates, in bytes.
pub const LARGEST_CA: usize = 64 * 1024;

/// Services of the institution.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Services {
    /// Addresses of name servers, in the order in which they are asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dns: Vec<String>,
    /// Names or addresses of time servers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ntp: Vec<String>,
    /// Certificates of the institution's own authority: the path of a PEM file, or its text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// Relay for mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp: Option<Smtp>,
    /// Way to the world outside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<Proxy>,
    /// Where logs go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub syslog: Option<Syslog>,
    /// Passwords that this host keeps sealed, each with the number of its version; never part of a profile.
    #[serde(skip)]
    pub sealed: BTreeMap<String, u64>,
}

/// A relay for mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// Name or address.
    pub host: String,
    /// Port; by the security if absent: 25, 587 or 465.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// How the way there is kept private.
    #[serde(default)]
    pub security: Security,
    /// Address that mails come from.
    pub from: String,
    /// Name to log in with; the password is kept apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// How a connection is kept private.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// Not at all.
    #[default]
    None,
    /// Begun in the clear, then TLS.
    Starttls,
    /// TLS from the first byte.
    Tls,
}

/// A proxy for HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proxy {
    /// `http://HOST:PORT`, without user and password.
    pub url: String,
    /// Names, name endings (`.campus.example`) and networks that are reached without it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<String>,
    /// Name to log in with; the password is kept apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// A collector of logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Syslog {
    /// Name or address.
    pub host: String,
    /// Port; 514 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// `udp` or `tcp`.
    #[serde(default)]
    pub protocol: Protocol,
}

/// How logs travel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// One datagram a line.
    #[default]
    Udp,
    /// A stream.
    Tcp,
}

impl Smtp {
    /// The port, by the security if none is given (RFC 5321, RFC 6409, RFC 8314).
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.security {
            Security::None => 25,
            Security::Starttls => 587,
            Security::Tls => 465,
        })
    }
}

impl Proxy {
    /// Host and port of the address; `None` if it is no such address.
    #[must_use]
    pub fn place(&self) -> Option<(&str, u16)> {
        let rest = self.url.strip_prefix("http://")?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = rest.rsplit_once(':')?;
        let port = port.parse().ok().filter(|port| *port > 0)?;
        is_host(host).then_some((host, port))
    }
}

impl Syslog {
    /// The port; 514 if none is given.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(514)
    }
}

impl Services {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What charts get as `global.site.services`; `ca` only as text. Lists are always there, the rest where it was said.
    #[must_use]
    pub fn values(&self) -> Value {
        let mut values = Map::from_iter([("dns".to_owned(), json!(self.dns)), ("ntp".to_owned(), json!(self.ntp))]);
        let mut put = |name: &str, value: Value| values.insert(name.to_owned(), value);
        if let Some(ca) = self.ca.as_deref().filter(|ca| is_pem(ca)) {
            put("ca", ca.into());
        }
        if let Some(smtp) = &self.smtp {
            let mut value =
                json!({ "host": smtp.host, "port": smtp.port(), "security": smtp.security, "from": smtp.from });
            if let Some(user) = &smtp.user {
                value["user"] = user.as_str().into();
            }
            put("smtp", value);
        }
        if let Some(proxy) = &self.proxy {
            let mut value = json!({ "url": proxy.url, "exceptions": proxy.exceptions });
            if let Some(user) = &proxy.user {
                value["user"] = user.as_str().into();
            }
            put("proxy", value);
        }
        if let Some(syslog) = &self.syslog {
            put("syslog", json!({ "host": syslog.host, "port": syslog.port(), "protocol": syslog.protocol }));
        }
        let made = self.needed();
        if !made.is_empty() {
            put("secret", SECRET.into());
            // What pods are given anew when a password changes, if their chart writes it into an annotation.
            let version = made.iter().map(|(name, number)| format!("{name}-{number}")).collect::<Vec<_>>().join(".");
            put("secret_version", version.into());
        }
        Value::Object(values)
    }

    /// Names of the passwords that these services need, as `bridle config secret set` takes them.
    pub fn users(&self) -> impl Iterator<Item = &'static str> {
        let smtp = self.smtp.as_ref().and_then(|smtp| smtp.user.as_ref()).map(|_| "smtp-password");
        let proxy = self.proxy.as_ref().and_then(|proxy| proxy.user.as_ref()).map(|_| "proxy-password");
        smtp.into_iter().chain(proxy)
    }

    /// The passwords that reach the cluster: those that are needed and kept here.
    #[must_use]
    pub fn needed(&self) -> BTreeMap<String, u64> {
        let kept = |name: &'static str| Some((name.to_owned(), *self.sealed.get(name)?));
        self.users().filter_map(kept).collect()
    }

    /// Passwords that are needed and not kept here, each with the keys of the user that it belongs to.
    pub fn unset(&self) -> impl Iterator<Item = (&'static str, [&'static str; 3])> {
        self.users().filter(|name| !self.sealed.contains_key(*name)).map(|name| {
            let service = if name == "proxy-password" { "proxy" } else { "smtp" };
            (name, ["services", service, "user"])
        })
    }

    /// The path of the certificates, where they are not given as text.
    #[must_use]
    pub fn ca_path(&self) -> Option<&str> {
        self.ca.as_deref().filter(|ca| !is_pem(ca))
    }

    pub(super) fn doubt(&self, doubts: &mut Doubts<'_, '_>) {
        for (name, list) in [("dns", &self.dns), ("ntp", &self.ntp)] {
            for (index, entry) in list.iter().enumerate() {
                let fits = if name == "dns" { entry.parse::<IpAddr>().is_ok() } else { is_host(entry) };
                let rule = if name == "dns" { "address" } else { "host" };
                doubts.rule(fits && index < MOST, &["services", name, &index.to_string()], entry, rule);
            }
        }
        if let Some(ca) = &self.ca {
            let fits = if is_pem(ca) { pem_is_sound(ca) } else { ca.starts_with('/') && ca.len() < 4096 };
            // Of a key that was put here by mistake, nothing more than its first line is shown.
            let shown = ca.lines().next().filter(|_| is_pem(ca)).unwrap_or(ca);
            doubts.rule(fits && ca.len() <= LARGEST_CA, &["services", "ca"], shown, "pem");
        }
        if let Some(smtp) = &self.smtp {
            doubts.rule(is_host(&smtp.host), &["services", "smtp", "host"], &smtp.host, "host");
            doubts.rule(is_mail(&smtp.from), &["services", "smtp", "from"], &smtp.from, "mail");
            doubts.port(smtp.port, &["services", "smtp", "port"]);
            doubts.name(smtp.user.as_deref(), &["services", "smtp", "user"]);
        }
        if let Some(proxy) = &self.proxy {
            // A password that was put into the address is not shown.
            let shown = proxy.url.rsplit_once('@').map_or_else(|| proxy.url.clone(), |(_, rest)| format!("…@{rest}"));
            doubts.rule(proxy.place().is_some(), &["services", "proxy", "url"], &shown, "proxy");
            for (index, entry) in proxy.exceptions.iter().enumerate() {
                let path = ["services", "proxy", "exceptions", &index.to_string()];
                doubts.rule(is_exception(entry) && index < 4 * MOST, &path, entry, "exception");
            }
            doubts.name(proxy.user.as_deref(), &["services", "proxy", "user"]);
        }
        if let Some(syslog) = &self.syslog {
            doubts.rule(is_host(&syslog.host), &["services", "syslog", "host"], &syslog.host, "host");
            doubts.port(syslog.port, &["services", "syslog", "port"]);
        }
    }
}

/// Whether `text` is an IP address or a host name (RFC 1123: labels of letters, digits and `-`).
#[must_use]
pub fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // Four numbers that are no address are a typing error, not a name.
    let numbers = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    text.parse::<IpAddr>().is_ok() || (text.len() <= 253 && !numbers && text.split('.').all(label))
}

fn is_exception(text: &str) -> bool {
    let network = || {
        let (address, bits) = text.split_once('/')?;
        let most = if address.parse::<IpAddr>().ok()?.is_ipv4() { 32 } else { 128 };
        bits.parse::<u8>().ok().filter(|bits| *bits <= most)
    };
    is_host(text.strip_prefix("*.").or_else(|| text.strip_prefix('.')).unwrap_or(text)) || network().is_some()
}

/// Good enough to find a typing error: one `@`, something before it without space, a host after it.
fn is_mail(text: &str) -> bool {
    let plain =
        |part: &str| part.chars().all(|c| !c.is_whitespace() && !c.is_control() && !"<>()[]\\,;:\"@".contains(c));
    text.len() <= 254
        && text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && plain(user) && is_host(host))
}

/// Whether this is the text of certificates rather than the path of a file.
#[must_use]
pub fn is_pem(text: &str) -> bool {
    text.contains("-----BEGIN ")
}

/// Whether every block is a certificate with content that can be one; no private key may stand here.
#[must_use]
pub fn pem_is_sound(text: &str) -> bool {
    let mut rest = text;
    let mut blocks = 0;
    while let Some((_, block)) = rest.split_once("-----BEGIN ") {
        let Some((body, after)) =
            block.strip_prefix("CERTIFICATE-----").and_then(|block| block.split_once("-----END CERTIFICATE-----"))
        else {
            return false;
        };
        let code: Vec<u8> = body.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
        let letters = code.iter().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(b));
        // A certificate is a sequence whose length takes two bytes: 30 82, which is "MII" in base64.
        if !letters || !code.len().is_multiple_of(4) || !code.starts_with(b"MII") {
            return false;
        }
        blocks += 1;
        rest = after;
    }
    blocks > 0
}
