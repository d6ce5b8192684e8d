//! Files of the site with further settings for k3s, which reads `*.yaml` and `*.yml` of this folder, in any case.

use bridle_core::facts::DropIn;

use super::files::Files;

const FOLDER: &str = "/etc/rancher/k3s/config.yaml.d";
/// Files that are looked at; one more stands for all that are left.
const MOST: usize = 64;
/// Longest file that is looked at.
const LONGEST: u64 = 256 * 1024;

pub(super) fn all(files: &Files<'_>) -> Vec<DropIn> {
    let mut names = files.names(FOLDER);
    let ends = |name: &str| [".yaml", ".yml"].iter().any(|end| name.to_lowercase().ends_with(end));
    names.retain(|name| ends(name));
    let looked = names.iter().take(MOST).flat_map(|name| {
        let path = format!("{FOLDER}/{name}");
        let text = files.whole(&path, LONGEST);
        DropIn::in_file(&path, text.as_deref())
    });
    let mut found: Vec<DropIn> = looked.collect();
    if let Some(next) = names.get(MOST) {
        found.extend(DropIn::in_file(&format!("{FOLDER}/{next}"), None));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Layout;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "files of tests need not survive a power cut")]
    fn looks_at_what_k3s_reads() {
        let root = tempfile::tempdir().expect("dir");
        let layout = Layout::under(root.path());
        let files = Files::under(&layout);
        assert_eq!(all(&files), []);
        let folder = layout.at(FOLDER);
        crate::files::make_dirs(&folder, 0o755).expect("dir");
        let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("write");
        write("10-labels.yaml", "node-label: [a=b]\ntoken: secret\n");
        write("20-audit.YML", "kube-apiserver-arg: [audit-log-path=/x]\n");
        write("30-off.yaml.disabled", "kube-scheduler-arg: [x]\n");
        write("40-long.yaml", &"#\n".repeat(200_000));
        let path = |name: &str| format!("{FOLDER}/{name}");
        let one = |name: &str, key: &str| DropIn { path: path(name), key: key.to_owned(), emulates: false };
        assert_eq!(all(&files), [one("20-audit.YML", "kube-apiserver-arg"), one("40-long.yaml", "")]);
        for number in 0..MOST {
            write(&format!("00-{number:02}.yaml"), "");
        }
        assert_eq!(all(&files), [one("10-labels.yaml", "")], "so many cannot be looked at");
    }
}
