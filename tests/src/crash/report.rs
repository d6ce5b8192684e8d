//! The matrix as a table.

use std::fmt::Write as _;

use super::matrix::{Cell, Matrix, Point};
use super::operation::Operation;
use super::play::Family;

/// The matrix in Markdown.
#[must_use]
pub fn table(operations: &[Operation], matrix: &Matrix) -> String {
    let total = matrix.total();
    let mut text = format!(
        "{} cases: {} ended in the new state, {} in the old one, {} in anything else; in {} an operator was asked and \
         answered once or more.\n\n",
        total.cases, total.new, total.old, total.wrong, total.asked
    );
    text.push_str(
        "| operation | trouble | before intent | after intent | mid effect | after effect | after outcome | between steps | \
         new | old | else |\n|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for (index, operation) in operations.iter().enumerate() {
        for family in Family::ALL {
            let cell = |point| matrix.cells.get(&(index, family, point)).copied().unwrap_or_default();
            let points = Point::OF_STEPS.into_iter().chain([Point::Between]);
            let cells: Vec<Cell> = points.map(cell).collect();
            let counts: Vec<String> = cells.iter().map(|cell| cell.cases.to_string()).collect();
            let sum = |count: fn(&Cell) -> usize| cells.iter().map(count).sum::<usize>();
            row(
                &mut text,
                &format!("{} | {} | {}", operation.name, family.name(), counts.join(" | ")),
                [sum(|cell| cell.new), sum(|cell| cell.old), sum(|cell| cell.wrong)],
            );
        }
        let pairs = matrix.pairs.get(&index).copied().unwrap_or_default();
        let name = format!(
            "{} | two troubles, the second in the recovery | {} by chance | | | | |",
            operation.name, pairs.cases
        );
        row(&mut text, &name, [pairs.new, pairs.old, pairs.wrong]);
    }
    for wrong in &matrix.wrong {
        let _infallible = writeln!(text, "- {wrong}");
    }
    text
}

fn row(text: &mut String, begin: &str, [new, old, wrong]: [usize; 3]) {
    let _infallible = writeln!(text, "| {begin} | {new} | {old} | {wrong} |");
}
