use rayon::prelude::*;
use recto::*;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let (corpus, out) = (&args[1], &args[2]);
    let only = args.get(3).cloned();
    std::fs::create_dir_all(out).unwrap();
    let engine = Engine::builder().build().unwrap();
    let mut cases: Vec<_> = std::fs::read_dir(corpus)
        .unwrap()
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.is_dir())
        .collect();
    cases.sort();
    let t = std::time::Instant::now();
    let n = cases.len();
    cases.iter().for_each(|case| {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        if only.as_ref().is_some_and(|o| !name.contains(o.as_str())) {
            return;
        }
        let Some(input) = std::fs::read_dir(case)
            .unwrap()
            .flatten()
            .map(|e| e.path())
            .find(|p| p.file_stem().is_some_and(|s| s == "input"))
        else {
            return;
        };
        let meta = std::fs::read_to_string(case.join("meta.json")).unwrap_or_default();
        let v: serde_json::Value = serde_json::from_str(&meta).unwrap_or_default();
        let lang = v["language_tag"].as_str().or(v["language"].as_str());
        let mut o = Options::default();
        if let Some(l) = lang {
            o.languages = vec![Language::parse(l).unwrap()];
        }
        let s = std::time::Instant::now();
        match engine.read(Source::path(&input), &o) {
            Ok(d) => {
                let md = export::markdown(
                    &d,
                    &export::MarkdownOptions { profile: Profile::Full, ..Default::default() },
                );
                std::fs::write(format!("{out}/{name}.md"), md).unwrap();
                if std::env::var_os("JSON").is_some() {
                    std::fs::write(format!("{out}/{name}.json"), export::json(&d)).unwrap();
                }
                for w in &d.warnings {
                    eprintln!("{name}: {w}");
                }
                if s.elapsed().as_millis() > 300 && std::env::var_os("SLOW").is_some() {
                    eprintln!("{name}: {:?} {:?}", s.elapsed(), d.timings);
                }
            }
            Err(e) => eprintln!("{name}: ERROR {}", e.chain()),
        }
    });
    eprintln!("{n} cases in {:?}", t.elapsed());
    let _ = (0..1).into_par_iter();
}
