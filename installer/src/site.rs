//! The profile of the site: from a file, from an earlier run, or from a few questions.

use std::path::Path;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::site::{Site, SiteError};
use bridle_host::files;

use crate::arguments::Install;
use crate::console::Console;

/// Longest profile that is read, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// A profile as it is used and as it stands in its file.
pub struct Profile {
    pub site: Site,
    /// Byte for byte what was given: comments and order are the administrator's.
    pub text: String,
}

/// The profile of `--config`, else the one that is in place, if there is one.
///
/// # Errors
/// A [`Fault`] for a file that cannot be read or is invalid.
pub fn given(options: &Install, in_place: &Path) -> Result<Option<Profile>, Fault> {
    match &options.config {
        Some(path) => read(path)?.map(Some).ok_or_else(|| unreadable(path)),
        None => read(in_place),
    }
}

/// The profile that was given, else defaults, about which a person is asked.
///
/// # Errors
/// A [`Fault`] for an answer that does not fit.
pub fn find(
    console: &mut Console,
    options: &Install,
    given: Option<Profile>,
    in_place: &Path,
) -> Result<Profile, Fault> {
    if let Some(profile) = given {
        return Ok(profile);
    }
    let mut site = Site { language: console.language.to_string(), ..Site::default() };
    if console.may_ask() && !options.yes && !options.plan_only {
        for (question, field) in [("install-ask-name", Field::Name), ("install-ask-host", Field::Host)] {
            let default = field.of(&mut site).clone();
            let message = Message::new(question).with("default", default.as_str());
            *field.of(&mut site) = console.value(&message, &default)?;
        }
    }
    // What was typed obeys the same rules as what is read.
    let text = site.to_toml().map_err(|error| invalid(in_place, &error))?;
    let site = Site::parse(&text).map_err(|error| invalid(in_place, &error.typed()))?;
    Ok(Profile { site, text })
}

#[derive(Clone, Copy)]
enum Field {
    Name,
    Host,
}

impl Field {
    fn of(self, site: &mut Site) -> &mut String {
        match self {
            Self::Name => &mut site.name,
            Self::Host => &mut site.host,
        }
    }
}

/// The profile in a file, if it is there.
///
/// # Errors
/// A [`Fault`] for a file that cannot be read or is invalid.
pub fn read(path: &Path) -> Result<Option<Profile>, Fault> {
    let Some(text) = files::read_limited(path, LONGEST)? else { return Ok(None) };
    let site = Site::parse(&text).map_err(|error| invalid(path, &error))?;
    Ok(Some(Profile { site, text }))
}

fn unreadable(path: &Path) -> Fault {
    Fault::new(FaultCode::FileUnreadable).with("path", path.display().to_string())
}

/// The profile at `path` is refused.
fn invalid(path: &Path, error: &SiteError) -> Fault {
    let mut fault = Fault::new(FaultCode::ProfileInvalid).with("path", path.display().to_string());
    fault.detail = error.detail();
    fault.because(error)
}
