//! Calls of the host of which the SDK makes less than there is: a property or a body that cannot be set is
//! no reason to trap, and a local reply has details for the access log.

use proxy_wasm::types::BufferType;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_set_property(
        path: *const u8,
        path_size: usize,
        value: *const u8,
        value_size: usize,
    ) -> u32;

    fn proxy_set_buffer_bytes(
        buffer: BufferType,
        start: usize,
        size: usize,
        value: *const u8,
        value_size: usize,
    ) -> u32;

    fn proxy_send_local_response(
        status: u32,
        details: *const u8,
        details_size: usize,
        body: *const u8,
        body_size: usize,
        headers: *const u8,
        headers_size: usize,
        grpc_status: i32,
    ) -> u32;
}

/// gRPC clients get the status that Envoy derives from the HTTP one.
const NO_GRPC_STATUS: i32 = -1;

/// Sets a property of the current stream, by a path of one part. Whether that was possible.
pub(crate) fn set_property(name: &str, value: &str) -> bool {
    // SAFETY: the host reads both texts during the call, and keeps neither.
    let status =
        unsafe { proxy_set_property(name.as_ptr(), name.len(), value.as_ptr(), value.len()) };
    status == 0
}

/// Puts these bytes in place of all that is in a buffer. Whether that was possible.
pub(crate) fn replace_buffer(buffer: BufferType, bytes: &[u8]) -> bool {
    // SAFETY: the host reads the bytes during the call, and does not keep them.
    let status =
        unsafe { proxy_set_buffer_bytes(buffer, 0, usize::MAX, bytes.as_ptr(), bytes.len()) };
    status == 0
}

/// Answers the current request. Whether that was possible.
pub(crate) fn send_local_response(
    status: u16,
    details: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> bool {
    let headers = serialized(headers);
    // SAFETY: the host reads all four during the call, and keeps none.
    let status = unsafe {
        proxy_send_local_response(
            status.into(),
            details.as_ptr(),
            details.len(),
            body.as_ptr(),
            body.len(),
            headers.as_ptr(),
            headers.len(),
            NO_GRPC_STATUS,
        )
    };
    status == 0
}

/// A header map as proxy-wasm 0.2.1 has it: the number of pairs, the lengths of each, then the texts,
/// each with a zero behind it.
fn serialized(pairs: &[(&str, &str)]) -> Vec<u8> {
    // Names and values are our own words: their lengths fit.
    let length = |length: usize| u32::try_from(length).unwrap_or(0).to_le_bytes();
    let texts = || pairs.iter().flat_map(|(name, value)| [*name, *value]);
    let mut bytes = length(pairs.len()).to_vec();
    for text in texts() {
        bytes.extend_from_slice(&length(text.len()));
    }
    for text in texts() {
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(0);
    }
    bytes
}
