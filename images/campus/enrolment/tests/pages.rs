//! The pages, the release's probes and the API fit together. No browser is needed for that.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

/// Keys of `words.js` with the placeholders of their text, by language.
fn words() -> BTreeMap<String, BTreeMap<String, Vec<String>>> {
    let mut languages: BTreeMap<String, BTreeMap<String, Vec<String>>> = BTreeMap::new();
    let mut language = String::new();
    for line in read("frontend/site/words.js").lines().map(str::trim) {
        if let Some(name) = line.strip_suffix(": {") {
            name.clone_into(&mut language);
        } else if let Some((key, text)) = line.strip_prefix('"').and_then(|line| line.split_once("\": \"")) {
            let mut places: Vec<String> = text
                .split('{')
                .skip(1)
                .filter_map(|rest| rest.split_once('}'))
                .map(|(name, _)| name.to_owned())
                .collect();
            places.sort();
            let earlier = languages.entry(language.clone()).or_default().insert(key.to_owned(), places);
            assert!(earlier.is_none(), "{key} stands twice in {language}");
        }
    }
    languages
}

#[test]
fn every_word_is_in_both_languages() {
    let words = words();
    assert_eq!(words.keys().collect::<Vec<_>>(), ["en", "fr"]);
    assert!(words["en"].len() > 20, "{words:?}");
    assert_eq!(words["en"], words["fr"], "keys or placeholders differ");
}

#[test]
fn every_word_of_the_page_is_there() {
    let (page, words) = (read("frontend/site/index.html"), &words()["en"]);
    let used: Vec<&str> =
        page.split("data-word=\"").skip(1).filter_map(|rest| rest.split_once('"')).map(|(key, _)| key).collect();
    assert!(used.len() > 15, "{used:?}");
    for key in used {
        assert!(words.contains_key(key), "{key} has no words");
    }
}

#[test]
fn nothing_comes_from_elsewhere() {
    for file in ["index.html", "page.css", "page.js", "words.js"] {
        let text = read(&format!("frontend/site/{file}"));
        for far in ["http://", "https://", "@import", "src=\"//"] {
            assert!(!text.contains(far), "{file} mentions {far}");
        }
    }
}

#[test]
fn the_probes_fit_the_page_and_the_api() {
    let release = read("release.toml");
    let value = |line: &str| line.split_once("= \"").unwrap().1.trim_end_matches('"').to_owned();
    let expected = release.lines().find(|line| line.starts_with("expect_text = ")).map(value).unwrap();
    assert!(read("frontend/site/index.html").contains(&expected), "the front page does not say {expected:?}");

    let description: serde_json::Value = serde_json::from_str(&read("enrolment/openapi.json")).unwrap();
    let mut probed = 0;
    let mut method = String::new();
    for line in release.lines() {
        if line.starts_with("method = ") {
            method = value(line).to_lowercase();
        } else if line.starts_with("path = \"/api") {
            let path = value(line);
            assert!(description["paths"][&path][&method].is_object(), "{method} {path} is not described");
            probed += 1;
        }
    }
    assert_eq!(probed, 3);
}
