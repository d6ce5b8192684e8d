//! Uninstall → install → uninstall on a real host that starts as a copy of a disk with the platform on it: nothing is left but
//! what was there before that platform was installed (the template keeps that record) and, where asked, the data.

use std::time::Duration;

use bridle_journeys::campus::{
    self, Cut, Data, FrontDoor, Installation, Uninstallation, removal_goes_on_after_a_cut, template,
};
use bridle_journeys::testhost::{Host, HostDigest, Lab};

type Outcome = Result<(), Box<dyn std::error::Error>>;

const MINUTES: Duration = Duration::from_secs(60);

#[test]
fn data_stay_and_are_found_again_and_then_all_is_as_before() -> Outcome {
    let template = template::installed(campus::built())?;
    let lab = Lab::of_equal_addresses("uninstall")?;
    let (mut host, front) = template.serving(&lab)?;
    let before = template.before();
    let student = front.enrol("emmy")?;
    looking_changes_nothing(&host)?;

    removed(&host, Data::Keep, before)?;
    assert!(host.has("/var/lib/bridle/volumes/campus")? && host.has("/var/lib/bridle/kept/secrets.json")?);
    let secrets = host.shell("stat -c %a:%U /var/lib/bridle/kept /var/lib/bridle/kept/secrets.json | tr '\\n' ' '")?;
    assert_eq!(secrets, "700:root 600:root");

    installed(&host)?;
    let front = FrontDoor::of(&host)?;
    assert_eq!(front.enrolment(&student)?["student"], "emmy", "the data are there, and their password fits");
    assert_eq!(template.lost(&front)?, [], "those of the first installation, too");
    assert!(!host.has("/var/lib/bridle/kept")?, "what was kept is used and gone");

    host.reboot()?;
    host.wait_until("front door after the reboot", 5 * MINUTES, || front.enrolment(&student).is_ok())?;
    removed(&host, Data::Delete, before)?;
    host.reboot()?;
    let left: Vec<String> = before.difference(&host.digest()?).iter().map(ToString::to_string).collect();
    assert!(left.is_empty(), "after another start: {left:#?}");
    assert_eq!(lab.outside_attempts()?, [], "something tried to reach an outside address");
    Ok(())
}

fn installed(host: &Host) -> Outcome {
    let output = Installation::prepare(host, campus::built())?.run()?;
    assert!(output.success(), "{}\n{}\n{}", output.stdout, output.stderr, host.journal("bridle-agent")?);
    // The administrator's own file, which the host did not have before.
    host.run_ok(["rm", "/root/campus.run"])?;
    Ok(())
}

fn removed(host: &Host, data: Data, before: &HostDigest) -> Outcome {
    let uninstallation = Uninstallation::of(host, data);
    let output = uninstallation.run()?;
    let said = format!("{}\n{}", output.stdout, output.stderr);
    assert!(output.success(), "{said}\n{}\n{}", host.journal("bridle-agent")?, host.journal("bridle-removal")?);
    assert!(uninstallation.is_over(), "{said}");
    let wrong = uninstallation.differences(before)?;
    assert!(wrong.is_empty(), "{data:?}: {wrong:#?}\n{said}");
    Ok(())
}

/// The lists, a removal that nobody confirms, and one with a wrong name.
fn looking_changes_nothing(host: &Host) -> Outcome {
    let before = host
        .shell("find /etc/bridle /opt/bridle /var/lib/bridle/journal /etc/systemd -type f | sort | xargs sha256sum")?;
    let view = Uninstallation::of(host, Data::Keep).view()?;
    let names = |list: &str| -> Vec<String> {
        let items = view[list].as_array().map(Vec::as_slice).unwrap_or_default();
        items.iter().filter_map(|item| item["name"].as_str().map(str::to_owned)).collect()
    };
    assert!(names("staying").iter().any(|name| name.starts_with("campus/")), "{view}");
    assert!(names("going").contains(&"/var/lib/bridle/store".to_owned()), "{view}");
    for (words, code, flag) in [
        (&["bridle", "uninstall"][..], 4, "--yes"),
        (&["bridle", "uninstall", "--delete-data"], 4, "--confirm campus-demo"),
        (&["bridle", "uninstall", "--delete-data", "--confirm", "other"], 2, "BR-1141"),
    ] {
        let output = host.run(words.iter())?;
        assert_eq!(output.status.code(), Some(code), "{words:?}: {}{}", output.stdout, output.stderr);
        assert!(output.stderr.contains(flag), "{words:?}: {}", output.stderr);
    }
    let after = host
        .shell("find /etc/bridle /opt/bridle /var/lib/bridle/journal /etc/systemd -type f | sort | xargs sha256sum")?;
    assert_eq!(before, after);
    Ok(())
}

#[test]
fn a_power_cut_in_the_middle_goes_on_by_itself() -> Outcome {
    let (wrong, took) = removal_goes_on_after_a_cut("remove", campus::built(), Data::Keep, |steps| {
        // One more than there are steps: in the last act.
        match campus::picked_by_the_commit(steps + 1) {
            step if step > steps => Cut::LastAct,
            step => Cut::Step(step),
        }
    })?;
    println!("ended by itself {} s after the boot", took.as_secs());
    assert!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}
