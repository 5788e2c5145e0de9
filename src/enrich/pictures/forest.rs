//! The grown forest: `pictures.bin`, which `scripts/picture_model.py` writes.

use std::sync::OnceLock;

use super::marks::COUNT;

/// Names of the classes as a length of four bytes and lines of text. Then trees, each as a count of nodes (two
/// bytes) and the nodes: a fork is the number of a mark, a bound (`f32`), and the nodes for what is
/// not above it and for what is (two bytes each); a leaf is 255, and for each class a share of 255.
const FILE: &[u8] = include_bytes!("../pictures.bin");
/// What stands where a leaf has no mark.
const LEAF: u8 = 255;

enum Node {
    Fork { mark: usize, bound: f32, low: usize, high: usize },
    Leaf(&'static [u8]),
}

struct Forest {
    classes: Vec<&'static str>,
    trees: Vec<Vec<Node>>,
}

/// Each class with its mean share over all trees.
pub(super) fn votes(marks: &[f32; COUNT]) -> Vec<(&'static str, f32)> {
    static FOREST: OnceLock<Option<Forest>> = OnceLock::new();
    let Some(forest) = FOREST.get_or_init(|| Forest::read(FILE)) else { return Vec::new() };
    let mut sums = vec![0.0; forest.classes.len()];
    for tree in &forest.trees {
        for (sum, share) in sums.iter_mut().zip(leaf(tree, marks)) {
            *sum += f32::from(*share);
        }
    }
    let all: f32 = sums.iter().sum();
    forest.classes.iter().copied().zip(sums.into_iter().map(|sum| sum / all.max(1.0))).collect()
}

fn leaf(tree: &[Node], marks: &[f32; COUNT]) -> &'static [u8] {
    let mut at = 0;
    // Nodes lead to later ones alone.
    while let Some(Node::Fork { mark, bound, low, high }) = tree.get(at) {
        at = if marks[*mark] <= *bound { *low } else { *high };
    }
    match tree.get(at) {
        Some(Node::Leaf(shares)) => shares,
        _ => &[],
    }
}

impl Forest {
    fn read(file: &'static [u8]) -> Option<Self> {
        let mut rest = file;
        let length = u32::from_le_bytes(*take::<4>(&mut rest)?);
        let (names, after) = rest.split_at_checked(length as usize)?;
        rest = after;
        let classes: Vec<&str> = std::str::from_utf8(names).ok()?.split('\n').collect();
        let mut trees = Vec::new();
        while !rest.is_empty() {
            let count = usize::from(u16::from_le_bytes(*take::<2>(&mut rest)?));
            let mut tree = Vec::with_capacity(count);
            for own in 0..count {
                let mark = take::<1>(&mut rest)?[0];
                if mark == LEAF {
                    let (shares, after) = rest.split_at_checked(classes.len())?;
                    rest = after;
                    tree.push(Node::Leaf(shares));
                    continue;
                }
                let bound = f32::from_le_bytes(*take::<4>(&mut rest)?);
                let mut next = || take::<2>(&mut rest).map(|n| usize::from(u16::from_le_bytes(*n)));
                let (low, high) = (next()?, next()?);
                let mark = usize::from(mark);
                if low <= own || high <= own || mark >= COUNT {
                    return None;
                }
                tree.push(Node::Fork { mark, bound, low, high });
            }
            trees.push(tree);
        }
        Some(Self { classes, trees })
    }
}

fn take<const N: usize>(rest: &mut &'static [u8]) -> Option<&'static [u8; N]> {
    let (head, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_whole_and_votes_add_up() {
        let forest = Forest::read(FILE).unwrap();
        assert!(forest.trees.len() > 10 && forest.classes.contains(&super::super::OTHER));
        for marks in [[0.0; COUNT], [1.0; COUNT], [1e9; COUNT], [f32::NAN; COUNT]] {
            let sum: f32 = votes(&marks).iter().map(|(_, share)| share).sum();
            assert!((sum - 1.0).abs() < 1e-3, "{sum}");
        }
    }
}
