//! The client of the SDK, with nothing that it would do by itself: no retries, no files or environment of the machine, no
//! checksums that older servers refuse, no other trust than what was given, names looked up through our port.

use std::net::IpAddr;
use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    StalledStreamProtectionConfig,
};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use bridle_core::port::names::Names;

use super::S3Settings;

/// The most bytes of certificates.
const MOST_CA: usize = 1 << 20;

pub(super) fn client(settings: &S3Settings, names: Arc<dyn Names>) -> Result<Client, String> {
    let host = host_of(&settings.endpoint)?;
    if host.parse().is_ok_and(|address| !reachable(address)) {
        return Err(format!("{host} is an address that no store has"));
    }
    if settings.ca.len() > MOST_CA {
        return Err("the certificates are too large".to_owned());
    }
    let trusted = TrustStore::empty();
    let trusted = if settings.ca.is_empty() {
        trusted.with_native_roots(true)
    } else {
        if !settings.ca.windows(27).any(|part| part == b"-----BEGIN CERTIFICATE-----") {
            return Err("there is no certificate (PEM) in what was given as authority".to_owned());
        }
        trusted.with_pem_certificate(settings.ca.clone())
    };
    let context = TlsContext::builder().with_trust_store(trusted).build().map_err(|error| error.to_string())?;
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(context)
        .build_with_resolver(Resolver(names));
    let credentials = &settings.credentials;
    let credentials = Credentials::new(
        credentials.key_id.as_str(),
        credentials.secret.as_str(),
        credentials.token.clone(),
        None,
        "bridle",
    );
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http)
        .endpoint_url(settings.endpoint.trim_end_matches('/'))
        .region(Region::new(settings.region.clone()))
        .credentials_provider(credentials)
        .force_path_style(settings.path_style)
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().connect_timeout(settings.patience.connect).build())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .build();
    Ok(Client::from_conf(config))
}

/// The host of an endpoint.
fn host_of(endpoint: &str) -> Result<&str, String> {
    let rest = endpoint.strip_prefix("https://").or_else(|| endpoint.strip_prefix("http://"));
    let rest = rest.ok_or_else(|| format!("{endpoint} is no address of the form https://HOST"))?;
    let authority = rest.trim_end_matches('/');
    if authority.is_empty() || authority.contains(['/', '@', '?', '#']) || authority.chars().any(char::is_whitespace) {
        return Err(format!("{endpoint} is no address of the form https://HOST"));
    }
    Ok(match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host.trim_matches(['[', ']']),
        _ => authority.trim_matches(['[', ']']),
    })
}

/// Link-local addresses are those of machines' own services (metadata of clouds), never of a store.
fn reachable(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !address.is_link_local() && !address.is_unspecified(),
        IpAddr::V6(address) => !address.is_unicast_link_local() && !address.is_unspecified(),
    }
}

#[derive(Debug, Clone)]
struct Resolver(Arc<dyn Names>);

impl ResolveDns for Resolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        let (names, name) = (Arc::clone(&self.0), name.to_owned());
        DnsFuture::new(async move {
            let found = tokio::task::spawn_blocking(move || names.addresses(&name)).await;
            let found = found.map_err(ResolveDnsError::new)?.map_err(ResolveDnsError::new)?;
            Ok(found.into_iter().filter(|address| reachable(*address)).collect())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_hosts_and_nothing_else() {
        for (endpoint, host) in [
            ("https://s3.example", "s3.example"),
            ("https://s3.example:9000/", "s3.example"),
            ("http://127.0.0.1:9000", "127.0.0.1"),
            ("https://[::1]:9000", "::1"),
        ] {
            assert_eq!(host_of(endpoint), Ok(host));
        }
        for endpoint in
            ["s3.example", "ftp://a", "https://", "https://user:word@host", "https://host/path", "https://ho st"]
        {
            assert!(host_of(endpoint).is_err(), "{endpoint}");
        }
        assert!(!reachable(IpAddr::from([169, 254, 169, 254])) && reachable(IpAddr::from([10, 0, 0, 1])));
    }
}
