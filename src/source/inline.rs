//! Documents written into text: base64 and data URIs.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::error::{Error, Result};

/// Takes input with or without padding, and with stray bits in its last character.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

/// The standard alphabet; URL-safe input is translated to it.
const DECODER: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);

/// Decodes either alphabet; white space is skipped.
pub(super) fn base64(text: &str) -> Result<Vec<u8>> {
    let clean: Vec<u8> = text
        .bytes()
        .filter(|b| !b.is_ascii_whitespace())
        .map(|b| match b {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        })
        .collect();
    DECODER.decode(&clean).map_err(|e| Error::invalid_option("base64", e.to_string()))
}

/// Decodes `data:[type][;parameters][;base64],content`.
pub(super) fn data_uri(text: &str) -> Result<Vec<u8>> {
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
        return Ok(percent_decode(content));
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
            assert_eq!(base64(text).unwrap(), [0xfb, 0xff, 0xfe], "{text:?}");
        }
        for text in ["JVBERg==", "JVBERg", "JVBE\nRg=="] {
            assert_eq!(base64(text).unwrap(), b"%PDF", "{text:?}");
        }
        assert_eq!(base64("").unwrap(), b"");
    }

    #[test]
    fn what_is_no_base64_is_an_error() {
        for text in ["JVBE!", "%PDF-1.7", "A", "é"] {
            let error = base64(text).unwrap_err();
            assert!(error.to_string().starts_with("base64: "), "{error}");
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
            assert_eq!(data_uri(text).unwrap(), b"%PDF", "{text:?}");
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
