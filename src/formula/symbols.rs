//! Characters of mathematics: their LaTeX, and how they behave in a formula.
//!
//! Sources: the Comprehensive LaTeX Symbol List (Pakin), unicode-math's table of symbols, and
//! Unicode TR 25 (mathematical alphabets).

/// How a sign behaves in a formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Letters, digits and other plain signs.
    Ord,
    /// Large operators: sums, integrals.
    Op,
    /// Between two terms.
    Bin,
    /// Between two sides.
    Rel,
    /// Opening bracket.
    Open,
    /// Closing bracket.
    Close,
    /// A bracket that is the same on both sides.
    Bar,
    /// Commas and the like.
    Punct,
    /// Stands above or below a letter.
    Accent,
    /// The sign of a root.
    Radical,
}

/// LaTeX and class of a character that is no letter or digit; `None` for those without any.
pub(super) fn symbol(c: char) -> Option<(&'static str, Class)> {
    SYMBOLS.iter().find(|s| s.0 == c).map(|s| (s.1, s.2))
}

/// The accent that a character is when it stands above something else.
pub(super) fn accent(c: char) -> Option<&'static str> {
    Some(match c {
        '^' | 'ˆ' | '\u{302}' => "\\hat",
        '~' | '˜' | '\u{303}' | '∼' => "\\tilde",
        '¯' | 'ˉ' | '\u{304}' | '\u{305}' | '‾' | '_' | '―' | '─' => "\\bar",
        '˙' | '\u{307}' | '.' => "\\dot",
        '¨' | '\u{308}' => "\\ddot",
        '\u{20D7}' | '→' => "\\vec",
        'ˇ' | '\u{30C}' => "\\check",
        '˘' | '\u{306}' => "\\breve",
        '´' | '\u{301}' => "\\acute",
        '`' | '\u{300}' => "\\grave",
        '˚' | '\u{30A}' => "\\mathring",
        '⏞' => "\\overbrace",
        '⏟' => "\\underbrace",
        _ => return None,
    })
}

/// Letters of the Symbol font that Unicode and TeX name differently.
pub(super) fn in_symbol_font(c: char) -> Option<&'static str> {
    match c {
        'φ' => Some("\\phi"),
        'ϕ' => Some("\\varphi"),
        _ => None,
    }
}

/// The bracket that a character is a piece of.
pub(super) fn piece_of(c: char) -> Option<char> {
    Some(match c {
        '⎛' | '⎜' | '⎝' => '(',
        '⎞' | '⎟' | '⎠' => ')',
        '⎡' | '⎢' | '⎣' => '[',
        '⎤' | '⎥' | '⎦' => ']',
        '⎧' | '⎨' | '⎩' => '{',
        '⎫' | '⎬' | '⎭' => '}',
        '⎪' => '⎪',
        '⎷' => '√',
        '⎮' | '⌠' | '⌡' => '∫',
        _ => return None,
    })
}

/// Names of functions that LaTeX has commands for. Those that take limits come first.
const FUNCTIONS: [&str; 32] = [
    "lim", "max", "min", "sup", "inf", "det", "gcd", "Pr", "liminf", "limsup", "sin", "cos", "tan",
    "cot", "sec", "csc", "sinh", "cosh", "tanh", "coth", "arcsin", "arccos", "arctan", "log", "ln",
    "lg", "exp", "dim", "ker", "deg", "hom", "arg",
];
/// How many of [`FUNCTIONS`] take limits.
const LIMITED: usize = 10;

/// Whether a word is the name of a function that LaTeX has a command for.
pub(super) fn is_function(word: &str) -> bool {
    FUNCTIONS.contains(&word)
}

/// Whether what stands above and below a function's name are limits.
pub(super) fn takes_limits(word: &str) -> bool {
    FUNCTIONS[..LIMITED].contains(&word) || matches!(word, "argmax" | "argmin" | "arg max")
}

/// Commands of alphabets.
pub(super) type Alphabet = Option<&'static str>;

/// A character of the mathematical alphabets as its letter and alphabet. Italic is `None`, what
/// formulas are set in.
pub(super) fn math_letter(c: char) -> Option<(char, Alphabet)> {
    /// Alphabets of Latin letters from U+1D400, 52 characters each.
    const LATIN: [Alphabet; 13] = [
        Some("\\mathbf"),
        None,
        Some("\\boldsymbol"),
        Some("\\mathcal"),
        Some("\\mathcal"),
        Some("\\mathfrak"),
        Some("\\mathbb"),
        Some("\\mathfrak"),
        Some("\\mathsf"),
        Some("\\mathsf"),
        Some("\\mathsf"),
        Some("\\mathsf"),
        Some("\\mathtt"),
    ];
    /// The Greek ones from U+1D6A8, 58 characters each, in this order.
    const GREEK: &str = "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡϴΣΤΥΦΧΨΩ∇αβγδεζηθικλμνξοπρςστυφχψω∂ϵϑϰϕϱϖ";
    let code = c as u32;
    match code {
        0x1D400..=0x1D6A3 => {
            let n = code - 0x1D400;
            let alphabet = LATIN.get((n / 52) as usize).copied().flatten();
            let n = n % 52;
            let first = if n < 26 { 'A' } else { 'a' };
            Some((char::from_u32(first as u32 + n % 26)?, alphabet))
        }
        0x1D6A4 => Some(('ı', None)),
        0x1D6A5 => Some(('ȷ', None)),
        0x1D6A8..=0x1D7C9 => {
            let n = code - 0x1D6A8;
            let alphabet = if n / 58 == 1 { None } else { Some("\\boldsymbol") };
            Some((GREEK.chars().nth((n % 58) as usize)?, alphabet))
        }
        0x1D7CE..=0x1D7FF => {
            let n = code - 0x1D7CE;
            let alphabet = ["\\mathbf", "\\mathbb", "\\mathsf", "\\mathsf", "\\mathtt"];
            let digit = char::from_digit(n % 10, 10)?;
            Some((digit, alphabet.get((n / 10) as usize).copied()))
        }
        _ => Some(match c {
            'ℎ' => ('h', None),
            'ℬ' => ('B', Some("\\mathcal")),
            'ℰ' => ('E', Some("\\mathcal")),
            'ℱ' => ('F', Some("\\mathcal")),
            'ℋ' => ('H', Some("\\mathcal")),
            'ℐ' => ('I', Some("\\mathcal")),
            'ℒ' => ('L', Some("\\mathcal")),
            'ℳ' => ('M', Some("\\mathcal")),
            'ℛ' => ('R', Some("\\mathcal")),
            'ℯ' => ('e', Some("\\mathcal")),
            'ℊ' => ('g', Some("\\mathcal")),
            'ℴ' => ('o', Some("\\mathcal")),
            'ℭ' => ('C', Some("\\mathfrak")),
            'ℌ' => ('H', Some("\\mathfrak")),
            'ℨ' => ('Z', Some("\\mathfrak")),
            'ℂ' => ('C', Some("\\mathbb")),
            'ℍ' => ('H', Some("\\mathbb")),
            'ℕ' => ('N', Some("\\mathbb")),
            'ℙ' => ('P', Some("\\mathbb")),
            'ℚ' => ('Q', Some("\\mathbb")),
            'ℝ' => ('R', Some("\\mathbb")),
            'ℤ' => ('Z', Some("\\mathbb")),
            _ => return None,
        }),
    }
}

use Class::{Accent, Bar, Bin, Close, Op, Open, Ord, Punct, Radical, Rel};

const SYMBOLS: &[(char, &str, Class)] = &[
    // Greek.
    ('α', "\\alpha", Ord),
    ('β', "\\beta", Ord),
    ('γ', "\\gamma", Ord),
    ('δ', "\\delta", Ord),
    ('ϵ', "\\epsilon", Ord),
    ('ε', "\\varepsilon", Ord),
    ('ζ', "\\zeta", Ord),
    ('η', "\\eta", Ord),
    ('θ', "\\theta", Ord),
    ('ϑ', "\\vartheta", Ord),
    ('ι', "\\iota", Ord),
    ('κ', "\\kappa", Ord),
    ('ϰ', "\\varkappa", Ord),
    ('λ', "\\lambda", Ord),
    ('μ', "\\mu", Ord),
    ('µ', "\\mu", Ord),
    ('ν', "\\nu", Ord),
    ('ξ', "\\xi", Ord),
    ('ο', "o", Ord),
    ('π', "\\pi", Ord),
    ('ϖ', "\\varpi", Ord),
    ('ρ', "\\rho", Ord),
    ('ϱ', "\\varrho", Ord),
    ('σ', "\\sigma", Ord),
    ('ς', "\\varsigma", Ord),
    ('τ', "\\tau", Ord),
    ('υ', "\\upsilon", Ord),
    ('φ', "\\varphi", Ord),
    ('ϕ', "\\phi", Ord),
    ('χ', "\\chi", Ord),
    ('ψ', "\\psi", Ord),
    ('ω', "\\omega", Ord),
    ('Γ', "\\Gamma", Ord),
    ('Δ', "\\Delta", Ord),
    ('∆', "\\Delta", Ord),
    ('Θ', "\\Theta", Ord),
    ('ϴ', "\\Theta", Ord),
    ('Λ', "\\Lambda", Ord),
    ('Ξ', "\\Xi", Ord),
    ('Π', "\\Pi", Ord),
    ('Σ', "\\Sigma", Ord),
    ('Υ', "\\Upsilon", Ord),
    ('ϒ', "\\Upsilon", Ord),
    ('Φ', "\\Phi", Ord),
    ('Ψ', "\\Psi", Ord),
    ('Ω', "\\Omega", Ord),
    ('\u{2126}', "\\Omega", Ord),
    // Letter-like and plain signs.
    ('∂', "\\partial", Ord),
    ('∇', "\\nabla", Ord),
    ('∞', "\\infty", Ord),
    ('ℓ', "\\ell", Ord),
    ('ℏ', "\\hbar", Ord),
    ('ħ', "\\hbar", Ord),
    ('ı', "\\imath", Ord),
    ('ȷ', "\\jmath", Ord),
    ('ℜ', "\\Re", Ord),
    ('ℑ', "\\Im", Ord),
    ('ℵ', "\\aleph", Ord),
    ('ℶ', "\\beth", Ord),
    ('℘', "\\wp", Ord),
    ('∅', "\\emptyset", Ord),
    ('⌀', "\\varnothing", Ord),
    ('∀', "\\forall", Ord),
    ('∃', "\\exists", Ord),
    ('∄', "\\nexists", Ord),
    ('¬', "\\neg", Ord),
    ('⊤', "\\top", Ord),
    ('∠', "\\angle", Ord),
    ('△', "\\triangle", Ord),
    ('□', "\\square", Ord),
    ('■', "\\blacksquare", Ord),
    ('♭', "\\flat", Ord),
    ('♮', "\\natural", Ord),
    ('♯', "\\sharp", Ord),
    ('♠', "\\spadesuit", Ord),
    ('♡', "\\heartsuit", Ord),
    ('♢', "\\diamondsuit", Ord),
    ('♣', "\\clubsuit", Ord),
    ('†', "\\dagger", Bin),
    ('‡', "\\ddagger", Bin),
    ('°', "^{\\circ}", Ord),
    ('′', "'", Ord),
    ('″', "''", Ord),
    ('‴', "'''", Ord),
    ('\'', "'", Ord),
    ('’', "'", Ord),
    ('!', "!", Ord),
    ('?', "?", Ord),
    ('%', "\\%", Ord),
    ('#', "\\#", Ord),
    ('$', "\\$", Ord),
    ('&', "\\&", Ord),
    ('_', "\\_", Ord),
    ('.', ".", Ord),
    ('…', "\\ldots", Ord),
    ('⋯', "\\cdots", Ord),
    ('⋮', "\\vdots", Ord),
    ('⋱', "\\ddots", Ord),
    ('/', "/", Ord),
    ('∕', "/", Ord),
    ('⁄', "/", Ord),
    ('\\', "\\backslash", Ord),
    ('−', "-", Bin),
    ('-', "-", Bin),
    ('–', "-", Bin),
    ('§', "\\S", Ord),
    ('¶', "\\P", Ord),
    ('²', "^{2}", Ord),
    ('³', "^{3}", Ord),
    ('¹', "^{1}", Ord),
    // Between terms.
    ('+', "+", Bin),
    ('±', "\\pm", Bin),
    ('∓', "\\mp", Bin),
    ('×', "\\times", Bin),
    ('÷', "\\div", Bin),
    ('·', "\\cdot", Bin),
    ('⋅', "\\cdot", Bin),
    ('•', "\\bullet", Bin),
    ('∙', "\\bullet", Bin),
    ('∗', "*", Bin),
    ('*', "*", Bin),
    ('⋆', "\\star", Bin),
    ('∘', "\\circ", Bin),
    ('◦', "\\circ", Bin),
    ('◯', "\\bigcirc", Bin),
    ('⊕', "\\oplus", Bin),
    ('⊖', "\\ominus", Bin),
    ('⊗', "\\otimes", Bin),
    ('⊘', "\\oslash", Bin),
    ('⊙', "\\odot", Bin),
    ('∪', "\\cup", Bin),
    ('∩', "\\cap", Bin),
    ('⊎', "\\uplus", Bin),
    ('⊔', "\\sqcup", Bin),
    ('⊓', "\\sqcap", Bin),
    ('∧', "\\wedge", Bin),
    ('∨', "\\vee", Bin),
    ('∖', "\\setminus", Bin),
    ('⋄', "\\diamond", Bin),
    ('≀', "\\wr", Bin),
    ('⋊', "\\rtimes", Bin),
    ('⋉', "\\ltimes", Bin),
    ('▹', "\\triangleright", Bin),
    ('◃', "\\triangleleft", Bin),
    ('▽', "\\bigtriangledown", Bin),
    ('∐', "\\coprod", Op),
    // Between sides.
    ('=', "=", Rel),
    ('<', "<", Rel),
    ('>', ">", Rel),
    (':', ":", Rel),
    ('∶', ":", Rel),
    ('≔', ":=", Rel),
    ('≠', "\\neq", Rel),
    ('≤', "\\leq", Rel),
    ('⩽', "\\leqslant", Rel),
    ('≥', "\\geq", Rel),
    ('⩾', "\\geqslant", Rel),
    ('≪', "\\ll", Rel),
    ('≫', "\\gg", Rel),
    ('≡', "\\equiv", Rel),
    ('≈', "\\approx", Rel),
    ('≅', "\\cong", Rel),
    ('≃', "\\simeq", Rel),
    ('∼', "\\sim", Rel),
    ('~', "\\sim", Rel),
    ('≐', "\\doteq", Rel),
    ('≜', "\\triangleq", Rel),
    ('≍', "\\asymp", Rel),
    ('∝', "\\propto", Rel),
    ('≺', "\\prec", Rel),
    ('≻', "\\succ", Rel),
    ('⪯', "\\preceq", Rel),
    ('⪰', "\\succeq", Rel),
    ('≲', "\\lesssim", Rel),
    ('≳', "\\gtrsim", Rel),
    ('≶', "\\lessgtr", Rel),
    ('≮', "\\nless", Rel),
    ('≯', "\\ngtr", Rel),
    ('⊂', "\\subset", Rel),
    ('⊃', "\\supset", Rel),
    ('⊆', "\\subseteq", Rel),
    ('⊇', "\\supseteq", Rel),
    ('⊊', "\\subsetneq", Rel),
    ('⊋', "\\supsetneq", Rel),
    ('⊄', "\\not\\subset", Rel),
    ('⊑', "\\sqsubseteq", Rel),
    ('⊒', "\\sqsupseteq", Rel),
    ('∈', "\\in", Rel),
    ('∉', "\\notin", Rel),
    ('∋', "\\ni", Rel),
    ('∣', "\\mid", Rel),
    ('∤', "\\nmid", Rel),
    ('⊥', "\\perp", Rel),
    ('⟂', "\\perp", Rel),
    ('∦', "\\nparallel", Rel),
    ('⊢', "\\vdash", Rel),
    ('⊣', "\\dashv", Rel),
    ('⊨', "\\models", Rel),
    ('⊧', "\\models", Rel),
    ('⋈', "\\bowtie", Rel),
    ('⌣', "\\smile", Rel),
    ('⌢', "\\frown", Rel),
    ('∴', "\\therefore", Rel),
    ('∵', "\\because", Rel),
    ('←', "\\leftarrow", Rel),
    ('→', "\\rightarrow", Rel),
    ('↑', "\\uparrow", Rel),
    ('↓', "\\downarrow", Rel),
    ('↔', "\\leftrightarrow", Rel),
    ('↕', "\\updownarrow", Rel),
    ('⟵', "\\longleftarrow", Rel),
    ('⟶', "\\longrightarrow", Rel),
    ('⟷', "\\longleftrightarrow", Rel),
    ('⇐', "\\Leftarrow", Rel),
    ('⇒', "\\Rightarrow", Rel),
    ('⇑', "\\Uparrow", Rel),
    ('⇓', "\\Downarrow", Rel),
    ('⇔', "\\Leftrightarrow", Rel),
    ('⟸', "\\Longleftarrow", Rel),
    ('⟹', "\\Longrightarrow", Rel),
    ('⟺', "\\Longleftrightarrow", Rel),
    ('↦', "\\mapsto", Rel),
    ('⟼', "\\longmapsto", Rel),
    ('↪', "\\hookrightarrow", Rel),
    ('↩', "\\hookleftarrow", Rel),
    ('↗', "\\nearrow", Rel),
    ('↘', "\\searrow", Rel),
    ('↖', "\\nwarrow", Rel),
    ('↙', "\\swarrow", Rel),
    ('⇀', "\\rightharpoonup", Rel),
    ('⇁', "\\rightharpoondown", Rel),
    ('↼', "\\leftharpoonup", Rel),
    ('↽', "\\leftharpoondown", Rel),
    ('⇌', "\\rightleftharpoons", Rel),
    ('⇝', "\\rightsquigarrow", Rel),
    // Large operators.
    ('∑', "\\sum", Op),
    ('∏', "\\prod", Op),
    ('∫', "\\int", Op),
    ('∬', "\\iint", Op),
    ('∭', "\\iiint", Op),
    ('∮', "\\oint", Op),
    ('⋃', "\\bigcup", Op),
    ('⋂', "\\bigcap", Op),
    ('⨆', "\\bigsqcup", Op),
    ('⨄', "\\biguplus", Op),
    ('⋀', "\\bigwedge", Op),
    ('⋁', "\\bigvee", Op),
    ('⨁', "\\bigoplus", Op),
    ('⨂', "\\bigotimes", Op),
    ('⨀', "\\bigodot", Op),
    // Brackets.
    ('(', "(", Open),
    (')', ")", Close),
    ('[', "[", Open),
    (']', "]", Close),
    ('{', "\\{", Open),
    ('}', "\\}", Close),
    ('⟨', "\\langle", Open),
    ('⟩', "\\rangle", Close),
    ('〈', "\\langle", Open),
    ('〉', "\\rangle", Close),
    ('⌊', "\\lfloor", Open),
    ('⌋', "\\rfloor", Close),
    ('⌈', "\\lceil", Open),
    ('⌉', "\\rceil", Close),
    ('|', "|", Bar),
    ('‖', "\\|", Bar),
    ('∥', "\\|", Bar),
    ('⟦', "[\\![", Open),
    ('⟧', "]\\!]", Close),
    // Punctuation.
    (',', ",", Punct),
    (';', ";", Punct),
    // Roots and accents.
    ('√', "\\sqrt", Radical),
    ('⎷', "\\sqrt", Radical),
    ('\u{302}', "\\hat", Accent),
    ('\u{303}', "\\tilde", Accent),
    ('\u{304}', "\\bar", Accent),
    ('\u{305}', "\\overline", Accent),
    ('\u{307}', "\\dot", Accent),
    ('\u{308}', "\\ddot", Accent),
    ('\u{30C}', "\\check", Accent),
    ('\u{306}', "\\breve", Accent),
    ('\u{20D7}', "\\vec", Accent),
    ('ˆ', "\\hat", Accent),
    ('˜', "\\tilde", Accent),
    ('¯', "\\bar", Accent),
    ('ˉ', "\\bar", Accent),
    ('‾', "\\bar", Accent),
    ('˙', "\\dot", Accent),
    ('¨', "\\ddot", Accent),
    ('ˇ', "\\check", Accent),
    ('˘', "\\breve", Accent),
    ('´', "\\acute", Accent),
    ('`', "\\grave", Accent),
    ('˚', "\\mathring", Accent),
    ('⏞', "\\overbrace", Accent),
    ('⏟', "\\underbrace", Accent),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_the_mathematical_alphabets_have_plain_ones() {
        assert_eq!(math_letter('𝑥'), Some(('x', None)));
        assert_eq!(math_letter('𝐀'), Some(('A', Some("\\mathbf"))));
        assert_eq!(math_letter('𝔤'), Some(('g', Some("\\mathfrak"))));
        assert_eq!(math_letter('ℝ'), Some(('R', Some("\\mathbb"))));
        assert_eq!(math_letter('𝜋'), Some(('π', None)));
        assert_eq!(math_letter('𝟏'), Some(('1', Some("\\mathbf"))));
        assert_eq!(math_letter('x'), None);
    }

    #[test]
    fn signs_have_commands() {
        assert_eq!(symbol('≤'), Some(("\\leq", Class::Rel)));
        assert_eq!(symbol('∑'), Some(("\\sum", Class::Op)));
        assert_eq!(symbol('x'), None);
        assert!(takes_limits("max") && !takes_limits("sin") && is_function("sin"));
    }
}
