//! The only file that names the host's calls.

use std::sync::OnceLock;
use std::time::{Duration, UNIX_EPOCH};

use proxy_wasm::hostcalls;
use proxy_wasm::types::{BufferType, LogLevel, MapType, MetricType};
use sallyport_filter_core::Direction;
use sallyport_filter_core::config::Vault;
use sallyport_filter_core::signatures::VERIFY_SIGNATURE;
use sallyport_filter_core::{BUCKET_READS, ReadBucket};
use sallyport_filter_core::{
    CLIENT_NAMES, Call, CallAnswer, Head, Level, Line, Message, Now, Reply, Rewrite, SharedData,
    Signatures, StreamId, UnixTime, Writing,
};
use sallyport_model::{MARKER_HEADER, RESOLVE_PATH, SecretString};
use zeroize::Zeroizing;

use crate::abi;

/// The plugin's configuration.
pub(crate) fn configuration(size: usize) -> Vec<u8> {
    if size == 0 {
        return Vec::new();
    }
    hostcalls::get_buffer(BufferType::PluginConfiguration, 0, size)
        .ok()
        .flatten()
        .unwrap_or_default()
}

/// Both clocks; `None` if the host has no time, which no verdict can do without.
///
/// The second one is read as it is, not as time since a start: it is the same in every VM of the
/// process, so that a moment can be told to another one (`std::time::Instant` cannot).
pub(crate) fn now() -> Option<Now> {
    let since_1970 = hostcalls::get_current_time()
        .ok()?
        .duration_since(UNIX_EPOCH)
        .ok()?;
    #[expect(
        unsafe_code,
        reason = "the crate marks every call so; this one gets two numbers"
    )]
    let nanos = unsafe { wasi::clock_time_get(wasi::CLOCKID_MONOTONIC, 0) }.ok()?;
    Some(Now {
        wall: UnixTime(i64::try_from(since_1970.as_secs()).ok()?),
        uptime: Duration::from_nanos(nanos),
    })
}

/// Fills bytes with the host's own randomness: no two machines, and no machine and the one that took its
/// place, draw the same. Whether it could.
pub(crate) fn random(bytes: &mut [u8]) -> bool {
    #[expect(
        unsafe_code,
        reason = "the crate marks every call so; the host writes into these bytes and no others"
    )]
    let drawn = unsafe { wasi::random_get(bytes.as_mut_ptr(), bytes.len()) };
    drawn.is_ok()
}

/// Who verifies signatures. The host is put to the test once per VM, which several filters share.
pub(crate) fn signatures() -> Signatures {
    static TRIED: OnceLock<Signatures> = OnceLock::new();
    let tried = TRIED.get_or_init(|| {
        Signatures::tried(|arguments| {
            hostcalls::call_foreign_function(VERIFY_SIGNATURE, Some(arguments))
                .ok()
                .flatten()
        })
    });
    tried.clone()
}

/// An attribute of the current stream; empty ones are absent ones.
pub(crate) fn attribute(path: &[&str]) -> Option<Vec<u8>> {
    hostcalls::get_property(path.to_vec())
        .ok()
        .flatten()
        .filter(|value| !value.is_empty())
}

pub(crate) fn request_header(name: &str) -> Option<Vec<u8>> {
    hostcalls::get_map_value_bytes(MapType::HttpRequestHeaders, name)
        .ok()
        .flatten()
}

/// All header lines of the request.
pub(crate) fn request_head(ends: bool) -> Head {
    let lines = hostcalls::get_map_bytes(MapType::HttpRequestHeaders).unwrap_or_default();
    Head::new(lines, ends)
}

/// So many bytes of the request's body, all of which are there.
pub(crate) fn request_body(size: usize) -> Zeroizing<Vec<u8>> {
    body(BufferType::HttpRequestBody, size)
}

/// All header lines of the response.
pub(crate) fn response_head(ends: bool) -> Head {
    let lines = hostcalls::get_map_bytes(MapType::HttpResponseHeaders).unwrap_or_default();
    Head::new(lines, ends)
}

/// So many bytes of the response's body, all of which are there.
pub(crate) fn response_body(size: usize) -> Zeroizing<Vec<u8>> {
    body(BufferType::HttpResponseBody, size)
}

fn body(buffer: BufferType, size: usize) -> Zeroizing<Vec<u8>> {
    let body = match size {
        0 => None,
        size => hostcalls::get_buffer(buffer, 0, size).ok().flatten(),
    };
    Zeroizing::new(body.unwrap_or_default())
}

pub(crate) fn remove_request_header(name: &str) {
    let _ = hostcalls::remove_map_value(MapType::HttpRequestHeaders, name);
}

pub(crate) fn add_request_header(name: &str, value: &SecretString) {
    let _ = hostcalls::add_map_value(MapType::HttpRequestHeaders, name, value.expose());
}

pub(crate) fn set_target(target: &SecretString) {
    let target = Some(target.expose());
    let _ = hostcalls::set_map_value(MapType::HttpRequestHeaders, ":path", target);
}

/// Gives the message a new body, and sets what is said of it. Whether the body is there.
pub(crate) fn rewrite(rewrite: &Rewrite) -> bool {
    let (headers, buffer) = match rewrite.message {
        Message::Request => (MapType::HttpRequestHeaders, BufferType::HttpRequestBody),
        Message::Response => (MapType::HttpResponseHeaders, BufferType::HttpResponseBody),
    };
    for name in rewrite.remove {
        let _ = hostcalls::remove_map_value(headers, name);
    }
    for (name, value) in &rewrite.set {
        let _ = hostcalls::set_map_value(headers, name, Some(value.as_str()));
    }
    let body = rewrite.body.as_ref();
    body.is_none_or(|body| abi::replace_buffer(buffer, body))
}

pub(crate) fn resume_request() {
    let _ = hostcalls::resume_http_request();
}

pub(crate) fn resume_response() {
    let _ = hostcalls::resume_http_response();
}

/// Lets what the client sent go on. There is no such call for what the server sent: Envoy does not
/// implement it, and the SDK panics on that.
pub(crate) fn resume_client() {
    let _ = hostcalls::resume_downstream();
}

/// Closes the connection of the client; Envoy then closes that to the server.
pub(crate) fn close_connection() {
    let _ = hostcalls::close_downstream();
}

pub(crate) fn reply(reply: &Reply) {
    let headers = [
        ("content-type", "application/json"),
        (Reply::REASON_HEADER, reply.reason.code()),
        (
            "www-authenticate",
            reply.challenge.as_deref().unwrap_or_default(),
        ),
    ];
    let headers = match &reply.challenge {
        Some(_) => headers.as_slice(),
        None => headers.get(..2).unwrap_or_default(),
    };
    abi::send_local_response(reply.status(), &reply.details(), headers, &reply.body());
}

/// Puts a value beside the current stream, where an access log finds it:
/// `%FILTER_STATE(wasm.sallyport.downstream:PLAIN)%`.
pub(crate) fn note(direction: Direction, note: &str) {
    let name = match direction {
        Direction::Downstream => "sallyport.downstream",
        Direction::Upstream => "sallyport.upstream",
    };
    abi::set_property(name, note);
}

/// Tells the other filters of the current request who its client is.
pub(crate) fn tell_client_names(names: &str) {
    abi::set_property(CLIENT_NAMES, names);
}

/// Makes a stream, or the root, the one that host calls are about. Whether it is still there.
pub(crate) fn enter(context: u32) -> bool {
    hostcalls::set_effective_context(context).is_ok()
}

/// Ticks from now on with this period.
pub(crate) fn tick(period: Duration) {
    let _ = hostcalls::set_tick_period(period);
}

/// Makes a call; its token. `None` if the host does not know the cluster (yet).
pub(crate) fn call(vault: &Vault, call: &Call) -> Option<u32> {
    let headers = vec![
        (":method", "POST"),
        (":path", RESOLVE_PATH),
        (":authority", vault.authority.as_str()),
        ("content-type", "application/json"),
        ("accept", "application/json"),
    ];
    let body = Some(call.body.as_bytes());
    hostcalls::dispatch_http_call(&vault.cluster, headers, body, Vec::new(), call.timeout).ok()
}

/// What came back on a call. Without headers there was no answer, and asking for them would trap.
pub(crate) fn call_answer(headers: usize, body_size: usize) -> Option<CallAnswer> {
    if headers == 0 {
        return None;
    }
    let header = |name| {
        hostcalls::get_map_value_bytes(MapType::HttpCallResponseHeaders, name)
            .ok()
            .flatten()
    };
    let body = match body_size {
        0 => None,
        size => hostcalls::get_buffer(BufferType::HttpCallResponseBody, 0, size)
            .ok()
            .flatten(),
    };
    let status =
        header(":status").and_then(|status| std::str::from_utf8(&status).ok()?.parse().ok());
    let marker = header(MARKER_HEADER);
    Some(CallAnswer::new(status, marker, body.unwrap_or_default()))
}

/// The host's shared data: of the virtual machines with the same id.
pub(crate) struct Shared;

impl SharedData for Shared {
    fn read(&self, key: &str) -> (Zeroizing<Vec<u8>>, Option<Writing>) {
        let (value, writing) = hostcalls::get_shared_data(key).unwrap_or_default();
        let value = Zeroizing::new(value.unwrap_or_default());
        (value, writing.map(Writing))
    }

    fn replace(&self, key: &str, value: &[u8], seen: Option<Writing>) -> bool {
        // The host compares only what is there: with a number that it never gives, a new key is
        // written, and one that somebody else has just made is not.
        let seen = seen.map_or(u32::MAX, |writing| writing.0);
        hostcalls::set_shared_data(key, Some(value), Some(seen)).is_ok()
    }

    fn reader(&self) -> ReadBucket {
        |key| {
            static READS: OnceLock<Option<u32>> = OnceLock::new();
            if let Some(reads) = READS.get_or_init(|| counter(BUCKET_READS)) {
                increment(*reads, 1);
            }
            hostcalls::get_shared_data(key).ok()?.0
        }
    }

    fn write(&self, key: &str, value: &[u8]) {
        let _ = hostcalls::set_shared_data(key, Some(value), None);
    }
}

/// Defines a counter.
pub(crate) fn counter(name: &str) -> Option<u32> {
    hostcalls::define_metric(MetricType::Counter, name).ok()
}

/// Defines a gauge.
pub(crate) fn gauge(name: &str) -> Option<u32> {
    hostcalls::define_metric(MetricType::Gauge, name).ok()
}

pub(crate) fn show(gauge: u32, number: u64) {
    let _ = hostcalls::record_metric(gauge, number);
}

pub(crate) fn increment(counter: u32, by: u32) {
    let _ = hostcalls::increment_metric(counter, i64::from(by));
}

/// Writes a line that the brain made: those are free of secrets.
pub(crate) fn log(line: &Line) {
    let level = match line.level {
        Level::Debug => LogLevel::Debug,
        Level::Info => LogLevel::Info,
        Level::Warn => LogLevel::Warn,
    };
    let _ = hostcalls::log(level, &format!("sallyport: {}", line.text));
}

/// Says why the filter does not start.
pub(crate) fn log_refusal(error: &dyn std::fmt::Display) {
    let _ = hostcalls::log(
        LogLevel::Error,
        &format!("sallyport: configuration refused: {error}"),
    );
}

/// The number by which the host knows a stream.
pub(crate) const fn context(stream: StreamId) -> u32 {
    stream.0
}
