use super::*;
use crate::message::Language;

const NAME: &str = "campus/Deployment/api";

fn container(restarts: u64, state: State) -> Container {
    Container {
        id: "1/api".to_owned(),
        pod: "api-1".to_owned(),
        name: "api".to_owned(),
        image: "x:1".to_owned(),
        restarts,
        ready: false,
        ready_since: "t0".to_owned(),
        state,
        last_end: String::new(),
    }
}

fn waits(restarts: u64, reason: &str, words: &str) -> Container {
    container(restarts, State::Waiting { reason: reason.to_owned(), words: words.to_owned() })
}

fn workload(name: &str, awaited: bool, stands: Stands, containers: Vec<Container>) -> Workload {
    Workload { name: name.to_owned(), awaited, stands, containers }
}

/// A program that ends the moment it is started, as Kubernetes 1.35 does with it: at 0 and 1 s, then after 10, 20, 40 … s.
fn falling(at: u64) -> Container {
    let ends = [0, 1, 11, 31, 71, 151, 311];
    let times = ends.iter().filter(|end| **end <= at).count() as u64;
    waits(times - 1, "CrashLoopBackOff", "back-off restarting failed container")
}

/// Looks every five seconds from `from` on; gives the second of the verdict and its reason.
fn play(from: u64, until: u64, see: impl Fn(u64) -> Vec<Workload>) -> Option<(u64, Hopeless)> {
    let mut judge = Judge::default();
    (from..=until).step_by(5).find_map(|at| {
        let look = Look { at: Duration::from_secs(at), workloads: see(at) };
        Some((at, judge.take(&look)?))
    })
}

fn one(state: impl Fn(u64) -> Container) -> impl Fn(u64) -> Vec<Workload> {
    move |at| vec![workload(NAME, true, Stands::Coming, vec![state(at)])]
}

fn told(found: Option<(u64, Hopeless)>) -> Option<(u64, String)> {
    found.map(|(at, hopeless)| {
        for language in Language::ALL {
            let words = hopeless.reason.render(language);
            assert!(words != hopeless.reason.code && !words.contains("{$"), "{words}");
        }
        (at, hopeless.reason.code.into_owned())
    })
}

#[test]
fn what_is_given_up_and_when() {
    let absent = "Back-off pulling image \"x:1\": ErrImagePull: rpc error: code = NotFound desc = x:1: not found";
    let pulls = |at: u64| match at {
        0 => waits(0, "ErrImagePull", "x:1: not found"),
        20 => waits(0, "ContainerCreating", ""),
        _ => waits(0, "ImagePullBackOff", "Back-off pulling image \"x:1\""),
    };
    let silent = "dial tcp 127.0.0.1:5000: connection refused";
    type Case = (&'static str, Box<dyn Fn(u64) -> Container>, Option<(u64, &'static str)>);
    let cases: Vec<Case> = vec![
        ("ends at every start", Box::new(falling), Some((30, "hopeless-crashing"))),
        ("ends once", Box::new(|_| container(1, State::Running)), None),
        ("ends twice", Box::new(|at| if at < 11 { falling(at) } else { container(2, State::Running) }), None),
        (
            "an init container is one, too",
            Box::new(|at| Container { name: "init".into(), ..falling(at) }),
            Some((30, "hopeless-crashing")),
        ),
        (
            "too little memory",
            Box::new(|at| Container { last_end: "OOMKilled".into(), ..falling(at) }),
            Some((30, "pod-out-of-memory")),
        ),
        ("absent image", Box::new(move |_| waits(0, "ImagePullBackOff", absent)), Some((45, "hopeless-image"))),
        ("absent image, as older versions say it", Box::new(pulls), Some((45, "hopeless-image"))),
        ("a registry that is away", Box::new(move |_| waits(0, "ErrImagePull", silent)), None),
        ("no name of an image", Box::new(|_| waits(0, "InvalidImageName", "")), Some((10, "hopeless-image-name"))),
        (
            "missing secret",
            Box::new(|_| waits(0, "CreateContainerConfigError", "secret \"s\" not found")),
            Some((60, "hopeless-setting")),
        ),
        (
            "a secret that comes",
            Box::new(
                |at| if at < 55 { waits(0, "CreateContainerConfigError", "") } else { container(0, State::Running) },
            ),
            None,
        ),
        ("it only takes its time", Box::new(|_| container(0, State::Running)), None),
        ("prepared", Box::new(|_| container(0, State::Ended { well: true })), None),
    ];
    for (name, see, wanted) in cases {
        let found = told(play(0, 600, one(see)));
        assert_eq!(found, wanted.map(|(at, code)| (at, code.to_owned())), "{name}");
    }
}

#[test]
fn an_end_is_excused_while_something_else_comes_up() {
    let database = |ready_at: u64| {
        move |at: u64| {
            let stands = if at < ready_at { Stands::Coming } else { Stands::Ready };
            vec![workload(NAME, true, Stands::Coming, vec![falling(at)]), workload("db", false, stands, vec![])]
        }
    };
    // Ready at 25 s, in the pause before the start at 31 s: that run found everything in place, and ended all the same.
    assert_eq!(told(play(0, 600, database(25))), Some((35, "hopeless-crashing".to_owned())));
    // Ready at 100 s: the next start is at 151 s.
    assert_eq!(told(play(0, 600, database(100))), Some((155, "hopeless-crashing".to_owned())));
    assert_eq!(play(0, 600, database(601)), None, "it never came: the time of the chart decides");
    // A database that falls itself excuses nobody.
    let both = |at: u64| {
        let falls =
            |name: &str| workload(name, true, Stands::Coming, vec![Container { id: name.to_owned(), ..falling(at) }]);
        vec![falls("a"), falls("b")]
    };
    assert_eq!(told(play(0, 600, both)), Some((30, "hopeless-crashing".to_owned())));
}

#[test]
fn a_run_that_began_too_early_is_no_proof() {
    // It runs for 20 s until it ends for want of its database, which is there from 50 s on.
    let see = |at: u64| {
        let round = at / 30;
        let state = if at % 30 < 20 { container(round, State::Running) } else { waits(round, "CrashLoopBackOff", "") };
        let stands = if at < 70 { Stands::Coming } else { Stands::Ready };
        vec![workload(NAME, true, Stands::Coming, vec![state]), workload("db", false, stands, vec![])]
    };
    // Seen running at 65 s, its end at 80 s proves nothing, that of the next run at 110 s does.
    assert_eq!(told(play(0, 600, see)), Some((110, "hopeless-crashing".to_owned())));
}

#[test]
fn a_moment_of_readiness_begins_anew() {
    let ready =
        |at: u64| if at == 20 { Container { ready: true, ..container(3, State::Running) } } else { falling(at) };
    assert_eq!(told(play(0, 600, one(ready))).map(|found| found.0), Some(151 + 4), "ends at 31, 71 and 151 s");
    // No look saw it, but the pod's own note did.
    let noted = |at: u64| Container { ready_since: if at < 20 { "t0" } else { "t1" }.to_owned(), ..falling(at) };
    assert_eq!(told(play(0, 600, one(noted))).map(|found| found.0), Some(155));
}

#[test]
fn a_second_attempt_needs_one_more_end_and_no_more() {
    let Some((at, _)) = play(35, 600, one(falling)) else { panic!("no verdict") };
    assert_eq!(at - 35, 40, "the next start is at 71 s");
    // Mended meanwhile: what was before it is no reason.
    let mended = |at: u64| if at < 75 { falling(at) } else { container(5, State::Running) };
    assert_eq!(play(70, 600, one(|at| if at < 71 { falling(at) } else { container(5, State::Running) })), None);
    assert!(play(35, 600, one(mended)).is_none());
    // A pod that was well has its own past.
    let old = |_| Container { ready: true, ..container(40, State::Running) };
    assert_eq!(play(0, 600, one(old)), None);
}

#[test]
fn what_kubernetes_gave_up_is_believed_after_two_looks() {
    let failed = |from: u64, until: u64| {
        move |at: u64| {
            let failed = Stands::Failed(Message::new("job-failed"));
            let stands = if (from..until).contains(&at) { failed } else { Stands::Coming };
            vec![workload("campus/Job/migrate", true, stands, vec![])]
        }
    };
    assert_eq!(told(play(0, 600, failed(20, 600))), Some((30, "job-failed".to_owned())));
    assert_eq!(play(0, 600, failed(20, 30)), None, "old news");
    let others = |at: u64| vec![workload(NAME, false, Stands::Failed(Message::new("job-failed")), vec![falling(at)])];
    assert_eq!(play(0, 600, others), None, "nobody waits for it");
}

#[test]
fn who_speaks_and_what_is_said() {
    let (_, crash) = play(0, 600, one(falling)).expect("a verdict");
    assert_eq!((crash.speaker, crash.words.as_str()), (Some(("api-1".to_owned(), "api".to_owned())), ""));
    let (_, unset) =
        play(0, 600, one(|_| waits(0, "CreateContainerConfigError", "secret \"s\" not found"))).expect("one");
    assert_eq!((unset.speaker, unset.words.as_str()), (None, "secret \"s\" not found"));
}

#[test]
fn last_words_are_short_and_clean() {
    assert_eq!(last_words("a\u{1b}[31mb\r\n\n\u{7}\nc\n"), "a[31mb\nc");
    let many: String = (0..100).map(|line| format!("line {line}\n")).collect();
    assert_eq!(last_words(&many).lines().count(), 20);
    assert!(last_words(&many).starts_with("line 80"));
    let wide = "é".repeat(5000);
    assert_eq!(last_words(&wide).len(), 2048);
    assert_eq!(last_words(&format!("x{wide}é")).len() % 2, 0);
    assert_eq!(last_words(""), "");
}
