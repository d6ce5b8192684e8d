//! Settings of the site that fit nothing in this release.

use super::finding::{Finding, warns};
use crate::release::ReleaseManifest;
use crate::site::{Site, similar};

pub(super) fn judge(release: &ReleaseManifest, site: &Site, found: &mut Vec<Finding>) {
    let charts: Vec<&str> = release.charts.iter().map(|chart| chart.name.as_str()).collect();
    for chart in site.values.keys().filter(|chart| !charts.contains(&chart.as_str())) {
        let finding = warns("check-site-chart").about(chart).with("chart", chart.as_str());
        let known = if charts.is_empty() { "-".to_owned() } else { charts.join(", ") };
        let finding = finding.with("known", known);
        found.push(match similar(chart, &charts) {
            Some(meant) => finding.command(format!("[values.{meant}]")),
            None => finding,
        });
    }
}
