//! Results: printed, and kept as rows of the tables in `docs/BENCHMARKS.md`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use bridle_core::port::Clock as _;
use bridle_host::clock::SystemClock;

use crate::Outcome;

/// Where results are kept, below the checkout.
const FILE: &str = "docs/BENCHMARKS.md";

/// One result.
#[derive(Debug, Clone)]
pub struct Row {
    /// Heading of its table: the benchmark's name.
    pub section: &'static str,
    /// What was measured.
    pub what: String,
    /// Bridle's figure with its unit.
    pub ours: String,
    /// The rival's figure with its unit, or the limit.
    pub rival: String,
    /// Bridle's figure divided by the rival's.
    pub ratio: Option<f64>,
    /// What is to be known of it.
    pub remark: String,
}

/// Prints the rows and appends each to the table of its section.
pub fn append(root: &Path, rows: &[Row]) -> Outcome<()> {
    let path = root.join(FILE);
    let mut text = fs::read_to_string(&path)?;
    let (commit, date, machine) = (commit(root)?, SystemClock.now().rfc3339(), machine()?);
    for row in rows {
        let ratio = row.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
        println!("{:<52} {:>14}  against {:>14}  ratio {ratio:>6}  {}", row.what, row.ours, row.rival, row.remark);
        let cells = [&date[..16], &commit, &machine, &row.what, &row.ours, &row.rival, &ratio, &row.remark]
            .map(clean)
            .join(" | ");
        insert(&mut text, row.section, &format!("| {cells} |"))?;
    }
    fs::write(&path, text)?;
    Ok(())
}

/// Puts a line behind the last line of the section's table.
fn insert(text: &mut String, section: &str, line: &str) -> Outcome<()> {
    let heading = format!("\n## {section}\n");
    let start = text.find(&heading).ok_or_else(|| format!("{FILE} has no section {section:?}"))? + heading.len();
    let end = text[start..].find("\n## ").map_or(text.len(), |at| start + at);
    let last = text[start..end].rmatch_indices("\n|").next().ok_or_else(|| format!("{section:?} has no table"))?.0;
    let after = text[start + last + 1..].find('\n').map_or(text.len(), |at| start + last + 1 + at);
    text.insert_str(after, &format!("\n{line}"));
    Ok(())
}

fn clean(cell: &str) -> String {
    cell.replace(['|', '\n'], " ")
}

/// The commit that was measured; `+` if the checkout has changes that are not in it.
fn commit(root: &Path) -> Outcome<String> {
    let git = |words: &[&str]| -> Outcome<String> {
        let output = Command::new("git").args(words).current_dir(root).output()?;
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changed = git(&["status", "--porcelain", "--untracked-files=no"])?;
    let own = |line: &&str| !line.ends_with(FILE);
    Ok(if changed.lines().any(|line| own(&line)) { format!("{commit}+") } else { commit })
}

/// The class of the machine: cores and memory, nothing that names it.
fn machine() -> Outcome<String> {
    let cores = std::thread::available_parallelism()?;
    let memory = fs::read_to_string("/proc/meminfo")?;
    let kib: u64 = memory.lines().next().and_then(|line| line.split_whitespace().nth(1)).unwrap_or("0").parse()?;
    let mut text = String::new();
    write!(text, "{cores} cores, {} GiB", kib.div_ceil(1 << 20))?;
    Ok(text)
}

/// The middle of some figures (the upper one of two).
pub fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_goes_behind_its_own_table() {
        let mut text = "# B\n\n## one\nwords\n\n| a |\n|---|\n| 1 |\n\nmore\n\n## two\n| b |\n|---|\n".to_owned();
        insert(&mut text, "one", "| 2 |").unwrap();
        insert(&mut text, "two", "| 3 |").unwrap();
        assert_eq!(text, "# B\n\n## one\nwords\n\n| a |\n|---|\n| 1 |\n| 2 |\n\nmore\n\n## two\n| b |\n|---|\n| 3 |\n");
        assert!(insert(&mut text, "three", "| 4 |").is_err());
    }

    #[test]
    fn the_middle() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
    }
}
