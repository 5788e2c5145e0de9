//! `--limit NAME=VALUE`: how large documents may be.

use recto::{Config, Limits};

/// Limits that stand over those of recto.toml.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct LimitArgs {
    /// Set a limit: document_bytes, pages, image_pixels, page_pixels, document_pixels, page_objects,
    /// page_images, page_words or lost_children. The value may end in k, M, G or T; none takes the limit away
    #[arg(long, value_name = "NAME=VALUE", value_parser = limit, help_heading = "Limits")]
    limit: Vec<(String, u64)>,
}

impl LimitArgs {
    /// The limits of the configuration, and those given over them.
    pub(super) fn over(&self, config: &Config) -> recto::Result<Limits> {
        let mut limits = config.limits;
        for (name, value) in &self.limit {
            limits.set(name, *value)?;
        }
        Ok(limits)
    }

    /// These over those of `base`.
    pub(super) fn over_base(self, mut base: Self) -> Self {
        base.limit.extend(self.limit);
        base
    }

    pub(super) fn is_empty(&self) -> bool {
        self.limit.is_empty()
    }
}

fn limit(text: &str) -> Result<(String, u64), String> {
    let Some((name, value)) = text.split_once('=') else {
        return Err("a limit is given as NAME=VALUE".to_owned());
    };
    let value = number(value).ok_or_else(|| {
        format!(
            "{value:?} is no whole number of at least 1, with k, M, G or T behind it if need be"
        )
    })?;
    Limits::default().set(name, value).map_err(|error| error.to_string())?;
    Ok((name.to_owned(), value))
}

/// A whole number, with a unit that multiplies it.
fn number(text: &str) -> Option<u64> {
    if text == "none" {
        return Some(u64::MAX);
    }
    let units = [('k', 1_000), ('M', 1_000_000), ('G', 1_000_000_000), ('T', 1_000_000_000_000)];
    let (digits, factor) = units
        .into_iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))
        .unwrap_or((text, 1));
    digits.parse::<u64>().ok()?.checked_mul(factor).filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_with_their_units() {
        assert_eq!(limit("pages=500"), Ok(("pages".to_owned(), 500)));
        assert_eq!(limit("document_bytes=2G"), Ok(("document_bytes".to_owned(), 2_000_000_000)));
        assert_eq!(limit("pages=none"), Ok(("pages".to_owned(), u64::MAX)));
        for (bad, part) in [
            ("pages", "NAME=VALUE"),
            ("pages=", "whole number"),
            ("pages=0", "whole number"),
            ("pages=-1", "whole number"),
            ("pages=20000000T", "whole number"),
            ("page=3", "none of the limits document_bytes, pages"),
        ] {
            let error = limit(bad).unwrap_err();
            assert!(error.contains(part), "{bad}: {error}");
        }
    }

    #[test]
    fn options_stand_over_the_configuration() {
        let mut config = Config::default();
        config.limits = Limits { pages: 7, page_words: 8, ..Limits::default() };
        let args = LimitArgs { limit: vec![("pages".to_owned(), 9)] };
        let limits = args.over(&config).unwrap();
        assert_eq!((limits.pages, limits.page_words), (9, 8));
        let base = LimitArgs { limit: vec![("pages".to_owned(), 1), ("page_words".to_owned(), 2)] };
        let limits = args.over_base(base).over(&config).unwrap();
        assert_eq!((limits.pages, limits.page_words), (9, 2));
    }
}
