//! Ink, ruling lines and regions of a raster.
