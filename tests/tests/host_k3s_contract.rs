//! Any binary that claims to be k3s keeps the contract of `images/node/CONTRACT.md`: `K3S=/path` names it, without that
//! it is the stand-in of this checkout.

use std::path::{Path, PathBuf};

use bridle_journeys::contract::{Ledger, Node, checks};

#[test]
fn a_binary_that_claims_to_be_k3s_keeps_the_contract() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the crate lies in the checkout")?;
    let mut node = Node::prepare(root, std::env::var_os("K3S").map(PathBuf::from))?;
    let ledger = Ledger::run(&mut node, &checks());
    for name in &ledger.left_out {
        println!("left out for another binary than the stand-in: {name}");
    }
    let journal = if ledger.failed.is_empty() { String::new() } else { node.host.journal("k3s")? };
    let (failed, not_tried) = (ledger.failed.join("\n"), &ledger.not_tried);
    assert!(ledger.failed.is_empty(), "{journal}\n{failed}\nnot tried: {not_tried:?}");
    assert!(ledger.passed > 0, "no check was run");
    Ok(())
}
