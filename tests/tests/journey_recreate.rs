//! `bridle application recreate` on a real host: from a platform that was damaged at random to that of a fresh installation.

use std::time::{Duration, Instant};

use bridle_journeys::campus::{self, FrontDoor, Installation};
use bridle_journeys::objects::Objects;
use bridle_journeys::testhost::{Host, Lab};
use serde_json::Value;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

const MINUTES: Duration = Duration::from_secs(60);
const APPLICATIONS: [&str; 3] = ["database", "enrolment", "frontend"];
/// The platform charts whose roles are taken away too.
const PLATFORM: [&str; 3] = ["coredns", "local-path", "metrics-server"];

#[test]
fn a_damaged_platform_becomes_that_of_a_fresh_installation() -> Outcome {
    let lab = Lab::new("recreate")?;
    let mut host = lab.host("h1").disk_gib(12).build()?;
    host.boot()?;
    let output = Installation::prepare(&host, campus::built())?.run()?;
    assert!(output.success(), "{}\n{}\n{}", output.stdout, output.stderr, host.journal("bridle-agent")?);
    let front = FrontDoor::of(&host)?;
    let students: Vec<String> =
        ["ada", "grace", "emmy"].iter().map(|name| front.enrol(name)).collect::<Result<_, _>>()?;
    host.shell("kubectl -n campus create configmap notes --from-literal=by=somebody")?;
    let fresh = Objects::of(&host)?;

    looking_changes_nothing(&host, &fresh)?;
    let damage = damage(&host, &fresh)?;
    println!("damaged: {}", damage.join(", "));
    assert!(!Objects::of(&host)?.difference(&fresh).is_empty());

    let began = Instant::now();
    let output = host.command(["bridle", "application", "recreate", "--yes"])?.limit(15 * MINUTES).run()?;
    let said = format!("{}\n{}\n{}", output.stdout, output.stderr, host.journal("bridle-agent")?);
    assert!(output.success(), "{said}");
    println!("renewed in {} s after {} things were damaged", began.elapsed().as_secs(), damage.len());

    assert!(front.page()?.contains("Campus enrolments"));
    for (student, name) in students.iter().zip(["ada", "grace", "emmy"]) {
        assert_eq!(front.enrolment(student)?["student"], name, "{said}");
    }
    let mut left = Vec::new();
    host.wait_until("the same objects as after the installation", MINUTES, || {
        left = Objects::of(&host).map_or_else(|error| vec![error.to_string()], |now| fresh.difference(&now));
        left.is_empty()
    })
    .map_err(|error| format!("{error}: {left:#?}\n{said}"))?;
    println!("{} objects are as a fresh installation makes them", fresh.normal().len());

    let refused = host.run(["bridle", "operation", "abort", "--yes"])?;
    assert!(!refused.success(), "nothing is open");
    assert_eq!(lab.outside_attempts()?, [], "something tried to reach an outside address");
    Ok(())
}

/// The plan, and a renewal that nobody confirms.
fn looking_changes_nothing(host: &Host, fresh: &Objects) -> Outcome {
    let text = host.shell("bridle application recreate --dry-run --json 2>/dev/null")?;
    let view: Value = serde_json::from_str(&text)?;
    let has = |list: &str, name: &str| view[list].as_array().is_some_and(|list| list.iter().any(|one| one == name));
    assert!(view["seen"] == true && has("going", "campus/StatefulSet/database"), "{view}");
    assert!(has("secrets", "campus/database-owner") && has("foreign", "campus/ConfigMap/notes"), "{view}");
    assert!(
        view["data"].as_array().is_some_and(|data| !data.is_empty()) && view["millis"].as_u64() > Some(0),
        "{view}"
    );
    let output = host.run(["bridle", "application", "recreate"])?;
    assert_eq!(output.status.code(), Some(4), "{}{}", output.stdout, output.stderr);
    assert!(output.stderr.contains("BR-1272"), "{}", output.stderr);
    assert_eq!(fresh.difference(&Objects::of(host)?), Vec::<String>::new());
    Ok(())
}

/// Numbers that look like chance and are the same for one commit (`xorshift64`).
struct Chance(u64);

impl Chance {
    fn of_the_commit() -> Self {
        Self(campus::picked_by_the_commit(u64::from(u32::MAX)))
    }

    fn one_of(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % count as u64).unwrap_or_default()
    }
}

/// Deletes about half of everything, with some of each sort for certain, leaves pods without an owner, and makes a record
/// of helm's unreadable. Gives what was done.
fn damage(host: &Host, fresh: &Objects) -> Outcome<Vec<String>> {
    let mut chance = Chance::of_the_commit();
    let mut commands = vec!["kubectl -n campus delete deployment frontend --cascade=orphan".to_owned()];
    let broken = APPLICATIONS[chance.one_of(APPLICATIONS.len())];
    let gone = APPLICATIONS[(APPLICATIONS.iter().position(|name| *name == broken).unwrap_or(0) + 1) % 3];
    let record = |name: &str| format!("sh.helm.release.v1.{name}.v1");
    let patch = r#"'{"data":{"release":"bm90IGEgcmVjb3Jk"}}'"#;
    commands.push(format!("kubectl -n campus patch secret {} --type merge -p {patch}", record(broken)));
    commands.push(format!("kubectl -n campus delete secret {}", record(gone)));
    commands.push("kubectl -n campus delete service enrolment".to_owned());
    let certain = commands.len();
    for object in APPLICATIONS.iter().flat_map(|name| fresh.made_by(name)) {
        let (kind, name) = (text(&object["kind"]), text(&object["metadata"]["name"]));
        let owned = object["metadata"]["ownerReferences"].is_array();
        let named = commands.iter().take(certain).any(|command| command.contains(&format!(" {name}")) && kind != "Pod");
        if !owned && !named && kind != "PersistentVolumeClaim" && chance.one_of(2) == 0 {
            commands.push(format!("kubectl -n campus delete --wait=false {kind} {name}"));
        }
    }
    let roles: Vec<&Value> = PLATFORM
        .iter()
        .flat_map(|name| fresh.made_by(name))
        .filter(|object| text(&object["kind"]).contains("Role"))
        .collect();
    for _ in 0..2 {
        let role = roles[chance.one_of(roles.len())];
        let (kind, name) = (text(&role["kind"]), text(&role["metadata"]["name"]));
        let namespace = role["metadata"]["namespace"].as_str().map_or(String::new(), |name| format!("-n {name} "));
        commands.push(format!("kubectl {namespace}delete --ignore-not-found {kind} {name}"));
    }
    for command in &commands {
        host.shell(command)?;
    }
    Ok(commands.iter().map(|command| command.trim_start_matches("kubectl ").to_owned()).collect())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
