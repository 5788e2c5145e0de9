//! The language of program text.
//!
//! A softmax over the marks of a snippet (its words, signs, and which of them follow each other),
//! fitted by `scripts/code_model.py`; docs/enrichment.md says to what, and how often it is right.

mod marks;
mod model;

use crate::document::CodeLanguage;

/// Less probable guesses are kept back. Of 3 lines of code, six in ten are named from here on, and
/// 19 of 20 names of ten lines are right.
const SURE: f32 = 0.7;
/// So much text tells; more only takes time.
const MOST_LINES: usize = 200;
/// Lines of programs are shorter; what is longer was made by programs.
const MOST_CHARS: usize = 400;

/// The language of a block of code, by docling-core's name; `None` where it cannot be told, or is
/// none of docling-core's.
pub(crate) fn language(text: &str) -> Option<CodeLanguage> {
    let lines = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .take(MOST_LINES)
        .map(|line| line.char_indices().nth(MOST_CHARS).map_or(line, |(end, _)| &line[..end]));
    let marks = marks::of(lines);
    let (name, confidence) = model::guess(&marks)?;
    (confidence >= SURE).then(|| CodeLanguage {
        name: name.to_owned(),
        confidence: (confidence * 1e3).round() / 1e3,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_languages_are_told_by_few_lines() {
        for (language_, text) in [
            ("Python", "def area(self, radius):\n    return 3.14 * radius ** 2\n\nprint(area(2))"),
            (
                "C",
                "#include <stdio.h>\nint main(void) {\n    printf(\"hello\\n\");\n    return 0;\n}",
            ),
            (
                "Rust",
                "pub fn open(path: &Path) -> Result<Self> {\n    let mut file = File::open(path)?;\n    Ok(Self { file })\n}",
            ),
            (
                "SQL",
                "SELECT name, count(*) FROM users\nWHERE age > 30 GROUP BY name\nORDER BY 2 DESC;",
            ),
            (
                "Java",
                "public class Main {\n    public static void main(String[] args) {\n        System.out.println(\"Hi\");\n    }\n}",
            ),
            ("HTML", "<div class=\"row\">\n  <p>Some text</p>\n  <a href=\"/x\">more</a>\n</div>"),
            ("JSON", "{\n  \"name\": \"recto\",\n  \"version\": 1,\n  \"tags\": [\"a\", \"b\"]\n}"),
            (
                "Bash",
                "#!/bin/bash\nfor f in *.txt; do\n  echo \"$f\"\n  mv \"$f\" \"${f%.txt}.md\"\ndone",
            ),
            ("Go", "func main() {\n\tif err := run(); err != nil {\n\t\tlog.Fatal(err)\n\t}\n}"),
        ] {
            let told = language(text).map(|l| l.name);
            assert_eq!(told.as_deref(), Some(language_), "{text}");
        }
    }

    #[test]
    fn what_is_no_program_has_no_language() {
        for text in [
            "",
            "???",
            "The quick brown fox jumps over the lazy dog.\nAnd then it sleeps.",
            "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do\neiusmod tempor.",
        ] {
            assert_eq!(language(text), None, "{text}");
        }
    }

    #[test]
    fn lost_indentation_and_curly_quotes_do_not_hide_it() {
        let text =
            "def main():\nfor name in names:\nprint(“hello”, name)\nif name == ‘x’:\nreturn None";
        assert_eq!(language(text).map(|l| l.name).as_deref(), Some("Python"));
    }

    #[test]
    fn endless_lines_end() {
        let line = "é{".repeat(100_000);
        assert!(language(&line).is_none_or(|l| l.confidence <= 1.0));
    }
}
