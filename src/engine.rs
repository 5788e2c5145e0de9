//! The engine.
/// The engine.
#[derive(Debug)]
pub struct Engine;
/// Builder.
#[derive(Debug)]
pub struct EngineBuilder;
/// Pages.
#[derive(Debug)]
pub struct Pages;
