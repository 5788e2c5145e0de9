//! Image preparation before recognition.
