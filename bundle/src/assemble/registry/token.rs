//! What a registry is shown: a password, or a token that its token server gives for one.

use std::io::Read as _;

use serde::Deserialize;
use ureq::Body;
use ureq::http::{HeaderMap, Response, StatusCode, Uri, header};

use super::challenge::{self, Challenge};
use super::credentials::{Credentials, Secret};
use super::error::RegistryError;
use super::reference::Reference;
use super::transport::{Setback, Transport, answer, failed, is_passing, key, later, what};
use crate::assemble::sbom::escape;

/// Largest answer of a token server, in bytes.
const MAX_TOKEN: u64 = 1 << 20;

impl Transport {
    /// Learns what to show this registry for this repository.
    pub(super) fn show_credentials(&self, of: &Reference, headers: &HeaderMap) -> Result<(), Setback> {
        let refuse = |reason: String| RegistryError::Credentials { what: what(of), reason };
        let texts = headers.get_all(header::WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let joined = texts.collect::<Vec<_>>().join(", ");
        let found = self.auth()?.find(of)?;
        let secret = match challenge::parse(&joined) {
            Some(Challenge::Bearer { realm, service, scope }) => {
                let scope = scope.unwrap_or_else(|| format!("repository:{}:pull", of.name));
                self.token(of, &realm, service.as_deref(), &scope, found)?
            }
            Some(Challenge::Basic) => match found {
                Some(Credentials::Basic { header, .. }) => header,
                Some(Credentials::Identity(_)) => {
                    return Err(refuse(format!(
                        "{} asks for user and password, the file has only an identity token; log in again",
                        of.host
                    ))
                    .into());
                }
                None => return Err(refuse(self.auth()?.advice(of)).into()),
            },
            None => {
                return Err(refuse(format!(
                    "{} answers 401 and names no way to show credentials that is known here (Basic, Bearer)",
                    of.host
                ))
                .into());
            }
        };
        if let Ok(mut shown) = self.shown.lock() {
            shown.insert(key(of), secret);
        }
        Ok(())
    }

    /// Asks `realm` for a token (Docker's token authentication; with an identity token its OAuth2 form).
    fn token(
        &self,
        of: &Reference,
        realm: &str,
        service: Option<&str>,
        scope: &str,
        credentials: Option<Credentials>,
    ) -> Result<Secret, Setback> {
        let named = format!("{} (token from {realm})", what(of));
        let place: Uri = realm.parse().map_err(|_| RegistryError::content(&named, "the address is none"))?;
        let client = self.client(&named, &place)?;
        let mut fields = vec![("scope", scope.to_owned())];
        fields.extend(service.map(|service| ("service", service.to_owned())));
        let response = match &credentials {
            Some(Credentials::Identity(token)) => {
                fields.extend([
                    ("grant_type", "refresh_token".to_owned()),
                    ("client_id", "bridle-bundle".to_owned()),
                    ("refresh_token", token.0.clone()),
                ]);
                let kind = "application/x-www-form-urlencoded";
                client.post(&place).header(header::CONTENT_TYPE, kind).send(form(&fields))
            }
            Some(Credentials::Basic { user, header: secret }) => {
                fields.push(("account", user.clone()));
                client.get(with_query(realm, &fields)).header(header::AUTHORIZATION, &secret.0).call()
            }
            None => client.get(with_query(realm, &fields)).call(),
        };
        let response = response.map_err(|error| failed(&named, &place, error))?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if credentials.is_none() => {
                return Err(RegistryError::Credentials { what: what(of), reason: self.auth()?.advice(of) }.into());
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Err(self.refused(of, &place).into()),
            status if is_passing(status) => return Err(later(&response, &place)),
            status => return Err(answer(&named, &place, status, "ask its operator how tokens are given").into()),
        }
        read_token(&named, response)
    }
}

fn read_token(named: &str, response: Response<Body>) -> Result<Secret, Setback> {
    #[derive(Deserialize)]
    struct Answer {
        token: Option<String>,
        access_token: Option<String>,
    }
    let mut bytes = Vec::new();
    let read = response.into_body().into_reader().take(MAX_TOKEN).read_to_end(&mut bytes);
    read.map_err(|error| Setback::Again { after: None, reason: error.to_string() })?;
    let token = serde_json::from_slice::<Answer>(&bytes).ok().and_then(|answer| answer.token.or(answer.access_token));
    match token.filter(|token| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())) {
        Some(token) => Ok(Secret(format!("Bearer {token}"))),
        None => Err(RegistryError::content(named, "the answer holds no token; ask the registry's operator").into()),
    }
}

fn form(fields: &[(&str, String)]) -> String {
    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
    pairs.join("&")
}

fn with_query(realm: &str, fields: &[(&str, String)]) -> String {
    let mark = if realm.contains('?') { '&' } else { '?' };
    format!("{realm}{mark}{}", form(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_escaped() {
        let fields = [("scope", "repository:a/b:pull".to_owned()), ("service", "x y&z".to_owned())];
        assert_eq!(with_query("https://t/x", &fields), "https://t/x?scope=repository:a%2Fb:pull&service=x%20y%26z");
        assert_eq!(with_query("https://t/x?a=b", &fields[1..]), "https://t/x?a=b&service=x%20y%26z");
    }
}
