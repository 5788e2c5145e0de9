//! Documents written into text: base64 and data URIs.

use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{DecodeError, DecodeSliceError};

use crate::error::{Error, Result};

/// Takes input with or without padding, and with stray bits in its last character.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

/// The standard alphabet; URL-safe input is translated to it.
const DECODER: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);

/// So many letters are decoded at a time: a multiple of four.
const PIECE: usize = 4096;

/// Decodes either alphabet; white space is skipped. The text is not copied.
pub(super) fn base64(text: &str) -> Result<Arc<[u8]>> {
    let letters = || text.bytes().filter(|b| !b.is_ascii_whitespace());
    let count = letters().count();
    let padding = letters().rev().take_while(|b| *b == b'=').count();
    // Four letters are three bytes; two are one byte, three are two.
    let length = (count - padding) / 4 * 3 + ((count - padding) % 4).saturating_sub(1);
    let mut bytes: Arc<[u8]> = std::iter::repeat_n(0, length).collect();
    // Nobody else has it yet.
    let mut rest = Arc::get_mut(&mut bytes).unwrap_or_default();
    let (mut piece, mut filled, mut done) = ([0; PIECE], 0, 0);
    for letter in letters() {
        piece[filled] = match letter {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        };
        filled += 1;
        if filled == PIECE || done + filled == count {
            let is_last = done + filled == count;
            rest = decode(&piece[..filled], is_last, rest)
                .map_err(|e| Error::invalid_option("base64", moved(e, done).to_string()))?;
            (done, filled) = (done + filled, 0);
        }
    }
    Ok(bytes)
}

/// Decodes a piece to the start of `out`, and gives what is left of that.
fn decode<'a>(piece: &[u8], is_last: bool, out: &'a mut [u8]) -> Result<&'a mut [u8], DecodeError> {
    if let Some(at) = piece.iter().position(|b| *b == b'=').filter(|_| !is_last) {
        return Err(DecodeError::InvalidByte(at, b'='));
    }
    let mut decoded = [0; PIECE / 4 * 3];
    let length = DECODER.decode_slice(piece, &mut decoded).map_err(|e| match e {
        DecodeSliceError::DecodeError(error) => error,
        DecodeSliceError::OutputSliceTooSmall => DecodeError::InvalidPadding,
    })?;
    let (here, rest) = out.split_at_mut_checked(length).ok_or(DecodeError::InvalidPadding)?;
    here.copy_from_slice(&decoded[..length]);
    Ok(rest)
}

/// The error with its place in the whole text.
fn moved(error: DecodeError, by: usize) -> DecodeError {
    match error {
        DecodeError::InvalidByte(at, byte) => DecodeError::InvalidByte(at + by, byte),
        DecodeError::InvalidLastSymbol { offset, symbol, symbol_value } => {
            DecodeError::InvalidLastSymbol { offset: offset + by, symbol, symbol_value }
        }
        DecodeError::InvalidLength(length) => DecodeError::InvalidLength(length + by),
        DecodeError::InvalidPadding => DecodeError::InvalidPadding,
    }
}

/// Decodes `data:[type][;parameters][;base64],content`.
pub(super) fn data_uri(text: &str) -> Result<Arc<[u8]>> {
    let bad = |detail: &str| Error::invalid_option("data URI", detail.to_owned());
    let rest = text
        .get(..5)
        .filter(|scheme| scheme.eq_ignore_ascii_case("data:"))
        .and_then(|_| text.get(5..))
        .ok_or_else(|| bad("it must start with \"data:\""))?;
    let (head, content) = rest
        .split_once(',')
        .ok_or_else(|| bad("there is no comma between media type and content"))?;
    let encoded = head.rsplit(';').next().is_some_and(|p| p.trim().eq_ignore_ascii_case("base64"));
    if !encoded {
        return Ok(percent_decode(content).into());
    }
    if content.contains('%') {
        // Padding and "+" may be percent-encoded.
        return base64(&String::from_utf8_lossy(&percent_decode(content)));
    }
    base64(content)
}

/// Replaces `%41` by the byte it names; anything else stays as it is.
pub(super) fn percent_decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let hex = (bytes[i] == b'%')
            .then(|| text.get(i + 1..i + 3))
            .flatten()
            .filter(|pair| pair.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match hex {
            Some(byte) => {
                out.push(byte);
                i += 3;
            }
            None => {
                out.push(bytes[i]);
                i += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_alphabets_with_and_without_padding() {
        // 0xfb 0xff 0xfe uses the two characters in which the alphabets differ.
        for text in ["+//+", "-__-", " +/\r\n /+\t"] {
            assert_eq!(*base64(text).unwrap(), [0xfb, 0xff, 0xfe], "{text:?}");
        }
        for text in ["JVBERg==", "JVBERg", "JVBE\nRg=="] {
            assert_eq!(*base64(text).unwrap(), *b"%PDF", "{text:?}");
        }
        assert_eq!(*base64("").unwrap(), *b"");
    }

    #[test]
    fn what_is_no_base64_is_an_error() {
        for text in ["JVBE!", "%PDF-1.7", "A", "é"] {
            let error = base64(text).unwrap_err();
            assert!(error.to_string().starts_with("base64: "), "{error}");
        }
    }

    #[test]
    fn long_texts_are_decoded_piece_by_piece() {
        let lenient = |text: &str| DECODER.decode(text).map_err(|e| format!("base64: {e}"));
        for length in [PIECE / 4 * 3 - 1, PIECE / 4 * 3, PIECE / 4 * 3 + 1, 3 * PIECE + 2] {
            let bytes: Vec<u8> = (0..length).map(|i| (i * i) as u8).collect();
            let mut text = DECODER.encode(&bytes);
            assert_eq!(*base64(&text).unwrap(), *bytes);
            let lines: Vec<&str> =
                text.as_bytes().chunks(76).map(|l| std::str::from_utf8(l).unwrap()).collect();
            assert_eq!(*base64(&lines.join("\r\n")).unwrap(), *bytes);
            // Errors tell the place in the whole.
            for (at, sign) in [(PIECE - 4, "="), (PIECE - 3, "!"), (7, "=")] {
                let mut bad = text.clone();
                bad.replace_range(at..=at, sign);
                let (expected, error) = (lenient(&bad).err(), base64(&bad).err());
                assert!(expected.is_some());
                assert_eq!(error.map(|e| e.to_string()), expected, "{length} {at}");
            }
            text.push_str("AAAAA");
            assert!(base64(&text).is_err());
        }
    }

    #[test]
    fn data_uris() {
        for text in [
            "data:application/pdf;base64,JVBERg==",
            "DATA:application/pdf;name=a.pdf;BASE64,JVBERg",
            "data:;base64,JVBERg%3D%3D",
            "data:application/octet-stream,%25PDF",
        ] {
            assert_eq!(*data_uri(text).unwrap(), *b"%PDF", "{text:?}");
        }
        assert!(data_uri("data:application/pdf;base64").is_err());
        assert!(data_uri("http://x").is_err());
        assert!(data_uri("då").is_err());
    }

    #[test]
    fn percent_signs_that_encode_nothing_stay() {
        assert_eq!(percent_decode("100%, %zz, %4, %é"), "100%, %zz, %4, %é".as_bytes());
    }
}
