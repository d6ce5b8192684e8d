//! The site sheet on a real host: its services are asked, pods resolve names at its name server, a changed password reaches the
//! pods that use it; and a release is found on a stick and in the folder for releases.

use std::net::Ipv4Addr;
use std::time::Duration;

use bridle_journeys::campus::{FIRST, SECOND, built_release, template};
use bridle_journeys::site_services::SiteServices;
use bridle_journeys::testhost::{Host, Lab};
use serde_json::Value;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

const MINUTES: Duration = Duration::from_secs(60);
/// A name that only the site's name server knows, and its address (RFC 5737).
const REGISTRAR: (&str, Ipv4Addr) = ("registrar.site.example", Ipv4Addr::new(203, 0, 113, 7));
const MAIL: &str = "mail.site.example";
const CANARY: &str = "canary-9f3b21";

#[test]
fn the_site_sheet_is_used_by_pods_and_releases_come_from_a_stick() -> Outcome {
    let template = template::installed(built_release(FIRST))?;
    let lab = Lab::of_equal_addresses("sheet")?;
    let (host, _door) = template.serving(&lab)?;
    let [one, two, three, _] = host.own_address().octets();
    let site = Ipv4Addr::new(one, two, three, 254);
    let services = SiteServices::start(lab.machine_address(), &[REGISTRAR, (MAIL, site)])?;

    folder_for_releases(&host)?;
    assert!(!resolved(&host, REGISTRAR.0)?.contains("203.0.113.7"), "nobody is asked before the site says so");
    assert!(services.names().is_empty(), "{:?}", services.names());

    let before = pods(&host, "enrolment")?;
    configured(&host, site)?;
    assert!(resolved(&host, REGISTRAR.0)?.contains("203.0.113.7"));
    assert!(services.names().iter().any(|name| name == REGISTRAR.0), "{:?}", services.names());
    assert_eq!(pods(&host, "enrolment")?, before, "pods that do not use it stay");

    asked_from_host_and_pod(&host, &services)?;
    passwords(&host, &before)?;
    stick(&host)?;
    assert_eq!(lab.outside_attempts()?, [], "something tried to reach an outside address");
    Ok(())
}

fn configured(host: &Host, site: Ipv4Addr) -> Outcome {
    let dns = format!("[\"{site}\"]");
    let log = site.to_string();
    let words = [
        "bridle",
        "config",
        "set",
        "services.dns",
        &dns,
        "services.smtp.host",
        MAIL,
        "services.smtp.from",
        "campus@site.example",
        "services.smtp.user",
        "campus",
        "services.syslog.host",
        &log,
        "--yes",
    ];
    applied(host, &words)
}

/// A change of the configuration, followed to its end.
fn applied(host: &Host, words: &[&str]) -> Outcome {
    let output = host.command(words)?.limit(10 * MINUTES).run()?;
    let said = format!("{}\n{}\n{}", output.stdout, output.stderr, host.journal("bridle-agent")?);
    assert!(output.success(), "{words:?}: {said}");
    Ok(())
}

/// What a pod of the applications' namespace says of a name.
fn resolved(host: &Host, name: &str) -> Outcome<String> {
    let image = "bridle.internal/busybox:1.35.0";
    let pod = serde_json::json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "asker", "namespace": "campus" },
        "spec": {
            "restartPolicy": "Never", "automountServiceAccountToken": false, "terminationGracePeriodSeconds": 0,
            "securityContext": { "runAsNonRoot": true, "runAsUser": 65534, "seccompProfile": { "type": "RuntimeDefault" } },
            "containers": [{
                "name": "asker", "image": image,
                "command": ["/bin/sh", "-c", "busybox nslookup -type=a \"$0\" 2>&1; true", format!("{name}.")],
                "securityContext": {
                    "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
                    "capabilities": { "drop": ["ALL"] },
                },
            }],
        },
    });
    host.write_file("/root/asker.json", pod.to_string())?;
    host.shell("kubectl apply -f /root/asker.json")?;
    host.shell("kubectl -n campus wait --for=jsonpath='{.status.phase}'=Succeeded pod/asker --timeout=100s")?;
    let said = host.shell("kubectl -n campus logs asker")?;
    host.shell("kubectl -n campus delete pod asker --now")?;
    println!("a pod asks for {name}: {}", said.replace('\n', " | "));
    Ok(said)
}

/// Names of the pods of an application, sorted.
fn pods(host: &Host, application: &str) -> Outcome<Vec<String>> {
    let label = format!("app.kubernetes.io/name={application}");
    let listed = host.shell(&format!("kubectl -n campus get pods -l {label} -o json"))?;
    let listed: Value = serde_json::from_str(&listed)?;
    let items = listed["items"].as_array().ok_or("no list")?.iter();
    let staying = items.filter(|pod| pod["metadata"]["deletionTimestamp"].is_null());
    let mut names: Vec<String> =
        staying.filter_map(|pod| pod["metadata"]["name"].as_str()).map(str::to_owned).collect();
    names.sort();
    assert!(!names.is_empty(), "{listed}");
    Ok(names)
}

/// Codes of the answers, by what was asked.
fn answers(view: &Value, from: &str) -> Vec<(String, String, bool)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let tests = view[from].as_array().into_iter().flatten();
    tests.map(|test| (text(&test["what"]["code"]), text(&test["said"]["code"]), test["good"] == true)).collect()
}

fn asked_from_host_and_pod(host: &Host, services: &SiteServices) -> Outcome {
    let asked = || -> Outcome<Value> {
        let output = host.command(["bridle", "config", "test", "--json"])?.limit(3 * MINUTES).run()?;
        Ok(serde_json::from_str(&output.stdout).map_err(|error| format!("{error}: {output:?}"))?)
    };
    let view = asked()?;
    let of = |list: &[(String, String, bool)], what: &str| {
        list.iter().find(|test| test.0 == what).map(|test| (test.1.clone(), test.2)).unwrap_or_default()
    };
    let from_host = answers(&view, "host");
    println!("from the host: {from_host:?}");
    assert_eq!(of(&from_host, "service-dns"), ("service-answered".to_owned(), true), "{view}");
    assert_eq!(of(&from_host, "service-smtp"), ("service-answered".to_owned(), true), "{view}");
    assert_eq!(of(&from_host, "service-syslog"), ("service-sent".to_owned(), true), "{view}");
    assert!(services.mail().iter().any(|line| line.starts_with("EHLO ")), "{:?}", services.mail());
    assert!(services.logs().iter().any(|line| line.starts_with("<14>1 ")), "{:?}", services.logs());

    // The sample isolates its applications: what the host reaches is refused to a pod, and that is said.
    let isolated = answers(&view, "pod");
    println!("from an isolated pod: {isolated:?}");
    assert_eq!(of(&isolated, "service-smtp"), ("errand-blocked".to_owned(), false), "{view}");
    let policy = serde_json::json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": { "name": "site-services", "namespace": "campus" },
        "spec": {
            "podSelector": { "matchLabels": { "bridle.internal/errand": "services" } },
            "policyTypes": ["Egress"], "egress": [{}],
        },
    });
    host.write_file("/root/policy.json", policy.to_string())?;
    host.shell("kubectl apply -f /root/policy.json")?;
    let view = asked()?;
    let open = answers(&view, "pod");
    println!("from a pod that may: {open:?}");
    for what in ["service-dns", "service-smtp"] {
        assert_eq!(of(&open, what), ("errand-answered".to_owned(), true), "{what}: {view}");
    }
    host.shell("kubectl delete -f /root/policy.json").map(drop)?;
    Ok(())
}

/// Two passwords, one after the other: each time the pods that use them are new, and see it.
fn passwords(host: &Host, before: &[String]) -> Outcome {
    let mut last = before.to_vec();
    for number in [1, 2] {
        let password = format!("{CANARY}-{number}");
        host.write_file("/root/password", &password)?;
        applied(host, &["bridle", "config", "secret", "set", "smtp-password", "--file", "/root/password", "--yes"])?;
        host.shell("rm /root/password")?;
        let now = pods(host, "enrolment")?;
        assert!(now.iter().all(|pod| !last.contains(pod)), "password {number}: {last:?} {now:?}");
        // The files are the pod's own: what its programs read.
        let files = "cat /var/lib/kubelet/pods/*/volumes/kubernetes.io~secret/site-services/smtp-password";
        assert_eq!(host.shell(files)?, password.repeat(now.len()), "of {now:?}");
        println!("password {number}: {last:?} -> {now:?}");
        last = now;
    }
    let told = host.shell(&format!(
        "kubectl -n campus get deployments,replicasets,pods -o json | grep -c {CANARY} || true; \
         grep -rlF {CANARY} /var/lib/bridle /etc/bridle /run/bridle || true; \
         journalctl --no-pager -o cat -b | grep -cF {CANARY} || true"
    ))?;
    assert_eq!(told, "0\n0", "a password stands where none may");
    Ok(())
}

fn folder_for_releases(host: &Host) -> Outcome {
    assert_eq!(host.shell("stat -c '%U:%G %a' /var/lib/bridle/incoming")?, "root:bridle 770");
    Ok(())
}

/// A stick with a file system of its own, read-only, with a whole release and one that is still copied.
fn stick(host: &Host) -> Outcome {
    let release = format!("campus-{SECOND}");
    host.shell("mkdir -p /root/content /media/stick")?;
    host.push(&built_release(SECOND).bundle, "/root/content/one.bundle")?;
    host.shell("head -c -1500 /root/content/one.bundle >/root/content/partial.bundle")?;
    host.shell("truncate -s 2G /root/stick.img && mkfs.ext4 -q -d /root/content /root/stick.img")?;
    // A test host's /dev has none of the machine's loop devices; its kernel has.
    let mount = "for n in 0 1 2 3 4 5 6 7; do [ -e /dev/loop$n ] || mknod /dev/loop$n b 7 $n; done; \
                 [ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237; \
                 mount -o loop,ro /root/stick.img /media/stick";
    host.shell(mount)?;
    let done = on_the_stick(host, &release);
    host.shell("umount /media/stick")?;
    done
}

fn on_the_stick(host: &Host, release: &str) -> Outcome {
    println!("{}", host.shell("findmnt -no SOURCE,FSTYPE,OPTIONS /media/stick")?);
    let output = host.command(["bridle", "release", "add", "--yes"])?.limit(5 * MINUTES).run()?;
    println!("{}{}", output.stdout, output.stderr);
    assert!(output.success(), "{}{}", output.stdout, output.stderr);
    assert!(output.stderr.contains("/media/stick/partial.bundle") && output.stderr.contains("not complete"));
    assert!(host.shell("bridle release list")?.contains(release));
    // Whoever names the partial one is refused, and nothing of it counts.
    host.run_ok(["bridle", "release", "remove", release, "--yes"])?;
    let refused = host.run(["bridle", "release", "add", "/media/stick/partial.bundle"])?;
    assert!(!refused.success() && !host.shell("bridle release list")?.contains(release), "{refused:?}");
    // The folder for releases: a member of the group puts a file there.
    host.shell("useradd --no-create-home --groups bridle helpdesk")?;
    host.shell(
        "cp /media/stick/one.bundle /tmp/; chmod 644 /tmp/one.bundle; umount /media/stick; cd /; \
                runuser -u helpdesk -- sh -ec 'cp /tmp/one.bundle /var/lib/bridle/incoming/one.bundle'; \
                runuser -u helpdesk -- bridle release add --yes; mount -o loop,ro /root/stick.img /media/stick",
    )?;
    assert!(host.shell("bridle release list")?.contains(release));
    Ok(())
}
