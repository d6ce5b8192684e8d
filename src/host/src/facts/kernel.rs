//! Features and parameters of the kernel.

use bridle_core::facts::{MODULES, Module, ModuleState, PARAMETERS};

use super::files::Files;

/// Folders with settings of modprobe, the strongest first (modprobe.d(5)).
const SETTINGS: &[&str] = &["/etc/modprobe.d", "/run/modprobe.d", "/usr/lib/modprobe.d", "/lib/modprobe.d"];

pub(super) fn modules(files: &Files<'_>) -> Vec<Module> {
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let known = Known {
        file_systems: files.text("/proc/filesystems"),
        loaded: files.text("/proc/modules"),
        builtin: files.text(&format!("/lib/modules/{release}/modules.builtin")),
        loadable: files.text(&format!("/lib/modules/{release}/modules.dep")),
        // With loading turned off for good, what is not there cannot come.
        sealed: files.text("/proc/sys/kernel/modules_disabled").trim() == "1",
        barred: barred(files),
    };
    MODULES
        .iter()
        .map(|name| {
            // Built-in modules with parameters show here, others do not.
            let shows = files.has(&format!("/sys/module/{name}")) || sign(name).is_some_and(|path| files.has(path));
            Module { name: (*name).to_owned(), state: known.state(name, shows) }
        })
        .collect()
}

pub(super) fn parameters(files: &Files<'_>) -> Vec<(String, u64)> {
    let value = |name: &str| files.text(&format!("/proc/sys/{}", name.replace('.', "/"))).trim().parse().ok();
    PARAMETERS.iter().filter_map(|(name, _)| Some(((*name).to_owned(), value(name)?))).collect()
}

/// A file that is there only with the feature.
fn sign(module: &str) -> Option<&'static str> {
    match module {
        "br_netfilter" => Some("/proc/sys/net/bridge/bridge-nf-call-iptables"),
        "nf_conntrack" => Some("/proc/sys/net/netfilter/nf_conntrack_max"),
        _ => None,
    }
}

/// What the kernel and its modules' folder say.
#[derive(Default)]
struct Known {
    file_systems: String,
    loaded: String,
    builtin: String,
    loadable: String,
    sealed: bool,
    /// Module and the file that forbids it.
    barred: Vec<(String, String)>,
}

impl Known {
    fn state(&self, name: &str, shows: bool) -> ModuleState {
        let file_system = self.file_systems.lines().any(|line| line.split_whitespace().last() == Some(name));
        let loaded = self.loaded.lines().any(|line| line.split_whitespace().next() == Some(name));
        if shows || file_system || loaded || self.builtin.lines().any(|line| module_of(line) == name) {
            return ModuleState::Ready;
        }
        if let Some((_, by)) = self.barred.iter().find(|(module, _)| module == name) {
            return ModuleState::Barred { by: by.clone() };
        }
        let loadable = self.loadable.lines().any(|line| module_of(line.split(':').next().unwrap_or_default()) == name);
        match (loadable, self.sealed) {
            (true, false) => ModuleState::Loadable,
            (true, true) => ModuleState::Absent,
            // A kernel without a list of its modules: only what always shows is known not to be there.
            (false, _) if self.builtin.is_empty() && self.loadable.is_empty() && name != "overlay" => {
                ModuleState::Unknown
            }
            (false, _) => ModuleState::Absent,
        }
    }
}

/// `kernel/net/bridge/br_netfilter.ko.xz` is `br_netfilter`; hyphens count as underscores.
pub(super) fn module_of(path: &str) -> String {
    let file = path.trim().rsplit('/').next().unwrap_or_default();
    file.split(".ko").next().unwrap_or_default().replace('-', "_")
}

fn barred(files: &Files<'_>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut seen = Vec::new();
    for folder in SETTINGS {
        for name in files.names(folder).into_iter().filter(|name| name.ends_with(".conf")) {
            // A file of the same name in a stronger folder replaces this one.
            if seen.contains(&name) {
                continue;
            }
            let path = format!("{folder}/{name}");
            found.extend(barred_in(&files.text(&path)).into_iter().map(|module| (module, path.clone())));
            seen.push(name);
        }
    }
    found
}

/// Modules for which a program that does nothing is run instead of loading them. A `blacklist` alone only keeps them from
/// being loaded unasked.
pub(super) fn barred_in(settings: &str) -> Vec<String> {
    let lines = settings.lines().take(10_000).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let barred = lines.filter(|words| {
        words.len() >= 3
            && words[0] == "install"
            && ["/bin/false", "/bin/true", "/usr/bin/false", "/usr/bin/true", "false", "true"].contains(&words[2])
    });
    barred.map(|words| words[1].replace('-', "_")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        Known {
            file_systems: "nodev\tsysfs\n\text4\nnodev\toverlay\n".to_owned(),
            loaded: "bridge 311296 1 br_netfilter, Live 0x0000000000000000\nveth 1 0 - Live 0x0\n".to_owned(),
            builtin: "kernel/net/netfilter/nf_conntrack.ko\n".to_owned(),
            loadable: "kernel/net/bridge/br_netfilter.ko.xz: kernel/net/bridge/bridge.ko.xz\n\
                       kernel/drivers/net/vxlan/vxlan.ko: kernel/net/ipv4/udp_tunnel.ko\n"
                .to_owned(),
            ..Known::default()
        }
    }

    #[test]
    fn how_features_stand() {
        let known = known();
        for (name, state) in [
            ("overlay", ModuleState::Ready),
            ("bridge", ModuleState::Ready),
            ("veth", ModuleState::Ready),
            ("nf_conntrack", ModuleState::Ready),
            ("br_netfilter", ModuleState::Loadable),
            ("vxlan", ModuleState::Loadable),
            ("nf_tables", ModuleState::Absent),
        ] {
            assert_eq!(known.state(name, false), state, "{name}");
        }
        assert_eq!(known.state("nf_tables", true), ModuleState::Ready);
        assert_eq!(Known { sealed: true, ..known }.state("vxlan", false), ModuleState::Absent);
        assert_eq!(Known::default().state("vxlan", false), ModuleState::Unknown);
        assert_eq!(Known::default().state("overlay", false), ModuleState::Absent);
    }

    #[test]
    fn what_hardening_forbids() {
        let settings = "# install squashfs /bin/true\ninstall overlay /bin/false\ninstall br-netfilter /usr/bin/true\n\
                        blacklist vxlan\ninstall veth /sbin/modprobe --ignore-install veth\ninstall\n";
        assert_eq!(barred_in(settings), ["overlay", "br_netfilter"]);
        let barred = vec![("vxlan".to_owned(), "/etc/modprobe.d/x.conf".to_owned())];
        let by = "/etc/modprobe.d/x.conf".to_owned();
        assert_eq!(Known { barred, ..known() }.state("vxlan", false), ModuleState::Barred { by });
    }
}
