//! What an attacker may write into a URL, a redirect or a name server. No test sends anything to another
//! machine: who connects is a recorder.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectionDetails, Connector, NextTimeout};

use super::super::public::agent_of;
use super::*;
use crate::error::ErrorKind;
use crate::limits::Limits;
use crate::source::Source;

fn refused(url: &str) -> String {
    let error = Source::Url(Url::parse(url).unwrap()).load(UrlPolicy::Public).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Fetch, "{url}: {error:?}");
    error.chain()
}

#[test]
fn no_way_to_write_a_private_address_is_fetched() {
    for host in [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "0177.0.0.1",
        "0x7f000001",
        "0x7f.0.0.1",
        "2130706433",
        "017700000001",
        "0",
        "0.0.0.0",
        "%31%32%37.0.0.1",
        "①②⑦.0.0.1",
        "localhost",
        "LOCALHOST.",
        "10.0.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "2852039166",
        "100.100.100.200",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[fe80::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::a00:1]",
        "[2002:7f00:1::]",
        "[2002:a00:1::1]",
        "[2001:0:7f00:1::]",
    ] {
        for (port, user) in [("", ""), (":8080", ""), (":65535", "a:b@"), ("", "8.8.8.8@")] {
            let url = format!("http://{user}{host}{port}/latest/meta-data");
            let error = refused(&url);
            // A machine may not know the names of its own address.
            let unknown =
                |what: &str| host.to_lowercase().contains("localhost") && error.contains(what);
            assert!(
                error.contains("not a public address")
                    || unknown("no such host")
                    || unknown("failed to lookup"),
                "{url}: {error}"
            );
        }
    }
}

#[test]
fn zones_are_no_hosts_and_other_schemes_are_not_fetched() {
    for url in ["http://[fe80::1%25lo]/a.pdf", "http://[fe80::1%lo]/a.pdf", "http://[::1]@x/"] {
        let error = Source::parse(url).and_then(|source| source.load(UrlPolicy::Public));
        assert!(error.is_err(), "{url}");
    }
    for url in [
        "gopher://127.0.0.1:6379/_x",
        "ftp://x.example/a.pdf",
        "dict://x:1/",
        "ldap://x/",
        "ws://x/",
    ] {
        let error = refused(url);
        assert!(error.contains("none of http, https, file"), "{url}: {error}");
    }
}

/// Answers every request with a redirect to this place.
fn redirecting(to: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while lines.next().is_some_and(|l| l.is_ok_and(|l| !l.is_empty())) {}
            let head = format!(
                "HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\
                 connection: close\r\n\r\n"
            );
            let _ = stream.write_all(head.as_bytes());
        }
    });
    origin
}

#[test]
fn a_redirect_leads_to_no_private_address_and_no_other_scheme() {
    for to in [
        "http://127.0.0.1:1/",
        "http://127.1:1/",
        "http://0x7f.1:1/",
        "http://2130706433:1/",
        "http://[::1]:1/",
        "http://[::ffff:127.0.0.1]:1/",
        "http://user:pw@127.0.0.2:1/",
        "https://169.254.169.254/",
        "//192.168.0.1/a.pdf",
        "file:///etc/passwd",
        "gopher://127.0.0.2:1/_",
        "ftp://127.0.0.2/a",
        "data:application/pdf;base64,JVBERg==",
    ] {
        // The first host is allowed by its name; where it leads is not.
        let rules =
            FetchRules { hosts: vec![host("localhost").unwrap()], ..UrlPolicy::Public.into() };
        let origin = redirecting(to).replace("127.0.0.1", "localhost");
        let source = Source::parse(&format!("{origin}/go")).unwrap();
        let error =
            source.load_with(rules, &Limits::default(), &Call::default()).unwrap_err().chain();
        assert!(!error.contains("root:") && !error.contains("pw"), "{to}: {error}");
        if to.starts_with("http") || to.starts_with("//") {
            assert!(error.contains("not a public address"), "{to}: {error}");
        }
    }
}

/// A name server that says something else each time it is asked.
#[derive(Debug)]
struct Changing {
    answers: Vec<Vec<SocketAddr>>,
    asked: Arc<AtomicUsize>,
}

impl Resolver for Changing {
    fn resolve(
        &self,
        _: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> std::result::Result<ResolvedSocketAddrs, ureq::Error> {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst);
        let mut all = self.empty();
        for address in &self.answers[turn.min(self.answers.len() - 1)] {
            all.push(*address);
        }
        Ok(all)
    }
}

/// Notes what it is to connect to, and connects to nothing.
#[derive(Clone, Debug, Default)]
struct Recorder(Arc<Mutex<Vec<SocketAddr>>>);

impl Connector for Recorder {
    type Out = ();

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> std::result::Result<Option<()>, ureq::Error> {
        self.0.lock().unwrap().extend(details.addrs.iter());
        Ok(None)
    }
}

/// What is connected to where a name stands for these addresses, answer by answer; and how often the name
/// server is asked.
fn connected(answers: &[&[&str]]) -> (Vec<String>, usize, String) {
    let answers =
        answers.iter().map(|answer| answer.iter().map(|a| a.parse().unwrap()).collect()).collect();
    let asked = Arc::new(AtomicUsize::new(0));
    let names = Changing { answers, asked: Arc::clone(&asked) };
    let recorder = Recorder::default();
    let config = ureq::Agent::config_builder().proxy(None).build();
    let agent = agent_of(config, Vec::new(), names, recorder.clone());
    let error = agent.get("http://rebinding.example/a.pdf").call().unwrap_err();
    let seen = recorder.0.lock().unwrap().iter().map(ToString::to_string).collect();
    (seen, asked.load(Ordering::SeqCst), error.to_string())
}

#[test]
fn the_address_that_was_checked_is_the_one_connected_to() {
    // A second question would be answered with this machine.
    let (seen, asked, _) = connected(&[&["8.8.8.8:80"], &["127.0.0.1:80"]]);
    assert_eq!((seen, asked), (vec!["8.8.8.8:80".to_owned()], 1));
}

#[test]
fn private_addresses_among_public_ones_are_not_tried() {
    let mixed: &[&str] = &["127.0.0.1:80", "8.8.8.8:80", "[::1]:80", "10.0.0.1:80"];
    let (seen, asked, _) = connected(&[mixed]);
    assert_eq!((seen, asked), (vec!["8.8.8.8:80".to_owned()], 1));
}

#[test]
fn a_name_of_private_addresses_alone_is_not_connected_to() {
    let (seen, _, error) = connected(&[&["10.0.0.1:80", "[fd00::1]:80"]]);
    assert!(seen.is_empty() && error.contains("is not a public address"), "{seen:?} {error}");
}
