//! Asking apt, in a root of its own: what the machine has installed has no influence.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bridle_core::digest::Digest;
use rustix::fs::FlockOperation;

use super::{Wanted, file};
use crate::assemble::cache::{self, Cache};
use crate::assemble::error::AssembleError;
use crate::assemble::source::LockedPackage;
use crate::assemble::tool::Tool;

const LIMIT: Duration = Duration::from_secs(1800);

/// Packages that installing `wanted` on an empty system brings, by name.
pub(super) fn resolve(cache: &Cache, wanted: &Wanted<'_>) -> Result<Vec<LockedPackage>, AssembleError> {
    let root = Root::open(cache, wanted.suite)?;
    root.update()?;
    let simulated =
        root.apt("apt-get").args(["--simulate", "--no-install-recommends", "install"]).args(wanted.packages).text()?;
    let mut names = Vec::new();
    for line in simulated.lines() {
        // Inst NAME (VERSION SUITE… [ARCHITECTURE])
        let Some((name, rest)) = line.strip_prefix("Inst ").and_then(|line| line.split_once(" (")) else { continue };
        let name = name.split(':').next().unwrap_or(name);
        let version = rest.split(' ').next().unwrap_or_default();
        if !wanted.excluded.iter().any(|excluded| excluded == name) {
            names.push((name.to_owned(), version.to_owned()));
        }
    }
    if names.is_empty() {
        return Err(AssembleError::recipe("debian layer", "apt named no package"));
    }
    let mut found = root.describe(&names)?;
    found.sort();
    Ok(found)
}

/// Brings the packages into the cache; each is what its SHA-256 says.
pub(super) fn fetch(cache: &Cache, suite: &str, packages: &[LockedPackage]) -> Result<(), AssembleError> {
    let missing: Vec<&LockedPackage> =
        packages.iter().filter(|package| !file(cache, &package.sha256).is_file()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let root = Root::open(cache, suite)?;
    root.update()?;
    let scratch = cache.scratch()?;
    for package in missing {
        let name = format!("{}={}", package.name, package.version);
        let directory = scratch.path().join(&package.name);
        fs::create_dir(&directory).map_err(AssembleError::io("make directory", &directory))?;
        root.apt("apt-get").args(["download", &name]).directory(&directory).output().map_err(|error| {
            AssembleError::Fetch {
                what: format!("Debian package {name}"),
                reason: format!("gone from the archive and not in the cache ({error})"),
            }
        })?;
        take(cache, package, &directory)?;
    }
    Ok(())
}

fn take(cache: &Cache, package: &LockedPackage, directory: &Path) -> Result<(), AssembleError> {
    let entries = fs::read_dir(directory).map_err(AssembleError::io("list", directory))?;
    let path = entries
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"));
    let what = format!("Debian package {} {}", package.name, package.version);
    let path = path.ok_or_else(|| AssembleError::Fetch { what: what.clone(), reason: "nothing came".to_owned() })?;
    let found = Digest::of(&fs::read(&path).map_err(AssembleError::io("read", &path))?);
    if found != package.sha256 {
        return Err(AssembleError::Differs { what, locked: package.sha256.to_string(), found: found.to_string() });
    }
    cache::rename(&path, &file(cache, &found))
}

/// A private apt root for one suite, with the machine's own sources and keys.
struct Root {
    path: PathBuf,
    /// Held while the root is in use: apt's lists are for one recipe at a time, also of other processes.
    _lock: fs::File,
}

impl Root {
    fn open(cache: &Cache, suite: &str) -> Result<Self, AssembleError> {
        let path = cache.directory("apt").join(crate::assemble::layer::clean(suite)?);
        for name in [
            "state/lists/partial",
            "cache/archives/partial",
            "etc/sources.list.d",
            "etc/preferences.d",
            "etc/apt.conf.d",
        ] {
            let directory = path.join(name);
            fs::create_dir_all(&directory).map_err(AssembleError::io("make directory", &directory))?;
        }
        let lock = path.join("lock");
        let lock = fs::File::create(&lock)
            .and_then(|file| rustix::fs::flock(&file, FlockOperation::LockExclusive).map(|()| file).map_err(Into::into))
            .map_err(AssembleError::io("lock", &lock))?;
        let sources = sources(suite)?;
        if sources.is_empty() {
            return Err(AssembleError::recipe("debian layer", format!("this machine's apt has no source for {suite}")));
        }
        cache.replace(&path.join("state/status"), b"")?;
        cache.replace(&path.join("etc/sources.list.d/machine.sources"), sources.as_bytes())?;
        Ok(Self { path, _lock: lock })
    }

    fn apt(&self, program: &str) -> Tool {
        let at = |name: &str| self.path.join(name).display().to_string();
        let options = [
            format!("Dir::State={}", at("state")),
            format!("Dir::State::status={}", at("state/status")),
            format!("Dir::Cache={}", at("cache")),
            "Dir::Etc::sourcelist=/dev/null".to_owned(),
            format!("Dir::Etc::sourceparts={}", at("etc/sources.list.d")),
            "Dir::Etc::preferences=/dev/null".to_owned(),
            format!("Dir::Etc::preferencesparts={}", at("etc/preferences.d")),
            "APT::Architecture=amd64".to_owned(),
            "APT::Architectures=amd64".to_owned(),
            "APT::Get::Assume-Yes=true".to_owned(),
            "APT::Sandbox::User=root".to_owned(),
            "Debug::NoLocking=true".to_owned(),
            "Acquire::Languages=none".to_owned(),
        ];
        let options = options.iter().flat_map(|option| ["-o", option.as_str()]);
        Tool::new(program).env("LC_ALL", "C").args(options).limit(LIMIT)
    }

    fn update(&self) -> Result<(), AssembleError> {
        self.apt("apt-get").args(["--quiet", "update", "--error-on=any"]).output().map(drop)
    }

    /// Architecture and SHA-256 of packages, named with their versions.
    fn describe(&self, names: &[(String, String)]) -> Result<Vec<LockedPackage>, AssembleError> {
        let wanted: Vec<String> = names.iter().map(|(name, version)| format!("{name}={version}")).collect();
        let text = self.apt("apt-cache").arg("show").args(&wanted).text()?;
        let stanzas: Vec<&str> = text.split("\n\n").collect();
        let field = |stanza: &str, wanted: &str| {
            let mut fields = stanza.lines().filter_map(|line| line.split_once(": "));
            fields.find(|(field, _)| *field == wanted).map(|(_, value)| value.to_owned())
        };
        let of = |(name, version): &(String, String)| {
            let stanza = stanzas.iter().find(|stanza| {
                field(stanza, "Package").as_ref() == Some(name) && field(stanza, "Version").as_ref() == Some(version)
            });
            let sha256 = stanza.and_then(|stanza| Digest::from_hex(&field(stanza, "SHA256")?).ok());
            let architecture = stanza.and_then(|stanza| field(stanza, "Architecture"));
            let (Some(sha256), Some(architecture)) = (sha256, architecture) else {
                return Err(AssembleError::recipe(format!("Debian package {name} {version}"), "apt tells no SHA-256"));
            };
            Ok(LockedPackage { name: name.clone(), version: version.clone(), architecture, sha256 })
        };
        names.iter().map(of).collect()
    }
}

/// The machine's sources for a suite, its updates and its security updates, as deb822 stanzas.
fn sources(suite: &str) -> Result<String, AssembleError> {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    if let Ok(entries) = fs::read_dir("/etc/apt/sources.list.d") {
        let mut more: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        more.sort();
        files.extend(more);
    }
    let mut out = String::new();
    for path in files.iter().filter(|path| path.is_file()) {
        let text = fs::read_to_string(path).map_err(AssembleError::io("read", path))?;
        let stanzas = if path.extension().is_some_and(|extension| extension == "sources") {
            deb822(&text, suite)
        } else {
            one_line(&text, suite)
        };
        out.push_str(&stanzas);
    }
    Ok(out)
}

fn of_suite(name: &str, suite: &str) -> bool {
    name == suite || ["-updates", "-security"].iter().any(|tail| name.strip_suffix(tail) == Some(suite))
}

fn deb822(text: &str, suite: &str) -> String {
    let mut out = String::new();
    for stanza in text.split("\n\n") {
        let lines: Vec<&str> = stanza.lines().filter(|line| !line.starts_with('#')).collect();
        let field = |name: &str| lines.iter().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
        let suites: Vec<&str> = field("Suites:").split_whitespace().filter(|name| of_suite(name, suite)).collect();
        if suites.is_empty()
            || !field("Types:").split_whitespace().any(|kind| kind == "deb")
            || field("Enabled:") == "no"
        {
            continue;
        }
        out.push_str(&format!("Types: deb\nSuites: {}\n", suites.join(" ")));
        for line in
            lines.iter().filter(|line| !line.starts_with("Types:") && !line.starts_with("Suites:") && !line.is_empty())
        {
            out.push_str(line);
            out.push('\n');
        }
        out.push('\n');
    }
    out
}

fn one_line(text: &str, suite: &str) -> String {
    let mut out = String::new();
    for line in text.lines().filter(|line| line.starts_with("deb ") || line.starts_with("deb\t")) {
        let line = line[4..].trim();
        let (options, rest) = match line.strip_prefix('[').and_then(|line| line.split_once(']')) {
            Some((options, rest)) => (options, rest),
            None => ("", line),
        };
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let [address, name, components @ ..] = &fields[..] else { continue };
        if !of_suite(name, suite) {
            continue;
        }
        out.push_str(&format!("Types: deb\nURIs: {address}\nSuites: {name}\nComponents: {}\n", components.join(" ")));
        if let Some(key) = options.split_whitespace().find_map(|option| option.strip_prefix("signed-by=")) {
            out.push_str(&format!("Signed-By: {key}\n"));
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sources_of_the_suite_are_taken() {
        let text = "Types: deb deb-src\n# note\nURIs: http://a.example/debian\nSuites: bookworm bookworm-updates trixie\nComponents: main\nSigned-By: /k.gpg\n\nTypes: deb\nURIs: http://b.example/\nSuites: nodistro\nComponents: main\n";
        let taken = deb822(text, "bookworm");
        assert!(
            taken.contains("Suites: bookworm bookworm-updates\n") && taken.contains("Signed-By: /k.gpg\n"),
            "{taken}"
        );
        assert!(!taken.contains("b.example") && !taken.contains("trixie") && !taken.contains("note"), "{taken}");
        let line = one_line(
            "deb [arch=amd64 signed-by=/k.gpg] http://a.example/x bookworm-security main\ndeb http://b.example cloud-sdk-bookworm main\n",
            "bookworm",
        );
        assert_eq!(
            line,
            "Types: deb\nURIs: http://a.example/x\nSuites: bookworm-security\nComponents: main\nSigned-By: /k.gpg\n\n"
        );
    }
}
