//! The appliance's own certificate authority and the certificate of the front door.

use std::path::{Path, PathBuf};

use bridle_core::digest::Digest;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::plan::review::EARLIEST;
use bridle_core::port::{Certificates, Clock, TlsPair};
use bridle_core::step::Standing;
use bridle_core::wording;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use serde::{Deserialize, Serialize};

use crate::files;

/// Life of the authority in days.
const AUTHORITY_DAYS: u64 = 3650;
/// Life of a certificate in days: months, not years (`source.md`).
const CERTIFICATE_DAYS: u64 = 180;
/// Largest certificate file that is read, in bytes.
const LARGEST: u64 = 64 * 1024;

/// Authority and certificates in one directory (0700).
pub struct Authority {
    dir: PathBuf,
    clock: std::sync::Arc<dyn Clock>,
}

/// What was issued; written last, so a certificate without it does not count.
#[derive(Debug, Serialize, Deserialize)]
struct Issued {
    format: u32,
    host: String,
    not_after: u64,
    certificate: Digest,
    key: Digest,
}

impl Authority {
    /// The authority in `dir`.
    #[must_use]
    pub fn new(dir: PathBuf, clock: std::sync::Arc<dyn Clock>) -> Self {
        Self { dir, clock }
    }

    /// Whether there is a certificate for `host` that is valid for another 30 days.
    ///
    /// # Errors
    /// A [`Fault`] if a file cannot be read.
    pub fn standing(&self, host: &str) -> Result<Standing, Fault> {
        let missing = || Standing::Missing(Message::new("missing-certificate").with("host", host));
        let Some(issued) = self.issued()? else { return Ok(missing()) };
        let (certificate, key) = (self.read("front-door.pem")?, self.read("front-door.key")?);
        let whole = certificate.is_some_and(|text| Digest::of(text.as_bytes()) == issued.certificate)
            && key.is_some_and(|text| Digest::of(text.as_bytes()) == issued.key);
        let month = 30 * 86_400;
        let lasting = issued.not_after > self.clock.now().0 / 1000 + month;
        Ok(if whole && lasting && issued.host == host { Standing::Done } else { missing() })
    }

    /// Issues a certificate for `host`, making the authority first if there is none.
    ///
    /// # Errors
    /// A [`Fault`] if the clock is wrong beyond doubt, or something cannot be made or written.
    pub fn issue(&self, host: &str) -> Result<(), Fault> {
        let time = self.clock.now();
        if time < EARLIEST {
            let fault = Fault::new(FaultCode::ClockWrong).with("time", wording::moment(time));
            return Err(fault.with("earliest", wording::moment(EARLIEST)));
        }
        files::make_dirs(&self.dir, 0o700)?;
        let issuer = self.authority()?;
        let now = time.0 / 1000;
        let not_after = now + CERTIFICATE_DAYS * 86_400;
        let mut params = CertificateParams::new(vec![host.to_owned()]).map_err(|error| internal(&error))?;
        params.distinguished_name.push(DnType::CommonName, host);
        params.not_before = moment(now.saturating_sub(86_400));
        params.not_after = moment(not_after);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().map_err(|error| internal(&error))?;
        let certificate = params.signed_by(&key, &issuer).map_err(|error| internal(&error))?;
        let authority = self.read("ca.pem")?.unwrap_or_default();
        let chain = format!("{}{authority}", certificate.pem());
        let key = key.serialize_pem();
        self.write("front-door.key", &key, 0o600)?;
        self.write("front-door.pem", &chain, 0o644)?;
        let issued = Issued {
            format: 1,
            host: host.to_owned(),
            not_after,
            certificate: Digest::of(chain.as_bytes()),
            key: Digest::of(key.as_bytes()),
        };
        let text = serde_json::to_string_pretty(&issued).map_err(|error| internal(&error))?;
        self.write("front-door.json", &text, 0o644)
    }

    fn authority(&self) -> Result<Issuer<'static, KeyPair>, Fault> {
        let key = match (self.read("ca.pem")?, self.read("ca.key")?) {
            (Some(_), Some(key)) => KeyPair::from_pem(&key).map_err(|error| internal(&error))?,
            // The certificate is written last: a key alone was never used.
            _ => self.make_authority()?,
        };
        let params = authority_params(self.clock.now().0 / 1000)?;
        Ok(Issuer::new(params, key))
    }

    fn make_authority(&self) -> Result<KeyPair, Fault> {
        let key = KeyPair::generate().map_err(|error| internal(&error))?;
        let params = authority_params(self.clock.now().0 / 1000)?;
        let certificate = params.self_signed(&key).map_err(|error| internal(&error))?;
        self.write("ca.key", &key.serialize_pem(), 0o600)?;
        self.write("ca.pem", &certificate.pem(), 0o644)?;
        Ok(key)
    }

    fn issued(&self) -> Result<Option<Issued>, Fault> {
        let text = self.read("front-door.json")?;
        Ok(text.and_then(|text| serde_json::from_str::<Issued>(&text).ok()).filter(|issued| issued.format == 1))
    }

    fn read(&self, name: &str) -> Result<Option<String>, Fault> {
        Ok(files::read_limited(&self.dir.join(name), LARGEST)?)
    }

    fn write(&self, name: &str, text: &str, mode: u32) -> Result<(), Fault> {
        let path: &Path = &self.dir.join(name);
        Ok(files::write_atomic(path, text.as_bytes(), mode)?)
    }
}

impl Certificates for Authority {
    fn front_door(&self, host: &str) -> Result<TlsPair, Fault> {
        let unreadable = || Fault::new(FaultCode::FileUnreadable).with("path", self.dir.display().to_string());
        if self.standing(host)? != Standing::Done {
            return Err(unreadable());
        }
        let certificate = self.read("front-door.pem")?.ok_or_else(unreadable)?;
        let key = self.read("front-door.key")?.ok_or_else(unreadable)?;
        Ok(TlsPair { certificate, key })
    }
}

fn authority_params(now: u64) -> Result<CertificateParams, Fault> {
    let mut params = CertificateParams::new(Vec::<String>::new()).map_err(|error| internal(&error))?;
    params.distinguished_name.push(DnType::CommonName, "Bridle appliance CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = moment(now.saturating_sub(86_400));
    params.not_after = moment(now + AUTHORITY_DAYS * 86_400);
    Ok(params)
}

fn moment(seconds: u64) -> time::OffsetDateTime {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    time::OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(time::OffsetDateTime::UNIX_EPOCH)
}

fn internal(error: &dyn std::error::Error) -> Fault {
    Fault::new(FaultCode::Internal).because(error)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::SystemClock;

    #[test]
    fn issues_once_and_notices_damage() {
        let dir = tempfile::tempdir().expect("dir");
        let authority = Authority::new(dir.path().join("pki"), Arc::new(SystemClock));
        assert_ne!(authority.standing("campus.example").expect("standing"), Standing::Done);
        authority.issue("campus.example").expect("issue");
        assert_eq!(authority.standing("campus.example").expect("standing"), Standing::Done);
        assert_ne!(authority.standing("other.example").expect("standing"), Standing::Done);
        let ca = authority.read("ca.pem").expect("read").expect("ca");
        authority.issue("other.example").expect("issue");
        assert_eq!(authority.read("ca.pem").expect("read").as_deref(), Some(ca.as_str()), "the authority stays");
        let pair = authority.front_door("other.example").expect("pair");
        assert!(pair.certificate.ends_with(&ca) && pair.key.contains("PRIVATE KEY"));
        authority.write("front-door.pem", "damaged", 0o644).expect("write");
        assert_ne!(authority.standing("other.example").expect("standing"), Standing::Done);
    }

    /// A clock that was set to a moment.
    struct SetTo(bridle_core::port::Timestamp);

    impl Clock for SetTo {
        fn now(&self) -> bridle_core::port::Timestamp {
            self.0
        }

        fn monotonic(&self) -> std::time::Duration {
            std::time::Duration::ZERO
        }

        fn sleep(&self, _time: std::time::Duration) {}
    }

    #[test]
    fn nothing_is_issued_with_a_clock_that_is_wrong_beyond_doubt() {
        let dir = tempfile::tempdir().expect("dir");
        let at = |millis| Authority::new(dir.path().join("pki"), Arc::new(SetTo(bridle_core::port::Timestamp(millis))));
        for millis in [0, EARLIEST.0 - 1] {
            let fault = at(millis).issue("campus.example").expect_err("refused");
            assert_eq!(fault.code, FaultCode::ClockWrong);
            assert!(!dir.path().join("pki").exists());
        }
        at(EARLIEST.0).issue("campus.example").expect("issued");
        assert_eq!(at(EARLIEST.0).standing("campus.example"), Ok(Standing::Done));
    }
}
