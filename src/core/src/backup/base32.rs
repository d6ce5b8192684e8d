//! Crockford's base 32: digits and letters without those that are taken for others (`I`, `L`, `O`) and without `U`.

/// The 32 symbols by value.
pub const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The symbol of a value; only its lowest five bits count.
#[must_use]
pub fn symbol(value: u8) -> char {
    char::from(SYMBOLS[usize::from(value & 31)])
}

/// The value of a symbol as it is written by a program: upper case only, so that a name has one spelling.
#[must_use]
pub fn value(symbol: char) -> Option<u8> {
    let byte = u8::try_from(symbol).ok()?;
    let place = SYMBOLS.iter().position(|known| *known == byte)?;
    u8::try_from(place).ok()
}

/// The value of a symbol as a person types it: any case, look-alikes as what they look like.
#[must_use]
pub fn typed(symbol: char) -> Option<u8> {
    value(match symbol.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        'U' => 'V',
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_one_symbol_and_every_look_alike_is_understood() {
        for number in 0..32 {
            assert_eq!(value(symbol(number)), Some(number));
            assert_eq!(typed(symbol(number).to_ascii_lowercase()), Some(number));
        }
        let of = |letters: &str| letters.chars().map(typed).collect::<Vec<_>>();
        assert_eq!(of("oOiIlLuU"), of("001111VV"));
        for other in ['-', ' ', 'é', '！', '\0', 'ſ'] {
            assert_eq!((value(other), typed(other)), (None, None), "{other:?}");
        }
        assert_eq!(value('a'), None, "a name has one spelling");
    }
}
