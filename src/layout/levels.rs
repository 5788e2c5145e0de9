//! Heading levels, consistent over the document.

use super::styles::number_depth;

/// A heading whose level is to be found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Heading {
    pub(super) text: String,
    /// Em, in points.
    pub(super) size: f32,
    pub(super) bold: bool,
    /// Whether its weight is known; on scans it can be that of some pages only.
    pub(super) weighed: bool,
    pub(super) caps: bool,
    pub(super) italic: bool,
    /// Whether the size was measured by OCR.
    pub(super) rough: bool,
}

/// Sizes that differ by less than this share are one size.
const SAME_SIZE: f32 = 0.04;
/// The same for sizes measured by OCR, which scatter by some 10 % either way.
const SAME_SIZE_OCR: f32 = 0.2;

fn same_size(a: &Heading, b: &Heading) -> bool {
    let share = if a.rough || b.rough { SAME_SIZE_OCR } else { SAME_SIZE };
    (a.size - b.size).abs() <= share * a.size.max(b.size)
}

/// Levels from 1 to 6. Larger is higher; at one size capitals come before bold before italic.
/// Section numbers order what is set alike: "2.1" is below "2".
pub(super) fn levels(headings: &[Heading]) -> Vec<u8> {
    // Sizes first into classes, largest first: a chain of near sizes must not become one class.
    let mut sizes: Vec<&Heading> = Vec::new();
    let mut by_size: Vec<&Heading> = headings.iter().collect();
    by_size.sort_by(|a, b| b.size.total_cmp(&a.size));
    for heading in by_size {
        if !sizes.iter().any(|known| same_size(known, heading)) {
            sizes.push(heading);
        }
    }
    let size_class = |h: &Heading| sizes.iter().position(|s| same_size(s, h)).unwrap_or(0);
    // Weight ranks headings of a size only where it is known of all of them.
    let weighed: Vec<bool> = (0..sizes.len())
        .map(|class| headings.iter().filter(|h| size_class(h) == class).all(|h| h.weighed))
        .collect();
    // Styles from most to least prominent.
    let rank = |h: &Heading| {
        let bold = h.bold && weighed.get(size_class(h)).is_some_and(|w| *w);
        (u8::from(bold || h.caps) * 2 + u8::from(h.caps), !h.italic)
    };
    let mut styles: Vec<&Heading> = headings.iter().collect();
    styles.sort_by(|a, b| size_class(a).cmp(&size_class(b)).then_with(|| rank(b).cmp(&rank(a))));
    let alike = |a: &Heading, b: &Heading| size_class(a) == size_class(b) && rank(a) == rank(b);
    let mut classes: Vec<&Heading> = Vec::new();
    for style in styles {
        if !classes.iter().any(|known| alike(known, style)) {
            classes.push(style);
        }
    }
    let class_of = |h: &Heading| classes.iter().position(|c| alike(c, h)).unwrap_or(0);
    // The level at which unnumbered and first-level headings of a class stand.
    let mut out: Vec<u8> =
        headings.iter().map(|h| u8::try_from(class_of(h) + 1).unwrap_or(u8::MAX)).collect();
    // Within one class, deeper numbers are deeper headings; the classes below make room.
    let mut below = 0;
    for class in 0..classes.len() {
        let members: Vec<usize> =
            (0..headings.len()).filter(|&i| class_of(&headings[i]) == class).collect();
        let depths = members.iter().filter_map(|&i| number_depth(&headings[i].text));
        let shallowest = depths.clone().min().unwrap_or(0);
        let deepest = depths.max().unwrap_or(0);
        for &i in &members {
            let depth = number_depth(&headings[i].text).unwrap_or(shallowest);
            out[i] = out[i].saturating_add(below).saturating_add(depth - shallowest);
        }
        below = below.saturating_add(deepest - shallowest);
    }
    close_up(&mut out);
    out
}

/// No jumps: the levels used become 1, 2, 3 …, to 6.
fn close_up(levels: &mut [u8]) {
    let mut used: Vec<u8> = levels.to_vec();
    used.sort_unstable();
    used.dedup();
    for level in levels {
        let place = used.iter().position(|u| u == level).unwrap_or(0);
        *level = u8::try_from(place + 1).unwrap_or(6).min(6);
    }
}

/// Puts the headings whose depth the document states (0 for the highest) on levels of that order,
/// and the others where their style stands among these.
pub(super) fn agree(levels: &mut [u8], depths: &[Option<u8>]) {
    let stated: Vec<(u8, u8)> =
        levels.iter().zip(depths).filter_map(|(&l, d)| d.map(|d| (l, d))).collect();
    let Some(top) = stated.iter().map(|s| s.0).min() else { return };
    // The usual depth of each style that has any.
    let mut usual: Vec<(u8, u8)> = Vec::new();
    for style in 1..=6u8 {
        let mut of: Vec<u8> = stated.iter().filter(|s| s.0 == style).map(|s| s.1).collect();
        of.sort_unstable();
        usual.extend(of.get(of.len() / 2).map(|&depth| (style, depth)));
    }
    // Twice the depth leaves room between, `top` styles above.
    let base = 2 * top;
    for (level, depth) in levels.iter_mut().zip(depths) {
        let style = *level;
        *level = match depth {
            Some(depth) => base + 2 * (*depth).min(8),
            None if style < top => 2 * style - 2,
            None => match usual.iter().find(|u| u.0 == style) {
                Some(&(_, depth)) => base + 2 * depth.min(8),
                // Below all that is set larger.
                None => {
                    let above = usual.iter().filter(|u| u.0 < style).map(|u| u.1).max();
                    base + 2 * above.unwrap_or(0).min(8) + 1
                }
            },
        };
    }
    close_up(levels);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heading(text: &str, size: f32, bold: bool) -> Heading {
        Heading {
            text: text.to_owned(),
            size,
            bold,
            weighed: true,
            caps: false,
            italic: false,
            rough: false,
        }
    }

    #[test]
    fn unknown_weight_is_no_lower_rank() {
        let known = heading("A", 12.0, true);
        let unknown = Heading { weighed: false, rough: true, ..heading("B", 12.1, false) };
        assert_eq!(levels(&[known.clone(), unknown]), [1, 1]);
        assert_eq!(levels(&[known, heading("C", 12.0, false)]), [1, 2]);
    }

    #[test]
    fn size_then_weight_then_number() {
        let all = [
            heading("Title", 20.0, true),
            heading("1 Start", 14.0, true),
            heading("1.1 Detail", 14.0, true),
            heading("Aside", 12.0, false),
            heading("2 Next", 14.1, true),
        ];
        assert_eq!(levels(&all), [1, 2, 3, 4, 2]);
    }

    #[test]
    fn stated_depths_order_the_levels() {
        // A title above all, two styles that the outline ranks the other way round, and one below.
        let mut found = [1, 2, 3, 2, 4];
        agree(&mut found, &[None, Some(1), Some(0), Some(1), None]);
        assert_eq!(found, [1, 3, 2, 3, 4]);
        let mut jumps = [1, 1, 2];
        agree(&mut jumps, &[Some(0), Some(4), None]);
        assert_eq!(jumps, [1, 2, 3], "no level is left out");
        let mut none = [1, 2];
        agree(&mut none, &[None, None]);
        assert_eq!(none, [1, 2]);
    }

    #[test]
    fn one_style_is_one_level() {
        assert_eq!(levels(&[heading("A", 12.0, true), heading("B", 12.0, true)]), [1, 1]);
        assert_eq!(levels(&[]), [] as [u8; 0]);
    }
}
