use proptest::prelude::*;

use super::*;

fn order(size: u64) -> UploadOrder {
    UploadOrder { name: "campus-1.1.0.bundle".to_owned(), size }
}

fn code(result: Result<(), Fault>) -> Option<FaultCode> {
    result.err().map(|fault| fault.code)
}

#[test]
fn what_may_begin() {
    let plenty = 1 << 40;
    assert_eq!(code(admit(&order(LARGEST), &[], plenty)), None);
    assert_eq!(code(admit(&order(LARGEST + 1), &[], plenty)), Some(FaultCode::UploadTooLarge));
    assert_eq!(code(admit(&order(0), &[], plenty)), Some(FaultCode::RequestInvalid));
    for name in ["", "../x", "a\nb", &"x".repeat(201)] {
        let order = UploadOrder { name: name.to_owned(), size: 1 };
        assert_eq!(code(admit(&order, &[], plenty)), Some(FaultCode::RequestInvalid), "{name:?}");
    }
    assert_eq!(code(admit(&order(1), &[(9, 9); MOST], plenty)), Some(FaultCode::UploadsTooMany));
    assert_eq!(code(admit(&order(1), &[(9, 9); MOST - 1], plenty)), None);
    // Twice its size, beside the reserve and what the other one still takes.
    let (size, other) = (10 << 30, (6 << 30, 2 << 30));
    let needed = RESERVE + 2 * size + (4 << 30) + (6 << 30);
    assert_eq!(code(admit(&order(size), &[other], needed)), None);
    assert_eq!(code(admit(&order(size), &[other], needed - 1)), Some(FaultCode::UploadNoRoom));
}

#[test]
fn all_together_are_bounded() {
    let plenty = 1 << 50;
    let others = [(LARGEST, 0), (LARGEST - 1, 0)];
    assert_eq!(code(admit(&order(1), &others, plenty)), None);
    assert_eq!(code(admit(&order(2), &others, plenty)), Some(FaultCode::UploadsTooLarge));
}

#[test]
fn what_nobody_sends_any_more_makes_room_the_oldest_first() {
    let day = u64::try_from(STALE.as_millis()).expect("fits");
    let now = Timestamp(10 * day);
    let beside = |size, there, days: u64, busy| Beside { size, there, progress: Timestamp(days * day), busy };
    let four = [beside(9, 1, 9, false), beside(9, 1, 4, false), beside(9, 1, 3, true), beside(9, 1, 8, false)];
    let plenty = 1 << 50;
    assert_eq!(make_room(&order(1), &four[..3], plenty, now), Ok(vec![]), "it fits");
    assert_eq!(make_room(&order(1), &four, plenty, now), Ok(vec![1]), "the oldest that nobody uses");
    let fresh = four.map(|one| Beside { progress: Timestamp(now.0 - day + 1), ..one });
    let refused = make_room(&order(1), &fresh, plenty, now).expect_err("none is old enough");
    assert_eq!(refused.code, FaultCode::UploadsTooMany);
    // What went is free again; where that is not enough, none goes.
    let large = [beside(6 << 30, 4 << 30, 1, false), beside(6 << 30, 4 << 30, 2, false)];
    assert_eq!(make_room(&order(2 << 30), &large, 0, now), Ok(vec![0, 1]));
    let refused = make_room(&order(LARGEST), &large, 0, now).expect_err("no room");
    assert_eq!(refused.code, FaultCode::UploadNoRoom);
}

#[test]
fn names() {
    let one = UploadId::next(Timestamp(1_795_408_999_000), [].iter());
    let two = UploadId::next(Timestamp(1_795_408_999_000), [one.clone()].iter());
    assert_ne!(one, two);
    assert_eq!(one.to_string().parse(), Ok(one));
    for text in ["", "..", "0123456789aG", "0123456789a", "0123456789ABC", "../456789abc"] {
        assert_eq!(text.parse::<UploadId>(), Err(UploadIdError), "{text}");
    }
    assert_eq!(piece_offset(&piece_name(8 << 20)), Some(8 << 20));
    for name in ["8.piece", ".000000000000.piece.part", "upload.json", "+00000000008.piece"] {
        assert_eq!(piece_offset(name), None, "{name}");
    }
}

#[test]
fn records_of_earlier_programs_are_read() {
    let record = UploadRecord::parse(include_bytes!("../../tests/fixtures/upload-v1.json")).expect("fixture");
    assert_eq!((record.name.as_str(), record.size, record.by.as_str()), ("campus-1.1.0.bundle", 912_680_960, "root"));
    let text = serde_json::to_string(&record).expect("text");
    assert_eq!(UploadRecord::parse(text.as_bytes()), Ok(record));
    assert_eq!(UploadRecord::parse(b"{\"format\":2,\"more\":1}"), Err(UploadRecordError::Format(2)));
    assert_eq!(UploadRecord::parse(b"{\"format\":1}"), Err(UploadRecordError::Damaged));
    assert_eq!(UploadRecord::parse(b""), Err(UploadRecordError::Damaged));
}

#[test]
fn a_wrong_offset_is_told_the_right_one() {
    let fault = place(100, 40, 50).expect_err("refused");
    assert_eq!(fault.code, FaultCode::UploadOffset);
    assert_eq!(fault.message.args["offset"], crate::message::Arg::from(40_u64));
    assert!(place(100, 100, 100).is_err(), "nothing more may come");
}

#[derive(Debug, Clone)]
enum Act {
    /// A piece from where the upload is, plus or minus something, of so many bytes.
    Send { shift: i64, length: u64 },
    /// The agent is stopped; of what it had begun these files are there besides.
    Restart { strays: Vec<(u64, u64)> },
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let length = prop_oneof![
        4 => SMALLEST_PIECE..=LARGEST_PIECE,
        1 => 0..SMALLEST_PIECE,
        1 => LARGEST_PIECE + 1..LARGEST_PIECE * 2,
        2 => Just(u64::MAX), // what is left
    ];
    let shift = prop_oneof![4 => Just(0_i64), 1 => -20_000_000..20_000_000_i64];
    let send = (shift, length).prop_map(|(shift, length)| Act::Send { shift, length });
    let stray = (0..1_u64 << 26, 1..LARGEST_PIECE);
    let restart = proptest::collection::vec(stray, 0..3).prop_map(|strays| Act::Restart { strays });
    proptest::collection::vec(prop_oneof![5 => send, 1 => restart], 0..40)
}

proptest! {
    /// Whatever comes in whatever order: pieces that count join from the beginning, none is larger or smaller than it may be,
    /// what was told stays, and whoever goes on from what is told comes to the end.
    #[test]
    fn any_sequence(size in 1..1_u64 << 26, acts in acts()) {
        let mut pieces: Vec<(u64, u64)> = Vec::new();
        let there = |pieces: &[(u64, u64)]| pieces.last().map_or(0, |(offset, length)| offset + length);
        for act in acts {
            let before = there(&pieces);
            match act {
                Act::Send { shift, length } => {
                    let offset = before.saturating_add_signed(shift);
                    let length = length.min(if length == u64::MAX { (size - before).min(LARGEST_PIECE) } else { length });
                    match place(size, before, offset).and_then(|()| take(size, before, length)) {
                        Ok(end) => {
                            prop_assert!(offset == before && end == before + length && end <= size);
                            pieces.push((offset, length));
                        }
                        Err(fault) if fault.code == FaultCode::UploadOffset => {
                            prop_assert!(offset != before || before == size);
                            let told = &fault.message.args["offset"];
                            prop_assert_eq!(told, &crate::message::Arg::from(before));
                        }
                        Err(fault) => prop_assert_eq!(fault.code, FaultCode::RequestInvalid),
                    }
                }
                Act::Restart { strays } => {
                    // A name is there once; and nothing stands where a piece stands.
                    let mut found = pieces.clone();
                    for stray in strays {
                        if stray.0 > before && !found.iter().any(|(offset, _)| *offset == stray.0) {
                            found.push(stray);
                        }
                    }
                    found.reverse();
                    pieces = joined(size, found);
                    prop_assert_eq!(there(&pieces), before);
                }
            }
            prop_assert!(pieces.windows(2).all(|two| two[0].0 + two[0].1 == two[1].0));
        }
        let mut left = size.div_ceil(LARGEST_PIECE) + 1;
        while there(&pieces) < size {
            let at = there(&pieces);
            let end = take(size, at, (size - at).min(LARGEST_PIECE)).expect("goes on");
            pieces.push((at, end - at));
            left -= 1;
            prop_assert!(left > 0);
        }
        prop_assert_eq!(joined(size, pieces.clone()), pieces);
    }
}
