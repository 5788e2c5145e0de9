use super::*;
use crate::error::ErrorKind;
use crate::source::Source;

fn provider(kind: RemoteKind) -> RemoteProvider {
    RemoteProvider::new("there", kind, Some("http://127.0.0.1:1/v1/")).unwrap()
}

fn request(model: &str) -> OcrRequest {
    let document = Source::bytes(*b"%PDF-1.7", "a.pdf");
    OcrRequest { model: Some(model.to_owned()), ..OcrRequest::new(document) }
}

#[test]
fn the_version_of_an_address_is_not_said_twice() {
    assert_eq!(provider(RemoteKind::Mistral).service.base.as_str(), "http://127.0.0.1:1/");
    let other = RemoteProvider::new("a", RemoteKind::Opper, Some("https://x.org/ocr/v3")).unwrap();
    assert_eq!(other.service.base.as_str(), "https://x.org/ocr");
}

#[test]
fn a_service_does_not_hear_its_own_name() {
    let mistral = provider(RemoteKind::Mistral);
    let model = |asked: &str| mistral.model(&request(asked)).unwrap();
    assert_eq!(model("there/mistral-ocr-4"), "mistral-ocr-4");
    assert_eq!(model("therefore"), "therefore");
    assert_eq!(model("a/b"), "a/b");
    for none in ["", "there", "there/"] {
        assert_eq!(model(none), "mistral-ocr-latest", "{none:?}");
    }
    let opper = provider(RemoteKind::Opper);
    let error = opper.model(&request("")).unwrap_err().to_string();
    assert_eq!(error, "model: there needs one: there/MODEL");
    let opper = opper.with_models(["m".to_owned()]);
    assert_eq!(opper.model(&request("")).unwrap(), "m");
}

#[test]
fn a_missing_key_is_told_when_it_is_needed() {
    let key = RemoteKey::Env("RECTO_TEST_NO_SUCH_KEY".to_owned());
    let mistral = provider(RemoteKind::Mistral).with_key(key);
    let error = mistral.ocr(&request("m"), &Call::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotInstalled);
    assert_eq!(
        error.to_string(),
        "the key of the provider there was not found; put it into the environment variable \
         RECTO_TEST_NO_SUCH_KEY"
    );
    let given = provider(RemoteKind::Mistral).with_key(RemoteKey::Given("secret".to_owned()));
    assert!(!format!("{given:?}").contains("secret"));
}

#[test]
fn pages_are_named_one_by_one() {
    let document = Document::of(&request("m")).unwrap();
    let pages = |text: &str| {
        let request = OcrRequest { pages: Some(text.parse().unwrap()), ..request("m") };
        let asked = Asked { request: &request, model: "m", document: &document, provider: "there" };
        asked.pages()
    };
    assert_eq!(pages("4,0-2,1").unwrap(), Some(vec![0, 1, 2, 4]));
    let error = pages("7-").unwrap_err().to_string();
    assert_eq!(
        error,
        "pages: there does not tell how long the document is; name the last page of 7-"
    );
    assert!(pages("0-99999999").is_err());
}

#[test]
fn configured_models_are_listed_without_asking() {
    let mistral =
        provider(RemoteKind::Mistral).with_models(["m".to_owned()]).with_price_per_page(0.5);
    let models = mistral.models().unwrap();
    assert_eq!((models[0].id.as_str(), models[0].price_per_page), ("there/m", Some(0.5)));
    assert_eq!(models[0].aliases, ["m"]);
    // Nobody answers at this address: what is known without asking is listed.
    let models = provider(RemoteKind::Mistral).models().unwrap();
    assert_eq!(models[0].id, "there/mistral-ocr-latest");
    assert!(provider(RemoteKind::Opper).models().unwrap().is_empty());
}
