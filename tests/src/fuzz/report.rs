//! What libFuzzer says about a run, and the table of all runs.

use std::fmt::Write as _;

/// A run of one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The target.
    pub target: String,
    /// What it did.
    pub stats: Stats,
    /// What failed, with the input that does it.
    pub problem: Option<String>,
}

/// Figures of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Inputs tried.
    pub executions: u64,
    /// Edges of the control flow that were reached.
    pub edges: u64,
    /// Edges that there are, with those of all libraries.
    pub all_edges: u64,
    /// Inputs that each reached something new.
    pub inputs: u64,
    /// Most memory, in MiB.
    pub peak_mib: u64,
}

impl Stats {
    /// Reads libFuzzer's output.
    #[must_use]
    pub fn of(output: &str) -> Self {
        let mut stats = Self::default();
        for line in output.lines() {
            if let Some((_, rest)) = line.split_once("modules   (") {
                stats.all_edges = number(rest);
            }
            if let Some((_, rest)) = line.split_once(" cov: ") {
                stats.edges = number(rest);
                stats.inputs = rest.split_once(" corp: ").map_or(stats.inputs, |(_, rest)| number(rest));
            }
            if let Some(rest) = line.strip_prefix("stat::number_of_executed_units:") {
                stats.executions = number(rest.trim_start());
            }
            if let Some(rest) = line.strip_prefix("stat::peak_rss_mb:") {
                stats.peak_mib = number(rest.trim_start());
            }
        }
        stats
    }
}

/// The table of all runs in Markdown.
#[must_use]
pub fn table(found: &[Found], seconds: u64) -> String {
    let mut text = format!(
        "{seconds} seconds for each target. Edges are those of the whole program, libraries included, most of which no \
         target could reach.\n\n\
         | target | inputs tried | edges reached, of all | inputs that reach something of their own | peak MiB | failures |\n\
         |---|---|---|---|---|---|\n"
    );
    for Found { target, stats, problem } in found {
        let Stats { executions, edges, all_edges, inputs, peak_mib } = stats;
        let problem = problem.as_deref().unwrap_or("0");
        // Writing to a string does not fail.
        let _ =
            writeln!(text, "| {target} | {executions} | {edges} of {all_edges} | {inputs} | {peak_mib} | {problem} |");
    }
    let sum: u64 = found.iter().map(|found| found.stats.executions).sum();
    let failed = found.iter().filter(|found| found.problem.is_some()).count();
    let _ = writeln!(text, "\n{sum} inputs in all, {failed} failures.");
    text
}

/// The digits that a text begins with.
fn number(text: &str) -> u64 {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "INFO: Loaded 1 modules   (17210 inline 8-bit counters): 17210 [0x1, 0x2), \n\
        #2\tINITED cov: 50 ft: 60 corp: 1/1b exec/s: 0 rss: 26Mb\n\
        #4425638\tDONE   cov: 59 ft: 86 corp: 31/5281b lim: 4096 exec/s: 491737 rss: 28Mb\n\
        stat::number_of_executed_units: 4425638\nstat::average_exec_per_sec:     491737\n\
        stat::peak_rss_mb:              29\n";

    #[test]
    fn figures_are_read_from_the_output() {
        let stats = Stats { executions: 4_425_638, edges: 59, all_edges: 17_210, inputs: 31, peak_mib: 29 };
        assert_eq!(Stats::of(OUTPUT), stats);
        assert_eq!(Stats::of(""), Stats::default());
    }

    #[test]
    fn the_table_ends_with_the_sum() {
        let run = |problem: Option<&str>| Found {
            target: "x".to_owned(),
            stats: Stats::of(OUTPUT),
            problem: problem.map(str::to_owned),
        };
        let text = table(&[run(None), run(Some("panicked"))], 5);
        assert!(text.contains("| x | 4425638 | 59 of 17210 | 31 | 29 | 0 |"), "{text}");
        assert!(text.ends_with("8851276 inputs in all, 1 failures.\n"), "{text}");
    }
}
