use std::os::unix::fs::PermissionsExt as _;

use super::host_key::{KEY, hex};
use super::*;

const SMTP: &str = NAMES[0];
const PROXY: &str = NAMES[1];

fn ground() -> (tempfile::TempDir, Sealed) {
    let dir = tempfile::tempdir().expect("dir");
    let sealed = Sealed::new(&Layout::under(dir.path()));
    (dir, sealed)
}

fn password(text: &str) -> Password {
    match Password::read(text) {
        Ok(password) => password,
        Err(_) => panic!("no password"),
    }
}

fn put(sealed: &Sealed, name: &'static str, text: &str) -> u64 {
    let number = sealed.prepare(name, &password(text), Timestamp(7)).expect("sealed");
    let mut all = sealed.in_force().expect("mark");
    all.insert(name.to_owned(), number);
    sealed.settle(&all).expect("settled");
    number
}

fn opened(sealed: &Sealed, name: &str, number: u64) -> Result<String, FaultCode> {
    sealed.open(name, number).map(|password| password.expose().to_owned()).map_err(|fault| fault.code)
}

/// Bytes of everything in the folder, with the names.
fn bytes(sealed: &Sealed) -> Vec<u8> {
    let entries = std::fs::read_dir(&sealed.dir).expect("dir").flatten();
    entries
        .flat_map(|entry| {
            let name = entry.file_name().into_encoded_bytes();
            [name, std::fs::read(entry.path()).expect("file")].concat()
        })
        .collect()
}

#[test]
fn what_is_sealed_opens_here_and_is_readable_nowhere() {
    let (_dir, sealed) = ground();
    assert!(sealed.in_force().expect("nothing yet").is_empty());
    sealed.settle(&BTreeMap::new()).expect("nothing to say");
    assert!(!sealed.dir.exists(), "a host without passwords has no folder for them");
    let number = put(&sealed, SMTP, "canary-3f9a");
    assert_eq!(opened(&sealed, SMTP, number).as_deref(), Ok("canary-3f9a"));
    assert_eq!(sealed.times().expect("times"), BTreeMap::from([(SMTP.to_owned(), Timestamp(7))]));
    let all = bytes(&sealed);
    for form in ["canary-3f9a".to_owned(), hex(b"canary-3f9a")] {
        assert!(!all.windows(form.len()).any(|part| part == form.as_bytes()), "{form} stands in a file");
    }
    let mode = |path: PathBuf| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(sealed.dir.clone()), 0o700);
    for name in [KEY.to_owned(), MARK.to_owned(), format!("{SMTP}.000001{ENDING}")] {
        assert_eq!(mode(sealed.dir.join(&name)), 0o600, "{name}");
    }
}

#[test]
fn the_version_before_is_there_until_the_change_has_ended() {
    let (_dir, sealed) = ground();
    let first = put(&sealed, SMTP, "one");
    let second = put(&sealed, SMTP, "two");
    assert_eq!((opened(&sealed, SMTP, first), opened(&sealed, SMTP, second)), (Ok("one".into()), Ok("two".into())));
    // The way back.
    sealed.settle(&BTreeMap::from([(SMTP.to_owned(), first)])).expect("settled");
    sealed.prune().expect("pruned");
    assert_eq!(opened(&sealed, SMTP, first).as_deref(), Ok("one"));
    assert_eq!(opened(&sealed, SMTP, second), Err(FaultCode::SealedDamaged));
    // A number that was in force once never means another value.
    assert_eq!(put(&sealed, PROXY, "three"), second + 1);
    sealed.settle(&BTreeMap::new()).expect("settled");
    sealed.prune().expect("pruned");
    assert_eq!(opened(&sealed, PROXY, second + 1), Err(FaultCode::SealedDamaged));
    assert_eq!(sealed.next().expect("next"), second + 2);
}

#[test]
fn what_was_altered_or_exchanged_does_not_open_and_can_be_set_again() {
    let (_dir, sealed) = ground();
    let (one, two) = (put(&sealed, SMTP, "one"), put(&sealed, PROXY, "two"));
    let (smtp, proxy) = (sealed.path(SMTP, one), sealed.path(PROXY, two));
    let text = std::fs::read_to_string(&smtp).expect("file");
    let other = std::fs::read_to_string(&proxy).expect("file");
    let file: File = serde_json::from_str(&text).expect("file");
    let flipped = format!("{}{}", if file.sealed.starts_with('0') { '1' } else { '0' }, &file.sealed[1..]);
    for forged in [
        text.replace(&file.sealed, &flipped),
        text.replace("\"time\":7", "\"time\":8"),
        other.replace(PROXY, SMTP).replace("\"number\":2", "\"number\":1"),
        text.replace("\"format\":1", "\"format\":2"),
        String::new(),
        "ff".repeat(40_000),
    ] {
        files::write_atomic(&smtp, forged.as_bytes(), 0o600).expect("write");
        assert_eq!(opened(&sealed, SMTP, one), Err(FaultCode::SealedDamaged), "{forged:.80}");
        assert_eq!(sealed.in_force().expect("mark").into_keys().collect::<Vec<_>>(), [PROXY]);
    }
    // With another key nothing opens, and everything can be set again.
    files::write_atomic(&sealed.dir.join(KEY), b"00", 0o600).expect("write");
    assert_eq!(opened(&sealed, PROXY, two), Err(FaultCode::SealedDamaged));
    let again = put(&sealed, SMTP, "one again");
    assert_eq!(opened(&sealed, SMTP, again).as_deref(), Ok("one again"));
    assert_eq!(opened(&sealed, "../host", 1), Err(FaultCode::SealedDamaged));
}
