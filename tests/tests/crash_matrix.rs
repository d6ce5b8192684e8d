//! Every operation, stopped at every change of the disk, ends as it was or as it was to be.

use std::collections::BTreeSet;

use bridle_journeys::crash::{Effort, Family, Flaw, Point, operations, run, table};

#[test]
fn every_case_ends_in_the_old_or_the_new_state() {
    let operations = operations();
    let matrix = run(&operations, Flaw::None, Effort::GATE).expect("operations end well without trouble");
    println!("{}", table(&operations, &matrix));
    assert_eq!(matrix.total().wrong, 0, "{:#?}", matrix.wrong);
    // Nothing was left out: each step that had an intent, at each point, with each kind of trouble.
    let promised: BTreeSet<_> = matrix
        .steps
        .iter()
        .flat_map(|(operation, step)| {
            let points = Point::OF_STEPS.into_iter();
            points.flat_map(move |point| Family::ALL.map(|family| (*operation, *step, point, family)))
        })
        .collect();
    let left_out: Vec<_> = promised.difference(&matrix.tried).collect();
    assert!(left_out.is_empty(), "{left_out:?}");
    assert!(matrix.steps.len() >= operations.len() * 10, "{} steps", matrix.steps.len());
    assert!(matrix.total().cases >= promised.len(), "{} cases", matrix.total().cases);
}

#[test]
fn the_matrix_finds_every_wrong_way_of_writing() {
    for flaw in Flaw::ALL {
        let matrix = run(&operations(), flaw, Effort::SEARCH).expect("operations end well without trouble and flaw");
        let total = matrix.total();
        println!("{flaw:?}: {} of {} cases show it, as: {:?}", total.wrong, total.cases, matrix.wrong.first());
        assert!(total.wrong > 0, "{flaw:?} was not found in {} cases", total.cases);
    }
}
