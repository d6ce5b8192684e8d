use proptest::prelude::*;

use super::*;

/// Made by another program (Python), for 32 bytes 0, 1, … 31.
const KNOWN: &str = "000GC-40R4Y-0M301-E209M-185G2-R38EE-1W810-24GKG-2GAH0-C5RR1-34D1A-P70XT-3RFXG";

fn code() -> RecoveryCode {
    RecoveryCode::from_random(std::array::from_fn(|n| u8::try_from(n).expect("small")))
}

fn mistyped(groups: &[usize]) -> Result<(), CodeError> {
    Err(CodeError::Mistyped { groups: groups.iter().copied().collect() })
}

fn read(typed: &str) -> Result<(), CodeError> {
    RecoveryCode::read(typed).map(|_| ())
}

#[test]
fn known_answer() {
    assert_eq!(code().text(), KNOWN);
    assert!(RecoveryCode::read(KNOWN).is_ok_and(|read| read == code()));
    assert_eq!(KNOWN.len(), 77);
}

#[test]
fn however_it_is_typed() {
    let text = code().text();
    let lower = text.to_lowercase();
    let alike: String = lower
        .chars()
        .map(|c| match c {
            '0' => 'O',
            '1' => 'l',
            'v' => 'u',
            c => c,
        })
        .collect();
    for typed in [
        text.replace('-', ""),
        lower.clone(),
        alike,
        text.replace('-', " "),
        text.replace('-', " – "),
        format!("  {} \n", text.replace('-', "\n")),
        format!("{} {}", &text[..20], &text[20..]),
        lower.replace('-', "").chars().map(|c| format!("{c} ")).collect(),
    ] {
        assert!(code().typed_back(&typed).is_ok(), "{typed}");
    }
    let other = RecoveryCode::from_random([9; 32]);
    assert_eq!(code().typed_back(&other.text()), Err(CodeError::Together));
}

#[test]
fn every_single_mistake_is_located() {
    let groups = code().groups();
    for place in 0..GROUPS {
        for at in 0..SYMBOLS {
            for other in 0..32 {
                let mut typed = groups.clone();
                let symbol = base32::symbol(other).to_string();
                if typed[place][at..=at] == symbol {
                    continue;
                }
                typed[place].replace_range(at..=at, &symbol);
                assert_eq!(read(&typed.join("-")), mistyped(&[place + 1]));
                assert_eq!(read(&typed.concat()), mistyped(&[place + 1]));
            }
            let mut typed = groups.clone();
            typed[place].replace_range(at..=at, "ß");
            assert_eq!(read(&typed.join(" ")), mistyped(&[place + 1]));
            typed[place].replace_range(at..=at + 1, "");
            assert_eq!(read(&typed.join(" ")), mistyped(&[place + 1]), "a symbol too few");
        }
    }
}

#[test]
fn neighbours_and_groups_that_changed_places_are_located() {
    let groups = code().groups();
    for place in 0..GROUPS {
        for at in 0..SYMBOLS - 1 {
            let mut typed = groups.clone();
            let mut symbols: Vec<char> = typed[place].chars().collect();
            symbols.swap(at, at + 1);
            typed[place] = symbols.into_iter().collect();
            if typed[place] != groups[place] {
                assert_eq!(read(&typed.join("-")), mistyped(&[place + 1]));
            }
        }
        for other in 0..place {
            let mut typed = groups.clone();
            typed.swap(place, other);
            assert_eq!(read(&typed.join("-")), mistyped(&[other + 1, place + 1]));
        }
    }
}

#[test]
fn what_is_no_code_is_refused() {
    assert_eq!(read(""), Err(CodeError::Length));
    assert_eq!(read(" - – "), Err(CodeError::Length));
    assert_eq!(read(&"X".repeat(401)), Err(CodeError::Length));
    assert_eq!(read("correct horse battery staple"), Err(CodeError::Groups { found: 5 }));
    let groups = code().groups();
    assert_eq!(read(&groups[..12].join("-")), Err(CodeError::Groups { found: 12 }));
    assert_eq!(read(&[groups.clone(), groups].concat().join("-")), Err(CodeError::Groups { found: 26 }));
}

#[test]
fn a_fault_names_the_groups_and_nothing_that_was_typed() {
    let fault = CodeError::Mistyped { groups: [3, 11].into() }.fault();
    assert_eq!(fault.code.code(), "BR-1440");
    assert!(fault.message.render(crate::message::Language::En).contains("3, 11"));
    for error in [CodeError::Length, CodeError::Together, CodeError::Groups { found: 12 }] {
        let detail = error.fault().detail.expect("a reason");
        assert!(detail.render(crate::message::Language::Fr).contains(' '));
    }
}

#[test]
fn the_field_is_one() {
    for a in 1..32 {
        let products: BTreeSet<u8> = (0..32).map(|b| times(a, b)).collect();
        assert_eq!(products.len(), 32, "{a}");
        assert_eq!((times(a, 1), times(1, a)), (a, a));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]
    #[test]
    fn every_code_is_read_again(bytes: [u8; 32]) {
        let code = RecoveryCode::from_random(bytes);
        let read = RecoveryCode::read(&code.text());
        prop_assert!(read.is_ok_and(|read| read == code));
        prop_assert_eq!(code.groups().len(), GROUPS);
    }

    #[test]
    fn a_group_of_anything_is_noticed_or_very_rare(bytes: [u8; 32], place in 0..GROUPS, typed in "\\PC{0,9}") {
        let code = RecoveryCode::from_random(bytes);
        let mut groups = code.groups();
        groups[place] = typed;
        let read = RecoveryCode::read(&groups.join("-"));
        prop_assert!(read.is_err() || read.is_ok_and(|read| read == code || read.groups()[place] != code.groups()[place]));
    }

    #[test]
    fn no_text_breaks_the_reader(text in "\\PC{0,120}", symbols in "[0-9A-Za-z -]{60,90}") {
        for text in [text, symbols] {
            if let Ok(code) = RecoveryCode::read(&text) {
                prop_assert!(RecoveryCode::read(&code.text()).is_ok());
            }
        }
    }
}
