//! Coordinates as PDF has them: matrices, and boxes in user space (origin at the bottom left, y up).

/// `[a b c d e f]` of a PDF matrix: x' = a·x + c·y + e, y' = b·x + d·y + f.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Matrix {
    pub(super) a: f32,
    pub(super) b: f32,
    pub(super) c: f32,
    pub(super) d: f32,
    pub(super) e: f32,
    pub(super) f: f32,
}

impl Matrix {
    pub(super) const IDENTITY: Self = Self { a: 1.0, b: 0.0, c: 0.0, d: 1.0, e: 0.0, f: 0.0 };

    pub(super) fn apply(&self, x: f32, y: f32) -> (f32, f32) {
        (self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f)
    }

    /// First `self`, then `outer`.
    pub(super) fn then(&self, outer: &Self) -> Self {
        let (e, f) = outer.apply(self.e, self.f);
        Self {
            a: self.a * outer.a + self.b * outer.c,
            b: self.a * outer.b + self.b * outer.d,
            c: self.c * outer.a + self.d * outer.c,
            d: self.c * outer.b + self.d * outer.d,
            e,
            f,
        }
    }
}

/// A box in user space.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct UserBox {
    pub(super) left: f32,
    pub(super) bottom: f32,
    pub(super) right: f32,
    pub(super) top: f32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inner_matrix_applies_first() {
        let twice = Matrix { a: 2.0, d: 2.0, ..Matrix::IDENTITY };
        let right = Matrix { e: 10.0, ..Matrix::IDENTITY };
        assert_eq!(twice.then(&right).apply(1.0, 1.0), (12.0, 2.0));
        assert_eq!(right.then(&twice).apply(1.0, 1.0), (22.0, 2.0));
    }
}
