use super::*;
use crate::message::Language;
use crate::step::{ChartName, PlannedStep};

/// The fixture with these orders of coredns, ingress (which has custom resources) and copies of coredns.
fn steps(coredns: u32, ingress: u32, copies: u32) -> Vec<PlannedStep> {
    let fixture = include_bytes!("../../../tests/fixtures/release-v1.json");
    let mut release = ReleaseManifest::parse(fixture).expect("fixture parses");
    for chart in &mut release.charts {
        match chart.name.as_str() {
            "coredns" => chart.order = coredns,
            "ingress" => (chart.order, chart.timeout_seconds) = (ingress, 500),
            _ => {}
        }
    }
    let sample = release.charts.iter().find(|chart| chart.name == "coredns").expect("in the fixture").clone();
    release.charts.extend((0..copies).map(|copy| Chart { name: format!("copy-{copy}"), ..sample.clone() }));
    let place = Place { node: "h1".to_owned(), address: "198.18.0.11".to_owned() };
    let plan = plan(&release, &Site::default(), &place).expect("plan");
    let text = serde_json::to_string(&plan).expect("plain data");
    assert_eq!(serde_json::from_str::<Plan>(&text).expect("parses"), plan);
    plan.steps().iter().skip_while(|step| step.step.name() != "site-secrets").skip(1).cloned().collect()
}

fn names(steps: &[PlannedStep]) -> Vec<&'static str> {
    steps.iter().map(|step| step.step.name()).collect()
}

#[test]
fn charts_of_different_orders_are_steps_of_their_own() {
    let steps = steps(10, 20, 0);
    assert_eq!(names(&steps), ["chart", "custom-resources", "chart", "chart", "probes"]);
    let Step::Cluster(ClusterStep::Chart(chart)) = &steps[0].step else { panic!("{steps:?}") };
    assert_eq!(chart.name, "coredns");
    assert_eq!((steps[0].limit_seconds, steps[0].weight), (180, 10));
    let gone = ClusterStep::ChartGone { name: "coredns".to_owned(), namespace: "kube-system".to_owned() };
    assert_eq!(steps[0].undo, Undo::By(Step::Cluster(gone)));
}

#[test]
fn charts_of_one_stage_and_order_are_one_step() {
    let steps = steps(20, 20, 0);
    assert_eq!(names(&steps), ["custom-resources", "charts", "chart", "probes"], "another stage is another step");
    let Step::Cluster(ClusterStep::Charts(charts)) = &steps[1].step else { panic!("{steps:?}") };
    let found: Vec<&str> = charts.iter().map(|chart| chart.name.as_str()).collect();
    assert_eq!(found, ["coredns", "ingress"]);
    assert_eq!((steps[1].limit_seconds, steps[1].weight), (560, 12), "as long as the slowest of them may take");
    let name = |name: &str, namespace: &str| ChartName { name: name.to_owned(), namespace: namespace.to_owned() };
    let gone = ClusterStep::ChartsGone { charts: vec![name("ingress", "ingress"), name("coredns", "kube-system")] };
    assert_eq!(steps[1].undo, Undo::By(Step::Cluster(gone.clone())), "the last one first");

    let words = |step: &Step, language| step.title().render(language);
    let (there, back) = (&steps[1].step, Step::Cluster(gone));
    let of = |name: &str| charts.iter().find(|chart| chart.name == name).expect("in the group").version.clone();
    let (coredns, ingress) = (of("coredns"), of("ingress"));
    let list = format!("coredns {coredns}, ingress {ingress}");
    assert_eq!(words(there, Language::En), format!("Put 2 parts in place at the same time: {list}"));
    assert_eq!(words(there, Language::Fr), format!("Mettre en place 2 parties en même temps\u{a0}: {list}"));
    assert_eq!(words(&back, Language::En), "Remove 2 parts at the same time: ingress, coredns");
    assert_eq!(words(&back, Language::Fr), "Retirer 2 parties en même temps\u{a0}: ingress, coredns");
}

#[test]
fn more_charts_than_go_at_once_get_the_time_of_their_turns() {
    let four = steps(20, 20, 2);
    assert_eq!((names(&four)[1], four[1].limit_seconds), ("charts", 560));
    let five = steps(20, 20, 3);
    assert_eq!((names(&five)[1], five[1].limit_seconds), ("charts", 2 * 560));
    let many = steps(20, 20, 200);
    assert_eq!(many[1].limit_seconds, 6 * 3600, "no step may take longer");
}
