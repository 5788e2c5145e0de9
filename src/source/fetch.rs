//! Documents behind URLs.

use std::net::Ipv6Addr;
use std::time::Duration;

use url::{Host, Url};

use super::{DOCUMENT_BYTES, Most, UrlPolicy, read_file};
#[cfg(feature = "remote")]
use super::{ReadError, read_limited};
use crate::call::Call;
use crate::error::{Error, Result};
pub(super) use crate::options::url_without_secrets as without_secrets;

/// The whole download, where the call has no deadline: the size limit at about 30 Mbit/s.
const WHOLE: Duration = Duration::from_secs(300);

/// What the limit of downloads is called.
const FETCH_BYTES: &str = "max_mb of [fetch]";

/// What may be fetched.
#[derive(Clone, Debug)]
// A build that fetches nothing has no use for the details.
#[cfg_attr(not(feature = "remote"), allow(dead_code))]
pub(crate) struct FetchRules {
    pub(crate) policy: UrlPolicy,
    /// Hosts that may have addresses that are not public, under [`UrlPolicy::Public`].
    pub(crate) hosts: Vec<Host>,
    /// Largest download, in bytes, where that is below the limit of documents.
    pub(crate) max_bytes: u64,
    /// Longest time of a download.
    pub(crate) timeout: Duration,
}

impl Default for FetchRules {
    fn default() -> Self {
        Self {
            policy: UrlPolicy::default(),
            hosts: Vec::new(),
            max_bytes: u64::MAX,
            timeout: WHOLE,
        }
    }
}

impl From<UrlPolicy> for FetchRules {
    fn from(policy: UrlPolicy) -> Self {
        Self { policy, ..Self::default() }
    }
}

/// A host as URLs name it: `example.org`, `192.168.1.2`, `[::1]` or `::1`. Names are compared as they
/// are after normalisation: lower case, Punycode, without a dot at the end; numbers in all the ways
/// that URLs write them.
///
/// # Errors
///
/// [`Error::InvalidOption`] where it is none.
pub(crate) fn host(text: &str) -> Result<Host> {
    if let Ok(address) = text.parse::<Ipv6Addr>() {
        return Ok(Host::Ipv6(address));
    }
    Host::parse(text.strip_suffix('.').unwrap_or(text)).map_err(|error| {
        let detail = format!("{text:?} is no host ({error}); name one without scheme and port");
        Error::invalid_option("allow_hosts", detail)
    })
}

/// Downloads the document, where the rules allow it.
pub(super) fn fetch(
    url: &Url,
    name: &str,
    rules: &FetchRules,
    max_bytes: u64,
    call: &Call,
) -> Result<Vec<u8>> {
    let policy = rules.policy;
    let most = match rules.max_bytes < max_bytes {
        true => (rules.max_bytes, FETCH_BYTES),
        false => (max_bytes, DOCUMENT_BYTES),
    };
    if policy == UrlPolicy::Refuse {
        return Err(Error::FetchRefused { url: without_secrets(url) });
    }
    match url.scheme() {
        "file" if policy == UrlPolicy::Public => {
            Err(failed(url, "files of this machine are refused; only http and https are allowed"))
        }
        "file" => {
            let path = url
                .to_file_path()
                .map_err(|()| failed(url, "it does not name a file of this machine"))?;
            read_file(&path, &path, name, (max_bytes, DOCUMENT_BYTES))
        }
        "http" | "https" => download(url, name, rules, most, call),
        other => Err(failed(url, format!("{other:?} is none of http, https, file"))),
    }
}

pub(super) fn failed(url: &Url, detail: impl Into<String>) -> Error {
    Error::Fetch { url: without_secrets(url), detail: detail.into() }
}

#[cfg(not(feature = "remote"))]
fn download(
    url: &Url,
    _name: &str,
    _rules: &FetchRules,
    _most: Most,
    _call: &Call,
) -> Result<Vec<u8>> {
    Err(failed(url, "this build cannot fetch URLs; enable the feature \"remote\""))
}

#[cfg(feature = "remote")]
fn download(url: &Url, name: &str, rules: &FetchRules, most: Most, call: &Call) -> Result<Vec<u8>> {
    /// Signed links and short links need two or three.
    const REDIRECTS: u32 = 5;

    call.check()?;
    let agent = agent(rules, REDIRECTS, rules.timeout, call);
    let stopped = |e: ureq::Error| match call.check() {
        Err(overdue) => overdue,
        Ok(()) => failed(url, reason(e)),
    };
    let accept = "application/pdf, image/*;q=0.9, */*;q=0.5";
    let response = agent.get(url.as_str()).header("accept", accept).call();
    let mut response = response.map_err(stopped)?;
    let length = response.body().content_length();
    if let Some(length) = length {
        super::check_size(name, length, most)?;
    }
    // One more than the limit, so that the limit here speaks first.
    let reader = response.body_mut().with_config().limit(most.0.saturating_add(2)).reader();
    read_limited(reader, name, most).map_err(|e| match e {
        ReadError::Io(source) => stopped(ureq::Error::from(source)),
        ReadError::Other(error) => error,
    })
}

/// Whoever reaches URLs by these rules, within a time that the call's deadline may shorten.
#[cfg(feature = "remote")]
pub(super) fn agent(
    rules: &FetchRules,
    redirects: u32,
    timeout: Duration,
    call: &Call,
) -> ureq::Agent {
    /// A server that has not taken the connection by then is not there.
    const CONNECT: Duration = Duration::from_secs(15);

    let config = ureq::Agent::config_builder()
        .timeout_connect(Some(CONNECT))
        .timeout_global(Some(call.remaining().map_or(timeout, |left| left.min(timeout))))
        .max_redirects(redirects)
        .user_agent(concat!("recto/", env!("CARGO_PKG_VERSION")));
    match rules.policy {
        UrlPolicy::Public => super::public::agent(config.proxy(None).build(), rules.hosts.clone()),
        _ => config.build().new_agent(),
    }
}

/// Why a download failed, in words that cannot repeat the URL.
#[cfg(feature = "remote")]
pub(super) fn reason(error: ureq::Error) -> String {
    match error {
        ureq::Error::StatusCode(status) => format!("the server answered with status {status}"),
        ureq::Error::HostNotFound => "no such host".to_owned(),
        ureq::Error::Timeout(step) => format!("it took too long ({step})"),
        ureq::Error::TooManyRedirects => "it redirects too often".to_owned(),
        ureq::Error::ConnectionFailed => "nobody takes the connection".to_owned(),
        ureq::Error::Io(own) if own.kind() == std::io::ErrorKind::ConnectionRefused => {
            "nobody takes the connection".to_owned()
        }
        ureq::Error::BadUri(_) => "it leads to a malformed URL".to_owned(),
        ureq::Error::Other(own) => own.to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
#[cfg(feature = "remote")]
mod hostile;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    #[test]
    fn refused_by_default_with_the_way_to_allow_it() {
        let source = Source::parse("https://me:secret@x.org/a.pdf?key=1#p").unwrap();
        let error = source.load(UrlPolicy::Refuse).unwrap_err().to_string();
        assert!(error.starts_with("cannot fetch https://x.org/a.pdf: "), "{error}");
        assert!(error.contains("url_policy(UrlPolicy::Any)"), "{error}");
    }

    #[test]
    fn file_urls_need_the_same_consent() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a b.pdf");
        std::fs::write(&path, b"%PDF-1.7").unwrap();
        let source = Source::Url(Url::from_file_path(&path).unwrap());
        assert!(source.load(UrlPolicy::Refuse).is_err());
        assert_eq!(source.load(UrlPolicy::Any).unwrap().name, "a b.pdf");
    }

    #[test]
    fn public_urls_are_not_files() {
        let source = Source::parse("file:///etc/passwd").unwrap();
        let error = source.load(UrlPolicy::Public).unwrap_err().to_string();
        assert!(error.contains("files of this machine are refused"), "{error}");
    }

    #[cfg(not(feature = "remote"))]
    #[test]
    fn a_build_without_the_feature_says_so() {
        let error = Source::parse("http://127.0.0.1:9/").unwrap().load(UrlPolicy::Any).unwrap_err();
        assert!(error.to_string().contains("\"remote\""), "{error}");
    }

    #[cfg(feature = "remote")]
    mod remote {
        use std::io::{BufRead, BufReader, Write};
        use std::net::TcpListener;
        use std::time::Instant;

        use super::*;
        use crate::error::ErrorKind;
        use crate::limits::Limits;

        /// A server on the loopback interface that answers each path in its own way.
        fn serve() -> String {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let origin = format!("http://{}", listener.local_addr().unwrap());
            std::thread::spawn(move || {
                for stream in listener.incoming() {
                    let mut stream = stream.unwrap();
                    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                    let first = lines.next().unwrap().unwrap();
                    while lines.next().is_some_and(|l| l.is_ok_and(|l| !l.is_empty())) {}
                    let answer: &[u8] = match first.split(' ').nth(1).unwrap() {
                        "/a.pdf" => b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\nconnection: close\r\n\r\n%PDF-1.7",
                        "/endless" => b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n%PDF-1.7 and on and on",
                        "/moved" => b"HTTP/1.1 302 Found\r\nlocation: /a.pdf\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                        "/elsewhere" => b"HTTP/1.1 302 Found\r\nlocation: http://localhost:1/a.pdf\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                        "/metadata" => b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                        "/loop" => b"HTTP/1.1 302 Found\r\nlocation: /loop\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                        "/slow" => {
                            std::thread::sleep(Duration::from_secs(3));
                            b""
                        }
                        _ => b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                    };
                    let _ = stream.write_all(answer);
                }
            });
            origin
        }

        fn load(url: String, max_bytes: u64) -> Result<super::super::super::Input> {
            let limits = Limits { document_bytes: max_bytes, ..Limits::default() };
            Source::parse(&url).unwrap().load_with(UrlPolicy::Any, &limits, &Call::default())
        }

        #[test]
        fn downloads_follow_redirects_and_keep_limits() {
            let origin = serve();
            assert_eq!(load(format!("{origin}/a.pdf"), 8).unwrap().name, "a.pdf");
            assert_eq!(load(format!("{origin}/moved"), 8).unwrap().content.bytes(), b"%PDF-1.7");
            for path in ["a.pdf", "endless"] {
                let error = load(format!("{origin}/{path}"), 7).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
            }
        }

        #[test]
        fn private_addresses_are_refused_under_every_name_of_theirs() {
            let origin = serve();
            let port = origin.rsplit(':').next().unwrap();
            for host in
                ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"]
            {
                let url = format!("http://{host}:{port}/a.pdf");
                let error = Source::parse(&url).unwrap().load(UrlPolicy::Public).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Fetch);
                let error = error.chain();
                // A machine without IPv6 may not know the name at all.
                assert!(error.contains("not a public address"), "{host}: {error}");
            }
        }

        fn with_hosts(hosts: &[&str]) -> FetchRules {
            let hosts = hosts.iter().map(|name| host(name).unwrap()).collect();
            FetchRules { hosts, ..UrlPolicy::Public.into() }
        }

        fn load_by(url: &str, rules: FetchRules) -> Result<super::super::super::Input> {
            Source::parse(url).unwrap().load_with(rules, &Limits::default(), &Call::default())
        }

        #[test]
        fn hosts_that_are_named_may_be_private_under_every_name_of_theirs() {
            let origin = serve();
            let port = origin.rsplit(':').next().unwrap();
            for (named, host) in [
                ("127.0.0.1", "127.0.0.1"),
                ("127.0.0.1", "2130706433"),
                ("0x7f.1", "127.0.0.1"),
                ("LOCALHOST.", "localhost"),
                ("localhost", "LocalHost"),
            ] {
                let url = format!("http://{host}:{port}/a.pdf");
                let input = load_by(&url, with_hosts(&[named]));
                assert_eq!(input.unwrap().name, "a.pdf", "{named} {host}");
            }
            // Another name of the same machine is another host.
            let error =
                load_by(&format!("http://localhost:{port}/a.pdf"), with_hosts(&["127.0.0.1"]));
            let error = error.unwrap_err().chain();
            assert!(error.contains("localhost is not a public address"), "{error}");
        }

        #[test]
        fn a_host_that_is_named_cannot_lead_to_one_that_is_not() {
            let origin = serve();
            let hosts = with_hosts(&["127.0.0.1"]);
            let moved = load_by(&format!("{origin}/moved"), hosts.clone());
            assert_eq!(moved.unwrap().content.bytes(), b"%PDF-1.7");
            for path in ["/elsewhere", "/metadata"] {
                let error = load_by(&format!("{origin}{path}"), hosts.clone()).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Fetch);
                let error = error.chain();
                assert!(error.contains("is not a public address"), "{path}: {error}");
            }
        }

        #[test]
        fn downloads_keep_to_the_rules_size_and_time() {
            let origin = serve();
            let rules = with_hosts(&["127.0.0.1"]);
            let small = FetchRules { max_bytes: 7, ..rules.clone() };
            let error = load_by(&format!("{origin}/a.pdf"), small.clone()).unwrap_err();
            let message = "a.pdf is too large: its 8 bytes exceed the limit of 7 bytes (limit max_mb of \
                           [fetch])";
            assert_eq!(error.to_string(), message);
            let error = load_by(&format!("{origin}/endless"), small).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TooLarge);
            let hasty = FetchRules { timeout: Duration::from_millis(200), ..rules };
            let start = Instant::now();
            let error = load_by(&format!("{origin}/slow"), hasty).unwrap_err();
            assert!(error.chain().contains("it took too long"), "{}", error.chain());
            assert!(start.elapsed() < Duration::from_secs(2));
        }

        #[test]
        fn hosts_are_compared_as_they_are_after_normalisation() {
            for (one, other) in [
                ("X.example.", "x.EXAMPLE"),
                ("[::1]", "::1"),
                ("0x7f.1", "127.0.0.1"),
                ("ö", "xn--nda"),
            ] {
                assert_eq!(host(one).unwrap(), host(other).unwrap());
            }
            assert_ne!(host("a.x.example").unwrap(), host("x.example").unwrap());
        }

        #[test]
        fn what_is_no_host_is_an_error() {
            for text in ["http://x", "x:80", "a b", ""] {
                let error = host(text).unwrap_err().to_string();
                assert!(error.starts_with("allow_hosts: ") && error.contains(text), "{error}");
            }
        }

        #[test]
        fn failures_are_told_without_secrets() {
            let origin = serve();
            let error = load(format!("{origin}/none?token=secret"), 99).unwrap_err().chain();
            assert_eq!(
                error,
                format!("cannot fetch {origin}/none: the server answered with status 404")
            );
            let error = load(format!("{origin}/loop"), 99).unwrap_err().chain();
            assert!(error.ends_with("it redirects too often"), "{error}");
        }

        #[test]
        fn downloads_end_at_the_deadline() {
            let url = format!("{}/slow", serve());
            let call = Call::default().with_timeout(Some(Duration::from_millis(200)));
            let start = Instant::now();
            let source = Source::parse(&url).unwrap();
            let error = source.load_with(UrlPolicy::Any, &Limits::default(), &call).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
            assert!(start.elapsed() < Duration::from_secs(2));
        }
    }
}
