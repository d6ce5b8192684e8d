//! Network interfaces and packet rules that k3s and its pods made; everybody else's stay as they are.

use std::collections::BTreeSet;
use std::time::Duration;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::{Command, CommandError, CommandOutput, Process};
use bridle_core::removal::Receipt;

use crate::files;
use crate::layout::Layout;

/// Interfaces of flannel, the bridge of its pods, kube-proxy and kube-router, as k3s's own clean-up names them.
const INTERFACES: &[&str] =
    &["cni0", "flannel.1", "flannel-v6.1", "flannel-wg", "flannel-wg-v6", "kube-ipvs0", "kube-bridge"];
/// The bridge that the pods' interfaces are plugged into.
const BRIDGE: &str = "cni0";
/// Tables of nftables: kube-proxy's, the CNI port mapper's, flannel's, and whatever begins with [`TABLE_BEGINNING`].
const TABLES: &[&str] = &["kube-proxy", "cni_hostport", "flannel-ipv4", "flannel-ipv6"];
const TABLE_BEGINNING: &str = "k3s_";
/// Beginnings of the names of chains that k3s's parts make in the tables of iptables.
const CHAINS: &[&str] = &["KUBE-", "CNI-", "FLANNEL-"];
/// Programs that list and set the rules of iptables, each pair for one of its two kinds.
const IPTABLES: &[(&str, &str)] = &[
    ("/usr/sbin/iptables-legacy-save", "/usr/sbin/iptables-legacy-restore"),
    ("/usr/sbin/ip6tables-legacy-save", "/usr/sbin/ip6tables-legacy-restore"),
    ("/usr/sbin/iptables-nft-save", "/usr/sbin/iptables-nft-restore"),
    ("/usr/sbin/ip6tables-nft-save", "/usr/sbin/ip6tables-nft-restore"),
];
const LIMIT: Duration = Duration::from_secs(60);
/// Largest list of rules that is read, in bytes.
const LARGEST: usize = 64 * 1024 * 1024;

/// The network of this host.
pub(super) struct Network<'a> {
    pub(super) layout: &'a Layout,
    pub(super) process: &'a dyn Process,
    pub(super) receipt: &'a Receipt,
}

impl Network<'_> {
    /// An interface or table of Kubernetes that is left.
    ///
    /// # Errors
    /// A [`Fault`] if the tables cannot be listed.
    pub(super) fn left(&self) -> Result<Option<String>, Fault> {
        Ok(match self.interfaces()?.into_iter().next() {
            Some(interface) => Some(interface),
            None => self.tables()?.into_iter().next(),
        })
    }

    /// Removes rules, then tables, then interfaces.
    ///
    /// # Errors
    /// A [`Fault`] if one of the host's own programs fails.
    pub(super) fn clear(&self) -> Result<(), Fault> {
        self.clear_iptables()?;
        for table in self.tables()? {
            let words = ["delete", "table"].into_iter().chain(table.split(' '));
            self.must("/usr/sbin/nft", Command::new("/usr/sbin/nft").args(words))?;
        }
        // A pod's interface goes with its bridge's other end; asking for one that went by itself is no failure.
        for interface in self.interfaces()? {
            let program = self.first(&["/sbin/ip", "/usr/sbin/ip", "/bin/ip"]);
            let _probed_later = self.run(Command::new(program).args(["link", "delete", interface.as_str()]))?;
        }
        Ok(())
    }

    /// Interfaces of ours, the pods' ends first, then what they were plugged into.
    fn interfaces(&self) -> Result<Vec<String>, Fault> {
        let program = self.first(&["/sbin/ip", "/usr/sbin/ip", "/bin/ip"]);
        let Some(output) = self.run(Command::new(program).args(["-oneline", "link", "show"]))? else {
            return Ok(Vec::new());
        };
        if !output.ok() {
            return Err(Fault::new(FaultCode::ProgramFailed).with("program", "ip").output(&output.complaint()));
        }
        let text = output.stdout_text();
        let mut found: Vec<String> = text
            .lines()
            .filter_map(link)
            .filter(|(name, master)| is_ours(name, *master))
            .map(|(name, _)| name.to_owned())
            .collect();
        found.retain(|name| !self.receipt.interfaces.contains(name));
        found.sort_by_key(|name| !name.starts_with("veth"));
        Ok(found)
    }

    /// Tables of ours as `FAMILY NAME`.
    fn tables(&self) -> Result<Vec<String>, Fault> {
        let mut found = tables(self.process)?;
        found.retain(|table| is_our_table(table) && !self.receipt.tables.contains(table));
        Ok(found)
    }

    fn clear_iptables(&self) -> Result<(), Fault> {
        for (save, restore) in IPTABLES {
            let Some(listed) = self.run(Command::new(save).args(["-c"]))?.filter(CommandOutput::ok) else { continue };
            if let Some(rules) = without_ours(&listed.stdout_text()) {
                let mut command = Command::new(restore).args(["-c"]);
                command.stdin = Some(rules.into_bytes());
                self.must(restore, command)?;
            }
        }
        Ok(())
    }

    fn first(&self, programs: &[&'static str]) -> &'static str {
        let there = |program: &&&str| self.layout.at(program).exists();
        programs.iter().find(there).copied().unwrap_or("/sbin/ip")
    }

    fn must(&self, program: &str, command: Command) -> Result<(), Fault> {
        let fault = || Fault::new(FaultCode::ProgramFailed).with("program", program);
        match self.run(command)? {
            Some(output) if output.ok() => Ok(()),
            Some(output) => Err(fault().output(&output.complaint())),
            None => Err(fault()),
        }
    }

    fn run(&self, command: Command) -> Result<Option<CommandOutput>, Fault> {
        run(self.process, command)
    }
}

/// All tables of nftables as `FAMILY NAME`; none where the program nft is not there.
///
/// # Errors
/// A [`Fault`] if they cannot be listed.
pub(super) fn tables(process: &dyn Process) -> Result<Vec<String>, Fault> {
    let Some(output) = run(process, Command::new("/usr/sbin/nft").args(["list", "tables"]))? else {
        return Ok(Vec::new());
    };
    if !output.ok() {
        return Err(Fault::new(FaultCode::ProgramFailed).with("program", "nft").output(&output.complaint()));
    }
    let text = output.stdout_text();
    Ok(text.lines().filter_map(|line| line.trim().strip_prefix("table ")).map(str::to_owned).collect())
}

/// Names of all network interfaces of this network namespace: `/sys` may be that of another one (in a container).
pub(super) fn interfaces(layout: &Layout) -> BTreeSet<String> {
    let text = files::read_limited(&layout.at("/proc/net/dev"), 1024 * 1024).ok().flatten().unwrap_or_default();
    // Two lines of headings, then `name: figures`.
    let names = text.lines().skip(2).filter_map(|line| Some(line.split_once(':')?.0.trim().to_owned()));
    names.collect()
}

/// Runs a program of the host; none if it is not installed.
fn run(process: &dyn Process, mut command: Command) -> Result<Option<CommandOutput>, Fault> {
    command.keep_output = LARGEST;
    let program = command.program.display().to_string();
    let command = command.env("LC_ALL", "C").env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").limit(LIMIT);
    match process.run(&command, &|| false) {
        Ok(output) => Ok(Some(output)),
        Err(CommandError::Start { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Fault::new(FaultCode::ProgramFailed).with("program", program).because(&error)),
    }
}

/// Name of an interface, and of what it is plugged into, in a line of `ip -oneline link`:
/// `7: veth1@if2: <UP> mtu 1450 qdisc noqueue master cni0 state UP …`.
fn link(line: &str) -> Option<(&str, Option<&str>)> {
    let (_, rest) = line.split_once(": ")?;
    let (name, rest) = rest.split_once(':')?;
    let mut words = rest.split_whitespace().skip_while(|word| *word != "master");
    Some((name.split('@').next()?, words.nth(1)))
}

fn is_ours(name: &str, master: Option<&str>) -> bool {
    INTERFACES.contains(&name) || (name.starts_with("veth") && master == Some(BRIDGE))
}

fn is_our_table(table: &str) -> bool {
    let name = table.rsplit(' ').next().unwrap_or_default();
    TABLES.contains(&name) || name.starts_with(TABLE_BEGINNING)
}

/// The rules as iptables-save lists them without those of k3s's parts; `None` if there are none of them.
fn without_ours(rules: &str) -> Option<String> {
    let kept: Vec<&str> = rules.lines().filter(|line| !is_our_rule(line)).collect();
    (kept.len() < rules.lines().count()).then(|| kept.join("\n") + "\n")
}

/// A line that defines, fills or jumps to one of their chains, or that flannel marked as its own.
fn is_our_rule(line: &str) -> bool {
    let chain = |name: &str| CHAINS.iter().any(|beginning| name.starts_with(beginning));
    if let Some(defined) = line.strip_prefix(':') {
        return defined.split(' ').next().is_some_and(chain);
    }
    if !line.starts_with(['-', '[']) {
        return false;
    }
    let mut words = line.split(' ');
    while let Some(word) = words.next() {
        if matches!(word, "-A" | "-j" | "-g") && words.clone().next().is_some_and(chain) {
            return true;
        }
    }
    line.contains("--comment flanneld") || line.contains("--comment \"flanneld")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_the_administrator_stay() {
        let rules = "\
# Generated by iptables-save
*filter
:INPUT ACCEPT [10:200]
:KUBE-FORWARD - [0:0]
:FLANNEL-FWD - [0:0]
:MINE - [0:0]
[5:6] -A INPUT -p tcp --dport 22 -j ACCEPT
[1:2] -A INPUT -m comment --comment \"not of KUBE- at all\" -j MINE
[1:2] -A INPUT -m comment --comment \"kubernetes health check\" -j KUBE-NODEPORTS
[0:0] -A KUBE-FORWARD -j ACCEPT
[0:0] -A POSTROUTING -s 10.42.0.0/16 -m comment --comment \"flanneld masq\" -j MASQUERADE
COMMIT
";
        let kept = without_ours(rules).expect("some of ours");
        assert_eq!(
            kept,
            "\
# Generated by iptables-save
*filter
:INPUT ACCEPT [10:200]
:MINE - [0:0]
[5:6] -A INPUT -p tcp --dport 22 -j ACCEPT
[1:2] -A INPUT -m comment --comment \"not of KUBE- at all\" -j MINE
COMMIT
"
        );
        assert_eq!(without_ours(&kept), None, "nothing is set anew without need");
    }

    #[test]
    fn tables_and_interfaces_are_known_by_name() {
        for ours in ["ip kube-proxy", "ip6 kube-proxy", "inet k3s_policy", "bridge k3s_policy", "inet cni_hostport"] {
            assert!(is_our_table(ours), "{ours}");
        }
        assert!(!is_our_table("inet filter") && !is_our_table("ip nat") && !is_our_table("inet my_k3s_"));
        assert!(is_ours("cni0", None) && is_ours("flannel.1", None));
        assert_eq!(
            link(
                "7: veth12@if2: <BROADCAST,UP> mtu 1450 qdisc noqueue master cni0 state UP mode DEFAULT group default"
            ),
            Some(("veth12", Some("cni0")))
        );
        assert_eq!(link("2: eth0: <UP> mtu 1500 qdisc noqueue state UP"), Some(("eth0", None)));
        assert!(is_ours("veth12", Some("cni0")));
        assert!(!is_ours("veth12", Some("docker0")) && !is_ours("veth12", None) && !is_ours("eth0", None));
    }
}
