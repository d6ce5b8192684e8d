//! Package lists of Debian (`dpkg`) and Alpine (`apk`).

use std::collections::BTreeMap;

use super::sbom::Component;

/// Packages of all lists by path, sorted; which distribution they are of stands in `os-release`.
pub(super) fn of_lists(texts: &BTreeMap<&str, String>) -> Vec<Component> {
    let release = ["etc/os-release", "usr/lib/os-release"].iter().find_map(|path| identity(texts.get(path)?));
    let mut found = Vec::new();
    for (path, text) in texts {
        match *path {
            path if path.starts_with("var/lib/dpkg/") => {
                let distribution = release.as_deref().unwrap_or("debian");
                found.extend(text.split("\n\n").filter_map(|paragraph| debian(paragraph, distribution)));
            }
            path if path.ends_with("apk/db/installed") => {
                let distribution = release.as_deref().unwrap_or("alpine");
                found.extend(text.split("\n\n").filter_map(|paragraph| alpine(paragraph, distribution)));
            }
            _ => {}
        }
    }
    found.sort();
    found.dedup();
    found
}

/// `ID` of os-release.
fn identity(text: &str) -> Option<String> {
    let value = text.lines().find_map(|line| line.strip_prefix("ID="))?.trim().trim_matches(['"', '\'']);
    let plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    (plain && !value.is_empty()).then(|| value.to_ascii_lowercase())
}

fn debian(paragraph: &str, distribution: &str) -> Option<Component> {
    let field =
        |name: &str| paragraph.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
    // A removed package keeps its paragraph; images without dpkg have no status.
    if field("Status").is_some_and(|status| !status.ends_with(" installed")) {
        return None;
    }
    Some(Component::package("deb", distribution, field("Package")?, field("Version")?, field("Architecture")))
}

fn alpine(paragraph: &str, distribution: &str) -> Option<Component> {
    let field = |name: &str| {
        paragraph.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).filter(|value| !value.is_empty())
    };
    let mut component = Component::package("apk", distribution, field("P")?, field("V")?, field("A"));
    component.licence = field("L").map(str::to_owned);
    Some(component)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purls(lists: &[(&'static str, &str)]) -> Vec<String> {
        let texts = lists.iter().map(|(path, text)| (*path, (*text).to_owned())).collect();
        of_lists(&texts).into_iter().map(|component| component.purl).collect()
    }

    #[test]
    fn debian_without_what_was_removed() {
        let status = "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9+deb12u1\nDescription: x\n Package: not me\n\n\
                      Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n";
        assert_eq!(purls(&[("var/lib/dpkg/status", status)]), ["pkg:deb/debian/libc6@2.36-9%2Bdeb12u1?arch=amd64"]);
    }

    #[test]
    fn alpine_and_its_kin() {
        let installed = "C:Q1x=\nP:musl\nV:1.2.5-r0\nA:x86_64\nL:MIT\nF:lib\n\nP:busybox\nV:1.36.1-r29\nA:x86_64\n\n";
        let found = purls(&[("lib/apk/db/installed", installed)]);
        assert_eq!(
            found,
            ["pkg:apk/alpine/busybox@1.36.1-r29?arch=x86_64", "pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64"]
        );
        let found = purls(&[("usr/lib/apk/db/installed", installed), ("etc/os-release", "NAME=x\nID=\"wolfi\"\n")]);
        assert!(found[0].starts_with("pkg:apk/wolfi/busybox@"), "{found:?}");
        assert_eq!(purls(&[("lib/apk/db/installed", "\n\nP:\nV:1\n\njunk")]), Vec::<String>::new());
    }
}
