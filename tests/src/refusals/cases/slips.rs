//! Slips of the person: profiles, words of the command line, nobody to ask.

use bridle_core::message::Message;

use super::super::bench::{Bench, Expected, FOREIGN_KEY, KEY, Outcome, RUN, SITE};
use super::super::harness::Case;
use super::Cases;

pub fn cases() -> Cases {
    let mut cases = profiles();
    cases.extend(command_lines());
    cases.push(Case::new("a refusal for a program is one JSON object", json_refusal));
    cases
}

fn profiles() -> Cases {
    let profile = |name, text: &'static str, place: Message| {
        Case::new(name, move |bench: &Bench| {
            let site = bench.put("slip.toml", text.as_bytes())?;
            let words = [RUN, "install", "--yes", "--config", &site, "--publisher-key", KEY];
            bench.refuses(&words, &Expected::new(2, "BR-1013").also(place.clone()))
        })
    };
    let at = |code, line: u64, column: u64| Message::new(code).with("line", line).with("column", column);
    vec![
        profile(
            "a profile with a field mistyped",
            "format = 1\nname = \"bench\"\nhots = \"bench.internal\"\n",
            at("profile-field-meant", 3, 1).with("field", "hots").with("meant", "host"),
        ),
        profile(
            "a profile with a value that does not fit",
            "format = 1\nname = \"bench\"\nhost = \"Bench Internal\"\n",
            at("profile-value", 3, 8).with("field", "host").with("value", "Bench Internal"),
        ),
        profile(
            "a profile with a value of another kind",
            "format = 1\nname = 7\nhost = \"x\"\n",
            at("profile-kind", 2, 8).with("field", "name").with("wanted", "text"),
        ),
        profile(
            "a profile with a quotation mark forgotten",
            "format = 1\nname = \"bench\nhost = \"x\"\n",
            Message::new("profile-place").with("line", 2_u64),
        ),
        profile(
            "a profile of a later format",
            "format = 2\nname = \"x\"\nhost = \"x\"\n",
            Message::new("profile-format"),
        ),
        profile(
            "a profile without a name",
            "format = 1\nhost = \"x\"\n",
            Message::new("profile-field-missing").with("field", "name"),
        ),
    ]
}

fn command_lines() -> Cases {
    let typed = |name, words: &'static [&'static str], exit, code, also: Option<Message>| {
        Case::new(name, move |bench: &Bench| {
            let words = [&[RUN], words].concat();
            let expected = Expected { also: also.iter().cloned().collect(), ..Expected::new(exit, code) };
            bench.refuses(&words, &expected)
        })
    };
    let similar = |code, what: &str, similar: &str| Message::new(code).with("what", what).with("similar", similar);
    vec![
        typed(
            "a profile that is absent",
            &["install", "--yes", "--config", "/absent", "--publisher-key", KEY],
            1,
            "BR-1001",
            None,
        ),
        typed(
            "an option mistyped",
            &["install", "--plan-onyl"],
            2,
            "BR-1150",
            Some(similar("usage-option-similar", "--plan-onyl", "--plan-only")),
        ),
        typed(
            "a command mistyped",
            &["instal"],
            2,
            "BR-1150",
            Some(similar("usage-command-similar", "instal", "install")),
        ),
        typed("an option without its value", &["install", "--config"], 2, "BR-1150", None),
        typed("nobody to ask", &["install", "--config", SITE, "--publisher-key", KEY], 4, "BR-1012", None),
        typed(
            "nobody to ask in JSON",
            &["install", "--json", "--config", SITE, "--publisher-key", KEY],
            4,
            "BR-1012",
            None,
        ),
    ]
}

fn json_refusal(bench: &Bench) -> Outcome {
    let words = [RUN, "install", "--yes", "--json", "--config", SITE, "--publisher-key", FOREIGN_KEY];
    let output = bench.host.run(words)?;
    let data: serde_json::Value = serde_json::from_str(&output.stdout)?;
    let (exit, code) = (output.status.code(), data["fault"]["code"].as_str());
    if (exit, code) != (Some(6), Some("BR-1004")) {
        return Err(format!("{exit:?} {data}").into());
    }
    bench.unchanged()
}
