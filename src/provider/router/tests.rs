use std::sync::Mutex;

use serde_json::json;

use super::*;
use crate::source::Source;

/// A provider that fails as told, and notes what it was asked.
#[derive(Debug)]
struct Fake {
    name: &'static str,
    models: Vec<OcrModel>,
    error: Option<fn() -> Error>,
    gateway: bool,
    asked: Mutex<Vec<OcrRequest>>,
}

impl Fake {
    fn new(name: &'static str) -> Self {
        Self { name, models: Vec::new(), error: None, gateway: false, asked: Mutex::default() }
    }

    fn failing(name: &'static str, error: fn() -> Error) -> Arc<Self> {
        Arc::new(Self { error: Some(error), ..Self::new(name) })
    }

    fn asked(&self) -> Vec<OcrRequest> {
        self.asked.lock().unwrap().clone()
    }
}

impl OcrProvider for Fake {
    fn name(&self) -> &str {
        self.name
    }
    fn models(&self) -> Result<Vec<OcrModel>> {
        Ok(self.models.clone())
    }
    fn ocr(&self, request: &OcrRequest, _: &Call) -> Result<OcrResponse> {
        self.asked.lock().unwrap().push(request.clone());
        match self.error {
            Some(error) => Err(error()),
            None => {
                let model = request.model.clone().unwrap_or_else(|| "default".to_owned());
                Ok(OcrResponse::new("1", model, self.name))
            }
        }
    }
    fn takes_fallbacks(&self) -> bool {
        self.gateway
    }
}

fn local(error: Option<fn() -> Error>) -> Arc<Fake> {
    let model = OcrModel {
        id: "docling/docling-latest".to_owned(),
        aliases: ["docling-latest", "opper/docling-latest", SHARED, "recto"]
            .map(str::to_owned)
            .to_vec(),
        provider: "docling".to_owned(),
        price_per_page: Some(0.0),
        capabilities: vec!["pages".to_owned()],
    };
    Arc::new(Fake { models: vec![model], error, ..Fake::new("docling") })
}

fn no_credit() -> Error {
    Error::Remote {
        provider: "mistral".to_owned(),
        status: Some(402),
        detail: "no credit".to_owned(),
        retry_after: None,
    }
}

fn document() -> Source {
    Source::bytes(*b"%PDF-1.7", "a.pdf")
}

fn ask(router: &Router, model: &str, more: OcrRequest) -> Result<OcrResponse> {
    router.ocr(&OcrRequest { model: Some(model.to_owned()), ..more }, &Call::default())
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn names_lead_to_their_providers() {
    let mistral = Arc::new(Fake::new("mistral"));
    let gateway = Arc::new(Fake::new("gateway"));
    let alone = Router::new(local(None)).unwrap();
    let router = alone
        .clone()
        .with_provider(mistral, names(&[SHARED, "mistral-ocr-4"]))
        .unwrap()
        .with_provider(gateway, names(&["x", "mistral-ocr-4"]))
        .unwrap();
    for (model, provider, asked) in [
        ("", "docling", "default"),
        (" docling-latest ", "docling", "docling-latest"),
        ("docling/docling-latest", "docling", "docling/docling-latest"),
        ("opper/docling-latest", "docling", "opper/docling-latest"),
        ("recto", "docling", "recto"),
        (SHARED, "mistral", "mistral/mistral-ocr-latest"),
        ("mistral/anything", "mistral", "mistral/anything"),
        ("mistral", "mistral", "default"),
        ("gateway/mistral/x", "gateway", "gateway/mistral/x"),
        ("x", "gateway", "gateway/x"),
    ] {
        let response = ask(&router, model, OcrRequest::default()).unwrap();
        assert_eq!((response.provider.as_str(), response.model.as_str()), (provider, asked));
        assert_eq!(router.is_local(Some(model)).unwrap(), provider == "docling", "{model}");
    }
    assert_eq!(ask(&alone, SHARED, OcrRequest::default()).unwrap().provider, "docling");
    assert!(router.is_local(None).unwrap() && router.is_local(Some("gpt-5")).is_err());

    let error = ask(&router, "gpt-5", OcrRequest::default()).unwrap_err();
    assert!(matches!(error, Error::UnknownModel { .. }));
    let error = error.to_string();
    assert!(error.contains("\"gpt-5\"") && error.contains("mistral/mistral-ocr-4"), "{error}");
    assert!(matches!(
        ask(&router, "docling/other", OcrRequest::default()),
        Err(Error::UnknownModel { .. })
    ));
    let error = ask(&router, "mistral-ocr-4", OcrRequest::default()).unwrap_err().to_string();
    assert_eq!(
        error,
        "model: several providers have \"mistral-ocr-4\"; say mistral/mistral-ocr-4 or \
         gateway/mistral-ocr-4"
    );
}

#[test]
fn taken_names_are_refused() {
    let router = Router::new(local(None)).unwrap();
    for name in ["docling", "recto", "docling-latest", "", "a/b", " a"] {
        let refused = router.clone().with_provider(Arc::new(Fake::new(name)), []);
        assert!(matches!(refused, Err(Error::InvalidOption { .. })), "{name:?}");
    }
    let router = router.with_provider(Arc::new(Fake::new("opper")), []).unwrap();
    assert!(router.clone().with_provider(Arc::new(Fake::new("opper")), []).is_err());

    let alias = |model: &str| Alias { model: model.to_owned(), parameters: Map::new() };
    for name in ["", "recto", "opper", "opper/x", SHARED] {
        let refused = router.clone().with_alias(name, alias("recto"));
        assert!(matches!(refused, Err(Error::InvalidOption { .. })), "{name:?}");
    }
    let router = router.with_alias("quick", alias("recto")).unwrap();
    assert!(router.clone().with_alias("quick", alias("recto")).is_err());
    assert!(router.clone().with_alias("again", alias("quick")).is_err());
    let error = router.clone().with_fallbacks("quick", names(&["nobody/x"])).unwrap_err();
    let start =
        "fallbacks: those of \"quick\" lead nowhere: no provider serves the model \"nobody/x\"";
    assert!(error.to_string().starts_with(start), "{error}");
    assert!(router.with_fallbacks("nobody/x", names(&["quick"])).is_err());
}

#[test]
fn an_alias_brings_options_under_the_requests_own() {
    let here = local(None);
    let options = json!({ "lang": ["sv"], "force_ocr": true, "table_mode": "fast" });
    let Value::Object(parameters) = options else { panic!() };
    let alias = Alias { model: "docling/docling-latest".to_owned(), parameters };
    let router = Router::new(here.clone()).unwrap().with_alias("sv-scan", alias).unwrap();
    assert!(!router.is_local(Some("sv-scan")).unwrap(), "it has options of its own");
    let own = json!({ "ocr_lang": ["en"], "force_ocr": false, "dpi": 200, "table_mode": null });
    let request = OcrRequest { parameters: own, ..OcrRequest::default() };
    let response = ask(&router, "sv-scan", request).unwrap();
    assert_eq!(response.model, "docling/docling-latest");
    ask(&router, "sv-scan", OcrRequest::default()).unwrap();
    let asked = here.asked();
    assert_eq!(
        asked[0].parameters,
        json!({ "ocr_lang": ["en"], "force_ocr": false, "dpi": 200, "table_mode": "fast" })
    );
    assert_eq!(
        asked[1].parameters,
        json!({ "lang": ["sv"], "force_ocr": true, "table_mode": "fast" })
    );
    let listed = router.models().unwrap();
    assert_eq!((listed[1].id.as_str(), listed[1].provider.as_str()), ("sv-scan", "docling"));
    assert_eq!(listed[1].price_per_page, Some(0.0));
}

#[test]
fn fallbacks_come_in_order_and_say_why() {
    let mistral = Fake::failing("mistral", no_credit);
    let opper = Fake::failing("opper", || Error::stage("x", "broken"));
    let here = local(None);
    let router = Router::new(here.clone())
        .unwrap()
        .with_provider(mistral.clone(), names(&[SHARED]))
        .unwrap()
        .with_provider(opper.clone(), [])
        .unwrap()
        .with_fallbacks(SHARED, names(&["recto"]))
        .unwrap();
    let request = OcrRequest {
        fallbacks: names(&["opper/m", "nobody/m"]),
        parameters: json!({ "lang": ["sv"] }),
        ..OcrRequest::new(document())
    };
    let response = ask(&router, "mistral/mistral-ocr-latest", request).unwrap();
    assert_eq!((response.provider.as_str(), response.model.as_str()), ("docling", "recto"));
    let said: Vec<_> = response.warnings.iter().map(|w| w.message.as_str()).collect();
    assert!(said[0].starts_with("the fallback nobody/m has no effect: no provider serves"));
    assert_eq!(
        said[1..],
        [
            "recto read it, not mistral/mistral-ocr-latest: mistral: no credit",
            "recto read it, not opper/m: x failed"
        ]
    );
    assert_eq!(response.warnings[1].code, WarningCode::Fallback);
    for fake in [&mistral, &opper, &here] {
        let asked = &fake.asked()[0];
        assert_eq!(asked.parameters, json!({ "lang": ["sv"] }));
        assert!(asked.fallbacks.is_empty(), "the router tries them, and nobody else");
    }

    // Those of a provider are for all its models that have none of their own.
    let general = router.clone().with_fallbacks("mistral", names(&["docling-latest"])).unwrap();
    for (model, reader) in
        [("mistral", "docling-latest"), ("mistral/other", "docling-latest"), (SHARED, "recto")]
    {
        let response = ask(&general, model, OcrRequest::new(document())).unwrap();
        assert_eq!(response.model, reader, "{model}");
    }

    // Without a fallback of the configuration, the first one's error is told.
    let request = OcrRequest { fallbacks: names(&["opper/m"]), ..OcrRequest::new(document()) };
    let error = ask(&router, "mistral/other", request).unwrap_err();
    assert_eq!(error.to_string(), "mistral: no credit");
}

#[test]
fn mistakes_of_the_caller_lead_to_no_fallback() {
    let errors: [fn() -> Error; 6] = [
        || Error::invalid_option("lang", "x"),
        || Error::PageOutOfRange { name: "a".into(), page: 9, count: 1 },
        || Error::PasswordMissing { name: "a".into() },
        || Error::Cancelled,
        || Error::DeadlineExceeded,
        || Error::Fetch { url: "u".into(), detail: "d".into() },
    ];
    for error in errors {
        let other = Arc::new(Fake::new("other"));
        let router = Router::new(local(Some(error)))
            .unwrap()
            .with_provider(other.clone(), [])
            .unwrap()
            .with_fallbacks("recto", names(&["other/m"]))
            .unwrap();
        let told = ask(&router, "recto", OcrRequest::new(document())).unwrap_err();
        assert_eq!(told.to_string(), error().to_string());
        assert!(other.asked().is_empty(), "{told}");
    }
    let other = Arc::new(Fake::new("other"));
    let damaged = || Error::Damaged { name: "a".into(), detail: "d".into() };
    let router = Router::new(local(Some(damaged)))
        .unwrap()
        .with_provider(other.clone(), [])
        .unwrap()
        .with_fallbacks("recto", names(&["other/m"]))
        .unwrap();
    assert_eq!(ask(&router, "", OcrRequest::new(document())).unwrap().provider, "other");
}

#[test]
fn a_gateway_tries_its_own_models_itself() {
    let gateway = Arc::new(Fake { gateway: true, ..Fake::new("gateway") });
    let router = Router::new(local(None)).unwrap().with_provider(gateway.clone(), []).unwrap();
    let request = OcrRequest {
        fallbacks: names(&["gateway/b/2", "recto", "gateway/c/3", "gateway/a/1"]),
        ..OcrRequest::new(document())
    };
    ask(&router, "gateway/a/1", request).unwrap();
    let asked = gateway.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].fallbacks, ["b/2"]);
}

#[test]
fn a_document_is_read_from_disk_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.pdf");
    std::fs::write(&path, b"%PDF-1.7").unwrap();
    let mistral = Fake::failing("mistral", no_credit);
    let here = local(None);
    let router = Router::new(here.clone()).unwrap().with_provider(mistral.clone(), []).unwrap();
    let request =
        OcrRequest { fallbacks: names(&["recto"]), ..OcrRequest::new(Source::path(&path)) };
    ask(&router, "mistral/x", request).unwrap();
    let bytes = |fake: &Fake| match &fake.asked()[0].document {
        Source::Bytes { bytes, name } => {
            assert_eq!(name.as_deref(), Some("a.pdf"));
            Arc::clone(bytes)
        }
        other => panic!("{other:?}"),
    };
    assert!(Arc::ptr_eq(&bytes(&mistral), &bytes(&here)));
    // Alone, a file stays where it is.
    ask(&router, "recto", OcrRequest::new(Source::path(&path))).unwrap();
    assert!(matches!(here.asked()[1].document, Source::Path(_)));
}

#[test]
fn the_shared_name_is_listed_once() {
    let mistral = Arc::new(Fake {
        models: vec![OcrModel {
            id: "mistral/mistral-ocr-latest".to_owned(),
            aliases: names(&[SHARED]),
            provider: "mistral".to_owned(),
            price_per_page: None,
            capabilities: Vec::new(),
        }],
        ..Fake::new("mistral")
    });
    let router =
        Router::new(local(None)).unwrap().with_provider(mistral, names(&[SHARED])).unwrap();
    let all = router.models().unwrap();
    let owners: Vec<_> =
        all.iter().filter(|m| m.aliases.iter().any(|a| a == SHARED)).map(|m| &m.id).collect();
    assert_eq!(owners, ["mistral/mistral-ocr-latest"]);
}
