//! Counters in the text format of Prometheus.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper bounds of the buckets in seconds; 1 s is what nine of ten requests must stay under.
const BUCKETS: [f64; 7] = [0.005, 0.02, 0.1, 0.3, 1.0, 3.0, 10.0];

/// Requests so far, by route, method and status.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    requests: Mutex<BTreeMap<(&'static str, &'static str, u16), u64>>,
    durations: Mutex<Durations>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Durations {
    buckets: [u64; BUCKETS.len()],
    count: u64,
    sum: f64,
}

impl Metrics {
    /// Counts one request. `route` is one of a few names, never a visitor's text.
    pub(crate) fn count(&self, route: &'static str, method: &'static str, status: u16, took: Duration) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((route, method, status)).or_default() += 1;
        drop(requests);
        let mut durations = self.durations.lock().unwrap_or_else(PoisonError::into_inner);
        for (bound, bucket) in BUCKETS.iter().zip(&mut durations.buckets) {
            if took.as_secs_f64() <= *bound {
                *bucket += 1;
            }
        }
        durations.count += 1;
        durations.sum += took.as_secs_f64();
    }

    /// All figures as text.
    pub(crate) fn text(&self, ready: bool, (connections, most): (usize, usize)) -> String {
        let mut out = String::from("# TYPE campus_http_requests_total counter\n");
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        for ((route, method, status), count) in requests.iter() {
            let labels = format!("route=\"{route}\",method=\"{method}\",status=\"{status}\"");
            let _ = writeln!(out, "campus_http_requests_total{{{labels}}} {count}");
        }
        drop(requests);
        let durations = *self.durations.lock().unwrap_or_else(PoisonError::into_inner);
        out.push_str("# TYPE campus_http_request_seconds histogram\n");
        for (bound, bucket) in BUCKETS.iter().zip(durations.buckets) {
            let _ = writeln!(out, "campus_http_request_seconds_bucket{{le=\"{bound}\"}} {bucket}");
        }
        let _ = writeln!(out, "campus_http_request_seconds_bucket{{le=\"+Inf\"}} {}", durations.count);
        let _ = writeln!(out, "campus_http_request_seconds_sum {}", durations.sum);
        let _ = writeln!(out, "campus_http_request_seconds_count {}", durations.count);
        let _ = writeln!(out, "# TYPE campus_ready gauge\ncampus_ready {}", u8::from(ready));
        let _ = writeln!(out, "# TYPE campus_database_connections gauge\ncampus_database_connections {connections}");
        let _ =
            writeln!(out, "# TYPE campus_database_connections_limit gauge\ncampus_database_connections_limit {most}");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_cumulative() {
        let metrics = Metrics::default();
        metrics.count("enrolments", "GET", 200, Duration::from_millis(1));
        metrics.count("enrolments", "GET", 200, Duration::from_millis(500));
        let text = metrics.text(true, (1, 4));
        assert!(text.contains("campus_http_requests_total{route=\"enrolments\",method=\"GET\",status=\"200\"} 2\n"));
        assert!(text.contains("_bucket{le=\"0.005\"} 1\n") && text.contains("_bucket{le=\"0.3\"} 1\n"));
        assert!(text.contains("_bucket{le=\"1\"} 2\n") && text.contains("_bucket{le=\"+Inf\"} 2\n"));
        assert!(text.contains("campus_ready 1\n"));
    }
}
