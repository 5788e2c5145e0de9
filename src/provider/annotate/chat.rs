//! One question to a language model.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::Result;
use super::format::Format;
use crate::call::Call;
use crate::provider::http::Service;

/// What a response took, added up over threads.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    requests: AtomicU64,
    prompt: AtomicU64,
    completion: AtomicU64,
}

impl Tokens {
    fn add(&self, usage: &Value) {
        let count = |key: &str| usage[key].as_u64().unwrap_or(0);
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.prompt.fetch_add(count("prompt_tokens"), Ordering::Relaxed);
        self.completion.fetch_add(count("completion_tokens"), Ordering::Relaxed);
    }

    /// Requests, tokens of prompts, tokens of answers.
    pub(super) fn sums(&self) -> (u64, u64, u64) {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (load(&self.requests), load(&self.prompt), load(&self.completion))
    }
}

/// A model to talk to.
pub(super) struct Chat<'a> {
    pub(super) service: &'a Service,
    pub(super) model: &'a str,
}

impl Chat<'_> {
    /// Asks, and asks once more where the answer does not keep to the format.
    pub(super) fn ask(
        &self,
        format: &Format,
        task: &str,
        text: &str,
        images: &[&str],
        tokens: &Tokens,
        call: &Call,
    ) -> Result<String> {
        let mut content = Vec::new();
        if !text.is_empty() {
            content.push(json!({ "type": "text", "text": text }));
        }
        for image in images {
            content.push(json!({ "type": "image_url", "image_url": { "url": image } }));
        }
        // Servers of models that cannot see take text alone.
        let content = if images.is_empty() { json!(text) } else { json!(content) };
        let mut messages = vec![
            json!({ "role": "system", "content": format!("{task}\n\n{}", format.in_words()) }),
            json!({ "role": "user", "content": content }),
        ];
        let first = self.once(format, &messages, tokens, call)?;
        let wrong = match format.check(&first) {
            Ok(answer) => return Ok(answer),
            Err(wrong) => wrong,
        };
        tracing::info!(wrong, "an annotation is asked for once more");
        messages.push(json!({ "role": "assistant", "content": first }));
        messages.push(json!({
            "role": "user",
            "content": format!("This answer cannot be used: {wrong}. Answer again, right."),
        }));
        let second = self.once(format, &messages, tokens, call)?;
        format.check(&second).map_err(|wrong| {
            self.service
                .error(None, format!("the model {} answered twice, but {wrong}", self.model))
        })
    }

    fn once(
        &self,
        format: &Format,
        messages: &[Value],
        tokens: &Tokens,
        call: &Call,
    ) -> Result<String> {
        let mut body = json!({
            "model": self.model,
            "messages": messages,
            "temperature": 0,
            "stream": false,
        });
        if let Some(response_format) = format.response_format() {
            body["response_format"] = response_format;
        }
        let answer = self.service.post("/chat/completions", &body, call)?;
        tokens.add(&answer["usage"]);
        let content = &answer["choices"][0]["message"]["content"];
        text_of(content).ok_or_else(|| {
            self.service.error(None, format!("the model {} answered without text", self.model))
        })
    }
}

/// A text, or the texts of a list of parts.
fn text_of(content: &Value) -> Option<String> {
    match content {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => {
            let texts: Vec<&str> = parts.iter().filter_map(|part| part["text"].as_str()).collect();
            (!texts.is_empty()).then(|| texts.concat())
        }
        _ => None,
    }
}
