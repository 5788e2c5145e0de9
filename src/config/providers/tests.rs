use std::sync::Arc;

use crate::call::Call;
use crate::config::Config;
use crate::error::Result;
use crate::provider::{OcrModel, OcrProvider, OcrRequest, OcrResponse};

#[derive(Debug)]
struct Local;

impl OcrProvider for Local {
    fn name(&self) -> &str {
        "docling"
    }
    fn models(&self) -> Result<Vec<OcrModel>> {
        Ok(vec![OcrModel {
            id: "docling/docling-latest".to_owned(),
            aliases: vec!["docling-latest".to_owned(), "mistral-ocr-latest".to_owned()],
            provider: "docling".to_owned(),
            price_per_page: Some(0.0),
            capabilities: Vec::new(),
        }])
    }
    fn ocr(&self, request: &OcrRequest, _: &Call) -> Result<OcrResponse> {
        Ok(OcrResponse::new("1", request.parameters.to_string(), "docling"))
    }
}

fn error(text: &str) -> String {
    match Config::parse(text) {
        Err(error) => error,
        Ok(config) => match config.router(Arc::new(Local)) {
            Err(error) => error.to_string(),
            Ok(_) => panic!("{text} is fine"),
        },
    }
}

#[test]
fn nothing_configured_is_the_local_engine() {
    let router = Config::default().router(Arc::new(Local)).unwrap();
    assert!(router.is_local(Some("mistral-ocr-latest")).unwrap());
}

#[test]
fn aliases_bring_toml_options() {
    let text = r#"
        [aliases]
        "sv-scan" = { model = "docling/docling-latest", parameters = { lang = ["sv"], force_ocr = true } }
    "#;
    let router = Config::parse(text).unwrap().router(Arc::new(Local)).unwrap();
    let request = OcrRequest { model: Some("sv-scan".to_owned()), ..OcrRequest::default() };
    let response = router.ocr(&request, &Call::default()).unwrap();
    assert_eq!(response.model, r#"{"force_ocr":true,"lang":["sv"]}"#);
}

#[cfg(feature = "remote")]
#[test]
fn every_kind_can_be_configured() {
    let text = r#"
        [providers.mistral]
        kind = "mistral"
        price_per_page = 0.002

        [providers.opper]
        kind = "opper"
        key_env = "MY_OPPER_KEY"
        models = ["mistral/mistral-ocr-4-1"]
        timeout_seconds = 60.5
        retries = 0

        [providers.gateway]
        kind = "bifrost"
        base_url = "http://127.0.0.1:8080/v1"

        [providers.serve]
        kind = "docling_serve"
        base_url = "https://docling.example.org"

        [fallbacks]
        "mistral-ocr-latest" = ["opper/mistral/mistral-ocr-4-1", "docling-latest"]
    "#;
    let router = Config::parse(text).unwrap().router(Arc::new(Local)).unwrap();
    assert!(!router.is_local(Some("mistral-ocr-latest")).unwrap());
    assert!(router.is_local(Some("docling-latest")).unwrap());
    let text = format!("{router:?}");
    for part in ["api.mistral.ai", "Env(MISTRAL_API_KEY)", "api.opper.ai", "Env(MY_OPPER_KEY)"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    for part in ["timeout: 60.5s", "retries: 0", "price_per_page: Some(0.002)", "8080"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

/// The key of Mistral itself is not sent to whoever else speaks its interface.
#[cfg(feature = "remote")]
#[test]
fn the_usual_key_is_for_the_usual_address() {
    let router = |more: &str| {
        let text = format!("[providers.mistral]\nkind = \"mistral\"\n{more}");
        format!("{:?}", Config::parse(&text).unwrap().router(Arc::new(Local)).unwrap())
    };
    assert!(router("").contains("Env(MISTRAL_API_KEY)"));
    assert!(!router("base_url = \"https://example.org\"").contains("MISTRAL_API_KEY"));
}

#[cfg(feature = "remote")]
#[test]
fn mistakes_are_told_with_their_place() {
    let of = |name: &str, more: &str| error(&format!("[providers.{name}]\n{more}"));
    for (name, more, expected) in [
        ("docling", "kind = \"opper\"", "goes by this name"),
        ("a", "kind = \"opper\"\nnonsense = 1", "nonsense"),
        ("a", "kind = \"openai\"", "docling_serve"),
        ("a", "kind = \"bifrost\"", "base_url: provider a: it needs one"),
        ("a", "kind = \"opper\"\nbase_url = \"ftp://x\"", "has to begin with https://"),
        ("a", "kind = \"opper\"\nbase_url = \"nonsense\"", "not a URL"),
        ("a", "kind = \"opper\"\nprice_per_page = -1.0", "[providers.a]: price_per_page"),
        ("a", "kind = \"opper\"\ntimeout_seconds = 0.0", "[providers.a]: timeout_seconds"),
        ("a", "kind = \"opper\"\nretries = 99", "[providers.a]: retries"),
        ("a", "kind = \"opper\"\nkey_env = \"\"", "[providers.a]: key_env"),
    ] {
        let error = of(name, more);
        assert!(error.contains(expected), "{more}: {error}");
    }
    let error = error("[fallbacks]\n\"docling-latest\" = [\"nobody/x\"]");
    assert!(error.contains("\"nobody/x\"") && error.contains("docling-latest"), "{error}");
}
