//! A formula as a tree.

use super::symbols::{Alphabet, Class};

/// A row of a formula: what stands side by side on one line.
pub(super) type Row = Vec<Node>;

/// A part of a formula.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// A sign, as its command.
    Sign {
        latex: String,
        class: Class,
    },
    /// A letter or digit.
    Letter {
        latex: String,
        alphabet: Alphabet,
    },
    /// Letters set upright: a function's name, or text.
    Word {
        text: String,
    },
    Fraction {
        over: Row,
        under: Row,
    },
    /// Two rows in round brackets, close together.
    Binomial {
        over: Row,
        under: Row,
    },
    Root {
        index: Row,
        body: Row,
    },
    /// A command for a mark above or below something.
    Accent {
        command: &'static str,
        body: Row,
    },
    /// What is between two brackets that have grown with it; `.` for one that is not printed.
    Fenced {
        open: String,
        body: Row,
        close: String,
    },
    /// Rows of cells, in an environment.
    Grid {
        kind: Grid,
        rows: Vec<Vec<Row>>,
    },
    /// Something with what is set small below and above it, at its side or as limits.
    Scripted {
        base: Option<Box<Node>>,
        sub: Row,
        sup: Row,
    },
    /// Room that somebody put there.
    Space(&'static str),
}

/// The environments of grids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grid {
    /// No bracket of its own.
    Plain,
    Round,
    Square,
    Curly,
    Bars,
    DoubleBars,
    Cases,
    /// Rows of a display.
    Aligned,
    /// Rows of a limit.
    Substack,
}

impl Grid {
    /// The environment's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plain => "matrix",
            Self::Round => "pmatrix",
            Self::Square => "bmatrix",
            Self::Curly => "Bmatrix",
            Self::Bars => "vmatrix",
            Self::DoubleBars => "Vmatrix",
            Self::Cases => "cases",
            Self::Aligned => "aligned",
            Self::Substack => "substack",
        }
    }
}
