//! Patches of one colour in a small picture.

/// A connected patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Patch {
    /// Number of its pixels.
    pub(super) area: usize,
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) right: usize,
    pub(super) bottom: usize,
}

impl Patch {
    pub(super) fn width(&self) -> usize {
        self.right - self.left + 1
    }

    pub(super) fn height(&self) -> usize {
        self.bottom - self.top + 1
    }

    /// How much of its box it fills, 0 to 1: 1 for bars, 0.79 for discs.
    pub(super) fn fill(&self) -> f32 {
        self.area as f32 / (self.width() * self.height()) as f32
    }
}

/// Patches of pixels side by side or one above the other that have the same label; `None` belongs to
/// no patch.
pub(super) fn patches(labels: &[Option<u16>], width: usize) -> Vec<Patch> {
    let mut done = vec![false; labels.len()];
    let mut out = Vec::new();
    let mut open = Vec::new();
    for start in 0..labels.len() {
        let Some(label) = labels[start] else { continue };
        if done[start] {
            continue;
        }
        done[start] = true;
        open.push(start);
        let (x, y) = (start % width, start / width);
        let mut patch = Patch { area: 0, left: x, top: y, right: x, bottom: y };
        while let Some(at) = open.pop() {
            let (x, y) = (at % width, at / width);
            patch.area += 1;
            patch.left = patch.left.min(x);
            patch.right = patch.right.max(x);
            patch.top = patch.top.min(y);
            patch.bottom = patch.bottom.max(y);
            let beside = [
                (x > 0).then(|| at - 1),
                (x + 1 < width).then(|| at + 1),
                (y > 0).then(|| at - width),
                (at + width < labels.len()).then(|| at + width),
            ];
            for next in beside.into_iter().flatten() {
                if labels[next] == Some(label) && !done[next] {
                    done[next] = true;
                    open.push(next);
                }
            }
        }
        out.push(patch);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_are_of_one_label_and_connected() {
        let labels: Vec<Option<u16>> = "11.2\n1..2\n..12"
            .lines()
            .flat_map(str::chars)
            .map(|c| c.to_digit(10).map(|d| d as u16))
            .collect();
        let found = patches(&labels, 4);
        assert_eq!(found.iter().map(|p| p.area).collect::<Vec<_>>(), [3, 3, 1]);
        assert_eq!((found[0].width(), found[0].height()), (2, 2));
        assert_eq!(found[0].fill(), 0.75);
    }
}
