//! Passing over a secret key of a JCEKS store.
//!
//! The entry is a serialised `javax.crypto.SealedObject` without a length before it, so its end has
//! to be found by its grammar (Java Object Serialization Specification, section 6.4.2). Of that
//! grammar only the part is read that this one class needs: three class names, fields that are byte
//! arrays and strings. No object is made of it.

use super::error::KeystoreError;
use super::protection::malformed;
use super::reader::Reader;

const STREAM_HEADER: [u8; 4] = [0xac, 0xed, 0, 5];
const NULL: u8 = 0x70;
const REFERENCE: u8 = 0x71;
const CLASS_DESCRIPTION: u8 = 0x72;
const OBJECT: u8 = 0x73;
const STRING: u8 = 0x74;
const ARRAY: u8 = 0x75;
const END_BLOCK_DATA: u8 = 0x78;
/// The class has default fields and nothing else.
const SERIALIZABLE: u8 = 2;

const SEALED_OBJECTS: [&[u8]; 2] = [
    b"com.sun.crypto.provider.SealedObjectForKeyProtector",
    b"javax.crypto.SealedObject",
];
const BYTE_ARRAY: &[u8] = b"[B";
/// Most fields of one class: there are four.
const MAX_FIELDS: u16 = 8;

/// Moves the reader behind the object.
pub(super) fn skip(reader: &mut Reader<'_>) -> Result<(), KeystoreError> {
    if reader.take(STREAM_HEADER.len())? != STREAM_HEADER || reader.u8()? != OBJECT {
        return Err(unknown());
    }
    // The class, then the one it extends. Values come in the opposite order.
    let mut classes: [Vec<u8>; SEALED_OBJECTS.len()] = Default::default();
    let mut depth = 0;
    while reader.u8()? == CLASS_DESCRIPTION {
        let fields = classes.get_mut(depth).ok_or_else(unknown)?;
        *fields = class_fields(reader)?;
        depth += 1;
    }
    for field in classes.iter().rev().flatten() {
        skip_value(reader, *field)?;
    }
    Ok(())
}

/// Types of the fields of a class whose description begins here.
fn class_fields(reader: &mut Reader<'_>) -> Result<Vec<u8>, KeystoreError> {
    if !SEALED_OBJECTS.contains(&reader.block16()?) {
        return Err(unknown());
    }
    skip_version(reader)?;
    let count = reader.u16()?;
    if count > MAX_FIELDS {
        return Err(unknown());
    }
    let mut fields = Vec::new();
    for _ in 0..count {
        fields.push(reader.u8()?);
        reader.block16()?;
        match reader.u8()? {
            STRING => reader.block16().map(drop)?,
            REFERENCE => reader.u32().map(drop)?,
            _ => return Err(unknown()),
        }
    }
    expect(reader, END_BLOCK_DATA)?;
    Ok(fields)
}

fn skip_value(reader: &mut Reader<'_>, field: u8) -> Result<(), KeystoreError> {
    match (field, reader.u8()?) {
        (b'L' | b'[', NULL) => Ok(()),
        (b'L' | b'[', REFERENCE) => reader.u32().map(drop),
        (b'L', STRING) => reader.block16().map(drop),
        (b'[', ARRAY) => {
            match reader.u8()? {
                CLASS_DESCRIPTION => skip_byte_array_class(reader)?,
                REFERENCE => reader.u32().map(drop)?,
                _ => return Err(unknown()),
            }
            reader.block32().map(drop)
        }
        _ => Err(unknown()),
    }
}

fn skip_byte_array_class(reader: &mut Reader<'_>) -> Result<(), KeystoreError> {
    if reader.block16()? != BYTE_ARRAY {
        return Err(unknown());
    }
    skip_version(reader)?;
    if reader.u16()? != 0 {
        return Err(unknown());
    }
    expect(reader, END_BLOCK_DATA)?;
    expect(reader, NULL)
}

/// serialVersionUID and flags.
fn skip_version(reader: &mut Reader<'_>) -> Result<(), KeystoreError> {
    reader.take(8)?;
    expect(reader, SERIALIZABLE)
}

fn expect(reader: &mut Reader<'_>, tag: u8) -> Result<(), KeystoreError> {
    match reader.u8()? == tag {
        true => Ok(()),
        false => Err(unknown()),
    }
}

fn unknown() -> KeystoreError {
    malformed("a secret key is not a SealedObject")
}
