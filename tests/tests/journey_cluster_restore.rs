//! `bridle cluster restore` on a real host: from a cluster whose database is damaged back to the snapshot of a restore point,
//! with the data of the applications untouched; and the same with a power cut at a step that the commit picks.

use std::time::{Duration, Instant};

use bridle_journeys::campus::{FrontDoor, SECOND, built_release, picked_by_the_commit, template};
use bridle_journeys::testhost::{Host, Lab};
use serde_json::Value;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

const MINUTES: Duration = Duration::from_secs(60);
const DATABASE: &str = "/var/lib/rancher/k3s/server/db";

#[test]
fn a_cluster_that_does_not_come_up_goes_back_to_a_restore_point_and_no_student_is_lost() -> Outcome {
    let template = template::installed(built_release(SECOND))?;
    let lab = Lab::of_equal_addresses("restore")?;
    let (host, door) = template.serving(&lab)?;
    let (site, student) = prepared(&host, &door)?;
    refused_without_the_name(&host, &site)?;
    damaged(&host)?;

    let began = Instant::now();
    let command = host.command(["bridle", "cluster", "restore", "--confirm", &site])?;
    let output = command.limit(10 * MINUTES).run()?;
    let said = format!("{}\n{}\n{}", output.stdout, output.stderr, host.journal("bridle-agent")?);
    assert!(output.success(), "{said}");
    println!("back at the restore point, probes green, {} s after the command", began.elapsed().as_secs());
    assert!(output.stdout.contains("Kubernetes does not answer"), "{said}");
    is_back(&host, &student)?;
    assert_eq!(template.lost(&template::served(&host)?)?, []);
    Ok(())
}

#[test]
fn a_power_cut_on_the_way_back_changes_nothing_about_its_end() -> Outcome {
    let template = template::installed(built_release(SECOND))?;
    let lab = Lab::of_equal_addresses("restcut")?;
    let (mut host, door) = template.serving(&lab)?;
    let (site, student) = prepared(&host, &door)?;
    damaged(&host)?;
    let plan: Value = serde_json::from_str(&host.shell("bridle cluster restore --dry-run --json 2>/dev/null")?)?;
    let steps = plan["steps"].as_array().map_or(0, Vec::len) as u64;
    let step = picked_by_the_commit(steps);
    {
        let _running = host.spawn(["bridle", "cluster", "restore", "--confirm", &site])?;
        host.wait_until("the moment of the cut", 10 * MINUTES, || {
            operation(&host).is_ok_and(|view| {
                let begun = view["steps"].as_array().into_iter().flatten();
                begun.filter(|one| one["state"] != "pending").count() as u64 >= step
            })
        })?;
    }
    host.power_cut()?;
    let began = Instant::now();
    host.boot()?;
    host.wait_until("the end", 10 * MINUTES, || operation(&host).is_ok_and(|view| view["state"] == "committed"))?;
    template::served(&host)?;
    println!("cut at step {step} of {steps}; at its end {} s after the boot", began.elapsed().as_secs());
    is_back(&host, &student)
}

/// A restore point, made by a change that was taken back, and what came after it. Gives the site's name and a student.
fn prepared(host: &Host, door: &FrontDoor) -> Outcome<(String, String)> {
    host.shell("kubectl -n campus create configmap before --from-literal=when=before")?;
    // Kubernetes writes whole seconds: what is made in the second of the restore point counts as made after it.
    let second = host.shell("date +%s")?;
    host.wait_until("the next second", MINUTES, || host.shell("date +%s").is_ok_and(|now| now != second))?;
    host.run_ok(["bridle", "config", "set", "values.enrolment.shutdown.drainSeconds", "7", "--yes", "--detach"])?;
    host.wait_until("the restore point", 2 * MINUTES, || points(host).is_ok_and(|points| !points.is_empty()))?;
    // Whoever wins, the operation or this order: the point stays.
    host.run(["bridle", "operation", "abort", "--yes"])?;
    host.wait_until("the end of the change", 5 * MINUTES, || {
        operation(host).is_ok_and(|view| ["rolled_back", "committed"].iter().any(|state| view["state"] == *state))
    })?;
    let door_now = template::served(host)?;
    host.shell("kubectl -n campus create configmap since --from-literal=when=since")?;
    host.shell("kubectl -n campus annotate deployment frontend note=since")?;
    let student = door_now.enrol("hypatia")?;
    assert_eq!(door.enrolment(&student)?["student"], "hypatia");

    let plan: Value = serde_json::from_str(&host.shell("bridle cluster restore --dry-run --json 2>/dev/null")?)?;
    let has = |list: &str, name: &str| plan[list].as_array().is_some_and(|list| list.iter().any(|one| one == name));
    assert!(plan["answers"] == true && has("created", "campus/ConfigMap/since"), "{plan}");
    assert!(has("changed", "campus/Deployment/frontend") && !has("created", "campus/ConfigMap/before"), "{plan}");
    assert!(plan["findings"].to_string().contains("restore-healthy"), "{plan}");
    Ok((plan["site"].as_str().unwrap_or_default().to_owned(), student))
}

fn refused_without_the_name(host: &Host, site: &str) -> Outcome {
    for (words, code, fault) in [
        (vec![], 4, "BR-1293"),
        (vec!["--confirm", "elsewhere"], 2, "BR-1294"),
        (vec!["--restore-point", "x"], 2, "BR-1291"),
    ] {
        let all = ["bridle", "cluster", "restore", "--no-input"].into_iter().chain(words);
        let output = host.run(all)?;
        assert_eq!(output.status.code(), Some(code), "{}{}", output.stdout, output.stderr);
        assert!(output.stderr.contains(fault), "{site}: {}", output.stderr);
    }
    assert_eq!(host.shell("systemctl is-active k3s")?.trim(), "active");
    Ok(())
}

/// What a failed disk leaves: the pages of the database are not what was written. Kubernetes does not come up any more.
fn damaged(host: &Host) -> Outcome {
    host.shell(&format!(
        "systemctl stop k3s && dd if=/dev/urandom of={DATABASE}/etcd/member/snap/db bs=4096 count=64 conv=notrunc \
         status=none && rm -rf {DATABASE}/etcd/member/wal && sync && systemctl start --no-block k3s"
    ))?;
    host.wait_until("Kubernetes has given up a start", 3 * MINUTES, || {
        host.shell("systemctl show --property=NRestarts --value k3s")
            .is_ok_and(|text| text.trim().parse::<u32>().is_ok_and(|restarts| restarts > 0))
    })?;
    assert!(host.shell("kubectl get --raw=/readyz --request-timeout=5s").is_err(), "it came up");
    Ok(())
}

/// The cluster is that of the restore point, everything runs, and the student is there who came after it.
fn is_back(host: &Host, student: &str) -> Outcome {
    let door = template::served(host)?;
    assert_eq!(door.enrolment(student)?["student"], "hypatia", "volumes are not touched");
    host.shell("kubectl -n campus get configmap before")?;
    assert!(host.shell("kubectl -n campus get configmap since").is_err(), "it is not the restore point's cluster");
    let note = host.shell("kubectl -n campus get deployment frontend -o jsonpath={.metadata.annotations.note}")?;
    assert_eq!(note.trim(), "");
    template::healthy(host)?;
    assert_eq!(host.shell("systemctl is-enabled k3s")?.trim(), "enabled");
    let kept = host.shell(&format!("ls -d {DATABASE}/etcd-old-*"))?;
    assert!(!kept.trim().is_empty(), "the damaged database is kept");
    Ok(())
}

fn points(host: &Host) -> Outcome<Vec<Value>> {
    Ok(serde_json::from_str(&host.shell("bridle restore-point list --json")?)?)
}

fn operation(host: &Host) -> Outcome<Value> {
    Ok(serde_json::from_str(&host.shell("bridle operation show --json")?)?)
}
