//! From a request to its answer.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Uri};

use super::slice::{Asked, Refusal};
use super::{View, host, page, prometheus, status};

pub(super) type Answer = Response<Full<Bytes>>;

/// Answers that many clients get, so that any number of them costs no more than one.
pub(super) struct Desk {
    view: Arc<View>,
    metrics: Mutex<Recent>,
    status: Mutex<Recent>,
}

/// What was answered last, and when.
type Recent = Option<(Instant, Bytes)>;

/// How old an answer may be.
const RECENT: Duration = Duration::from_millis(100);

/// The page brings everything along, and no other page may use what this one shows.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src 'self' blob:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

impl Desk {
    pub(super) fn new(view: Arc<View>) -> Desk {
        Desk { view, metrics: Mutex::default(), status: Mutex::default() }
    }

    /// The answer to a request; its body is never read. `local`: the address that the client came to.
    pub(super) async fn answer(&self, request: &Request<Incoming>, local: Option<IpAddr>) -> Answer {
        if request.method() != Method::GET && request.method() != Method::HEAD {
            let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "only GET is answered here");
            answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return answer;
        }
        if local.is_none_or(|ip| ip.is_loopback()) && !names_this_machine(request) {
            let why = "the name in the request is not that of this machine: ask for 127.0.0.1 or localhost";
            return text(StatusCode::FORBIDDEN, why);
        }
        match request.uri().path() {
            "/" => html(),
            "/metrics" => {
                let body = recent(&self.metrics, || prometheus::text(&self.view));
                answer(StatusCode::OK, prometheus::CONTENT_TYPE, body)
            }
            "/status.json" => {
                let body = recent(&self.status, || status::document(&self.view).to_string());
                answer(StatusCode::OK, "application/json", body)
            }
            "/slice.png" => self.slice(request.uri()).await,
            _ => text(StatusCode::NOT_FOUND, "there are /, /metrics, /status.json and /slice.png"),
        }
    }

    async fn slice(&self, uri: &Uri) -> Answer {
        let view = &self.view;
        let picture = match Asked::new(uri.query().unwrap_or(""), &view.watched) {
            Ok(asked) => view.slices.picture(asked, view).await,
            Err(refusal) => Err(refusal),
        };
        match picture {
            Ok(picture) => {
                let mut answer = answer(StatusCode::OK, "image/png", picture.png.clone());
                let facts = [
                    ("limbeck-step", picture.step.to_string()),
                    ("limbeck-cycle", picture.cycle.to_string()),
                    ("limbeck-low", picture.range.0.to_string()),
                    ("limbeck-high", picture.range.1.to_string()),
                    ("limbeck-every", picture.every.to_string()),
                ];
                for (name, value) in facts {
                    if let Ok(value) = HeaderValue::from_str(&value) {
                        answer.headers_mut().insert(HeaderName::from_static(name), value);
                    }
                }
                answer
            }
            Err(Refusal::Question(why)) => text(StatusCode::BAD_REQUEST, &why),
            Err(Refusal::Nothing(why)) => text(StatusCode::NOT_FOUND, &why),
            Err(Refusal::Later(why)) => {
                let mut answer = text(StatusCode::SERVICE_UNAVAILABLE, &why);
                answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
                answer
            }
            Err(Refusal::Failed(why)) => text(StatusCode::INTERNAL_SERVER_ERROR, &why),
        }
    }
}

/// On the loopback, a page from elsewhere whose name was made to lead here must not read this one.
fn names_this_machine(request: &Request<Incoming>) -> bool {
    let Some(told) = request.headers().get(header::HOST) else { return true };
    let Some(told) = told.to_str().ok().and_then(|h| h.parse::<hyper::http::uri::Authority>().ok()) else {
        return false;
    };
    let name = told.host().trim_start_matches('[').trim_end_matches(']');
    let own = [String::from("localhost"), host()];
    own.iter().any(|n| n.eq_ignore_ascii_case(name)) || name.parse::<IpAddr>().is_ok()
}

/// The answer of a moment ago, or a new one.
fn recent(kept: &Mutex<Recent>, make: impl FnOnce() -> String) -> Bytes {
    let mut kept = kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    match kept.as_ref().filter(|(at, _)| at.elapsed() < RECENT) {
        Some((_, body)) => body.clone(),
        None => {
            let body = Bytes::from(make());
            *kept = Some((Instant::now(), body.clone()));
            body
        }
    }
}

fn html() -> Answer {
    let mut answer = answer(StatusCode::OK, "text/html; charset=utf-8", page::html());
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    answer
}

/// A sentence.
fn text(status: StatusCode, why: &str) -> Answer {
    answer(status, "text/plain; charset=utf-8", format!("{why}\n").into())
}

fn answer(status: StatusCode, kind: &'static str, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}
