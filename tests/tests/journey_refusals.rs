//! What must not be installed is refused on a real host: with a code, a sentence, a reason and a cure in both languages, the
//! right exit code, and a host that is as it was. One host serves all cases.

use std::path::Path;
use std::process::ExitCode;

use bridle_journeys::refusals::bench::Bench;
use bridle_journeys::refusals::{cases, harness, installer};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the checkout");
    harness::run(&words, &cases::all(), || Bench::new(&installer::build(root)?))
}
