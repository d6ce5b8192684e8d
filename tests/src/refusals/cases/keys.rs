//! Whom the host trusts, and whom it does not.

use super::super::bench::{Bench, Expected, FOREIGN_KEY, RUN, SITE};
use super::super::harness::Case;
use super::Cases;

pub fn cases() -> Cases {
    let key = |name, file: &'static str, expected: Expected| {
        Case::new(name, move |bench: &Bench| {
            let words = [RUN, "install", "--yes", "--config", SITE, "--publisher-key", file];
            bench.refuses(&words, &expected)
        })
    };
    vec![
        key("a key that did not sign", FOREIGN_KEY, Expected::new(6, "BR-1004")),
        key("a key file that is absent", "/root/refusals/absent.pub", Expected::new(1, "BR-1001")),
        key("a key file that holds no key", SITE, Expected::new(2, "BR-1170")),
        key("a key file that is a folder", "/root", Expected::new(1, "BR-1001")),
        Case::new("yes without a key on a host that trusts none", |bench: &Bench| {
            bench.refuses(&[RUN, "install", "--yes", "--config", SITE], &Expected::new(6, "BR-1005"))
        }),
        Case::new("a host that trusts another publisher", |bench: &Bench| {
            let change = format!("mkdir -p /etc/bridle/trust; cp {FOREIGN_KEY} /etc/bridle/trust/other.pub");
            let words = [RUN, "install", "--yes", "--config", SITE];
            bench.refuses_where(&change, "rm -r /etc/bridle", &words, &Expected::new(6, "BR-1004"))
        }),
    ]
}
