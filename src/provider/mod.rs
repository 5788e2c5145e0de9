//! The interface that OCR services share.
