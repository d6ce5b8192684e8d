//! What a registry asks for before it delivers: `WWW-Authenticate` (RFC 9110, 11.6.1).

/// The way of showing credentials that a registry names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// User and password.
    Basic,
    /// A token from `realm`.
    Bearer { realm: String, service: Option<String>, scope: Option<String> },
}

/// Reads the header; a token is preferred to a password.
pub(super) fn parse(header: &str) -> Option<Challenge> {
    let mut found = None;
    let mut rest = header.trim();
    while !rest.is_empty() {
        let (scheme, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let (values, left) = parameters(after);
        let value =
            |name: &str| values.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone());
        if scheme.eq_ignore_ascii_case("bearer") {
            if let Some(realm) = value("realm") {
                return Some(Challenge::Bearer { realm, service: value("service"), scope: value("scope") });
            }
        } else if scheme.eq_ignore_ascii_case("basic") {
            found = Some(Challenge::Basic);
        }
        if left.len() == rest.len() {
            break;
        }
        rest = left.trim_start_matches([',', ' ']);
    }
    found
}

/// `key="value", key=value` up to the next scheme, and what follows.
fn parameters(text: &str) -> (Vec<(String, String)>, &str) {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    loop {
        let end = rest.find(|c: char| c == '=' || c == ',' || c.is_whitespace()).unwrap_or(rest.len());
        if end == 0 || !rest[end..].starts_with('=') {
            return (found, rest);
        }
        let key = rest[..end].to_owned();
        rest = &rest[end + 1..];
        let value = if let Some(quoted) = rest.strip_prefix('"') {
            let (value, used) = unquote(quoted);
            rest = &quoted[used..];
            value
        } else {
            let end = rest.find(|c: char| c == ',' || c.is_whitespace()).unwrap_or(rest.len());
            let value = rest[..end].to_owned();
            rest = &rest[end..];
            value
        };
        found.push((key, value));
        rest = rest.trim_start_matches([',', ' ', '\t']);
    }
}

/// A quoted text and the bytes that it took, with the closing quote.
fn unquote(text: &str) -> (String, usize) {
    let mut value = String::new();
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' if !escaped => return (value, at + 1),
            '\\' if !escaped => {
                escaped = true;
                continue;
            }
            other => value.push(other),
        }
        escaped = false;
    }
    (value, text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Option<Challenge> {
        let text = |text: Option<&str>| text.map(str::to_owned);
        Some(Challenge::Bearer { realm: realm.to_owned(), service: text(service), scope: text(scope) })
    }

    #[test]
    fn challenges_of_registries() {
        assert_eq!(parse("Basic realm=\"x\""), Some(Challenge::Basic));
        assert_eq!(
            parse("Bearer realm=\"https://a.example/t\",service=\"r\",scope=\"repository:a/b:pull,push\""),
            bearer("https://a.example/t", Some("r"), Some("repository:a/b:pull,push"))
        );
        assert_eq!(parse("bearer realm=https://a.example/t"), bearer("https://a.example/t", None, None));
        assert_eq!(parse("Basic realm=\"x\", Bearer realm=\"y\", service=\"z\""), bearer("y", Some("z"), None));
        assert_eq!(parse("Basic realm=\"a \\\"b\\\"\""), Some(Challenge::Basic));
        for text in ["", "Negotiate", "Bearer", "=", "\"", "Bearer realm", ",,,", "Bearer =x"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_ends(text in ".{0,200}") {
            parse(&text);
        }
    }
}
