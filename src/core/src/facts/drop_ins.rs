//! Settings of the site for k3s (`/etc/rancher/k3s/config.yaml.d/`) that concern how the control plane is run.

use serde::{Deserialize, Serialize};

/// The settings with which parts of the control plane are told to behave like an earlier minor version.
const KEYS: [&str; 3] = ["kube-apiserver-arg", "kube-controller-manager-arg", "kube-scheduler-arg"];
/// The setting itself.
const EMULATION: &str = "emulated-version";

/// One use of such a setting in a file of the site; nothing else of the file is kept, there may be secrets in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DropIn {
    /// The file.
    pub path: String,
    /// The setting as it is written, with its `+` if it adds to the list of `config.yaml`; empty if the file could not be
    /// looked at to its end.
    pub key: String,
    /// Whether the file itself says how old Kubernetes is to behave.
    pub emulates: bool,
}

impl DropIn {
    /// What a file says; `None` stands for one that could not be read, or is too large.
    ///
    /// YAML can say one thing in many ways, so this looks for names outside comments, and rather sees one too many: block
    /// style, JSON and quoted keys are all found.
    #[must_use]
    pub fn in_file(path: &str, text: Option<&str>) -> Vec<Self> {
        let found = |key: &str, emulates| Self { path: path.to_owned(), key: key.to_owned(), emulates };
        let Some(text) = text else { return vec![found("", false)] };
        let text: Vec<&str> = text.lines().map(said).collect();
        let emulates = text.iter().any(|line| line.contains(EMULATION));
        let mut all = Vec::new();
        for key in KEYS {
            let uses = text.iter().flat_map(|line| line.match_indices(key).map(move |(at, _)| &line[at + key.len()..]));
            for rest in uses {
                let key = if rest.starts_with('+') { format!("{key}+") } else { key.to_owned() };
                let one = found(&key, emulates);
                if !all.contains(&one) {
                    all.push(one);
                }
            }
        }
        all
    }

    /// Whether Bridle's own list stays in force beside it. k3s puts the lists of files together where the key ends in `+`,
    /// and of two values of one setting the last one holds.
    #[must_use]
    pub fn is_harmless(&self) -> bool {
        self.key.ends_with('+') && !self.emulates
    }
}

/// A line without its comment.
fn said(line: &str) -> &str {
    let mut before = ' ';
    for (at, char) in line.char_indices() {
        if char == '#' && before.is_whitespace() {
            return &line[..at];
        }
        before = char;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_files_say() {
        let (api, manager) = ("kube-apiserver-arg", "kube-controller-manager-arg");
        let more = "kube-apiserver-arg+";
        for (text, keys, harmless) in [
            ("", vec![], true),
            ("node-label: [a=b]\n# kube-apiserver-arg: [x]\n", vec![], true),
            ("kube-apiserver-arg:\n  - audit-log-path=/x\n", vec![api], false),
            ("kube-apiserver-arg+:\n  - audit-log-path=/x\n", vec![more], true),
            ("kube-apiserver-arg+: [\"emulated-version=1.36\"]\n", vec![more], false),
            ("kube-apiserver-arg+: [a=b] # not emulated-version\n", vec![more], true),
            ("\"kube-apiserver-arg\" : a=b\n", vec![api], false),
            ("{\"kube-controller-manager-arg\": [\"a=b\"], 'kube-apiserver-arg+': x}\n", vec![more, manager], false),
            ("kube-scheduler-arg: []\r\n", vec!["kube-scheduler-arg"], false),
            ("x: a#kube-apiserver-arg\n", vec![api], false),
            ("kubelet-arg: [max-pods=50]\n", vec![], true),
        ] {
            let found = DropIn::in_file("x.yaml", Some(text));
            assert_eq!(found.iter().map(|one| one.key.as_str()).collect::<Vec<_>>(), keys, "{text:?}");
            assert_eq!(found.iter().all(DropIn::is_harmless), harmless, "{text:?}");
        }
        let unread = DropIn::in_file("x.yaml", None);
        assert!(unread.len() == 1 && !unread[0].is_harmless());
    }
}
