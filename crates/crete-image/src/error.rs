//! What can be wrong with an image file.

use crete_model::{FileFault, Params};
use std::io;

/// Why an image file is not what it should be, or cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The file could not be read.
    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),
    /// Its content is not right.
    #[error("{words}")]
    Bad {
        /// What is wrong.
        fault: FileFault,
        /// Values for the sentence.
        params: Params,
        /// The exact words.
        words: String,
    },
}

impl ImageError {
    pub(crate) fn bad(fault: FileFault, params: Params, words: impl Into<String>) -> Self {
        Self::Bad {
            fault,
            params,
            words: words.into(),
        }
    }

    /// The file says that it is longer than it is.
    pub(crate) fn cut_off(needed: u64, length: u64) -> Self {
        Self::bad(
            FileFault::CutOff,
            crete_model::params! { "needed" => needed, "length" => length },
            format!("it should have {needed} bytes and has {length}"),
        )
    }
}

pub(crate) type Result<T> = std::result::Result<T, ImageError>;
