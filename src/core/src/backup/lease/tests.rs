use proptest::prelude::*;

use super::*;
use crate::backup::key::RepositoryKey;
use crate::backup::record;

const FIXTURE: &[u8] = include_bytes!("../../../tests/fixtures/lease-v1.json");
const NOW: u64 = 1_795_000_000_000;
const HOUR: u64 = 3_600_000;

fn ulid(time: u64, number: u8) -> Ulid {
    Ulid::new(Timestamp(time), [number; 10])
}

fn owner(installation: u8, life: u8, session: u8) -> Owner {
    Owner {
        installation: InstallationId(ulid(1, installation)),
        incarnation: Incarnation(ulid(u64::from(life), 0)),
        session: ulid(3, session),
        site: format!("site {installation}"),
        host: format!("host {life}"),
    }
}

fn lease(owner: Owner, token: u64, renewed: u64) -> Lease {
    Lease { format: 1, token, owner, renewed: Timestamp(renewed), expires: Timestamp(renewed + 600_000) }
}

fn ask(found: &Found, owner: &Owner, written: u64, now: u64, told: Option<&str>) -> Decision {
    decide(found, &Asker { owner, written, now: Timestamp(now), told })
}

fn token(decision: &Decision) -> Option<u64> {
    if let Decision::Write(lease) = decision { Some(lease.token) } else { None }
}

#[test]
fn a_lease_of_format_1_is_read_and_written_so() {
    let key = RepositoryKey::from_bytes([1; 32]);
    let lease = lease(owner(1, 1, 1), 7, NOW);
    assert_eq!(String::from_utf8_lossy(&record::write(&lease, &key)), String::from_utf8_lossy(FIXTURE));
    assert_eq!(record::read::<Lease>(OBJECT, FIXTURE, &key).expect("read"), lease);
    let forever = Lease { expires: Timestamp(u64::MAX), ..lease.clone() };
    assert!(record::read::<Lease>(OBJECT, &record::write(&forever, &key), &key).is_err());
    assert!(Lease { token: 0, ..lease }.doubt().is_err());
}

#[test]
fn an_empty_repository_and_ones_own_are_taken() {
    let me = owner(1, 1, 1);
    assert_eq!(token(&ask(&Found::Nothing, &me, 0, NOW, None)), Some(1));
    assert_eq!(token(&ask(&Found::SetsOf(me.installation), &me, 4, NOW, None)), Some(5));
    let mine = Found::Lease(lease(me.clone(), 7, NOW));
    assert_eq!(token(&ask(&mine, &me, 7, NOW + 1000, None)), Some(8));
    // After a crash between its note and the lease it is behind its own note.
    assert_eq!(token(&ask(&mine, &me, 9, NOW + 1000, None)), Some(10));
}

#[test]
fn another_installation_is_never_written_over_unless_told() {
    let me = owner(1, 1, 1);
    for age in [0, HOUR, 9000 * HOUR] {
        let theirs = Found::Lease(lease(owner(2, 1, 1), 7, NOW - age));
        let refused = ask(&theirs, &me, 0, NOW, None);
        assert!(matches!(&refused, Decision::Refuse(Refusal::OtherInstallation { site, .. }) if site == "site 2"));
        assert_eq!(ask(&theirs, &me, 0, NOW, Some("site 1")), refused, "the name of the other one must be typed");
        assert_eq!(token(&ask(&theirs, &me, 0, NOW, Some("site 2"))), Some(8));
    }
    let other = owner(2, 1, 1).installation;
    assert!(matches!(ask(&Found::SetsOf(other), &me, 0, NOW, None), Decision::Refuse(_)));
    assert_eq!(token(&ask(&Found::SetsOf(other), &me, 0, NOW, Some(&other.to_string()))), Some(1));
}

#[test]
fn a_new_life_takes_over_from_one_that_is_gone_and_the_old_one_stays_out() {
    let (old, new) = (owner(1, 1, 1), owner(1, 2, 2));
    let at = |age| Found::Lease(lease(old.clone(), 7, NOW - age));
    assert!(matches!(ask(&at(47 * HOUR), &new, 0, NOW, None), Decision::Refuse(Refusal::OtherLife { .. })));
    assert_eq!(token(&ask(&at(48 * HOUR), &new, 0, NOW, None)), Some(8));
    assert_eq!(token(&ask(&at(0), &new, 0, NOW, Some("site 1"))), Some(8));
    // The old host comes back.
    for age in [0, 100 * HOUR] {
        let theirs = Found::Lease(lease(new.clone(), 8, NOW - age));
        assert!(matches!(ask(&theirs, &old, 7, NOW, None), Decision::Refuse(Refusal::Replaced { token: 8, .. })));
    }
    assert!(!still_holds(&lease(old.clone(), 7, NOW), &Found::Lease(lease(new, 8, NOW)), Timestamp(NOW)));
}

#[test]
fn two_agents_and_a_copied_disk_do_not_both_write() {
    let (me, other) = (owner(1, 1, 1), owner(1, 1, 2));
    let theirs = lease(other.clone(), 7, NOW);
    let wait = ask(&Found::Lease(theirs.clone()), &me, 0, NOW, None);
    assert_eq!(wait, Decision::Wait(Duration::from_secs(1200)));
    assert_eq!(token(&ask(&Found::Lease(theirs.clone()), &me, 0, NOW + 1_200_000, None)), Some(8));
    assert_eq!(token(&ask(&Found::Lease(mark(&theirs, Timestamp(NOW))), &me, 0, NOW + 1, None)), Some(8));
    // The same disk twice: the one that finds a token that it did not write stops.
    let found = Found::Lease(lease(me.clone(), 9, NOW));
    assert!(matches!(ask(&found, &me, 8, NOW + 1, None), Decision::Refuse(Refusal::Replaced { token: 9, .. })));
}

#[test]
fn doubt_means_no() {
    let me = owner(1, 1, 1);
    assert_eq!(ask(&Found::Damaged, &me, 3, NOW, Some("site 1")), Decision::Refuse(Refusal::Damaged));
    let ahead = Found::Lease(lease(me.clone(), 7, NOW + 600_001));
    assert!(matches!(ask(&ahead, &me, 7, NOW, None), Decision::Refuse(Refusal::Clock { .. })));
    assert_eq!(token(&ask(&Found::Lease(lease(me.clone(), 7, NOW + 600_000)), &me, 7, NOW, None)), Some(8));
    let last = Found::Lease(lease(me.clone(), u64::MAX, NOW));
    assert_eq!(ask(&last, &me, u64::MAX, NOW, None), Decision::Refuse(Refusal::Exhausted));
    let mine = lease(me, 7, NOW);
    for (found, now, holds) in [
        (Found::Lease(mine.clone()), NOW, true),
        (Found::Lease(mine.clone()), NOW + 600_000, false),
        (Found::Nothing, NOW, false),
        (Found::Damaged, NOW, false),
    ] {
        assert_eq!(still_holds(&mine, &found, Timestamp(now)), holds);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    /// Some writers with clocks that are apart take turns on one object with conditional puts: tokens only rise, and no two
    /// hold it at one moment of true time.
    #[test]
    fn never_two_writers(steps in prop::collection::vec((0_usize..3, 0_u64..900_000, any::<bool>()), 1..60), skews in prop::array::uniform3(0_u64..300_000)) {
        let owners = [owner(1, 1, 1), owner(1, 1, 2), owner(1, 1, 3)];
        let mut written = [0_u64; 3];
        let mut held: [Option<Lease>; 3] = [None, None, None];
        let mut object = Found::Nothing;
        let mut time = NOW;
        for (who, pass, crash) in steps {
            time += pass;
            let now = Timestamp(time + skews[who]);
            let before = if let Found::Lease(lease) = &object { lease.token } else { 0 };
            if let Decision::Write(lease) = decide(&object, &Asker { owner: &owners[who], written: written[who], now, told: None }) {
                prop_assert!(lease.token > before);
                written[who] = lease.token;
                held[who] = None;
                if crash { continue; } // between the note and the lease
                held[who] = Some(lease.clone());
                object = Found::Lease(lease);
            }
            let holding = (0..3).filter(|n| held[*n].as_ref().is_some_and(|mine| still_holds(mine, &object, Timestamp(time + skews[*n]))));
            prop_assert!(holding.count() <= 1);
            // Also without reading again: a term that has not passed by its own clock excludes all others.
            let believing = (0..3).filter(|n| held[*n].as_ref().is_some_and(|mine| time + skews[*n] < mine.expires.0));
            prop_assert!(believing.count() <= 1);
        }
    }
}
