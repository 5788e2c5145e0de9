//! stub
use crate::call::Call;
use crate::error::*;
use crate::options::Options;
use crate::page::PageRead;
pub(crate) use crate::page_work::*;
#[derive(Debug)]
pub(crate) struct Reader;
impl Reader {
    pub(crate) fn new(_: Option<std::path::PathBuf>) -> Self {
        Self
    }
    pub(crate) fn check(&self, _: &Options, _: &mut Vec<Warning>) -> Result<()> {
        Ok(())
    }
    pub(crate) fn plan(&self, _: &Options) -> Vec<String> {
        vec![]
    }
    pub(crate) fn recognize(
        &self,
        r: RasterPage,
        _: &Options,
        _: &[String],
        _: &Call,
    ) -> Result<PageRead> {
        Ok(r.read)
    }
}
