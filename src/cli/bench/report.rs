//! Measurements as a table and as JSON.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Set;
use super::runs::{Measured, Runs};
use crate::cli::table::{Side, aligned};

/// What stands where nothing could be measured.
const UNKNOWN: &str = "-";

/// All numbers of one document (or of all together) with one set.
struct Row {
    pages: usize,
    seconds: f64,
    processor: Option<f64>,
    /// By the names of [`stages`].
    stages: Vec<Option<f64>>,
    peak_memory: Option<u64>,
    confidence: Option<f64>,
}

impl Row {
    fn new(runs: &Runs, stages: &[&str]) -> Self {
        let medians = runs.median_stages();
        Self {
            pages: runs.pages,
            seconds: runs.median_seconds(),
            processor: runs.mean_processor(),
            stages: stages.iter().map(|stage| medians.get(stage).copied()).collect(),
            peak_memory: runs.peak_memory,
            confidence: runs.confidence.map(f64::from),
        }
    }

    /// All documents together: sums, and the highest memory. Confidence is weighted by pages.
    fn total(rows: &[Row]) -> Self {
        let stages = rows.first().map_or(0, |row| row.stages.len());
        let weighted = rows.iter().filter_map(|r| Some((r.confidence?, r.pages as f64)));
        let (sum, weight) = weighted.fold((0.0, 0.0), |(s, w), (c, n)| (s + c * n, w + n));
        Self {
            pages: rows.iter().map(|row| row.pages).sum(),
            seconds: rows.iter().map(|row| row.seconds).sum(),
            processor: rows.iter().map(|row| row.processor).sum(),
            stages: (0..stages)
                .map(|i| rows.iter().filter_map(|row| row.stages[i]).reduce(|a, b| a + b))
                .collect(),
            peak_memory: rows.iter().filter_map(|row| row.peak_memory).max(),
            confidence: (weight > 0.0).then(|| sum / weight),
        }
    }

    fn per_page(&self, value: f64) -> f64 {
        value / self.pages.max(1) as f64
    }

    fn cells(&self, name: &str, label: Option<&str>, base: &Row) -> Vec<String> {
        let or_unknown = |text: Option<String>| text.unwrap_or_else(|| UNKNOWN.to_owned());
        let mut cells = vec![name.to_owned()];
        cells.extend(label.map(str::to_owned));
        cells.extend([
            self.pages.to_string(),
            format!("{:.3}", self.seconds),
            format!("{:.2}", self.pages as f64 / self.seconds),
        ]);
        cells.extend(label.map(|_| format!("{:.2}", self.seconds / base.seconds)));
        cells.push(or_unknown(self.processor.map(|s| format!("{:.0}", 1e3 * self.per_page(s)))));
        cells.extend(self.stages.iter().map(|stage| {
            or_unknown(stage.map(|seconds| format!("{:.1}", 1e3 * self.per_page(seconds))))
        }));
        cells.push(or_unknown(self.peak_memory.map(|bytes| format!("{:.0}", bytes as f64 / 1e6))));
        cells.push(or_unknown(self.confidence.map(|c| format!("{c:.3}"))));
        cells
    }
}

/// Names of all stages that were measured, sorted.
fn stages(measured: &[Measured]) -> Vec<&str> {
    let runs = measured.iter().flat_map(|document| &document.sets);
    let names: BTreeSet<&str> =
        runs.flat_map(|runs| runs.stages.keys()).map(String::as_str).collect();
    names.into_iter().collect()
}

/// A table with a row for each document and set.
pub(super) fn text(measured: &[Measured], sets: &[Set]) -> String {
    let stages = stages(measured);
    let several = sets.len() > 1;
    let mut head = vec![("file".to_owned(), Side::Left)];
    if several {
        head.push(("set".to_owned(), Side::Left));
    }
    let mut columns = vec!["pages".to_owned(), "seconds".to_owned(), "pages/s".to_owned()];
    if several {
        columns.push("time ratio".to_owned());
    }
    columns.push("CPU ms/page".to_owned());
    columns.extend(stages.iter().map(|stage| format!("{stage} ms")));
    columns.extend(["peak MB".to_owned(), "confidence".to_owned()]);
    head.extend(columns.into_iter().map(|title| (title, Side::Right)));

    let rows: Vec<(&str, Vec<Row>)> = measured
        .iter()
        .map(|m| (m.name.as_str(), m.sets.iter().map(|runs| Row::new(runs, &stages)).collect()))
        .collect();
    let mut lines = Vec::new();
    let mut add = |name: &str, rows: &[Row]| {
        for (row, set) in rows.iter().zip(sets) {
            let label = several.then_some(set.label.as_str());
            lines.push(row.cells(name, label, &rows[0]));
        }
    };
    for (name, rows) in &rows {
        add(name, rows);
    }
    if rows.len() > 1 {
        let totals: Vec<Row> = (0..sets.len())
            .map(|set| {
                let of_set: Vec<Row> =
                    measured.iter().map(|m| Row::new(&m.sets[set], &stages)).collect();
                Row::total(&of_set)
            })
            .collect();
        add("all", &totals);
    }
    let mut text = aligned(&head, &lines);
    for set in sets.iter().filter(|set| !set.words.is_empty()) {
        text.push_str(&format!("{}: {}\n", set.label, set.words));
    }
    text
}

/// The same with all runs, for programs. Times are in seconds, memory in bytes.
pub(super) fn json(measured: &[Measured], sets: &[Set], runs: usize) -> Value {
    let documents: Vec<Value> = measured
        .iter()
        .map(|document| {
            let base = document.sets.first().map_or(0.0, Runs::median_seconds);
            let sets: Vec<Value> = document
                .sets
                .iter()
                .zip(sets)
                .map(|(runs, set)| {
                    json!({
                        "set": set.label,
                        "pages": runs.pages,
                        "seconds": runs.median_seconds(),
                        "seconds_of_runs": runs.seconds,
                        "pages_per_second": runs.pages as f64 / runs.median_seconds(),
                        "time_ratio": runs.median_seconds() / base,
                        "processor_seconds": runs.mean_processor(),
                        "stage_seconds": runs.median_stages(),
                        "peak_memory_bytes": runs.peak_memory,
                        "confidence": runs.confidence,
                    })
                })
                .collect();
            json!({ "file": document.name, "sets": sets })
        })
        .collect();
    let sets: Vec<Value> =
        sets.iter().map(|set| json!({ "label": set.label, "options": set.words })).collect();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "cores": std::thread::available_parallelism().map_or(1, usize::from),
        "runs": runs,
        "sets": sets,
        "files": documents,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(pages: usize, seconds: &[f64], confidence: Option<f32>) -> Runs {
        Runs {
            pages,
            seconds: seconds.to_vec(),
            stages: [("ocr".to_owned(), seconds.to_vec())].into(),
            peak_memory: Some(1_000_000),
            confidence,
            ..Runs::default()
        }
    }

    fn set(label: &str) -> Set {
        let engine = recto::Engine::builder().workers(1).build().unwrap();
        Set { label: label.to_owned(), words: String::new(), options: Default::default(), engine }
    }

    #[test]
    fn the_table_gives_ratios_to_the_first_set() {
        let sets = [set("base"), set("fast")];
        let measured = [Measured {
            name: "a.pdf".to_owned(),
            sets: vec![runs(4, &[2.0, 1.0, 9.0], Some(0.5)), runs(4, &[1.0], None)],
        }];
        let expected = "\
file   set   pages  seconds  pages/s  time ratio  CPU ms/page  ocr ms  peak MB  confidence
a.pdf  base      4    2.000     2.00        1.00            -   500.0        1       0.500
a.pdf  fast      4    1.000     4.00        0.50            -   250.0        1           -
";
        assert_eq!(text(&measured, &sets), expected);
        let value = json(&measured, &sets, 3);
        assert_eq!(value["files"][0]["sets"][1]["time_ratio"], 0.5);
        assert_eq!(value["files"][0]["sets"][0]["seconds_of_runs"][2], 9.0);
    }

    #[test]
    fn several_documents_are_summed_up() {
        let measured = ["a", "b"].map(|name| Measured {
            name: name.to_owned(),
            sets: vec![runs(1, &[0.5], Some(if name == "a" { 1.0 } else { 0.5 }))],
        });
        let text = text(&measured, &[set("base")]);
        let last: Vec<&str> = text.lines().last().unwrap().split_whitespace().collect();
        assert_eq!(last, ["all", "2", "1.000", "2.00", "-", "500.0", "1", "0.750"]);
    }
}
