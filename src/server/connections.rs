//! Connections: so many at once, and closed where a client does not say what it wants.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_io_timeout::TimeoutStream;

/// Time for a request's head, and for the next request on a connection that is kept open. Heads are sent at
/// once by every client that means well.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// Time for a client to take the next piece of its answer.
const WRITE_TIME: Duration = Duration::from_secs(60);
/// Connections besides those that have a place in the queue: of others who are told that there is none, who
/// ask how their job is, who keep their connection open.
const BESIDES: usize = 416;
/// What is waited where no connection can be accepted, since the process has no descriptors left.
const PAUSE: Duration = Duration::from_millis(500);

/// Answers on the listener until `stop` is done, and then finishes what is under way. `queue` requests have
/// a place at once.
///
/// # Errors
///
/// None so far: a connection that cannot be accepted is another client's.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    queue: usize,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let rules =
        Rules { head_time: HEAD_TIME, write_time: WRITE_TIME, most: queue.saturating_add(BESIDES) };
    serve_with(listener, router, rules, stop).await
}

#[derive(Clone, Copy)]
struct Rules {
    head_time: Duration,
    write_time: Duration,
    /// Connections at once; others wait until they are accepted.
    most: usize,
}

async fn serve_with(
    listener: TcpListener,
    router: Router,
    rules: Rules,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(rules.head_time);
    let most = rules.most.min(Semaphore::MAX_PERMITS);
    let places = Arc::new(Semaphore::new(most));
    let (end, ending) = watch::channel(false);
    let mut stop = pin!(stop);
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            () = &mut stop => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) if is_clients(&error) => continue,
            Err(error) => {
                tracing::error!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let service = TowerToHyperService::new(router.clone());
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(rules.write_time));
        let stream = TokioIo::new(Box::pin(stream));
        let connection = http.serve_connection(stream, service).with_upgrades();
        let mut ending = ending.clone();
        tokio::spawn(async move {
            let mut connection = pin!(connection);
            let done = tokio::select! {
                done = connection.as_mut() => done,
                () = async { drop(ending.wait_for(|ending| *ending).await) } => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = done {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    // Each connection gives its place back when it has ended.
    let _ = end.send(true);
    let _ = places.acquire_many(u32::try_from(most).unwrap_or(u32::MAX)).await;
    Ok(())
}

/// Whether it was the client that went away.
fn is_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    /// A server with these rules, its address, and what ends it.
    async fn started(router: Router, rules: Rules) -> (SocketAddr, impl AsyncFnOnce()) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let stopped = async {
            let _ = stopped.await;
        };
        let server = tokio::spawn(serve_with(listener, router, rules, stopped));
        let end = async move || {
            stop.send(()).unwrap();
            let ended = tokio::time::timeout(Duration::from_secs(10), server).await;
            ended.expect("the server ends").unwrap().unwrap();
        };
        (address, end)
    }

    async fn asks(address: SocketAddr) -> TcpStream {
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
        client
    }

    const RULES: Rules = Rules {
        head_time: Duration::from_millis(200),
        write_time: Duration::from_millis(200),
        most: 2,
    };

    #[tokio::test]
    async fn a_head_that_never_ends_is_not_waited_for_and_others_are_answered() {
        let router = Router::new().route("/", get(|| async { "here" }));
        let (address, end) = started(router, RULES).await;
        let mut slow = TcpStream::connect(address).await.unwrap();
        slow.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ").await.unwrap();
        let mut answer = String::new();
        asks(address).await.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("here"), "{answer}");

        let mut rest = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(10), slow.read_to_end(&mut rest));
        let _ = closed.await.expect("the connection is closed");
        end().await;
    }

    /// They would hold all places for ever, and the end of the server too.
    #[tokio::test]
    async fn clients_that_do_not_take_their_answers_lose_their_places() {
        // More than the system keeps for a client.
        let long = "x".repeat(64 << 20);
        let router = Router::new().route("/", get(async move || long.clone()));
        let (address, end) = started(router, RULES).await;
        let lazy = [asks(address).await, asks(address).await];
        let mut third = asks(address).await;
        let mut first = [0; 12];
        let answered =
            tokio::time::timeout(Duration::from_secs(10), third.read_exact(&mut first)).await;
        answered.expect("it has a place").unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
        end().await;
        drop(lazy);
    }
}
