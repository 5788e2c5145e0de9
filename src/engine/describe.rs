//! Pictures shown to whoever describes them: the describer of the engine, or the service that a
//! request names.

use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Engine;
use crate::call::Call;
use crate::document::PictureDescription;
use crate::error::{Error, Result};
use crate::options::{Description, Endpoint};
use crate::picture::PageImage;
use crate::source;

/// Longer side of what is shown, in pixels: models that see make more of it smaller themselves.
const LONGEST_SIDE: u32 = 1536;
/// JPEG quality at which text in pictures stays sharp.
const QUALITY: u8 = 85;
/// Most characters of a description.
const MOST_CHARS: usize = 20_000;

/// A picture to be described.
pub(super) struct Shown {
    /// The position of its page, and of its block on the page.
    pub(super) position: usize,
    pub(super) block: usize,
    pub(super) picture: PageImage,
}

/// Describes all of them, several at once; in their order.
pub(super) fn describe_all(
    engine: &Engine,
    wanted: &Description,
    shown: Vec<Shown>,
    call: &Call,
) -> Vec<(Shown, Result<PictureDescription>)> {
    let ask = |picture: &PageImage| {
        let picture = picture.clone().within(LONGEST_SIDE);
        call.check()?;
        match (&wanted.endpoint, &engine.inner.describer) {
            (Some(endpoint), _) => engine.ask_endpoint(endpoint, &wanted.prompt, &picture, call),
            (None, Some(describer)) => describer.describe(&picture, &wanted.prompt, call),
            (None, None) => Err(Error::invalid_option("do_picture_description", "nobody is named")),
        }
    };
    let at_once = match (&wanted.endpoint, &engine.inner.describer) {
        (Some(endpoint), _) => endpoint.at_once,
        (None, Some(describer)) => describer.at_once(),
        (None, None) => 1,
    };
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(shown) = shown.get(at) else { return done };
            done.push((at, ask(&shown.picture)));
        }
    };
    let mut answers: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..at_once.clamp(1, shown.len().max(1))).map(|_| scope.spawn(work)).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).flatten().collect()
    });
    answers.sort_by_key(|(at, _)| *at);
    shown.into_iter().zip(answers.into_iter().map(|(_, answer)| answer.map(cut))).collect()
}

fn cut(mut description: PictureDescription) -> PictureDescription {
    if let Some((end, _)) = description.text.char_indices().nth(MOST_CHARS) {
        description.text.truncate(end);
    }
    description
}

impl Engine {
    /// Asks the service that a request names, under the rules that documents are fetched by.
    fn ask_endpoint(
        &self,
        endpoint: &Endpoint,
        prompt: &str,
        picture: &PageImage,
        call: &Call,
    ) -> Result<PictureDescription> {
        let image = format!("data:image/jpeg;base64,{}", STANDARD.encode(picture.jpeg(QUALITY)?));
        let mut body = Value::Object(endpoint.params.clone());
        body["messages"] = json!([{
            "role": "user",
            "content": [
                { "type": "text", "text": prompt },
                { "type": "image_url", "image_url": { "url": image } },
            ],
        }]);
        let headers: Vec<(&str, &str)> =
            endpoint.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let rules = &self.inner.fetching;
        let body = body.to_string();
        let answer =
            source::ask(&endpoint.url, &headers, body.as_bytes(), rules, endpoint.timeout, call)?;
        let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
        let text = answer["choices"][0]["message"]["content"].as_str().map(str::trim);
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            let detail = "its answer has no text at choices[0].message.content";
            return Err(Error::stage("picture_description_api", detail.to_owned()));
        };
        let named = endpoint.params.get("model").and_then(Value::as_str);
        let model = named.or(answer["model"].as_str()).or(endpoint.url.host_str());
        Ok(PictureDescription {
            text: text.to_owned(),
            model: model.unwrap_or_default().to_owned(),
        })
    }
}
